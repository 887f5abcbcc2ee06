/* SPDX-License-Identifier: BSD-2-Clause */
/* test_envelope.c - tests of common/envelope.c */

#include "config.h"

#include "common/envelope.h"
#include "common/err.h"
#include "tests/unit/unit.h"

#define TOKEN      "0123456789abcdef0123456789abcdef"
#define V(literal) view_make((literal), sizeof(literal) - 1)

static struct conf conf_with(const char *envelope_from, uint64_t delimiter)
{
	/* borrowed: nothing releases it */
	return (struct conf){ .envelope_from = (char *)(uintptr_t)envelope_from,
		.recipient_delimiter = delimiter };
}

static void test_sender(void **state)
{
	static const struct {
		const char *name;
		const char *envelope_from;
		uint64_t delimiter;
		const char *token;
		size_t size;
		int rc;
		const char *want;
	} table[] = {
		{ "no delimiter", "rpt@x.example", 0, TOKEN, 64, 0,
		    "rpt@x.example" },
		{ "no delimiter, no token", "rpt@x.example", 0, NULL, 64, 0,
		    "rpt@x.example" },
		{ "no token", "rpt@x.example", 1, NULL, 64, 0,
		    "rpt@x.example" },
		{ "plus", "rpt@x.example", 1, TOKEN, 64, 0,
		    "rpt+" TOKEN "@x.example" },
		{ "hyphen", "rpt@x.example", 2, TOKEN, 64, 0,
		    "rpt-" TOKEN "@x.example" },
		{ "equals", "rpt@x.example", 3, TOKEN, 64, 0,
		    "rpt=" TOKEN "@x.example" },
		{ "underscore", "rpt@x.example", 4, TOKEN, 64, 0,
		    "rpt_" TOKEN "@x.example" },
		{ "fits", "rpt@x.example", 1, TOKEN, 47, 0,
		    "rpt+" TOKEN "@x.example" },
		{ "does not fit", "rpt@x.example", 1, TOKEN, 46, ERR_FULL, "" },
		{ "does not fit, plain", "rpt@x.example", 0, TOKEN, 13,
		    ERR_FULL, "" },
		{ "longest", "a234567890123456789012345678901@x", 1, TOKEN, 99,
		    0, "a234567890123456789012345678901+" TOKEN "@x" },
		{ "too long", "a2345678901234567890123456789012@x", 1, TOKEN,
		    99, ERR_FULL, "" },
		{ "too long, plain", "a2345678901234567890123456789012@x", 0,
		    TOKEN, 99, 0, "a2345678901234567890123456789012@x" },
		{ "short token", "rpt@x.example", 1, "0123", 64, ERR_PARSE,
		    "" },
		{ "bad token", "rpt@x.example", 1,
		    "0123456789abcdef0123456789abcde@", 64, ERR_PARSE, "" },
		{ "no address", NULL, 1, TOKEN, 64, ERR_CONFIG, "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct conf c =
		    conf_with(table[i].envelope_from, table[i].delimiter);
		char out[128] = "?";

		assert_true(table[i].size <= sizeof(out));
		UNIT_INT(table[i].name,
		    envelope_sender(&c, table[i].token, out, table[i].size),
		    table[i].rc);
		UNIT_STR(table[i].name, out, table[i].want);
	}
}

static void test_token(void **state)
{
	const struct {
		const char *name;
		char delimiter;
		struct view address;
		const char *want; /* NULL: none */
	} table[] = {
		{ "plus", '+', V("rpt+" TOKEN "@x.example"), TOKEN },
		{ "hyphen", '-', V("rpt-" TOKEN "@x.example"), TOKEN },
		{ "plus beside another", '-', V("rpt+" TOKEN "@x.example"),
		    TOKEN },
		{ "plus without one", '\0', V("rpt+" TOKEN "@x.example"),
		    TOKEN },
		{ "hyphen without one", '\0', V("rpt-" TOKEN "@x.example"),
		    NULL },
		{ "another delimiter", '+', V("rpt-" TOKEN "@x.example"),
		    NULL },
		{ "capitals", '+',
		    V("RPT+0123456789ABCDEF0123456789ABCDEF@X.EXAMPLE"),
		    "0123456789ABCDEF0123456789ABCDEF" },
		{ "quotes", '+', V("\"rpt+" TOKEN "\"@x.example"), TOKEN },
		{ "one quote", '+', V("\"rpt+" TOKEN "@x.example"), NULL },
		{ "no token", '+', V("rpt@x.example"), NULL },
		{ "empty token", '+', V("rpt+@x.example"), NULL },
		{ "short", '+', V("rpt+0123@x.example"), NULL },
		{ "long", '+', V("rpt+0" TOKEN "@x.example"), NULL },
		{ "no digit", '+',
		    V("rpt+0123456789abcdefg123456789abcdef@x.example"), NULL },
		{ "two ats", '+', V("rpt+" TOKEN "@x@x.example"), NULL },
		{ "two delimiters", '+', V("rpt++" TOKEN "@x.example"), NULL },
		{ "another domain", '+', V("rpt+" TOKEN "@y.example"), NULL },
		{ "another local part", '+', V("rpx+" TOKEN "@x.example"),
		    NULL },
		{ "no domain", '+', V("rpt+" TOKEN), NULL },
		{ "empty", '+', V(""), NULL },
		{ "no buffer", '+', { NULL, 0 }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view token = view_of(NULL);

		UNIT_BOOL(table[i].name,
		    envelope_token("rpt@x.example", table[i].delimiter,
			table[i].address, &token),
		    table[i].want != NULL);
		UNIT_TRUE(table[i].name,
		    table[i].want == NULL || view_is(token, table[i].want));
	}
	UNIT_BOOL("no own",
	    envelope_token(NULL, '+', V("rpt+" TOKEN "@x.example"),
		&(struct view){ NULL, 0 }),
	    false);
}

/* What is made is recognised, with every delimiter there is. */
static void test_both_ways(void **state)
{
	const struct conf_key *key = conf_key_find("recipient-delimiter");

	(void)state;
	for (uint64_t i = 0; key->choices[i] != NULL; i++) {
		struct conf c = conf_with("rpt@x.example", i);
		char out[ENVELOPE_BUF];
		struct view token;

		assert_int_equal(
		    envelope_sender(&c, TOKEN, out, sizeof(out)), 0);
		UNIT_BOOL(key->choices[i],
		    envelope_is_own(
			c.envelope_from, envelope_delimiter(&c), view_of(out)),
		    true);
		UNIT_BOOL(key->choices[i],
		    envelope_token(c.envelope_from, envelope_delimiter(&c),
			view_of(out), &token),
		    i != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sender),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_both_ways),
	};

	return UNIT_RUN(tests);
}
