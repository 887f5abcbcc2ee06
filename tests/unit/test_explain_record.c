/* SPDX-License-Identifier: BSD-2-Clause */
/* test_explain_record.c - tests of the caret under a record's error */
#include "config.h"

#include "tests/unit/unit.h"
#include "tool/explain.h"

static const struct {
	const char *name;
	const char *text;
	size_t at;
	unsigned indent;
	unsigned width;
	const char *want;
} rows[] = {
	{ "at the front", "abc", 0, 0, 80, "abc\n^\n" },
	{ "inside", "abc", 1, 2, 80, "  abc\n   ^\n" },
	{ "behind the end", "abc", 3, 0, 80, "abc\n   ^\n" },
	{ "empty", "", 0, 1, 80, " \n ^\n" },
	{ "controls and bytes",
	    "a\x1b\xff"
	    "b",
	    3, 0, 80, "a??b\n   ^\n" },
	{ "cut behind", "0123456789abcdef", 2, 0, 10, "0123456789\n  ^\n" },
	{ "cut before", "0123456789abcdef", 12, 0, 10, "789abcdef\n     ^\n" },
	{ "far too narrow", "0123456789", 9, 5, 1, "     56789\n         ^\n" },
};

static void test_caret(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct strbuf out;

		strbuf_init(&out, 1024);
		explain_record_caret(view_of(rows[i].text), rows[i].at,
		    rows[i].indent, rows[i].width, &out);
		UNIT_STR(rows[i].name, strbuf_str(&out), rows[i].want);
		strbuf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caret),
	};

	return UNIT_RUN(tests);
}
