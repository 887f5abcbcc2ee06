/* SPDX-License-Identifier: BSD-2-Clause */
/* test_note.c - tests milter/note.c and milter/note_keep.c */

#include "config.h"

#include "common/err.h"
#include "milter/note.h"
#include "milter/note_keep.h"
#include "tests/unit/noted_kit.h"

#define Q "6AMBWYfV000001"

/* The head of a note: kinds, length of the id, domains; all else is 0. */
#define HEAD(kinds, qid, n) \
 "\x4e" kinds qid n "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define A \
 "\x09"   \
 "a.example"
#define B \
 "\x09"   \
 "b.example"

static char long_domain[DOMAIN_BUF];

/* Domain number i, as long as a domain can be. */
static struct view domain_of(unsigned i)
{
	memset(long_domain, 'a', DOMAIN_MAX);
	for (unsigned k = 60; k < DOMAIN_MAX; k += 61) {
		long_domain[k] = '.';
	}
	long_domain[0] = (char)('a' + i / 16 % 16);
	long_domain[1] = (char)('a' + i % 16);
	return view_of(long_domain);
}

static void check_equal(
    const char *name, const struct note *a, const struct note *b)
{
	UNIT_INT(name, a->t, b->t);
	UNIT_UINT(name, a->dropped, b->dropped);
	UNIT_UINT(name, a->n_more, b->n_more);
	UNIT_UINT(name, a->kinds, b->kinds);
	UNIT_STR(name, a->qid, b->qid);
	UNIT_UINT(name, a->n_domains, b->n_domains);
	for (unsigned i = 0; i < a->n_domains; i++) {
		UNIT_STR(name, a->domain[i], b->domain[i]);
	}
}

static void check_round(const char *name, const struct note *note)
{
	static char buf[NOTE_MAX];
	static struct note again;
	size_t len = note_format(note, buf);

	UNIT_TRUE(name, len <= NOTE_MAX);
	UNIT_INT(name, note_parse(buf, len, &again), 0);
	check_equal(name, &again, note);
	for (size_t cut = 0; cut < len; cut += cut < 300 ? 1 : 997) {
		UNIT_INT(name, note_parse(buf, cut, &again), ERR_PARSE);
	}
	if (len < NOTE_MAX) {
		buf[len] = '\0';
		UNIT_INT(name, note_parse(buf, len + 1, &again), ERR_PARSE);
	}
}

static void test_round(void **state)
{
	static struct note note;
	char qid[NOTE_QID];

	(void)state;
	note_init(&note);
	check_round("empty", &note);
	note.dropped = UINT64_MAX;
	check_round("report", &note);
	note.kinds = NOTED_KINDS;
	note.t = INT64_MAX;
	note_set_qid(&note, view_of(Q));
	note_add_domain(&note, view_of("a.example"));
	note_add_domain(&note, view_of("b.example"));
	check_round("two domains", &note);

	memset(qid, '~', sizeof(qid));
	note_set_qid(&note, view_make(qid, sizeof(qid)));
	note.n_domains = 0;
	for (unsigned i = 0; i < NOTE_DOMAINS; i++) {
		note_add_domain(&note, domain_of(i));
	}
	note.n_more = UINT32_MAX;
	check_round("as long as can be", &note);
}

static void test_domains(void **state)
{
	static struct note note;

	(void)state;
	note_init(&note);
	for (unsigned i = 0; i < NOTE_DOMAINS; i++) {
		note_add_domain(&note, domain_of(i));
		note_add_domain(&note, domain_of(i));
	}
	UNIT_UINT("each once", note.n_domains, NOTE_DOMAINS);
	UNIT_UINT("none too many", note.n_more, 0);
	note_add_domain(&note, domain_of(5));
	UNIT_UINT("known", note.n_more, 0);
	note_add_domain(&note, domain_of(NOTE_DOMAINS));
	note_add_domain(&note, domain_of(NOTE_DOMAINS));
	UNIT_UINT("too many", note.n_more, 2);
	note.n_more = UINT32_MAX;
	note_add_domain(&note, domain_of(NOTE_DOMAINS));
	UNIT_UINT("no overflow", note.n_more, UINT32_MAX);
	UNIT_UINT("none was added", note.n_domains, NOTE_DOMAINS);
}

