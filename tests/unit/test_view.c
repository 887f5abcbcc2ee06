/* SPDX-License-Identifier: BSD-2-Clause */
/* test_view.c - tests of common/view.c */

#include "config.h"

#include "common/err.h"
#include "common/view.h"
#include "tests/unit/unit.h"

/* A view of a literal, with the NUL bytes inside it. */
#define V(literal) view_make((literal), sizeof(literal) - 1)

static const struct view none; /* an empty view without a buffer */

static void test_eq(void **state)
{
	const struct {
		const char *name;
		struct view a;
		struct view b;
		bool want;
		bool want_nocase;
	} table[] = {
		{ "both empty", V(""), V(""), true, true },
		{ "empty, no buffer", V(""), none, true, true },
		{ "no buffers", none, none, true, true },
		{ "one empty", V("a"), none, false, false },
		{ "same", V("abc"), V("abc"), true, true },
		{ "shorter", V("abc"), V("ab"), false, false },
		{ "case", V("aBZ"), V("Abz"), false, true },
		{ "differs", V("abc"), V("abd"), false, false },
		{ "differs behind NUL", V("a\0b"), V("a\0c"), false, false },
		{ "case behind NUL", V("a\0b"), V("a\0B"), false, true },
		/* '@' and '`' lie 32 apart, '[' and '{' too */
		{ "no letters", V("@["), V("`{"), false, false },
		{ "no ASCII", V("\xc4"), V("\xe4"), false, false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].name, view_eq(table[i].a, table[i].b),
		    table[i].want);
		UNIT_BOOL(table[i].name, view_eq(table[i].b, table[i].a),
		    table[i].want);
		UNIT_BOOL(table[i].name, view_is_nocase(table[i].a, table[i].b),
		    table[i].want_nocase);
		UNIT_BOOL(table[i].name, view_is_nocase(table[i].b, table[i].a),
		    table[i].want_nocase);
	}
}

static void test_of(void **state)
{
	struct view v = view_of(NULL);

	(void)state;
	UNIT_UINT("NULL", v.len, 0);
	UNIT_BOOL("NULL is empty", view_is(v, ""), true);
	v = view_of("abc");
	UNIT_MEM("abc", v.s, v.len, "abc", 3);
	UNIT_BOOL("is", view_is(v, "abc"), true);
	UNIT_BOOL("is more", view_is(v, "abcd"), false);
	UNIT_BOOL("is less", view_is(v, "ab"), false);
	UNIT_BOOL("NUL inside", view_is(V("ab\0c"), "ab"), false);
}

