/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mailer_reply.c - tests of whose affair a refused recipient is */

#include "config.h"

#include "send/mailer_reply.h"
#include "tests/unit/unit.h"

static void test_end(void **state)
{
	static const struct {
		const char *in;
		const char *to;
		enum attempt_end want;
	} table[] = {
		{ "550 5.1.1 No such user", "a@b.example", ATTEMPT_REFUSED },
		{ "550", "a@b.example", ATTEMPT_REFUSED },
		{ "553 5.1.3 Bad address", "a@b.example", ATTEMPT_REFUSED },
		{ "599 ?", "a@b.example", ATTEMPT_REFUSED },
		{ "450 4.7.1 Greylisted", "a@b.example", ATTEMPT_RETRY },
		{ "451-4.3.0 many lines", "a@b.example", ATTEMPT_RETRY },
		{ "421 4.3.2 Closing", "a@b.example", ATTEMPT_OURS },
		{ "530 5.7.0 Authentication required", "a@b.example",
		    ATTEMPT_OURS },
		{ "530 5.7.0 Must issue a STARTTLS command first",
		    "a@b.example", ATTEMPT_OURS },
		{ "535 5.7.8 no", "a@b.example", ATTEMPT_OURS },
		{ "538 5.7.11 Encryption required", "a@b.example",
		    ATTEMPT_OURS },
		/* Postfix, Sendmail, Exim */
		{ "554 5.7.1 <a@b.example>: Relay access denied", "a@b.example",
		    ATTEMPT_OURS },
		{ "550 5.7.1 <a@b.example>... Relaying denied", "a@b.example",
		    ATTEMPT_OURS },
		{ "550 relay not permitted", "a@b.example", ATTEMPT_OURS },
		{ "454 4.7.1 <a@b.example>: Relay access denied", "a@b.example",
		    ATTEMPT_OURS },
		/* the word is in the address alone */
		{ "550 5.1.1 <a@relay.example>: no", "a@relay.example",
		    ATTEMPT_REFUSED },
		{ "550 5.1.1 <A@Relay.example>: no", "a@relay.example",
		    ATTEMPT_REFUSED },
		{ "550 5.7.1 <a@relay.example>: Relaying denied",
		    "a@relay.example", ATTEMPT_OURS },
		/* an access rule for the recipient */
		{ "554 5.7.1 <a@b.example>: Recipient address rejected",
		    "a@b.example", ATTEMPT_REFUSED },
		/* no refusal, or no reply */
		{ "250 2.1.5 ok", "a@b.example", ATTEMPT_OURS },
		{ "354 go on", "a@b.example", ATTEMPT_OURS },
		{ "", "a@b.example", ATTEMPT_OURS },
		{ "55", "a@b.example", ATTEMPT_OURS },
		{ "abc no", "a@b.example", ATTEMPT_OURS },
		{ "-50 no", "a@b.example", ATTEMPT_OURS },
		{ "600 no", "a@b.example", ATTEMPT_OURS },
		{ "550 rela", "", ATTEMPT_REFUSED },
		{ "550 relay", "", ATTEMPT_OURS },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].in,
		    mailer_reply_end(
			view_of(table[i].in), view_of(table[i].to)),
		    table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end),
	};

	return UNIT_RUN(tests);
}
