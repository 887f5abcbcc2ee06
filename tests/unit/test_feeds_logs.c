/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_feeds_logs.c - tests of milter/feeds.c: logs that are not there, cannot
 * be read, or are no logs
 */

#include "config.h"

#include "tests/unit/feeds_kit.h"

enum {
	HANG_S = 60 /* nothing here may wait */
};

/* A feed's error, and that it was said once. */
static void check_error(
    const struct site *s, const char *path, const char *text)
{
	struct live_feed live;
	char want[LIVE_TEXT];

	(void)snprintf(want, sizeof(want), "%s: %s", path, text);
	site_live(s, 0, &live);
	UNIT_BOOL("has_error", live.has_error, true);
	UNIT_STR("error", live.error, want);
	UNIT_UINT(want, site_said(s, want), 1);
	UNIT_UINT("all that was said", site_said(s, "cannot count"), 1);
}

static void check_well(const struct site *s, uint64_t sessions)
{
	struct live_feed live;

	site_live(s, 0, &live);
	UNIT_BOOL("has_error", live.has_error, false);
	UNIT_BOOL("is_open", live.is_open, true);
	UNIT_BOOL("is_at_end", live.is_at_end, true);
	UNIT_UINT("sessions", site_count(s, KIT_DAY), sessions);
	UNIT_UINT(
	    "counter", site_counter(s, KIT_DAY, COUNTER_SESSIONS), sessions);
	UNIT_UINT("gap", site_counter(s, KIT_DAY, COUNTER_GAP), 0);
}

/* A log that does not exist yet is no error. */
static void test_appears(void **state)
{
	struct live_feed live;
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_run(&s, 60, 1);
	site_live(&s, 0, &live);
	UNIT_BOOL("is_open", live.is_open, true);
	UNIT_BOOL("is_at_end", live.is_at_end, false);
	UNIT_BOOL("has_error", live.has_error, false);
	UNIT_STR("name", live.name, "in");
	UNIT_STR("source", live.source, s.log[0]);
	UNIT_STR("said", s.said, "");
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	check_well(&s, 1);
	UNIT_STR("said", s.said, "");
	UNIT_BOOL(
	    "there is one feed", feeds_live(s.feeds, 1, s.now, &live), false);
	site_release(&s);
}

/* Removed and made anew, while we look and while we do not. */
static void test_vanishes(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	assert_int_equal(unlink(s.log[0]), 0);
	site_run(&s, 60, 1);
	check_well(&s, 1);
	site_session(&s, 0, s.now);
	site_run(&s, 20, 1);
	check_well(&s, 2);
	assert_int_equal(unlink(s.log[0]), 0);
	site_tick(&s, 1);
	site_session(&s, 0, s.now);
	site_run(&s, 20, 1);
	check_well(&s, 3);
	UNIT_STR("said", s.said, "");
	site_release(&s);
}

static void test_unreadable(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_as_nobody(&s);
	site_session(&s, 0, s.now);
	assert_int_equal(chmod(s.log[0], 0), 0);
	site_start(&s);
	site_run(&s, 60, 1);
	check_error(&s, s.log[0], "Permission denied");
	assert_int_equal(chmod(s.log[0], 0600), 0);
	site_run(&s, FEEDS_RETRY_S, 1);
	check_well(&s, 1);
	UNIT_UINT("said", site_said(&s, "counting goes on feed=in"), 1);
	/* an open file stays readable; a new start finds out */
	site_session(&s, 0, s.now);
	assert_int_equal(chmod(s.log[0], 0), 0);
	site_run(&s, 30, 1);
	check_well(&s, 2);
	site_restart(&s);
	site_hush(&s);
	site_run(&s, 30, 1);
	check_error(&s, s.log[0], "Permission denied");
	assert_int_equal(chmod(s.log[0], 0600), 0);
	site_session(&s, 0, s.now);
	site_run(&s, FEEDS_RETRY_S, 1);
	check_well(&s, 3);
	site_release(&s);
}

/* It appears, and we may not read it. The name is in the error. */
static void test_appears_unreadable(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_as_nobody(&s);
	site_start(&s);
	site_run(&s, 20, 1);
	site_session(&s, 0, s.now);
	assert_int_equal(chmod(s.log[0], 0), 0);
	site_run(&s, 60, 1);
	check_error(&s, s.log[0], "Permission denied");
	assert_int_equal(chmod(s.log[0], 0600), 0);
	site_run(&s, FEEDS_RETRY_S, 1);
	check_well(&s, 1);
	site_release(&s);
}

/*
 * Bug: the name of a predecessor that cannot be read was used after it was
 * freed.
 */
static void test_old_unreadable(void **state)
{
	struct site s;
	char old[128];

	(void)state;
	site_init(&s, 1);
	site_as_nobody(&s);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	site_stop(&s);
	site_session(&s, 0, s.now);
	(void)snprintf(old, sizeof(old), "%s.1", s.log[0]);
	site_rotate(&s, 0);
	site_session(&s, 0, s.now);
	assert_int_equal(chmod(old, 0), 0);
	site_start(&s);
	site_run(&s, 60, 1);
	check_error(&s, old, "Permission denied");
	assert_int_equal(chmod(old, 0600), 0);
	site_run(&s, FEEDS_RETRY_S, 1);
	check_well(&s, 3);
	site_release(&s);
}

