/* SPDX-License-Identifier: BSD-2-Clause */
/* test_syslog_line.c - tests of common/syslog_line.c */

#include "config.h"

#include "common/err.h"
#include "common/syslog_line.h"
#include "common/when.h"
#include "tests/unit/unit.h"

#define STAMP "Nov 22 11:32:34"
#define ISO   "2026-11-22T11:32:34.565370+00:00"

static const struct {
	const char *name;
	const char *in;
	const char *host;
	const char *ident;
	uint32_t pid;
	const char *msg;
} good[] = {
	{ "traditional", STAMP " vm sm-mta[5358]: 6AM: to=<a@b.example>", "vm",
	    "sm-mta", 5358, "6AM: to=<a@b.example>" },
	{ "raw", "<22>" STAMP " sm-mta[5358]: msg", "", "sm-mta", 5358, "msg" },
	{ "priority of one digit", "<0>" STAMP " x[1]: y", "", "x", 1, "y" },
	{ "priority of three digits", "<191>" STAMP " vm x[1]: y", "vm", "x", 1,
	    "y" },
	{ "priority and host", "<22>" STAMP " vm x[1]: y", "vm", "x", 1, "y" },
	{ "no host", STAMP " sm-mta[5358]: msg", "", "sm-mta", 5358, "msg" },
	{ "no pid", STAMP " vm sm-mta: msg", "vm", "sm-mta", 0, "msg" },
	{ "no host, no pid", STAMP " sm-mta: msg", "", "sm-mta", 0, "msg" },
	{ "ISO", ISO " vm sm-mta[5358]: msg", "vm", "sm-mta", 5358, "msg" },
	{ "ISO, Z", "2026-11-22T11:32:34Z vm sm-mta[5358]: msg", "vm", "sm-mta",
	    5358, "msg" },
	{ "ISO, no host", ISO " sm-mta[5358]: msg", "", "sm-mta", 5358, "msg" },
	{ "ISO, priority", "<22>" ISO " vm x[1]: y", "vm", "x", 1, "y" },
	{ "slash", STAMP " vm postfix/smtp[77]: ABC: to=<a@b>", "vm",
	    "postfix/smtp", 77, "ABC: to=<a@b>" },
	{ "two slashes", STAMP " vm postfix/submission/smtpd[77]: x", "vm",
	    "postfix/submission/smtpd", 77, "x" },
	{ "hyphen, digits", STAMP " vm exim4-x.2_y[77]: x", "vm", "exim4-x.2_y",
	    77, "x" },
	{ "host name with dots", STAMP " mx.example.org x[1]: y",
	    "mx.example.org", "x", 1, "y" },
	{ "IPv6 host", STAMP " 2001:db8::1 x[1]: y", "2001:db8::1", "x", 1,
	    "y" },
	{ "no msg", STAMP " vm x[1]: ", "vm", "x", 1, "" },
	{ "no msg, no blank", STAMP " vm x[1]:", "vm", "x", 1, "" },
	{ "no host, no msg", STAMP " x:", "", "x", 0, "" },
	{ "blanks in msg", STAMP " vm x[1]:  a  b ", "vm", "x", 1, " a  b " },
	{ "colons in msg", STAMP " vm x[1]: a: b[2]: c", "vm", "x", 1,
	    "a: b[2]: c" },
	{ "8 bits in msg", STAMP " vm x[1]: \xc3\xbc\x01\xff", "vm", "x", 1,
	    "\xc3\xbc\x01\xff" },
	{ "highest pid", STAMP " vm x[4294967295]: y", "vm", "x", 4294967295,
	    "y" },
	{ "pid 0", STAMP " vm x[0]: y", "vm", "x", 0, "y" },
};

/* The view, and lies it inside the line (or is it empty)? */
static void check_view(const char *name, struct view got, const char *want,
    const char *line, size_t len)
{
	UNIT_MEM(name, got.s, got.len, want, strlen(want));
	if (got.len > 0) {
		UNIT_TRUE(name, got.s >= line && got.s + got.len <= line + len);
	}
}

static void test_good(void **state)
{
	int64_t until = when_utc(2026, 11, 23, 0, 0, 0);

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(good); i++) {
		/* of the exact size, for the sanitizer */
		size_t len = strlen(good[i].in);
		char *line = malloc(len);
		struct syslog_line out;

		assert_non_null(line);
		memcpy(line, good[i].in, len);
		memset(&out, 0xaa, sizeof(out));
		UNIT_INT(good[i].name,
		    syslog_line_parse(view_make(line, len), until, &out), 0);
		UNIT_INT(
		    good[i].name, out.t, when_utc(2026, 11, 22, 11, 32, 34));
		check_view(good[i].name, out.host, good[i].host, line, len);
		check_view(good[i].name, out.ident, good[i].ident, line, len);
		UNIT_UINT(good[i].name, out.pid, good[i].pid);
		check_view(good[i].name, out.msg, good[i].msg, line, len);
		free(line);
	}
}

#define V(literal) view_make((literal), sizeof(literal) - 1)

