/* SPDX-License-Identifier: BSD-2-Clause */
/* test_attempt.c - tests of what became of one try, in words */

#include "config.h"

#include "send/attempt.h"
#include "send/mailer_command.h"
#include "tests/unit/unit.h"

static void test_set(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		const char *want;
	} table[] = {
		{ "plain", "250 2.0.0 ok", "250 2.0.0 ok" },
		{ "line end", "250 ok\r\n", "250 ok" },
		{ "control", "550 \033[31mno", "550 ?[31mno" },
		{ "8 bit", "\xc3\xa4 no", "?? no" },
		{ "blanks", "no  ", "no" },
		{ "nothing", "", "" },
	};

	char longest[2 * ATTEMPT_ANSWER];
	struct attempt a = { .retry_after_s = 7 };

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		attempt_set(&a, ATTEMPT_REFUSED, view_of(table[i].in));
		UNIT_STR(table[i].name, a.answer, table[i].want);
		UNIT_INT(table[i].name, a.end, ATTEMPT_REFUSED);
		UNIT_INT(table[i].name, a.retry_after_s, 0);
	}
	memset(longest, 'x', sizeof(longest));
	attempt_set(&a, ATTEMPT_OURS, view_make(longest, sizeof(longest)));
	UNIT_UINT("cut", strlen(a.answer), ATTEMPT_ANSWER - 1);
}

static void test_command(void **state)
{
	static const struct {
		int in;
		enum attempt_end want;
	} table[] = {
		{ 0, ATTEMPT_ACCEPTED },
		{ 65, ATTEMPT_REFUSED },
		{ 67, ATTEMPT_REFUSED },
		{ 68, ATTEMPT_REFUSED },
		{ 75, ATTEMPT_RETRY },
		{ 1, ATTEMPT_OURS },
		{ 64, ATTEMPT_OURS },
		{ 66, ATTEMPT_OURS },
		{ 69, ATTEMPT_OURS },
		{ 77, ATTEMPT_OURS },
		{ 127, ATTEMPT_OURS },
		{ 255, ATTEMPT_OURS },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "exit %d", table[i].in);
		UNIT_INT(name, mailer_command_end(table[i].in), table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_command),
	};

	return UNIT_RUN(tests);
}
