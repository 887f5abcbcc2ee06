/* SPDX-License-Identifier: BSD-2-Clause */
/* test_sendmail_line.c - tests common/sendmail_line.c */

#include "config.h"

#include "common/mem.h"
#include "tests/unit/sendmail_line_kit.h"

#define TO   ", delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30080, "
#define SENT "dsn=2.0.0, stat=Sent (ok)"

static void test_parts(void **state)
{
	static const struct row table[] = {
		{ "head of S", Q "[1]: TLSRPT1^S^i:x ...",
		    "head text=TLSRPT1^S^i:x more" },
		{ "head of R", Q "[1]: TLSRPT1^R^ ...",
		    "head text=TLSRPT1^R^ more" },
		{ "head that is whole", Q "[1]: TLSRPT1^R^", "bad" },
		{ "head of another line", Q "[1]: to=<a@b>, ...", "other" },
		{ "head of ids", Q "[1]: split: count=2, ids=A;  ...",
		    "head text=split: count=2, ids=A;  more" },
		{ "head of ids that is whole", Q "[1]: split: count=1, id=A",
		    "other" },
		{ "middle", Q "[2]: abc ...", "tail text=abc more" },
		{ "end", Q "[3]: abc", "tail text=abc" },
		{ "a record in a tail", Q "[2]: TLSRPT1^S^i:" Q "^v:OK",
		    "tail text=TLSRPT1^S^i:" Q "^v:OK" },
		{ "part 0", Q "[0]: TLSRPT1^R^ ...", "other" },
		{ "part 1001", Q "[1001]: a", "other" },
		{ "no number", Q "[]: a", "other" },
		{ "no number either", Q "[x]: a", "other" },
		{ "not closed", Q "[2: a", "other" },
	};

	(void)state;
	check(table, UNIT_LEN(table));
}

#define Q2 "6AMBWYfW004886"
#define Q3 "6AMBWYfX004886"

static const struct row ids[] = {
	{ "by the limit of a queue group",
	    Q ": split: maxrcpts=2, rcpts=5, count=2, ids=" Q2 "; " Q3,
	    "ids ids=" Q2 "; " Q3 },
	{ "one more", Q ": split: maxrcpts=2, rcpts=3, count=1, id=" Q2,
	    "ids ids=" Q2 },
	{ "by queue groups", Q ": split: count=2, ids=" Q2 "; " Q3,
	    "ids ids=" Q2 "; " Q3 },
	{ "list with an owner", Q ": " Q2 ": clone: owner=owner-list@a.example",
	    "ids ids=" Q2 },
	{ "a DSN is another message", Q ": " Q2 ": DSN: User unknown",
	    "other" },
	{ "fewer than said", Q ": split: count=2, ids=" Q2, "other" },
	{ "more than said", Q ": split: count=1, ids=" Q2 "; " Q3, "other" },
	{ "none", Q ": split: count=0, ids=", "other" },
	{ "no number", Q ": split: count=x, id=" Q2, "other" },
	{ "no count", Q ": split: maxrcpts=2, rcpts=5, id=" Q2, "other" },
	{ "a typed address", Q ": split: count=1, id=" Q2 "... User unknown",
	    "other" },
	{ "no ids", Q ": split: count=2, ids=a b c d e; f", "other" },
	{ "no queue id", "split: count=1, id=" Q2, "other" },
	{ "another sign between", Q ": split: count=2, ids=" Q2 ", " Q3,
	    "other" },
	{ "nothing behind the sign", Q ": split: count=1, ids=" Q2 "; ",
	    "other" },
	{ "part of a clone", Q ": " Q2 "[1]: clone: owner=x", "other" },
};

static void test_ids(void **state)
{
	(void)state;
	check(ids, UNIT_LEN(ids));
}

