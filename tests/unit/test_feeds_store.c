/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_feeds_store.c - tests of milter/feeds.c: a state that cannot be written,
 * and then can
 */

#include "config.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/feeds_kit.h"

/* Whatever happened: every session was counted, once. */
static void check_counts(const struct site *s, int64_t day, uint64_t sessions)
{
	UNIT_UINT("facts", site_count(s, day), sessions);
	UNIT_UINT("sessions", site_counter(s, day, COUNTER_SESSIONS), sessions);
	UNIT_UINT("lines", site_counter(s, day, COUNTER_LINES), 2 * sessions);
	UNIT_UINT("late", site_counter(s, day, COUNTER_LATE), 0);
	UNIT_UINT("gap", site_counter(s, day, COUNTER_GAP), 0);
}

static void check_live(const struct site *s, unsigned feed, bool has_error)
{
	struct live_feed live;

	site_live(s, feed, &live);
	UNIT_BOOL("has_error", live.has_error, has_error);
	UNIT_BOOL("is_open", live.is_open, !has_error);
}

static void set_file_limit(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int no_file_limit(void **state)
{
	(void)state;
	set_file_limit(RLIM_INFINITY);
	(void)signal(SIGXFSZ, SIG_DFL);
	return 0;
}

static bool is_limited(void)
{
	struct rlimit was;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	return was.rlim_max != RLIM_INFINITY;
}

/*
 * No room for a day's file, for its facts, for its names: as on a full disk.
 * Lines come all the time; so do looks.
 */
static void test_no_room(void **state)
{
	static const rlim_t sizes[] = { 100000, 150000, 160000, 175000 };
	const unsigned sessions = 1200;

	(void)state;
	if (is_limited()) {
		print_message("# files are limited already: left out\n");
		return;
	}
	(void)signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < UNIT_LEN(sizes); i++) {
		struct site s;
		uint64_t before;

		site_init(&s, 2);
		site_start(&s);
		site_tick(&s, 1);
		set_file_limit(sizes[i]);
		for (unsigned n = 0; n < sessions / 4; n++) {
			site_session(&s, 0, s.now);
			site_session(&s, 1, s.now);
			if (n % 8 == 0) {
				site_tick(&s, 1);
			}
		}
		site_run(&s, 30, 1);
		UNIT_TRUE("said", site_said(&s, "File too large") > 0);
		UNIT_TRUE("said once", site_said(&s, "File too large") <= 4);
		before = site_count(&s, KIT_DAY);
		UNIT_TRUE("not all", before < sessions / 2);
		set_file_limit(RLIM_INFINITY);
		site_run(&s, INT64_C(2) * FEEDS_RETRY_S, 1);
		check_counts(&s, KIT_DAY, sessions / 2);
		for (unsigned n = 0; n < sessions / 4; n++) {
			site_session(&s, n % 2, s.now);
			site_session(&s, n % 2, s.now);
		}
		site_tick(&s, 1);
		check_counts(&s, KIT_DAY, sessions);
		check_live(&s, 0, false);
		check_live(&s, 1, false);
		site_restart(&s);
		site_tick(&s, 1);
		check_counts(&s, KIT_DAY, sessions);
		site_release(&s);
	}
}

/* No file can be made for the new day. */
static void test_read_only(void **state)
{
	struct site s;
	char tally[128];

	(void)state;
	site_init(&s, 2);
	site_as_nobody(&s);
	(void)snprintf(tally, sizeof(tally), "%s/tally", s.kit.state);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_session(&s, 1, s.now);
	site_tick(&s, 1);
	check_counts(&s, KIT_DAY, 2);
	assert_int_equal(chmod(tally, 0500), 0);
	/* what is open can be written to */
	site_session(&s, 0, s.now);
	site_run(&s, 30, 1);
	check_counts(&s, KIT_DAY, 3);
	UNIT_STR("said", s.said, "");
	s.now = KIT_NEXT;
	s.uptime += INT64_C(12) * 3600;
	site_session(&s, 0, s.now);
	site_run(&s, 120, 1);
	check_live(&s, 0, true);
	UNIT_UINT("said", site_said(&s, "cannot count feed=in"), 1);
	UNIT_UINT("said", site_said(&s, "Permission denied"), 1);
	/* the other feed waits for its store; it has none of its own errors */
	site_session(&s, 1, s.now);
	site_run(&s, 120, 1);
	assert_int_equal(chmod(tally, 0700), 0);
	site_run(&s, INT64_C(2) * FEEDS_RETRY_S, 1);
	check_live(&s, 0, false);
	check_live(&s, 1, false);
	check_counts(&s, KIT_DAY, 3);
	check_counts(&s, KIT_NEXT, 2);
	UNIT_UINT("said", site_said(&s, "counting goes on feed=in"), 1);
	site_release(&s);
}

