/* SPDX-License-Identifier: BSD-2-Clause */
/* test_bounce.c - tests of common/bounce.c */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/bounce.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

#define T1 "0123456789abcdef0123456789abcdef"
#define T2 "ffffffffffffffffffffffffffffff02"

static void test_parse(void **state)
{
	static const struct {
		const char *line;
		int rc;
		const char *dsn;
	} table[] = {
		{ "1795000000 " T1 " 5.1.1", 0, "5.1.1" },
		{ "1795000000 " T1 " 4.4.7", 0, "4.4.7" },
		{ "1795000000 0123456789ABCDEF0123456789ABCDEF -", 0, "" },
		{ "1795000000 " T1 " ", ERR_PARSE, NULL },
		{ "1795000000 " T1, ERR_PARSE, NULL },
		{ "1795000000 " T1 " 2.0.0", ERR_PARSE, NULL },
		{ "1795000000 " T1 " 5.1.1 x", ERR_PARSE, NULL },
		{ "1795000000 0123 5.1.1", ERR_PARSE, NULL },
		{ "1795000000  " T1 " 5.1.1", ERR_PARSE, NULL },
		{ "-1 " T1 " 5.1.1", ERR_PARSE, NULL },
		{ "99999999999999999999 " T1 " 5.1.1", ERR_PARSE, NULL },
		{ T1 " 5.1.1", ERR_PARSE, NULL },
		{ "17", ERR_PARSE, NULL },
		{ "", ERR_PARSE, NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *line = table[i].line;
		struct bounce b;

		UNIT_INT(line, bounce_parse(view_of(line), &b), table[i].rc);
		if (table[i].rc == 0) {
			UNIT_INT(line, b.t, 1795000000);
			UNIT_STR(line, b.token, T1);
			UNIT_STR(line, b.dsn, table[i].dsn);
		}
	}
}

static void test_packet(void **state)
{
	static const struct {
		const char *token;
		const char *dsn;
		const char *want;
	} table[] = {
		{ T1, "5.1.1", "bounce " T1 " 5.1.1" },
		{ T1, "5.999.999", "bounce " T1 " 5.999.999" },
		{ T1, "", "bounce " T1 " -" },
		{ T1, "nonsense", "bounce " T1 " -" },
	};

	struct bounce b;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char packet[BOUNCE_PACKET];
		size_t len;

		assert_true(bounce_set(
		    &b, 5, view_of(table[i].token), view_of(table[i].dsn)));
		len = bounce_format_packet(&b, packet);
		UNIT_MEM(table[i].want, packet, len, table[i].want,
		    strlen(table[i].want));
		UNIT_INT(table[i].want,
		    bounce_parse_packet(view_make(packet, len), 7, &b), 0);
		UNIT_INT(table[i].want, b.t, 7);
	}
	UNIT_INT("another word", bounce_parse_packet(view_of("status"), 7, &b),
	    ERR_PARSE);
	UNIT_INT("empty", bounce_parse_packet(view_of(""), 7, &b), ERR_PARSE);
	UNIT_BOOL("no token", bounce_set(&b, 5, view_of("x"), view_of("5.1.1")),
	    false);
}

/* --- the file --- */

enum {
	RACE = 2000 /* lines */
};

struct site {
	char state[256];
	struct strbuf took; /* "TOKEN DSN" a line */
	int fails_at;       /* which take() fails; 0: none */
	int commit_rc;
	bool appends; /* take() appends one more */
};

static void put(const struct site *s, const char *token)
{
	struct bounce b;

	assert_true(bounce_set(&b, 5, view_of(token), view_of("5.1.1")));
	assert_int_equal(bounce_append(s->state, &b, BOUNCE_FILE_MAX), 0);
}

static int on_take(void *ctx, const struct bounce *b)
{
	struct site *s = ctx;

	if (s->fails_at > 0 && --s->fails_at == 0) {
		return -EIO;
	}
	if (s->appends) {
		s->appends = false;
		put(s, T2);
	}
	strbuf_addf(&s->took, "%s %s\n", b->token, b->dsn);
	return 0;
}

static int on_commit(void *ctx)
{
	struct site *s = ctx;

	strbuf_addf(&s->took, "commit\n");
	return s->commit_rc;
}

static void site_open(struct site *s)
{
	*s = (struct site){ .commit_rc = 0 };
	unit_tmpdir_make(s->state, sizeof(s->state));
	strbuf_init(&s->took, 1 << 20);
}

static void site_close(struct site *s)
{
	strbuf_release(&s->took);
	unit_tmpdir_remove(s->state);
}

static void take(
    struct site *s, const char *name, int want_rc, const char *want)
{
	const struct bounce_taker taker = { on_take, on_commit, s };
	uint64_t n_bad = 7;

	strbuf_clear(&s->took);
	UNIT_INT(name, bounce_take(s->state, &taker, &n_bad), want_rc);
	UNIT_STR(name, strbuf_str(&s->took), want);
	UNIT_UINT(name, n_bad, 0);
}

