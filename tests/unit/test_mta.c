/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mta.c - tests of common/mta.c, with an MTA that counts its calls */

#include "config.h"

#include "common/err.h"
#include "common/mem.h"
#include "common/mta_type.h"
#include "tests/unit/unit.h"

/* The state of the MTA of these tests. */
struct counting {
	struct mta mta;
	unsigned n_lines;
	uint64_t pos; /* of the last line */
	int rc;       /* what line() and flush() return */
	unsigned n_flushes;
};

static unsigned n_destroyed;

static struct mta *create(void)
{
	struct counting *c = xcalloc(1, sizeof(*c));

	return &c->mta;
}

static struct counting *counting_of(struct mta *m)
{
	/* it is the first member */
	return (struct counting *)m;
}

static void destroy(struct mta *m)
{
	n_destroyed++;
	free(counting_of(m));
}

static int line(struct mta *m, uint64_t pos, const struct syslog_line *l)
{
	struct counting *c = counting_of(m);

	(void)l;
	c->n_lines++;
	c->pos = pos;
	return c->rc;
}

static int flush(struct mta *m)
{
	counting_of(m)->n_flushes++;
	return counting_of(m)->rc;
}

static uint64_t oldest(const struct mta *m)
{
	(void)m;
	return 4711;
}

static unsigned open_sessions(const struct mta *m)
{
	(void)m;
	return 3;
}

static const char *const default_idents[] = { "one", "two-*", NULL };

static const struct mta_type counting_type = { .name = "counting",
	.idents = default_idents,
	.create = create,
	.destroy = destroy,
	.line = line,
	.flush = flush,
	.oldest = oldest,
	.open_sessions = open_sessions };

static void test_find(void **state)
{
	const char *const *names = mta_names();

	(void)state;
	UNIT_STR("first", names[0], "sendmail");
	for (; *names != NULL; names++) {
		const struct mta_type *type = mta_find(*names);

		assert_non_null(type);
		UNIT_STR(*names, mta_name(type), *names);
	}
	UNIT_TRUE("empty", mta_find("") == NULL);
	UNIT_TRUE("capital", mta_find("Sendmail") == NULL);
	UNIT_TRUE("shorter", mta_find("sendmai") == NULL);
	UNIT_TRUE("longer", mta_find("sendmail8") == NULL);
	UNIT_TRUE("none", mta_find("qmail") == NULL);
}

/* Does a feed of these idents take a line of this program? */
static bool takes(const char *const *idents, const char *ident)
{
	const struct mta_options o = { .idents = idents };
	const struct syslog_line l = { .ident = view_of(ident) };
	struct mta *m = mta_new(&counting_type, &o);
	unsigned n;

	assert_int_equal(mta_line(m, 5, &l), 0);
	n = counting_of(m)->n_lines;
	mta_free(m);
	/* an ident that two patterns match is read once */
	assert_true(n <= 1);
	return n == 1;
}

static void test_idents(void **state)
{
	static const char *const exact[] = { "sm-mta", NULL };
	static const char *const star[] = { "sm-mta-*", NULL };
	static const char *const both[] = { "sm-mta", "sm-mta*", "sm-*", NULL };
	static const char *const any[] = { "*", NULL };
	static const char *const inner[] = { "sm*mta", "**", NULL };
	static const char *const none[] = { NULL };

	static const struct {
		const char *name;
		const char *const *patterns;
		const char *ident;
		bool want;
	} table[] = {
		{ "same", exact, "sm-mta", true },
		{ "longer", exact, "sm-mta-queue", false },
		{ "shorter", exact, "sm-mt", false },
		{ "capitals", exact, "SM-MTA", false },
		{ "no ident", exact, "", false },
		{ "star", star, "sm-mta-queue", true },
		{ "star for nothing", star, "sm-mta-", true },
		{ "star, shorter", star, "sm-mta", false },
		{ "star, another", star, "sm-msp-queue", false },
		{ "star, not at the front", star, "x-sm-mta-queue", false },
		{ "star, a star", star, "sm-mta-*", true },
		{ "three that match", both, "sm-mta", true },
		{ "the last", both, "sm-que", true },
		{ "none of three", both, "sendmail", false },
		{ "any", any, "x", true },
		{ "any, slash", any, "postfix/smtp", true },
		{ "a star inside is a star", inner, "sm*mta", true },
		{ "a star inside is no pattern", inner, "sm-mta", false },
		{ "two stars", inner, "*x", true },
		{ "no pattern", none, "x", false },
		{ "default", NULL, "one", true },
		{ "default with a star", NULL, "two-x", true },
		{ "not of the default", NULL, "three", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].name,
		    takes(table[i].patterns, table[i].ident), table[i].want);
	}
}

