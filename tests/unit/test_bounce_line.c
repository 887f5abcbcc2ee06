/* SPDX-License-Identifier: BSD-2-Clause */
/* test_bounce_line.c - tests of common/bounce_line.c */

#include "config.h"

#include "common/bounce_line.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

struct row {
	const char *name;
	const char *ident;
	const char *msg;
	const char *want; /* "QID KIND SENDER DSN"; "" for nothing */
};

static void describe(bool is_any, const struct bounce_line *l, struct strbuf *b)
{
	strbuf_clear(b);
	if (is_any) {
		strbuf_addf(b, "%.*s%s%.*s %s %.*s %.*s", (int)l->scope.len,
		    l->scope.len > 0 ? l->scope.s : "",
		    l->scope.len > 0 ? "/" : "", (int)l->qid.len, l->qid.s,
		    l->kind == BOUNCE_LINE_FAILED ? "failed" : "sender",
		    (int)l->sender.len, l->sender.len > 0 ? l->sender.s : "",
		    (int)l->dsn.len, l->dsn.len > 0 ? l->dsn.s : "");
	}
}

static void check(const struct row *table, size_t n,
    bool (*parse)(const struct syslog_line *line, struct bounce_line *out))
{
	struct strbuf got;

	strbuf_init(&got, 4096);
	for (size_t i = 0; i < n; i++) {
		const struct syslog_line line = {
			.ident = view_of(table[i].ident),
			.host = view_of("vm"),
			.msg = view_of(table[i].msg),
		};
		struct bounce_line l;

		describe(parse(&line, &l), &l, &got);
		UNIT_STR(table[i].name, strbuf_str(&got), table[i].want);
	}
	strbuf_release(&got);
}

#define Q  "6AMBWYfV004886"
#define TO Q ": to=<t@d.example>, "
#define VIA                                                            \
 "ctladdr=<a@us.example> (115/122), delay=00:00:01, xdelay=00:00:01, " \
 "mailer=esmtp, pri=120331, "
#define RELAY "relay=mx.d.example. [192.0.2.1], "

static void test_sendmail(void **state)
{
	static const struct row table[] = {
		{ "sender", "sm-mta", Q ": from=<a+t@us.example>, size=331, c",
		    Q " sender a+t@us.example " },
		{ "sender without brackets", "sm-mta",
		    Q ": from=a+t@us.example, size=331",
		    Q " sender a+t@us.example " },
		{ "null sender", "sm-mta", Q ": from=<>, size=331",
		    Q " sender  " },
		{ "rules", "sm-mta",
		    Q
		    ": TLSRPT1^S^i:" Q
		    "^v:OK^p:TLSv1.3^c:C^b:256^n:match^a:192.0.2.1^f:^o:^q:^k:1^h:"
		    "mx.d.example^d:d.example.^s:a+t@us.example^r:t@d.example"
		    "^cn:^ci:",
		    Q " sender a+t@us.example " },
		{ "failed", "sm-mta",
		    TO VIA RELAY "dsn=5.1.1, reply=550 5.1.1 no such user, "
				 "stat=User unknown",
		    Q " failed  5.1.1" },
		{ "failed, no relay", "sm-mta",
		    TO VIA "dsn=5.1.2, stat=Host unknown (Name server: d)",
		    Q " failed  5.1.2" },
		{ "deferred", "sm-mta",
		    TO VIA RELAY "dsn=4.0.0, stat=Deferred: 451 5.1.1 x", "" },
		{ "sent", "sm-mta", TO VIA RELAY "dsn=2.0.0, stat=Sent (ok)",
		    "" },
		{ "forged by a reply", "sm-mta",
		    TO VIA RELAY "dsn=4.0.0, stat=Deferred: x, dsn=5.1.1, s=x",
		    "" },
		{ "forged by a recipient", "sm-mta",
		    Q ": to=<\"x, dsn=5.1.1, stat=y\"@d.example>, " VIA RELAY
		      "dsn=4.0.0, stat=Deferred",
		    "" },
		{ "no code", "sm-mta", TO VIA RELAY "stat=Deferred", "" },
		{ "bad code", "sm-mta", TO VIA RELAY "dsn=5.1, stat=x", "" },
		{ "expired", "sm-mta",
		    Q ": 6AMBWYfV004999: sender notify: Cannot send message "
		      "for 5 days",
		    Q " failed  4.4.7" },
		{ "expired, other words", "sm-mta",
		    Q ": 6AMBWYfV004999: return to sender: Cannot send message "
		      "for 5 days",
		    Q " failed  4.4.7" },
		{ "warned", "sm-mta",
		    Q ": 6AMBWYfV004999: sender notify: Warning: could not "
		      "send message for past 4 hours",
		    "" },
		{ "returned", "sm-mta", Q ": 6AMBWYfV004999: DSN: User unknown",
		    "" },
		{ "other", "sm-mta", "STARTTLS=client, relay=x", "" },
		{ "short id", "sm-mta", "QQQ: from=<a@b>, s", "" },
		{ "empty", "sm-mta", "", "" },
	};

	(void)state;
	check(table, UNIT_LEN(table), bounce_line_sendmail);
}

#define E "1xV4fY-0006tC-2v"
#define FAILED                                                        \
 "** t@d.example R=dnslookup T=remote_smtp H=mx.d [192.0.2.1]: SMTP " \
 "error from remote mail server after RCPT TO:<t@d.example>: "

