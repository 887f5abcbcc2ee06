/* SPDX-License-Identifier: BSD-2-Clause */
/* test_when_stamp.c - tests of when_parse_stamp() of common/when.c */

#include "config.h"

#include <time.h>

#include "common/err.h"
#include "common/when.h"
#include "tests/unit/unit.h"

/* Central Europe's, without a look into the system's files. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

/* The time of a text "2026-11-22 11:32:34", by the C library. */
static int64_t utc(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);

	if (end == NULL || *end != '\0') {
		fail_msg("no time: %s", text);
	}
	return (int64_t)timegm(&tm);
}

static void set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static int teardown(void **state)
{
	(void)state;
	set_zone("UTC0");
	return 0;
}

/* until does not matter for these, and the zone of the process neither. */
static const struct {
	const char *in;
	int n;
	const char *want;
} iso[] = {
	{ "2026-11-22T11:32:34Z", 20, "2026-11-22 11:32:34" },
	{ "2026-11-22T11:32:34Z vm x: y", 20, "2026-11-22 11:32:34" },
	{ "2026-11-22T11:32:34+00:00", 25, "2026-11-22 11:32:34" },
	{ "2026-11-22T11:32:34-00:00", 25, "2026-11-22 11:32:34" },
	{ "2026-11-22T11:32:34+01:00 vm", 25, "2026-11-22 10:32:34" },
	{ "2026-11-22T11:32:34+0100 vm", 24, "2026-11-22 10:32:34" },
	{ "2026-11-22T11:32:34-03:30", 25, "2026-11-22 15:02:34" },
	{ "2026-11-22T11:32:34-0330", 24, "2026-11-22 15:02:34" },
	{ "2026-11-22T11:32:34-00:30", 25, "2026-11-22 12:02:34" },
	{ "2026-11-22T23:32:34-12:00", 25, "2026-11-23 11:32:34" },
	{ "2026-01-01T11:32:34+14:00", 25, "2025-12-31 21:32:34" },
	{ "2026-11-22T11:32:34.5Z", 22, "2026-11-22 11:32:34" },
	{ "2026-11-22T11:32:34.999999999Z", 30, "2026-11-22 11:32:34" },
	{ "2026-11-22T11:32:34.565370+00:00 vm", 32, "2026-11-22 11:32:34" },
	{ "2026-11-22T11:32:34.565370-0330 vm", 31, "2026-11-22 15:02:34" },
	{ "2026-11-22T23:59:60Z", 20, "2026-11-23 00:00:00" },
	{ "2026-11-22T23:59:59Z", 20, "2026-11-22 23:59:59" },
	{ "2024-02-29T00:00:00Z", 20, "2024-02-29 00:00:00" },
	{ "2000-02-29T00:00:00Z", 20, "2000-02-29 00:00:00" },
	{ "1969-12-31T23:59:59Z", 20, "1969-12-31 23:59:59" },
	{ "1900-01-01T00:00:00Z", 20, "1900-01-01 00:00:00" },
	{ "9999-12-31T23:59:59Z", 20, "9999-12-31 23:59:59" },
	{ "2026-11-22T11:32:34", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34 vm", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34.5", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34.5 vm", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34+", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34+1:00", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34+24:00", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34+01:60", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34+0160", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34 +01:00", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:34CET", ERR_PARSE, NULL },
	{ "2025-02-29T00:00:00Z", ERR_PARSE, NULL },
	{ "1900-02-29T00:00:00Z", ERR_PARSE, NULL },
	{ "2026-11-31T00:00:00Z", ERR_PARSE, NULL },
	{ "2026-11-00T00:00:00Z", ERR_PARSE, NULL },
	{ "2026-00-01T00:00:00Z", ERR_PARSE, NULL },
	{ "2026-13-01T00:00:00Z", ERR_PARSE, NULL },
	{ "2026-11-22T24:00:00Z", ERR_PARSE, NULL },
	{ "2026-11-22T11:60:00Z", ERR_PARSE, NULL },
	{ "2026-11-22T11:32:61Z", ERR_PARSE, NULL },
	{ "2026-11-22T11.32.34Z", ERR_PARSE, NULL },
	{ "2026-11-22T1 :32:34Z", ERR_PARSE, NULL },
	{ "2026-11-22T-1:32:34Z", ERR_PARSE, NULL },
	{ "2026-11-22X11:32:34Z", ERR_PARSE, NULL },
	{ "2026-1-22T11:32:34+00", ERR_PARSE, NULL },
	{ "20261122T113234Z     ", ERR_PARSE, NULL },
	{ "2026-11-22", ERR_PARSE, NULL },
	{ "22026-11-22T11:32:34Z", ERR_PARSE, NULL },
	{ "1795347154", ERR_PARSE, NULL },
	{ "1795347154.123456 vm x[1]: y", ERR_PARSE, NULL },
};

