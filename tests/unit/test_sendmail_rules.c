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
static const struct scenario outcomes[] = {
	{ "OK", MESSAGE(QA, A, D, U), GOOD },
	{ "wrong name", P T(QA, A, D, U) P S(QA, OTHER, A, D, U),
	    GOOD_A " chain=ok name=mismatch\n" },
	{ "untrusted", P S(QA, UP("FAIL"), A, D, U),
	    GOOD_A " chain=bad name=match\n" },
	{ "expired",
	    P VERIFYMSG("certificate has expired") P S(QA, UP("FAIL"), A, D, U),
	    GOOD_A " chain=expired name=match\n" },
	{ "verifymsg of an earlier connection",
	    P VERIFYMSG("certificate has expired") P T(QA, A, D, U)
		P S(QA, UP("FAIL"), A, D, U),
	    GOOD_A " chain=bad name=match\n" },
	{ "verifymsg of another process",
	    "0 11 " VERIFYMSG("certificate has expired")
		P S(QA, UP("FAIL"), A, D, U),
	    GOOD_A " chain=bad name=match\n" },
	{ "DANE", P S(QA, UP("TRUSTED"), A, D, U),
	    GOOD_A " name=match dane=match\n" },
	{ "DANE mismatch", P S(QA, UP("DANE_FAIL"), A, D, U),
	    GOOD_A " name=match dane=mismatch\n" },
	{ "no certificate asked for", P S(QA, UP("NO"), A, D, U),
	    GOOD_A " name=match\n" },
	{ "not offered", P S(QA, NO("NONE"), A, D, U),
	    PLAIN_A " starttls-not-offered\n" },
	{ "not offered, DANE, 8.17", P S(QA, NO("DANE_FAIL"), A, D, U),
	    PLAIN_A " starttls-not-offered\n" },
	{ "not offered, DANE, 8.18", P S(QA, NO("DANE_NOTLS"), A, D, U),
	    PLAIN_A " starttls-not-offered\n" },
	{ "454", P T(QA, A, D, U) P S(QA, NO("TEMP"), A, D, U),
	    REFUSED "4xx\n" },
	{ "454, DANE", P T(QA, A, D, U) P S(QA, NO("DANE_TEMP"), A, D, U),
	    REFUSED "4xx\n" },
	{ "502", P T(QA, A, D, U) P S(QA, NO("NONE"), A, D, U),
	    REFUSED "5xx\n" },
	{ "T of another connection",
	    P T(QA, B, D, U) P S(QA, NO("NONE"), A, D, U),
	    PLAIN_A " starttls-not-offered\n" },
	{ "lost at STARTTLS", P T(QA, A, D, U) P S(QA, NO("FAILURE"), A, D, U),
	    FAILED_A " " LOST "\n" },
	{ "handshake", FAIL(QA, A, D, U), FAILED_A " tls-handshake-failure\n" },
	{ "alert", P T(QA, A, D, U) P ALERT P S(QA, NO("SOFTWARE"), A, D, U),
	    FAILED_A " tls-remote-alert-80-internal-error\n" },
	{ "closed", P T(QA, A, D, U) P CLOSED P S(QA, NO("SOFTWARE"), A, D, U),
	    FAILED_A " " LOST "\n" },
	{ "no answer",
	    P T(QA, A, D, U) P HANGS P S(QA, NO("SOFTWARE"), A, D, U),
	    FAILED_A " timeout-during-handshake\n" },
	{ "alert of an earlier connection",
	    P ALERT P TO(QB, "<x@b.example>", B, SENT)
		P S(QA, NO("SOFTWARE"), A, D, U),
	    FAILED_A " tls-handshake-failure\n" },
	{ "alert, then a handshake that worked",
	    P ALERT P STARTTLS(A, "OK") P S(QA, NO("SOFTWARE"), A, D, U),
	    FAILED_A " tls-handshake-failure\n" },
	{ "failed, with a version",
	    P S(QA, "SOFTWARE^p:TLSv1.3^c:^b:^n:", A, D, U),
	    FAILED_A " tls-handshake-failure\n" },
	{ "a lookup of the STS failed", P S(QA, NO("TEMP"), A, D, U),
	    "0 unclear\n" },
	{ "unheard-of", P S(QA, UP("MAGIC"), A, D, U), "0 unclear\n" },
	{ "bug: version that is no word",
	    P S(QA, "OK^p:TLS\xf1^c:C^b:256^n:match", A, D, U),
	    "0 a.example mx.a.example 192.0.2.1 ok chain=ok "
	    "name=match\n" },
	{ "version that is too long",
	    P S(QA, "OK^p:TLSv1.3456789abcd^c:C^b:256^n:match", A, D, U),
	    "0 a.example mx.a.example 192.0.2.1 ok chain=ok "
	    "name=match\n" },
	{ "Try_TLS: NO, 8.17",
	    P T(QA, A, D, U) P "ruleset=try_tls, arg1=mx, relay=mx, "
			       "reject=550 5.7.1 x\n" P S(QA, NO("NONE"), A, D,
				   U) P R(QA, CLR("NONE"), A, D, U),
	    "0 local-policy\n" },
	{ "Try_TLS: NO, 8.18",
	    P T(QA, A, D, U) P
	    "ruleset=try_tls, arg1=mx, relay=mx, "
	    "status=550 5.7.1 x\n" P S(QA, NO("NONE"), A, D, U),
	    "0 local-policy\n" },
	{ "our address",
	    P QA ": TLSRPT1^S^i:" QA "^v:NONE^p:^c:^b:^n:^a:" IP_C
		 "^f:^o:IPv6:2001:db8:0:0:0:0:0:9^q:^k:1^h:mx^d:" D "^s:^r:" U
		 "^cn:^ci:\n",
	    "0 a.example mx 2001:db8::3 not-offered "
	    "starttls-not-offered from=2001:db8::9\n" },
};

