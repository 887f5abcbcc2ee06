/* SPDX-License-Identifier: BSD-2-Clause */
/* test_postfix_connection.c - tests common/postfix_connection.c */

#include "config.h"

#include "tests/unit/postfix_kit.h"

#define P        "0 10 "
#define O        "0 11 " /* another process */
#define QMGR     "0 3/postfix/qmgr "
#define U        "u@a.example"
#define RCPT_B   "v@b.example"
#define AT_A     "0 a.example mx.a.example 192.0.2.1 "
#define AT_B     "0 a.example mx.b.example 192.0.2.2 "
#define OK_A     AT_A "ok TLSv1.3 chain=ok\n"
#define OK_B     AT_B "ok TLSv1.3 chain=ok\n"
#define CLOSED_A AT_A "failed connection-closed-during-handshake\n"
#define LOST_A   P SSL_ERROR(A, "lost connection")
#define SAYS(x)  "host " NAME_##x " said: 451 x (in reply to MAIL FROM command)"
#define UNTOLD   "0 tls-not-logged\n"
#define SILENT   AT_A "not-offered tls-not-logged\n"

#define USE_(q, rcpt, x, n, status)                                         \
 q ": to=<" rcpt ">, relay=" PEER_##x                                       \
     ", conn_use=" n ", delay=1, delays=1/0/0/1, dsn=2.0.0, status=" status \
     "\n"
#define USE(q, rcpt, n) USE_(q, rcpt, A, n, SENT)
#define FIRST \
 P UP(A)      \
 P TO(QA, U, A, SENT)
#define RODE(domain) \
 "0 " domain ".example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n"
#define RODE_B "0 b.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n"

/* Connections that are used again: each domain has a session, once. */
static const struct scenario connections[] = {
	{ "another domain", FIRST O REUSED(A) O USE(QB, RCPT_B, "2"),
	    OK_A RODE_B },
	{ "its recipients",
	    FIRST O REUSED(A) O USE(QB, RCPT_B, "2") O USE(QB, RCPT_B, "2"),
	    OK_A RODE_B },
	{ "again",
	    FIRST O REUSED(A) O USE(QB, RCPT_B, "2") P REUSED(A)
		P USE(QC, RCPT_B, "3"),
	    OK_A RODE_B },
	{ "back to the first",
	    FIRST O REUSED(A) O USE(QB, RCPT_B, "2") P REUSED(A)
		P USE(QC, U, "3"),
	    OK_A RODE_B },
	{ "a third domain",
	    FIRST P REUSED(A) P USE(QB, U, "2") P REUSED(A)
		P USE(QC, RCPT_B, "3"),
	    OK_A RODE_B },
	{ "in clear", P TO(QA, U, A, SENT) P USE(QB, RCPT_B, "2"),
	    SILENT UNTOLD "0 b.example mx.a.example 192.0.2.1 not-offered "
			  "tls-not-logged\n" UNTOLD },
	{ "made for another server first",
	    LOST_A P PART(QA, NO_START) P UP(B) P TO(QA, U, B, SENT) P REUSED(B)
		P USE_(QB, RCPT_B, B, "2", SENT),
	    CLOSED_A OK_B
	    "0 b.example mx.b.example 192.0.2.2 ok TLSv1.3 chain=ok\n" },
	{ "a reply says no",
	    FIRST P REUSED(A) P USE_(QB, RCPT_B, A, "2", DEFER(SAID(A, "450"))),
	    OK_A RODE_B },
	{ "lost",
	    FIRST P REUSED(A) P USE_(QB, RCPT_B, A, "2", DEFER(LOST(A)))
		P USE(QC, "w@c.example", "3"),
	    OK_A RODE_B },
	{ "closed for want of trust",
	    P UNTRUSTED(A) P TO(QA, U, A, DEFER(NO_VERIFY))
		P USE(QB, RCPT_B, "2"),
	    AT_A "ok TLSv1.3 chain=bad\n" },
	{ "given up for another server: nothing counts twice",
	    FIRST P REUSED(A) P PART(QB, SAYS(A)) P UP(B) P TO(QB, U, B, SENT),
	    OK_A OK_B },
	{ "not seen before", P REUSED(A) P USE(QA, U, "2"), "" },
	{ "one use was not seen", FIRST P USE(QB, RCPT_B, "3"), OK_A },
	{ "at another server", FIRST P USE_(QB, RCPT_B, B, "2", SENT), OK_A },
	{ "by another service",
	    FIRST "0 11/postfix/relay/smtp " USE(QB, RCPT_B, "2"), OK_A },
	{ "on another host", FIRST "0 11@other " USE(QB, RCPT_B, "2"), OK_A },
	{ "in time", FIRST "300 10 " USE(QB, RCPT_B, "2"), OK_A RODE_B },
	{ "too late", FIRST "301 10 " USE(QB, RCPT_B, "2"), OK_A },
	{ "two connections, one of them had it",
	    FIRST O UP(A) O TO(QB, RCPT_B, A, SENT) P USE(QC, RCPT_B, "2"),
	    OK_A RODE_B },
	{ "two connections, none of them had it",
	    FIRST O UP(A) O TO(QB, U, A, SENT) P USE(QC, RCPT_B, "2"),
	    OK_A OK_A RODE_B },
	{ "the first is a report of ours",
	    QMGR ACTIVE(QA, "own@us.example") FIRST P REUSED(A)
		P USE(QB, U, "2"),
	    "0 own-report\n" OK_A },
	{ "the second is a report of ours",
	    FIRST QMGR ACTIVE(QB, "own@us.example") P REUSED(A)
		P USE(QB, RCPT_B, "2"),
	    OK_A },
	{ "to an address", FIRST P USE(QB, "v@[192.0.2.9]", "2"), OK_A },
	{ "to another port",
	    P TO_FULL(QA, U, NAME_A ":587", "1/1/1/1", "", SENT) P QB
	    ": to=<v@b.example>, relay=" NAME_A ":587, conn_use=2, delay=1, "
	    "delays=1/0/0/1, dsn=2.0.0, status=sent (250)\n",
	    "0 other-port\n" },
	{ "in clear after a failure",
	    LOST_A P PART(QA, NO_START) P TO(QA, U, A, SENT)
		P USE(QB, RCPT_B, "2"),
	    "0 clear-retry\n" CLOSED_A },
	{ "more domains than are kept",
	    FIRST P USE(QB, "v@1.example", "2") P USE(QC, "v@2.example",
		"3") P USE(QB, "v@3.example", "4") P USE(QC, "v@4.example", "5")
		P USE(QB, "v@5.example", "6") P USE(QC, "v@6.example", "7")
		    P USE(QB, "v@7.example", "8") P USE(QC, "v@8.example", "9")
			P USE(QB, "v@7.example", "10"),
	    OK_A RODE("1") RODE("2") RODE("3") RODE("4") RODE("5") RODE("6")
		RODE("7") },
};

static void test_connections(void **state)
{
	(void)state;
	scenario_run(connections, UNIT_LEN(connections));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections),
	};

	return UNIT_RUN(tests);
}
