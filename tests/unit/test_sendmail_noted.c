/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sendmail_noted.c - what was noted of messages at their reception: their
 * sessions are left out, with our records and without
 */

#include "config.h"

#include "tests/unit/sendmail_kit.h"

#define P      "0 10 "
#define D      "a.example."
#define U      "u@a.example"
#define LIST_A "<u@a.example>"
#define LIST_B "<u@b.example>"

/* The usual lines of a message over a new connection with TLS. */
#define OPEN(q)  \
 P T(q, A, D, U) \
 P S(q, UP("OK"), A, D, U)
#define RCPT(q) P R(q, TLS("OK"), A, D, U)
#define FAIL(q)                  \
 P T(q, A, D, U)                 \
 P S(q, NO("SOFTWARE"), A, D, U) \
 P TO(q, LIST_A, A, DEFERRED)

#define GOOD_A  "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok"
#define GOOD    GOOD_A " name=match\n"
#define FAILED  "0 a.example mx.a.example 192.0.2.1 failed tls-handshake-failure"
#define PLAIN   GOOD_A "\n"
#define PLAIN_B "0 b.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n"
#define SKIPPED "0 tls-required-no\n"
#define OWN     "0 own-report\n"

/* QA said TLS-Required: No, QB is a report of ours, QC is neither. */
static const struct scenario records[] = {
	{ "not noted", OPEN(QC) RCPT(QC), GOOD },
	{ "TLS-Required: No", OPEN(QA) RCPT(QA), SKIPPED },
	{ "own report", OPEN(QB) RCPT(QB), OWN },
	{ "both, by line and by note",
	    P S_FULL(QA, UP("OK"), "1", "no", A, D, "", U, NAMES)
		P R_FULL(QA, TLS("OK"), "no", A, D, "", U),
	    SKIPPED },
	{ "TLS-Required: No, failed", FAIL(QA), SKIPPED },
	{ "own report, failed", FAIL(QB), OWN },
	{ "own report, known at STARTTLS alone",
	    P T(QB, A, D, U) P S(QC, UP("OK"), A, D, U) RCPT(QC), OWN },
	{ "not noted, failed", FAIL(QC), FAILED "\n" },
	{ "of the first message only", OPEN(QA) RCPT(QA) RCPT(QC), GOOD },
	{ "of the second message only",
	    OPEN(QC) RCPT(QC)
		P R(QA, TLS("OK"), A, "b.example.", "x@b.example"),
	    GOOD SKIPPED },
	{ "an own report as the second message",
	    OPEN(QC) RCPT(QC)
		P R(QB, TLS("OK"), A, "b.example.", "x@b.example"),
	    GOOD OWN },
	{ "an own report first: all of the session",
	    OPEN(QB) RCPT(QB)
		P R(QC, TLS("OK"), A, "b.example.", "x@b.example"),
	    OWN OWN },
	{ "a record in two parts",
	    OPEN(QA) P QA
	    "[1]: TLSRPT1^R^i:" QA
	    "^v:OK^p:TLSv1.3^a:192.0.2.1^q:^h:mx.a.example ...\n" P QA
	    "[2]: ^d:a.example.^s:^r:u@a.example\n",
	    SKIPPED },
};