/*
 * Bug: a session that is open over midnight began in a file that is older
 * than the last line that was read, and was not looked for there.
 */
static void test_open_over_rotation(void **state)
{
	struct site s;
	char text[1024];
	char begin[1024];
	char *to;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session_text(&s, s.now, text, sizeof(text));
	to = strchr(text, '\n') + 1;
	(void)snprintf(begin, sizeof(begin), "%.*s", (int)(to - text), text);
	site_note(&s, 0, s.now);
	site_append(&s, 0, begin);
	site_run(&s, 10, 1);
	site_rotate(&s, 0);
	site_tick(&s, 300);
	site_note(&s, 0, s.now);
	site_run(&s, 20, 1);
	UNIT_UINT("read", site_counter(&s, KIT_DAY, COUNTER_LINES), 3);
	site_restart(&s);
	site_tick(&s, 1);
	site_append(&s, 0, to);
	site_tick(&s, 1);
	check_well(&s, 1);
	UNIT_UINT("lines", site_counter(&s, KIT_DAY, COUNTER_LINES), 4);
	site_release(&s);
}

/* A line may be stamped later than its file was changed. */
static void test_ahead_over_rotation(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now + 3600);
	site_tick(&s, 1);
	site_stop(&s);
	site_session(&s, 0, s.now + 3600);
	site_rotate(&s, 0);
	site_session(&s, 0, s.now + 3601);
	site_start(&s);
	site_run(&s, 20, 1);
	check_well(&s, 3);
	UNIT_STR("said", s.said, "");
	site_release(&s);
}

/* The file that we stood in is gone: that is counted, once. */
static void test_lost_place(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	site_stop(&s);
	assert_int_equal(unlink(s.log[0]), 0);
	site_session(&s, 0, s.now);
	site_start(&s);
	site_run(&s, 20, 1);
	site_restart(&s);
	site_run(&s, 20, 1);
	UNIT_UINT("sessions", site_count(&s, KIT_DAY), 2);
	UNIT_UINT("gap", site_counter(&s, KIT_DAY, COUNTER_GAP), 1);
	UNIT_UINT("said", site_said(&s, "lost the place in a log"), 1);
	site_release(&s);
}

static void make_folder(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_fifo(const char *path)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

/* Never ends. */
static void make_zero(const char *path)
{
	assert_int_equal(symlink("/dev/zero", path), 0);
}

static void make_loop(const char *path)
{
	assert_int_equal(symlink(path, path), 0);
}

static const struct {
	const char *name;
	void (*make)(const char *path);
	const char *want;
} no_logs[] = {
	{ "folder", make_folder, "Is a directory" },
	{ "fifo", make_fifo, "not a regular file" },
	{ "device", make_zero, "not a regular file" },
	{ "loop", make_loop, "Too many levels of symbolic links" },
};

/* At the start something else has the log's name. */
static void test_no_log(void **state)
{
	(void)state;
	(void)alarm(HANG_S);
	for (size_t i = 0; i < UNIT_LEN(no_logs); i++) {
		struct site s;

		site_init(&s, 1);
		no_logs[i].make(s.log[0]);
		site_start(&s);
		site_run(&s, 60, 1);
		check_error(&s, s.log[0], no_logs[i].want);
		assert_int_equal(remove(s.log[0]), 0);
		site_session(&s, 0, s.now);
		site_run(&s, FEEDS_RETRY_S, 1);
		check_well(&s, 1);
		site_release(&s);
	}
	(void)alarm(0);
}

/* It takes the name while the log is followed. */
static void test_no_log_any_more(void **state)
{
	(void)state;
	(void)alarm(HANG_S);
	for (size_t i = 0; i < UNIT_LEN(no_logs); i++) {
		bool is_seen = no_logs[i].make != make_loop;
		struct site s;

		site_init(&s, 1);
		site_start(&s);
		site_session(&s, 0, s.now);
		site_tick(&s, 1);
		site_rotate(&s, 0);
		no_logs[i].make(s.log[0]);
		site_run(&s, 60, 1);
		if (is_seen) {
			check_error(&s, s.log[0], no_logs[i].want);
		}
		UNIT_UINT(no_logs[i].name, site_count(&s, KIT_DAY), 1);
		assert_int_equal(remove(s.log[0]), 0);
		site_session(&s, 0, s.now);
		site_run(&s, FEEDS_RETRY_S, 1);
		check_well(&s, 2);
		site_release(&s);
	}
	(void)alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appears),
		cmocka_unit_test(test_vanishes),
		cmocka_unit_test_teardown(test_unreadable, site_as_before),
		cmocka_unit_test_teardown(
		    test_appears_unreadable, site_as_before),
		cmocka_unit_test_teardown(test_old_unreadable, site_as_before),
		cmocka_unit_test(test_open_over_rotation),
		cmocka_unit_test(test_ahead_over_rotation),
		cmocka_unit_test(test_lost_place),
		cmocka_unit_test(test_no_log),
		cmocka_unit_test(test_no_log_any_more),
	};

	return UNIT_RUN(tests);
}
