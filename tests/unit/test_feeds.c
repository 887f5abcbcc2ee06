/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_feeds.c - tests of milter/feeds.c and feeds_seal.c: days that end, and
 * clocks that are set
 */

#include "config.h"

#include "tests/unit/feeds_kit.h"

#define HOUR INT64_C(3600)

enum {
	STEP_S = 30,   /* between two ticks, where none is of interest */
	LOOK_S = 30,   /* a day that may be sealed is, so soon */
	AFTER_S = 600, /* SEALING_AFTER_S */
};

/* To a time of the clock, in steps, as both clocks go. */
static void run_to(struct site *s, int64_t t)
{
	site_run(s, t - s->now - 1, STEP_S);
	site_tick(s, 1);
}

/* The clock is set; the uptime goes on by a second. */
static void set_clock(struct site *s, int64_t t)
{
	s->now = t - 1;
	site_tick(s, 1);
}

/* A line that has no end yet: the feed has not read all of its log. */
static void leave_half_a_line(struct site *s, unsigned log)
{
	site_append(s, log, "half a line");
}

static void test_midnight(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	run_to(&s, KIT_NEXT - 5);
	site_session(&s, 0, KIT_NEXT - 1);
	run_to(&s, KIT_NEXT);
	site_session(&s, 0, KIT_NEXT);
	run_to(&s, KIT_NEXT + AFTER_S - 1);
	UNIT_BOOL("00:09:59", site_is_sealed(&s, KIT_DAY), false);
	run_to(&s, KIT_NEXT + AFTER_S + LOOK_S);
	UNIT_BOOL("00:10:30", site_is_sealed(&s, KIT_DAY), true);
	UNIT_BOOL("the day after", site_is_sealed(&s, KIT_NEXT), false);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	UNIT_UINT("count", site_count(&s, KIT_NEXT), 1);

	/* what comes now is late */
	site_session(&s, 0, KIT_NEXT - 2);
	site_session(&s, 0, s.now);
	run_to(&s, KIT_NEXT + 2 * HOUR);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	UNIT_UINT("late", site_counter(&s, KIT_DAY, COUNTER_LATE), 1);
	UNIT_UINT("count", site_count(&s, KIT_NEXT), 2);
	UNIT_UINT("unread", site_counter(&s, KIT_DAY, COUNTER_UNREAD), 0);
	UNIT_STR("said", s.said, "unit: info: day is sealed day=2026-11-22\n");

	/* and is not late once more after a restart */
	site_restart(&s);
	site_tick(&s, 1);
	UNIT_UINT("late", site_counter(&s, KIT_DAY, COUNTER_LATE), 1);
	UNIT_UINT("count", site_count(&s, KIT_NEXT), 2);
	site_release(&s);
}

/* The slower of two feeds holds the seal up, until it has read far enough. */
static void test_lagging(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 2);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_session(&s, 1, s.now);
	leave_half_a_line(&s, 1);
	run_to(&s, KIT_NEXT + 3 * HOUR);
	UNIT_BOOL("waits", site_is_sealed(&s, KIT_DAY), false);
	/* it goes on, and is not past 00:10 yet */
	site_append(&s, 1, "\n");
	site_session(&s, 1, KIT_NEXT - 1);
	site_note(&s, 1, KIT_NEXT + AFTER_S - 1);
	leave_half_a_line(&s, 1);
	run_to(&s, KIT_NEXT + 4 * HOUR);
	UNIT_BOOL("waits", site_is_sealed(&s, KIT_DAY), false);
	site_append(&s, 1, "\n");
	site_note(&s, 1, KIT_NEXT + AFTER_S);
	leave_half_a_line(&s, 1);
	run_to(&s, s.now + LOOK_S);
	UNIT_BOOL("sealed", site_is_sealed(&s, KIT_DAY), true);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 3);
	UNIT_UINT("unread", site_counter(&s, KIT_DAY, COUNTER_UNREAD), 0);
	UNIT_STR("said", s.said, "unit: info: day is sealed day=2026-11-22\n");
	site_release(&s);
}