static const struct row starttls[] = {
	{ "up",
	    "STARTTLS=client, relay=mx.a.example., version=TLSv1.3, "
	    "verify=FAIL, cipher=C, bits=256/256",
	    "up v=FAIL p=TLSv1.3 h=mx.a.example." },
	{ "server side",
	    "STARTTLS=server, relay=mx.a.example., version=TLSv1.3, "
	    "verify=FAIL, cipher=C, bits=256/256",
	    "other" },
	{ "behind a queue id",
	    Q ": STARTTLS=client, relay=mx, version=TLSv1.3, "
	      "verify=OK, cipher=C",
	    "other" },
	{ "no cipher",
	    "STARTTLS=client, relay=mx, version=V, verify=", "other" },
	{ "verifymsg",
	    "STARTTLS=client, cert-subject=/CN=a, cert-issuer=/CN=b, "
	    "verifymsg=certificate has expired",
	    "verifymsg text=certificate has expired" },
	{ "verifymsg in a name",
	    "STARTTLS=client, cert-subject=/CN=a, verifymsg=ok, "
	    "cert-issuer=/CN=b, verifymsg=x, verifymsg=certificate "
	    "has expired",
	    "verifymsg text=certificate has expired" },
	{ "error",
	    "STARTTLS=client, error: connect failed=-1, reason=tlsv1 "
	    "alert internal error, SSL_error=1, errno=0, retry=-1",
	    "error text=tlsv1 alert internal error" },
	{ "closed",
	    "STARTTLS=client, error: connect failed=-1, "
	    "reason=unknown, SSL_error=5, errno=104, retry=-1",
	    "error text=unknown closed" },
	{ "no answer",
	    "STARTTLS=client, error: connect failed=-1, "
	    "reason=unknown, SSL_error=2, errno=11, retry=0",
	    "error text=unknown timeout" },
	{ "OpenSSL's own line",
	    "STARTTLS=client: error:0A000438:SSL routines::x", "other" },
	{ "DANE, not offered, 8.17",
	    "STARTTLS=client, relay=mx, warning=DANE configured in DNS "
	    "but no STARTTLS available",
	    "dane-none h=mx" },
	{ "DANE, not offered, 8.18",
	    "STARTTLS=client, relay=mx, warning=DANE configured in DNS "
	    "but STARTTLS not offered",
	    "dane-none h=mx" },
	{ "DANE, refused",
	    "STARTTLS=client, relay=mx, warning=DANE configured in DNS "
	    "but STARTTLS failed",
	    "dane-refused h=mx" },
	{ "DANE, unheard-of",
	    "STARTTLS=client, relay=mx, warning=DANE configured in DNS "
	    "but STARTTLS failed twice",
	    "other" },
};

static void test_starttls(void **state)
{
	(void)state;
	check(starttls, UNIT_LEN(starttls));
}

static void test_rulesets(void **state)
{
	static const struct row table[] = {
		{ "handshake",
		    "ruleset=tls_server, arg1=SOFTWARE, relay=mx.a.example, "
		    "reject=454 4.7.0 TLS handshake failed.",
		    "reject ruleset=tls_server h=mx.a.example text=SOFTWARE" },
		{ "Try_TLS, 8.17",
		    "ruleset=try_tls, arg1=mx, relay=mx, reject=550 5.7.1 "
		    "<u@a>... do not try TLS with mx [192.0.2.1]",
		    "reject ruleset=try_tls h=mx text=mx" },
		{ "Try_TLS, 8.18",
		    "ruleset=try_tls, arg1=mx, relay=mx, status=550 5.7.1 x",
		    "reject ruleset=try_tls h=mx text=mx" },
		{ "an incoming session",
		    "ruleset=check_relay, arg1=SOFTWARE, relay=x, reject=550 x",
		    "other" },
		{ "behind a queue id",
		    Q ": ruleset=tls_server, arg1=SOFTWARE, relay=x, "
		      "reject=454 x",
		    "other" },
		{ "not rejected",
		    "ruleset=tls_server, arg1=SOFTWARE, relay=x, quarantine=y",
		    "other" },
	};

	(void)state;
	check(table, UNIT_LEN(table));
}

#define RELAY "relay=mx.a.example. [192.0.2.1], "
#define HOST  "a=192.0.2.1 h=mx.a.example. to="
#define REST  " mailer=esmtp relay"

static void test_to(void **state)
{
	static const struct row table[] = {
		{ "one", Q ": to=<u@a.example>" TO RELAY SENT,
		    "to " HOST "<u@a.example>" REST },
		{ "two", Q ": to=<u@a.example>,<v@b.example>" TO RELAY SENT,
		    "to " HOST "<u@a.example>,<v@b.example>" REST },
		{ "bare", Q ": to=u@a.example" TO RELAY SENT,
		    "to " HOST "u@a.example" REST },
		{ "more", Q ": to=<u@a.example>, [more]" TO RELAY SENT,
		    "to " HOST "<u@a.example> more" REST },
		{ "bare with a controlling user",
		    Q ": to=u@a.example, ctladdr=s@b (0/0)" TO RELAY SENT,
		    "to " HOST "u@a.example" REST },
		{ "bug: controlling user in brackets",
		    Q ": to=<u@a.example>, ctladdr=<s@b> (1/1)" TO RELAY SENT,
		    "to " HOST "<u@a.example>" REST },
		{ "controlling user without ids",
		    Q ": to=<u@a.example>, ctladdr=<s@b>" TO RELAY SENT,
		    "to " HOST "<u@a.example>" REST },
		{ "no address of the host",
		    Q ": to=<u@a.example>" TO "relay=mx.a.example., dsn=4.0.0, "
		      "stat=Deferred",
		    "to h=mx.a.example. to=<u@a.example>" REST },
		{ "literal",
		    Q ": to=<u@a>" TO "relay=[192.0.2.1] [192.0.2.1], " SENT,
		    "to a=192.0.2.1 h=[192.0.2.1] to=<u@a>" REST },
		{ "no dsn", Q ": to=<u@a>" TO RELAY "stat=Sent",
		    "to " HOST "<u@a>" REST },
		{ "queued", Q ": to=u@a" TO "stat=queued",
		    "to to=u@a mailer=esmtp" },
		{ "TLSA",
		    Q ": to=<u@a>" TO "relay=mx.a.example., dsn=4.0.0, "
		      "stat=Deferred: Name server: mx.a.example.: host name "
		      "lookup failure for TLSA RR",
		    "to h=mx.a.example. to=<u@a>" REST " tlsa" },
		{ "TLSA in a reply",
		    Q ": to=<u@a>" TO RELAY "dsn=4.0.0, "
		      "stat=Deferred: Name server: mx.a.example.: host name "
		      "lookup failure for TLSA RR",
		    "to " HOST "<u@a>" REST },
		{ "no mailer", Q ": to=<u@a>, delay=0, " RELAY SENT, "other" },
		{ "no delay", Q ": to=<u@a>, mailer=esmtp, " RELAY SENT,
		    "other" },
		{ "nothing", Q ": to=", "other" },
	};

	(void)state;
	check(table, UNIT_LEN(table));
}