static void test_iso(void **state)
{
	(void)state;
	set_zone(BERLIN);
	for (size_t i = 0; i < UNIT_LEN(iso); i++) {
		for (int k = 0; k < 3; k++) {
			int64_t until = (int64_t)k * 2000000000;
			int64_t t = 0;

			UNIT_INT(iso[i].in,
			    when_parse_stamp(view_of(iso[i].in), until, &t),
			    iso[i].n);
			if (iso[i].n > 0) {
				UNIT_INT(iso[i].in, t, utc(iso[i].want));
			}
		}
	}
}

/* A row: the stamp, what was the time when it was read, what is wanted. */
struct stamp {
	const char *in;
	const char *until;
	const char *want; /* NULL: ERR_PARSE */
};

static void check_stamps(const struct stamp *table, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char name[100];
		int64_t t = 0;
		int n = when_parse_stamp(
		    view_of(table[i].in), utc(table[i].until), &t);

		(void)snprintf(name, sizeof(name), "%s, until %s", table[i].in,
		    table[i].until);
		UNIT_INT(name, n, table[i].want != NULL ? 15 : ERR_PARSE);
		if (table[i].want != NULL) {
			UNIT_INT(name, t, utc(table[i].want));
		}
	}
}

#define NOW "2026-11-22 12:00:00"

static const struct stamp traditional[] = {
	{ "Nov 22 11:32:34", NOW, "2026-11-22 11:32:34" },
	{ "Nov 22 11:32:34 vm x[1]: y", NOW, "2026-11-22 11:32:34" },
	{ "Nov 22 11:32:345", NOW, "2026-11-22 11:32:34" },
	{ "Nov  2 11:32:34", NOW, "2026-11-02 11:32:34" },
	{ "Nov 02 11:32:34", NOW, "2026-11-02 11:32:34" },
	{ "Jan  1 00:00:00", NOW, "2026-01-01 00:00:00" },
	{ "Feb 28 00:00:00", NOW, "2026-02-28 00:00:00" },
	{ "Mar 31 00:00:00", NOW, "2026-03-31 00:00:00" },
	{ "Apr 30 00:00:00", NOW, "2026-04-30 00:00:00" },
	{ "May 31 00:00:00", NOW, "2026-05-31 00:00:00" },
	{ "Jun 30 00:00:00", NOW, "2026-06-30 00:00:00" },
	{ "Jul 31 00:00:00", NOW, "2026-07-31 00:00:00" },
	{ "Aug 31 00:00:00", NOW, "2026-08-31 00:00:00" },
	{ "Sep 30 00:00:00", NOW, "2026-09-30 00:00:00" },
	{ "Oct 31 00:00:00", NOW, "2026-10-31 00:00:00" },
	{ "Nov 21 23:59:60", NOW, "2026-11-22 00:00:00" },
	{ "Dec 31 23:59:59", NOW, "2025-12-31 23:59:59" },
	{ "nov 22 11:32:34", NOW, NULL },
	{ "Foo 22 11:32:34", NOW, NULL },
	{ "anF 22 11:32:34", NOW, NULL },
	{ "Nov 2 11:32:34 ", NOW, NULL },
	{ "Nov 222 11:32:3", NOW, NULL },
	{ "Nov 2x 11:32:34", NOW, NULL },
	{ "Nov x2 11:32:34", NOW, NULL },
	{ "Nov -2 11:32:34", NOW, NULL },
	{ "Nov +2 11:32:34", NOW, NULL },
	{ "Nov    11:32:34", NOW, NULL },
	{ "Nov  0 11:32:34", NOW, NULL },
	{ "Nov 00 11:32:34", NOW, NULL },
	{ "Nov 31 11:32:34", NOW, NULL },
	{ "Dec 32 11:32:34", NOW, NULL },
	{ "Feb 30 11:32:34", NOW, NULL },
	{ "Nov-22 11:32:34", NOW, NULL },
	{ "Nov 22-11:32:34", NOW, NULL },
	{ "Nov\t22\t11:32:34", NOW, NULL },
	{ "Nov 22 24:00:00", NOW, NULL },
	{ "Nov 22 11:60:00", NOW, NULL },
	{ "Nov 22 11:32:61", NOW, NULL },
	{ "Nov 22 1:32:34 ", NOW, NULL },
	{ "Nov 22  1:32:34", NOW, NULL },
	{ "Nov 22 11.32.34", NOW, NULL },
	{ "Nov 22 11:32:3", NOW, NULL },
	{ "Nov 22 11:32", NOW, NULL },
	{ "Nov 22", NOW, NULL },
	{ "Nov", NOW, NULL },
	{ "", NOW, NULL },
	{ " Nov 22 11:32:34", NOW, NULL },
	{ "Nov 22 2026 11:32:34", NOW, NULL },
	{ "Sun Nov 22 11:32:34 2026", NOW, NULL },
	{ "<22>Nov 22 11:32:34", NOW, NULL },
};

