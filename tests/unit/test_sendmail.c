/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sendmail.c - tests common/sendmail.c, sendmail_state.c and
 * sendmail_process.c: whole logs in, sessions and counters out
 */

#include "config.h"

#include "common/mem.h"
#include "tests/unit/sendmail_kit.h"

#define P      "0 10 "
#define D      "a.example."
#define U      "u@a.example"
#define LIST_A "<u@a.example>"
#define R_A    P R(QA, TLS("OK"), A, D, U)
#define S_A    P S(QA, UP("OK"), A, D, U)

#define GOOD \
 "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok name=match\n"
#define FAILED \
 "0 a.example mx.a.example 192.0.2.1 failed tls-handshake-failure\n"
#define PLAIN "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok\n"

/* What a stranger who wants to be counted as V would write. */
#define V        "v.example."
#define FORGED   S(QB, UP("OK"), A, V, "x@v.example")
#define FORGED_R R(QB, TLS("OK"), A, V, "x@v.example")
#define R_WITH(h, d, s, r)                                              \
 P QA ": TLSRPT1^R^i:" QA "^v:OK^p:TLSv1.3^a:192.0.2.1^q:^h:" h "^d:" d \
      "^s:" s "^r:" r "\n"
#define S_WITH(h, d, s, r)                                                \
 P QA ": TLSRPT1^S^i:" QA "^v:" UP("OK") "^a:192.0.2.1^f:^o:^q:^k:1^h:" h \
					 "^d:" d "^s:" s "^r:" r          \
					 "^cn:x^ci:y\n"

static const struct scenario forgery[] = {
	{ "a reply with records",
	    P QA ": to=" LIST_A ", delay=00:00:01, mailer=esmtp, relay="
		 "mx.a.example. [192.0.2.1], dsn=2.0.0, stat=Sent (" FORGED P QA
		 ": to=" LIST_A ", delay=00:00:01, mailer=esmtp, relay="
		 "mx.a.example. [192.0.2.1], dsn=2.0.0, stat=Sent (" FORGED_R,
	    "" },
	{ "errors that begin like records",
	    P QB ": TLSRPT1^S^i:" QB "^v:" NO(
		"SOFTWARE") "^a:192.0.2.1"
			    "^f:^o:^q:^k:1^h:mx^d:v.example.^s:^r:x@v.example^cn:"
			    "^ci:... User unknown\n" P QB ": TLSRPT1^R^i:" QB
			    "^v:OK^p:TLSv1.3^a:192.0.2.1^q:^h:mx^d:v.example.^s:"
			    "^r:x@v.example... User unknown\n",
	    "0 bad-record\n0 bad-record\n" },
	{ "the same in parts",
	    P QB "[1]: TLSRPT1^S^i:" QB "^v:" NO(
		"SOFTWARE") "^a:192.0.2.1^f:^o:^q:^k:1^h:mx^d:v.example.^s:^r:x@v"
			    ".example^cn:^ci: ...\n" P QB "[2]: ... User "
			    "unknown\n",
	    "0 bad-record\n" },
	{ "queue id of another message",
	    P QA ": TLSRPT1^S^i:" QB "^v:" UP(
		"OK") "^a:192.0.2.1^f:^o:"
		      "^q:^k:1^h:mx^d:" V "^s:^r:x@v.example^cn:^ci:\n",
	    "0 bad-record\n" },
	{ "record in a tail", P QA "[2]: TLSRPT1^S^i:" QA "^v:OK\n" R_A,
	    "0 orphan\n" },
	{ "another program", "0 10/spoof " FORGED "0 10/sm-mtax " FORGED_R,
	    "" },
	{ "certificate",
	    P S_FULL(QA, UP("OK"), "1", "", A, D, "", U,
		"^cn:x^v:FAIL^k:1^ci:^h:mx.v.example^d:" V) R_A,
	    GOOD },
	{ "certificate, in the line about it",
	    P STARTTLS(A, "FAIL") P
	    "STARTTLS=client, cert-subject=/CN=x, verifymsg=ok, "
	    "cert-issuer=/CN=y, verifymsg=certificate has expired\n" P TO(
		QA, LIST_A, A, SENT),
	    "0 a.example mx.a.example 192.0.2.1 ok TLSv1.3 "
	    "chain=expired\n" },
	{ "recipients",
	    S_A P R(QA, TLS("OK"), A, D, "\"a^v:OK\"@a.example")
		P R(QA, TLS("OK"), A, D, "\"x@v.example\"@a.example")
		    P R(QA, TLS("OK"), A, D, "\"x@v.example^r:\"@a.example"),
	    GOOD },
	{ "recipient list",
	    P STARTTLS(A, "OK") P TO(QA,
		"<\"x>, relay=evil. [192.0.2.66], dsn=2.0.0\"@a.example>"
		",<\"y>,<z@v.example\"@a.example>,<\"\\\\\">,<z@v.exam"
		"ple\"@a.example>,<\"\\t>,<z@v.example\"@a.example>",
		A, SENT),
	    PLAIN },
	{ "sender",
	    S_WITH("mx.a.example", D, "x^r:x@v.example", U)
		R_WITH("mx.a.example", D, "x^r:x@v.example", U),
	    GOOD },
	{ "quoted sender",
	    S_WITH("mx.a.example", D, "\"^r:x@v.example^cn:\"@b", U)
		R_WITH("mx.a.example", D, "\"^r:x@v.example\"@b", U),
	    GOOD },
	{ "bug: recipient's domain as the next hop's end",
	    S_WITH("mx.evil", "v.example^s:b.evil.", "", "x@v.example^s:b.evil")
		R_WITH("mx.evil", "v.example^s:b.evil.", "",
		    "x@v.example^s:b.evil") R_WITH("mx.evil",
		    "v.example^s:b.evil.", "", "y@other.example"),
	    "0 bad-domain\n" },
	{ "bug: the same, failed",
	    P QA ": TLSRPT1^S^i:" QA "^v:" NO(
		"SOFTWARE") "^a:192.0.2.1^f:^o:^q:^k:1^h:mx.evil^d:v.example^s:b."
			    "evil.^s:^r:x@v.example^s:b.evil^cn:^ci:\n",
	    "0 bad-domain\n" },
	{ "bug: MX host as the next hop",
	    S_WITH("mx^d:v.example.^s:x", "evil.", "", "u@evil")
		R_WITH("mx^d:v.example.^s:x", "evil.", "", "u@evil"),
	    "0 bad-domain\n" },
	{ "domains that are none",
	    S_A P R(QA, TLS("OK"), A, D, U) P R(QA, TLS("OK"), A, D, "u@\001")
		P R(QA, TLS("OK"), A, D, "u@a\\377b")
		    P R(QA, TLS("OK"), A, D, "u@v.example\\000"),
	    GOOD "0 bad-domain\n" },
	{ "host that is none",
	    P QA ": TLSRPT1^S^i:" QA "^v:" NO(
		"NONE") "^a:192.0.2.1^f:^o:^q:^k:1^h:a\\\\\"b\\\\(c^d:" D
			"^s:^r:" U "^cn:^ci:\n",
	    "0 a.example 192.0.2.1 not-offered "
	    "starttls-not-offered\n" },
};

