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

static void test_sessions(void **state)
{
	static const struct scenario table[] = {
		{ "OK", P STARTTLS(a, "OK") P TO(QA, LIST_A, a, SENT), GOOD },
		{ "refused",
		    P STARTTLS(a, "FAIL") P TO(QA, LIST_A, a, DEFERRED),
		    BAD("bad") },
		{ "expired",
		    P STARTTLS(a, "FAIL") P VERIFYMSG("certificate has expired")
			P TO(QA, LIST_A, a, SENT),
		    BAD("expired") },
		{ "verifymsg of another process",
		    P STARTTLS(a, "FAIL") "0 11 " VERIFYMSG(
			"certificate has expired") P TO(QA, LIST_A, a, SENT),
		    BAD("bad") },
		{ "verifymsg after the to= line",
		    P STARTTLS(a, "FAIL") P TO(QA, LIST_A, a, SENT)
			P VERIFYMSG("certificate has expired")
			    P TO(QA, "<u@b.example>", a, SENT),
		    BAD("bad") "0 b.example mx.a.example 192.0.2.1 ok TLSv1.3 "
			       "chain=bad\n" },
		{ "verifymsg ok beside FAIL",
		    P STARTTLS(a, "FAIL") P VERIFYMSG("ok")
			P TO(QA, LIST_A, a, SENT),
		    BAD("bad") },
		{ "DANE", P STARTTLS(a, "TRUSTED") P TO(QA, LIST_A, a, SENT),
		    "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 "
		    "dane=match\n" },
		{ "DANE mismatch",
		    P STARTTLS(a, "DANE_FAIL") P REJECT(a, "DANE_FAIL")
			P TO(QA, LIST_A, a, DEFERRED),
		    "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 "
		    "dane=mismatch\n" },
		{ "handshake",
		    P ALERT P REJECT(a, "SOFTWARE")
			P TO(QA, LIST_A, a, DEFERRED),
		    FAILED "tls-remote-alert-80-internal-error\n" },
		{ "handshake, no reason",
		    P REJECT(a, "SOFTWARE") P TO(QA, LIST_A, a, DEFERRED),
		    FAILED "tls-handshake-failure\n" },
		{ "DANE, not offered",
		    P "STARTTLS=client, relay=mx.a.example, warning=DANE "
		      "configured in DNS but STARTTLS not offered\n" P TO(
			  QA, LIST_A, a, DEFERRED),
		    "0 a.example mx.a.example 192.0.2.1 not-offered "
		    "starttls-not-offered\n" },
		{ "DANE, refused",
		    P "STARTTLS=client, relay=mx.a.example, warning=DANE "
		      "configured in DNS but STARTTLS failed\n" P TO(
			  QA, LIST_A, a, SENT),
		    "0 a.example mx.a.example 192.0.2.1 refused "
		    "starttls-reply-4xx\n" },
		{ "unheard-of",
		    P STARTTLS(a, "MAGIC") P TO(QA, LIST_A, a, SENT),
		    "0 unclear\n" },
		{ "nobody's session", P STARTTLS(a, "OK"), "0 unclear\n" },
		{ "in clear: not told", P TO(QA, LIST_A, a, SENT), "" },
		{ "Try_TLS: NO: not told",
		    P "ruleset=try_tls, arg1=mx, relay=mx, reject=550 x\n" P TO(
			QA, LIST_A, a, SENT),
		    "" },
		{ "certificate refused by a table",
		    P STARTTLS(a, "FAIL") P REJECT(a, "FAIL")
			P TO(QA, LIST_A, a, DEFERRED),
		    BAD("bad") },
		{ "IPv6",
		    P STARTTLS(c, "OK") P TO(QA, "<u@c.example>", c, SENT),
		    "0 c.example mx.c.example 2001:db8::3 ok TLSv1.3 "
		    "chain=ok\n" },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
}

#define LONG63  "a23456789a123456789a123456789a123456789a123456789a123456789.b23"
#define STLS(h) "STARTTLS=client, relay=" h ", version=TLSv1.3, verify=OK, x=\n"

static void test_attribution(void **state)
{
	static const struct scenario table[] = {
		{ "several domains",
		    P STARTTLS(a, "OK") P TO(
			QA, "<v@b.example>," LIST_A ",<w@a.example>", a, SENT),
		    GOOD_B GOOD },
		{ "several messages",
		    P STARTTLS(a, "OK") P TO(QA, LIST_A, a, SENT) P TO(
			QB, LIST_A, a, SENT) P TO(QC, "<v@b.example>", a, SENT),
		    GOOD GOOD_B },
		{ "[more]",
		    P STARTTLS(a, "OK") P TO(QA, LIST_A ", [more]", a, SENT)
			P TO(QA, "<v@b.example>", a, SENT),
		    GOOD GOOD_B },
		{ "another process",
		    P STARTTLS(a, "OK") "0 11 " TO(QA, LIST_A, a, SENT)
			P TO(QB, "<v@b.example>", a, SENT),
		    GOOD_B },
		{ "another machine",
		    P STARTTLS(a, "OK") "0 10@other " TO(QA, LIST_A, a, SENT)
			P TO(QB, "<v@b.example>", a, SENT),
		    GOOD_B },
		{ "another host",
		    P STARTTLS(a, "OK") P TO(QA, "<u@b.example>", b, SENT)
			P TO(QA, LIST_A, a, SENT),
		    GOOD },
		{ "a new connection to the same host",
		    P STARTTLS(a, "OK") P TO(QA, LIST_A, a, SENT)
			P STARTTLS(a, "OK") P TO(QB, LIST_A, a, SENT),
		    GOOD GOOD },
		{ "bug: host known to fail, no connection",
		    P STARTTLS(a, "OK") P TO(QA, LIST_A, a, SENT)
			P TO_FULL(QB, "<v@b.example>", "esmtp", "mx.a.example.",
			    "4.0.0, stat=Deferred"),
		    GOOD },
		{ "bug: in clear to another address of the host",
		    P STARTTLS(a, "OK") P TO(QA, LIST_A, a, SENT)
			P TO_FULL(QB, "<v@b.example>", "esmtp",
			    "mx.a.example. [192.0.2.9]", SENT),
		    GOOD },
		{ "next MX after a failure",
		    P REJECT(a, "SOFTWARE") P STARTTLS(b, "OK")
			P TO(QA, LIST_A, b, SENT),
		    "0 a.example mx.b.example 192.0.2.2 ok TLSv1.3 chain=ok\n"
		    "0 a.example mx.a.example failed tls-handshake-failure\n" },
		{ "failed, [more]",
		    P REJECT(a, "SOFTWARE")
			P TO(QA, LIST_A ", [more]", a, DEFERRED)
			    P TO(QA, "<v@b.example>,<w@a.example>", a, DEFERRED)
				P TO(QB, "<x@c.example>", a, DEFERRED),
		    FAILED "tls-handshake-failure\n"
			   "0 b.example mx.a.example 192.0.2.1 failed "
			   "tls-handshake-failure\n" },
		{ "failed, and no to= line",
		    P REJECT(a, "SOFTWARE") P TO(QB, "<x>", a, SENT),
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
		    "0 10/sendmail " STLS(
			"[127.0.0.1]") "0 10/sendmail " TO_FULL(QA,
			"u@a.example, ctladdr=s@b (0/0)", "relay",
			"[127.0.0.1] [127.0.0.1]", SENT),
		    "0 submission\n" },
		{ "the same by name",
		    P STLS("localhost") P TO_FULL(QA, "u@a.example", "relay",
			"localhost [IPv6:::1]", SENT),
		    "0 submission\n" },
		{ "smart host: who was asked for is not told",
		    P STARTTLS(a, "OK") P TO_FULL(
			QA, LIST_A, "relay", "mx.a.example. [192.0.2.1]", SENT),
		    "0 unclear\n" },
		{ "address literal",
		    P STLS("[192.0.2.1]") P TO_FULL(QA, "<u@[192.0.2.1]>",
			"esmtp", "[192.0.2.1] [192.0.2.1]", SENT),
		    "0 address-literal\n" },
		{ "local delivery between",
		    P REJECT(a, "SOFTWARE") P QB
		    ": to=root, delay=00:00:00, mailer=local, pri=1, "
		    "dsn=2.0.0, stat=Sent\n" P TO(QA, LIST_A, a, DEFERRED),
		    FAILED "tls-handshake-failure\n" },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
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
		    P S(QA, UP("OK"), b, "b.example.", "u@b.example")
			P R(QA, TLS("OK"), b, "b.example.", "u@b.example")
			    P TLSA(LIST_A),
		    "0 b.example mx.b.example 192.0.2.2 ok TLSv1.3 chain=ok "
		    "name=match\n" NO_SESSION },
		{ "after a failed host", P REJECT(b, "SOFTWARE") P TLSA(LIST_A),
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
		    P T(QA, a, D, U) P STARTTLS(a, "OK") P VERIFYMSG("ok")
			P S(QA, UP("OK"), a, D, U) P R(QA, TLS("OK"), a, D, U)
			    P TO(QA, LIST_A, a, SENT),
		    RECORDS },
		{ "it begins before STARTTLS=",
		    P STARTTLS(a, "OK") P S(QA, UP("OK"), a, D, U)
			P R(QA, TLS("OK"), a, D, U) P TO(QA, LIST_A, a, SENT),
		    RECORDS },
		{ "it begins before S: T and STARTTLS= are missing",
		    P S(QA, UP("OK"), a, D, U) P R(QA, TLS("OK"), a, D, U)
			P TO(QA, LIST_A, a, SENT),
		    RECORDS },
		{ "it begins before R",
		    P R(QA, TLS("OK"), a, D, U) P STARTTLS(a, "OK")
			P TO(QA, LIST_A, a, SENT),
		    "0 orphan\n" },
		{ "it begins before the to= line", P TO(QA, LIST_A, a, SENT),
		    "" },
		{ "it begins before the error",
		    P CLOSED P S(QA, NO("SOFTWARE"), a, D, U)
			P REJECT(a, "SOFTWARE") P TO(QA, LIST_A, a, DEFERRED),
		    FAILED "connection-closed-during-handshake\n" },
		{ "it begins before the ruleset",
		    P REJECT(a, "SOFTWARE") P TO(QA, LIST_A, a, DEFERRED)
			P S(QB, UP("OK"), a, D, U),
		    FAILED "tls-handshake-failure\n" RECORDS },
		{ "DANE, not offered",
		    P "STARTTLS=client, relay=mx.a.example, warning=DANE "
		      "configured in DNS but STARTTLS not offered\n" P S(
			  QA, NO("DANE_NOTLS"), a, D, U)
			  P TO(QA, LIST_A, a, DEFERRED),
		    "0 a.example mx.a.example 192.0.2.1 not-offered "
		    "starttls-not-offered\n" },
		{ "another process has none",
		    P S(QA, UP("OK"), a, D, U)
			P R(QA, TLS("OK"), a, D, U) "0 11 " STARTTLS(
			    a, "OK") "0 11 " TO(QB, "<v@b.example>", a, SENT),
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
