/* SPDX-License-Identifier: BSD-2-Clause */
/* test_json_in.c - tests common/json_in.c */

#include "config.h"

#include "common/json_in.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

/* Writes what was read: names and strings in <>, numbers, "word". */
static void copy(struct json_in *in, struct strbuf *out)
{
	struct view name;

	switch (json_in_next(in)) {
	case JSON_IN_OBJECT:
		json_in_open_object(in);
		strbuf_addc(out, '{');
		while (json_in_member(in, &name)) {
			strbuf_addf(out, "<%.*s>", (int)name.len, name.s);
			copy(in, out);
		}
		strbuf_addc(out, '}');
		break;
	case JSON_IN_ARRAY:
		json_in_open_array(in);
		strbuf_addc(out, '[');
		while (json_in_element(in)) {
			copy(in, out);
		}
		strbuf_addc(out, ']');
		break;
	case JSON_IN_STRING:
		name = json_in_string(in);
		strbuf_addc(out, '<');
		strbuf_addv(out, name);
		strbuf_addc(out, '>');
		break;
	case JSON_IN_NUMBER:
		strbuf_addf(out, "%u", json_in_number(in));
		break;
	case JSON_IN_WORD:
		json_in_skip(in);
		strbuf_adds(out, "word");
		break;
	case JSON_IN_NONE:
		json_in_fail(in);
		break;
	}
}

static const struct {
	const char *name;
	const char *in;
	const char *want; /* NULL: it is no JSON */
} values[] = {
	{ "object", "{\"a\":\"b\"}", "{<a><b>}" },
	{ "white space", " \r\n\t{ \"a\" : \"b\" , \"c\" : 1 } \n",
	    "{<a><b><c>1}" },
	{ "empty object", "{}", "{}" },
	{ "empty array", "[ ]", "[]" },
	{ "array", "[1,[2,3],{\"x\":[4]},5]", "[1[23]{<x>[4]}5]" },
	{ "a level ends, the next begins", "[[1],[2],[]]", "[[1][2][]]" },
	{ "words", "[true,false,null]", "[wordwordword]" },
	{ "string alone", "\"a\"", "<a>" },
	{ "empty string", "\"\"", "<>" },
	{ "number alone", "7", "7" },
	{ "biggest number", "4294967295", "4294967295" },
	{ "name twice", "{\"a\":1,\"a\":2}", "{<a>1<a>2}" },
	{ "escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "<\"\\/\b\f\n\r\t>" },
	{ "escape in a name", "{\"\\u0061\":1}", "{<a>1}" },
	{ "code point, one octet", "\"\\u0041x\"", "<Ax>" },
	{ "two octets", "\"\\u00e4\\u07FF\"", "<\xc3\xa4\xdf\xbf>" },
	{ "three octets", "\"\\u0800\\uffff\"", "<\xe0\xa0\x80\xef\xbf\xbf>" },
	{ "pair of surrogates", "\"\\uD83d\\ude00\"", "<\xf0\x9f\x98\x80>" },
	{ "last code point", "\"\\udbff\\udfff\"", "<\xf4\x8f\xbf\xbf>" },
	{ "UTF-8", "\"\xc3\xa4\xf0\x9f\x98\x80\"",
	    "<\xc3\xa4\xf0\x9f\x98\x80>" },
	{ "delete", "\"\x7f\"", "<\x7f>" },

	{ "nothing", "", NULL },
	{ "white space alone", "  ", NULL },
	{ "two values", "1 2", NULL },
	{ "garbage behind", "{}x", NULL },
	{ "not closed", "{\"a\":1", NULL },
	{ "array not closed", "[1", NULL },
	{ "closed by the other", "[1}", NULL },
	{ "no value", "{\"a\":}", NULL },
	{ "no colon", "{\"a\" 1}", NULL },
	{ "no name", "{1:1}", NULL },
	{ "comma last", "{\"a\":1,}", NULL },
	{ "comma last in array", "[1,]", NULL },
	{ "comma first", "[,1]", NULL },
	{ "two commas", "[1,,2]", NULL },
	{ "no comma", "[1 2]", NULL },
	{ "no comma in object", "{\"a\":1 \"b\":2}", NULL },
	{ "byte order mark", "\xef\xbb\xbf{}", NULL },
	{ "comment", "{/**/}", NULL },
	{ "single quotes", "{'a':1}", NULL },
	{ "word cut", "[tru]", NULL },
	{ "word goes on", "[truex]", NULL },
	{ "word in capitals", "[True]", NULL },
	{ "NaN", "NaN", NULL },
	{ "string not closed", "\"a", NULL },
	{ "escape at the end", "\"\\", NULL },
	{ "quote escaped at the end", "\"\\\"", NULL },
	{ "no such escape", "\"\\x\"", NULL },
	{ "NUL", "\"\\u0000\"", NULL },
	{ "few digits", "\"\\u12\"", NULL },
	{ "no digits", "\"\\u12g4\"", NULL },
	{ "high surrogate alone", "\"\\ud83d\"", NULL },
	{ "low surrogate alone", "\"\\ude00\"", NULL },
	{ "two high surrogates", "\"\\ud83d\\ud83d\"", NULL },
	{ "no second escape", "\"\\ud83d\\n\"", NULL },
	{ "control character", "\"a\nb\"", NULL },
	{ "no UTF-8", "\"\xff\"", NULL },
	{ "overlong", "\"\xc0\xaf\"", NULL },
	{ "surrogate in UTF-8", "\"\xed\xa0\x80\"", NULL },
	{ "cut UTF-8", "\"\xe2\x80\"", NULL },
	{ "negative", "-1", NULL },
	{ "fraction", "1.0", NULL },
	{ "exponent", "1e2", NULL },
	{ "zero before", "01", NULL },
	{ "plus", "+1", NULL },
	{ "too big", "4294967296", NULL },
	{ "much too big", "99999999999999999999999", NULL },
};