static void test_hostile_to(void **state)
{
	static const struct row table[] = {
		{ "a relay in quotes",
		    Q
		    ": to=<\"x>, relay=evil. [192.0.2.66], dsn=2\"@a>" TO RELAY
			SENT,
		    "to " HOST
		    "<\"x>, relay=evil. [192.0.2.66], dsn=2\"@a>" REST },
		{ "escaped quote",
		    Q ": to=<\"x\\\\\">, relay=evil.\"@a>" TO RELAY SENT,
		    "to " HOST "<\"x\\\\\">, relay=evil.\"@a>" REST },
		{ "backslash, then the end",
		    Q ": to=<\"x\\\\\\\\\"@a>" TO RELAY SENT,
		    "to " HOST "<\"x\\\\\\\\\"@a>" REST },
		{ "bug: a tab before the quote",
		    Q ": to=<\"x\\t\"@a>" TO RELAY SENT,
		    "to " HOST "<\"x\\t\"@a>" REST },
		{ "protected tab", Q ": to=<\"x\\\\\\t\"@a>" TO RELAY SENT,
		    "to " HOST "<\"x\\\\\\t\"@a>" REST },
		{ "octal before the quote",
		    Q ": to=<\"x\\303\"@a>" TO RELAY SENT,
		    "to " HOST "<\"x\\303\"@a>" REST },
		{ "protected octal", Q ": to=<\"x\\\\\\303\"@a>" TO RELAY SENT,
		    "to " HOST "<\"x\\\\\\303\"@a>" REST },
		{ "quote that is not closed", Q ": to=<\"x@a>" TO RELAY SENT,
		    "other" },
		{ "bracket that is not closed", Q ": to=<x@a" TO RELAY SENT,
		    "other" },
		{ "quote in a bare address",
		    Q ": to=\"a, relay=evil. [192.0.2.66], \"@a" TO RELAY SENT,
		    "to " HOST "\"a, relay=evil. [192.0.2.66], \"@a" REST },
		{ "a reply with another relay",
		    Q ": to=<u@a>" TO "relay=mx.a.example. [192.0.2.1], "
		      "dsn=2.0.0, stat=Sent (ok, relay=evil. [192.0.2.66])",
		    "to " HOST "<u@a>" REST },
	};

	(void)state;
	check(table, UNIT_LEN(table));
}

/* Long lines, each with one byte over and over where a stranger's text is. */
static void test_long(void **state)
{
	static const char *const fronts[] = { "", Q ": ",
		Q "[1]: ", Q ": TLSRPT1^R^i:" Q "^v:",
		Q ": TLSRPT1^R^i:" Q "^v:OK^p:^a:^q:^h:a^d:b^s:", Q ": to=<",
		Q ": to=<a@b>, delay=", Q ": to=\"",
		"STARTTLS=client, cert-subject=", "STARTTLS=client, relay=",
		"ruleset=" };
	static const char bytes[] = "a\"\\^<>, :[]@\001\377\n";

	enum {
		LONG = 65536
	};

	char *line = xmalloc(LONG);

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(fronts); i++) {
		size_t n = strlen(fronts[i]);

		for (size_t j = 0; j < sizeof(bytes); j++) {
			struct sendmail_line l;

			memset(line, bytes[j], LONG);
			memcpy(line, fronts[i], n);
			sendmail_line_parse(view_make(line, LONG), &l);
			UNIT_TRUE(fronts[i],
			    l.kind == SENDMAIL_OTHER || l.kind == SENDMAIL_BAD);
		}
	}
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_rulesets),
		cmocka_unit_test(test_to),
		cmocka_unit_test(test_hostile_to),
		cmocka_unit_test(test_long),
	};

	return UNIT_RUN(tests);
}
