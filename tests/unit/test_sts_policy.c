/* SPDX-License-Identifier: BSD-2-Clause */
/* test_sts_policy.c - each rule of RFC 8461 3.2 and 4.1 has a row */
#include "config.h"

#include "common/err.h"
#include "common/sts_policy.h"
#include "tests/unit/unit.h"

#define VERS   "version: STSv1\n"
#define MODE   "mode: enforce\n"
#define AGE    "max_age: 604800\n"
#define MX     "mx: mx.example.com\n"
#define ALL    VERS MODE MX AGE
#define NAME32 "a23456789012345678901234567890_2"
#define L63    "a23456789012345678901234567890123456789012345678901234567890123"

/* "mode max_age mx..." */
static const char *show(const struct sts_policy *p, char *buf, size_t size)
{
	int n = snprintf(
	    buf, size, "%s %u", sts_mode_word(p->mode), (unsigned)p->max_age);

	for (size_t i = 0; i < p->n_mx; i++) {
		assert_true(n > 0 && (size_t)n < size);
		n += snprintf(buf + n, size - (size_t)n, " %.*s",
		    (int)p->mx[i].len, p->mx[i].s);
	}
	return buf;
}

static const struct {
	const char *name;
	const char *in;
	const char *want; /* NULL: ERR_PARSE */
} table[] = {
	{ "RFC 8461's example",
	    "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\n"
	    "mx: *.example.net\r\nmx: backupmx.example.com\r\n"
	    "max_age: 604800\r\n",
	    "enforce 604800 mail.example.com *.example.net "
	    "backupmx.example.com" },
	{ "R220 LF", ALL, "enforce 604800 mx.example.com" },
	{ "R220 LF and CRLF mixed",
	    "version: STSv1\r\nmode: enforce\n" MX "max_age: 1\r\n",
	    "enforce 1 mx.example.com" },
	{ "R220 no end of the last line", VERS MODE MX "max_age: 1",
	    "enforce 1 mx.example.com" },
	{ "R220 no blank behind ':'",
	    "version:STSv1\nmode:enforce\nmx:mx.example.com\nmax_age:1",
	    "enforce 1 mx.example.com" },
	{ "R220 blanks and tabs behind ':' and at the end",
	    "version: \t STSv1 \t\nmode:\tenforce \nmx:  mx.example.com\t\n"
	    "max_age: 1 \t",
	    "enforce 1 mx.example.com" },
	{ "R220 blank before ':'", "version : STSv1\n" MODE MX AGE, NULL },
	{ "R220 blank first", " " ALL, NULL },
	{ "R220 empty lines at the end", ALL "\r\n\n \t\n",
	    "enforce 604800 mx.example.com" },
	{ "R220 empty line first", "\n" ALL, NULL },
	{ "R220 empty line in the middle", VERS "\n" MODE MX AGE, NULL },
	{ "R220 CR alone", "version: STSv1\rmode: enforce\r" MX AGE, NULL },
	{ "R220 two CR", "version: STSv1\r\r\n" MODE MX AGE, NULL },
	{ "byte order mark", "\xef\xbb\xbf" ALL, NULL },
	{ "R221 any order", AGE MX MODE VERS, "enforce 604800 mx.example.com" },
	{ "R221 testing", VERS "mode: testing\n" MX AGE,
	    "testing 604800 mx.example.com" },
	{ "R221 none", VERS "mode: none\n" MX AGE,
	    "none 604800 mx.example.com" },
	{ "R222 none without mx", VERS "mode: none\n" AGE, "none 604800" },
	{ "R222 enforce without mx", VERS MODE AGE, NULL },
	{ "R222 testing without mx", VERS "mode: testing\n" AGE, NULL },
	{ "R221 no version", MODE MX AGE, NULL },
	{ "R221 no mode", VERS MX AGE, NULL },
	{ "R221 no max_age", VERS MODE MX, NULL },
	{ "R221 version 2", "version: STSv2\n" MODE MX AGE, NULL },
	{ "R221 case of the version", "version: stsv1\n" MODE MX AGE, NULL },
	{ "R221 case of a key", "Version: STSv1\n" MODE MX AGE, NULL },
	{ "R221 case of the mode", VERS "mode: Enforce\n" MX AGE, NULL },
	{ "R221 no such mode", VERS "mode: report\n" MX AGE, NULL },
	{ "text behind the mode", VERS "mode: enforce x\n" MX AGE, NULL },
	{ "R221 max_age of 10 digits", VERS MODE MX "max_age: 0000000001\n",
	    "enforce 1 mx.example.com" },
	{ "R221 max_age of 11 digits", VERS MODE MX "max_age: 00000000001\n",
	    NULL },
	{ "R221 max_age in letters", VERS MODE MX "max_age: 1d\n", NULL },
	{ "R221 max_age with sign", VERS MODE MX "max_age: -1\n", NULL },
	{ "R223 max_age of a year", VERS MODE MX "max_age: 31557600\n",
	    "enforce 31557600 mx.example.com" },
	{ "R223 max_age of more", VERS MODE MX "max_age: 31557601\n",
	    "enforce 31557600 mx.example.com" },
	{ "R223 max_age of most", VERS MODE MX "max_age: 9999999999\n",
	    "enforce 31557600 mx.example.com" },
	{ "R226 max_age 0", VERS MODE MX "max_age: 0\n",
	    "enforce 0 mx.example.com" },
	{ "R224 mode twice", ALL "mode: none\n",
	    "enforce 604800 mx.example.com" },
	{ "R224 mode twice, no such one", ALL "mode: x\n",
	    "enforce 604800 mx.example.com" },
	{ "R224 wrong mode first", VERS "mode: x\n" MODE MX AGE, NULL },
	{ "R224 version twice", ALL "version: STSv2\n",
	    "enforce 604800 mx.example.com" },
	{ "R224 max_age twice", ALL "max_age: 1\n",
	    "enforce 604800 mx.example.com" },
	{ "R224 max_age twice, no number", ALL "max_age: x\n",
	    "enforce 604800 mx.example.com" },
	{ "R224 unknown fields", "x: y z\n" ALL "a.b-c_d: \xc3\xa4 1:2\n",
	    "enforce 604800 mx.example.com" },
	{ "R224 name of 32", ALL NAME32 ": x\n",
	    "enforce 604800 mx.example.com" },
	{ "R224 name of 33", ALL NAME32 "x: x\n", NULL },
	{ "R224 name begins with '_'", ALL "_x: x\n", NULL },
	{ "R224 no name", ALL ": x\n", NULL },
	{ "R224 no ':'", ALL "x\n", NULL },
	{ "R224 '=' for ':'", ALL "x=y\n", NULL },
	{ "R224 no value", ALL "x:\n", NULL },
	{ "R224 value of blanks", ALL "x: \t \n", NULL },
	{ "R224 value with a tab", ALL "x: y\tz\n", NULL },
	{ "R224 value with DEL", ALL "x: y\x7f\n", NULL },
	{ "R224 value that is no UTF-8", ALL "x: \xe4\n", NULL },
	{ "comment", "# policy\n" ALL, NULL },
	{ "R222 wildcard", VERS MODE "mx: *.example.com\n" AGE,
	    "enforce 604800 *.example.com" },
	{ "R222 upper case", VERS MODE "mx: MX.Example.COM\n" AGE,
	    "enforce 604800 mx.example.com" },
	{ "R222 final dot", VERS MODE "mx: mx.example.com.\n" AGE,
	    "enforce 604800 mx.example.com" },
	{ "R222 A-label", VERS MODE "mx: xn--bcher-kva.example\n" AGE,
	    "enforce 604800 xn--bcher-kva.example" },
	{ "R222 U-label",
	    VERS MODE "mx: b\xc3\xbc"
		      "cher.example\n" AGE,
	    NULL },
	{ "R222 label of 63", VERS MODE "mx: " L63 ".example\n" AGE,
	    "enforce 604800 " L63 ".example" },
	{ "R222 label of 64", VERS MODE "mx: " L63 "x.example\n" AGE, NULL },
	{ "R222 '*' alone", VERS MODE "mx: *\n" AGE, NULL },
	{ "R222 '*.' alone", VERS MODE "mx: *.\n" AGE, NULL },
	{ "R222 part of a label", VERS MODE "mx: mx*.example.com\n" AGE, NULL },
	{ "R222 '*' further on", VERS MODE "mx: a.*.example.com\n" AGE, NULL },
	{ "R222 two '*'", VERS MODE "mx: *.*.example.com\n" AGE, NULL },
	{ "R222 leading dot", VERS MODE "mx: .example.com\n" AGE, NULL },
	{ "R222 two names in a line",
	    VERS MODE "mx: a.example.com, b.example.com\n" AGE, NULL },
	{ "R222 address", VERS MODE "mx: 192.0.2.1\n" AGE, NULL },
	{ "R222 address literal", VERS MODE "mx: [192.0.2.1]\n" AGE, NULL },
	{ "R222 wrong mx in mode none", VERS "mode: none\nmx: *\n" AGE, NULL },
	{ "empty", "", NULL },
	{ "line ends only", "\r\n\r\n", NULL },
	{ "a page", "<!DOCTYPE html>\n<title>404 Not Found</title>\n", NULL },
};