/* But no longer than six hours: then it is said, and counted once. */
static void test_forced(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 2);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_session(&s, 1, s.now);
	leave_half_a_line(&s, 1);
	run_to(&s, KIT_NEXT + 1);
	site_session(&s, 0, s.now);
	run_to(&s, KIT_NEXT + 6 * HOUR - 1);
	UNIT_BOOL("05:59:59", site_is_sealed(&s, KIT_DAY), false);
	run_to(&s, KIT_NEXT + 6 * HOUR + LOOK_S);
	UNIT_BOOL("06:00", site_is_sealed(&s, KIT_DAY), true);
	UNIT_UINT("unread", site_counter(&s, KIT_DAY, COUNTER_UNREAD), 1);
	UNIT_UINT("unread", site_counter(&s, KIT_NEXT, COUNTER_UNREAD), 0);

	/* what it had not read is late */
	site_append(&s, 1, "\n");
	site_session(&s, 1, KIT_NEXT - 1);
	run_to(&s, KIT_NEXT + 12 * HOUR);
	site_restart(&s);
	run_to(&s, KIT_NEXT + 13 * HOUR);
	UNIT_UINT("late", site_counter(&s, KIT_DAY, COUNTER_LATE), 1);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	UNIT_UINT("unread", site_counter(&s, KIT_DAY, COUNTER_UNREAD), 1);
	UNIT_UINT("said",
	    site_said(&s,
		"warning: day is sealed before all of it was read feed=out"),
	    1);
	UNIT_UINT("said", site_said(&s, "sealed before"), 1);
	UNIT_UINT("said", site_said(&s, "day is sealed day=2026-11-22"), 1);
	site_release(&s);
}

/* Two days, of which a feed has read neither: each has its own mark. */
static void test_forced_days(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 2);
	site_start(&s);
	site_session(&s, 1, s.now);
	leave_half_a_line(&s, 1);
	site_session(&s, 0, s.now);
	site_session(&s, 0, KIT_NEXT + HOUR);
	site_tick(&s, 1);
	site_stop(&s);
	s.now += 2 * (int64_t)WHEN_DAY_S;
	s.uptime += 2 * (int64_t)WHEN_DAY_S;
	site_start(&s);
	site_run(&s, 60, 1);
	for (int64_t day = KIT_DAY; day <= KIT_NEXT; day += WHEN_DAY_S) {
		UNIT_BOOL("sealed", site_is_sealed(&s, day), true);
		UNIT_UINT("unread", site_counter(&s, day, COUNTER_UNREAD), 1);
	}
	UNIT_UINT("said", site_said(&s, "sealed before"), 2);
	site_release(&s);
}

/* A feed that has no log at all holds the seal up as long. */
static void test_no_log(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 2);
	site_start(&s);
	site_session(&s, 0, s.now);
	run_to(&s, KIT_NEXT + 6 * HOUR - 1);
	UNIT_BOOL("05:59:59", site_is_sealed(&s, KIT_DAY), false);
	run_to(&s, KIT_NEXT + 6 * HOUR + LOOK_S);
	UNIT_BOOL("06:00", site_is_sealed(&s, KIT_DAY), true);
	UNIT_UINT("said", site_said(&s, "all of it was read feed=out"), 1);
	site_release(&s);
}

/* Asleep from the evening to the morning: nothing is set, nothing forced. */
static void test_suspend(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	run_to(&s, KIT_NEXT - 4 * HOUR);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	site_session(&s, 0, s.now);
	site_tick(&s, 9 * HOUR);
	UNIT_BOOL("sealed", site_is_sealed(&s, KIT_DAY), true);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_UINT("count", site_count(&s, KIT_NEXT), 1);
	UNIT_STR("said", s.said, "unit: info: day is sealed day=2026-11-22\n");
	UNIT_INT("clock", feeds_clock_step(s.feeds), 0);
	site_release(&s);
}

