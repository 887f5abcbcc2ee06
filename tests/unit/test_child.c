/* SPDX-License-Identifier: BSD-2-Clause */
/* test_child.c - tests of milter/child.c: time is scripted, processes are real */

#include "config.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "tests/unit/child_kit.h"

/* --- what children do ------------------------------------------------------ */

static int run_exit(void *ctx, int channel)
{
	(void)channel;
	return *(const int *)ctx;
}

static int run_abort(void *ctx, int channel)
{
	(void)ctx;
	(void)channel;
	(void)kill(getpid(), SIGKILL);
	return 0;
}

/* Sends back what it gets. */
static int run_echo(void *ctx, int channel)
{
	struct pollfd p = { .fd = channel, .events = POLLIN };
	char buf[100];
	ssize_t n;

	(void)ctx;
	while (poll(&p, 1, -1) == 1 &&
	    (n = recv(channel, buf, sizeof(buf), 0)) > 0) {
		(void)!send(channel, buf, (size_t)n, 0);
	}
	return 0;
}

static int run_deaf(void *ctx, int channel)
{
	(void)ctx;
	(void)signal(SIGTERM, SIG_IGN);
	say(channel, "here");
	stay(channel);
	/* not even that its parent hangs up ends it */
	while (pause() == -1) {
	}
	return 0;
}

/* --- start, end, pauses ---------------------------------------------------- */

static void test_channel(void **state)
{
	struct child c;
	int channel;

	(void)state;
	child_init(&c, "echo", run_echo, NULL);
	UNIT_INT("channel", c.channel, -1);
	UNIT_BOOL("reap", child_reap(&c, T0), false);
	UNIT_BOOL("tick", child_tick(&c, T0), true);
	UNIT_TRUE("pid", c.pid > 0 && c.pid != getpid());
	UNIT_UINT("starts", c.starts, 1);
	UNIT_BOOL("tick again", child_tick(&c, T0 + 1000), false);
	UNIT_BOOL("reap", child_reap(&c, T0), false);
	UNIT_TRUE("it never waits",
	    recv(c.channel, &channel, 1, 0) == -1 && errno == EAGAIN);
	UNIT_INT("send", send(c.channel, "one", 3, 0), 3);
	UNIT_INT("send", send(c.channel, "two", 3, 0), 3);
	check_packet(&c, "one");
	check_packet(&c, "two");
	channel = c.channel;
	child_stop(&c);
	reap(&c, T0 + 1);
	UNIT_INT("pid", c.pid, 0);
	UNIT_INT("channel", c.channel, -1);
	UNIT_INT("closed", fcntl(channel, F_GETFD), -1);
	UNIT_BOOL("it stays dead", child_tick(&c, T0 + 1000), false);
}

/* A child that dies early: each pause is longer, up to a bound. */
static void test_pauses(void **state)
{
	static const unsigned want[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	static int code = 3;
	struct child c;
	int64_t now = T0;

	(void)state;
	child_init(&c, "short", run_exit, &code);
	for (size_t i = 0; i < UNIT_LEN(want); i++) {
		UNIT_BOOL("start", child_tick(&c, now), true);
		reap(&c, now);
		UNIT_UINT("pause", c.pause_s, want[i]);
		UNIT_BOOL("too early", child_tick(&c, now), false);
		UNIT_BOOL(
		    "too early", child_tick(&c, now + want[i] - 1), false);
		now += want[i];
	}
	UNIT_UINT("starts", c.starts, UNIT_LEN(want));
}

/* How long it lived decides, and what the clock says of it. */
static void test_life(void **state)
{
	static const struct {
		const char *name;
		int64_t life;
		unsigned want; /* pause, where the last was 8 */
	} table[] = {
		{ "at once", 0, 16 },
		{ "59 seconds", CHILD_WELL_S - 1, 16 },
		{ "a minute", CHILD_WELL_S, 1 },
		{ "a year", INT64_C(365) * 86400, 1 },
		{ "clock set back", -3600, 16 },
		{ "clock set back by years", -T0, 16 },
	};

	static int code = 0;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int64_t now = T0 + table[i].life;
		struct child c;

		child_init(&c, "life", run_exit, &code);
		c.pause_s = 8;
		UNIT_BOOL(table[i].name, child_tick(&c, T0), true);
		reap(&c, now);
		UNIT_UINT(table[i].name, c.pause_s, table[i].want);
		UNIT_BOOL(table[i].name,
		    child_tick(&c, now + table[i].want - 1), false);
		UNIT_BOOL(
		    table[i].name, child_tick(&c, now + table[i].want), true);
		child_stop(&c);
		child_join(&c, JOIN_MS);
	}
}

/* In a pause the clock is set. */
static void test_clock(void **state)
{
	static const struct {
		const char *name;
		int64_t step;
		bool want;
	} table[] = {
		{ "not at all", 0, false },
		{ "back by a minute", -CHILD_PAUSE_MAX_S, true },
		{ "back by a day", -86400, true },
		{ "forwards by a day", 86400, true },
		{ "back by less", -10, false },
	};

	static int code = 0;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct child c;

		child_init(&c, "clock", run_exit, &code);
		c.pause_s = 8;
		UNIT_BOOL(table[i].name, child_tick(&c, T0), true);
		reap(&c, T0);
		UNIT_BOOL(table[i].name, child_tick(&c, T0 + table[i].step),
		    table[i].want);
		child_stop(&c);
		child_join(&c, JOIN_MS);
	}
}