/* view_starts(), view_take() and view_skip() agree. */
static void test_take(void **state)
{
	const struct {
		const char *name;
		struct view in;
		const char *prefix;
		bool want;
		const char *rest;
	} table[] = {
		{ "empty prefix", V("abc"), "", true, "abc" },
		{ "all empty", V(""), "", true, "" },
		/* a sum with NULL, and memcmp() of NULL, are undefined */
		{ "no buffer, empty prefix", none, "", true, "" },
		{ "no buffer", none, "a", false, "" },
		{ "prefix", V("abc"), "ab", true, "c" },
		{ "all", V("abc"), "abc", true, "" },
		{ "longer prefix", V("abc"), "abcd", false, "abc" },
		{ "other case", V("abc"), "A", false, "abc" },
		{ "differs at the end", V("abc"), "abd", false, "abc" },
		{ "later", V("abc"), "bc", false, "abc" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view v = table[i].in;

		UNIT_BOOL(table[i].name, view_starts(v, table[i].prefix),
		    table[i].want);
		UNIT_BOOL(table[i].name, view_take(&v, table[i].prefix),
		    table[i].want);
		UNIT_MEM(table[i].name, v.s, v.len, table[i].rest,
		    strlen(table[i].rest));
		v = view_skip(v, v.len);
		UNIT_UINT(table[i].name, v.len, 0);
	}
}

static void test_find(void **state)
{
	const struct {
		const char *name;
		struct view in;
		const char *needle;
		size_t want;
	} table[] = {
		{ "empty needle", V("abc"), "", 0 },
		{ "no buffer, empty needle", none, "", 0 },
		{ "no buffer", none, "a", 0 },
		{ "front", V("abcabc"), "abc", 0 },
		{ "first of two", V("xabcabc"), "abc", 1 },
		{ "end", V("xyabc"), "abc", 2 },
		{ "none", V("abab"), "abc", 4 },
		{ "longer needle", V("ab"), "abc", 2 },
		{ "behind NUL", V("a\0bc"), "bc", 2 },
		{ "behind the view", view_make("abc", 2), "c", 2 },
		{ "across its end", view_make("abc", 2), "bc", 2 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_UINT(table[i].name,
		    view_find(table[i].in, table[i].needle), table[i].want);
	}
}

static void test_index(void **state)
{
	const struct {
		const char *name;
		struct view in;
		char c;
		size_t want;
		size_t want_last;
	} table[] = {
		{ "no buffer", none, 'a', 0, 0 },
		{ "empty", V(""), '\0', 0, 0 },
		{ "one", V("abc"), 'b', 1, 1 },
		{ "two", V("abcb"), 'b', 1, 3 },
		{ "ends", V("aba"), 'a', 0, 2 },
		{ "none", V("abc"), 'd', 3, 3 },
		{ "behind NUL", V("a\0b"), 'b', 2, 2 },
		{ "NUL", V("a\0\0b"), '\0', 1, 2 },
		{ "8 bits", V("a\xff"), '\xff', 1, 1 },
		{ "behind the view", view_make("abc", 2), 'c', 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_UINT(table[i].name, view_index(table[i].in, table[i].c),
		    table[i].want);
		UNIT_UINT(table[i].name, view_rindex(table[i].in, table[i].c),
		    table[i].want_last);
	}
}

static void test_copy(void **state)
{
	const struct {
		const char *name;
		struct view in;
		size_t size;
		bool want;
		const char *text;
	} table[] = {
		{ "no buffer", none, 1, true, "" },
		{ "room", V("abc"), 8, true, "abc" },
		{ "just fits", V("abc"), 4, true, "abc" },
		{ "one too long", V("abc"), 3, false, "" },
		{ "only the NUL", V("a"), 1, false, "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		/* of the exact size, for the sanitizer */
		char *out = malloc(table[i].size);

		assert_non_null(out);
		memset(out, 'x', table[i].size);
		UNIT_BOOL(table[i].name,
		    view_copy(table[i].in, out, table[i].size), table[i].want);
		UNIT_STR(table[i].name, out, table[i].text);
		free(out);
	}
}

static void test_number(void **state)
{
	const struct {
		const char *name;
		struct view in;
		unsigned long long max;
		int want;
		unsigned long long n;
	} table[] = {
		{ "zero", V("0"), 0, 0, 0 },
		{ "zeros in front", V("007"), 7, 0, 7 },
		{ "max", V("65535"), 65535, 0, 65535 },
		{ "over max", V("65536"), 65535, ERR_PARSE, 0 },
		{ "over a small max", V("8"), 7, ERR_PARSE, 0 },
		{ "a digit over max", V("9"), 0, ERR_PARSE, 0 },
		{ "2^32", V("4294967296"), UINT32_MAX, ERR_PARSE, 0 },
		{ "2^64 - 1", V("18446744073709551615"), UINT64_MAX, 0,
		    UINT64_MAX },
		{ "2^64", V("18446744073709551616"), UINT64_MAX, ERR_PARSE, 0 },
		{ "10^20", V("100000000000000000000"), UINT64_MAX, ERR_PARSE,
		    0 },
		{ "empty", V(""), 9, ERR_PARSE, 0 },
		{ "no buffer", none, 9, ERR_PARSE, 0 },
		{ "plus", V("+1"), 9, ERR_PARSE, 0 },
		{ "minus", V("-1"), 9, ERR_PARSE, 0 },
		{ "blank before", V(" 1"), 9, ERR_PARSE, 0 },
		{ "blank behind", V("1 "), 9, ERR_PARSE, 0 },
		{ "hexadecimal", V("0x1"), 9, ERR_PARSE, 0 },
		{ "NUL", V("1\0"), 9, ERR_PARSE, 0 },
		{ "8 bits", V("\xb1"), 9, ERR_PARSE, 0 },
		{ "before '0'", V("/"), 99, ERR_PARSE, 0 },
		{ "behind '9'", V(":"), 99, ERR_PARSE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		unsigned long long n = 0;

		UNIT_INT(table[i].name,
		    view_number(table[i].in, table[i].max, &n), table[i].want);
		UNIT_UINT(table[i].name, n, table[i].n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eq),
		cmocka_unit_test(test_of),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_number),
	};

	return UNIT_RUN(tests);
}
