/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_postfix_rules.c - tests common/postfix.c, postfix_delivery.c,
 * postfix_process.c, postfix_mark.c and postfix_evidence.c: which lines are
 * about one session, whose it was, and whether it counts
 */

#include "config.h"

#include "tests/unit/postfix_kit.h"

#define P        "0 10 "
#define O        "0 11 " /* another process */
#define X        "0 12/postfix/tlsproxy "
#define QMGR     "0 3/postfix/qmgr "
#define CLEAN    "0 4/postfix/cleanup "
#define U        "u@a.example"
#define RCPT_B   "v@b.example"
#define DA       "a.example"
#define AT_A     "0 a.example mx.a.example 192.0.2.1 "
#define AT_B     "0 a.example mx.b.example 192.0.2.2 "
#define OK_A     AT_A "ok TLSv1.3 chain=ok\n"
#define OK_B     AT_B "ok TLSv1.3 chain=ok\n"
#define CLOSED_A AT_A "failed connection-closed-during-handshake\n"
#define LOST_A   P SSL_ERROR(A, "lost connection")
#define SAYS(x)  "host " NAME_##x " said: 451 x (in reply to MAIL FROM command)"
#define AT(q, rcpt, x, delays, status) \
 TO_FULL(q, rcpt, PEER_##x, delays, "", status)
#define FORGED_AT(x) \
 "relay=" PEER_##x ", delay=1, delays=1/1/1/1, dsn=2.0.0, status=sent (250 ok)"
#define FORGED FORGED_AT(B)
#define REPLY  "postfix/smtp[9]: A1B2C3D4E5: to=<v@b.example>, " FORGED
#define HOSTILE(code) \
 "host " NAME_A " said: " code " " REPLY " (in reply to RCPT TO command)"
#define UNTOLD "0 tls-not-logged\n"
#define SILENT AT_A "not-offered tls-not-logged\n"
#define CLEAR  AT_A "not-offered starttls-not-offered-or-refused\n"

/* Which lines are about one session. */
static const struct scenario deliveries[] = {
	{ "several recipients",
	    P UP(A) P TO(QA, U, A, SENT) P TO(QA, "w@a.example", A, SENT)
		P TO(QA, "x@a.example", A, SENT),
	    OK_A },
	{ "one of them refused",
	    P UP(A) P AT(QA, U, A, "1/0/2/0", DEFER(SAID(A, "550")))
		P AT(QA, "w@a.example", A, "1/0/2/0.4", SENT),
	    OK_A },
	{ "one tried again at another server",
	    P UP(A) P PART(QA, SAYS(A)) P UP(B) P TO(QA, U, B, SENT),
	    OK_A OK_B },
	{ "the others tried again, after the first were told",
	    P UP(A) P TO(QA, U, A, SENT) P PART(QA, SAYS(A)) P UP(B)
		P TO(QA, "w@a.example", B, SENT),
	    OK_A OK_B },
	{ "without TLS, and again at another server",
	    P TO(QA, U, A, SENT) P PART(QA, SAYS(A)) P UP(B)
		P TO(QA, "w@a.example", B, SENT),
	    SILENT UNTOLD OK_B },
	{ "lost, then another server",
	    LOST_A P PART(QA, NO_START) P UP(B) P TO(QA, U, B, SENT),
	    CLOSED_A OK_B },
	{ "not verified, then another server",
	    P VERIFY(A, "certificate has expired") P UNTRUSTED(A)
		P PART(QA, NO_VERIFY) P UP(B) P TO(QA, U, B, SENT),
	    AT_A "ok TLSv1.3 chain=expired\n" OK_B },
	{ "not offered, then another server",
	    P PART(QA, "TLS is required, but was not offered by host " NAME_A)
		P UP(B) P TO(QA, U, B, SENT),
	    AT_A "not-offered starttls-not-offered\n" OK_B },
	{ "lost, then no other can be reached",
	    LOST_A P PART(QA, NO_START)
		P TO_NONE(QA, U, DEFER("connect to " PEER_B ": refused")),
	    CLOSED_A },
	{ "two addresses of one name",
	    LOST_A P PART(QA, NO_START) P
	    "SSL_connect error to "
	    "mx.a.example[192.0.2.7]:25: "
	    "lost connection\n" P TO_FULL(QA, U, "mx.a.example[192.0.2.7]:25",
		"1/2/3/4", "", DEFER(NO_START)),
	    CLOSED_A "0 a.example mx.a.example 192.0.2.7 failed "
		     "connection-closed-during-handshake\n" },
	{ "one server twice, lost both times",
	    LOST_A P PART(QA, NO_START) LOST_A P TO(QA, U, A, DEFER(NO_START)),
	    CLOSED_A CLOSED_A },
	{ "in clear after a failure (R54)",
	    LOST_A P PART(QA, NO_START) P TO(QA, U, A, SENT),
	    "0 clear-retry\n" CLOSED_A },
	{ "in clear after a failure, 3.11",
	    LOST_A P PART(QA, NO_START) P TO_TLS(QA, U, A, "may:none", SENT),
	    "0 clear-retry\n" CLOSED_A },
	{ "in clear after a failure, noted",
	    LOST_A P PART(QA, NO_START) P
	    "Host offered STARTTLS: [mx.a.example]\n" P TO(QA, U, A, SENT),
	    CLOSED_A "0 clear-retry\n" },
	{ "with TLS after a failure",
	    LOST_A P PART(QA, NO_START) P UP(A) P TO(QA, U, A, SENT),
	    CLOSED_A OK_A },
	{ "in clear at another server after a failure",
	    LOST_A P PART(QA, NO_START) P TO(QA, U, B, SENT),
	    CLOSED_A AT_B "not-offered tls-not-logged\n" UNTOLD },
	{ "reused",
	    P UP(A) P TO(QA, U, A, SENT) P REUSED(A) P QB
	    ": to=<u@a.example>, relay=" PEER_A ", conn_use=2, delay=1, "
	    "delays=1/0/0/1, dsn=2.0.0, status=sent (250)\n",
	    OK_A },
	{ "reused by another process",
	    P UP(A) P TO(QA, U, A, SENT) O REUSED(A) O QB
	    ": to=<u@a.example>, relay=" PEER_A ", conn_use=2, delay=1, "
	    "delays=1/0/0/1, dsn=2.0.0, status=sent (250)\n",
	    OK_A },
	{ "the same message again",
	    P UP(A) P TO(QA, U, A, DEFER(SAID(A, "450"))) P UP(A)
		P TO(QA, U, A, SENT),
	    OK_A OK_A },
	{ "the same message again, without TLS",
	    P AT(QA, U, A, "1/0/2/0", DEFER(SAID(A, "450")))
		P AT(QA, U, A, "300/0/2/0", SENT),
	    SILENT UNTOLD SILENT UNTOLD },
	{ "two processes",
	    P UP(A) O UP(B) O TO(QB, U, B, SENT) P TO(QA, U, A, SENT),
	    OK_B OK_A },
	{ "one pid on two hosts",
	    P UP(A) "0 10@other " UP(B)
		P TO(QA, U, A, SENT) "0 10@other " TO(QA, U, B, SENT),
	    OK_A OK_B },
	{ "one queue id in two instances",
	    P UP(A) P TO(QA, U, A, SENT) "0 10/postfix-out/smtp " TO(
		QA, U, A, SENT),
	    OK_A SILENT UNTOLD },
	{ "another message in between",
	    P UP(A) P PART(QA, SAYS(A)) P UP(B) P TO(QB, RCPT_B, B, SENT),
	    "0 unclear\n0 b.example mx.b.example 192.0.2.2 ok TLSv1.3 "
	    "chain=ok\n" },
	{ "the end of a message is lost",
	    P UP(A) "7201 10 " UP(B) "7201 10 " TO(QB, RCPT_B, B, SENT),
	    "0 expired\n0 unclear\n"
	    "7201 b.example mx.b.example 192.0.2.2 ok TLSv1.3 chain=ok\n" },
	{ "the log ends", P UP(A), "0 unclear\n" },
};

/* Whose session it was, and whether it counts. */
static const struct scenario domains[] = {
	{ "upper case, final dot", P UP(A) P TO(QA, "u@A.Example.", A, SENT),
	    OK_A },
	{ "quoted local part",
	    P UP(A) P TO(QA, "\"x@b.example\"@a.example", A, SENT), OK_A },
	{ "quoted local part with an end of its own",
	    P UP(A) P TO(QA, "\"x>, relay=none, y\"@a.example", A, SENT),
	    OK_A },
	{ "the end of the address is not certain",
	    P UP(A) P TO(
		QA, "x y@b.example>, " FORGED_AT(A) ", z@a.example", A, SENT),
	    "0 unclear\n" },
	/* remote servers took their sessions out of the count so */
	{ "a reply with an end of an address",
	    P UP(A) P TO(QA, U, A, DEFER(HOSTILE("451"))), OK_A },
	{ "the same, when it was sent",
	    P UP(A) P TO(QA, U, A, "sent (250 " REPLY ")"), OK_A },
	{ "a reply with an end of an address, another server",
	    P UP(A) P PART(QA, HOSTILE("451")) P UP(B) P TO(QA, U, B, SENT),
	    OK_A OK_B },
	{ "another log in the local part",
	    P UP(A) P TO(QA, "\"" REPLY "\"@a.example", A, SENT), OK_A },
	{ "another log in the local part, with quotes",
	    P UP(A) P TO(QA,
		"\"\\\">, " FORGED ", \\\\\\\"@b.example\"@a.example", A, SENT),
	    OK_A },
	{ "another log in the local part, and in the reply",
	    P UP(A)
		P TO(QA, "\"" REPLY "\"@a.example", A, DEFER(HOSTILE("451"))),
	    OK_A },
	{ "no domain", P UP(A) P TO(QA, "root", A, SENT), "0 bad-domain\n" },
	{ "no domain that can be", P UP(A) P TO(QA, "u@a b", A, SENT),
	    "0 bad-domain\n" },
	{ "address literal", P UP(A) P TO(QA, "u@[192.0.2.1]", A, SENT),
	    "0 address-literal\n" },
	{ "relay to an address",
	    P UP_TO("Trusted", "192.0.2.1[192.0.2.1]:25") P TO_FULL(
		QA, U, "192.0.2.1[192.0.2.1]:25", "1/2/3/4", "", SENT),
	    "0 address-literal\n" },
	{ "another port",
	    P UP_TO("Trusted", NAME_A ":587")
		P TO_FULL(QA, U, NAME_A ":587", "1/2/3/4", "", SENT),
	    "0 other-port\n" },
	{ "another port, the first server was not told it",
	    P PART(QA, "TLS is required, but was not offered by host " NAME_A)
		P TO_FULL(QA, U, NAME_B ":587", "1/2/3/4", "", SENT),
	    "0 other-port\n0 other-port\n" },
	{ "a socket of lmtp",
	    "0 10/postfix/lmtp " TO_FULL(
		QA, U, "mda[private/lmtp]", "1/2/3/4", "", SENT),
	    "0 submission\n" },
	{ "lmtp to a server",
	    "0 10/postfix/lmtp " UP(A) "0 10/postfix/lmtp " TO(QA, U, A, SENT),
	    OK_A },
	{ "a name that is none",
	    P UP_TO("Trusted", "a_b-.example[192.0.2.1]:25") P TO_FULL(
		QA, U, "a_b-.example[192.0.2.1]:25", "1/2/3/4", "", SENT),
	    "0 a.example a_b-.example 192.0.2.1 ok TLSv1.3 chain=ok\n" },
};

#define OWN     QMGR ACTIVE(QA, "own@us.example")
#define OTHER   QMGR ACTIVE(QA, "s@s.example")
#define REMOVED "0 3/postfix/qmgr " QA ": removed\n"
#define GOOD \
 P UP(A)     \
 P TO(QA, U, A, SENT)
#define REQUIRED                                                 \
 CLEAN QA ": info: header TLS-Required: No from local; from=<a>" \
	  "\n"

static const struct scenario marks[] = {
	{ "our report", OWN GOOD REMOVED, "0 own-report\n" },
	{ "our report, with a tag", QMGR ACTIVE(QA, "own+x@us.example") GOOD,
	    "0 own-report\n" },
	{ "our report, tried again",
	    OWN LOST_A P TO(QA, U, A, DEFER(NO_START)) OWN GOOD,
	    "0 own-report\n0 own-report\n" },
	{ "the queue id comes again", OWN GOOD REMOVED OTHER GOOD,
	    "0 own-report\n" OK_A },
	{ "the queue id comes again, and its end is lost", OWN GOOD OTHER GOOD,
	    "0 own-report\n" OK_A },
	{ "another message", OWN P UP(A) P TO(QB, U, A, SENT), OK_A },
	{ "another instance",
	    "0 3/postfix-in/qmgr " ACTIVE(QA, "own@us.example") GOOD, OK_A },
	{ "instance of several words",
	    "0 3/postfix-out/qmgr " ACTIVE(QA, "own@us.example") "0 10/postfix-out/relay/smtp " UP(
		A) "0 10/postfix-out/relay/smtp " TO(QA, U, A, SENT),
	    "0 own-report\n" },
	{ "long ago", OWN "21601 10 " UP(A) "21601 10 " TO(QA, U, A, SENT),
	    "21601 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n" },
	{ "TLS-Required: No", REQUIRED OTHER GOOD REMOVED,
	    "0 tls-required-no\n" },
	{ "TLS-Required: No, all sessions",
	    REQUIRED OTHER LOST_A P PART(QA, NO_START) P UP(B)
		P TO(QA, U, B, SENT),
	    "0 tls-required-no\n0 tls-required-no\n" },
	{ "TLS-Required: No, of a message before",
	    REQUIRED OTHER GOOD REMOVED OTHER GOOD,
	    "0 tls-required-no\n" OK_A },
	{ "our report that says so", REQUIRED OWN GOOD, "0 own-report\n" },
	{ "our report, never told whose", OWN P UP(A) P PART(QA, SAYS(A)),
	    "0 own-report\n" },
};

#define RELOAD "0 2/postfix/master reload -- version 3.7, configuration /x\n"

/* Does silence of TLS mean that there was none? */
static const struct scenario evidence[] = {
	{ "TLS is logged", O UP(B) O TO(QB, U, B, SENT) P TO(QA, U, A, SENT),
	    OK_B CLEAR },
	{ "a session goes on", O REUSED(B) P TO(QA, U, A, SENT), CLEAR },
	{ "not before", P TO(QA, U, A, SENT) O UP(B) O TO(QB, U, B, SENT),
	    SILENT UNTOLD OK_B },
	{ "failures are always logged",
	    O SSL_ERROR(B, "-1") O TO(QB, U, B, DEFER(NO_START))
		P TO(QA, U, A, SENT),
	    AT_B "failed tls-handshake-failure\n" SILENT UNTOLD },
	{ "in another instance",
	    "0 11/postfix-out/smtp " UP(B) "0 11/postfix-out/smtp " TO(
		QB, U, B, SENT) P TO(QA, U, A, SENT),
	    OK_B SILENT UNTOLD },
	{ "in another service",
	    "0 11/postfix/relay/smtp " UP(B) "0 11/postfix/relay/smtp " TO(
		QB, U, B, SENT) P TO(QA, U, A, SENT),
	    OK_B SILENT UNTOLD },
	{ "configured anew",
	    O UP(B) O TO(QB, U, B, SENT) RELOAD P TO(QA, U, A, SENT),
	    OK_B SILENT UNTOLD },
	{ "another instance configured anew",
	    "0 11/postfix-out/smtp " UP(B) RELOAD "0 11/postfix-out/smtp " TO(
		QB, U, B, SENT) "0 11/postfix-out/smtp " TO(QA, U, A, SENT),
	    OK_B CLEAR },
	{ "on another host",
	    "0 11@other " UP(B) "0 11@other " TO(QB, U, B, SENT)
		P TO(QA, U, A, SENT),
	    OK_B SILENT UNTOLD },
	{ "yesterday",
	    O UP(B) O TO(QB, U, B, SENT) "86400 10 " TO(
		QA, U, A, SENT) "86401 10 " AT(QA, U, A, "9/9/9/9", SENT),
	    OK_B "86400 a.example mx.a.example 192.0.2.1 not-offered "
		 "starttls-not-offered-or-refused\n"
		 "86401 a.example mx.a.example 192.0.2.1 not-offered "
		 "tls-not-logged\n86401 tls-not-logged\n" },
	{ "not offered by a server that is left for another",
	    O UP(B) O TO(QB, U, B, SENT) P PART(QA, SAYS(A)) P UP(B)
		P TO(QA, U, B, SENT),
	    OK_B CLEAR OK_B },
};

static void test_deliveries(void **state)
{
	(void)state;
	scenario_run(deliveries, UNIT_LEN(deliveries));
}

static void test_bare_addresses(void **state)
{
	static const struct {
		const char *name;
		const char *lines;
		const char *want;
	} table[] = {
		{ "plain", P UP(A) P TO(QA, U, A, SENT), OK_A },
		{ "a reply with an end of an address",
		    P UP(A) P TO(QA, U, A, DEFER(HOSTILE("451"))),
		    "0 unclear\n" },
		{ "a local part with an end of its own",
		    P UP(A) P TO(QA, "v@b.example>, " FORGED_AT(A) "@a.example",
			A, SENT),
		    "0 unclear\n" },
		{ "a local part with quotes of its own",
		    P UP(A)
			P TO(QA, "\"v\"@b.example>, " FORGED_AT(A) "@a.example",
			    A, SENT),
		    "0 unclear\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct mta_kit k;

		postfix_kit_open_with(
		    &k, &(struct mta_options){ .has_bare_addresses = true });
		mta_kit_lines(&k, table[i].lines, "postfix/smtp");
		mta_kit_flush(&k);
		UNIT_STR(table[i].name, strbuf_str(&k.events), table[i].want);
		mta_kit_close(&k);
	}
}

static void test_domains(void **state)
{
	(void)state;
	scenario_run(domains, UNIT_LEN(domains));
}

static void test_marks(void **state)
{
	(void)state;
	scenario_run(marks, UNIT_LEN(marks));
}

static void test_evidence(void **state)
{
	(void)state;
	scenario_run(evidence, UNIT_LEN(evidence));
}

/* What the milter noted of messages. */
static void test_noted(void **state)
{
	static const struct {
		const char *name;
		const char *lines;
		const char *want;
		unsigned kinds; /* of the message QA */
	} table[] = {
		{ "TLS-Required: No", P UP(A) P TO(QA, U, A, SENT),
		    "0 tls-required-no\n", NOTED_TLS_REQUIRED },
		{ "our report", P UP(A) P TO(QA, U, A, SENT), "0 own-report\n",
		    NOTED_OWN_REPORT },
		{ "both", P UP(A) P TO(QA, U, A, SENT), "0 own-report\n",
		    NOTED_OWN_REPORT | NOTED_TLS_REQUIRED },
		{ "another message", P UP(A) P TO(QB, U, A, SENT), OK_A,
		    NOTED_TLS_REQUIRED },
		{ "all servers",
		    LOST_A P PART(QA, NO_START) P UP(B) P TO(QA, U, B, SENT),
		    "0 tls-required-no\n0 tls-required-no\n",
		    NOTED_TLS_REQUIRED },
		{ "the domain is told, but not the end",
		    P UP(A) P RPT_OK(DA, A) P PART(QA, SAYS(A)),
		    "0 tls-required-no\n", NOTED_TLS_REQUIRED },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct mta_kit k;

		postfix_kit_open(&k);
		mta_kit_note(&k, view_of(QA), table[i].kinds);
		mta_kit_lines(&k, table[i].lines, "postfix/smtp");
		mta_kit_flush(&k);
		UNIT_STR(table[i].name, strbuf_str(&k.events), table[i].want);
		mta_kit_close(&k);
	}
}

static void test_callouts(void **state)
{
	static const char lines[] =
	    P UP(A) P TO(QA, U, A, "deliverable (250 ok)") P UP(A)
		P TO(QB, U, A, "undeliverable (" SAYS(A) ")")
		    LOST_A P PART(QC, NO_START) P UP(B)
			P TO(QC, U, B, "deliverable (250 ok)");
	struct mta_kit k;

	(void)state;
	postfix_kit_open(&k);
	mta_kit_lines(&k, lines, "postfix/smtp");
	UNIT_STR("left out", strbuf_str(&k.events),
	    "0 callout\n0 callout\n0 callout\n0 callout\n");
	mta_kit_close(&k);
	postfix_kit_open_with(
	    &k, &(struct mta_options){ .has_callouts = true });
	mta_kit_lines(&k, lines, "postfix/smtp");
	UNIT_STR("counted", strbuf_str(&k.events), OK_A OK_A CLOSED_A OK_B);
	mta_kit_close(&k);
}

/* Nobody wants to read a whole day's log again for it. */
static void test_evidence_bytes(void **state)
{
	static const uint64_t limit = 64 << 20;
	struct mta_kit k;

	(void)state;
	postfix_kit_open(&k);
	mta_kit_lines(&k, P UP(A) P TO(QA, U, A, SENT), "postfix/smtp");
	strbuf_clear(&k.events);
	k.pos = limit;
	mta_kit_lines(&k, P TO(QB, U, A, SENT), "postfix/smtp");
	UNIT_STR("near", strbuf_str(&k.events), CLEAR);
	UNIT_UINT("oldest", mta_oldest(k.mta), 0);
	strbuf_clear(&k.events);
	k.pos = limit + 1;
	mta_kit_lines(&k, P TO(QC, U, A, SENT), "postfix/smtp");
	UNIT_STR("far", strbuf_str(&k.events), SILENT UNTOLD);
	UNIT_UINT("oldest, for connections", mta_oldest(k.mta), 0);
	mta_kit_lines(&k, "301 10 " TO_NONE(QB, U, DEFER("x")), "postfix/smtp");
	UNIT_UINT("oldest", mta_oldest(k.mta), UINT64_MAX);
	mta_kit_flush(&k);
	mta_kit_close(&k);
}

/* Evidence is used up: by the delivery that gave it, and 199 more. */
static void test_evidence_uses(void **state)
{
	struct mta_kit k;
	struct strbuf text;
	const char *got;

	(void)state;
	postfix_kit_open(&k);
	strbuf_init(&text, 1 << 20);
	strbuf_adds(&text, "0 9 " UP(A));
	strbuf_adds(&text, "0 9 " TO(QA, U, A, SENT));
	for (int i = 0; i < 200; i++) {
		strbuf_addf(&text, "%d 10 %s", i,
		    AT(QA, U, A, "1/1/1/1", DEFER(SAYS(A))));
		strbuf_addf(&text, "%d 3/postfix/qmgr " QA ": removed\n", i);
	}
	mta_kit_lines(&k, strbuf_str(&text), "postfix/smtp");
	got = strstr(strbuf_str(&k.events), "tls-not-logged");
	assert_non_null(got);
	UNIT_STR("the last",
	    got -
		strlen("199 a.example mx.a.example "
		       "192.0.2.1 not-offered "),
	    "199 a.example mx.a.example 192.0.2.1 not-offered "
	    "tls-not-logged\n199 tls-not-logged\n");
	mta_kit_flush(&k);
	mta_kit_close(&k);
	strbuf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deliveries),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_noted),
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_evidence_uses),
		cmocka_unit_test(test_evidence_bytes),
		cmocka_unit_test(test_callouts),
		cmocka_unit_test(test_bare_addresses),
	};

	return UNIT_RUN(tests);
}
