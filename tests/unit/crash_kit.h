/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash_kit.h - a log of lines that any line number gives again, and writers
 * that read it and die. Whoever goes on from the marks must end with the same
 * files as a writer that was left alone.
 */
#ifndef TESTS_UNIT_CRASH_KIT_H
#define TESTS_UNIT_CRASH_KIT_H

#include "tests/unit/tally_kit.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

/* A log, and how it is read. */
struct crash_log {
	unsigned lines;
	unsigned facts;  /* different ones, about */
	unsigned commit; /* lines between two commits, about */
	int64_t begin;   /* time of the first line */
	int64_t end;     /* and of the last */
	int64_t seal;    /* day that is sealed in the end; 0: none */
	bool prefill;    /* begin with nearly full extents */
	bool stop;       /* stop, for a tracer, when all is open */
};

/* When a reader of the log is to die. */
struct crash_death {
	unsigned lines; /* so many lines after its start */
	unsigned ns;    /* and so much later; wherever it is then */
};

static inline unsigned crash_mix(unsigned x)
{
	x = (x ^ x >> 16) * 0x45d9f3bU;
	x = (x ^ x >> 16) * 0x45d9f3bU;
	return x ^ x >> 16;
}

/* What line number n (from 1) is worth: sessions and counters. */
static inline int crash_take_line(
    struct store *s, const struct crash_log *log, unsigned n)
{
	unsigned r = crash_mix(n);
	int64_t span = log->end - log->begin;
	int64_t lines = log->lines > 0 ? log->lines : 1;
	int64_t t = log->begin + span * n / lines - r % 100;
	uint64_t pos = (uint64_t)n << 8;
	int rc = 0;

	for (unsigned i = 0; i < r % 4 && rc == 0; i++) {
		struct kit_fact f;

		kit_fact_make(&f, crash_mix(r + i) % log->facts);
		rc = store_session(s, t - i, ++pos, &f.fact);
		if (rc == 0) {
			rc = store_bump(s, t - i, ++pos, COUNTER_SESSIONS, 1);
		}
	}
	return rc == 0 ? store_bump(s, t, ++pos, COUNTER_LINES, 1) : rc;
}

/* Commits behind line n; the marks are some lines behind. */
static inline int crash_commit(
    struct store *s, const struct crash_log *log, unsigned n)
{
	unsigned back = n == log->lines ? n : n - n % 5;
	const struct mark rescan = { back, back, 0, log->begin };
	const struct mark read = { n, n, 0, log->begin };

	return store_commit(s, &rescan, &read, crash_mix(n) % 64 == 0);
}

/*
 * Leaves room for a few facts, and for hardly a name, in the first extents of
 * the first day; makes the second day's file.
 */
static inline int crash_prefill(struct store *s)
{
	struct fact f = { .domain = view_of("d.example") };
	char text[500];
	uint64_t pos = 0;
	int rc = 0;

	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < 253 && rc == 0; i++) {
		f.ip.b[0] = 1;
		f.ip.b[15] = (uint8_t)i;
		if (i >= 220) {
			/* of 16 KiB, 24 bytes are left in the end */
			text[0] = (char)('A' + i - 220);
			f.verdict = view_make(text, i < 252 ? 500 : 200);
		}
		rc = store_session(s, KIT_DAY + 100, ++pos, &f);
	}
	if (rc == 0) {
		rc = store_bump(s, KIT_NEXT, ++pos, COUNTER_LINES, 1);
	}
	return rc == 0 ? store_commit(s, NULL, NULL, false) : rc;
}

static inline void crash_set_timer(const struct crash_death *death)
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
static inline int crash_read_log(const char *state, const struct crash_log *log,
    const struct crash_death *death)
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
	if (rc == 0 && log->prefill && rescan.pos == 0) {
		rc = crash_prefill(s);
	}
	if (rc == 0 && log->stop) {
		/* they were counted: this opens the files, and no more */
		rc = store_bump(s, KIT_DAY, 1, COUNTER_LINES, 1);
		rc |= store_bump(s, KIT_NEXT, 1, COUNTER_LINES, 1);
		(void)raise(SIGSTOP);
	}
	for (unsigned n = (unsigned)rescan.pos + 1; rc == 0 && n <= log->lines;
	     n++) {
		if (death != NULL && ++lines == death->lines) {
			crash_set_timer(death);
		}
		rc = crash_take_line(s, log, n);
		if (rc == 0 &&
		    (crash_mix(n * 7) % log->commit == 0 ||
			store_batch_room(s) < 16 || n == log->lines)) {
			rc = crash_commit(s, log, n);
		}
	}
	if (rc == 0 && log->seal != 0) {
		rc = store_seal(s, log->seal, log->seal + 90000);
	}
	store_close(s);
	return rc;
}

/* All of both days, as text. */
static inline char *crash_dump_days(const char *state)
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
static inline char *crash_truth_of(const struct crash_log *log)
{
	char state[64];
	char *text;

	unit_tmpdir_make(state, sizeof(state));
	UNIT_INT("truth", crash_read_log(state, log, NULL), 0);
	text = crash_dump_days(state);
	UNIT_TRUE("no damage", strstr(text, "damaged") == NULL);
	UNIT_TRUE("facts", strstr(text, "fact count=") != NULL);
	unit_tmpdir_remove(state);
	return text;
}

/* Reads a log to its end, then compares. */
static inline void crash_check_rest(const char *name, const char *state,
    const struct crash_log *log, const char *want)
{
	char *got;

	UNIT_INT(name, crash_read_log(state, log, NULL), 0);
	got = crash_dump_days(state);
	UNIT_TRUE(name, strcmp(got, want) == 0);
	free(got);
}

/* Starts a reader of the log that waits to be traced. 0: no right to. */
static inline pid_t crash_start_traced(
    const char *state, const struct crash_log *log)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
			_exit(2);
		}
		if (!log->stop) {
			(void)raise(SIGSTOP);
		}
		_exit(crash_read_log(state, log, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSTOPPED(status) ? child : 0;
}

/* Lets it go to the next stop. False: it ended. */
static inline bool crash_go_on(pid_t child, bool single_step)
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

static inline void crash_end_traced(pid_t child)
{
	int status;

	(void)kill(child, SIGKILL);
	(void)waitpid(child, &status, 0);
}

static inline bool crash_can_trace(void)
{
	const struct crash_log log = { .commit = 1 };
	pid_t child;

	if (kit_is_slow()) {
		return false;
	}
	child = crash_start_traced("/nonexistent", &log);
	if (child == 0) {
		return false;
	}
	crash_end_traced(child);
	return true;
}

#endif