static void test_forgery(void **state)
{
	(void)state;
	scenario_run(forgery, UNIT_LEN(forgery), NULL);
}

#define HEAD(q, text)    P q "[1]: " text " ...\n"
#define MORE(q, n, text) P q "[" #n "]: " text " ...\n"
#define TAIL(q, n, text) P q "[" #n "]: " text "\n"
#define R_HEAD           "TLSRPT1^R^i:" QA "^v:OK^p:TLSv1.3^a:192.0.2.1^q:^h:mx."

/* Records that Sendmail cut. */
static void test_parts(void **state)
{
	static const struct scenario table[] = {
		{ "R in two",
		    S_A HEAD(QA, R_HEAD)
			TAIL(QA, 2, "a.example^d:" D "^s:^r:" U),
		    GOOD },
		{ "R in three",
		    S_A HEAD(QA, R_HEAD) MORE(QA, 2, "a.example^d:" D "^s:^")
			TAIL(QA, 3, "r:" U),
		    GOOD },
		{ "S in two",
		    HEAD(QA,
			"TLSRPT1^S^i:" QA
			"^v:" NO("SOFTWARE") "^a:192.0.2"
					     ".1^f:^o:^q:^k:1^h:mx.a.exa")
			TAIL(QA, 2, "mple^d:" D "^s:^r:" U NAMES),
		    FAILED },
		{ "T in two",
		    HEAD(QA, "TLSRPT1^T^i:" QA "^a:192.0.2.1^q:^h:mx")
			TAIL(QA, 2, ".a.example^d:" D "^s:^r:" U)
			    P S(QA, NO("NONE"), A, D, U),
		    "0 a.example mx.a.example 192.0.2.1 refused "
		    "starttls-reply-5xx\n" },
		{ "lines of other processes between",
		    S_A HEAD(QA, R_HEAD) "0 11 " STARTTLS(A, "OK")
			TAIL(QA, 2, "a.example^d:" D "^s:^r:" U),
		    GOOD "0 unclear\n" },
		{ "a tail of another message between",
		    S_A HEAD(QA, R_HEAD) TAIL(QB, 2, "x")
			TAIL(QA, 2, "a.example^d:" D "^s:^r:" U),
		    GOOD },
		{ "the tail is of another message",
		    S_A HEAD(QA, R_HEAD)
			TAIL(QB, 2, "a.example^d:" D "^s:^r:" U),
		    GOOD },
		{ "the tail never came", S_A HEAD(QA, R_HEAD) R_A,
		    "0 bad-record\n" GOOD },
		{ "the second part is missing",
		    S_A HEAD(QA, R_HEAD)
			TAIL(QA, 3, "a.example^d:" D "^s:^r:" U),
		    "0 bad-record\n" GOOD },
		{ "the second part twice",
		    S_A HEAD(QA, R_HEAD) MORE(QA, 2, "a.example")
			MORE(QA, 2, "a.example"),
		    "0 bad-record\n" GOOD },
		{ "two heads", S_A HEAD(QA, R_HEAD) HEAD(QA, R_HEAD),
		    "0 bad-record\n" GOOD },
		{ "only a tail", S_A TAIL(QA, 2, "a.example^d:" D "^s:^r:" U),
		    GOOD },
	};

	(void)state;
	scenario_run(table, UNIT_LEN(table), NULL);
}

