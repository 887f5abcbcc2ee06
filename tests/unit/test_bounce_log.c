/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bounce_log.c - reports that come back, as the logs of the MTAs tell:
 * tests of common/bounce_log.c, alone and in front of the parsers
 */

#include "config.h"

#include "common/bounce_log.h"
#include "tests/unit/mta_kit.h"

#define T1 "0123456789abcdef0123456789abcdef"
#define T2 "ffffffffffffffffffffffffffffff02"

static const char *const own_senders[] = { "rpt@us.example", NULL };

/* What was told, as lines "SECONDS TOKEN DSN". */
static void on_bounced(void *ctx, int64_t t, const char *token, struct view dsn)
{
	struct strbuf *told = ctx;

	strbuf_addf(told, "%lld %s %.*s\n", (long long)(t - mta_kit_base()),
	    token, (int)dsn.len, dsn.len > 0 ? dsn.s : "");
}

struct row {
	const char *name;
	const char *mta;
	char delimiter;
	const char *lines;
	const char *bounces; /* what is told */
	const char *events;  /* of sessions */
};

#define SQ          "6AMBWYfV004886"
#define SFROM(from) "1 7 " SQ ": from=<" from ">, size=331, class=0, nrcpts=1\n"
#define SUP                                                               \
 "2 8 STARTTLS=client, relay=mx.d.example., version=TLSv1.3, verify=OK, " \
 "cipher=TLS_AES_256_GCM_SHA384, bits=256/256\n"
#define SRULE(from)                                              \
 "2 8 " SQ ": TLSRPT1^S^i:" SQ                                   \
 "^v:OK^p:TLSv1.3^c:C^b:256^n:match^a:192.0.2.1^f:^o:^q:^k:1^h:" \
 "mx.d.example^d:d.example.^s:" from "^r:t@d.example^cn:^ci:\n"  \
 "2 8 " SQ ": TLSRPT1^R^i:" SQ                                   \
 "^v:OK^p:TLSv1.3^a:192.0.2.1^q:^h:mx.d.example^d:"              \
 "d.example.^s:" from "^r:t@d.example\n"
#define STO(dsn, stat)                                                 \
 "3 8 " SQ ": to=<t@d.example>, delay=00:00:01, xdelay=00:00:01, "     \
 "mailer=esmtp, pri=120331, relay=mx.d.example. [192.0.2.1], dsn=" dsn \
 ", stat=" stat "\n"

#define EQ          "1xV4fY-0006tC-2v"
#define EFROM(from) "1 7 " EQ " <= " from " U=telltls P=local S=357\n"
#define ESENT(s, q)                                                    \
 s " 8 " q " => t@d.example R=dnslookup T=remote_smtp H=mx.d.example " \
   "[192.0.2.1] X=TLS1.3:ECDHE__AES_256_GCM:256 CV=yes C=\"250 ok\"\n"
#define EFAILED                                                        \
 "3 8 " EQ " ** t@d.example R=dnslookup T=remote_smtp H=mx.d.example " \
 "[192.0.2.1]: SMTP error from remote mail server after RCPT "         \
 "TO:<t@d.example>: 550 5.1.1 no such user\n"

#define PQ "4D0000000A1"
#define PFROM(q, from)                                                \
 "1 7/postfix/qmgr " q ": from=<" from ">, size=273, nrcpt=1 (queue " \
 "active)\n"
#define PUP                                         \
 "2 8 Trusted TLS connection established to "       \
 "mx.d.example[192.0.2.1]:25: TLSv1.3 with cipher " \
 "TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
#define PTO(q, dsn, status)                                        \
 "3 8 " q ": to=<t@d.example>, relay=mx.d.example[192.0.2.1]:25, " \
 "delay=1, delays=0.1/0/0.2/0.3, dsn=" dsn ", status=" status "\n"
#define BOUNCED \
 "bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))"
#define DEFERRED \
 "deferred (host mx.d.example[192.0.2.1] said: 450 4.2.0 no (in reply to RCPT TO command))"

