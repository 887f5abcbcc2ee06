/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dkim_canon.c - tests of send/dkim_canon.c */

#include "config.h"

#include "send/dkim_canon.h"
#include "tests/unit/unit.h"

/* RFC 6376 3.4.5 */
static const char example[] = "A: X\r\n"
			      "B : Y\t\r\n"
			      "\tZ  \r\n"
			      "\r\n"
			      " C \r\n"
			      "D \t E\r\n"
			      "\r\n"
			      "\r\n";

static void test_example(void **state)
{
	struct view rest = view_of(example);
	struct view field;
	struct strbuf out;

	(void)state;
	strbuf_init(&out, 1024);
	while (dkim_canon_next(&rest, &field)) {
		dkim_canon_field(field, &out);
	}
	UNIT_STR("header", strbuf_str(&out), "a:X\r\nb:Y Z\r\n");
	strbuf_clear(&out);
	dkim_canon_body(rest, &out);
	UNIT_STR("body", strbuf_str(&out), " C\r\nD E\r\n");
	strbuf_release(&out);
}

static void test_field(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want;
	} table[] = {
		{ "plain", "Subject: a\r\n", "subject:a\r\n" },
		{ "no line end", "Subject: a", "subject:a\r\n" },
		{ "no value", "Subject:\r\n", "subject:\r\n" },
		{ "blanks for a value", "Subject: \t \r\n", "subject:\r\n" },
		{ "an empty line in it", "Subject:\r\n \r\n a\r\n",
		    "subject:a\r\n" },
		{ "blanks around the colon", "Subject \t:\t a\r\n",
		    "subject:a\r\n" },
		{ "blanks at the end", "Subject: a \t\r\n", "subject:a\r\n" },
		{ "colons in the value", "Subject: a:b : c\r\n",
		    "subject:a:b : c\r\n" },
		{ "folded", "Subject: a\r\n\tb\r\n  c\r\n",
		    "subject:a b c\r\n" },
		{ "8 bits", "Subject: \xc3\xa9\r\n", "subject:\xc3\xa9\r\n" },
		{ "no colon", "Subject\r\n", "" },
		{ "no name", ": a\r\n", "" },
		{ "a blank in the name", "Sub ject: a\r\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct strbuf out;

		strbuf_init(&out, 1024);
		dkim_canon_field(view_of(table[i].in), &out);
		UNIT_STR(table[i].name, strbuf_str(&out), table[i].want);
		strbuf_release(&out);
	}
}

static void test_body(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want;
	} table[] = {
		{ "nothing", "", "" },
		{ "one empty line", "\r\n", "" },
		{ "empty lines", "\r\n\r\n\r\n", "" },
		{ "lines of blanks", " \r\n\t\t\r\n", "" },
		{ "no line end", "a", "a\r\n" },
		{ "blanks, no line end", "a \t", "a\r\n" },
		{ "empty lines before", "\r\n\r\na\r\n", "\r\n\r\na\r\n" },
		{ "empty lines between", "a\r\n \r\n\r\nb\r\n",
		    "a\r\n\r\n\r\nb\r\n" },
		{ "empty lines behind", "a\r\n\r\n \r\n", "a\r\n" },
		{ "blanks before", "\t  a\r\n", " a\r\n" },
		{ "blanks between", "a \t b  c\r\n", "a b c\r\n" },
		{ "blanks behind", "a b \r\n", "a b\r\n" },
		{ "bare line ends", "a\nb\rc\r\n", "a\nb\rc\r\n" },
		{ "CR CR LF", "a\r\r\n", "a\r\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct strbuf out;

		strbuf_init(&out, 1024);
		dkim_canon_body(view_of(table[i].in), &out);
		UNIT_STR(table[i].name, strbuf_str(&out), table[i].want);
		strbuf_release(&out);
	}
}

static void test_next(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		unsigned fields;
		const char *body;
	} table[] = {
		{ "nothing", "", 0, "" },
		{ "body only", "\r\nA: b\r\n", 0, "A: b\r\n" },
		{ "no body", "A: b\r\nC: d\r\n\r\n", 2, "" },
		{ "no end of the header", "A: b\r\nC: d\r\n", 2, "" },
		{ "no line end", "A: b\r\nC: d", 2, "" },
		{ "folded", "A: b\r\n c\r\n\td\r\nE: f\r\n\r\ng", 2, "g" },
		{ "bare line ends", "A: b\n\nC: d\r\n\r\ng", 1, "g" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view rest = view_of(table[i].in);
		struct view field;
		unsigned n = 0;

		while (dkim_canon_next(&rest, &field)) {
			n++;
		}
		UNIT_UINT(table[i].name, n, table[i].fields);
		UNIT_VIEW(table[i].name, rest, table[i].body);
	}
}

/* RFC 6376 5.4.2: from the last one up, and what is not there is nothing. */
static void test_fields(void **state)
{
	static const char message[] = "A: 1\r\nB: 2\r\na: 3\r\nC: 4\r\n"
				      "A : 5\r\n\r\nA: body\r\n";

	static const struct {
		const char *name;
		const char *names[6];
		const char *want;
	} table[] = {
		{ "none", { NULL }, "" },
		{ "one", { "B" }, "b:2\r\n" },
		{ "the last", { "A" }, "a:5\r\n" },
		{ "all of a name", { "A", "a", "A" }, "a:5\r\na:3\r\na:1\r\n" },
		{ "one more", { "A", "A", "A", "A" }, "a:5\r\na:3\r\na:1\r\n" },
		{ "absent", { "D", "D" }, "" },
		{ "in the order of the names", { "C", "A", "B", "A", "C" },
		    "c:4\r\na:5\r\nb:2\r\na:3\r\n" },
	};

	(void)state;
	UNIT_UINT("A", dkim_canon_count(view_of(message), "A"), 3);
	UNIT_UINT("D", dkim_canon_count(view_of(message), "D"), 0);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct strbuf out;

		strbuf_init(&out, 1024);
		dkim_canon_fields(view_of(message), table[i].names, &out);
		UNIT_STR(table[i].name, strbuf_str(&out), table[i].want);
		strbuf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_fields),
	};

	return UNIT_RUN(tests);
}