#define UNRELATED "99 STARTTLS=client, init=1\n"

/* Processes end by the time in the log, and make room for others. */
static const struct scenario ends[] = {
	{ "idle for 600 s",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT) "600 10 " TO(
		QB, "<v@b.example>", A, SENT),
	    PLAIN "0 b.example mx.a.example 192.0.2.1 ok TLSv1.3 "
		  "chain=ok\n" },
	{ "idle for 601 s: its number is another process's",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A, A, SENT) "601 10 " TO(
		QB, "<v@b.example>", A, SENT),
	    PLAIN },
	{ "waiting for 4500 s",
	    P STARTTLS(A, "OK") "4500 10 " TO(QA, LIST_A, A, SENT), PLAIN },
	{ "waiting for 4501 s",
	    P STARTTLS(A, "OK") "4501 10 " TO(QA, LIST_A, A, SENT),
	    "0 expired\n0 unclear\n" },
	{ "any line tells the time",
	    P S(QA, NO("SOFTWARE"), A, D, U) "4500 " UNRELATED "4501 " UNRELATED
					     "4501 11 " STARTTLS(B, "OK"),
	    "0 expired\n" FAILED "4501 unclear\n" },
	{ "[more] means waiting",
	    P STARTTLS(A, "OK") P TO(QA, LIST_A ", [more]", A,
		SENT) "4500 10 " TO(QA, "<v@b.example>", A, SENT),
	    PLAIN "0 b.example mx.a.example 192.0.2.1 ok TLSv1.3 "
		  "chain=ok\n" },
	{ "a record after idle time",
	    S_A R_A P TO(QA, LIST_A, A, SENT) "601 10 " R(
		QB, TLS("OK"), A, D, U),
	    GOOD "601 orphan\n" },
	{ "time goes back",
	    "9999 10 " STARTTLS(A, "OK") "0 11 " STARTTLS(B, "OK") "0 10 " TO(
		QA, LIST_A, A, SENT) "4501 12 " UNRELATED,
	    "9999 a.example mx.a.example 192.0.2.1 ok TLSv1.3 "
	    "chain=ok\n0 expired\n0 unclear\n" },
	{ "the earliest end first",
	    "0 10 " STARTTLS(A, "OK") "2 11 " STARTTLS(
		A, "OK") "1 12 " STARTTLS(A, "OK") "9999 " UNRELATED,
	    "0 expired\n0 unclear\n1 expired\n1 unclear\n"
	    "2 expired\n2 unclear\n" },
	{ "equal ends: by number",
	    "0 12 " STARTTLS(A, "FAIL") "0 10 " S(
		QA, NO("SOFTWARE"), A, D, U) "9999 " UNRELATED,
	    "0 expired\n" FAILED "0 expired\n0 unclear\n" },
	{ "numbers 65536 apart",
	    P S(QA, NO("SOFTWARE"), A, D, U) "1 65546 " STARTTLS(A, "OK"),
	    "1 evicted\n" FAILED "1 unclear\n" },
	{ "numbers 65536 apart, nothing open",
	    S_A R_A P TO(QA, LIST_A, A, SENT) "1 65546 " STARTTLS(A, "OK"),
	    GOOD "1 unclear\n" },
	/* vm11179 and vm were looked for: they hash alike */
	{ "the same number on a machine of the same slot",
	    P S(QA, NO("SOFTWARE"), A, D, U) "0 10@vm11179 " TO(QA,
		"<v@b.example>", A, DEFERRED) "1 10@vm11179 " STARTTLS(A, "OK"),
	    "1 evicted\n" FAILED "1 unclear\n" },
	{ "a line that opens nothing makes no room",
	    P STARTTLS(A, "OK") "0 65546 " TO(QB, "<x@b>", A,
		SENT) "0 65546 " QB ": TLSRPT1^\n" P TO(QA, LIST_A, A, SENT),
	    "0 bad-record\n" PLAIN },
};