static void test_qid(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		size_t len;
		const char *want;
	} table[] = {
		{ "Sendmail", Q, 14, Q },
		{ "Postfix", "4XyZ2k1Rzbz9sT", 14, "4XyZ2k1Rzbz9sT" },
		{ "empty", "", 0, "" },
		{ "blank", "a b", 3, "" },
		{ "line end", "a\n", 2, "" },
		{ "NUL", "a\0b", 3, "" },
		{ "8 bits", "a\xc3\xa9", 3, "" },
		{ "64 bytes",
		    "0123456789abcdef0123456789abcdef0123456789abcdef"
		    "0123456789abcdef",
		    64,
		    "0123456789abcdef0123456789abcdef0123456789abcdef"
		    "0123456789abcdef" },
		{ "65 bytes: a part of it is another id",
		    "0123456789abcdef0123456789abcdef0123456789abcdef"
		    "0123456789abcdefg",
		    65, "" },
	};
	static struct note note;

	(void)state;
	note_init(&note);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		note_set_qid(&note, view_of("x"));
		note_set_qid(&note, view_make(table[i].in, table[i].len));
		UNIT_STR(table[i].name, note.qid, table[i].want);
	}
}

static void test_hostile(void **state)
{
#define ROW(name, text, want)        \
 {                                   \
  name, text, sizeof(text) - 1, want \
 }

	static const struct {
		const char *name;
		const char *in;
		size_t len;
		int want;
	} table[] = {
		ROW("two domains", HEAD("\x03", "\x01", "\x02") "q" A B, 0),
		ROW("no mark", "\x4f" HEAD("", "\0", "\0"), ERR_PARSE),
		ROW("unknown kind", HEAD("\x04", "\0", "\0"), ERR_PARSE),
		ROW("a blank id", HEAD("\0", "\x01", "\0") " ", ERR_PARSE),
		ROW("no id", HEAD("\0", "\x01", "\0"), ERR_PARSE),
		ROW("a longer id",
		    HEAD("\0", "\x41", "\0") "0123456789abcdef0123456789abcdef"
					     "0123456789abcdef0123456789abcdef"
					     "g",
		    ERR_PARSE),
		ROW("a domain less", HEAD("\0", "\0", "\x02") A, ERR_PARSE),
		ROW("a domain more", HEAD("\0", "\0", "\x01") A B, ERR_PARSE),
		ROW("a domain twice", HEAD("\0", "\0", "\x02") A A, ERR_PARSE),
		ROW("an empty domain", HEAD("\0", "\0", "\x01") "\0",
		    ERR_PARSE),
		ROW("a domain in capitals",
		    HEAD("\0", "\0", "\x01") "\x09"
					     "A.EXAMPLE",
		    ERR_PARSE),
		ROW("a domain that is none",
		    HEAD("\0", "\0", "\x01") "\x04"
					     "a\n.b",
		    ERR_PARSE),
		ROW("more domains than there may be",
		    HEAD("\0", "\0", "\x65") A, ERR_PARSE),
		ROW("before 1970",
		    "\x4e\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\0",
		    ERR_PARSE),
		ROW("nothing", "", ERR_PARSE),
	};
	static struct note note;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name,
		    note_parse(table[i].in, table[i].len, &note),
		    table[i].want);
	}
#undef ROW
}

static void keep(struct noted *n, const struct note *note, int want)
{
	static char buf[NOTE_MAX];
	static struct note out;

	UNIT_INT("keep", note_keep(n, buf, note_format(note, buf), &out), want);
	check_equal("kept", &out, note);
}

static void test_keep(void **state)
{
	static struct note note;
	struct noted *n = open_notes(true);

	(void)state;
	note_init(&note);
	note.t = T0;
	note_set_qid(&note, view_of(Q));
	keep(n, &note, 0);
	UNIT_UINT("nothing special", noted_find(n, view_of(Q), T0), 0);
	note.kinds = NOTED_TLS_REQUIRED;
	note.dropped = 3;
	keep(n, &note, 0);
	UNIT_UINT("noted", noted_find(n, view_of(Q), T0), NOTED_TLS_REQUIRED);
	note.kinds = NOTED_KINDS;
	note.dropped = 0;
	note_set_qid(&note, view_of(""));
	keep(n, &note, 0);
	note_init(&note);
	note.dropped = 4;
	keep(n, &note, 0);
	UNIT_INT("bad", note_keep(n, "x", 1, &note), ERR_PARSE);

	UNIT_UINT("notes", noted_get(n, NOTED_NOTES), 3);
	UNIT_UINT("no", noted_get(n, NOTED_TLS_REQUIREDS), 2);
	UNIT_UINT("own", noted_get(n, NOTED_OWN_REPORTS), 1);
	UNIT_UINT("dropped", noted_get(n, NOTED_DROPPED), 7);
	UNIT_UINT("bad", noted_get(n, NOTED_BAD), 1);

	/* the id of a message that is gone is given to another one */
	note_init(&note);
	note.t = T0 + 60;
	note_set_qid(&note, view_of(Q));
	keep(n, &note, 0);
	UNIT_UINT("forgotten", noted_find(n, view_of(Q), T0 + 60), 0);
	noted_close(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_qid),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test_setup_teardown(test_keep, setup, teardown),
	};

	return UNIT_RUN(tests);
}