/* --- ends that are asked for ----------------------------------------------- */

static void test_stop(void **state)
{
	struct child c;

	(void)state;
	child_init(&c, "stay", run_stay, NULL);
	child_stop(&c); /* it does not run */
	child_join(&c, 0);
	UNIT_BOOL("not wanted", child_tick(&c, T0), false);
	child_restart(&c);
	UNIT_BOOL("wanted", child_tick(&c, T0), true);
	check_packet(&c, "here");
	child_stop(&c);
	child_join(&c, JOIN_MS);
	UNIT_INT("pid", c.pid, 0);
	UNIT_INT("channel", c.channel, -1);
	UNIT_BOOL("not wanted", child_tick(&c, T0 + 1000), false);
	child_join(&c, JOIN_MS);
}

/* It does not end: it is killed. */
static void test_deaf(void **state)
{
	struct child c;
	pid_t pid;

	(void)state;
	child_init(&c, "deaf", run_deaf, NULL);
	UNIT_BOOL("start", child_tick(&c, T0), true);
	check_packet(&c, "here");
	pid = c.pid;
	child_stop(&c);
	child_join(&c, 20);
	UNIT_INT("pid", c.pid, 0);
	UNIT_INT("channel", c.channel, -1);
	UNIT_TRUE("it is gone", kill(pid, 0) == -1 && errno == ESRCH);
}

/* What it was told to do has changed: it begins anew after a second. */
static void test_restart(void **state)
{
	struct child c;
	pid_t first;

	(void)state;
	child_init(&c, "stay", run_stay, NULL);
	c.pause_s = 60;
	UNIT_BOOL("start", child_tick(&c, T0), true);
	check_packet(&c, "here");
	first = c.pid;
	child_restart(&c);
	reap(&c, T0 + 5);
	UNIT_BOOL("tick", child_tick(&c, T0 + 5), false);
	UNIT_BOOL("tick", child_tick(&c, T0 + 6), true);
	UNIT_TRUE("another", c.pid != first);
	UNIT_UINT("starts", c.starts, 2);
	check_packet(&c, "here");
	child_stop(&c);
	child_join(&c, JOIN_MS);
}

/* What is said of an end; a signal is told from an exit code. */
static void test_said(void **state)
{
	static int code = 75;
	struct child c;
	FILE *out = tmpfile();
	int saved = dup(STDERR_FILENO);
	char got[1024];
	ssize_t n;

	(void)state;
	assert_non_null(out);
	assert_true(dup2(fileno(out), STDERR_FILENO) >= 0);
	log_set_level(LOG_LEVEL_INFO);
	child_init(&c, "short", run_exit, &code);
	(void)child_tick(&c, T0);
	reap(&c, T0);
	child_init(&c, "other", run_abort, NULL);
	(void)child_tick(&c, T0);
	reap(&c, T0);
	child_init(&c, "third", run_exit, &code);
	(void)child_tick(&c, T0);
	c.is_wanted = false;
	reap(&c, T0);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	log_set_level(LOG_LEVEL_ERROR);
	(void)close(saved);
	n = pread(fileno(out), got, sizeof(got) - 1, 0);
	assert_true(n >= 0);
	got[n] = '\0';
	(void)fclose(out);
	UNIT_STR("said", got,
	    "unit: warning: child ended child=short status=75 restart-in=1s\n"
	    "unit: warning: child died child=other signal=9 restart-in=1s\n");
}

/* No descriptor is left: it is said once, and tried again and again. */
static void test_cannot_start(void **state)
{
	static int code = 0;
	struct rlimit was;
	struct rlimit none;
	struct child c;

	(void)state;
	if (unit_is_valgrind()) {
		print_message("# it gives more than the limit: left out\n");
		return;
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 3;
	child_init(&c, "none", run_exit, &code);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	UNIT_BOOL("tick", child_tick(&c, T0), false);
	UNIT_BOOL("has_failed", c.has_failed, true);
	UNIT_INT("pid", c.pid, 0);
	UNIT_BOOL("tick", child_tick(&c, T0), false);
	UNIT_UINT("pause", c.pause_s, 1);
	UNIT_BOOL("tick", child_tick(&c, T0 + 1), false);
	UNIT_UINT("pause", c.pause_s, 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	UNIT_BOOL("tick", child_tick(&c, T0 + 2), false);
	UNIT_BOOL("tick", child_tick(&c, T0 + 3), true);
	UNIT_BOOL("has_failed", c.has_failed, false);
	UNIT_UINT("starts", c.starts, 1);
	child_stop(&c);
	child_join(&c, JOIN_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_channel),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_cannot_start),
	};

	log_open("unit", false);
	log_set_level(LOG_LEVEL_ERROR);
	return UNIT_RUN(tests);
}
