/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sendmail_plain.c - tests common/sendmail_plain.c: what a log without
 * records tells, and that nothing else is made up
 */

#include "config.h"

#include "tests/unit/sendmail_kit.h"

#define P      "0 10 "
#define LIST_A "<u@a.example>"

#define GOOD   "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n"
#define GOOD_B "0 b.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n"
#define BAD(c) "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=" c "\n"
#define FAILED "0 a.example mx.a.example 192.0.2.1 failed "

static const struct scenario sessions[] = {
	{ "OK", P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT), GOOD },
	{ "refused", P STARTTLS(A, "FAIL") P TO(QA, LIST_A, A, DEFERRED),
	    BAD("bad") },
	{ "expired",
	    P STARTTLS(A, "FAIL") P VERIFYMSG("certificate has expired")
		P TO(QA, LIST_A, A, SENT),
	    BAD("expired") },
	{ "verifymsg of another process",
	    P STARTTLS(A, "FAIL") "0 11 " VERIFYMSG("certificate has expired")
		P TO(QA, LIST_A, A, SENT),
	    BAD("bad") },
	{ "verifymsg after the to= line",
	    P STARTTLS(A, "FAIL") P TO(QA, LIST_A, A, SENT) P VERIFYMSG(
		"certificate has expired") P TO(QA, "<u@b.example>", A, SENT),
	    BAD("bad") "0 b.example mx.a.example 192.0.2.1 ok TLSv1.3 "
		       "chain=bad\n" },
	{ "verifymsg ok beside FAIL",
	    P STARTTLS(A, "FAIL") P VERIFYMSG("ok") P TO(QA, LIST_A, A, SENT),
	    BAD("bad") },
	{ "DANE", P STARTTLS(A, "TRUSTED") P TO(QA, LIST_A, A, SENT),
	    "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 "
	    "dane=match\n" },
	{ "DANE mismatch",
	    P STARTTLS(A, "DANE_FAIL") P REJECT(A, "DANE_FAIL")
		P TO(QA, LIST_A, A, DEFERRED),
	    "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 "
	    "dane=mismatch\n" },
	{ "handshake",
	    P ALERT P REJECT(A, "SOFTWARE") P TO(QA, LIST_A, A, DEFERRED),
	    FAILED "tls-remote-alert-80-internal-error\n" },
	{ "handshake, no reason",
	    P REJECT(A, "SOFTWARE") P TO(QA, LIST_A, A, DEFERRED),
	    FAILED "tls-handshake-failure\n" },
	{ "DANE, not offered",
	    P "STARTTLS=client, relay=mx.a.example, warning=DANE "
	      "configured in DNS but STARTTLS not offered\n" P TO(
		  QA, LIST_A, A, DEFERRED),
	    "0 a.example mx.a.example 192.0.2.1 not-offered "
	    "starttls-not-offered\n" },
	{ "DANE, refused",
	    P
	    "STARTTLS=client, relay=mx.a.example, warning=DANE "
	    "configured in DNS but STARTTLS failed\n" P TO(QA, LIST_A, A, SENT),
	    "0 a.example mx.a.example 192.0.2.1 refused "
	    "starttls-reply-4xx\n" },
	{ "unheard-of", P STARTTLS(A, "MAGIC") P TO(QA, LIST_A, A, SENT),
	    "0 unclear\n" },
	{ "bug: version that is no word",
	    P "STARTTLS=client, relay=mx.a.example., version=\x01, "
	      "verify=OK, cipher=C\n" P TO(QA, LIST_A, A, SENT),
	    "0 a.example mx.a.example 192.0.2.1 ok chain=ok\n" },
	{ "nobody's session", P STARTTLS(A, "OK"), "0 unclear\n" },
	{ "in clear: not told", P TO(QA, LIST_A, A, SENT), "" },
	{ "Try_TLS: NO: not told",
	    P "ruleset=try_tls, arg1=mx, relay=mx, reject=550 x\n" P TO(
		QA, LIST_A, A, SENT),
	    "" },
	{ "certificate refused by a table",
	    P STARTTLS(A, "FAIL") P REJECT(A, "FAIL")
		P TO(QA, LIST_A, A, DEFERRED),
	    BAD("bad") },
	{ "IPv6", P STARTTLS(C, "OK") P TO(QA, "<u@c.example>", C, SENT),
	    "0 c.example mx.c.example 2001:db8::3 ok TLSv1.3 "
	    "chain=ok\n" },
};

static void test_sessions(void **state)
{
	(void)state;
	scenario_run(sessions, UNIT_LEN(sessions), NULL);
}

#define LONG63  "a23456789a123456789a123456789a123456789a123456789a123456789.b23"
#define STLS(h) "STARTTLS=client, relay=" h ", version=TLSv1.3, verify=OK, x=\n"