static void test_table(void **state)
{
	struct arena *a = arena_new();
	char buf[512];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct sts_policy p;
		int rc = sts_policy_parse(view_of(table[i].in), a, &p);

		UNIT_INT(
		    table[i].name, rc, table[i].want != NULL ? 0 : ERR_PARSE);
		UNIT_STR(table[i].name, show(&p, buf, sizeof(buf)),
		    table[i].want != NULL ? table[i].want : "none 0");
		arena_reset(a);
	}
	arena_free(a);
}

static void test_nul(void **state)
{
	static const char text[] = ALL "x: a\0b\n";
	struct arena *a = arena_new();
	struct sts_policy p;

	(void)state;
	UNIT_INT("NUL",
	    sts_policy_parse(view_make(text, sizeof(text) - 1), a, &p),
	    ERR_PARSE);
	arena_free(a);
}

static void test_long(void **state)
{
	static char text[STS_POLICY_MAX + 1];
	static const char mx[] = "mx:a\n";
	static const char head[] =
	    "version:STSv1\nmode:testing\nmax_age:1\nxx:";
	struct arena *a = arena_new();
	struct sts_policy p;
	size_t n = sizeof(ALL) - 1;

	(void)state;
	memcpy(text, ALL, sizeof(ALL) - 1);
	memset(text + n, 'x', sizeof(text) - n);
	text[n + 1] = ':';
	UNIT_INT("longest",
	    sts_policy_parse(view_make(text, STS_POLICY_MAX), a, &p), 0);
	UNIT_INT("too long",
	    sts_policy_parse(view_make(text, STS_POLICY_MAX + 1), a, &p),
	    ERR_PARSE);
	for (n = 0; n + 5 <= STS_POLICY_MAX; n += 5) {
		memcpy(text + n, mx, sizeof(mx) - 1);
	}
	memcpy(text, head, sizeof(head) - 1);
	UNIT_INT("most of mx", sts_policy_parse(view_make(text, n), a, &p), 0);
	UNIT_UINT("their number", p.n_mx, n / 5 - 9);
	arena_free(a);
}