static void test_ends(void **state)
{
	(void)state;
	scenario_run(ends, UNIT_LEN(ends), NULL);
}

/* Open is what a delivery goes on over; what may go on is not. */
static void test_open(void **state)
{
	static const struct {
		const char *lines;
		unsigned open;
	} rows[] = {
		{ P STARTTLS(A, "OK"), 1 },
		{ P TO(QA, LIST_A, A, SENT), 0 },
		/* once more over the same: plain lines do not tell */
		{ P TO(QB, LIST_A, A, SENT), 0 },
		{ P STARTTLS(A, "OK"), 1 },
		/* a process delivers to one host at a time */
		{ P STARTTLS(B, "OK"), 1 },
		{ "0 11 " S(QC, UP("OK"), A, D, U), 2 },
		{ "0 11 " R(QC, TLS("OK"), A, D, U), 2 },
		{ P TO(QA, LIST_A, B, SENT), 1 },
		{ "0 11 " TO(QC, LIST_A, A, SENT), 0 },
		{ "0 11 " R(QA, TLS("OK"), A, D, U), 1 },
		{ "0 11 " UNRELATED, 1 },
		{ "0 11 " TO(QA, LIST_A, A, DEFERRED), 0 },
		{ "0 12 " S(QB, NO("SOFTWARE"), A, D, U), 1 },
		{ "0 12 " TO(QB, "<v@b.example>", A, DEFERRED), 0 },
		/* nothing more is ever logged of it */
		{ "0 13 " STARTTLS(A, "OK"), 1 },
		{ "9999 14 " STARTTLS(A, "OK"), 1 },
	};
	struct mta_kit k;

	(void)state;
	mta_kit_open(&k, "sendmail", NULL);
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		mta_kit_lines(&k, rows[i].lines, "sm-mta");
		UNIT_UINT(
		    rows[i].lines, mta_open_sessions(k.mta), rows[i].open);
	}
	mta_kit_flush(&k);
	UNIT_UINT("at the end", mta_open_sessions(k.mta), 0);
	mta_kit_close(&k);
}

/* A process keeps eight sessions; those that failed make room at once. */
static void test_sessions_of_a_process(void **state)
{
	struct mta_kit k;
	const char *all;
	uint64_t at[20]; /* where each begins */

	(void)state;
	mta_kit_open(&k, "sendmail", NULL);
	for (int i = 0; i < 20; i++) {
		at[i] = k.pos;
		mta_kit_lines(&k, P S(QA, UP("OK"), A, D, U) R_A, "sm-mta");
		UNIT_UINT("oldest", mta_oldest(k.mta), at[i < 8 ? 0 : i - 7]);
	}
	strbuf_clear(&k.events);
	for (int i = 0; i < 20; i++) {
		mta_kit_lines(
		    &k, P S(QB, NO("SOFTWARE"), B, V, "x@v.example"), "sm-mta");
		mta_kit_lines(
		    &k, P TO(QB, "<x@v.example>", B, DEFERRED), "sm-mta");
	}
	mta_kit_lines(
	    &k, P R(QC, TLS("OK"), A, "c.example.", "x@c.example"), "sm-mta");
	for (int i = 0; i < 20; i++) {
		mta_kit_lines(&k,
		    P S(QA, NO("SOFTWARE"), B, V, "x@v.example")
			P S(QB, NO("SOFTWARE"), B, V, "x@v"),
		    "sm-mta");
	}
	mta_kit_lines(
	    &k, P R(QC, TLS("OK"), A, "d.example.", "x@d.example"), "sm-mta");
	UNIT_TRUE("without to= lines",
	    strstr(strbuf_str(&k.events), "0 d.example") != NULL);
	all = strstr(strbuf_str(&k.events), "0 c.example");
	UNIT_TRUE("bug: failed sessions pushed out the live one", all != NULL);
	mta_kit_flush(&k);
	mta_kit_close(&k);
}