static const struct scenario attribution[] = {
	{ "several domains",
	    P STARTTLS(A, "OK")
		P TO(QA, "<v@b.example>," LIST_A ",<w@a.example>", A, SENT),
	    GOOD_B GOOD },
	{ "several messages",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT)
		P TO(QB, LIST_A, A, SENT) P TO(QC, "<v@b.example>", A, SENT),
	    GOOD GOOD_B },
	{ "[more]",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A ", [more]", A, SENT)
		P TO(QA, "<v@b.example>", A, SENT),
	    GOOD GOOD_B },
	{ "another process",
	    P STARTTLS(A, "OK") "0 11 " TO(QA, LIST_A, A, SENT)
		P TO(QB, "<v@b.example>", A, SENT),
	    GOOD_B },
	{ "another machine",
	    P STARTTLS(A, "OK") "0 10@other " TO(QA, LIST_A, A, SENT)
		P TO(QB, "<v@b.example>", A, SENT),
	    GOOD_B },
	{ "another host",
	    P STARTTLS(A, "OK") P TO(QA, "<u@b.example>", B, SENT)
		P TO(QA, LIST_A, A, SENT),
	    GOOD },
	{ "a new connection to the same host",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT) P STARTTLS(A, "OK")
		P TO(QB, "<v@b.example>", A, SENT) P TO(QC, LIST_A, A, SENT),
	    GOOD GOOD_B GOOD },
	{ "two failures, one reason",
	    P ALERT P REJECT(B, "SOFTWARE") P REJECT(A, "SOFTWARE")
		P TO(QA, LIST_A, A, DEFERRED),
	    FAILED "tls-handshake-failure\n0 a.example mx.b.example "
		   "failed tls-remote-alert-80-internal-error\n" },
	{ "bug: host known to fail, no connection",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT)
		P TO_FULL(QB, "<v@b.example>", "esmtp", "mx.a.example.",
		    "4.0.0, stat=Deferred"),
	    GOOD },
	{ "bug: in clear to another address of the host",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT) P TO_FULL(QB,
		"<v@b.example>", "esmtp", "mx.a.example. [192.0.2.9]", SENT),
	    GOOD },
	{ "next MX after a failure",
	    P REJECT(A, "SOFTWARE") P STARTTLS(B, "OK")
		P TO(QA, LIST_A, B, SENT),
	    "0 a.example mx.b.example 192.0.2.2 ok TLSv1.3 chain=ok\n"
	    "0 a.example mx.a.example failed tls-handshake-failure\n" },
	{ "failed, [more]",
	    P REJECT(A, "SOFTWARE") P TO(QA, LIST_A ", [more]", A, DEFERRED)
		P TO(QA, "<v@b.example>,<w@a.example>", A, DEFERRED)
		    P TO(QB, "<x@c.example>", A, DEFERRED),
	    FAILED "tls-handshake-failure\n"
		   "0 b.example mx.a.example 192.0.2.1 failed "
		   "tls-handshake-failure\n" },
	{ "failed, and no to= line",
	    P REJECT(A, "SOFTWARE") P TO(QB, "<x>", A, SENT),
	    "0 bad-domain\n" },
	{ "shortened host",
	    P STLS("a-very-long-mail-exchanger.and.more.longmx.example"
		   ".") P TO_FULL(QA, LIST_A, "esmtp",
		"a-very-long-mail-e...ore.longmx.example. "
		"[192.0.2.1]",
		SENT),
	    "0 a.example a-very-long-mail-exchanger.and.more.longmx"
	    ".example 192.0.2.1 ok TLSv1.3 chain=ok\n" },
	{ "shortened, of another host",
	    P STLS("a-very-long-mail-exchanger.and.more.longmx.example"
		   ".") P TO_FULL(QA, LIST_A, "esmtp",
		"a-very-long-mail-e...ore.othermx.example. "
		"[192.0.2.1]",
		SENT),
	    "0 unclear\n" },
	{ "host cut at 100 characters",
	    P STLS(LONG63 "456789c123456789c123456789c1234567890")
		P TO_FULL(QA, LIST_A, "esmtp",
		    "a23456789a12345678...x.longmx.example. "
		    "[192.0.2.1]",
		    SENT),
	    "0 a.example 192.0.2.1 ok TLSv1.3 chain=ok\n" },
	{ "hand-over to our own MTA",
	    "0 10/sendmail " STLS("[127.0.0.1]") "0 10/sendmail " TO_FULL(QA,
		"u@a.example, ctladdr=s@b (0/0)", "relay",
		"[127.0.0.1] [127.0.0.1]", SENT),
	    "0 submission\n" },
	{ "the same by name",
	    P STLS("localhost") P TO_FULL(
		QA, "u@a.example", "relay", "localhost [IPv6:::1]", SENT),
	    "0 submission\n" },
	{ "smart host: who was asked for is not told",
	    P STARTTLS(A, "OK") P TO_FULL(
		QA, LIST_A, "relay", "mx.a.example. [192.0.2.1]", SENT),
	    "0 unclear\n" },
	{ "address literal",
	    P STLS("[192.0.2.1]") P TO_FULL(QA, "<u@[192.0.2.1]>", "esmtp",
		"[192.0.2.1] [192.0.2.1]", SENT),
	    "0 address-literal\n" },
	{ "local delivery between",
	    P REJECT(A, "SOFTWARE") P QB
	    ": to=root, delay=00:00:00, mailer=local, pri=1, "
	    "dsn=2.0.0, stat=Sent\n" P TO(QA, LIST_A, A, DEFERRED),
	    FAILED "tls-handshake-failure\n" },
};