/* R230 */
static void test_allows(void **state)
{
	static const struct {
		const char *name;
		const char *mx;
		bool want;
	} rows[] = {
		{ "the name", "mx.example.com", true },
		{ "another", "mx2.example.com", false },
		{ "below the name", "a.mx.example.com", false },
		{ "above the name", "example.com", false },
		{ "wildcard", "mail.example.net", true },
		{ "wildcard's domain", "example.net", false },
		{ "two labels for a wildcard", "foo.bar.example.net", false },
		{ "ends alike", "mail.badexample.net", false },
		{ "text of the wildcard", "*.example.net", true },
		{ "one label", "localhost", true },
		{ "another label", "local", false },
		{ "a label for '*.com.invalid'", "x.com.invalid", true },
		{ "the whole of it", "com.invalid", false },
		{ "empty", "", false },
		{ "empty label", ".example.net", false },
	};

	struct arena *a = arena_new();
	struct sts_policy p;

	(void)state;
	UNIT_INT("policy",
	    sts_policy_parse(view_of(VERS MODE AGE MX "mx: *.Example.net.\n"
						      "mx: localhost\n"
						      "mx: *.com.invalid\n"),
		a, &p),
	    0);
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		UNIT_BOOL(rows[i].name,
		    sts_policy_allows(&p, view_of(rows[i].mx)), rows[i].want);
	}
	UNIT_INT("none",
	    sts_policy_parse(view_of(VERS "mode: none\n" AGE), a, &p), 0);
	UNIT_BOOL(
	    "none", sts_policy_allows(&p, view_of("mx.example.com")), false);
	arena_free(a);
}

