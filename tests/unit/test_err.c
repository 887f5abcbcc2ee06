/* SPDX-License-Identifier: BSD-2-Clause */
/* test_err.c - tests of common/err.c */

#include "config.h"

#include "common/err.h"
#include "tests/unit/unit.h"

static const struct {
	const char *name;
	int code;
} codes[] = {
	{ "ERR_PARSE", ERR_PARSE },
	{ "ERR_PARTIAL", ERR_PARTIAL },
	{ "ERR_FULL", ERR_FULL },
	{ "ERR_VERSION", ERR_VERSION },
	{ "ERR_DAMAGED", ERR_DAMAGED },
	{ "ERR_SHORT", ERR_SHORT },
	{ "ERR_SEALED", ERR_SEALED },
	{ "ERR_NOT_FOUND", ERR_NOT_FOUND },
	{ "ERR_LITERAL", ERR_LITERAL },
	{ "ERR_TOO_LONG", ERR_TOO_LONG },
	{ "ERR_CONFIG", ERR_CONFIG },
	{ "ERR_BUSY", ERR_BUSY },
	{ "ERR_OLD", ERR_OLD },
	{ "ERR_TEMP", ERR_TEMP },
	{ "ERR_STOPPED", ERR_STOPPED },
	{ "ERR_NOT_BUILT", ERR_NOT_BUILT },
	{ "ERR_NOT_FILE", ERR_NOT_FILE },
};

/* Each of our codes has a text of its own, and is none of the system's. */
static void test_own_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(codes); i++) {
		const char *text = err_text(codes[i].code);

		UNIT_TRUE(codes[i].name, codes[i].code < -4095);
		UNIT_TRUE(codes[i].name, strlen(text) > 0);
		UNIT_TRUE(codes[i].name, strstr(text, "Unknown") == NULL);
		for (size_t j = 0; j < i; j++) {
			UNIT_TRUE(codes[i].name, codes[i].code < codes[j].code);
			UNIT_TRUE(codes[i].name,
			    strcmp(text, err_text(codes[j].code)) != 0);
		}
	}
}

static void test_other_codes(void **state)
{
	static const struct {
		const char *name;
		int in;
		const char *want;
	} table[] = {
		{ "none", 0, "no error" },
		{ "-ENOENT", -ENOENT, "No such file or directory" },
		{ "-ENOSPC", -ENOSPC, "No space left on device" },
		{ "ENOENT", ENOENT, "No such file or directory" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_STR(table[i].name, err_text(table[i].in), table[i].want);
	}
	UNIT_TRUE("no such code", strlen(err_text(-123456)) > 0);
	UNIT_TRUE("behind the last", strlen(err_text(ERR_NOT_FILE - 1)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_codes),
		cmocka_unit_test(test_other_codes),
	};

	return UNIT_RUN(tests);
}
