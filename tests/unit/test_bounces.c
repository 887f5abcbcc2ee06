/* SPDX-License-Identifier: BSD-2-Clause */
/* test_bounces.c - tests of reporter/bounces.c, with a ledger */

#include "config.h"

#include <signal.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/bounce.h"
#include "common/suppress.h"
#include "reporter/bounces.h"
#include "reporter/step.h"
#include "tests/unit/unit.h"

enum {
	START = 20779 * 86400 + 3600
};

static char dir[256];
static struct daily_env env;

static void open_ledger(void)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/ledger.sqlite", dir);
	assert_int_equal(ledger_open(path, &env.ledger), 0);
}

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	env = (struct daily_env){ .now = START };
	open_ledger();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ledger_close(env.ledger);
	unit_tmpdir_remove(dir);
	return 0;
}

/* A report that was sent. */
static struct outbox_item send(const char *domain)
{
	struct outbox_item item = { .day = START,
		.to = { RECORD_MAILTO, "r@a.example" } };

	(void)snprintf(item.domain, sizeof(item.domain), "%s", domain);
	assert_int_equal(outbox_add(env.ledger, &item), 0);
	outbox_sent(&item, START);
	assert_int_equal(outbox_update(env.ledger, &item), 0);
	assert_int_equal(ledger_commit(env.ledger), 0);
	return item;
}

static void comes_back(const char *token)
{
	struct bounce b;

	assert_true(
	    bounce_set(&b, START + 60, view_of(token), view_of("5.1.1")));
	assert_int_equal(bounce_append(dir, &b, BOUNCE_FILE_MAX), 0);
}

static void check_item(
    const char *name, const char *token, const char *state, const char *answer)
{
	const struct outbox_query q = { .token = token };
	struct outbox_item item;
	bool found = false;

	UNIT_INT(name, outbox_next(env.ledger, &q, &item, &found), 0);
	assert_true(found);
	UNIT_STR(name, outbox_state_word(item.state), state);
	if (answer != NULL) {
		UNIT_STR(name, item.answer, answer);
	}
}

static void test_taken(void **state)
{
	struct outbox_item a = send("a.example");
	struct outbox_item b = send("b.example");

	(void)state;
	UNIT_INT("nothing", bounces_take(&env, dir), 0);
	check_item("nothing", a.token, "sent", NULL);
	comes_back(a.token);
	comes_back("00000000000000000000000000000000");
	comes_back(a.token);
	UNIT_INT("taken", bounces_take(&env, dir), 0);
	/* it is on the disk */
	ledger_close(env.ledger);
	open_ledger();
	check_item("came back", a.token, "bounced", "came back: 5.1.1");
	check_item("the other", b.token, "sent", NULL);
	comes_back(a.token);
	UNIT_INT("again", bounces_take(&env, dir), 0);
	check_item("again", a.token, "bounced", "came back: 5.1.1");
	UNIT_INT("exit code", env.exit_code, EX_OK);
}

/* A run that dies at a step: nothing more is done. */
static void die(void *ctx, const char *name)
{
	if (strcmp(name, ctx) == 0) {
		(void)raise(SIGKILL);
	}
}

static void test_deaths(void **state)
{
	static const char *const names[] = { "bounces-taken",
		"bounces-committed" };

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(names); i++) {
		struct outbox_item item = send(names[i]);
		struct step step = { die, (void *)(uintptr_t)names[i] };
		int status = 0;
		pid_t pid;

		comes_back(item.token);
		ledger_close(env.ledger);
		pid = fork();
		if (pid == 0) {
			open_ledger();
			env.step = &step;
			(void)bounces_take(&env, dir);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		UNIT_BOOL(names[i], WIFSIGNALED(status), true);
		open_ledger();
		check_item(
		    names[i], item.token, i == 0 ? "sent" : "bounced", NULL);
		UNIT_INT(names[i], bounces_take(&env, dir), 0);
		check_item(names[i], item.token, "bounced", NULL);
	}
}

/* What cannot be read is left alone, and the run goes on. */
static void test_unreadable(void **state)
{
	char path[300];

	(void)state;
	comes_back("00000000000000000000000000000000");
	(void)snprintf(path, sizeof(path), "%s/outbox/bounces.taken", dir);
	assert_int_equal(symlink("/dev/null", path), 0);
	UNIT_INT("a link", bounces_take(&env, dir), 0);
	UNIT_INT("exit code", env.exit_code, EX_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deaths, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_unreadable, set_up, tear_down),
	};

	return UNIT_RUN(tests);
}
