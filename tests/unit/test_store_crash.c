/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_store_crash.c - tests of common/store.c: killed anywhere, counted once
 *
 * A log of lines that any line number gives again is read by a writer that is
 * killed: at random, at every system call, and before every single store into
 * its files. Whoever goes on from the marks must end with the same files as a
 * writer that was left alone.
 */

#include "config.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/tally_kit.h"

#include "common/tally_layout.h"

/* A log, and how it is read. */
struct log_file {
	unsigned lines;
	unsigned facts;  /* different ones, about */
	unsigned commit; /* lines between two commits, about */
	int64_t begin;   /* time of the first line */
	int64_t end;     /* and of the last */
	int64_t seal;    /* day that is sealed in the end; 0: none */
};

/* When a reader of the log is to die. */
struct death {
	unsigned lines; /* so many lines after its start */
	unsigned ns;    /* and so much later; wherever it is then */
};

static unsigned mix(unsigned x)
{
	x = (x ^ x >> 16) * 0x45d9f3bU;
	x = (x ^ x >> 16) * 0x45d9f3bU;
	return x ^ x >> 16;
}

/* What line number n (from 1) is worth: sessions and counters. */
static int take_line(struct store *s, const struct log_file *log, unsigned n)
{
	unsigned r = mix(n);
	int64_t span = log->end - log->begin;
	int64_t t = log->begin + span * n / log->lines - r % 100;
	uint64_t pos = (uint64_t)n << 8;
	int rc = 0;

	for (unsigned i = 0; i < r % 4 && rc == 0; i++) {
		struct kit_fact f;

		kit_fact_make(&f, mix(r + i) % log->facts);
		rc = store_session(s, t - i, ++pos, &f.fact);
		if (rc == 0) {
			rc = store_bump(s, t - i, ++pos, COUNTER_SESSIONS, 1);
		}
	}
	return rc == 0 ? store_bump(s, t, ++pos, COUNTER_LINES, 1) : rc;
}

/* Commits behind line n; the marks are some lines behind. */
static int commit(struct store *s, const struct log_file *log, unsigned n)
{
	unsigned back = n == log->lines ? n : n - n % 5;
	const struct mark rescan = { back, back, 0, log->begin };
	const struct mark read = { n, n, 0, log->begin };

	return store_commit(s, &rescan, &read, mix(n) % 64 == 0);
}

static void set_timer(const struct death *death)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGKILL };
	const struct itimerspec in = { .it_value.tv_nsec = 1 + death->ns };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
	    timer_settime(timer, 0, &in, NULL) != 0) {
		abort();
	}
}

/* Reads the log from the mark to the end. Returns 0 or an error. */
static int read_log(
    const char *state, const struct log_file *log, const struct death *death)
{
	const struct store_limits limits = { 0, 0 };
	struct mark rescan;
	struct mark read;
	struct store *s;
	unsigned lines = 0;
	int rc = store_open(state, &limits, &s);

	if (rc != 0) {
		return rc;
	}
	rc = store_feed(s, "log", "sendmail", &rescan, &read);
	for (unsigned n = (unsigned)rescan.pos + 1; rc == 0 && n <= log->lines;
	     n++) {
		if (death != NULL && ++lines == death->lines) {
			set_timer(death);
		}
		rc = take_line(s, log, n);
		if (rc == 0 &&
		    (mix(n * 7) % log->commit == 0 ||
			store_batch_room(s) < 16 || n == log->lines)) {
			rc = commit(s, log, n);
		}
	}
	if (rc == 0 && log->seal != 0) {
		rc = store_seal(s, log->seal, log->seal + 90000);
	}
	store_close(s);
	return rc;
}

/* All of both days, as text. */
static char *dump_days(const char *state)
{
	char path[128];
	char *day =
	    kit_dump_path(store_path(state, KIT_DAY, path, sizeof(path)), true);
	char *next = kit_dump_path(
	    store_path(state, KIT_NEXT, path, sizeof(path)), true);
	size_t size = strlen(day) + strlen(next) + 1;
	char *both = malloc(size);

	assert_non_null(both);
	(void)snprintf(both, size, "%s%s", day, next);
	free(day);
	free(next);
	return both;
}

