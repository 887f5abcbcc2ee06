/* SPDX-License-Identifier: BSD-2-Clause */
/* test_sealing.c - tests of milter/sealing.c */

#include "config.h"

#include "common/when.h"
#include "milter/sealing.h"
#include "tests/unit/unit.h"

#define DAY    when_utc(2026, 11, 22, 0, 0, 0)
#define NEXT   (DAY + WHEN_DAY_S)
#define MINUTE INT64_C(60)
#define HOUR   INT64_C(3600)

/* A feed that has read to a time of the day after, or is at its end. */
#define READ(s)     \
 {                  \
  NEXT + (s), false \
 }
#define AT_END(s)  \
 {                 \
  NEXT + (s), true \
 }
#define NO_LOG \
 {             \
  0, false     \
 }

static void test_judge(void **state)
{
	const struct {
		const char *name;
		int64_t past; /* seconds behind the end of the day */
		struct sealing_feed feed[3];
		unsigned n;
		enum sealing_verdict want;
	} table[] = {
		/* never before 00:10, whatever the feeds have read */
		{ "in the day", -1, { AT_END(0) }, 1, SEALING_WAIT },
		{ "a day before", -WHEN_DAY_S, { AT_END(0) }, 1, SEALING_WAIT },
		{ "midnight", 0, { AT_END(0) }, 1, SEALING_WAIT },
		{ "00:09:59", 599, { AT_END(0) }, 1, SEALING_WAIT },
		{ "00:09:59, read far", 599, { READ(HOUR) }, 1, SEALING_WAIT },
		{ "00:09:59, no feed", 599, { NO_LOG }, 0, SEALING_WAIT },
		{ "00:10", 600, { AT_END(0) }, 1, SEALING_NOW },
		{ "00:10, no feed", 600, { NO_LOG }, 0, SEALING_NOW },
		/* one feed */
		{ "read to 00:09:59", 700, { READ(599) }, 1, SEALING_WAIT },
		{ "read to 00:10", 700, { READ(600) }, 1, SEALING_NOW },
		{ "read to the evening", HOUR, { READ(-HOUR) }, 1,
		    SEALING_WAIT },
		{ "old, but at its end", HOUR, { AT_END(-90000) }, 1,
		    SEALING_NOW },
		{ "empty log", HOUR, { { 0, true } }, 1, SEALING_NOW },
		{ "no log", HOUR, { NO_LOG }, 1, SEALING_WAIT },
		{ "its clock is ahead", HOUR, { READ(20 * HOUR) }, 1,
		    SEALING_NOW },
		/* the slowest of them */
		{ "the first lags", HOUR, { READ(0), AT_END(0), READ(HOUR) }, 3,
		    SEALING_WAIT },
		{ "the second lags", HOUR, { AT_END(0), READ(0), READ(HOUR) },
		    3, SEALING_WAIT },
		{ "the last lags", HOUR, { AT_END(0), READ(HOUR), READ(599) },
		    3, SEALING_WAIT },
		{ "none lags", HOUR, { AT_END(0), READ(HOUR), READ(600) }, 3,
		    SEALING_NOW },
		{ "what is behind n", HOUR, { AT_END(0), READ(HOUR), NO_LOG },
		    2, SEALING_NOW },
		/* not for ever */
		{ "05:59:59", 6 * HOUR - 1, { READ(0) }, 1, SEALING_WAIT },
		{ "06:00", 6 * HOUR, { READ(0) }, 1, SEALING_FORCED },
		{ "06:00, no log", 6 * HOUR, { AT_END(0), NO_LOG }, 2,
		    SEALING_FORCED },
		{ "06:00, all done", 6 * HOUR, { AT_END(0), READ(600) }, 2,
		    SEALING_NOW },
		{ "days later", 40 * HOUR, { READ(-1) }, 1, SEALING_FORCED },
		{ "days later, done", 40 * HOUR, { READ(30 * HOUR) }, 1,
		    SEALING_NOW },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name,
		    sealing_judge(
			DAY, NEXT + table[i].past, table[i].feed, table[i].n),
		    table[i].want);
	}
}

static void test_feed_is_done(void **state)
{
	const struct {
		const char *name;
		struct sealing_feed feed;
		bool want;
	} table[] = {
		{ "nothing read", NO_LOG, false },
		{ "nothing to read", { 0, true }, true },
		{ "at its end", AT_END(-WHEN_DAY_S), true },
		{ "before midnight", READ(-1), false },
		{ "a second too early", READ(10 * MINUTE - 1), false },
		{ "far enough", READ(10 * MINUTE), true },
		{ "years ago", { 1, false }, false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].name,
		    sealing_feed_is_done(&table[i].feed, DAY), table[i].want);
	}
}

