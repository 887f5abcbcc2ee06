/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sendmail_rules.c - tests common/sendmail_rules.c and sendmail_outcome.c:
 * records in, sessions out
 */

#include "config.h"

#include "tests/unit/sendmail_kit.h"

#define P "0 10 "
#define D "a.example."
#define U "u@a.example"

/* The usual lines of a message over a new connection with TLS. */
#define OPEN(q, x, d, r) \
 P T(q, x, d, r)         \
 P S(q, UP("OK"), x, d, r)
#define MESSAGE(q, x, d, r) OPEN(q, x, d, r) P R(q, TLS("OK"), x, d, r)
#define FAIL(q, x, d, r) \
 P T(q, x, d, r)         \
 P S(q, NO("SOFTWARE"), x, d, r)

#define GOOD_A   "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3"
#define GOOD     GOOD_A " chain=ok name=match\n"
#define FAILED_A "0 a.example mx.a.example 192.0.2.1 failed"
#define LOST     "connection-closed-during-handshake"
#define PLAIN_A  "0 a.example mx.a.example 192.0.2.1 not-offered"
#define REFUSED  "0 a.example mx.a.example 192.0.2.1 refused starttls-reply-"

/* {verify} and the lines before it. */
static void test_outcomes(void **state)
{
	static const struct scenario table[] = {
		{ "OK", MESSAGE(QA, a, D, U), GOOD },
		{ "wrong name", P T(QA, a, D, U) P S(QA, OTHER, a, D, U),
		    GOOD_A " chain=ok name=mismatch\n" },
		{ "untrusted", P S(QA, UP("FAIL"), a, D, U),
		    GOOD_A " chain=bad name=match\n" },
		{ "expired",
		    P VERIFYMSG("certificate has expired")
			P S(QA, UP("FAIL"), a, D, U),
		    GOOD_A " chain=expired name=match\n" },
		{ "verifymsg of an earlier connection",
		    P VERIFYMSG("certificate has expired") P T(QA, a, D, U)
			P S(QA, UP("FAIL"), a, D, U),
		    GOOD_A " chain=bad name=match\n" },
		{ "verifymsg of another process",
		    "0 11 " VERIFYMSG("certificate has expired")
			P S(QA, UP("FAIL"), a, D, U),
		    GOOD_A " chain=bad name=match\n" },
		{ "DANE", P S(QA, UP("TRUSTED"), a, D, U),
		    GOOD_A " name=match dane=match\n" },
		{ "DANE mismatch", P S(QA, UP("DANE_FAIL"), a, D, U),
		    GOOD_A " name=match dane=mismatch\n" },
		{ "no certificate asked for", P S(QA, UP("NO"), a, D, U),
		    GOOD_A " name=match\n" },
		{ "not offered", P S(QA, NO("NONE"), a, D, U),
		    PLAIN_A " starttls-not-offered\n" },
		{ "not offered, DANE, 8.17", P S(QA, NO("DANE_FAIL"), a, D, U),
		    PLAIN_A " starttls-not-offered\n" },
		{ "not offered, DANE, 8.18", P S(QA, NO("DANE_NOTLS"), a, D, U),
		    PLAIN_A " starttls-not-offered\n" },
		{ "454", P T(QA, a, D, U) P S(QA, NO("TEMP"), a, D, U),
		    REFUSED "4xx\n" },
		{ "454, DANE",
		    P T(QA, a, D, U) P S(QA, NO("DANE_TEMP"), a, D, U),
		    REFUSED "4xx\n" },
		{ "502", P T(QA, a, D, U) P S(QA, NO("NONE"), a, D, U),
		    REFUSED "5xx\n" },
		{ "T of another connection",
		    P T(QA, b, D, U) P S(QA, NO("NONE"), a, D, U),
		    PLAIN_A " starttls-not-offered\n" },
		{ "lost at STARTTLS",
		    P T(QA, a, D, U) P S(QA, NO("FAILURE"), a, D, U),
		    FAILED_A " " LOST "\n" },
		{ "handshake", FAIL(QA, a, D, U),
		    FAILED_A " tls-handshake-failure\n" },
		{ "alert",
		    P T(QA, a, D, U) P ALERT P S(QA, NO("SOFTWARE"), a, D, U),
		    FAILED_A " tls-remote-alert-80-internal-error\n" },
		{ "closed",
		    P T(QA, a, D, U) P CLOSED P S(QA, NO("SOFTWARE"), a, D, U),
		    FAILED_A " " LOST "\n" },
		{ "no answer",
		    P T(QA, a, D, U) P HANGS P S(QA, NO("SOFTWARE"), a, D, U),
		    FAILED_A " timeout-during-handshake\n" },
		{ "alert of an earlier connection",
		    P ALERT P TO(QB, "<x@b.example>", b, SENT)
			P S(QA, NO("SOFTWARE"), a, D, U),
		    FAILED_A " tls-handshake-failure\n" },
		{ "a lookup of the STS failed", P S(QA, NO("TEMP"), a, D, U),
		    "0 unclear\n" },
		{ "unheard-of", P S(QA, UP("MAGIC"), a, D, U), "0 unclear\n" },
		{ "Try_TLS: NO, 8.17",
		    P T(QA, a, D, U) P
		    "ruleset=try_tls, arg1=mx, relay=mx, "
		    "reject=550 5.7.1 x\n" P S(QA, NO("NONE"), a, D, U)
			P R(QA, CLR("NONE"), a, D, U),
		    "0 local-policy\n" },
		{ "Try_TLS: NO, 8.18",
		    P T(QA, a, D, U) P
		    "ruleset=try_tls, arg1=mx, relay=mx, "
		    "status=550 5.7.1 x\n" P S(QA, NO("NONE"), a, D, U),
		    "0 local-policy\n" },
		{ "our address",
		    P QA ": TLSRPT1^S^i:" QA "^v:NONE^p:^c:^b:^n:^a:" IP_c
			 "^f:^o:IPv6:2001:db8:0:0:0:0:0:9^q:^k:1^h:mx^d:" D
			 "^s:^r:" U "^cn:^ci:\n",
		    "0 a.example mx 2001:db8::3 not-offered "
		    "starttls-not-offered from=2001:db8::9\n" },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
}

#define B_FAILED \
 "0 b.example mx.a.example 192.0.2.1 failed tls-handshake-failure\n"
#define A_FAILED FAILED_A " tls-handshake-failure\n"
#define GOOD_B2 \
 "0 b.example mx.b.example 192.0.2.2 ok TLSv1.3 chain=ok name=match\n"
#define GOOD_AB \
 "0 a.example mx.b.example 192.0.2.2 ok TLSv1.3 chain=ok name=match\n"
#define GOOD_BA \
 "0 b.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok name=match\n"

/* Whose session it was. */
static void test_domains(void **state)
{
	static const struct scenario table[] = {
		{ "one domain, many recipients",
		    MESSAGE(QA, a, D, U) P R(QA, TLS("OK"), a, D, "v@a.example")
			P R(QA, TLS("OK"), a, D, "W@A.Example.")
			    P TO(QA, "<u@a.example>", a, SENT),
		    GOOD },
		{ "two domains of one host",
		    MESSAGE(QA, a, D, U)
			P R(QA, TLS("OK"), a, D, "v@b.example"),
		    GOOD GOOD_BA },
		{ "reused for another message",
		    MESSAGE(QA, a, D, U) P TO(QA, "<u@a.example>", a,
			SENT) "60 10 " R(QB, TLS("OK"), a, "b.example.",
			"x@b.example") "60 10 " R(QC, TLS("OK"), a, D, U),
		    GOOD GOOD_BA },
		{ "next MX after a failure",
		    FAIL(QA, a, D, U) MESSAGE(QA, b, D, U)
			P TO(QA, "<u@a.example>", b, SENT),
		    GOOD_AB A_FAILED },
		{ "next MX for two domains, one refused there",
		    FAIL(QA, a, D, U) MESSAGE(QA, b, D, U) P R(QA, TLS("OK"), b,
			D, "v@b.example") P TO(QA, "<u@a.example>", b, SENT)
			P TO(QA, "<v@b.example>", b, "5.1.1, stat=No"),
		    GOOD_AB A_FAILED GOOD_B2 B_FAILED },
		{ "all failed: two domains of one host",
		    FAIL(QA, a, D, U) P REJECT(a, "SOFTWARE")
			P TO(QA, "<v@b.example>,<u@a.example>,<w@a.example>", a,
			    DEFERRED),
		    B_FAILED A_FAILED },
		{ "[more]: the first recipient is in the last list",
		    FAIL(QA, a, D, U) P TO(QA, "<v@b.example>, [more]", a,
			DEFERRED) P TO(QA, "<u@a.example>", a, DEFERRED),
		    B_FAILED A_FAILED },
		{ "[more], and no end",
		    FAIL(QA, a, D, U) P TO(
			QA, "<v@b.example>,<u@a.example>, [more]", a, DEFERRED),
		    B_FAILED A_FAILED },
		{ "no to= line: the next message",
		    FAIL(QA, a, D, U) P T(QB, b, "b.example.", "x@b.example"),
		    A_FAILED },
		{ "no to= line: the end", FAIL(QA, a, D, U), A_FAILED },
		{ "to= line of another message",
		    FAIL(QA, a, D, U) P TO(QB, "<x@b.example>", a, DEFERRED),
		    A_FAILED },
		{ "to= line of another process",
		    FAIL(QA, a, D, U) "0 11 " TO(
			QA, "<x@b.example>", a, DEFERRED),
		    A_FAILED },
		{ "host that is known to fail: no session",
		    FAIL(QA, a, D, U) P TO(QA, "<u@a.example>", a, DEFERRED)
			P TO_FULL(QB, "<v@b.example>", "esmtp", "mx.a.example.",
			    "4.7.0, stat=Deferred"),
		    A_FAILED },
		{ "rejected before a recipient: TLS was fine",
		    OPEN(QA, a, D, U) P TO(QA, "<u@a.example>", a, "5.7.1, x"),
		    GOOD },
		{ "retried by another process",
		    FAIL(QA, a, D, U) P TO(
			QA, "<u@a.example>", a, DEFERRED) "9 12 " S(QA,
			UP("OK"), a, D, U) "9 12 " R(QA, TLS("OK"), a, D, U),
		    A_FAILED
		    "9 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok name=match\n" },
		{ "envelope cut in two: two processes",
		    MESSAGE(QA, a, D, U) "0 11 " S(QB, UP("OK"), a, D,
			U) "0 11 " R(QB, TLS("OK"), a, D, U),
		    GOOD GOOD },
		{ "DSN: a new id, the same process",
		    FAIL(QA, a, D, U) P TO(QA, "<u@a.example>", a, DEFERRED)
			P QA ": " QB ": DSN: User unknown\n" MESSAGE(
			    QB, b, "b.example.", "s@b.example"),
		    A_FAILED GOOD_B2 },
		{ "two hosts at a time",
		    MESSAGE(QA, a, D, U) MESSAGE(QB, b, "b.example.",
			"x@b.example") P R(QC, TLS("OK"), a, D, "y@a.example"),
		    GOOD GOOD_B2 },
		{ "a recipient's connection was not seen",
		    P R(QA, TLS("OK"), a, D, U), "0 orphan\n" },
		{ "U-labels",
		    P S(QA, UP("OK"), a, "b\\303\\274.example.", "x")
			P R(QA, TLS("OK"), a, "b\\303\\274.example.",
			    "x@b\\303\\274.example"),
		    "0 xn--b-eha.example mx.a.example 192.0.2.1 ok TLSv1.3 "
		    "chain=ok name=match\n" },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
}

#define SMART(q, d, r) MESSAGE(q, a, d, r)
#define SMART_GOOD \
 "0 smart.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok name=match\n"

/* Mail that a table or a smart host sends elsewhere (R1, R5). */
static void test_next_hops(void **state)
{
	static const struct scenario table[] = {
		{ "mailertable",
		    SMART(QA, "smart.example.", U)
			P R(QA, TLS("OK"), a, "smart.example.", "v@b.example"),
		    SMART_GOOD },
		{ "smart host in brackets", SMART(QA, "[smart.example]", U),
		    SMART_GOOD },
		{ "smart host, recipient without a domain",
		    SMART(QA, "[smart.example]", "root"), SMART_GOOD },
		{ "smart host, failed",
		    FAIL(QA, a, "[smart.example]", U)
			P TO(QA, "<u@a.example>,<v@b.example>", a, DEFERRED),
		    "0 smart.example mx.a.example 192.0.2.1 failed "
		    "tls-handshake-failure\n" },
		{ "smart host, failed, [more]",
		    FAIL(QA, a, "[smart.example]", U)
			P TO(QA, "<u@a.example>, [more]", a, DEFERRED)
			    P TO(QA, "<v@b.example>", a, DEFERRED),
		    "0 smart.example mx.a.example 192.0.2.1 failed "
		    "tls-handshake-failure\n" },
		{ "address literal", SMART(QA, "[192.0.2.1]", "u@[192.0.2.1]"),
		    "0 address-literal\n" },
		{ "address literal, failed",
		    FAIL(QA, a, "[IPv6:fd99::2]", "u@[IPv6:fd99::2]"),
		    "0 address-literal\n" },
		{ "no domain", SMART(QA, "no domain", "u@-"),
		    "0 bad-domain\n" },
		{ "the next message is direct",
		    SMART(QA, "smart.example.", U) P R(QB, TLS("OK"), a, D, U),
		    SMART_GOOD GOOD },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
}

/* Reused connections and clear retries. */
static void test_attempts(void **state)
{
	static const struct scenario table[] = {
		{ "clear retry",
		    FAIL(QA, a, D, U) P S(QA, NO("CLEAR"), a, D, U)
			P R(QA, CLR("CLEAR"), a, D, U)
			    P R(QA, CLR("CLEAR"), a, D, "v@b.example")
				P TO(QA, "<u@a.example>", a, SENT),
		    "0 clear-retry\n" A_FAILED B_FAILED },
		{ "clear connection used again: TLS is tried again",
		    FAIL(QA, a, D, U) P S(QA, NO("CLEAR"), a, D, U)
			P R(QA, CLR("CLEAR"), a, D, U) P TO(QA, "<u@a.example>",
			    a, SENT) P S_AGAIN(QB, NO("SOFTWARE"), a, D, U)
			    P S(QB, NO("CLEAR"), a, D, U)
				P R(QB, CLR("CLEAR"), a, D, U),
		    "0 clear-retry\n" A_FAILED "0 clear-retry\n" A_FAILED },
		{ "connection without STARTTLS used again",
		    P S(QA, NO("NONE"), a, D, U) P R(QA, CLR("NONE"), a, D, U)
			P S_AGAIN(QB, NO("NONE"), a, "b.example.", "x@b")
			    P R(QB, CLR("NONE"), a, "b.example.", "x@b.example")
				P S_AGAIN(QC, NO("NONE"), a, D, U)
				    P R(QC, CLR("NONE"), a, D, U),
		    PLAIN_A " starttls-not-offered\n"
			    "0 b.example mx.a.example 192.0.2.1 not-offered "
			    "starttls-not-offered\n" },
		{ "454 again on the connection",
		    P T(QA, a, D, U) P S(QA, NO("TEMP"), a, D, U)
			P R(QA, CLR("TEMP"), a, D, U) P T(QB, a, D, U)
			    P S_AGAIN(QB, NO("TEMP"), a, D, U)
				P R(QB, CLR("TEMP"), a, D, U),
		    REFUSED "4xx\n" },
		{ "TLS comes up the second time",
		    P S(QA, NO("NONE"), a, D, U) P R(QA, CLR("NONE"), a, D, U)
			P S_AGAIN(QB, UP("OK"), a, D, U)
			    P R(QB, TLS("OK"), a, D, U),
		    PLAIN_A " starttls-not-offered\n" GOOD },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
}

#define OWN "tlsrpt+abc=1@Us.example"
#define FROM(s, r)            \
 P T_FULL(QA, "", a, D, s, r) \
 P S_FULL(QA, UP("OK"), "1", "", a, D, s, r, "^cn:x^ci:y")

/* Our own reports, and TLS-Required: No (R50, R51). */
static void test_left_out(void **state)
{
	static const char *const own[] = { "x@us.example", "tlsrpt@us.example",
		NULL };
	static const struct scenario table[] = {
		{ "own report",
		    FROM(OWN, U) P R_FULL(QA, TLS("OK"), "", a, D, OWN, U)
			P R(QB, TLS("OK"), a, D, U)
			    P R(QC, TLS("OK"), a, "b.example.", "x@b.example"),
		    "0 own-report\n0 own-report\n" },
		{ "own report that failed",
		    P S_FULL(QA, NO("SOFTWARE"), "1", "", a, D, OWN, U, NAMES)
			P TO(QA, "<" U ">", a, DEFERRED),
		    "0 own-report\n" },
		{ "own report in clear",
		    P S_FULL(QA, NO("NONE"), "1", "", a, D, OWN, U, NAMES),
		    "0 own-report\n" },
		{ "own report on a connection of other mail",
		    MESSAGE(QA, a, D, U) P R_FULL(
			QB, TLS("OK"), "", a, "b.example.", OWN, "x@b.example"),
		    GOOD "0 own-report\n" },
		{ "ordinary mail for the same domain follows",
		    MESSAGE(QA, a, "b.example.", "x@b.example")
			P R_FULL(QB, TLS("OK"), "", a, D, OWN, U)
			    P R(QC, TLS("OK"), a, D, U),
		    GOOD_BA GOOD },
		{ "certificate with ^cn: hides no own report",
		    P T_FULL(QA, "", a, D, OWN, U) P S_FULL(QA, UP("OK"), "1",
			"", a, D, OWN, U, "^cn:^cn:^r:^ci:^ci:"),
		    "0 own-report\n" },
		{ "forged: sender with ^r:",
		    FROM("tlsrpt@us.example^r:a@b.example", U), GOOD },
		{ "forged: quoted sender with ^r:",
		    FROM("\"tlsrpt@us.example^r:\"@b.example", U), GOOD },
		{ "forged: sender with ^r: and ^cn:",
		    FROM("tlsrpt@us.example^r:a@victim.example^cn:", U), GOOD },
		{ "forged: the same, in clear",
		    P S_FULL(QA, NO("NONE"), "1", "", a, D,
			"tlsrpt@us.example^r:a@victim.example^cn:^ci:", U,
			NAMES),
		    PLAIN_A " starttls-not-offered\n" },
		{ "sender like ours", FROM("tlsrpt+a b@us.example", U), GOOD },
		{ "recipient like our sender", FROM("", OWN), GOOD },
		{ "TLS-Required: No",
		    P S_FULL(QA, UP("OK"), "1", "no", a, D, "", U, NAMES)
			P R_FULL(QA, TLS("OK"), "no", a, D, "", U),
		    "0 tls-required-no\n" },
		{ "TLS-Required: No, failed",
		    P S_FULL(QA, NO("SOFTWARE"), "1", "no", a, D, "", U, NAMES)
			P TO(QA, "<u@a.example>", a, DEFERRED),
		    "0 tls-required-no\n" },
		{ "TLS-Required: No of the first message only",
		    P S_FULL(QA, UP("OK"), "1", "no", a, D, "", U, NAMES)
			P R_FULL(QA, TLS("OK"), "no", a, D, "", U)
			    P R(QB, TLS("OK"), a, D, U),
		    GOOD },
		{ "TLS-Required: No of the second message only",
		    MESSAGE(QA, a, D, U) P R_FULL(QB, TLS("OK"), "no", a,
			"b.example.", "", "x@b.example"),
		    GOOD "0 tls-required-no\n" },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_next_hops),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_left_out),
	};

	return UNIT_RUN(tests);
}
