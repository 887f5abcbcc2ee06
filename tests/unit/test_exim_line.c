/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_line.c - tests common/exim_line.c */

#include "config.h"

#include "common/err.h"
#include "common/exim_line.h"
#include "common/strbuf.h"
#include "common/when.h"
#include "tests/unit/unit.h"

#define ID     "1vMAAA-000001-AA"
#define ID_NEW "1vMAAA-00000000001-AAAA"

enum {
	NOON = 12 * 3600
};

/* Of a whole line: time of the day, program, what follows; the zone is UTC. */
static void test_take_apart(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		int rc;
		int64_t t; /* seconds of 2026-11-22 */
		const char *ident;
		const char *msg;
	} table[] = {
		{ "file", "2026-11-22 12:00:00 " ID " => x", 0, NOON, "",
		    ID " => x" },
		{ "milliseconds", "2026-11-22 12:00:00.987 " ID " x", 0, NOON,
		    "", ID " x" },
		{ "zone", "2026-11-22 12:00:00 +0530 " ID " x", 0, NOON - 19800,
		    "", ID " x" },
		{ "zone to the west", "2026-11-22 12:00:00.1 -0100 x", 0,
		    NOON + 3600, "", "x" },
		{ "pid", "2026-11-22 12:00:00 [123] " ID " x", 0, NOON, "",
		    "[123] " ID " x" },
		{ "nothing behind the stamp", "2026-11-22 12:00:00 ", 0, NOON,
		    "", "" },
		{ "syslog", "Nov 22 12:00:00 vm exim[123]: " ID " x", 0, NOON,
		    "exim", ID " x" },
		{ "syslog, ISO",
		    "2026-11-22T12:00:00.1+01:00 vm exim[123]: 2026-11-22 "
		    "12:00:00 " ID " x",
		    0, NOON - 3600, "exim", "2026-11-22 12:00:00 " ID " x" },
		{ "stamp alone", "2026-11-22 12:00:00", ERR_PARTIAL, 0, "",
		    "2026-11-22 12:00:00" },
		{ "text behind the stamp", "2026-11-22 12:00:00x", ERR_PARTIAL,
		    0, "", "2026-11-22 12:00:00x" },
		{ "no date", "2026-02-30 12:00:00 x", ERR_PARTIAL, 0, "",
		    "2026-02-30 12:00:00 x" },
		{ "what a line goes on with", "  Envelope-from: <s@s>",
		    ERR_PARTIAL, 0, "", "  Envelope-from: <s@s>" },
		{ "empty", "", ERR_PARTIAL, 0, "", "" },
	};

	int64_t day = when_utc(2026, 11, 22, 0, 0, 0);

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct syslog_line l;

		UNIT_INT(table[i].name,
		    exim_line_take_apart(
			view_of(table[i].in), day + WHEN_DAY_S, &l),
		    table[i].rc);
		UNIT_INT(
		    table[i].name, l.t, table[i].t == 0 ? 0 : day + table[i].t);
		UNIT_MEM(table[i].name, l.ident.s, l.ident.len, table[i].ident,
		    strlen(table[i].ident));
		UNIT_MEM(table[i].name, l.msg.s, l.msg.len, table[i].msg,
		    strlen(table[i].msg));
	}
}

