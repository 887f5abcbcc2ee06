/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sts_record.c - tests common/sts_record.c, and common/record_text.c as
 * far as test_record.c does not: each rule of RFC 8461 3.1 has a row.
 */
#include "config.h"

#include "common/record_text.h"
#include "common/sts_record.h"
#include "tests/unit/unit.h"

#define V      "v=STSv1"
#define ID32   "0123456789abcdefABCDEFGHIJKLMNOP"
#define NAME32 "a23456789012345678901234567890_2"

static const struct {
	const char *name;
	const char *in;
	const char *id; /* NULL: it is no valid record */
	enum sts_record_status status;
} table[] = {
	{ "RFC 8461's example", V "; id=20160831085700Z;", "20160831085700Z",
	    STS_RECORD_VALID },
	{ "no blanks", V ";id=1", "1", STS_RECORD_VALID },
	{ "R201 blanks and tabs", V "\t ;\t id=a \t;\t ", "a",
	    STS_RECORD_VALID },
	{ "R202 blank before ';' (erratum 6285)", V " ;id=a", "a",
	    STS_RECORD_VALID },
	{ "R201 id of 32", V ";id=" ID32, ID32, STS_RECORD_VALID },
	{ "R204 id twice", V ";id=first;id=second", "first", STS_RECORD_VALID },
	{ "R204 second id is none", V ";id=first;id=a-b", "first",
	    STS_RECORD_VALID },
	{ "R204 unknown fields first and last", V ";x=1;id=a;y.z-_=!:<>~", "a",
	    STS_RECORD_VALID },
	{ "R201 name of 32", V ";id=a;" NAME32 "=1", "a", STS_RECORD_VALID },
	{ "upper-case ID beside id", V ";ID=b;id=a", "a", STS_RECORD_VALID },
	{ "case of the id stays", V ";id=aB", "aB", STS_RECORD_VALID },
	{ "empty", "", NULL, STS_RECORD_NONE },
	{ "version only", V, NULL, STS_RECORD_NONE },
	{ "R200 version 2", "v=STSv2; id=a", NULL, STS_RECORD_NONE },
	{ "R200 version 10", "v=STSv10; id=a", NULL, STS_RECORD_NONE },
	{ "R200 case of V", "V=STSv1; id=a", NULL, STS_RECORD_NONE },
	{ "R200 case of STS", "v=stsv1; id=a", NULL, STS_RECORD_NONE },
	{ "R200 blank first", " " V "; id=a", NULL, STS_RECORD_NONE },
	{ "R200 version not first", "id=a; " V, NULL, STS_RECORD_NONE },
	{ "the other record", "v=TLSRPTv1; rua=mailto:a@b.example", NULL,
	    STS_RECORD_NONE },
	{ "no delimiter", V " id=a", NULL, STS_RECORD_NONE },
	{ "R201 no field", V ";", NULL, STS_RECORD_SYNTAX },
	{ "R201 no id", V "; x=1", NULL, STS_RECORD_SYNTAX },
	{ "R201 upper-case ID only", V "; ID=a", NULL, STS_RECORD_SYNTAX },
	{ "R201 empty id", V "; id=", NULL, STS_RECORD_SYNTAX },
	{ "R201 empty id, then one", V "; id=; id=a", NULL, STS_RECORD_SYNTAX },
	{ "R201 id of 33", V ";id=" ID32 "x", NULL, STS_RECORD_SYNTAX },
	{ "R201 id with '-'", V ";id=2016-08", NULL, STS_RECORD_SYNTAX },
	{ "R201 blank in the id", V ";id=a b", NULL, STS_RECORD_SYNTAX },
	{ "R201 blank before '='", V ";id =a", NULL, STS_RECORD_SYNTAX },
	{ "R201 blank after '='", V ";id= a", NULL, STS_RECORD_SYNTAX },
	{ "blank at the end", V ";id=a ", NULL, STS_RECORD_SYNTAX },
	{ "empty field", V ";;id=a", NULL, STS_RECORD_SYNTAX },
	{ "empty field at the end", V ";id=a;;", NULL, STS_RECORD_SYNTAX },
	{ "comma for ';'", V ",id=a", NULL, STS_RECORD_NONE },
	{ "comma between fields", V ";id=a,x=1", NULL, STS_RECORD_SYNTAX },
	{ "name of 33", V ";id=a;" NAME32 "x=1", NULL, STS_RECORD_SYNTAX },
	{ "name begins with '_'", V ";id=a;_x=1", NULL, STS_RECORD_SYNTAX },
	{ "value with '='", V ";id=a;x==", NULL, STS_RECORD_SYNTAX },
	{ "value with a blank", V ";id=a;x=1 2", NULL, STS_RECORD_SYNTAX },
	{ "no value", V ";id=a;x=", NULL, STS_RECORD_SYNTAX },
	{ "no '='", V ";id=a;x", NULL, STS_RECORD_SYNTAX },
	{ "8-bit octet in the id", V ";id=\xc3\xa4", NULL, STS_RECORD_SYNTAX },
	{ "8-bit octet in a value", V ";id=a;x=\xe4", NULL, STS_RECORD_SYNTAX },
	{ "line end", V ";id=a\r\n", NULL, STS_RECORD_SYNTAX },
	{ "quoted", "\"" V ";id=a\"", NULL, STS_RECORD_NONE },
};

