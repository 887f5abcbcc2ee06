/* SPDX-License-Identifier: BSD-2-Clause */
/* test_domain.c - tests of common/domain.c */

#include "config.h"

#include "common/domain.h"
#include "common/err.h"
#include "tests/unit/unit.h"

/* A view of a literal, with the NUL bytes inside it. */
#define V(literal) view_make((literal), sizeof(literal) - 1)

#define A_61  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A_63  A_61 "aa"
#define A_64  A_63 "a"
#define A_192 A_63 "." A_63 "." A_63 "."
#define A_253 A_192 A_61

/* What is wanted: a name, or the code of an error. */
struct row {
	const char *name;
	struct view in;
	int error;
	const char *want;
};

static void check(const struct row *row, int (*run)(struct view, char *))
{
	/* of the exact size, for the sanitizer */
	char *out = malloc(DOMAIN_BUF);
	const char *want = row->error == 0 ? row->want : "";
	int rc;

	assert_non_null(out);
	memset(out, 'x', DOMAIN_BUF);
	rc = run(row->in, out);
	UNIT_MEM(row->name, out, strnlen(out, DOMAIN_BUF), want, strlen(want));
	UNIT_INT(
	    row->name, rc, row->error == 0 ? (int)strlen(want) : row->error);
	UNIT_BOOL(row->name, domain_is_normal(view_of(out)), row->error == 0);
	free(out);
}

static int normalise(struct view in, char *out)
{
	return domain_normalise(in, out);
}

static int of_address(struct view in, char *out)
{
	return domain_of_address(in, out);
}

/* Names of ASCII. */
static void test_ascii(void **state)
{
	const struct row table[] = {
		{ "name", V("example.org"), 0, "example.org" },
		{ "capitals", V("MX1.Example.ORG"), 0, "mx1.example.org" },
		{ "one label", V("localhost"), 0, "localhost" },
		{ "one letter", V("a"), 0, "a" },
		{ "final dot", V("Example.org."), 0, "example.org" },
		{ "underscores", V("_smtp._tls.a_b.org"), 0,
		    "_smtp._tls.a_b.org" },
		{ "hyphens", V("a-b--c.org"), 0, "a-b--c.org" },
		{ "A-label", V("XN--BCHER-KVA.example"), 0,
		    "xn--bcher-kva.example" },
		{ "digits", V("123.456"), 0, "123.456" },
		{ "empty", V(""), ERR_PARSE, NULL },
		{ "no buffer", view_of(NULL), ERR_PARSE, NULL },
		{ "dot", V("."), ERR_PARSE, NULL },
		{ "two dots", V(".."), ERR_PARSE, NULL },
		{ "two final dots", V("example.org.."), ERR_PARSE, NULL },
		{ "empty label", V("example..org"), ERR_PARSE, NULL },
		{ "leading dot", V(".example.org"), ERR_PARSE, NULL },
		{ "blank", V("example org"), ERR_PARSE, NULL },
		{ "blank before", V(" example.org"), ERR_PARSE, NULL },
		{ "line end", V("example.org\n"), ERR_PARSE, NULL },
		{ "NUL", V("example.org\0"), ERR_PARSE, NULL },
		{ "NUL inside", V("example.org\0.example.net"), ERR_PARSE,
		    NULL },
		{ "NUL first", V("\0example.org"), ERR_PARSE, NULL },
		{ "at", V("a@example.org"), ERR_PARSE, NULL },
		{ "colon", V("example.org:25"), ERR_PARSE, NULL },
		{ "slash", V("example.org/x"), ERR_PARSE, NULL },
		{ "backslash", V("example\\.org"), ERR_PARSE, NULL },
		{ "quote", V("\"example.org"), ERR_PARSE, NULL },
		{ "star", V("*.example.org"), ERR_PARSE, NULL },
		{ "DEL", V("example\x7f.org"), ERR_PARSE, NULL },
		/* beside the letters and digits in ASCII */
		{ "@", V("@"), ERR_PARSE, NULL },
		{ "[ inside", V("a["), ERR_PARSE, NULL },
		{ "`", V("`"), ERR_PARSE, NULL },
		{ "{", V("{"), ERR_PARSE, NULL },
		{ "comma", V("a,b"), ERR_PARSE, NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check(&table[i], normalise);
	}
}

static void test_lengths(void **state)
{
	const struct row table[] = {
		{ "label of 63", V(A_63 ".org"), 0, A_63 ".org" },
		{ "label of 64", V(A_64 ".org"), ERR_PARSE, NULL },
		{ "last label of 63", V("a." A_63), 0, "a." A_63 },
		{ "last label of 64", V("a." A_64), ERR_PARSE, NULL },
		{ "name of 253", V(A_253), 0, A_253 },
		{ "name of 253, final dot", V(A_253 "."), 0, A_253 },
		{ "name of 254", V(A_253 "a"), ERR_PARSE, NULL },
		{ "name of 254, final dot", V(A_253 "a."), ERR_PARSE, NULL },
		{ "name of 255", V(A_253 ".a"), ERR_PARSE, NULL },
		{ "far too long",
		    V(A_253 "." A_253 "." A_253 "." A_253 "." A_253), ERR_PARSE,
		    NULL },
		{ "far too long, not ASCII",
		    V("\xc3\xbc." A_253 "." A_253 "." A_253 "." A_253
		      "." A_253),
		    ERR_PARSE, NULL },
		/* 63 of text, and more of them as an A-label */
		{ "label too long as A-label", V(A_61 "\xc3\xbc.org"),
		    ERR_PARSE, NULL },
		{ "name too long as A-label", V(A_192 "\xc3\xbc" A_61),
		    ERR_PARSE, NULL },
	};

	(void)state;
	UNIT_UINT("253", sizeof(A_253) - 1, DOMAIN_MAX);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check(&table[i], normalise);
	}
}