/* The head of an entry, from a file (no program) or from syslog. */
/* NOLINTNEXTLINE(readability-function-size): most of it is a table */
static void test_parse(void **state)
{
	static const struct {
		const char *name;
		const char *ident;
		const char *in;
		const char *want;
	} table[] = {
		{ "file", "", ID " => x", "file id=" ID " text=\"=> x\"" },
		{ "new id", "", ID_NEW " => x",
		    "file id=" ID_NEW " text=\"=> x\"" },
		{ "pid", "", "[12] " ID " => x",
		    "file id=" ID " text=\"=> x\"" },
		{ "no id", "", "exim 4.96 daemon started",
		    "file id= text=\"exim 4.96 daemon started\"" },
		{ "pid, no id", "", "[12] no host name found",
		    "file id= text=\"no host name found\"" },
		{ "id alone", "", ID, "file id= text=\"" ID "\"" },
		{ "address", "", "[192.0.2.1] SSL verify error: x",
		    "file id= text=\"[192.0.2.1] SSL verify error: x\"" },
		{ "id, address", "", ID " [192.0.2.1] SSL",
		    "file id=" ID " text=\"[192.0.2.1] SSL\"" },
		{ "pid, id, address", "", "[1] " ID " [192.0.2.1] SSL",
		    "file id=" ID " text=\"[192.0.2.1] SSL\"" },
		{ "almost an id", "", "1vMAAA-00001-AA => x",
		    "file id= text=\"1vMAAA-00001-AA => x\"" },
		{ "part of a file is none", "", "[1/2] " ID " x",
		    "file id= text=\"[1/2] " ID " x\"" },
		{ "stamp in a file", "", "2026-11-22 12:00:00 " ID " x",
		    "file id= text=\"2026-11-22 12:00:00 " ID " x\"" },
		{ "empty", "", "", "file id= text=\"\"" },
		{ "syslog", "exim", ID " => x", "id=" ID " text=\"=> x\"" },
		{ "syslog, stamp", "exim", "2026-11-22 12:00:00 " ID " => x",
		    "id=" ID " text=\"=> x\"" },
		{ "syslog, stamp, pid", "exim",
		    "2026-11-22 12:00:00.123 +0100 [9] " ID " => x",
		    "id=" ID " text=\"=> x\"" },
		{ "syslog, pid", "exim", "[9] " ID " => x",
		    "id=" ID " text=\"=> x\"" },
		{ "first part", "exim", "[1/3] " ID " TLSRPT1 x",
		    "part=1/3 id=" ID " text=\"TLSRPT1 x\"" },
		{ "first part, stamp, pid", "exim",
		    "[1/12] 2026-11-22 12:00:00 [9] " ID " TLSRPT1 x",
		    "part=1/12 id=" ID " text=\"TLSRPT1 x\"" },
		{ "next part", "exim", "[2/3] rest of it",
		    "part=2/3 id= text=\"rest of it\"" },
		{ "next part, whatever it looks like", "exim",
		    "[2/3] 2026-11-22 12:00:00 " ID " x",
		    "part=2/3 id= text=\"2026-11-22 12:00:00 " ID " x\"" },
		{ "cut at a line end", "exim", "[1\\3] " ID " <= \"a",
		    "part=1/3 newline id=" ID " text=\"<= \"a\"" },
		{ "no part: zero", "exim", "[0/3] x", "id= text=\"[0/3] x\"" },
		{ "no part: behind the last", "exim", "[4/3] x",
		    "id= text=\"[4/3] x\"" },
		{ "no part: no number", "exim", "[/3] x",
		    "id= text=\"[/3] x\"" },
		{ "no part: no blank", "exim", "[1/3]x",
		    "id= text=\"[1/3]x\"" },
		{ "no part: cut", "exim", "[1/", "id= text=\"[1/\"" },
	};
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 1 << 12);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const struct syslog_line line = { .ident =
						      view_of(table[i].ident),
			.msg = view_of(table[i].in) };
		struct exim_line l;

		exim_line_parse(&line, &l);
		strbuf_clear(&got);
		strbuf_adds(&got, l.is_file ? "file " : "");
		if (l.part > 0) {
			strbuf_addf(&got, "part=%u/%u ", l.part, l.parts);
		}
		strbuf_adds(&got, l.is_newline ? "newline " : "");
		strbuf_addf(&got, "id=%.*s text=\"%.*s\"", (int)l.id.len,
		    l.id.len > 0 ? l.id.s : "", (int)l.text.len,
		    l.text.len > 0 ? l.text.s : "");
		UNIT_STR(table[i].name, strbuf_str(&got), table[i].want);
	}
	strbuf_release(&got);
}

static void test_id(void **state)
{
	static const struct {
		const char *in;
		bool want;
	} table[] = {
		{ ID, true },
		{ ID_NEW, true },
		{ "zZ09aA-zZ09aA-zZ", true },
		{ "", false },
		{ "1vMAAA-000001", false },
		{ "1vMAAA-000001-A", false },
		{ "1vMAAA-000001-AAA", false },
		{ "1vMAAA-000001-AAAA", false },
		{ "1vMAAA-00000000001-AA", false },
		{ "1vMAAA_000001_AA", false },
		{ "1vMAAA-00000-1AA", false },
		{ "1vMAA.-000001-AA", false },
		{ "1vMAA\xc3-000001-AA", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].in, exim_line_is_id(view_of(table[i].in)),
		    table[i].want);
	}
}