static void test_handing_over(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	take(&s, "no folder", 0, "");
	put(&s, T1);
	put(&s, T2);
	take(&s, "two", 0, T1 " 5.1.1\n" T2 " 5.1.1\ncommit\n");
	take(&s, "none", 0, "");
	put(&s, T1);
	s.appends = true;
	take(&s, "one more meanwhile", 0, T1 " 5.1.1\ncommit\n");
	take(&s, "that one", 0, T2 " 5.1.1\ncommit\n");
	site_close(&s);
}

/* A run that failed, or was killed, leaves all of it to the next. */
static void test_again(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	put(&s, T1);
	put(&s, T2);
	s.fails_at = 2;
	take(&s, "the second fails", -EIO, T1 " 5.1.1\n");
	put(&s, T1);
	s.commit_rc = -ENOSPC;
	take(&s, "no commit", -ENOSPC, T1 " 5.1.1\n" T2 " 5.1.1\ncommit\n");
	s.commit_rc = 0;
	take(&s, "all, and what came since", 0,
	    T1 " 5.1.1\n" T2 " 5.1.1\ncommit\n" T1 " 5.1.1\ncommit\n");
	take(&s, "none", 0, "");
	site_close(&s);
}

static void test_limits(void **state)
{
	char path[512];
	struct stat st;
	struct bounce b;
	struct site s;
	uint64_t n_bad;
	const struct bounce_taker taker = { on_take, on_commit, &s };
	FILE *f;

	(void)state;
	site_open(&s);
	assert_true(bounce_set(&b, 5, view_of(T1), view_of("5.1.1")));
	UNIT_INT("full", bounce_append(s.state, &b, 40), ERR_FULL);
	UNIT_INT("fits", bounce_append(s.state, &b, 41), 0);
	UNIT_INT("full again", bounce_append(s.state, &b, 81), ERR_FULL);
	(void)snprintf(path, sizeof(path), "%s/outbox/bounces", s.state);
	assert_int_equal(stat(path, &st), 0);
	UNIT_INT("size", st.st_size, 41);
	UNIT_UINT("mode", st.st_mode & 0137, 0);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_true(fputs("rubbish\n5 " T2, f) >= 0);
	assert_int_equal(fclose(f), 0);
	UNIT_INT("rubbish", bounce_take(s.state, &taker, &n_bad), 0);
	UNIT_UINT("lines of rubbish", n_bad, 2);
	UNIT_STR("the good one", strbuf_str(&s.took), T1 " 5.1.1\ncommit\n");
	assert_int_equal(symlink("/dev/null", path), 0);
	UNIT_INT("a link", bounce_append(s.state, &b, 99), -ELOOP);
	assert_int_equal(unlink(path), 0);
	site_close(&s);
}

static int on_count(void *ctx, const struct bounce *b)
{
	unsigned *seen = ctx;
	unsigned long n = strtoul(b->token, NULL, 16);

	assert_true(n < RACE);
	seen[n]++;
	return 0;
}

static int on_nothing(void *ctx)
{
	(void)ctx;
	return 0;
}

/* Each line once, whatever the writer and the reader do to each other. */
static void write_all(const char *state)
{
	for (unsigned i = 0; i < RACE; i++) {
		char token[ENVELOPE_TOKEN + 1];
		struct bounce b;
		int rc;

		(void)snprintf(token, sizeof(token), "%032x", i);
		(void)bounce_set(&b, 5, view_of(token), view_of("5.1.1"));
		do {
			rc = bounce_append(state, &b, BOUNCE_FILE_MAX);
		} while (rc == -EAGAIN);
		if (rc != 0) {
			break;
		}
	}
	(void)raise(SIGKILL); /* no leaks are looked for here */
}

static void test_race(void **state)
{
	unsigned *seen = xcalloc(RACE, sizeof(*seen));
	const struct bounce_taker taker = { on_count, on_nothing, seen };
	uint64_t n_bad;
	struct site s;
	int status;
	pid_t pid;

	(void)state;
	site_open(&s);
	pid = fork();
	if (pid == 0) {
		write_all(s.state);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		assert_int_equal(bounce_take(s.state, &taker, &n_bad), 0);
		UNIT_UINT("bad", n_bad, 0);
	}
	assert_int_equal(bounce_take(s.state, &taker, &n_bad), 0);
	for (unsigned i = 0; i < RACE; i++) {
		UNIT_UINT("times", seen[i], 1);
	}
	site_close(&s);
	free(seen);
}

static void test_socket(void **state)
{
	char out[24];

	(void)state;
	UNIT_STR("fits", bounce_socket("/run/telltls", out, sizeof(out)),
	    "/run/telltls/bounce");
	UNIT_STR("does not fit",
	    bounce_socket("/run/telltls/long", out, sizeof(out)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_handing_over),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_socket),
	};

	return UNIT_RUN(tests);
}