/* What a writer that is left alone makes of a log. */
static char *truth_of(const struct log_file *log)
{
	char state[64];
	char *text;

	unit_tmpdir_make(state, sizeof(state));
	UNIT_INT("truth", read_log(state, log, NULL), 0);
	text = dump_days(state);
	UNIT_TRUE("no damage", strstr(text, "damaged") == NULL);
	UNIT_TRUE("facts", strstr(text, "fact count=") != NULL);
	unit_tmpdir_remove(state);
	return text;
}

/* Reads a log to its end, then compares. */
static void check_rest(const char *name, const char *state,
    const struct log_file *log, const char *want)
{
	char *got;

	UNIT_INT(name, read_log(state, log, NULL), 0);
	got = dump_days(state);
	UNIT_TRUE(name, strcmp(got, want) == 0);
	free(got);
}

/* Has a reader of the log die. True: it did. */
static bool kill_reader(
    const char *state, const struct log_file *log, const struct death *death)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		_exit(read_log(state, log, death) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status)) {
		UNIT_INT("signal", WTERMSIG(status), SIGKILL);
		return true;
	}
	UNIT_INT("exit", WEXITSTATUS(status), 0);
	return false;
}

static void test_random_kills(void **state)
{
	const struct log_file log = { .lines = kit_is_slow() ? 40000 : 200000,
		.facts = 5000,
		.commit = 60,
		.begin = KIT_DAY + 1000,
		.end = KIT_NEXT + 80000 };
	struct death death = { 1, 0 };
	unsigned kills = 0;
	char *want;
	char dir[64];

	(void)state;
	want = truth_of(&log);
	unit_tmpdir_make(dir, sizeof(dir));
	while (kills < 250 && kill_reader(dir, &log, &death)) {
		kills++;
		death.lines = 1 + mix(kills) % (log.lines / 400);
		death.ns = mix(kills * 3) % 100000;
	}
	UNIT_UINT("kills", kills, 250);
	check_rest("after the kills", dir, &log, want);
	unit_tmpdir_remove(dir);
	free(want);
}

