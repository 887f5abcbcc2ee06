/* SPDX-License-Identifier: BSD-2-Clause */
/* test_when.c - tests of common/when.c; stamps: test_when_stamp.c */

#include "config.h"

#include <time.h>

#include "common/err.h"
#include "common/when.h"
#include "tests/unit/unit.h"

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

static void test_day(void **state)
{
	static const struct {
		const char *name;
		int64_t in;
		int64_t want;
	} table[] = {
		{ "zero", 0, 0 },
		{ "first second", 86400, 86400 },
		{ "last second", 86399, 0 },
		{ "before 1970", -1, -86400 },
		{ "before 1970, first second", -86400, -86400 },
		{ "before 1970, last second", -86401, -172800 },
		{ "now", 1795347154, 1795305600 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name, when_day(table[i].in), table[i].want);
	}
}

/* Each day of 500 years, against the C library. */
static void test_utc(void **state)
{
	int64_t end = utc("2400-01-01 00:00:00");

	(void)state;
	UNIT_INT("1970", when_utc(1970, 1, 1, 0, 0, 0), 0);
	UNIT_INT("2026", when_utc(2026, 11, 22, 11, 32, 34),
	    utc("2026-11-22 11:32:34"));
	UNIT_INT("year 0", when_utc(0, 3, 1, 0, 0, 0), -62162035200);
	UNIT_INT("a second more", when_utc(2026, 12, 31, 23, 59, 60),
	    utc("2027-01-01 00:00:00"));
	for (int64_t t = utc("1900-01-01 00:00:00"); t < end; t += 86400) {
		time_t day = (time_t)t;
		struct tm tm;

		assert_non_null(gmtime_r(&day, &tm));
		UNIT_INT("day",
		    when_utc(
			tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, 1, 2, 3),
		    t + 3723);
	}
}

static void test_parse_date(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want; /* NULL: ERR_PARSE */
	} table[] = {
		{ "date", "2026-11-22", "2026-11-22 00:00:00" },
		{ "1970", "1970-01-01", "1970-01-01 00:00:00" },
		{ "before 1970", "1969-12-31", "1969-12-31 00:00:00" },
		{ "leap day", "2024-02-29", "2024-02-29 00:00:00" },
		{ "leap day, 400 years", "2000-02-29", "2000-02-29 00:00:00" },
		{ "no leap year", "2026-02-29", NULL },
		{ "no leap year, 100 years", "1900-02-29", NULL },
		{ "9999", "9999-12-31", "9999-12-31 00:00:00" },
		{ "April 31", "2026-04-31", NULL },
		{ "day 0", "2026-11-00", NULL },
		{ "day 32", "2026-12-32", NULL },
		{ "month 0", "2026-00-22", NULL },
		{ "month 13", "2026-13-22", NULL },
		{ "empty", "", NULL },
		{ "short", "2026-11-2", NULL },
		{ "long", "2026-11-222", NULL },
		{ "a time behind", "2026-11-22T00:00:00Z", NULL },
		{ "blank before", " 026-11-22", NULL },
		{ "blank behind", "2026-11-2 ", NULL },
		{ "no padding", "2026-1-022", NULL },
		{ "slashes", "2026/11/22", NULL },
		{ "minus", "-026-11-22", NULL },
		{ "plus", "2026-+1-22", NULL },
		{ "letters", "2026-xi-22", NULL },
		{ "another order", "22-11-2026", NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int64_t day = 12345;

		UNIT_INT(table[i].name,
		    when_parse_date(view_of(table[i].in), &day),
		    table[i].want != NULL ? 0 : ERR_PARSE);
		if (table[i].want != NULL) {
			UNIT_INT(table[i].name, day, utc(table[i].want));
		}
	}
}

static void test_format(void **state)
{
	static const struct {
		const char *in;
		const char *date;
		const char *rfc3339;
		const char *rfc5322;
	} table[] = {
		{ "1970-01-01 00:00:00", "1970-01-01", "1970-01-01T00:00:00Z",
		    "Thu, 01 Jan 1970 00:00:00 +0000" },
		{ "2026-11-22 11:32:34", "2026-11-22", "2026-11-22T11:32:34Z",
		    "Sun, 22 Nov 2026 11:32:34 +0000" },
		{ "2024-02-29 23:59:59", "2024-02-29", "2024-02-29T23:59:59Z",
		    "Thu, 29 Feb 2024 23:59:59 +0000" },
		{ "1969-12-31 23:59:59", "1969-12-31", "1969-12-31T23:59:59Z",
		    "Wed, 31 Dec 1969 23:59:59 +0000" },
		{ "9999-12-31 23:59:59", "9999-12-31", "9999-12-31T23:59:59Z",
		    "Fri, 31 Dec 9999 23:59:59 +0000" },
	};

	(void)state;
	/* UTC whatever the zone is */
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int64_t t = utc(table[i].in);
		char date[WHEN_DATE_BUF];
		char rfc3339[WHEN_RFC3339_BUF];
		char rfc5322[WHEN_RFC5322_BUF];

		UNIT_STR(table[i].in, when_date(t, date), table[i].date);
		UNIT_STR(
		    table[i].in, when_rfc3339(t, rfc3339), table[i].rfc3339);
		UNIT_STR(
		    table[i].in, when_rfc5322(t, rfc5322), table[i].rfc5322);
		UNIT_TRUE(table[i].in, when_date(t, date) == date);
		UNIT_TRUE(table[i].in, when_rfc3339(t, rfc3339) == rfc3339);
		UNIT_TRUE(table[i].in, when_rfc5322(t, rfc5322) == rfc5322);
	}
}

/*
 * A damaged file may hold any time: its text ends in its buffer. (A year of
 * ten digits was once too long for when_date(), which left it without a NUL.)
 */
static void test_format_extremes(void **state)
{
	static const int64_t times[] = { INT64_MAX, INT64_MIN, 1LL << 62,
		67768036191676799, 67768036191676800, 67767976233532799,
		-67768040609740800, -67768040609740801, 253402300800,
		-62167219201 };

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(times); i++) {
		char out[WHEN_RFC5322_BUF];

		memset(out, 'x', sizeof(out));
		(void)when_date(times[i], out);
		UNIT_TRUE("date", strnlen(out, sizeof(out)) < WHEN_DATE_BUF);
		memset(out, 'x', sizeof(out));
		(void)when_rfc3339(times[i], out);
		UNIT_TRUE(
		    "RFC 3339", strnlen(out, sizeof(out)) < WHEN_RFC3339_BUF);
		memset(out, 'x', sizeof(out));
		(void)when_rfc5322(times[i], out);
		UNIT_TRUE("RFC 5322", strnlen(out, sizeof(out)) < sizeof(out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_day),
		cmocka_unit_test(test_utc),
		cmocka_unit_test(test_parse_date),
		cmocka_unit_test_teardown(test_format, teardown),
		cmocka_unit_test(test_format_extremes),
	};

	return UNIT_RUN(tests);
}