static void test_outcomes(void **state)
{
	(void)state;
	scenario_run(outcomes, UNIT_LEN(outcomes), NULL);
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

#define OTHER_S(ip, host, d)                                               \
 QB ": TLSRPT1^S^i:" QB "^v:" NO("NONE") "^a:" ip "^f:^o:^q:^k:1^h:" host  \
					 "^d:" d "^s:^r:x@b.example" NAMES \
					 "\n"

/* Whose session it was. */
static const struct scenario domains[] = {
	{ "one domain, many recipients",
	    MESSAGE(QA, A, D, U) P R(QA, TLS("OK"), A, D, "v@a.example")
		P R(QA, TLS("OK"), A, D, "W@A.Example.")
		    P TO(QA, "<u@a.example>", A, SENT),
	    GOOD },
	{ "two domains of one host",
	    MESSAGE(QA, A, D, U) P R(QA, TLS("OK"), A, D, "v@b.example"),
	    GOOD GOOD_BA },
	{ "reused for another message",
	    MESSAGE(QA, A, D, U) P TO(QA, "<u@a.example>", A, SENT) "60 10 " R(
		QB, TLS("OK"), A, "b.example.", "x@b.example") "60 10 " R(QC,
		TLS("OK"), A, D, U),
	    GOOD GOOD_BA },
	{ "next MX after a failure",
	    FAIL(QA, A, D, U) MESSAGE(QA, B, D, U)
		P TO(QA, "<u@a.example>", B, SENT),
	    GOOD_AB A_FAILED },
	{ "next MX for two domains, one refused there",
	    FAIL(QA, A, D, U) MESSAGE(QA, B, D, U) P R(QA, TLS("OK"), B, D,
		"v@b.example") P TO(QA, "<u@a.example>", B, SENT)
		P TO(QA, "<v@b.example>", B, "5.1.1, stat=No"),
	    GOOD_AB A_FAILED GOOD_B2 B_FAILED },
	{ "all failed: two domains of one host",
	    FAIL(QA, A, D, U) P REJECT(A, "SOFTWARE") P TO(
		QA, "<v@b.example>,<u@a.example>,<w@a.example>", A, DEFERRED),
	    B_FAILED A_FAILED },
	{ "[more]: the first recipient is in the last list",
	    FAIL(QA, A, D, U) P TO(QA, "<v@b.example>, [more]", A, DEFERRED)
		P TO(QA, "<u@a.example>", A, DEFERRED),
	    B_FAILED A_FAILED },
	{ "[more], and no end",
	    FAIL(QA, A, D, U)
		P TO(QA, "<v@b.example>,<u@a.example>, [more]", A, DEFERRED),
	    B_FAILED A_FAILED },
	{ "no to= line: the next message",
	    FAIL(QA, A, D, U) P T(QB, B, "b.example.", "x@b.example"),
	    A_FAILED },
	{ "no to= line: the end", FAIL(QA, A, D, U), A_FAILED },
	{ "to= line of another message",
	    FAIL(QA, A, D, U)
		P TO(QB, "<u@a.example>,<x@b.example>", A, DEFERRED),
	    A_FAILED },
	{ "[more], bare addresses",
	    FAIL(QA, A, D, U) P TO(QA, "v@b.example, [more]", A, DEFERRED)
		P TO(QA, "u@a.example", A, DEFERRED),
	    B_FAILED A_FAILED },
	{ "no to= line, and the message's next domain",
	    FAIL(QA, A, D, U) MESSAGE(QA, B, "b.example.", "x@b.example")
		P TO(QA, "<x@b.example>", B, SENT),
	    GOOD_B2 A_FAILED },
	{ "two addresses of a host",
	    MESSAGE(QA, A, D, U)
		P OTHER_S("192.0.2.7", "mx.a.example", "b.example.")
		    P R(QC, TLS("OK"), A, "c.example.", "x@c.example"),
	    GOOD "0 b.example mx.a.example 192.0.2.7 not-offered "
		 "starttls-not-offered\n0 c.example mx.a.example "
		 "192.0.2.1 ok TLSv1.3 chain=ok name=match\n" },
	{ "two hosts at an address",
	    MESSAGE(QA, A, D, U)
		P OTHER_S("192.0.2.1", "mx.z.example", "b.example.")
		    P R(QC, TLS("OK"), A, "c.example.", "x@c.example"),
	    GOOD "0 b.example mx.z.example 192.0.2.1 not-offered "
		 "starttls-not-offered\n0 c.example mx.a.example "
		 "192.0.2.1 ok TLSv1.3 chain=ok name=match\n" },
	{ "to= line of another process",
	    FAIL(QA, A, D, U) "0 11 " TO(QA, "<x@b.example>", A, DEFERRED),
	    A_FAILED },
	{ "host that is known to fail: no session",
	    FAIL(QA, A, D, U) P TO(QA, "<u@a.example>", A, DEFERRED)
		P TO_FULL(QB, "<v@b.example>", "esmtp", "mx.a.example.",
		    "4.7.0, stat=Deferred"),
	    A_FAILED },
	{ "rejected before a recipient: TLS was fine",
	    OPEN(QA, A, D, U) P TO(QA, "<u@a.example>", A, "5.7.1, x"), GOOD },
	{ "retried by another process",
	    FAIL(QA, A, D, U) P TO(QA, "<u@a.example>", A, DEFERRED) "9 12 " S(
		QA, UP("OK"), A, D, U) "9 12 " R(QA, TLS("OK"), A, D, U),
	    A_FAILED
	    "9 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok name=match\n" },
	{ "envelope cut in two: two processes",
	    MESSAGE(QA, A, D, U) "0 11 " S(QB, UP("OK"), A, D, U) "0 11 " R(
		QB, TLS("OK"), A, D, U),
	    GOOD GOOD },
	{ "DSN: a new id, the same process",
	    FAIL(QA, A, D, U) P TO(QA, "<u@a.example>", A, DEFERRED) P QA
	    ": " QB
	    ": DSN: User unknown\n" MESSAGE(QB, B, "b.example.", "s@b.example"),
	    A_FAILED GOOD_B2 },
	{ "two hosts at a time",
	    MESSAGE(QA, A, D, U) MESSAGE(QB, B, "b.example.", "x@b.example")
		P R(QC, TLS("OK"), A, D, "y@a.example"),
	    GOOD GOOD_B2 },
	{ "a recipient's connection was not seen", P R(QA, TLS("OK"), A, D, U),
	    "0 orphan\n" },
	{ "U-labels",
	    P S(QA, UP("OK"), A, "b\\303\\274.example.", "x") P R(QA, TLS("OK"),
		A, "b\\303\\274.example.", "x@b\\303\\274.example"),
	    "0 xn--b-eha.example mx.a.example 192.0.2.1 ok TLSv1.3 "
	    "chain=ok name=match\n" },
};

static void test_domains(void **state)
{
	(void)state;
	scenario_run(domains, UNIT_LEN(domains), NULL);
}

#define SMART(q, d, r) MESSAGE(q, A, d, r)
#define SMART_GOOD \
 "0 smart.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok name=match\n"

/* Mail that a table or a smart host sends elsewhere (R1, R5). */
static void test_next_hops(void **state)
{
	static const struct scenario table[] = {
		{ "mailertable",
		    SMART(QA, "smart.example.", U)
			P R(QA, TLS("OK"), A, "smart.example.", "v@b.example"),
		    SMART_GOOD },
		{ "smart host in brackets", SMART(QA, "[smart.example]", U),
		    SMART_GOOD },
		{ "smart host, recipient without a domain",
		    SMART(QA, "[smart.example]", "root"), SMART_GOOD },
		{ "smart host, failed",
		    FAIL(QA, A, "[smart.example]", U)
			P TO(QA, "<u@a.example>,<v@b.example>", A, DEFERRED),
		    "0 smart.example mx.a.example 192.0.2.1 failed "
		    "tls-handshake-failure\n" },
		{ "smart host, failed, [more]",
		    FAIL(QA, A, "[smart.example]", U)
			P TO(QA, "<u@a.example>, [more]", A, DEFERRED)
			    P TO(QA, "<v@b.example>", A, DEFERRED),
		    "0 smart.example mx.a.example 192.0.2.1 failed "
		    "tls-handshake-failure\n" },
		{ "address literal", SMART(QA, "[192.0.2.1]", "u@[192.0.2.1]"),
		    "0 address-literal\n" },
		{ "address literal, failed",
		    FAIL(QA, A, "[IPv6:fd99::2]", "u@[IPv6:fd99::2]"),
		    "0 address-literal\n" },
		{ "no domain", SMART(QA, "no domain", "u@-"),
		    "0 bad-domain\n" },
		{ "the next message is direct",
		    SMART(QA, "smart.example.", U) P R(QB, TLS("OK"), A, D, U),
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
		    FAIL(QA, A, D, U) P S(QA, NO("CLEAR"), A, D, U)
			P R(QA, CLR("CLEAR"), A, D, U)
			    P R(QA, CLR("CLEAR"), A, D, "v@b.example")
				P TO(QA, "<u@a.example>", A, SENT),
		    "0 clear-retry\n" A_FAILED B_FAILED },
		{ "clear connection used again: TLS is tried again",
		    FAIL(QA, A, D, U) P S(QA, NO("CLEAR"), A, D, U)
			P R(QA, CLR("CLEAR"), A, D, U) P TO(QA, "<u@a.example>",
			    A, SENT) P S_AGAIN(QB, NO("SOFTWARE"), A, D, U)
			    P S(QB, NO("CLEAR"), A, D, U)
				P R(QB, CLR("CLEAR"), A, D, U),
		    "0 clear-retry\n" A_FAILED "0 clear-retry\n" A_FAILED },
		{ "connection without STARTTLS used again",
		    P S(QA, NO("NONE"), A, D, U) P R(QA, CLR("NONE"), A, D, U)
			P S_AGAIN(QB, NO("NONE"), A, "b.example.", "x@b")
			    P R(QB, CLR("NONE"), A, "b.example.", "x@b.example")
				P S_AGAIN(QC, NO("NONE"), A, D, U)
				    P R(QC, CLR("NONE"), A, D, U),
		    PLAIN_A " starttls-not-offered\n"
			    "0 b.example mx.a.example 192.0.2.1 not-offered "
			    "starttls-not-offered\n" },
		{ "454 again on the connection",
		    P T(QA, A, D, U) P S(QA, NO("TEMP"), A, D, U)
			P R(QA, CLR("TEMP"), A, D, U) P T(QB, A, D, U)
			    P S_AGAIN(QB, NO("TEMP"), A, D, U)
				P R(QB, CLR("TEMP"), A, D, U),
		    REFUSED "4xx\n" },
		{ "TLS comes up the second time",
		    P S(QA, NO("NONE"), A, D, U) P R(QA, CLR("NONE"), A, D, U)
			P S_AGAIN(QB, UP("OK"), A, D, U)
			    P R(QB, TLS("OK"), A, D, U),
		    PLAIN_A " starttls-not-offered\n" GOOD },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
}

#define OWN "tlsrpt+abc=1@Us.example"
#define FROM(s, r)            \
 P T_FULL(QA, "", A, D, s, r) \
 P S_FULL(QA, UP("OK"), "1", "", A, D, s, r, "^cn:x^ci:y")

/* Our own reports, and TLS-Required: No (R50, R51). */
static void test_left_out(void **state)
{
	static const char *const own[] = { "x@us.example", "tlsrpt@us.example",
		NULL };
	static const struct scenario table[] = {
		{ "own report",
		    FROM(OWN, U) P R_FULL(QA, TLS("OK"), "", A, D, OWN, U)
			P R(QB, TLS("OK"), A, D, U)
			    P R(QC, TLS("OK"), A, "b.example.", "x@b.example"),
		    "0 own-report\n0 own-report\n" },
		{ "own report that failed",
		    P S_FULL(QA, NO("SOFTWARE"), "1", "", A, D, OWN, U, NAMES)
			P TO(QA, "<" U ">", A, DEFERRED),
		    "0 own-report\n" },
		{ "own report in clear",
		    P S_FULL(QA, NO("NONE"), "1", "", A, D, OWN, U, NAMES),
		    "0 own-report\n" },
		{ "own report on a connection of other mail",
		    MESSAGE(QA, A, D, U) P R_FULL(
			QB, TLS("OK"), "", A, "b.example.", OWN, "x@b.example"),
		    GOOD "0 own-report\n" },
		{ "ordinary mail for the same domain follows",
		    MESSAGE(QA, A, "b.example.", "x@b.example")
			P R_FULL(QB, TLS("OK"), "", A, D, OWN, U)
			    P R(QC, TLS("OK"), A, D, U),
		    GOOD_BA GOOD },
		{ "certificate with ^cn: hides no own report",
		    P T_FULL(QA, "", A, D, OWN, U) P S_FULL(QA, UP("OK"), "1",
			"", A, D, OWN, U, "^cn:^cn:^r:^ci:^ci:"),
		    "0 own-report\n" },
		{ "forged: sender with ^r:",
		    FROM("tlsrpt@us.example^r:a@b.example", U), GOOD },
		{ "forged: quoted sender with ^r:",
		    FROM("\"tlsrpt@us.example^r:\"@b.example", U), GOOD },
		{ "forged: sender with ^r: and ^cn:",
		    FROM("tlsrpt@us.example^r:a@victim.example^cn:", U), GOOD },
		{ "forged: the same, in clear",
		    P S_FULL(QA, NO("NONE"), "1", "", A, D,
			"tlsrpt@us.example^r:a@victim.example^cn:^ci:", U,
			NAMES),
		    PLAIN_A " starttls-not-offered\n" },
		{ "sender like ours", FROM("tlsrpt+a b@us.example", U), GOOD },
		{ "recipient like our sender", FROM("", OWN), GOOD },
		{ "TLS-Required: No",
		    P S_FULL(QA, UP("OK"), "1", "no", A, D, "", U, NAMES)
			P R_FULL(QA, TLS("OK"), "no", A, D, "", U),
		    "0 tls-required-no\n" },
		{ "TLS-Required: No, failed",
		    P S_FULL(QA, NO("SOFTWARE"), "1", "no", A, D, "", U, NAMES)
			P TO(QA, "<u@a.example>", A, DEFERRED),
		    "0 tls-required-no\n" },
		{ "TLS-Required: No of the first message only",
		    P S_FULL(QA, UP("OK"), "1", "no", A, D, "", U, NAMES)
			P R_FULL(QA, TLS("OK"), "no", A, D, "", U)
			    P R(QB, TLS("OK"), A, D, U),
		    GOOD },
		{ "TLS-Required: No of the second message only",
		    MESSAGE(QA, A, D, U) P R_FULL(QB, TLS("OK"), "no", A,
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
