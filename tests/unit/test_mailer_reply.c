/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mailer_reply.c - tests of whose affair a refused recipient is */

#include "config.h"

#include "send/mailer_reply.h"
#include "tests/unit/unit.h"

static void test_end(void **state)
{
	static const struct {
		const char *in;
		enum attempt_end want;
	} table[] = {
		{ "550 5.1.1 No such user", ATTEMPT_REFUSED },
		{ "550", ATTEMPT_REFUSED },
		{ "553 5.1.3 Bad address", ATTEMPT_REFUSED },
		{ "599 ?", ATTEMPT_REFUSED },
		{ "450 4.7.1 Greylisted", ATTEMPT_RETRY },
		{ "451-4.3.0 many lines", ATTEMPT_RETRY },
		{ "421 4.3.2 Closing", ATTEMPT_OURS },
		{ "530 5.7.0 Authentication required", ATTEMPT_OURS },
		{ "530 5.7.0 Must issue a STARTTLS command first",
		    ATTEMPT_OURS },
		{ "535 5.7.8 no", ATTEMPT_OURS },
		{ "538 5.7.11 Encryption required", ATTEMPT_OURS },
		/* Postfix, Sendmail, Exim */
		{ "554 5.7.1 <a@b.example>: Relay access denied",
		    ATTEMPT_OURS },
		{ "550 5.7.1 <a@b.example>... Relaying denied. Proper "
		  "authentication required.",
		    ATTEMPT_OURS },
		{ "550 5.7.1 Relaying denied", ATTEMPT_OURS },
		{ "550 relay not permitted", ATTEMPT_OURS },
		{ "454 4.7.1 <a@b.example>: Relay access denied",
		    ATTEMPT_OURS },
		/* the word is part of the address, or another host's */
		{ "550 5.1.1 <a@relay.example>: no", ATTEMPT_REFUSED },
		{ "550 5.1.1 <relay@b.example> no", ATTEMPT_REFUSED },
		{ "550 5.1.2 <\"a>relay\"@b.example>: no", ATTEMPT_REFUSED },
		{ "550 5.1.2 <\"a\\\">relay\"@b.example>: no",
		    ATTEMPT_REFUSED },
		{ "550 5.1.2 <\"a>b\"@b.example>: Relay access denied",
		    ATTEMPT_OURS },
		{ "550 5.1.2 <\"a\\", ATTEMPT_REFUSED },
		{ "550 5.1.2 relay@b.example... Host unknown",
		    ATTEMPT_REFUSED },
		{ "550 5.1.2 relay.b.example: no such host", ATTEMPT_REFUSED },
		{ "550 5.1.1 <a@b.example>: Recipient address rejected: "
		  "undeliverable address: host mx.b.example said: 554 Relay "
		  "access denied",
		    ATTEMPT_REFUSED },
		/* an access rule for the recipient */
		{ "554 5.7.1 <a@b.example>: Recipient address rejected",
		    ATTEMPT_REFUSED },
		/* no refusal, or no reply */
		{ "250 2.1.5 ok", ATTEMPT_OURS },
		{ "354 go on", ATTEMPT_OURS },
		{ "", ATTEMPT_OURS },
		{ "55", ATTEMPT_OURS },
		{ "abc no", ATTEMPT_OURS },
		{ "-50 no", ATTEMPT_OURS },
		{ "600 no", ATTEMPT_OURS },
		{ "550 <", ATTEMPT_REFUSED },
		{ "550 <relay", ATTEMPT_REFUSED },
		{ "550 rela", ATTEMPT_REFUSED },
		{ "550 relay", ATTEMPT_OURS },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].in, mailer_reply_end(view_of(table[i].in)),
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