static void test_traditional(void **state)
{
	(void)state;
	set_zone("UTC0");
	check_stamps(traditional, UNIT_LEN(traditional));
}

/* The latest year in which it lies not more than a day after until. */
static const struct stamp years[] = {
	{ "Nov 23 12:00:00", NOW, "2026-11-23 12:00:00" },
	{ "Nov 23 12:00:01", NOW, "2025-11-23 12:00:01" },
	{ "Dec 31 23:59:59", "2026-12-31 23:59:59", "2026-12-31 23:59:59" },
	{ "Dec 31 23:59:59", "2027-01-01 00:00:00", "2026-12-31 23:59:59" },
	{ "Dec 31 00:00:00", "2026-12-30 00:00:00", "2026-12-31 00:00:00" },
	{ "Dec 31 00:00:00", "2026-12-29 23:59:59", "2025-12-31 00:00:00" },
	{ "Jan  1 00:00:00", "2026-12-31 23:59:59", "2027-01-01 00:00:00" },
	{ "Jan  1 00:00:00", "2026-12-31 00:00:00", "2027-01-01 00:00:00" },
	{ "Jan  1 00:00:00", "2026-12-30 23:59:59", "2026-01-01 00:00:00" },
	{ "Jan  1 23:59:59", "2027-01-01 00:00:00", "2027-01-01 23:59:59" },
	{ "Jan  2 00:00:00", "2027-01-01 00:00:00", "2027-01-02 00:00:00" },
	{ "Jan  2 00:00:01", "2027-01-01 00:00:00", "2026-01-02 00:00:01" },
	/* leap days */
	{ "Feb 29 10:00:00", NOW, "2024-02-29 10:00:00" },
	{ "Feb 29 10:00:00", "2024-03-01 00:00:00", "2024-02-29 10:00:00" },
	{ "Feb 29 10:00:00", "2024-02-28 10:00:00", "2024-02-29 10:00:00" },
	{ "Feb 29 10:00:00", "2024-02-28 09:59:59", "2020-02-29 10:00:00" },
	{ "Feb 29 10:00:00", "2103-12-31 23:59:59", "2096-02-29 10:00:00" },
	{ "Feb 29 10:00:00", "2104-02-28 09:59:59", "2096-02-29 10:00:00" },
	{ "Feb 29 10:00:00", "2104-02-28 10:00:00", "2104-02-29 10:00:00" },
	{ "Feb 29 10:00:00", "2001-01-01 00:00:00", "2000-02-29 10:00:00" },
	/* far away */
	{ "Nov 22 11:32:34", "1970-01-01 00:00:00", "1969-11-22 11:32:34" },
	{ "Dec 31 23:59:59", "1970-01-01 00:00:00", "1969-12-31 23:59:59" },
	{ "Jan  1 00:00:00", "1970-01-01 00:00:00", "1970-01-01 00:00:00" },
	{ "Nov 22 11:32:34", "1905-06-01 00:00:00", "1904-11-22 11:32:34" },
	{ "Nov 22 11:32:34", "9999-12-31 23:59:59", "9999-11-22 11:32:34" },
};