static void test_exim(void **state)
{
	static const struct row table[] = {
		{ "sender", "exim", E " <= a+t@us.example U=root P=local S=357",
		    E " sender a+t@us.example " },
		{ "null sender", "exim", E " <= <> R=1xV4gh-0007aY-2w U=x",
		    E " sender <> " },
		{ "failed", "exim", E " " FAILED "550 5.1.1 no such user",
		    E " failed  5.1.1" },
		{ "failed, continued reply", "exim",
		    E " " FAILED "550-5.7.26 no\\n550 5.7.26 x",
		    E " failed  5.7.26" },
		{ "failed, no code", "exim", E " " FAILED "550 no such user",
		    E " failed  " },
		{ "failed, odd code", "exim", E " " FAILED "550 5.",
		    E " failed  " },
		{ "failed, ends", "exim", E " " FAILED "5", E " failed  " },
		{ "sender of it", "exim",
		    E " ** t@d.example F=<a+t@us.example> R=x T=y: 550 no",
		    E " failed a+t@us.example " },
		{ "return path of it", "exim",
		    E " ** t@d.example <T@d.example> P=<a+t@us.example> R=x "
		      "T=y: retry timeout exceeded",
		    E " failed a+t@us.example " },
		{ "null sender of it", "exim", E " ** t@d.example F=<> R=x: no",
		    E " failed  " },
		{ "no route", "exim", E " ** t@d.example: Unrouteable address",
		    E " failed  " },
		{ "sender in a reply", "exim",
		    E " ** t@d.example: Unrouteable F=<a+t@us.example>",
		    E " failed  " },
		{ "deferred", "exim", E " == t@d.example R=x T=y defer (-44)",
		    "" },
		{ "delivered", "exim", E " => t@d.example R=x T=y H=z", "" },
		{ "no id", "exim", "** t@d.example R=x", "" },
		{ "empty", "exim", "", "" },
	};
	const struct syslog_line more = { .msg = view_of(E " ** t@d R=x"),
		.is_continued = true };
	struct bounce_line l;

	(void)state;
	check(table, UNIT_LEN(table), bounce_line_exim);
	UNIT_BOOL("of another line", bounce_line_exim(&more, &l), false);
}

#define P "4D0000000A1"
#define PTO                                                          \
 P ": to=<t@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, " \
   "delays=0.1/0/0.2/0.3, "

static void test_postfix(void **state)
{
	static const struct row table[] = {
		{ "sender", "postfix/qmgr",
		    P ": from=<a+t@us.example>, size=273, nrcpt=1 (queue "
		      "active)",
		    "postfix/" P " sender a+t@us.example " },
		{ "another instance", "postfix-out/qmgr",
		    P ": from=<a@us.example>, size=273, nrcpt=1 (queue active)",
		    "postfix-out/" P " sender a@us.example " },
		{ "null sender", "postfix/qmgr", P ": from=<>, size=2",
		    "postfix/" P " sender  " },
		{ "failed", "postfix/smtp",
		    PTO "dsn=5.1.1, status=bounced (host mx said: 550 5.1.1)",
		    "postfix/" P " failed  5.1.1" },
		{ "failed, by another service", "postfix/error",
		    P ": to=<t@d.example>, orig_to=<u@d.example>, relay=none, "
		      "delay=0, delays=0/0/0/0, dsn=5.4.4, status=bounced (x)",
		    "postfix/" P " failed  5.4.4" },
		{ "deferred", "postfix/smtp",
		    PTO "dsn=4.4.1, status=deferred (x, dsn=5.1.1, "
			"status=bounced (y))",
		    "" },
		{ "forged by a recipient", "postfix/smtp",
		    P ": to=<\"x>, dsn=5.1.1, status=bounced (\"@d.example>, "
		      "relay=none, dsn=4.0.0, status=deferred (x)",
		    "" },
		{ "sent", "postfix/smtp", PTO "dsn=2.0.0, status=sent (ok)",
		    "" },
		{ "undeliverable: a probe", "postfix/smtp",
		    PTO "dsn=5.1.1, status=undeliverable (x)", "" },
		{ "no code", "postfix/smtp", PTO "status=bounced (x)", "" },
		{ "expired", "postfix/qmgr",
		    P ": from=<a+t@us.example>, status=expired, returned to "
		      "sender",
		    "postfix/" P " failed a+t@us.example 4.4.7" },
		{ "expired by hand", "postfix/qmgr",
		    P ": from=<a+t@us.example>, status=force-expired, returned "
		      "to sender",
		    "postfix/" P " failed a+t@us.example 4.4.7" },
		{ "removed", "postfix/qmgr", P ": removed", "" },
		{ "cut", "postfix/smtp", P ": to=<t@d.example", "" },
		{ "empty", "postfix/smtp", "", "" },
	};

	(void)state;
	check(table, UNIT_LEN(table), bounce_line_postfix);
}

static void test_permanent(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} table[] = { { "5.1.1", true }, { "5.0.0", true },
		{ "5.999.999", true }, { "5.7.26", true }, { "4.1.1", false },
		{ "2.0.0", false }, { "5.", false }, { "5.1", false },
		{ "5..1", false }, { "5.1.", false }, { "5.1.1.1", false },
		{ "5.1.x", false }, { "5.1.1 ", false }, { "55.1.1", false },
		{ "5.9999.999", false }, { "", false } };

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].text,
		    bounce_line_is_permanent(view_of(table[i].text)),
		    table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sendmail),
		cmocka_unit_test(test_exim),
		cmocka_unit_test(test_postfix),
		cmocka_unit_test(test_permanent),
	};

	return UNIT_RUN(tests);
}
