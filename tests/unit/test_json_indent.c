/* SPDX-License-Identifier: BSD-2-Clause */
/* test_json_indent.c - tests of JSON text for people */
#include "config.h"

#include "tests/unit/unit.h"
#include "tool/json_indent.h"

static const struct {
	const char *name;
	const char *in;
	unsigned margin;
	const char *want;
} rows[] = {
	{ "empty", "", 0, "\n" },
	{ "a number", "1", 2, "\n  1" },
	{ "empty object", "{}", 0, "\n{}" },
	{ "empty list with blanks", "[ \t]", 0, "\n[]" },
	{ "members", "{\"a\":1,\"b\":[1,2]}", 0,
	    "\n{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ]\n}" },
	{ "margin", "{\"a\":{}}", 3, "\n   {\n     \"a\": {}\n   }" },
	{ "blanks between", " { \"a\" : true }\n", 0, "\n{\n  \"a\": true\n}" },
	{ "marks in a string", "[\"{[,:]}\"]", 0, "\n[\n  \"{[,:]}\"\n]" },
	{ "escapes", "[\"a\\\"b\\\\\"]", 0, "\n[\n  \"a\\\"b\\\\\"\n]" },
	{ "UTF-8", "[\"m\xc3\xbc\"]", 0, "\n[\n  \"m\xc3\xbc\"\n]" },
	{ "C1 in UTF-8", "[\"\xc2\x9b\"]", 0, "\n[\n  \"\\u009b\"\n]" },
	{ "controls in a string", "[\"\x1b\x7f\"]", 0,
	    "\n[\n  \"\\u001b\\u007f\"\n]" },
	{ "controls elsewhere", "[\x1b\xff]", 0, "\n[\n  ??\n]" },
	{ "string without its end", "\"ab", 0, "\n\"ab\"" },
	{ "half an escape", "\"\\", 0, "\n\"\\\"" },
	{ "half UTF-8", "\"\xc2", 0, "\n\"\xc2\"" },
	{ "ends too many", "]}", 0, "\n\n]\n}" },
	{ "no end", "[{", 0, "\n[\n  {\n    " },
};

static void test_indent(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct strbuf out;

		strbuf_init(&out, 4096);
		json_indent(view_of(rows[i].in), rows[i].margin, &out);
		UNIT_STR(rows[i].name, strbuf_str(&out), rows[i].want);
		strbuf_release(&out);
	}
}

/* What is nested deeply does not make lines of blanks. */
static void test_deep(void **state)
{
	char in[1000];
	struct strbuf out;

	(void)state;
	memset(in, '[', sizeof(in));
	strbuf_init(&out, 1 << 20);
	json_indent(view_make(in, sizeof(in)), 0, &out);
	UNIT_BOOL("failed", out.failed, false);
	UNIT_TRUE("bounded", out.len < sizeof(in) * 70);
	strbuf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_indent),
		cmocka_unit_test(test_deep),
	};

	return UNIT_RUN(tests);
}