/* Starts a reader of the log that waits to be traced. 0: no right to. */
static pid_t start_traced(const char *state, const struct log_file *log)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
			_exit(2);
		}
		(void)raise(SIGSTOP);
		_exit(read_log(state, log, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSTOPPED(status) ? child : 0;
}

/* Lets it go to the next stop. False: it ended. */
static bool go_on(pid_t child, bool single_step)
{
	int status;

	/* glibc takes an enum there, others an int */
	if (single_step) {
		assert_int_equal(
		    ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
	} else {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status)) {
		UNIT_INT("exit", WEXITSTATUS(status), 0);
		return false;
	}
	UNIT_TRUE("stopped", WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	return true;
}

static void end_traced(pid_t child)
{
	int status;

	(void)kill(child, SIGKILL);
	(void)waitpid(child, &status, 0);
}

static bool can_trace(void)
{
	const struct log_file log = { .lines = 0 };
	pid_t child;

	if (kit_is_slow()) {
		return false;
	}
	child = start_traced("/nonexistent", &log);
	if (child == 0) {
		return false;
	}
	end_traced(child);
	return true;
}

/* Killed before and after each system call: making files, growing, sealing. */
static void test_each_call(void **state)
{
	const struct log_file log = { .lines = 1500,
		.facts = 1200,
		.commit = 200,
		.begin = KIT_DAY + 40000,
		.end = KIT_NEXT + 40000,
		.seal = KIT_DAY };
	unsigned stops = 0;
	bool done = false;
	char *want;

	(void)state;
	if (!can_trace()) {
		print_message("# no right to trace: left out\n");
		skip();
	}
	want = truth_of(&log);
	for (; !done; stops++) {
		char dir[64];
		pid_t child;

		unit_tmpdir_make(dir, sizeof(dir));
		child = start_traced(dir, &log);
		for (unsigned i = 0; i <= stops && !done; i++) {
			done = !go_on(child, false);
		}
		if (!done) {
			end_traced(child);
		}
		check_rest("after a call", dir, &log, want);
		unit_tmpdir_remove(dir);
	}
	UNIT_TRUE("stops", stops > 150);
	free(want);
}

enum {
	WATCHED = 2
};

/* The files of both days, as they are and as they were. */
struct watch {
	unsigned char *now[WATCHED];
	unsigned char *was[WATCHED];
	size_t size[WATCHED];
};

static void watch_init(struct watch *w, const char *state)
{
	for (unsigned i = 0; i < WATCHED; i++) {
		char path[128];

		w->now[i] = kit_map(
		    store_path(state, KIT_DAY + 86400 * i, path, sizeof(path)),
		    &w->size[i]);
		w->was[i] = malloc(w->size[i]);
		assert_non_null(w->was[i]);
		memcpy(w->was[i], w->now[i], w->size[i]);
	}
}

static void watch_release(struct watch *w)
{
	for (unsigned i = 0; i < WATCHED; i++) {
		(void)munmap(w->now[i], w->size[i]);
		free(w->was[i]);
	}
}

/* Has a range changed? Takes down how it is now. */
static bool range_changed(struct watch *w, unsigned i, size_t at, size_t size)
{
	if (memcmp(w->was[i] + at, w->now[i] + at, size) == 0) {
		return false;
	}
	memcpy(w->was[i] + at, w->now[i] + at, size);
	return true;
}

/* Looks where something can change in such a small file. */
static bool watch_changed(struct watch *w)
{
	bool changed = false;

	for (unsigned i = 0; i < WATCHED; i++) {
		struct tally_front *front = (void *)w->now[i];

		changed |= range_changed(w, i, 0, 512);
		changed |= range_changed(
		    w, i, offsetof(struct tally_front, feed), 1024);
		changed |=
		    range_changed(w, i, offsetof(struct tally_front, redo),
			offsetof(struct tally_redo, entry) + 10 * 24);
		for (unsigned n = 0; n < 2; n++) {
			changed |=
			    range_changed(w, i, front->extent[n].offset, 2048);
		}
	}
	return changed;
}

/* Goes on from what stands in the files now, in another folder. */
static void check_image(const struct watch *w, const char *state,
    const struct log_file *log, const char *want)
{
	for (unsigned i = 0; i < WATCHED; i++) {
		struct tally_info info;
		struct tally_fact fact;
		struct tally_feed feed;
		struct tally *t;
		uint64_t cursor = 0;
		char path[128];

		store_path(state, KIT_DAY + 86400 * i, path, sizeof(path));
		kit_write(path, w->now[i], w->size[i]);
		UNIT_INT("image", tally_open(path, &t), 0);
		while (tally_next_fact(t, &cursor, &fact) == 1) {
		}
		cursor = 0;
		while (tally_next_feed(t, &cursor, &feed) == 1) {
		}
		tally_info(t, &info);
		tally_close(t);
		UNIT_UINT("damaged", info.damaged + info.damaged_feeds, 0);
	}
	check_rest("after a store", state, log, want);
}

/* Stopped at every store into a file: new facts and a commit to two days. */
static void test_each_store(void **state)
{
	struct log_file log = { .lines = 10,
		.facts = 1000,
		.commit = 1000000,
		.begin = KIT_NEXT - 5,
		.end = KIT_NEXT + 5 };
	unsigned images = 0;
	struct watch w;
	pid_t child;
	char *want;
	char dir[64];
	char scratch[64];

	(void)state;
	if (!can_trace()) {
		print_message("# no right to trace: left out\n");
		skip();
	}
	unit_tmpdir_make(dir, sizeof(dir));
	unit_tmpdir_make(scratch, sizeof(scratch));
	/* both files are there, and have room */
	UNIT_INT("begin", read_log(dir, &log, NULL), 0);
	UNIT_INT("begin", read_log(scratch, &log, NULL), 0);
	log.lines = 16;
	log.end = KIT_NEXT + 11;
	want = truth_of(&log);
	watch_init(&w, dir);
	child = start_traced(dir, &log);
	while (go_on(child, true)) {
		if (watch_changed(&w)) {
			check_image(&w, scratch, &log, want);
			images++;
		}
	}
	print_message("# %u stores\n", images);
	UNIT_TRUE("images", images > 200);
	check_rest("in the end", dir, &log, want);
	watch_release(&w);
	free(want);
	unit_tmpdir_remove(dir);
	unit_tmpdir_remove(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_kills),
		cmocka_unit_test(test_each_call),
		cmocka_unit_test(test_each_store),
	};

	return UNIT_RUN(tests);
}