/* A session has a bound of domains; what does not fit is counted. */
static void test_many_domains(void **state)
{
	struct mta_kit k;
	char line[256];
	unsigned n_sessions = 0;
	unsigned n_unclear = 0;

	(void)state;
	mta_kit_open(&k, "sendmail", NULL);
	mta_kit_lines(&k, P STARTTLS(A, "OK"), "sm-mta");
	for (int i = 0; i < 4200; i++) {
		int n = snprintf(line, sizeof(line),
		    "0 10 " QA ": to=<x@d%d.example>, delay=1, mailer=esmtp, "
		    "relay=mx.a.example. [192.0.2.1], dsn=2\n",
		    i);

		assert_true(n > 0 && (size_t)n < sizeof(line));
		/* each twice: what was counted is known */
		mta_kit_lines(&k, line, "sm-mta");
		if (i % 100 == 0) {
			mta_kit_lines(&k, line, "sm-mta");
		}
	}
	mta_kit_flush(&k);
	for (const char *s = strbuf_str(&k.events); *s != '\0';
	     s = strchr(s, '\n') + 1) {
		n_unclear += strncmp(s, "0 unclear\n", 10) == 0;
		n_sessions += strncmp(s, "0 d", 3) == 0;
	}
	UNIT_UINT("sessions", n_sessions, 4096);
	/* 104 domains, one of them twice */
	UNIT_UINT("unclear", n_unclear, 105);
	mta_kit_close(&k);
}

/* A list in parts that grows without bound. */
static void test_endless_list(void **state)
{
	struct mta_kit k;
	struct strbuf line;
	char text[64];

	(void)state;
	mta_kit_open(&k, "sendmail", NULL);
	mta_kit_lines(&k, P S(QA, NO("SOFTWARE"), A, D, U), "sm-mta");
	strbuf_init(&line, 1 << 20);
	for (int i = 0; i < 200; i++) {
		strbuf_clear(&line);
		strbuf_adds(&line, "0 10 " QA ": to=<u@a.example>");
		while (line.len < 1000) {
			int n = snprintf(
			    text, sizeof(text), ",<u%zu@a.example>", line.len);

			assert_true(n > 0 && (size_t)n < sizeof(text));
			strbuf_adds(&line, text);
		}
		strbuf_adds(&line,
		    ", [more], delay=1, mailer=esmtp, "
		    "relay=mx.a.example. [192.0.2.1], dsn=4.7.0, stat=x\n");
		mta_kit_lines(&k, strbuf_str(&line), "sm-mta");
	}
	strbuf_release(&line);
	mta_kit_flush(&k);
	UNIT_STR("once", strbuf_str(&k.events), FAILED);
	mta_kit_close(&k);
}

/* Whatever event the sink fails at: its code comes back, nothing is lost. */
static void test_sink_fails(void **state)
{
	static const char lines[] = P T(QA, A, D, U) S_A R_A P R(QB, TLS("OK"),
	    A, "[192.0.2.1]", "x") P S(QC, NO("SOFTWARE"), B, D, U)
	    HEAD(QC, R_HEAD) P TO(QC, "<u@a.example>,<v@b.example>", B,
		DEFERRED) "0 11 " STARTTLS(A, "OK") "0 11 " TO(QA, LIST_A, A,
		SENT) "1 65547 " REJECT(A, "SOFTWARE") "9999 " UNRELATED P T(QA,
		A, D, U) S_A P STARTTLS(A, "OK");
	unsigned n = 1;
	int rc = MTA_KIT_ERROR;

	(void)state;
	for (; rc == MTA_KIT_ERROR; n++) {
		struct mta_kit k;
		struct view rest = view_of(lines);

		mta_kit_open(&k, "sendmail", NULL);
		k.fails_in = n;
		rc = 0;
		while (rc == 0 && rest.len > 0) {
			size_t end = view_index(rest, '\n');

			rc = mta_kit_line(&k, view_make(rest.s, end), "sm-mta");
			rest = view_skip(rest, end + 1);
		}
		rc = rc == 0 ? mta_flush(k.mta) : rc;
		mta_kit_close(&k);
	}
	UNIT_INT("in the end", rc, 0);
	UNIT_TRUE("events", n > 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forgery),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_sessions_of_a_process),
		cmocka_unit_test(test_many_domains),
		cmocka_unit_test(test_endless_list),
		cmocka_unit_test(test_sink_fails),
	};

	return UNIT_RUN(tests);
}