/* One look at the clocks: how far each has gone since the one before. */
struct look {
	int64_t now;
	int64_t uptime;
	int64_t want; /* the step that is seen */
	bool is_steady;
};

static void check_looks(const char *name, const struct look *look, size_t n)
{
	struct sealing_clock c = { 0 };
	int64_t now = DAY;
	int64_t uptime = 1000;

	for (size_t i = 0; i < n; i++) {
		char where[100];

		now += look[i].now;
		uptime += look[i].uptime;
		(void)snprintf(where, sizeof(where), "%s, look %zu", name, i);
		UNIT_INT(
		    where, sealing_clock_look(&c, now, uptime), look[i].want);
		UNIT_BOOL(
		    where, sealing_clock_is_steady(&c), look[i].is_steady);
	}
}

#define LOOKS(name, ...)                       \
 do {                                          \
  const struct look looks[] = { __VA_ARGS__ }; \
  check_looks((name), looks, UNIT_LEN(looks)); \
 } while (0)

static void test_clock(void **state)
{
	(void)state;
	LOOKS("the first look, whatever it sees", { 0, 0, 0, true },
	    { 1, 1, 0, true });
	LOOKS("both go on", { 0, 0, 0, true }, { 1, 1, 0, true },
	    { 20, 20, 0, true }, { 3600, 3600, 0, true });
	/* asleep for nine hours: both clocks know it */
	LOOKS("suspend", { 0, 0, 0, true }, { 32400, 32400, 0, true },
	    { 1, 1, 0, true });
	/* a look that comes late is no step */
	LOOKS("stopped", { 0, 0, 0, true }, { 86400, 86401, 0, true });
	LOOKS("a small correction", { 0, 0, 0, true }, { 301, 1, 0, true },
	    { -299, 1, 0, true });
	LOOKS("forwards", { 0, 0, 0, true }, { 302, 1, 301, false },
	    { 599, 599, 0, false }, { 1, 1, 0, true });
	LOOKS("backwards", { 0, 0, 0, true }, { -300, 1, -301, false },
	    { 599, 599, 0, false }, { 1, 1, 0, true });
	LOOKS("a day forwards and back", { 0, 0, 0, true },
	    { 86401, 1, 86400, false }, { 500, 500, 0, false },
	    { -86399, 1, -86400, false }, { 599, 599, 0, false },
	    { 1, 1, 0, true });
	/* a hold lasts as long as the system runs, not as the clock says */
	LOOKS("hold and suspend", { 0, 0, 0, true }, { 86401, 1, 86400, false },
	    { 600, 600, 0, true });
	/* set while it slept: the rest is seen */
	LOOKS("suspend and step", { 0, 0, 0, true },
	    { 32400 + 3600, 32400, 3600, false });
	LOOKS("from 1970", { -DAY + 1, 0, 0, true }, { DAY, 5, DAY - 5, false },
	    { 600, 600, 0, true });
}

/* Right after a start, no day is sealed that was not read. */
static void test_force(void **state)
{
	struct sealing_clock c = { 0 };
	const int64_t begun = 5000;

	(void)state;
	(void)sealing_clock_look(&c, DAY, begun);
	UNIT_BOOL("at the start", sealing_clock_may_force(&c), false);
	(void)sealing_clock_look(&c, DAY + 599, begun + SEALING_HOLD_S - 1);
	UNIT_BOOL("just before", sealing_clock_may_force(&c), false);
	(void)sealing_clock_look(&c, DAY + 600, begun + SEALING_HOLD_S);
	UNIT_BOOL("ten minutes on", sealing_clock_may_force(&c), true);
}

static void test_await(void **state)
{
	const struct {
		const char *name;
		int64_t since;
		int64_t now;
		bool want;
	} table[] = {
		{ "the first", 0, 5000, true },
		{ "at once", 5000, 5000, true },
		{ "nearly two minutes", 5000, 5119, true },
		{ "two minutes", 5000, 5120, false },
		{ "the clock was set back", 5000, 4999, false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].name,
		    sealing_may_await(table[i].since, table[i].now),
		    table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_feed_is_done),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_force),
		cmocka_unit_test(test_await),
	};

	return UNIT_RUN(tests);
}