static void test_bad(void **state)
{
	const struct {
		const char *name;
		struct view in;
	} table[] = {
		{ "empty", V("") },
		{ "no buffer", view_of(NULL) },
		{ "blank", V(" ") },
		{ "only a stamp", V(STAMP) },
		{ "only a stamp and a blank", V(STAMP " ") },
		{ "only an ISO stamp", V(ISO) },
		{ "only a priority", V("<22>") },
		{ "no stamp", V("vm sm-mta[5358]: msg") },
		{ "stamp without a zone", V("2026-11-22T11:32:34 vm x[1]: y") },
		{ "no blank behind the stamp", V(STAMP "x[1]: y") },
		{ "tab behind the stamp", V(STAMP "\tvm x[1]: y") },
		{ "two blanks behind the stamp", V(STAMP "  x[1]: y") },
		{ "blank before the stamp", V(" " STAMP " vm x[1]: y") },
		{ "no colon", V(STAMP " vm x[1] y") },
		{ "no colon, no pid", V(STAMP " vm x y") },
		{ "no colon, host only", V(STAMP " vm") },
		{ "repeated", V(STAMP " vm last message repeated 2 times") },
		{ "late colon", V(STAMP " a b x[1]: y") },
		{ "two blanks behind the host", V(STAMP " vm  x[1]: y") },
		{ "only a colon", V(STAMP " vm : y") },
		{ "only a colon, no host", V(STAMP " : y") },
		{ "only a pid", V(STAMP " vm [1]: y") },
		{ "pid 2^32", V(STAMP " vm x[4294967296]: y") },
		{ "pid too long",
		    V(STAMP " vm x[99999999999999999999999]: y") },
		{ "negative pid", V(STAMP " vm x[-1]: y") },
		{ "blank in the pid", V(STAMP " vm x[ 1]: y") },
		{ "letters as pid", V(STAMP " vm x[abc]: y") },
		{ "empty pid", V(STAMP " vm x[]: y") },
		{ "open bracket", V(STAMP " vm x[1: y") },
		{ "open bracket, two digits", V(STAMP " vm x[12: y") },
		{ "open bracket at the end", V(STAMP " vm x[: y") },
		{ "behind the bracket", V(STAMP " vm x[1]z: y") },
		{ "two pids", V(STAMP " vm x[1][2]: y") },
		{ "NUL in the pid", V(STAMP " vm x[1\0]: y") },
		{ "no priority", V("<>" STAMP " vm x[1]: y") },
		{ "long priority", V("<1234>" STAMP " vm x[1]: y") },
		{ "two priorities", V("<22><22>" STAMP " vm x[1]: y") },
		{ "open priority", V("<22 " STAMP " vm x[1]: y") },
		{ "RFC 5424", V("<22>1 2026-11-22T11:32:34Z vm x 1 - - y") },
		{ "gzip", V("\x1f\x8b\x08\0\0\0\0\0\0\xff") },
		{ "NUL bytes", V("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct syslog_line out;

		UNIT_INT(table[i].name,
		    syslog_line_parse(
			table[i].in, when_utc(2026, 11, 23, 0, 0, 0), &out),
		    ERR_PARSE);
	}
}

/* A line is bytes: NUL is none of its ends. */
static void test_nul(void **state)
{
	struct view line = V(STAMP " vm x[1]: a\0b");
	struct syslog_line out;

	(void)state;
	UNIT_INT("NUL", syslog_line_parse(line, 1795392000, &out), 0);
	UNIT_MEM("msg", out.msg.s, out.msg.len, "a\0b", 3);
}

/* The year comes from until. */
static void test_times(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *until;
		const char *want;
	} table[] = {
		{ "day padded with a blank", "Nov  2 11:32:34 vm x[1]: y",
		    "2026-11-23", "2026-11-02T11:32:34Z" },
		{ "day padded with a zero", "Nov 02 11:32:34 vm x[1]: y",
		    "2026-11-23", "2026-11-02T11:32:34Z" },
		{ "end of the year, read in it", "Dec 31 23:59:59 vm x[1]: y",
		    "2026-12-31", "2026-12-31T23:59:59Z" },
		{ "end of the year, read in the next",
		    "Dec 31 23:59:59 vm x[1]: y", "2027-01-01",
		    "2026-12-31T23:59:59Z" },
		{ "ISO", "2020-12-31T23:59:59Z vm x[1]: y", "2027-01-01",
		    "2020-12-31T23:59:59Z" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char text[WHEN_RFC3339_BUF];
		struct syslog_line out;
		int64_t until = 0;

		UNIT_INT(table[i].name,
		    when_parse_date(view_of(table[i].until), &until), 0);
		UNIT_INT(table[i].name,
		    syslog_line_parse(view_of(table[i].in), until, &out), 0);
		UNIT_STR(
		    table[i].name, when_rfc3339(out.t, text), table[i].want);
	}
}

/* Every beginning of a line, in a buffer of its size: none is read over. */
static void test_cut(void **state)
{
	static const char *const lines[] = {
		"<22>" STAMP " vm postfix/smtp[4294967295]: a: b",
		"<22>" ISO " vm x[1]: a",
		STAMP " x: a",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(lines); i++) {
		size_t tag_end = (size_t)(strstr(lines[i], ": ") - lines[i]);

		for (size_t len = 0; len <= strlen(lines[i]); len++) {
			char *line = malloc(len > 0 ? len : 1);
			struct syslog_line out;

			assert_non_null(line);
			memcpy(line, lines[i], len);
			UNIT_INT(lines[i],
			    syslog_line_parse(
				view_make(line, len), 1795392000, &out),
			    len > tag_end ? 0 : ERR_PARSE);
			free(line);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_cut),
	};

	return UNIT_RUN(tests);
}