/* Where a stranger's line end may stand: what follows is his. */
static void test_quote(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		enum exim_quote want;
	} table[] = {
		{ "usual sender", "<= s@s.example U=u P=local",
		    EXIM_QUOTE_NONE },
		{ "quoted sender", "<= \"a b\"@s.example U=u",
		    EXIM_QUOTE_NONE },
		{ "quoted, cut", "<= \"a", EXIM_QUOTE_STRING },
		{ "quoted, cut behind the quote", "<= \"", EXIM_QUOTE_STRING },
		{ "quoted, an escaped quote", "<= \"a\\\"", EXIM_QUOTE_STRING },
		{ "quoted, an escaped backslash", "<= \"a\\\\\"@s U=u",
		    EXIM_QUOTE_NONE },
		{ "quoted, cut behind an escape", "<= \"a\\",
		    EXIM_QUOTE_STRING },
		{ "quoted later in it", "<= a.\"b", EXIM_QUOTE_STRING },
		{ "quoted, then another quote", "<= \"a\".\"b",
		    EXIM_QUOTE_STRING },
		{ "cut behind an escape", "<= a.b\\", EXIM_QUOTE_ESCAPE },
		{ "an escaped blank", "<= a\\ \"b", EXIM_QUOTE_STRING },
		{ "an escaped backslash", "<= a\\\\", EXIM_QUOTE_NONE },
		{ "quote behind the domain", "<= s@s.example\"",
		    EXIM_QUOTE_NONE },
		{ "null sender", "<= <> R=x U=u", EXIM_QUOTE_NONE },
		{ "subject behind it", "<= s@s.example U=u T=\"x",
		    EXIM_QUOTE_NONE },
		{ "with another answer", "(= \"a", EXIM_QUOTE_STRING },
		{ "rejected", "F=<\"a", EXIM_QUOTE_STRING },
		{ "rejected, closed", "F=<\"a\"@s> rejected: \"x",
		    EXIM_QUOTE_NONE },
		{ "rejected, long form", "rejected from <\"a",
		    EXIM_QUOTE_STRING },
		{ "rewritten", "\"\"a", EXIM_QUOTE_STRING },
		{ "rewritten, a usual one", "\"s@s.example\" from f",
		    EXIM_QUOTE_NONE },
		{ "other entries do not", "=> \"a", EXIM_QUOTE_NONE },
		{ "record", "TLSRPT1 ev=\"", EXIM_QUOTE_NONE },
		{ "nothing", "", EXIM_QUOTE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name, exim_line_quote(view_of(table[i].in)),
		    table[i].want);
	}
}

/* The lines behind it. */
static void test_quote_next(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		enum exim_quote before;
		enum exim_quote want;
	} table[] = {
		{ "it ends", "b\"@s U=u", EXIM_QUOTE_STRING, EXIM_QUOTE_NONE },
		{ "it goes on", "b c>@", EXIM_QUOTE_STRING, EXIM_QUOTE_STRING },
		{ "empty line", "", EXIM_QUOTE_STRING, EXIM_QUOTE_STRING },
		{ "an escaped quote", "a \\\" b", EXIM_QUOTE_STRING,
		    EXIM_QUOTE_STRING },
		{ "another begins", "b\".\"c", EXIM_QUOTE_STRING,
		    EXIM_QUOTE_STRING },
		{ "text behind the address", "b\"@s T=\"x", EXIM_QUOTE_STRING,
		    EXIM_QUOTE_NONE },
		{ "text behind a rewritten one", "b\"@s\" from",
		    EXIM_QUOTE_STRING, EXIM_QUOTE_NONE },
		{ "an escape in between", "b\".c\\", EXIM_QUOTE_STRING,
		    EXIM_QUOTE_ESCAPE },
		{ "behind an escape, it ends", "b@s", EXIM_QUOTE_ESCAPE,
		    EXIM_QUOTE_NONE },
		{ "behind an escape, a quote", "b.\"c", EXIM_QUOTE_ESCAPE,
		    EXIM_QUOTE_STRING },
		{ "behind an escape, another", "b\\", EXIM_QUOTE_ESCAPE,
		    EXIM_QUOTE_ESCAPE },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name,
		    exim_line_quote_next(view_of(table[i].in), table[i].before),
		    table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take_apart),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_quote_next),
	};

	return UNIT_RUN(tests);
}
