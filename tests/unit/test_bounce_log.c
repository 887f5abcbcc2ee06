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
		strbuf_release(&told);
	}
}

/* More reports than there is room for: old ones are forgotten, new ones not. */
static void test_full(void **state)
{
	const struct bounce_own own = { own_senders, '+' };
	struct bounce_log *b = bounce_log_new();
	char token[ENVELOPE_TOKEN + 1];
	unsigned n = 0;

	enum {
		MANY = 2 * BOUNCE_LOG_SETS * BOUNCE_LOG_WAYS
	};

	(void)state;
	for (unsigned i = 0; i < 2 * MANY; i++) {
		char qid[32];
		char sender[64];
		struct bounce_line l = { .kind = i < MANY ?
			    BOUNCE_LINE_SENDER :
			    BOUNCE_LINE_FAILED };

		(void)snprintf(qid, sizeof(qid), "Q%010u", i % MANY);
		(void)snprintf(
		    sender, sizeof(sender), "rpt+%032x@us.example", i % MANY);
		l.qid = view_of(qid);
		l.sender = view_of(i < MANY ? sender : "");
		if (bounce_log_line(b, &own, view_of("vm"), &l, token)) {
			n++;
			UNIT_TRUE(qid,
			    memcmp(token, sender + 4, ENVELOPE_TOKEN) == 0);
		} else {
			UNIT_TRUE(qid, i < 2 * MANY - BOUNCE_LOG_SETS);
		}
	}
	UNIT_TRUE("remembered", n > MANY / 3 && n <= MANY / 2);
	bounce_log_free(b);
	bounce_log_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_full),
	};

	return UNIT_RUN(tests);
}