static const struct scenario plain[] = {
	{ "not noted", P STARTTLS(A, "OK") P TO(QC, LIST_A, A, SENT), PLAIN },
	{ "TLS-Required: No", P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT),
	    SKIPPED },
	{ "own report", P STARTTLS(A, "OK") P TO(QB, LIST_A, A, SENT), OWN },
	{ "TLS-Required: No, failed",
	    P ALERT P REJECT(A, "SOFTWARE") P TO(QA, LIST_A, A, DEFERRED),
	    SKIPPED },
	{ "own report, failed",
	    P ALERT P REJECT(A, "SOFTWARE") P TO(QB, LIST_A, A, DEFERRED),
	    OWN },
	{ "of the first message only",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT)
		P TO(QC, LIST_A, A, SENT),
	    PLAIN },
	{ "of the second message only",
	    P STARTTLS(A, "OK") P TO(QC, LIST_A, A, SENT)
		P TO(QA, LIST_B, A, SENT),
	    PLAIN SKIPPED },
	{ "an own report first: all of the session",
	    P STARTTLS(A, "OK") P TO(QB, LIST_A, A, SENT)
		P TO(QC, LIST_B, A, SENT),
	    OWN OWN },
	{ "an own report as the second message",
	    P STARTTLS(A, "OK") P TO(QC, LIST_A, A, SENT)
		P TO(QB, LIST_B, A, SENT),
	    PLAIN OWN },
	{ "several recipients",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A "," LIST_B, A, SENT),
	    SKIPPED SKIPPED },
	{ "each of two sessions",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT) "0 11 " STARTTLS(
		A, "OK") "0 11 " TO(QC, LIST_B, A, SENT),
	    PLAIN_B SKIPPED },
	{ "smart host",
	    P STARTTLS(A, "OK")
		P TO_FULL(QA, LIST_A, "relay", HOST_A ". [" IP_A "]", SENT),
	    SKIPPED },
	{ "TLSA lookup failed",
	    P TO_FULL(QA, LIST_A, "esmtp", HOST_A ".",
		"4.0.0, stat=Deferred: Name server: " HOST_A
		".: host name lookup failure for TLSA RR"),
	    SKIPPED },
};

#define QD         "6AMBWYfV000004"
#define QE         "6AMBWYfV000005"
#define SPLIT      ": split: maxrcpts=2, rcpts=5, count=2, ids="
#define DELIVER(q) "1 11 " STARTTLS(A, "OK") "1 11 " TO(q, LIST_A, A, SENT)
#define PLAIN_1    "1 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n"
#define SKIPPED_1  "1 tls-required-no\n"

/* The ids that a message goes on under. */
static const struct scenario ids[] = {
	{ "split, first id", P QA SPLIT QD "; " QE "\n" DELIVER(QD),
	    SKIPPED_1 },
	{ "split, second id", P QA SPLIT QD "; " QE "\n" DELIVER(QE),
	    SKIPPED_1 },
	{ "split, the old id", P QA SPLIT QD "; " QE "\n" DELIVER(QA),
	    SKIPPED_1 },
	{ "split of another message", P QC SPLIT QD "; " QE "\n" DELIVER(QD),
	    PLAIN_1 },
	{ "split of a part",
	    P QA ": split: count=1, id=" QD "\n" P QD
		 ": split: maxrcpts=1, rcpts=2, count=1, id=" QE
		 "\n" DELIVER(QE),
	    SKIPPED_1 },
	{ "own report", P QB SPLIT QD "; " QE "\n" DELIVER(QD),
	    "1 own-report\n" },
	{ "list with an owner", P QA ": " QD ": clone: owner=o\n" DELIVER(QD),
	    SKIPPED_1 },
	{ "a line in parts",
	    P QA "[1]: split: maxrcpts=2, rcpts=5, count=2, ids=" QD
		 ";  ...\n" P QA "[2]: " QE "\n" DELIVER(QE),
	    SKIPPED_1 },
	{ "a line whose end is missing",
	    P QA "[1]: split: maxrcpts=2, rcpts=5, count=2, ids=" QD
		 ";  ...\n" P TO(QC, LIST_A, A, SENT) DELIVER(QD),
	    "0 bad-record\n" PLAIN_1 },
	{ "in the middle of a session",
	    P STARTTLS(A, "OK") P QA SPLIT QD "; " QE
					      "\n" P TO(QD, LIST_A, A, SENT),
	    SKIPPED },
};

static void run(const struct scenario *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct mta_kit k;

		mta_kit_open(&k, "sendmail", NULL);
		mta_kit_note(&k, view_of(QA), NOTED_TLS_REQUIRED);
		mta_kit_note(&k, view_of(QB), NOTED_OWN_REPORT);
		mta_kit_lines(&k, table[i].lines, "sm-mta");
		mta_kit_flush(&k);
		UNIT_STR(table[i].name, strbuf_str(&k.events), table[i].want);
		mta_kit_close(&k);
	}
}

static void test_records(void **state)
{
	(void)state;
	run(records, UNIT_LEN(records));
}

static void test_plain(void **state)
{
	(void)state;
	run(plain, UNIT_LEN(plain));
}

static void test_ids(void **state)
{
	(void)state;
	run(ids, UNIT_LEN(ids));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_ids),
	};

	return UNIT_RUN(tests);
}