static const struct row rows[] = {
	{ "sendmail", "sendmail", '+',
	    SFROM("rpt+" T1 "@us.example") SUP STO("5.1.1", "User unknown"),
	    "3 " T1 " 5.1.1\n", NULL },
	{ "sendmail, plain: no session of a report", "sendmail", '-',
	    SFROM("rpt-" T1 "@us.example") SUP STO("2.0.0", "Sent (ok)"), "",
	    "2 own-report\n" },
	{ "sendmail, plain: a session of a mail", "sendmail", '-',
	    SFROM("x@us.example") SUP STO("2.0.0", "Sent (ok)"), "",
	    "2 d.example mx.d.example 192.0.2.1 ok TLSv1.3 chain=ok\n" },
	{ "sendmail, hyphen", "sendmail", '-',
	    SFROM("rpt-" T1 "@us.example") SUP STO("5.1.1", "User unknown"),
	    "3 " T1 " 5.1.1\n", NULL },
	{ "sendmail with rules", "sendmail", '-',
	    SRULE("rpt-" T1 "@us.example") STO("5.1.1", "User unknown"),
	    "3 " T1 " 5.1.1\n", "2 own-report\n" },
	{ "sendmail with rules, another's", "sendmail", '-',
	    SRULE("rpt@x.example") STO("5.1.1", "User unknown"), "",
	    "2 d.example mx.d.example 192.0.2.1 ok TLSv1.3 chain=ok "
	    "name=match\n" },
	{ "sendmail, deferred", "sendmail", '+',
	    SFROM("rpt+" T1 "@us.example") SUP STO("4.2.0", "Deferred"), "",
	    NULL },
	{ "sendmail, another's", "sendmail", '+',
	    SFROM("abc+" T1 "@us.example") SUP STO("5.1.1", "User unknown"), "",
	    NULL },
	{ "sendmail, no sender seen", "sendmail", '+',
	    SUP STO("5.1.1", "User unknown"), "", NULL },
	{ "sendmail, expired", "sendmail", '+',
	    SFROM("rpt+" T1 "@us.example") "9 9 " SQ
					   ": 6AMBWYfV004999: sender notify: "
					   "Cannot send message for 5 days\n",
	    "9 " T1 " 4.4.7\n", "" },
	{ "exim", "exim", '+', EFROM("rpt+" T1 "@us.example") EFAILED,
	    "3 " T1 " 5.1.1\n", NULL },
	{ "exim, plain: no session of a report", "exim", '-',
	    EFROM("rpt-" T1 "@us.example") ESENT("2", EQ), "",
	    "2 own-report\n" },
	{ "exim, plain: a session of a mail", "exim", '-',
	    EFROM("x@us.example") ESENT("2", EQ), "",
	    "2 d.example mx.d.example 192.0.2.1 ok TLSv1.3 chain=ok "
	    "name=match\n" },
	{ "exim, capitals", "exim", '+',
	    EFROM("RPT+0123456789ABCDEF0123456789ABCDEF@US.example") EFAILED,
	    "3 " T1 " 5.1.1\n", NULL },
	{ "exim, in the line", "exim", '+',
	    "3 8 " EQ " ** t@d.example P=<rpt+" T1
	    "@us.example> R=r: Unrouteable address\n",
	    "3 " T1 " \n", "" },
	{ "exim, the line goes before", "exim", '+',
	    EFROM("rpt+" T1 "@us.example") "3 8 " EQ
					   " ** t@d.example F=<x@us.example> "
					   "R=r: no\n",
	    "", "" },
	{ "exim, a file", "exim", '+',
	    "1 7/ " EQ " <= rpt+" T1 "@us.example U=x P=local S=1\n"
	    "3 8/ " EQ " ** t@d.example R=r T=t: 550 5.1.1 no\n",
	    "3 " T1 " 5.1.1\n", NULL },
	{ "exim, a line within a stranger's sender", "exim", '+',
	    "1 7/ " EQ " <= rpt+" T1 "@us.example U=x P=local S=1\n"
	    "2 7/ 1xV4fY-0006tC-2w <= \"a\n"
	    "3 8/ " EQ " ** t@d.example R=r T=t: 550 5.1.1 no\n",
	    "", NULL },
	{ "postfix", "postfix", '=',
	    PFROM(PQ, "rpt=" T1 "@us.example") PUP PTO(PQ, "5.1.1", BOUNCED),
	    "3 " T1 " 5.1.1\n", "2 own-report\n" },
	{ "postfix, deferred", "postfix", '=',
	    PFROM(PQ, "rpt=" T1 "@us.example") PUP PTO(PQ, "4.2.0", DEFERRED),
	    "", "2 own-report\n" },
	{ "postfix, the id comes again", "postfix", '=',
	    PFROM(PQ, "rpt=" T1 "@us.example") PFROM(PQ, "x@us.example")
		PTO(PQ, "5.1.1", BOUNCED),
	    "", NULL },
	{ "postfix, no delimiter", "postfix", '\0',
	    PFROM(PQ, "rpt=" T1 "@us.example") PUP PTO(PQ, "5.1.1", BOUNCED),
	    "", NULL },
	{ "postfix, two", "postfix", '_',
	    PFROM(PQ, "rpt_" T1 "@us.example")
		PFROM("4D0000000B2", "rpt_" T2 "@us.example") PTO(
		    "4D0000000B2", "5.1.1", BOUNCED) PTO(PQ, "5.1.1", BOUNCED),
	    "3 " T2 " 5.1.1\n3 " T1 " 5.1.1\n", NULL },
};

static void test_logs(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct strbuf told;
		struct mta_options o = {
			.own_senders = own_senders,
			.delimiter = r->delimiter,
			.note_own = mta_kit_note_own,
			.bounces = bounce_log_new(),
			.bounced = on_bounced,
			.bounced_ctx = &told,
		};
		struct mta_kit k;

		strbuf_init(&told, 4096);
		mta_kit_open_with(&k, r->mta, &o);
		mta_kit_lines(&k, r->lines,
		    strcmp(r->mta, "sendmail") == 0 ? "sm-mta" :
			strcmp(r->mta, "exim") == 0 ? "exim" :
						      "postfix/smtp");
		mta_kit_flush(&k);
		UNIT_STR(r->name, strbuf_str(&told), r->bounces);
		if (r->events != NULL) {
			UNIT_STR(r->name, strbuf_str(&k.events), r->events);
		}
		mta_kit_close(&k);
		bounce_log_free(o.bounces);
		strbuf_release(&told);
	}
}

