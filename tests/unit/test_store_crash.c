/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_store_crash.c - tests of common/store.c: killed at random moments, and
 * at every system call
 */

#include "config.h"

#include "tests/unit/crash_kit.h"

/* Has a reader of the log die. True: it did. */
static bool kill_reader(const char *state, const struct crash_log *log,
    const struct crash_death *death)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		_exit(crash_read_log(state, log, death) == 0 ? 0 : 1);
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
	const struct crash_log log = { .lines = kit_is_slow() ? 40000 : 200000,
		.facts = 5000,
		.commit = 60,
		.begin = KIT_DAY + 1000,
		.end = KIT_NEXT + 80000 };
	struct crash_death death = { 1, 0 };
	unsigned kills = 0;
	char *want;
	char dir[64];

	(void)state;
	want = crash_truth_of(&log);
	unit_tmpdir_make(dir, sizeof(dir));
	while (kills < 250 && kill_reader(dir, &log, &death)) {
		kills++;
		death.lines = 1 + crash_mix(kills) % (log.lines / 400);
		death.ns = crash_mix(kills * 3) % 100000;
	}
	UNIT_UINT("kills", kills, 250);
	crash_check_rest("after the kills", dir, &log, want);
	unit_tmpdir_remove(dir);
	free(want);
}

/* Killed before and after each system call: making files, growing, sealing. */
static void test_each_call(void **state)
{
	const struct crash_log log = { .lines = 1500,
		.facts = 1200,
		.commit = 200,
		.begin = KIT_DAY + 40000,
		.end = KIT_NEXT + 40000,
		.seal = KIT_DAY };
	unsigned stops = 0;
	bool done = false;
	char *want;

	(void)state;
	if (!crash_can_trace()) {
		print_message("# no right to trace: left out\n");
		return;
	}
	want = crash_truth_of(&log);
	for (; !done; stops++) {
		char dir[64];
		pid_t child;

		unit_tmpdir_make(dir, sizeof(dir));
		child = crash_start_traced(dir, &log);
		for (unsigned i = 0; i <= stops && !done; i++) {
			done = !crash_go_on(child, false);
		}
		if (!done) {
			crash_end_traced(child);
		}
		crash_check_rest("after a call", dir, &log, want);
		unit_tmpdir_remove(dir);
	}
	UNIT_TRUE("stops", stops > 150);
	free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_kills),
		cmocka_unit_test(test_each_call),
	};

	return UNIT_RUN(tests);
}