static void test_values(void **state)
{
	struct arena *a = arena_new();
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 4096);
	for (size_t i = 0; i < UNIT_LEN(values); i++) {
		struct json_in in;

		strbuf_clear(&got);
		json_in_begin(&in, view_of(values[i].in), a);
		copy(&in, &got);
		UNIT_BOOL(
		    values[i].name, json_in_end(&in), values[i].want != NULL);
		if (values[i].want != NULL) {
			UNIT_STR(
			    values[i].name, strbuf_str(&got), values[i].want);
		}
	}
	strbuf_release(&got);
	arena_free(a);
}

/* What is passed over is checked as well. */
static void test_skip(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		bool is_good;
	} table[] = {
		{ "all", "{\"a\":[1,\"x\\n\",{}],\"b\":null}", true },
		{ "any number", "[-1,0.5,-0,1e9,2E+3,3e-4,1234567890123]",
		    true },
		{ "no fraction", "1.", false },
		{ "no digit", "-", false },
		{ "no exponent", "1e", false },
		{ "no exponent but a sign", "1e+", false },
		{ "zero before", "[00]", false },
		{ "bad string", "[\"\\q\"]", false },
		{ "bad name", "{\"\\q\":1}", false },
		{ "no UTF-8", "[\"\xff\"]", false },
		{ "not closed", "[[1]", false },
		{ "no name", "{1:2}", false },
		{ "garbage", "[1,x]", false },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct json_in in;

		json_in_begin(&in, view_of(table[i].in), a);
		json_in_skip(&in);
		UNIT_BOOL(table[i].name, json_in_end(&in), table[i].is_good);
	}
	arena_free(a);
}

static void test_depth(void **state)
{
	static const char deepest[] = "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]";
	static char bomb[200000];
	struct arena *a = arena_new();
	struct json_in in;

	(void)state;
	json_in_begin(&in, view_of(deepest), a);
	json_in_skip(&in);
	UNIT_TRUE("deepest", json_in_end(&in));
	json_in_begin(&in, view_of("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"), a);
	json_in_skip(&in);
	UNIT_TRUE("one more", !json_in_end(&in));
	memset(bomb, '[', sizeof(bomb));
	json_in_begin(&in, view_make(bomb, sizeof(bomb)), a);
	json_in_skip(&in);
	UNIT_TRUE("bomb", !json_in_end(&in));
	arena_free(a);
}

/* A view has no NUL behind it, and its end is not read over. */
static void test_cut(void **state)
{
	static const char text[] = "{\"ab\":[\"\\u00e4\xc3\xa4\",12,true,{}]}";
	struct arena *a = arena_new();

	(void)state;
	for (size_t n = 0; n < strlen(text); n++) {
		char *copied = malloc(n > 0 ? n : 1);
		struct json_in in;

		assert_non_null(copied);
		memcpy(copied, text, n);
		json_in_begin(&in, view_make(copied, n), a);
		json_in_skip(&in);
		UNIT_TRUE("cut", !json_in_end(&in));
		free(copied);
	}
	arena_free(a);
}

/* After an error all loops end. */
static void test_fail(void **state)
{
	struct arena *a = arena_new();
	struct json_in in;
	struct view name;

	(void)state;
	json_in_begin(&in, view_of("{\"a\":[1,2],\"b\":3}"), a);
	json_in_open_object(&in);
	UNIT_TRUE("member", json_in_member(&in, &name));
	json_in_fail(&in);
	UNIT_TRUE("no element", !json_in_element(&in));
	UNIT_TRUE("no member", !json_in_member(&in, &name));
	UNIT_UINT("no name", name.len, 0);
	UNIT_UINT("no string", json_in_string(&in).len, 0);
	UNIT_UINT("no number", json_in_number(&in), 0);
	UNIT_INT("no value", json_in_next(&in), JSON_IN_NONE);
	json_in_skip(&in);
	UNIT_TRUE("no good", !json_in_end(&in));
	arena_free(a);
}

static void test_bool(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		bool want;
		bool is_good;
	} rows[] = {
		{ "true", " true ", true, true },
		{ "false", "false", false, true },
		{ "null", "null", false, false },
		{ "cut", "tru", false, false },
		{ "goes on", "truex", true, false },
		{ "number", "1", false, false },
		{ "string", "\"true\"", false, false },
		{ "nothing", "", false, false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct json_in in;

		json_in_begin(&in, view_of(rows[i].in), NULL);
		UNIT_BOOL(rows[i].name, json_in_bool(&in), rows[i].want);
		UNIT_BOOL(rows[i].name, json_in_end(&in), rows[i].is_good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_bool),
	};

	return UNIT_RUN(tests);
}
