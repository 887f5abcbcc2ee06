/* SPDX-License-Identifier: BSD-2-Clause */
/* test_sendmail_record.c - tests common/sendmail_record.c */

#include "config.h"

#include "tests/unit/sendmail_line_kit.h"

#define SAFE  "^p:TLSv1.3^c:C^b:256^n:match^a:192.0.2.1^f:C8:30^o:^q:^k:1"
#define HD    "^h:mx.a.example^d:a.example."
#define REC_R Q ": TLSRPT1^R^i:" Q "^v:OK^p:TLSv1.3^a:192.0.2.1^q:" HD
#define REC_T Q ": TLSRPT1^T^i:" Q "^a:192.0.2.1^q:" HD
#define REC_S Q ": TLSRPT1^S^i:" Q "^v:OK" SAFE HD

#define S_IS "S v=OK p=TLSv1.3 n=match a=192.0.2.1 new h=mx.a.example "
#define R_IS "R v=OK p=TLSv1.3 a=192.0.2.1 h=mx.a.example "
#define T_IS "T a=192.0.2.1 h=mx.a.example "

static void test_records(void **state)
{
	static const struct row table[] = {
		{ "T", REC_T "^s:x@s.example^r:u@a.example",
		    T_IS "d=a.example. s=<x@s.example> domain=a.example" },
		{ "S", REC_S "^s:x@s.example^r:u@a.example^cn:mx^ci:Lab+20CA",
		    S_IS "d=a.example. s=<x@s.example>" },
		{ "R", REC_R "^s:x@s.example^r:u@a.example",
		    R_IS "d=a.example. s=<x@s.example> domain=a.example" },
		{ "null sender", REC_R "^s:^r:u@a.example",
		    R_IS "d=a.example. s=<> domain=a.example" },
		{ "TLS-Required: No, reused, in clear, from an address",
		    Q ": TLSRPT1^S^i:" Q "^v:NONE^p:^c:^b:^n:nomatch^a:IPv6:"
		      "fd99:0:0:0:0:0:0:2^f:^o:IPv6:fd99:0:0:0:0:0:0:1^q:no^k:"
		      "^h:[ipv6:fd99::2]^d:[ipv6:fd99::2]^s:^r:u@[IPv6:fd99::2]"
		      "^cn:^ci:",
		    "S v=NONE n=nomatch a=IPv6:fd99:0:0:0:0:0:0:2"
		    " o=IPv6:fd99:0:0:0:0:0:0:1 no h=[ipv6:fd99::2]"
		    " d=[ipv6:fd99::2] s=<>" },
		{ "literal recipient", REC_R "^s:^r:u@[IPv6:fd99::2]",
		    R_IS "d=a.example. s=<> domain=[IPv6:fd99::2]" },
		{ "recipient without a domain", REC_R "^s:a@b.example^r:user",
		    R_IS "d=a.example. s=<a@b.example>" },
		{ "blanks in a recipient", REC_R "^s:^r:\"a b\"@a.example",
		    R_IS "d=a.example. s=<> domain=a.example" },
	};

	(void)state;
	check(table, UNIT_LEN(table));
}

static void test_broken_records(void **state)
{
	static const struct row table[] = {
		{ "other version", Q ": TLSRPT2^R^i:" Q "^v:OK", "other" },
		{ "other letter", Q ": TLSRPT1^X^i:" Q "^v:OK", "bad" },
		{ "nothing", Q ": TLSRPT1^", "bad" },
		{ "cut after v", Q ": TLSRPT1^R^i:" Q "^v:OK", "bad" },
		{ "other queue id",
		    "6AMBWYfV004887: TLSRPT1^T^i:" Q "^a:192.0.2.1^q:" HD
		    "^s:^r:u@a.example",
		    "bad" },
		{ "no queue id before", "TLSRPT1^T^i:" Q "^a:^q:" HD "^s:^r:u",
		    "other" },
		{ "NOQUEUE", "NOQUEUE: TLSRPT1^T^i:NOQUEUE^a:^q:" HD "^s:^r:u",
		    "other" },
		{ "keys in another order",
		    Q ": TLSRPT1^R^i:" Q "^p:^v:OK^a:^q:" HD "^s:^r:u@x",
		    "bad" },
		{ "no recipient", REC_R "^s:x@s.example", "bad" },
		{ "no names", REC_S "^s:x@s.example^r:u@a.example", "bad" },
		{ "no issuer", REC_S "^s:^r:u@a.example^cn:x", "bad" },
		{ "names in another order",
		    REC_S "^s:^r:u@a.example^ci:^cn:", "bad" },
	};

	(void)state;
	check(table, UNIT_LEN(table));
}

/*
 * An SMTP client types a recipient without "<>", and Sendmail logs its error
 * as "QID: TEXT... User unknown". Bug found: such a line was a record.
 */