static void test_year(void **state)
{
	(void)state;
	set_zone("UTC0");
	check_stamps(years, UNIT_LEN(years));
}

/* Stamps without a year are local time. */
static void test_zones(void **state)
{
	static const struct stamp berlin[] = {
		{ "Jul  1 12:00:00", NOW, "2026-07-01 10:00:00" },
		{ "Jan  1 12:00:00", NOW, "2026-01-01 11:00:00" },
		{ "Mar 29 01:59:59", NOW, "2026-03-29 00:59:59" },
		{ "Mar 29 03:00:00", NOW, "2026-03-29 01:00:00" },
		{ "Oct 25 01:59:59", NOW, "2026-10-24 23:59:59" },
		{ "Oct 25 03:00:00", NOW, "2026-10-25 02:00:00" },
		{ "Jan  1 00:30:00", "2026-12-31 23:30:00",
		    "2026-12-31 23:30:00" },
		{ "Jan  1 00:30:00", "2026-12-30 23:30:00",
		    "2026-12-31 23:30:00" },
		{ "Jan  1 00:30:00", "2026-12-30 23:29:59",
		    "2025-12-31 23:30:00" },
		{ "Dec 31 23:59:59", "2027-01-01 00:30:00",
		    "2026-12-31 22:59:59" },
	};
	static const struct stamp kiritimati[] = {
		/* UTC+14 */
		{ "Jan  1 02:00:00", "2026-12-30 12:00:00",
		    "2026-12-31 12:00:00" },
		{ "Jan  1 02:00:01", "2026-12-30 12:00:00",
		    "2025-12-31 12:00:01" },
		{ "Dec 31 23:59:59", "2026-12-31 10:00:00",
		    "2026-12-31 09:59:59" },
	};
	static const struct stamp west[] = {
		/* UTC-12 */
		{ "Dec 31 20:00:00", "2027-01-01 06:00:00",
		    "2027-01-01 08:00:00" },
		{ "Dec 31 20:00:00", "2026-12-31 08:00:00",
		    "2027-01-01 08:00:00" },
		{ "Dec 31 20:00:01", "2026-12-31 08:00:00",
		    "2026-01-01 08:00:01" },
	};

	(void)state;
	set_zone(BERLIN);
	check_stamps(berlin, UNIT_LEN(berlin));
	set_zone("<+14>-14");
	check_stamps(kiritimati, UNIT_LEN(kiritimati));
	set_zone("<-12>12");
	check_stamps(west, UNIT_LEN(west));
}

/* At the start of a program; what TZ says is not overruled. */
static void test_zone_init(void **state)
{
	static const struct stamp table[] = {
		{ "Jul  1 12:00:00", NOW, "2026-07-01 10:00:00" },
	};

	(void)state;
	set_zone(BERLIN);
	when_zone_init();
	UNIT_STR("TZ", getenv("TZ"), BERLIN);
	check_stamps(table, UNIT_LEN(table));
}

/*
 * The hour that never was, and the one that was twice: within an hour, and
 * the same time whatever was asked of the C library before.
 */
