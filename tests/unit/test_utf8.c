/* SPDX-License-Identifier: BSD-2-Clause */
/* test_utf8.c - what is UTF-8, and what is put in place of the rest */
#include "config.h"

#include "common/utf8.h"
#include "tests/unit/unit.h"

#define R "\xef\xbf\xbd"

static void test_clean(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want; /* NULL: as it is */
	} table[] = {
		{ "empty", "", NULL },
		{ "ASCII", "a\r\n\x7f", NULL },
		{ "two octets", "\xc2\x80 \xdf\xbf", NULL },
		{ "three octets", "\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80",
		    NULL },
		{ "four octets", "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbd", NULL },
		{ "line separator", "\xe2\x80\xa8", NULL },
		{ "lone continuation", "a\x80z", "a" R "z" },
		{ "overlong two", "\xc0\x80", R R },
		{ "overlong slash", "\xc1\xaf", R R },
		{ "overlong three", "\xe0\x9f\xbf", R R R },
		{ "overlong four", "\xf0\x8f\xbf\xbf", R R R R },
		{ "surrogate", "\xed\xa0\x80", R R R },
		{ "over U+10FFFF", "\xf4\x90\x80\x80", R R R R },
		{ "five octets", "\xf8\x88\x80\x80\x80", R R R R R },
		{ "fe ff", "\xfe\xff", R R },
		{ "cut two", "a\xc3", "a" R },
		{ "cut three", "\xe2\x80", R R },
		{ "cut four", "\xf0\x90\x80", R R R },
		{ "cut by ASCII", "\xe2\x28\xa1", R "(" R },
		{ "good after bad", "\xff\xc3\xbc", R "\xc3\xbc" },
		{ "noncharacter", "\xef\xbf\xbe", R },
		{ "noncharacter, other plane", "\xf0\x9f\xbf\xbf", R },
		{ "noncharacter U+FDD0", "\xef\xb7\x90", R },
		{ "U+FDF0", "\xef\xb7\xb0", NULL },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view in = view_of(table[i].in);
		struct view want =
		    table[i].want != NULL ? view_of(table[i].want) : in;
		struct view got = utf8_clean(in, a);

		UNIT_MEM(table[i].name, got.s, got.len, want.s, want.len);
		UNIT_BOOL(
		    table[i].name, utf8_is_clean(in), table[i].want == NULL);
		UNIT_BOOL(table[i].name, utf8_is_clean(got), true);
	}
	arena_free(a);
}

/* Every code point, written by the rules of RFC 3629 3. */
static void test_decode(void **state)
{
	(void)state;
	for (uint32_t c = 1; c <= 0x10ffff; c += c < 0x11000 ? 1 : 251) {
		char s[4];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		size_t want = c >= 0xd800 && c <= 0xdfff ? 0 : n;
		uint32_t code = 0;

		for (size_t i = n; i-- > 1;) {
			s[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
		}
		s[0] = (char)(n == 1 ? c :
				       (0xf00U >> n & 0xff) | c >> 6 * (n - 1));
		UNIT_UINT("octets", utf8_decode(view_make(s, n), &code), want);
		UNIT_UINT("code", code, want > 0 ? c : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_decode),
	};

	return UNIT_RUN(tests);
}
