/* SPDX-License-Identifier: BSD-2-Clause */
/* test_sendmail_text.c - tests common/sendmail_text.c */

#include "config.h"

#include "common/sendmail_text.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

struct row {
	const char *name;
	const char *in;
	const char *want;
};

static void test_unescape(void **state)
{
	static const struct row table[] = {
		{ "nothing", "", "" },
		{ "plain", "abc", "abc" },
		{ "doubled", "a\\\\\"b", "a\\\"b" },
		{ "octal", "\\303\\251", "\303\251" },
		{ "letters", "\\t\\n\\r", "\t\n\r" },
		{ "doubled before octal", "\\\\\\001", "\\\001" },
		{ "doubled, then digits", "\\\\101", "\\101" },
		{ "not octal", "\\401 \\08 \\", "\\401 \\08 \\" },
		{ "not doubled", "\\\"", "\\\"" },
		{ "cut octal", "\\30", "\\30" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		size_t n =
		    sendmail_unescape(view_of(table[i].in), buf, sizeof(buf));

		UNIT_MEM(table[i].name, buf, n, table[i].want,
		    strlen(table[i].want));
	}
	UNIT_UINT(
	    "too small", sendmail_unescape(view_of("\\t\\tabc"), buf, 3), 3);
	UNIT_MEM("too small", buf, 3, "\t\ta", 3);
}

static void test_addresses(void **state)
{
	static const struct row table[] = {
		{ "none", "", "" },
		{ "one", "<a@b>", "a@b\n" },
		{ "two", "<a@b>,<c@d>", "a@b\nc@d\n" },
		{ "final comma", "<a@b>,", "a@b\n" },
		{ "bare", "a@b,c@d", "a@b\nc@d\n" },
		{ "comma in quotes", "<\"a,b\"@c>,d", "\"a,b\"@c\nd\n" },
		{ "bracket in quotes", "<\"a>,<b\"@c>", "\"a>,<b\"@c\n" },
		{ "escaped quote", "<\"a\\\"\">,<c>", "\"a\\\"\"\nc\n" },
		{ "escaped backslash", "<\"a\\\\\">,<c>", "\"a\\\\\"\nc\n" },
		{ "not closed", "<a@b", "a@b\n" },
		{ "quote not closed", "<\"a>,<b>", "\"a>,<b>\n" },
		{ "empty", "<>,<a>", "\na\n" },
		{ "backslash last", "a\\", "a\\\n" },
	};
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 4096);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view list = view_of(table[i].in);
		struct view address;

		strbuf_clear(&got);
		while (sendmail_next_rcpt(&list, &address)) {
			strbuf_addv(&got, address);
			strbuf_addc(&got, '\n');
		}
		UNIT_STR(table[i].name, strbuf_str(&got), table[i].want);
	}
	strbuf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_addresses),
	};

	return UNIT_RUN(tests);
}