/* Forwards by a day, and back before the hold is over: nothing is sealed. */
static void test_clock_forwards(void **state)
{
	struct site s;
	int64_t noon;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_run(&s, 60, 1);
	noon = s.now;
	set_clock(&s, noon + WHEN_DAY_S);
	UNIT_INT("clock", feeds_clock_step(s.feeds), s.now);
	UNIT_UINT("said",
	    site_said(&s,
		"warning: the clock was set seconds=86399: no day is sealed "
		"for 10 minutes"),
	    1);
	run_to(&s, noon + WHEN_DAY_S + SEALING_HOLD_S - 1);
	UNIT_BOOL("held", site_is_sealed(&s, KIT_DAY), false);
	set_clock(&s, noon + SEALING_HOLD_S);
	run_to(&s, noon + INT64_C(2) * SEALING_HOLD_S + LOOK_S);
	UNIT_BOOL("back", site_is_sealed(&s, KIT_DAY), false);
	UNIT_UINT("said", site_said(&s, "the clock was set"), 2);
	/* its day ends as any other, and nothing is missing */
	site_session(&s, 0, s.now);
	run_to(&s, KIT_NEXT + AFTER_S + LOOK_S);
	UNIT_BOOL("midnight", site_is_sealed(&s, KIT_DAY), true);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	site_release(&s);
}

/* Where it stays forwards, the day is over after the hold. */
static void test_clock_stays(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	set_clock(&s, s.now + WHEN_DAY_S);
	run_to(&s, s.now + SEALING_HOLD_S + LOOK_S);
	UNIT_BOOL("sealed", site_is_sealed(&s, KIT_DAY), true);
	site_release(&s);
}

/* Bug: what was seen of the clock was forgotten when feeds began anew. */
static void test_clock_and_reload(void **state)
{
	struct site s;
	int64_t set;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	set_clock(&s, s.now + WHEN_DAY_S);
	set = s.now;
	site_restart(&s);
	run_to(&s, set + SEALING_HOLD_S - 1);
	UNIT_BOOL("held", site_is_sealed(&s, KIT_DAY), false);
	UNIT_INT("clock", feeds_clock_step(s.feeds), set);
	site_restart(&s);
	run_to(&s, set + SEALING_HOLD_S + LOOK_S);
	UNIT_BOOL("sealed", site_is_sealed(&s, KIT_DAY), true);
	UNIT_INT("clock", feeds_clock_step(s.feeds), set);
	site_release(&s);
}

/* Backwards by days: no retry, no seal and no sync is put off for ever. */
static void test_clock_backwards(void **state)
{
	struct site s;
	struct live_feed live;
	int64_t noon;

	(void)state;
	site_init(&s, 1);
	noon = s.now;
	s.now += 7 * (int64_t)WHEN_DAY_S;
	assert_int_equal(mkdir(s.log[0], 0700), 0);
	site_start(&s);
	site_run(&s, 30, 1);
	site_live(&s, 0, &live);
	UNIT_BOOL("has_error", live.has_error, true);
	assert_int_equal(rmdir(s.log[0]), 0);
	set_clock(&s, noon);
	UNIT_UINT("said", site_said(&s, "the clock was set seconds=-6048"), 1);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_UINT("retried", site_count(&s, KIT_DAY), 1);
	run_to(&s, KIT_NEXT + AFTER_S + LOOK_S);
	UNIT_BOOL("sealed", site_is_sealed(&s, KIT_DAY), true);
	site_release(&s);
}

/*
 * Bug: a day whose file could not be read once was taken for sealed, and was
 * never sealed.
 */
static void test_unreadable_day(void **state)
{
	struct site s;
	char path[128];
	char away[140];

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	run_to(&s, KIT_NEXT);
	(void)snprintf(
	    away, sizeof(away), "%s.away", kit_path(&s.kit, KIT_DAY, path));
	assert_int_equal(rename(path, away), 0);
	kit_write(path, "nonsense", 8);
	run_to(&s, KIT_NEXT + HOUR);
	UNIT_UINT(
	    "said", site_said(&s, "error: cannot seal day=2026-11-22"), 1);
	assert_int_equal(rename(away, path), 0);
	run_to(&s, s.now + LOOK_S);
	UNIT_BOOL("sealed", site_is_sealed(&s, KIT_DAY), true);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 1);
	site_release(&s);
}