/* R5 */
static void test_literals(void **state)
{
	const struct row table[] = {
		{ "literal", V("[192.0.2.1]"), ERR_LITERAL, NULL },
		{ "literal, v6", V("[IPv6:2001:db8::1]"), ERR_LITERAL, NULL },
		{ "literal, no end", V("["), ERR_LITERAL, NULL },
		{ "address", V("192.0.2.1"), ERR_LITERAL, NULL },
		{ "address, final dot", V("192.0.2.1."), ERR_LITERAL, NULL },
		{ "address, v6", V("2001:db8::1"), ERR_LITERAL, NULL },
		{ "address, tag", V("IPv6:2001:db8::1"), ERR_LITERAL, NULL },
		{ "address, fullwidth digits", /* was taken for a name */
		    V("\xef\xbc\x91\x39\x32.0.2.1"), ERR_LITERAL, NULL },
		{ "address, ideographic stops",
		    V("192\343\200\2020\343\200\2022\343\200\2021"),
		    ERR_LITERAL, NULL },
		{ "no address: 256", V("192.0.2.256"), 0, "192.0.2.256" },
		{ "no address: five", V("1.192.0.2.1"), 0, "1.192.0.2.1" },
		{ "no address: a zone", V("192.0.2.1.in-addr.arpa"), 0,
		    "192.0.2.1.in-addr.arpa" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check(&table[i], normalise);
	}
}

static void test_u_labels(void **state)
{
	const struct row table[] = {
		{ "NFC", V("b\303\274cher.example"), 0,
		    "xn--bcher-kva.example" },
		{ "NFD", V("bu\314\210cher.example"), 0,
		    "xn--bcher-kva.example" },
		{ "capitals", V("B\303\234CHER.Example"), 0,
		    "xn--bcher-kva.example" },
		{ "NFD, capitals", V("BU\314\210CHER.EXAMPLE"), 0,
		    "xn--bcher-kva.example" },
		{ "final dot", V("b\303\274cher.example."), 0,
		    "xn--bcher-kva.example" },
		{ "sharp s", V("stra\303\237e.example"), 0,
		    "xn--strae-oqa.example" },
		{ "beside an A-label", V("\xc3\xbc.XN--BCHER-KVA.example"), 0,
		    "xn--tda.xn--bcher-kva.example" },
		{ "underscore", V("_dmarc.b\303\274cher.example"), 0,
		    "_dmarc.xn--bcher-kva.example" },
		{ "fullwidth letters", V("\xef\xbd\x81\xef\xbd\x82.example"), 0,
		    "ab.example" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check(&table[i], normalise);
	}
}

static void test_no_u_labels(void **state)
{
	const struct row table[] = {
		{ "not UTF-8", V("b\374cher.example"), ERR_PARSE, NULL },
		{ "cut short", V("example.b\xc3"), ERR_PARSE, NULL },
		{ "overlong dot", V("a\300\256b"), ERR_PARSE, NULL },
		{ "surrogate", V("a\xed\xa0\x80"), ERR_PARSE, NULL },
		{ "NUL", V("\xc3\xbc\0.example"), ERR_PARSE, NULL },
		{ "empty label", V("\xc3\xbc..example"), ERR_PARSE, NULL },
		{ "leading dot", V(".\xc3\xbc"), ERR_PARSE, NULL },
		{ "at", V("\xc3\xbc@example"), ERR_PARSE, NULL },
		{ "fullwidth at", V("\303\274\357\274\240b"), ERR_PARSE, NULL },
		{ "slash", V("\xc3\xbc/b"), ERR_PARSE, NULL },
		{ "blank", V("\xc3\xbc b"), ERR_PARSE, NULL },
		{ "no-break space", V("\302\240b"), ERR_PARSE, NULL },
		{ "symbol", V("\xe2\x98\x95.example"), ERR_PARSE, NULL },
		{ "leading accent", V("\314\210a.example"), ERR_PARSE, NULL },
		{ "false A-label beside it", V("xn--a.\xc3\xbc"), ERR_PARSE,
		    NULL },
		{ "only what is left out", V("\xc2\xad.example"), ERR_PARSE,
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check(&table[i], normalise);
	}
}

static void test_addresses(void **state)
{
	const struct row table[] = {
		{ "plain", V("user@Example.org"), 0, "example.org" },
		{ "plus", V("user+x@example.org"), 0, "example.org" },
		{ "final dot", V("user@example.org."), 0, "example.org" },
		{ "U-label", V("\303\251@b\303\274cher.example"), 0,
		    "xn--bcher-kva.example" },
		{ "quoted", V("\"a b\"@example.org"), 0, "example.org" },
		{ "quoted at", V("\"a@b.net\"@example.org"), 0, "example.org" },
		{ "two quoted ats", V("\"@@\"@example.org"), 0, "example.org" },
		{ "part quoted", V("a\"@\"b@example.org"), 0, "example.org" },
		{ "quoted quote", V("\"a\\\"@b.net\"@example.org"), 0,
		    "example.org" },
		{ "quoted backslash", V("\"a\\\\\"@example.org"), 0,
		    "example.org" },
		{ "escaped at", V("a\\@b.net@example.org"), 0, "example.org" },
		{ "escaped quote", V("a\\\"@example.org"), 0, "example.org" },
		{ "escaped quotes hide no at", V("\\\"a@b.net\\\"@example.org"),
		    ERR_PARSE, NULL },
		{ "NUL in the local part", V("a\0b@example.org"), 0,
		    "example.org" },
		{ "domain of 253", V("a@" A_253), 0, A_253 },
		{ "caret", V("\"a^v:OK\"@example.org"), 0, "example.org" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check(&table[i], of_address);
	}
}

static void test_no_addresses(void **state)
{
	const struct row table[] = {
		{ "empty", V(""), ERR_PARSE, NULL },
		{ "no buffer", view_of(NULL), ERR_PARSE, NULL },
		{ "no at", V("user"), ERR_PARSE, NULL },
		{ "no domain", V("user@"), ERR_PARSE, NULL },
		{ "only a dot", V("user@."), ERR_PARSE, NULL },
		{ "two ats", V("a@b.net@example.org"), ERR_PARSE, NULL },
		{ "two ats together", V("a@@example.org"), ERR_PARSE, NULL },
		{ "two ats, the last", V("a@example.org@"), ERR_PARSE, NULL },
		{ "only a quoted at", V("\"a@example.org\""), ERR_PARSE, NULL },
		{ "only an escaped at", V("a\\@example.org"), ERR_PARSE, NULL },
		{ "open quote", V("\"a@example.org"), ERR_PARSE, NULL },
		{ "quote opened by an escape", V("\"a\\\"@example.org"),
		    ERR_PARSE, NULL },
		{ "escape at the end", V("a@example.org\\"), ERR_PARSE, NULL },
		{ "quote in the domain", V("a@\"example.org\""), ERR_PARSE,
		    NULL },
		{ "quoted at in the domain", V("a@b\"@example.org\""),
		    ERR_PARSE, NULL },
		{ "escape in the domain", V("a@b\\@example.org"), ERR_PARSE,
		    NULL },
		{ "source route", V("@b.net:a@example.org"), ERR_PARSE, NULL },
		{ "brackets", V("<a@example.org>"), ERR_PARSE, NULL },
		{ "blank behind", V("a@example.org "), ERR_PARSE, NULL },
		{ "NUL in the domain", V("a@example.org\0.net"), ERR_PARSE,
		    NULL },
		{ "NUL behind", V("a@example.org\0"), ERR_PARSE, NULL },
		{ "literal", V("a@[192.0.2.1]"), ERR_LITERAL, NULL },
		{ "literal, v6", V("a@[IPv6:2001:db8::1]"), ERR_LITERAL, NULL },
		{ "address", V("a@192.0.2.1"), ERR_LITERAL, NULL },
		{ "domain of 254", V("a@" A_253 "a"), ERR_PARSE, NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		check(&table[i], of_address);
	}
}

static void test_is_normal(void **state)
{
	const struct {
		const char *name;
		struct view in;
		bool want;
	} table[] = {
		{ "name", V("mx-1._x.example.org"), true },
		{ "name of 253", V(A_253), true },
		{ "name of 254", V(A_253 "a"), false },
		{ "label of 63", V(A_63), true },
		{ "label of 64", V(A_64), false },
		{ "label of 63, then one of 64", V(A_63 "." A_64), false },
		{ "empty", V(""), false },
		{ "no buffer", view_of(NULL), false },
		{ "capital", V("example.Org"), false },
		{ "final dot", V("example.org."), false },
		{ "leading dot", V(".example.org"), false },
		{ "empty label", V("example..org"), false },
		{ "dot", V("."), false },
		{ "NUL", V("example.org\0"), false },
		{ "8 bits", V("b\303\274cher.example"), false },
		{ "blank", V("example .org"), false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].name, domain_is_normal(table[i].in),
		    table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_u_labels),
		cmocka_unit_test(test_no_u_labels),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_addresses),
		cmocka_unit_test(test_is_normal),
	};

	return UNIT_RUN(tests);
}
