/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_policy_cache_crash.c - kill -9 at any moment of lookup/policy_cache.c:
 * what was put is there in the next life, and whole
 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>

#include "lookup/policy_cache.h"
#include "tests/unit/unit.h"

enum {
	DOMAINS = 20,
	TEXT = 9000, /* more than a page */
	NOW = 1790000000
};

/* The text of a domain's version n: every byte tells of it. */
static void make_row(struct sts_row *row, char *text, unsigned n)
{
	memset(row, 0, sizeof(*row));
	memset(text, 'a' + (int)(n % 26), TEXT);
	(void)snprintf(
	    row->domain, sizeof(row->domain), "d%u.example", n % DOMAINS);
	row->text = view_make(text, TEXT - n % 7);
	row->fetched = NOW + n;
	row->expires = NOW + 1000000;
}

/* Puts versions from the first on, and says each into the pipe; for ever. */
static void write_on(const char *state, int out, unsigned first)
{
	const struct policy_cache_limits limits = { 0, 0 };
	struct policy_cache *c;
	static char text[TEXT];

	if (policy_cache_open(state, &limits, &c) != 0) {
		_exit(1);
	}
	for (unsigned n = first;; n++) {
		struct sts_row row;

		make_row(&row, text, n);
		if (policy_cache_put(c, &row) != 0 ||
		    write(out, &n, sizeof(n)) != sizeof(n)) {
			_exit(1);
		}
	}
}

/* Lets a writer say so many, kills it; the last version that it said. */
static unsigned live(const char *state, unsigned first, unsigned puts)
{
	unsigned last = first;
	unsigned n;
	int pipes[2];
	int status;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(pipes[0]);
		write_on(state, pipes[1], first);
	}
	(void)close(pipes[1]);
	for (unsigned i = 0; i < puts; i++) {
		assert_int_equal(
		    read(pipes[0], &last, sizeof(last)), sizeof(last));
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	while (read(pipes[0], &n, sizeof(n)) == sizeof(n)) {
		last = n;
	}
	(void)close(pipes[0]);
	return last;
}

/* Every domain has what was said last, or the one put that was not said. */
static void check(const char *state, unsigned last)
{
	const struct policy_cache_limits limits = { 0, 0 };
	struct arena *a = arena_new();
	struct policy_cache *c;
	static char text[TEXT];

	UNIT_INT("open", policy_cache_open(state, &limits, &c), 0);
	UNIT_UINT("no damage", policy_cache_counts(c).damaged, 0);
	for (unsigned i = 0; i < DOMAINS && i <= last; i++) {
		unsigned n = last - i;
		struct sts_row want;
		struct sts_row got;

		make_row(&want, text, n);
		UNIT_INT(
		    want.domain, policy_cache_find(c, want.domain, a, &got), 0);
		if (got.fetched == NOW + n + DOMAINS) {
			UNIT_UINT("not said", i, DOMAINS - 1);
			make_row(&want, text, n + DOMAINS);
		}
		UNIT_INT(want.domain, got.fetched, want.fetched);
		UNIT_MEM(want.domain, got.text.s, got.text.len, want.text.s,
		    want.text.len);
	}
	policy_cache_close(c);
	arena_free(a);
}

static void test_kills(void **state)
{
	unsigned lives = unit_is_valgrind() ? 2 : 25;
	unsigned first = 0;
	char dir[64];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	for (unsigned i = 0; i < lives; i++) {
		unsigned last = live(dir, first, 1 + i * 3);

		check(dir, last);
		first = last + 1;
	}
	unit_tmpdir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kills),
	};

	return UNIT_RUN(tests);
}
