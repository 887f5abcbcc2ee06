/* SPDX-License-Identifier: BSD-2-Clause */
/* test_json_out.c - tests of the JSON lines */

#include "config.h"

#include "common/err.h"
#include "common/json_out.h"
#include "tests/unit/unit.h"

static void test_text(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		size_t len;
		const char *want;
	} table[] = {
		{ "empty", "", 0, "" },
		{ "plain", "mx.example", 10, "mx.example" },
		{ "quote, backslash", "a\"b\\c/", 6, "a\\\"b\\\\c/" },
		{ "controls", "\n\r\t\b\x1b\x7f", 6,
		    "\\n\\r\\t\\u0008\\u001b\\u007f" },
		{ "NUL", "a\0b", 3, "a\\u0000b" },
		{ "UTF-8", "m\xc3\xbcnchen \xf0\x9f\x93\xa7", 13,
		    "m\xc3\xbcnchen \xf0\x9f\x93\xa7" },
		{ "line ends of Unicode", "\xe2\x80\xa8\xe2\x80\xa9\xc2\x85", 8,
		    "\\u2028\\u2029\\u0085" },
		{ "no UTF-8", "a\xff\xc3(", 4, "a\xef\xbf\xbd\xef\xbf\xbd(" },
		{ "overlong", "\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "surrogate", "\xed\xa0\x80", 3,
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "cut short", "\xe2\x80", 2, "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "noncharacter", "\xef\xbf\xbf", 3, "\xef\xbf\xbd" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct json_out j;
		char want[256];

		json_out_init(&j);
		json_out_begin(&j);
		json_out_text(&j, "t", view_make(table[i].in, table[i].len));
		(void)snprintf(
		    want, sizeof(want), "{\"t\":\"%s\"", table[i].want);
		UNIT_STR(table[i].name, strbuf_str(&j.line), want);
		json_out_release(&j);
	}
}

static void test_json(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want;
	} table[] = {
		{ "empty", "", "[]" },
		{ "list",
		    "[{\"type\": \"sts\", \"n\": [1, -2.50, true, null]}]",
		    "[{\"type\":\"sts\",\"n\":[1,-2.50,true,null]}]" },
		{ "empty ones", "[{}, []]", "[{},[]]" },
		{ "number at the end", "12", "12" },
		{ "null", "null", "null" },
		{ "blanks", " [ ] ", "[]" },
		{ "escapes", "[\"\\u001b\\u2028\\n\\/\"]",
		    "[\"\\u001b\\u2028\\n/\"]" },
		{ "raw DEL", "[\"\x7f\"]", "[\"\\u007f\"]" },
		{ "names", "{\"a\\nb\": 1}", "{\"a\\nb\":1}" },
		{ "no UTF-8", "[\"\xff\"]", "[\"\xef\xbf\xbd\"]" },
		{ "NaN", "[NaN, -Infinity]", "[null,null]" },
		{ "no JSON", "sts", "\"sts\"" },
		{ "cut short", "[1", "\"[1\"" },
		{ "more behind", "[1] x", "\"[1] x\"" },
		{ "two", "[1][2]", "\"[1][2]\"" },
		{ "comment", "[1 /* x */]", "\"[1 /* x */]\"" },
		{ "quotes", "['a']", "\"['a']\"" },
		{ "injection", "1,\"kind\":\"x\"",
		    "\"1,\\\"kind\\\":\\\"x\\\"\"" },
		{ "deep", "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]",
		    "\"[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\"" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct json_out j;
		char want[256];

		json_out_init(&j);
		json_out_begin(&j);
		json_out_json(&j, "j", view_of(table[i].in), "[]");
		(void)snprintf(want, sizeof(want), "{\"j\":%s", table[i].want);
		UNIT_STR(table[i].name, strbuf_str(&j.line), want);
		json_out_release(&j);
	}
}

/* What stands behind a NUL is not lost unseen. */
static void test_json_nul(void **state)
{
	struct json_out j;

	(void)state;
	json_out_init(&j);
	json_out_begin(&j);
	json_out_json(&j, "j", view_make("[1]\0[2]", 7), "[]");
	UNIT_STR("NUL", strbuf_str(&j.line), "{\"j\":\"[1]\\u0000[2]\"");
	json_out_release(&j);
}

/* All kinds of members, two lines, read back from a stream. */
static void test_lines(void **state)
{
	static const char want[] =
	    "{\"kind\":\"a\",\"n\":18446744073709551615,\"t\":-1,\"b\":true,"
	    "\"o\":{\"x\":1,\"p\":{}},\"e\":\"\"}\n{}\n";
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct json_out j;

	(void)state;
	assert_non_null(stream);
	json_out_init(&j);
	json_out_begin(&j);
	json_out_text(&j, "dropped", view_of("x"));
	json_out_begin(&j);
	json_out_text(&j, "kind", view_of("a"));
	json_out_number(&j, "n", UINT64_MAX);
	json_out_time(&j, "t", -1);
	json_out_bool(&j, "b", true);
	json_out_open(&j, "o");
	json_out_number(&j, "x", 1);
	json_out_open(&j, "p");
	json_out_close(&j);
	json_out_close(&j);
	json_out_text(&j, "e", view_make(NULL, 0));
	UNIT_INT("first", json_out_end(&j, stream), 0);
	json_out_begin(&j);
	UNIT_INT("second", json_out_end(&j, stream), 0);
	(void)fclose(stream);
	UNIT_MEM("lines", text, len, want, strlen(want));
	json_out_release(&j);
	free(text);
}

/* A line that is too long is left out, the next one is whole. */
static void test_bound(void **state)
{
	size_t size = JSON_OUT_MAX;
	char *big = calloc(1, size);
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct json_out j;

	(void)state;
	assert_non_null(big);
	assert_non_null(stream);
	memset(big, 'a', size);
	json_out_init(&j);
	json_out_begin(&j);
	json_out_text(&j, "big", view_make(big, size));
	UNIT_INT("big", json_out_end(&j, stream), ERR_TOO_LONG);
	json_out_begin(&j);
	UNIT_INT("next", json_out_end(&j, stream), 0);
	(void)fclose(stream);
	UNIT_STR("stream", text, "{}\n");
	json_out_release(&j);
	free(text);
	free(big);
}

/* A list of objects, and what is in them. */
static void test_nested(void **state)
{
	struct json_out j;

	(void)state;
	json_out_init(&j);
	json_out_begin(&j);
	json_out_open_list(&j, "l");
	for (uint64_t i = 0; i < 2; i++) {
		json_out_open(&j, NULL);
		json_out_number(&j, "n", i);
		json_out_open_list(&j, "m");
		json_out_item(&j, view_of("x"));
		json_out_close_list(&j);
		json_out_close(&j);
	}
	json_out_close_list(&j);
	json_out_bool(&j, "b", true);
	UNIT_VIEW("nested", json_out_finish(&j),
	    "{\"l\":[{\"n\":0,\"m\":[\"x\"]},{\"n\":1,\"m\":[\"x\"]}],"
	    "\"b\":true}");
	json_out_release(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_nul),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_nested),
	};

	return UNIT_RUN(tests);
}
