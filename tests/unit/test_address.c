/* SPDX-License-Identifier: BSD-2-Clause */
/* test_address.c - addresses that may stand in a header, and others */
#include "config.h"

#include "common/address.h"
#include "tests/unit/unit.h"

static const struct {
	const char *text;
	bool is_dot_atom;
	bool is_quoted;
} locals[] = {
	{ "a", true, false },
	{ "a.b", true, false },
	{ "!#$%&'*+-/=?^_`{|}~09azAZ", true, false },
	{ "", false, false },
	{ ".", false, false },
	{ ".a", false, false },
	{ "a.", false, false },
	{ "a..b", false, false },
	{ "a b", false, false },
	{ "a\tb", false, false },
	{ "a\r\n b", false, false },
	{ "a,b", false, false },
	{ "a@b", false, false },
	{ "(a)", false, false },
	{ "<a>", false, false },
	{ "a\\b", false, false },
	{ "\xc3\xbc", false, false },
	{ "\x7f", false, false },
	{ "\"\"", false, true },
	{ "\"a@b,c;<d>(e)\"", false, true },
	{ "\"a\\\"b\\\\\"", false, true },
	{ "\"", false, false },
	{ "\"a", false, false },
	{ "a\"", false, false },
	{ "\"a\"b\"", false, false },
	{ "\"a\\\"", false, false },
	{ "\"a b\"", false, false },
	{ "\"a\\ b\"", false, false },
	{ "\"a\nb\"", false, false },
	{ "\"a\\\nb\"", false, false },
	{ "\"\xc3\xbc\"", false, false },
	{ "\"\x7f\"", false, false },
};

static void test_local(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(locals); i++) {
		const char *text = locals[i].text;
		char address[128];

		UNIT_BOOL(text, address_is_dot_atom(view_of(text)),
		    locals[i].is_dot_atom);
		UNIT_BOOL(text, address_is_quoted(view_of(text)),
		    locals[i].is_quoted);
		(void)snprintf(address, sizeof(address), "%s@x.example", text);
		UNIT_BOOL(text, address_is_safe(view_of(address)),
		    locals[i].is_dot_atom || locals[i].is_quoted);
		UNIT_BOOL(text,
		    address_is_plain(view_of(address), view_of("x.example")),
		    locals[i].is_dot_atom);
	}
}

/* A NUL is an octet like others. */
static void test_nul(void **state)
{
	(void)state;
	UNIT_BOOL(
	    "local", address_is_safe(view_make("a\0b@x.example", 13)), false);
	UNIT_BOOL("quoted",
	    address_is_safe(view_make("\"a\0b\"@x.example", 15)), false);
	UNIT_BOOL(
	    "domain", address_is_safe(view_make("a@x\0.example", 12)), false);
	UNIT_BOOL("end", address_is_safe(view_make("a@x.example", 12)), false);
}

static void test_domain(void **state)
{
	static const struct {
		const char *text;
		bool is_safe;
		bool is_in_domain;
	} table[] = {
		{ "a@x.example", true, true },
		{ "a@y.x.example", true, false },
		{ "a@example", true, false },
		{ "a@X.example", false, false },
		{ "a@x.example.", false, false },
		{ "a@", false, false },
		{ "a", false, false },
		{ "x.example", false, false },
		{ "@x.example", false, false },
		{ "a@x.example@x.example", false, false },
		{ "a@[192.0.2.1]", false, false },
		{ "a@x.example\r\n", false, false },
		{ "a@x.example ", false, false },
		{ " a@x.example", false, false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view text = view_of(table[i].text);

		UNIT_BOOL(
		    table[i].text, address_is_safe(text), table[i].is_safe);
		UNIT_BOOL(table[i].text,
		    address_is_plain(text, view_of("x.example")),
		    table[i].is_in_domain);
	}
}

static void test_length(void **state)
{
	char text[ADDRESS_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[ADDRESS_MAX - 10] = '@';
	UNIT_BOOL(
	    "longest", address_is_safe(view_make(text, ADDRESS_MAX)), true);
	UNIT_BOOL("too long", address_is_safe(view_make(text, ADDRESS_MAX + 1)),
	    false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_length),
	};

	return UNIT_RUN(tests);
}