static void test_attribution(void **state)
{
	(void)state;
	scenario_run(attribution, UNIT_LEN(attribution), NULL);
}

#define TLSA(list)                                                         \
 TO_FULL(QA, list, "esmtp", "mx.a.example.",                               \
     "4.0.0, stat=Deferred: Name server: mx.a.example.: host name lookup " \
     "failure for TLSA RR")
#define NO_SESSION \
 "0 a.example mx.a.example no-session tlsa-lookup-failed dane=lookup-failed\n"

static void test_tlsa(void **state)
{
	static const struct scenario table[] = {
		{ "alone", P TLSA(LIST_A), NO_SESSION },
		{ "twice", P TLSA(LIST_A) P TLSA(LIST_A),
		    NO_SESSION NO_SESSION },
		{ "bug: one attempt with a list in parts",
		    P TLSA(LIST_A ", [more]") P TLSA("<v@a.example>"),
		    NO_SESSION },
		{ "beside records",
		    P S(QA, UP("OK"), B, "b.example.", "u@b.example")
			P R(QA, TLS("OK"), B, "b.example.", "u@b.example")
			    P TLSA(LIST_A),
		    "0 b.example mx.b.example 192.0.2.2 ok TLSv1.3 chain=ok "
		    "name=match\n" NO_SESSION },
		{ "after a failed host", P REJECT(B, "SOFTWARE") P TLSA(LIST_A),
		    "0 a.example mx.b.example failed tls-handshake-failure\n" NO_SESSION },
		{ "smart host",
		    P TO_FULL(QA, LIST_A, "relay", "mx.a.example.",
			"4.0.0, stat=Deferred: Name server: mx: host name "
			"lookup failure for TLSA RR"),
		    "0 unclear\n" },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
}

#define D "a.example."
#define U "u@a.example"
#define RECORDS \
 "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok name=match\n"

/* A log with records and plain lines counts nothing twice. */
static void test_with_records(void **state)
{
	static const struct scenario table[] = {
		{ "all",
		    P T(QA, A, D, U) P STARTTLS(A, "OK") P VERIFYMSG("ok")
			P S(QA, UP("OK"), A, D, U) P R(QA, TLS("OK"), A, D, U)
			    P TO(QA, LIST_A, A, SENT),
		    RECORDS },
		{ "it begins before STARTTLS=",
		    P STARTTLS(A, "OK") P S(QA, UP("OK"), A, D, U)
			P R(QA, TLS("OK"), A, D, U) P TO(QA, LIST_A, A, SENT),
		    RECORDS },
		{ "it begins before S: T and STARTTLS= are missing",
		    P S(QA, UP("OK"), A, D, U) P R(QA, TLS("OK"), A, D, U)
			P TO(QA, LIST_A, A, SENT),
		    RECORDS },
		{ "it begins before R",
		    P R(QA, TLS("OK"), A, D, U) P STARTTLS(A, "OK")
			P TO(QA, LIST_A, A, SENT),
		    "0 orphan\n" },
		{ "it begins before the to= line", P TO(QA, LIST_A, A, SENT),
		    "" },
		{ "it begins before the error",
		    P CLOSED P S(QA, NO("SOFTWARE"), A, D, U)
			P REJECT(A, "SOFTWARE") P TO(QA, LIST_A, A, DEFERRED),
		    FAILED "connection-closed-during-handshake\n" },
		{ "it begins before the ruleset",
		    P REJECT(A, "SOFTWARE") P TO(QA, LIST_A, A, DEFERRED)
			P S(QB, UP("OK"), A, D, U),
		    FAILED "tls-handshake-failure\n" RECORDS },
		{ "DANE, not offered",
		    P "STARTTLS=client, relay=mx.a.example, warning=DANE "
		      "configured in DNS but STARTTLS not offered\n" P S(
			  QA, NO("DANE_NOTLS"), A, D, U)
			  P TO(QA, LIST_A, A, DEFERRED),
		    "0 a.example mx.a.example 192.0.2.1 not-offered "
		    "starttls-not-offered\n" },
		{ "DANE, not offered, and no record",
		    P S(QA, UP("OK"), A, D, U) P R(QA, TLS("OK"), A, D, U) P
		    "STARTTLS=client, relay=mx.a.example, warning=DANE "
		    "configured in DNS but STARTTLS not offered\n" P TO(
			QB, LIST_A, A, DEFERRED),
		    RECORDS },
		{ "another process has none",
		    P S(QA, UP("OK"), A, D, U)
			P R(QA, TLS("OK"), A, D, U) "0 11 " STARTTLS(
			    A, "OK") "0 11 " TO(QB, "<v@b.example>", A, SENT),
		    RECORDS GOOD_B },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_attribution),
		cmocka_unit_test(test_tlsa),
		cmocka_unit_test(test_with_records),
	};

	return UNIT_RUN(tests);
}