/* R89, R90: as declared, in order, errors included. */
static void test_lines(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want; /* with '|' behind each line */
	} rows[] = {
		{ "policy", "version: STSv1\r\nmode:enforce \nmx: *.Ex.com",
		    "version: STSv1|mode:enforce |mx: *.Ex.com|" },
		{ "empty", "", "" },
		{ "one line end", "\n", "|" },
		{ "empty lines", "a\n\n\r\nb\n", "a|||b|" },
		{ "CR inside", "a\rb\r\r\nc\r", "a\rb\r|c\r|" },
		{ "no UTF-8", "x\xe4y\n", "x\xef\xbf\xbdy|" },
		{ "an error", "Mode = enforce\n<html>",
		    "Mode = enforce|<html>|" },
	};

	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		const struct view *lines;
		size_t n = sts_policy_lines(view_of(rows[i].in), a, &lines);
		char buf[256] = "";
		size_t at = 0;

		for (size_t k = 0; k < n; k++) {
			int len = snprintf(buf + at, sizeof(buf) - at, "%.*s|",
			    (int)lines[k].len,
			    lines[k].s != NULL ? lines[k].s : "");

			assert_true(len > 0 && (size_t)len < sizeof(buf) - at);
			at += (size_t)len;
		}
		UNIT_STR(rows[i].name, buf, rows[i].want);
	}
	arena_free(a);
}

static void test_lines_bounds(void **state)
{
	static char text[STS_POLICY_MAX + 100];
	struct arena *a = arena_new();
	const struct view *lines;

	(void)state;
	memset(text, '\n', sizeof(text));
	UNIT_UINT("lines",
	    sts_policy_lines(view_make(text, sizeof(text)), a, &lines),
	    STS_POLICY_LINES);
	memset(text, 'x', sizeof(text));
	UNIT_UINT("one line",
	    sts_policy_lines(view_make(text, sizeof(text)), a, &lines), 1);
	UNIT_UINT("its length", lines[0].len, STS_POLICY_MAX);
	arena_free(a);
}

static void test_words(void **state)
{
	(void)state;
	UNIT_STR("none", sts_mode_word(STS_MODE_NONE), "none");
	UNIT_STR("testing", sts_mode_word(STS_MODE_TESTING), "testing");
	UNIT_STR("enforce", sts_mode_word(STS_MODE_ENFORCE), "enforce");
	UNIT_STR("no such", sts_mode_word((enum sts_mode)3), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_allows),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_lines_bounds),
		cmocka_unit_test(test_words),
	};

	return UNIT_RUN(tests);
}
