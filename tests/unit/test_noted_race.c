/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_noted_race.c - tests common/noted.c: readers beside the writer, and
 * writers that die
 */

#include "config.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "tests/unit/noted_kit.h"
#include "tests/unit/tally_kit.h"

enum {
	MESSAGES = 40000
};

/* A message's kinds and time are a function of its number. */
static unsigned kinds_of(unsigned i)
{
	return 1 + i % 3;
}

static int64_t time_of(unsigned i)
{
	return T0 + i % 1000;
}

/*
 * Looks for messages until the last one is there. Returns 0 if each was found
 * as it was noted, or not at all.
 */
static int read_until_done(void)
{
	struct noted *n = NULL;
	unsigned found = 0;

	if (noted_open(dir, false, &n) != 0) {
		return 1;
	}
	while (noted_get(n, NOTED_NOTES) < MESSAGES) {
		unsigned newest = (unsigned)noted_get(n, NOTED_NOTES);

		for (unsigned i = newest > 40 ? newest - 40 : 0; i < newest + 5;
		     i++) {
			unsigned kinds = find(n, i, time_of(i));

			if (kinds != 0 && kinds != kinds_of(i)) {
				return 2;
			}
			found += kinds != 0;
		}
	}
	noted_close(n);
	return found > 0 ? 0 : 3;
}

static void test_readers(void **state)
{
	struct noted *n;
	pid_t child[2];

	(void)state;
	noted_close(open_notes(true)); /* now there is a file */
	for (unsigned i = 0; i < 2; i++) {
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (child[i] == 0) {
			_exit(read_until_done());
		}
	}
	n = open_notes(true);
	for (unsigned i = 0; i < MESSAGES; i++) {
		add(n, i, kinds_of(i), time_of(i));
		noted_bump(n, NOTED_NOTES, 1);
	}
	for (unsigned i = 0; i < 2; i++) {
		int status;

		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		UNIT_INT("reader", status, 0);
	}
	noted_close(n);
}

/* Adds messages, telling of each; never returns. */
static void add_for_ever(unsigned first, int out)
{
	struct noted *n = NULL;

	if (noted_open(dir, true, &n) != 0) {
		_exit(1);
	}
	for (unsigned i = first;; i++) {
		add(n, i, kinds_of(i), time_of(i));
		noted_bump(n, NOTED_NOTES, 1);
		if (write(out, "", 1) != 1) {
			_exit(1);
		}
	}
}

/* Killed somewhere: all that was told is there, and nothing is damaged. */
static void test_kill(void **state)
{
	unsigned told = 0;

	(void)state;
	for (unsigned round = 1; round <= 15; round++) {
		char buf[512];
		int channel[2];
		struct noted *n;
		unsigned want = told + round * 101;
		pid_t child;
		ssize_t got;
		int status;

		assert_int_equal(pipe(channel), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			(void)close(channel[0]);
			add_for_ever(told, channel[1]);
		}
		(void)close(channel[1]);
		while (told < want) {
			got = read(channel[0], buf, 1 + round % 7);
			assert_true(got > 0);
			told += (unsigned)got;
		}
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		while ((got = read(channel[0], buf, sizeof(buf))) > 0) {
			told += (unsigned)got;
		}
		(void)close(channel[0]);

		n = open_notes(true);
		UNIT_UINT("damaged", noted_get(n, NOTED_DAMAGED), 0);
		UNIT_UINT("remade", noted_get(n, NOTED_REMADE), 0);
		UNIT_UINT("evicted", noted_get(n, NOTED_EVICTED), 0);
		UNIT_TRUE("counted", noted_get(n, NOTED_NOTES) >= told);
		for (unsigned i = 0; i < told; i++) {
			UNIT_UINT("known", find(n, i, time_of(i)), kinds_of(i));
		}
		noted_close(n);
	}
}

/* Lets a traced child go one step. False: it ended. */
static bool step(pid_t child)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSTOPPED(status);
}

/* Starts one that waits to be traced, then takes another's place. */
static pid_t start_traced(unsigned last)
{
	struct noted *n = open_notes(true);
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
			_exit(2);
		}
		(void)raise(SIGSTOP);
		add(n, last, kinds_of(last), T0 + last);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	noted_close(n);
	return WIFSTOPPED(status) ? child : 0;
}

/*
 * A full table, of which one message takes another's place, one instruction
 * after the other: whenever the writer dies, nobody else is lost, and nothing
 * is damaged.
 */
static void test_steps(void **state)
{
	enum {
		FULL = 3 * NOTED_SLOTS / 2
	};
	struct noted *n;
	unsigned *there;
	unsigned n_there = 0;
	unsigned steps = 0;
	pid_t child;

	(void)state;
	if (kit_is_slow()) {
		skip();
	}
	n = open_notes(true);
	for (unsigned i = 0; i < FULL; i++) {
		add(n, i, kinds_of(i), T0 + i);
	}
	noted_close(n);
	child = start_traced(FULL);
	if (child == 0) {
		skip();
	}
	n = open_notes(false);
	there = calloc(FULL, sizeof(*there));
	assert_non_null(there);
	for (unsigned i = 0; i < FULL; i++) {
		if (find(n, i, T0 + i) != 0) {
			there[n_there++] = i;
		}
	}
	while (step(child)) {
		unsigned kinds = find(n, FULL, T0 + FULL);
		unsigned lost = 0;

		UNIT_TRUE("new", kinds == 0 || kinds == kinds_of(FULL));
		if (++steps % 4096 != 0) {
			continue;
		}
		for (unsigned i = 0; i < n_there; i++) {
			lost += find(n, there[i], T0 + there[i]) !=
			    kinds_of(there[i]);
		}
		UNIT_TRUE("one went at most", lost <= 1);
	}
	UNIT_TRUE("it did something", steps > 500);
	UNIT_UINT("new", find(n, FULL, T0 + FULL), kinds_of(FULL));
	noted_close(n);
	free(there);
	n = open_notes(true);
	UNIT_UINT("damaged", noted_get(n, NOTED_DAMAGED), 0);
	noted_close(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_readers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
	};

	return UNIT_RUN(tests);
}
