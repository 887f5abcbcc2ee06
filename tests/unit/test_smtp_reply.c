/* SPDX-License-Identifier: BSD-2-Clause */
/* test_smtp_reply.c - replies of mail servers */

#include "config.h"

#include "tests/unit/unit.h"

#include "common/err.h"
#include "lookup/smtp_reply.h"

static void test_parse(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		int want;
		unsigned code;
	} table[] = {
		{ "one line", "220 mx\r\n", 8, 220 },
		{ "no text", "220\r\n", 5, 220 },
		{ "no text, a blank", "220 \r\n", 6, 220 },
		{ "a bare line end", "220 mx\n", 7, 220 },
		{ "more behind", "220 mx\r\n250 x\r\n", 8, 220 },
		{ "many lines", "250-a\r\n250-b\r\n250 c\r\n", 21, 250 },
		{ "a last line without text", "250-a\r\n250\r\n", 12, 250 },
		{ "nothing", "", ERR_PARTIAL, 0 },
		{ "no line end", "220 mx", ERR_PARTIAL, 0 },
		{ "no last line", "250-a\r\n", ERR_PARTIAL, 0 },
		{ "two codes", "250-a\r\n220 b\r\n", ERR_PARSE, 0 },
		{ "no code", "hello\r\n", ERR_PARSE, 0 },
		{ "a short code", "22 x\r\n", ERR_PARSE, 0 },
		{ "a long code", "2200 x\r\n", ERR_PARSE, 0 },
		{ "a code of 1xx", "120 x\r\n", ERR_PARSE, 0 },
		{ "a code of 6xx", "620 x\r\n", ERR_PARSE, 0 },
		{ "another sign", "220+x\r\n", ERR_PARSE, 0 },
		{ "an empty line", "\r\n", ERR_PARSE, 0 },
		{ "HTTP", "HTTP/1.1 400 Bad\r\n", ERR_PARSE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct smtp_reply r;

		UNIT_INT(table[i].name,
		    smtp_reply_parse(view_of(table[i].in), &r), table[i].want);
		UNIT_INT(table[i].name, (int)r.code, (int)table[i].code);
	}
}

static void test_bound(void **state)
{
	static char in[SMTP_REPLY_MAX + 64];
	struct smtp_reply r;

	(void)state;
	memset(in, 'x', sizeof(in));
	in[0] = '2';
	in[1] = '5';
	in[2] = '0';
	in[3] = ' ';
	UNIT_INT("up to the bound",
	    smtp_reply_parse(view_make(in, SMTP_REPLY_MAX), &r), ERR_PARTIAL);
	UNIT_INT("over it",
	    smtp_reply_parse(view_make(in, SMTP_REPLY_MAX + 1), &r), ERR_PARSE);
	in[SMTP_REPLY_MAX - 1] = '\n';
	UNIT_INT("as long as can be",
	    smtp_reply_parse(view_make(in, sizeof(in)), &r), SMTP_REPLY_MAX);
}

static void test_ehlo(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *helo;
		bool want;
	} table[] = {
		{ "offered", "250-mx.example\r\n250 STARTTLS\r\n", "mx.example",
		    true },
		{ "any case", "250-mx\r\n250-StartTLS\r\n250 HELP\r\n", "mx",
		    true },
		{ "with more words", "250-mx hello\r\n250 STARTTLS now\r\n",
		    "mx", true },
		{ "a longer word", "250-mx\r\n250 STARTTLSX\r\n", "mx", false },
		{ "overwritten", "250-mx\r\n250 XXXXXXXA\r\n", "mx", false },
		{ "the first line offers nothing", "250 STARTTLS\r\n",
		    "STARTTLS", false },
		{ "no text", "250\r\n", "", false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct smtp_reply r;
		char helo[64];

		UNIT_INT(table[i].name,
		    smtp_reply_parse(view_of(table[i].in), &r),
		    (int)strlen(table[i].in));
		UNIT_INT(table[i].name, smtp_reply_offers(&r, "STARTTLS"),
		    table[i].want);
		(void)view_copy(smtp_reply_name(&r), helo, sizeof(helo));
		UNIT_STR(table[i].name, helo, table[i].helo);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_ehlo),
	};

	return UNIT_RUN(tests);
}