static void test_odd_hours(void **state)
{
	static const struct {
		const char *in;
		const char *until;
		const char *early;
		const char *late;
	} table[] = {
		{ "Mar 29 02:00:00", NOW, "2026-03-29 00:00:00",
		    "2026-03-29 01:00:00" },
		{ "Mar 29 02:59:59", NOW, "2026-03-29 00:59:59",
		    "2026-03-29 01:59:59" },
		{ "Oct 25 02:00:00", NOW, "2026-10-25 00:00:00",
		    "2026-10-25 01:00:00" },
		{ "Oct 25 02:30:00", NOW, "2026-10-25 00:30:00",
		    "2026-10-25 01:30:00" },
		{ "Oct 25 02:59:59", NOW, "2026-10-25 00:59:59",
		    "2026-10-25 01:59:59" },
		{ "Oct 31 02:30:00", "2027-11-22 00:00:00",
		    "2027-10-31 00:30:00", "2027-10-31 01:30:00" },
		{ "Oct 31 02:30:00", "2028-10-01 00:00:00",
		    "2027-10-31 00:30:00", "2027-10-31 01:30:00" },
	};

	(void)state;
	set_zone(BERLIN);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int64_t first = 0;

		for (int month = 0; month < 12; month++) {
			struct tm tm = { .tm_year = 126,
				.tm_mon = month,
				.tm_mday = 1,
				.tm_isdst = -1 };
			int64_t t = 0;

			assert_true(mktime(&tm) > 0);
			UNIT_INT(table[i].in,
			    when_parse_stamp(
				view_of(table[i].in), utc(table[i].until), &t),
			    15);
			UNIT_TRUE(table[i].in,
			    t == utc(table[i].early) ||
				t == utc(table[i].late));
			first = month == 0 ? t : first;
			UNIT_INT(table[i].in, t, first);
		}
	}
}

/* An MTA's own stamp; without a zone, that of the process counts. */
static void test_log(void **state)
{
	static const struct {
		const char *in;
		int n;
		const char *want;
	} table[] = {
		{ "2026-11-22 11:32:34", 19, "2026-11-22 10:32:34" },
		{ "2026-11-22 11:32:34 x", 19, "2026-11-22 10:32:34" },
		{ "2026-07-22 11:32:34 x", 19, "2026-07-22 09:32:34" },
		{ "2026-11-22 11:32:34.123 x", 23, "2026-11-22 10:32:34" },
		{ "2026-11-22 11:32:34.1", 21, "2026-11-22 10:32:34" },
		{ "2026-11-22 11:32:34 +0530 x", 25, "2026-11-22 06:02:34" },
		{ "2026-11-22 11:32:34.9 -0330", 27, "2026-11-22 15:02:34" },
		{ "2026-11-22 11:32:34 +0000", 25, "2026-11-22 11:32:34" },
		{ "2026-11-22 11:32:34 +05:30 x", 19, "2026-11-22 10:32:34" },
		{ "2026-11-22 11:32:34 +05300 x", 19, "2026-11-22 10:32:34" },
		{ "2026-11-22 11:32:34 +2530 x", 19, "2026-11-22 10:32:34" },
		{ "2026-11-22 11:32:34 +053", 19, "2026-11-22 10:32:34" },
		{ "2026-11-22 11:32:34. x", 19, "2026-11-22 10:32:34" },
		{ "2026-11-22 11:32:345", 19, "2026-11-22 10:32:34" },
		{ "2026-11-22T11:32:34", ERR_PARSE, NULL },
		{ "2026-02-30 11:32:34", ERR_PARSE, NULL },
		{ "2026-11-22 24:00:00", ERR_PARSE, NULL },
		{ "2026-11-22 11:32:3", ERR_PARSE, NULL },
		{ " 2026-11-22 11:32:34", ERR_PARSE, NULL },
		{ "", ERR_PARSE, NULL },
	};

	(void)state;
	set_zone(BERLIN);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int64_t t = 0;

		UNIT_INT(table[i].in,
		    when_parse_log_stamp(view_of(table[i].in), &t), table[i].n);
		if (table[i].want != NULL) {
			UNIT_INT(table[i].in, t, utc(table[i].want));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_iso, teardown),
		cmocka_unit_test_teardown(test_traditional, teardown),
		cmocka_unit_test_teardown(test_log, teardown),
		cmocka_unit_test_teardown(test_year, teardown),
		cmocka_unit_test_teardown(test_zones, teardown),
		cmocka_unit_test_teardown(test_zone_init, teardown),
		cmocka_unit_test_teardown(test_odd_hours, teardown),
	};

	return UNIT_RUN(tests);
}