static void test_table(void **state)
{
	struct sts_record r;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view text = view_of(table[i].in);

		sts_record_parse(&text, 1, &r);
		UNIT_STR(table[i].name, sts_record_status_word(r.status),
		    sts_record_status_word(table[i].status));
		UNIT_STR(table[i].name, r.id,
		    table[i].id != NULL ? table[i].id : "");
		UNIT_BOOL(table[i].name, r.error != NULL,
		    table[i].status == STS_RECORD_SYNTAX);
	}
}

/* Octets that end no string here. */
static void test_nul(void **state)
{
	static const char text[] = V ";id=a\0b";
	struct view v = view_make(text, sizeof(text) - 1);
	struct sts_record r;

	(void)state;
	sts_record_parse(&v, 1, &r);
	UNIT_UINT("NUL in the id", r.status, STS_RECORD_SYNTAX);
	UNIT_UINT("where", r.error_at, 12);
}

/* R202: what several TXT records mean. */
static void test_several(void **state)
{
	static const struct {
		const char *name;
		const char *in[3];
		size_t n;
		enum sts_record_status want;
	} rows[] = {
		{ "no text", { NULL }, 0, STS_RECORD_NONE },
		{ "two records", { V ";id=a", V ";id=a" }, 2,
		    STS_RECORD_SEVERAL },
		{ "a good and a broken one", { V ";id=a", V ";" }, 2,
		    STS_RECORD_SEVERAL },
		{ "one beside others", { "v=spf1 -all", V ";id=a", V }, 3,
		    STS_RECORD_VALID },
		{ "another version beside", { "v=STSv2;id=b", V ";id=a" }, 2,
		    STS_RECORD_VALID },
		{ "none of them", { "v=spf1 -all", "" }, 2, STS_RECORD_NONE },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct view texts[3];
		struct sts_record r;

		for (size_t k = 0; k < rows[i].n; k++) {
			texts[k] = view_of(rows[i].in[k]);
		}
		sts_record_parse(texts, rows[i].n, &r);
		UNIT_STR(rows[i].name, sts_record_status_word(r.status),
		    sts_record_status_word(rows[i].want));
	}
}

static void test_long(void **state)
{
	static char text[RECORD_TEXT_MAX + 1];
	struct view v = view_make(text, RECORD_TEXT_MAX);
	struct sts_record r;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, V ";id=a;x=", sizeof(V ";id=a;x=") - 1);
	sts_record_parse(&v, 1, &r);
	UNIT_STR("longest", r.id, "a");
	v.len++;
	sts_record_parse(&v, 1, &r);
	UNIT_UINT("too long", r.status, STS_RECORD_SYNTAX);
	UNIT_UINT("too long: where", r.error_at, RECORD_TEXT_MAX);
}

static void test_words(void **state)
{
	(void)state;
	UNIT_STR("valid", sts_record_status_word(STS_RECORD_VALID), "valid");
	UNIT_STR("none", sts_record_status_word(STS_RECORD_NONE), "none");
	UNIT_STR(
	    "several", sts_record_status_word(STS_RECORD_SEVERAL), "several");
	UNIT_STR("syntax", sts_record_status_word(STS_RECORD_SYNTAX), "syntax");
	UNIT_STR("no such", sts_record_status_word((enum sts_record_status)4),
	    "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_words),
	};

	return UNIT_RUN(tests);
}