static int no_session(void *ctx, int64_t t, const struct fact *fact)
{
	(void)ctx;
	(void)t;
	(void)fact;
	return 0;
}

/* All calls reach the MTA, and what it returns is handed on. */
static void test_calls(void **state)
{
	int ctx = 0;
	const struct mta_options o = { .sink = { .session = no_session,
					   .ctx = &ctx } };
	const struct syslog_line l = { .ident = view_of("one") };
	struct mta *m = mta_new(&counting_type, &o);
	struct counting *c = counting_of(m);

	(void)state;
	UNIT_TRUE("type", m->type == &counting_type);
	UNIT_TRUE("sink", m->o.sink.session == no_session);
	UNIT_TRUE("sink's context", m->o.sink.ctx == &ctx);
	c->rc = -42;
	UNIT_INT("line", mta_line(m, UINT64_MAX, &l), -42);
	UNIT_UINT("position", c->pos, UINT64_MAX);
	UNIT_INT("flush", mta_flush(m), -42);
	UNIT_UINT("flushes", c->n_flushes, 1);
	UNIT_UINT("oldest", mta_oldest(m), 4711);
	UNIT_UINT("open sessions", mta_open_sessions(m), 3);
	n_destroyed = 0;
	mta_free(m);
	UNIT_UINT("destroyed", n_destroyed, 1);
	mta_free(NULL);
	UNIT_UINT("NULL", n_destroyed, 1);
}

#define V(literal) view_make((literal), sizeof(literal) - 1)

static void test_own_sender(void **state)
{
	static const char *const own[] = { "rpt@example.org",
		"Tls.Reports@Mail.Example.net", NULL };

	const struct {
		const char *name;
		struct view in;
		bool want;
	} table[] = {
		{ "same", V("rpt@example.org"), true },
		{ "capitals", V("RPT@EXAMPLE.ORG"), true },
		{ "extension", V("rpt+abc@example.org"), true },
		{ "extension, capitals", V("RPT+abc@EXAMPLE.org"), true },
		{ "extension of all kinds", V("rpt+aZ09._=-z@example.org"),
		    true },
		{ "empty extension", V("rpt+@example.org"), true },
		{ "the second", V("tls.reports@mail.example.net"), true },
		{ "the second, extension",
		    V("TLS.REPORTS+2026-11-22@mail.example.net"), true },
		{ "caret and colon", V("rpt+a^r:b@example.org"), false },
		{ "caret", V("rpt+a^b@example.org"), true },
		{ "colon", V("rpt+a:b@example.org"), false },
		{ "two pluses", V("rpt+a+b@example.org"), true },
		{ "blank", V("rpt+a b@example.org"), false },
		{ "backslash", V("rpt+a\\b@example.org"), false },
		{ "quote", V("rpt+a\"b@example.org"), false },
		{ "slash", V("rpt+a/b@example.org"), true },
		{ "star", V("rpt+*@example.org"), true },
		{ "8 bits", V("rpt+\xe4@example.org"), false },
		{ "NUL", V("rpt+a\0b@example.org"), false },
		{ "beside the classes", V("rpt+@[`{@example.org"), false },
		{ "two ats", V("rpt+a@b@example.org"), false },
		{ "two ats, no plus", V("rpt@x@example.org"), false },
		{ "longer local part", V("xrpt@example.org"), false },
		{ "longer behind", V("rptx@example.org"), false },
		{ "longer behind, plus", V("rptx+a@example.org"), false },
		{ "hyphen", V("rpt-a@example.org"), false },
		{ "the delimiter", V("rpt=a@example.org"), true },
		{ "the delimiter twice", V("rpt=a=b@example.org"), true },
		{ "the delimiter, quoted", V("\"rpt=a\"@EXAMPLE.org"), true },
		{ "the delimiter, of another", V("xrpt=a@example.org"), false },
		{ "the delimiter, two ats", V("rpt=a@b@example.org"), false },
		{ "shorter", V("rp@example.org"), false },
		{ "quoted", V("\"rpt\"@example.org"), true },
		{ "half quoted", V("\"rpt@example.org"), false },
		{ "only a quote", V("\"@example.org"), false },
		{ "brackets", V("<rpt@example.org>"), false },
		{ "another domain", V("rpt@example.com"), false },
		{ "longer domain", V("rpt@example.org.example.com"), false },
		{ "shorter domain", V("rpt@example.or"), false },
		{ "subdomain", V("rpt@a.example.org"), false },
		{ "final dot", V("rpt@example.org."), false },
		{ "no local part", V("@example.org"), false },
		{ "only a plus", V("+@example.org"), false },
		{ "no domain", V("rpt@"), false },
		{ "no at", V("rpt"), false },
		{ "only the domain", V("example.org"), false },
		{ "local part and domain of two", V("rpt@mail.example.net"),
		    false },
		{ "NUL behind", V("rpt@example.org\0"), false },
		{ "empty", V(""), false },
		{ "no buffer", view_of(NULL), false },
	};
	const struct mta_options o = { .own_senders = own, .delimiter = '=' };
	struct mta *m = mta_new(&counting_type, &o);

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].name, mta_is_own_sender(m, table[i].in),
		    table[i].want);
	}
	mta_free(m);
}