enum {
	ROOM = BOUNCE_LOG_SETS * BOUNCE_LOG_WAYS
};

static unsigned count_known(struct bounce_log *b, unsigned from, unsigned to)
{
	const struct bounce_own own = { own_senders, '+' };
	unsigned n = 0;

	for (unsigned i = from; i < to; i++) {
		char qid[32];
		char want[ENVELOPE_TOKEN + 1];
		char token[ENVELOPE_TOKEN + 1];
		struct bounce_line l = { .kind = BOUNCE_LINE_FAILED };

		(void)snprintf(qid, sizeof(qid), "Q%010u", i);
		(void)snprintf(want, sizeof(want), "%032x", i);
		l.qid = view_of(qid);
		if (bounce_log_line(b, &own, view_of("vm"), &l, token)) {
			UNIT_STR(qid, token, want);
			n++;
		}
	}
	return n;
}

/* More reports than there is room for: old ones are forgotten, new ones not. */
static void test_full(void **state)
{
	const struct bounce_own own = { own_senders, '+' };
	unsigned many = unit_is_valgrind() ? 1000 : 2 * ROOM;
	struct bounce_log *b = bounce_log_new();
	char token[ENVELOPE_TOKEN + 1];

	(void)state;
	for (unsigned i = 0; i < many; i++) {
		char qid[32];
		char sender[64];
		struct bounce_line l = { .kind = BOUNCE_LINE_SENDER };

		(void)snprintf(qid, sizeof(qid), "Q%010u", i);
		(void)snprintf(
		    sender, sizeof(sender), "rpt+%032x@us.example", i);
		l.qid = view_of(qid);
		l.sender = view_of(sender);
		assert_false(
		    bounce_log_line(b, &own, view_of("vm"), &l, token));
	}
	UNIT_UINT("the last", count_known(b, many - 500, many), 500);
	if (many > ROOM) {
		UNIT_TRUE("the first", count_known(b, 0, 500) < 50);
	}
	bounce_log_free(b);
	bounce_log_free(NULL);
}

/* Is a failure of the message with this id one of T1's report? */
static bool is_known(struct bounce_log *b, const char *qid)
{
	const struct bounce_own own = { own_senders, '+' };
	const struct bounce_line l = { .kind = BOUNCE_LINE_FAILED,
		.qid = view_of(qid) };
	char token[ENVELOPE_TOKEN + 1];

	return bounce_log_line(b, &own, view_of("vm"), &l, token) &&
	    strcmp(token, T1) == 0;
}

static void tell(struct bounce_log *b, const char *qid, const char *sender)
{
	const struct bounce_own own = { own_senders, '+' };
	const struct bounce_line l = { .kind = BOUNCE_LINE_SENDER,
		.qid = view_of(qid),
		.sender = view_of(sender) };
	char token[ENVELOPE_TOKEN + 1];

	UNIT_BOOL(
	    qid, bounce_log_line(b, &own, view_of("vm"), &l, token), false);
}

/* What is on its way outlives the process. */
static void test_file(void **state)
{
	struct bounce_log *b = bounce_log_new();
	char dir[256];
	char path[300];
	FILE *f;

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	UNIT_INT("no file", bounce_log_load(b, dir), 0);
	UNIT_BOOL("new", bounce_log_is_dirty(b), false);
	tell(b, "Q000001", "x@us.example");
	UNIT_BOOL("another's", bounce_log_is_dirty(b), false);
	tell(b, "Q000001", "rpt+" T1 "@us.example");
	tell(b, "Q000002", "rpt+" T1 "@us.example");
	tell(b, "Q000002", "x@us.example");
	UNIT_BOOL("told", bounce_log_is_dirty(b), true);
	UNIT_INT("save", bounce_log_save(b, dir), 0);
	UNIT_BOOL("saved", bounce_log_is_dirty(b), false);
	bounce_log_free(b);

	(void)snprintf(path, sizeof(path), "%s/outbox/underway", dir);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_true(fputs("rubbish\n0000000000000001 short\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	b = bounce_log_new();
	UNIT_INT("load", bounce_log_load(b, dir), 0);
	UNIT_BOOL("loaded", bounce_log_is_dirty(b), false);
	UNIT_BOOL("known", is_known(b, "Q000001"), true);
	UNIT_BOOL("not any more", is_known(b, "Q000002"), false);
	UNIT_BOOL("never", is_known(b, "Q000003"), false);
	bounce_log_free(b);

	b = bounce_log_new();
	tell(b, "Q000001", "rpt+" T1 "@us.example");
	UNIT_INT("nowhere", bounce_log_save(b, "/nonexistent"), -ENOENT);
	UNIT_BOOL("not saved", bounce_log_is_dirty(b), true);
	bounce_log_free(b);
	unit_tmpdir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_file),
	};

	return UNIT_RUN(tests);
}