static void test_errors_like_records(void **state)
{
	static const struct row table[] = {
		{ "T", REC_T "^s:^r:u@v.example... User unknown", "bad" },
		{ "R", REC_R "^s:^r:u@v.example... User unknown", "bad" },
		{ "R, no domain", REC_R "^s:^r:u... User unknown", "bad" },
		{ "S", REC_S "^s:^r:u@v.example^cn:^ci:... User unknown",
		    "bad" },
		{ "S, quoted",
		    REC_S "^s:^r:u@v.example^cn:^ci:\"... Not local\"", "bad" },
		{ "to=",
		    Q ": to=<u@v.example>, delay=00:00:00, mailer=esmtp, "
		      "relay=mx.v.example., dsn=4.0.0, stat=Deferred: Name "
		      "server: mx.v.example.: host name lookup failure for "
		      "TLSA RR... User unknown",
		    "to h=mx.v.example. to=<u@v.example> mailer=esmtp "
		    "relay" },
		{ "angle brackets", Q ": <TLSRPT1^R^i:" Q "@x>... User unknown",
		    "other" },
		{ "another line", Q ": from=<TLSRPT1^S^i:" Q ">, size=0",
		    "other" },
		{ "a reply",
		    Q
		    ": to=<u@a.example>, delay=00:00:01, mailer=esmtp, relay=mx. [192.0.2.1], dsn=2.0.0"
		    ", stat=Sent (" Q ": TLSRPT1^S^i:" Q "^v:OK)",
		    "to a=192.0.2.1 h=mx. to=<u@a.example> mailer=esmtp "
		    "relay" },
	};

	(void)state;
	check(table, UNIT_LEN(table));
}

/* What strangers choose: names of certificates, addresses, hosts in DNS. */
static void test_hostile_records(void **state)
{
	static const struct row table[] = {
		{ "certificate's names",
		    REC_S
		    "^s:^r:u@a.example^cn:x^v:FAIL^ci:y^v:OK^k:^n:nomatch",
		    S_IS "d=a.example. s=<>" },
		{ "names with keys",
		    REC_S "^s:^r:u@a.example^cn:^cn:^ci:^ci:^r:x",
		    S_IS "d=a.example." },
		{ "quoted recipient", REC_R "^s:^r:\"a^v:FAIL^n:x\"@a.example",
		    R_IS "d=a.example. s=<> domain=a.example" },
		{ "recipient with @", REC_R "^s:^r:\"u@v.example\"@a.example",
		    R_IS "d=a.example. s=<> domain=a.example" },
		{ "sender with ^r:", REC_R "^s:x^r:u@v.example^r:u@a.example",
		    R_IS "d=a.example. domain=a.example" },
		{ "quoted sender with ^r:",
		    REC_R "^s:\"x^r:u@v.example\"@b^r:u@a.example",
		    R_IS "d=a.example. domain=a.example" },
		{ "sender with a backslash last",
		    REC_R "^s:own@us.example^r:x\\\\^r:u@a.example",
		    R_IS "d=a.example. domain=a.example" },
		{ "sender with names",
		    REC_S "^s:own@us.example^r:u@v.example^cn:@b^r:u@a.example"
			  "^cn:mx^ci:CA",
		    S_IS "d=a.example." },
		{ "recipient with ^r: in its domain",
		    REC_R "^s:^r:u@v.example^r:x.example",
		    R_IS "d=a.example." },
		{ "next hop with ^s:: forged a domain",
		    Q ": TLSRPT1^R^i:" Q "^v:OK^p:^a:192.0.2.1^q:^h:mx.evil"
		      "^d:v.example^s:b.evil.^s:^r:u@v.example^s:b.evil",
		    "R v=OK a=192.0.2.1 h=mx.evil s=<b.evil.^s:>"
		    " domain=v.example^s:b.evil" },
		{ "host with ^d: and ^s:: forged a domain",
		    Q ": TLSRPT1^R^i:" Q "^v:OK^p:^a:192.0.2.1^q:^h:mx^d:v.ex"
		      "ample.^s:x^d:evil.^s:^r:u@evil",
		    "R v=OK a=192.0.2.1 h=mx s=<x^d:evil.^s:> domain=evil" },
		{ "host with ^d:",
		    Q ": TLSRPT1^R^i:" Q "^v:OK^p:^a:192.0.2.1^q:^h:mx^d:v.ex"
		      "ample.^d:evil.^s:^r:u@evil",
		    "R v=OK a=192.0.2.1 h=mx d=v.example.^d:evil. s=<>"
		    " domain=evil" },
		{ "sender with ^s:", REC_R "^s:a^s:b@c.example^r:u@a.example",
		    R_IS "s=<a^s:b@c.example> domain=a.example" },
	};

	(void)state;
	check(table, UNIT_LEN(table));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_broken_records),
		cmocka_unit_test(test_errors_like_records),
		cmocka_unit_test(test_hostile_records),
	};

	return UNIT_RUN(tests);
}