/* Senders in the configuration that are odd, or none. */
static void test_no_own_sender(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const odd[] = { "", "@", "rpt", "@example.org",
		NULL };
	static const char *const *const lists[] = { NULL, none, odd };

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(lists); i++) {
		const struct mta_options o = { .own_senders = lists[i] };
		struct mta *m = mta_new(&counting_type, &o);

		UNIT_BOOL("address", mta_is_own_sender(m, V("rpt@example.org")),
		    false);
		UNIT_BOOL("no domain", mta_is_own_sender(m, V("rpt")), false);
		UNIT_BOOL("empty", mta_is_own_sender(m, V("")), false);
		mta_free(m);
	}
}

static int parse_own(struct view line, int64_t until, struct syslog_line *out)
{
	*out = (struct syslog_line){ .t = until, .msg = line };
	return view_starts(line, "+") ? ERR_PARTIAL : 0;
}

/* A type that takes its lines apart itself, and one that does not. */
static void test_parse(void **state)
{
	struct mta_type own = counting_type;
	static const char *const idents[] = { "one", NULL };
	const struct mta_options o = { .idents = idents };
	struct syslog_line l;
	struct mta *m;

	(void)state;
	own.parse = parse_own;
	UNIT_INT("own", mta_parse_line(&own, V("x"), 5, &l), 0);
	UNIT_INT("own, t", l.t, 5);
	UNIT_BOOL("own, an entry", l.is_continued, false);
	UNIT_INT(
	    "own, part", mta_parse_line(&own, V("+x"), 5, &l), ERR_PARTIAL);
	UNIT_BOOL("own, it goes on", l.is_continued, true);
	UNIT_INT("syslog, no stamp",
	    mta_parse_line(&counting_type, V("x"), 5, &l), ERR_PARSE);
	UNIT_INT("syslog",
	    mta_parse_line(
		&counting_type, V("2026-11-22T00:00:00Z h one[7]: x"), 5, &l),
	    0);
	UNIT_UINT("syslog, pid", l.pid, 7);

	/* lines that name no program are the MTA's own, whatever the idents;
	   and it sees those of others, to tell whether they are made up */
	m = mta_new(&own, &o);
	assert_int_equal(mta_parse_line(&own, V("x"), 5, &l), 0);
	assert_int_equal(mta_line(m, 5, &l), 0);
	UNIT_UINT("no program", counting_of(m)->n_lines, 1);
	l.ident = V("two");
	assert_int_equal(mta_line(m, 5, &l), 0);
	UNIT_UINT("another program", counting_of(m)->n_lines, 2);
	UNIT_BOOL("none of its programs", mta_is_ident(m, l.ident), false);
	mta_free(m);
}

static bool never(const struct mta *m)
{
	(void)m;
	return false;
}

/* Of a type that does not say, each line is the beginning of an entry. */
static void test_may_begin(void **state)
{
	struct mta_type own = counting_type;
	const struct mta_options o = { .own_senders = NULL };
	struct mta *m = mta_new(&counting_type, &o);

	(void)state;
	UNIT_BOOL("always", mta_may_begin(m), true);
	mta_free(m);
	own.may_begin = never;
	m = mta_new(&own, &o);
	UNIT_BOOL("as it says", mta_may_begin(m), false);
	mta_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_idents),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_may_begin),
		cmocka_unit_test(test_own_sender),
		cmocka_unit_test(test_no_own_sender),
	};

	return UNIT_RUN(tests);
}