/* While the store was broken, somebody else took the lock. */
static void test_lock_taken(void **state)
{
	const struct store_limits limits = { 0, 0 };
	struct store *other = NULL;
	struct feeds *second = NULL;
	struct site s;

	(void)state;
	if (is_limited()) {
		print_message("# files are limited already: left out\n");
		return;
	}
	(void)signal(SIGXFSZ, SIG_IGN);
	site_init(&s, 2);
	site_start(&s);
	UNIT_INT(
	    "it is ours", store_open(s.kit.state, &limits, &other), ERR_BUSY);
	second = s.feeds;
	UNIT_INT("it is ours", site_try_start(&s), ERR_BUSY);
	UNIT_TRUE("none", s.feeds == NULL);
	s.feeds = second;
	set_file_limit(100000);
	site_session(&s, 0, s.now);
	site_session(&s, 1, s.now);
	site_tick(&s, 1);
	check_live(&s, 0, true);
	set_file_limit(RLIM_INFINITY);
	UNIT_INT("it is free", store_open(s.kit.state, &limits, &other), 0);
	site_hush(&s);
	site_run(&s, 60, 1);
	check_live(&s, 0, true);
	check_live(&s, 1, true);
	UNIT_UINT("said", site_said(&s, "another process is writing"), 2);
	store_close(other);
	site_run(&s, FEEDS_RETRY_S, 1);
	check_counts(&s, KIT_DAY, 2);
	UNIT_UINT("said", site_said(&s, "counting goes on"), 2);
	check_live(&s, 0, false);
	check_live(&s, 1, false);
	site_release(&s);
}

/* Two feeds and one store: neither moves the other's place. */
static void test_two_feeds(void **state)
{
	unsigned random = 1;
	struct site s;

	(void)state;
	site_init(&s, 2);
	site_start(&s);
	for (unsigned i = 0; i < 300; i++) {
		random = random * 1664525U + 1013904223U;
		site_session(&s, random >> 9 & 1, s.now);
		switch (random >> 20 & 7) {
		case 0:
			site_restart(&s);
			break;
		case 1:
		case 2:
		case 3:
			site_tick(&s, 1);
			break;
		default:
			break;
		}
	}
	site_tick(&s, 1);
	check_counts(&s, KIT_DAY, 300);
	site_release(&s);
}

/*
 * Bug: a reload that came while a child was being started, and had not yet
 * closed what it inherited, found the lock taken: the daemon ended.
 */
static void test_fork(void **state)
{
	struct site s;
	int pipes[2];
	pid_t pid;
	char byte;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(pipes[1]);
		_exit(read(pipes[0], &byte, 1) == 0 ? 0 : 1);
	}
	(void)close(pipes[0]);
	site_session(&s, 0, s.now);
	site_restart(&s);
	site_tick(&s, 1);
	check_counts(&s, KIT_DAY, 1);
	(void)close(pipes[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	site_release(&s);
}

/* A file of another day that is damaged keeps feeds from their marks. */
static void test_damaged(void **state)
{
	struct site s;
	char path[128];
	char want[200];

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	site_stop(&s);
	(void)kit_path(&s.kit, KIT_DAY - WHEN_DAY_S, path);
	kit_write(path, "nonsense", 8);
	site_session(&s, 0, s.now);
	site_start(&s);
	site_run(&s, 60, 1);
	check_live(&s, 0, true);
	(void)snprintf(
	    want, sizeof(want), "cannot count feed=in error=\"%s: ", path);
	UNIT_UINT(want, site_said(&s, want), 1);
	UNIT_UINT("said", site_said(&s, "cannot"), 1);
	assert_int_equal(unlink(path), 0);
	site_run(&s, FEEDS_RETRY_S, 1);
	check_counts(&s, KIT_DAY, 2);
	site_release(&s);
}

/* The state cannot be opened at all. */
static void test_no_state(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	kit_write(s.kit.state, "", 0);
	UNIT_INT("a file", site_try_start(&s), -ENOTDIR);
	assert_int_equal(unlink(s.kit.state), 0);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	check_counts(&s, KIT_DAY, 1);
	site_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_no_room, no_file_limit),
		cmocka_unit_test_teardown(test_read_only, site_as_before),
		cmocka_unit_test_teardown(test_lock_taken, no_file_limit),
		cmocka_unit_test(test_two_feeds),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_no_state),
	};

	return UNIT_RUN(tests);
}