/* Each line goes to the day of its own time, as far as that is possible. */
static void test_times(void **state)
{
	static const struct {
		const char *name;
		int64_t ahead; /* of the clock */
		bool is_bad;
	} table[] = {
		{ "now", 0, false },
		{ "yesterday", -WHEN_DAY_S, false },
		{ "last month", -30 * (int64_t)WHEN_DAY_S, false },
		{ "in an hour", HOUR, false },
		{ "in a day", WHEN_DAY_S - 1, false },
		{ "in more than a day", WHEN_DAY_S + 60, true },
		{ "in a year", 365 * (int64_t)WHEN_DAY_S, true },
		{ "2017", INT64_C(-9) * 365 * WHEN_DAY_S, true },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct site s;
		int64_t t;

		site_init(&s, 1);
		site_start(&s);
		site_session(&s, 0, s.now);
		site_tick(&s, 1);
		t = s.now + table[i].ahead;
		site_session(&s, 0, t);
		site_session(&s, 0, s.now);
		site_tick(&s, 1);
		site_restart(&s);
		site_run(&s, 60, 1);
		UNIT_UINT(table[i].name, site_count(&s, KIT_DAY),
		    when_day(t) == KIT_DAY ? 3 : 2);
		UNIT_UINT(table[i].name,
		    site_counter(&s, KIT_DAY, COUNTER_BAD_TIME),
		    table[i].is_bad ? 2 : 0);
		UNIT_BOOL(table[i].name, site_has_day(&s, when_day(t)),
		    !table[i].is_bad);
		if (when_day(t) != KIT_DAY && !table[i].is_bad) {
			UNIT_UINT(
			    table[i].name, site_count(&s, when_day(t)), 1);
			UNIT_BOOL(table[i].name,
			    site_is_sealed(&s, when_day(t)), t < KIT_DAY);
		}
		UNIT_BOOL(table[i].name, site_is_sealed(&s, KIT_DAY), false);
		site_release(&s);
	}
}

/* Told to stop in the middle of much to read: the rest is read later. */
static void test_stopped(void **state)
{
	const unsigned sessions = 7000;
	struct site s;
	FILE *f;

	(void)state;
	site_init(&s, 1);
	f = fopen(s.log[0], "w");
	assert_non_null(f);
	for (unsigned i = 0; i < sessions; i++) {
		char text[1024];

		site_session_text(&s, s.now, text, sizeof(text));
		assert_true(fputs(text, f) >= 0);
	}
	assert_int_equal(fclose(f), 0);
	site_touch(&s, s.log[0]);
	site_start(&s);
	for (unsigned stops = 1; stops < 3; stops++) {
		uint64_t before = site_count(&s, KIT_DAY);

		s.breaths = 0;
		s.breaths_max = stops;
		site_tick(&s, 1);
		UNIT_UINT("asked", s.breaths, stops);
		UNIT_TRUE("some", site_count(&s, KIT_DAY) > before);
		UNIT_TRUE("not all", site_count(&s, KIT_DAY) < sessions);
	}
	UNIT_STR("no error", s.said, "");
	s.breaths_max = 0;
	site_tick(&s, 1);
	UNIT_UINT("all", site_count(&s, KIT_DAY), sessions);
	UNIT_UINT("all", site_counter(&s, KIT_DAY, COUNTER_LINES),
	    2 * (uint64_t)sessions);
	site_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_midnight),
		cmocka_unit_test(test_lagging),
		cmocka_unit_test(test_forced),
		cmocka_unit_test(test_forced_days),
		cmocka_unit_test(test_no_log),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_clock_forwards),
		cmocka_unit_test(test_clock_stays),
		cmocka_unit_test(test_clock_and_reload),
		cmocka_unit_test(test_clock_backwards),
		cmocka_unit_test(test_unreadable_day),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_stopped),
	};

	return UNIT_RUN(tests);
}
