/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_rules.c - tests common/exim_rules.c and exim_work.c */

#include "config.h"

#include "tests/unit/exim_kit.h"

/* smtp:ehlo in TLS. */
static const struct scenario tls[] = {
	{ "good", EHLO("0", QA, GOOD " helo=mx.a.example") TOOK("1", QA, TLS),
	    A OK " chain=ok name=match" FROM " helo=mx.a.example\n" },
	{ "not verified", EHLO("0", QA, TLS), A OK FROM "\n" },
	{ "verified by DANE",
	    EHLO("0", QA, GOOD " dane=yes tlsa=8 sec=yes sni=mx.a.example"),
	    A OK " dane=match" FROM "\n" },
	{ "older", EHLO("0", QA, "ver=TLS1.2 cv=1"),
	    A " ok TLSv1.2 chain=ok name=match" FROM "\n" },
	{ "as OpenSSL calls the first", EHLO("0", QA, "ver=TLS1 cv=1"),
	    A " ok TLSv1 chain=ok name=match" FROM "\n" },
	{ "IPv6", EHLO("0", QA, GOOD " ip=2001:db8::1 lip=2001:db8::9"),
	    "0 a.example mx.a.example 2001:db8::1" OK
	    " chain=ok name=match from=2001:db8::9\n" },
	{ "upper case, dot",
	    EHLO("0", QA, GOOD " dom=A.Example. mx=MX.A.Example"), A TRUSTED },
	{ "answer that is no name", EHLO("0", QA, GOOD " helo={mx hello}"),
	    A TRUSTED },
	{ "two of one process", EHLO("0", QA, GOOD) EHLO("0", QA, GOOD ON_B),
	    A TRUSTED "0 a.example mx.b.example 192.0.2.2" TRUSTED },
	{ "the first MX would not take it",
	    EHLO("0", QA, GOOD) DEFER(
		"0", QA, TLS " data={" REPLY "MAIL FROM:<s@s.example>: 451 no}")
		EHLO("0", QA, GOOD ON_B),
	    A TRUSTED "0 a.example mx.b.example 192.0.2.2" TRUSTED },
	{ "not known before", TOOK("0", QA, TLS), "0 orphan\n" },
	{ "closed in TLS", CLOSE("0", QA, TLS), "" },
};

/* smtp:ehlo in clear: STARTTLS was not offered. */
static const struct scenario clear[] = {
	{ "not offered",
	    EHLO("0", QA, "helo=mx.a.example") CLOSE("0", QA, "")
		TOOK("1", QA, ""),
	    A NO_TLS FROM " helo=mx.a.example\n" },
	{ "not offered, no close", EHLO("0", QA, "helo=mx.a.example"),
	    A NO_TLS FROM " helo=mx.a.example\n" },
	{ "not offered, refused later",
	    EHLO("0", QA, "helo=x") CLOSE("0", QA, "")
		DEFER("0", QA, "data={" REPLY "RCPT TO:<u@a.example>: 450 no}"),
	    A NO_TLS FROM " helo=x\n" },
	{ "but required",
	    EHLO("0", QA, "helo=x") CLOSE("0", QA, "") DEFER("0", QA,
		"err=-38 data={" REQUIRED
		"the server did not offer TLS support}"),
	    A NO_TLS FROM " helo=x\n" },
	{ "required, no record before",
	    DEFER("0", QA,
		"err=-38 data={" REQUIRED
		"the server did not offer TLS support}"),
	    A NO_TLS FROM "\n" },
	{ "EHLO refused, HELO taken",
	    EHLO("0", QA, "") CLOSE("0", QA, "") TOOK("1", QA, ""),
	    A NO_TLS FROM "\n" },
	{ "EHLO and HELO refused",
	    EHLO("0", QA, "") CLOSE("0", QA, "")
		DEFER("0", QA, "data={" REPLY "HELO us.example: 554 no}"),
	    "" },
};

/* What does not count. */
static const struct scenario left_out[] = {
	{ "TLS-Required: no",
	    EHLO("0", QA, GOOD " tlsreq=no") TOOK("1", QA, TLS " tlsreq=no"),
	    "0 tls-required-no\n" },
	{ "our own report",
	    EHLO("0", QA, GOOD " from=own@us.example")
		TOOK("1", QA, TLS " from=own@us.example"),
	    "0 own-report\n" },
	{ "our own report, extended",
	    EHLO("0", QA, GOOD " from=own+x@us.example"), "0 own-report\n" },
	{ "a message behind our own report",
	    EHLO("0", QA, GOOD " from=own@us.example") TOOK("1", QA,
		TLS
		" from=own@us.example") "2 9 " QB
					" REC ev=msg:delivery dom=b.example " TLS
					"\n",
	    "0 own-report\n"
	    "0 own-report\n" },
	{ "our own report behind a message",
	    EHLO("0", QA, GOOD) TOOK(
		"1", QA, TLS) "2 9 " QB " REC ev=msg:delivery dom=b.example "
			      "from=own@us.example " TLS "\n",
	    A TRUSTED "0 own-report\n" },
	{ "TLS-Required: no, then without",
	    EHLO("0", QA, GOOD " tlsreq=no") TOOK("1", QA,
		TLS " tlsreq=no") "2 9 " QB " REC ev=msg:delivery " TLS "\n",
	    A TRUSTED },
	{ "another port", EHLO("0", QA, GOOD " port=587"), "0 other-port\n" },
	{ "ourselves", EHLO("0", QA, GOOD " ip=127.0.0.1"), "0 submission\n" },
	{ "address literal", EHLO("0", QA, GOOD " dom=[192.0.2.1]"),
	    "0 address-literal\n" },
	{ "no domain at all", EHLO("0", QA, GOOD " dom=a..b"),
	    "0 bad-domain\n" },
	{ "domain never told", EHLO("0", QA, GOOD " dom="), "0 unclear\n" },
	{ "null sender", EHLO("0", QA, GOOD " from="), A TRUSTED },
};

/* To a smart host: it counts for that one. */
static const struct scenario smart[] = {
	{ "TLS", EHLO("0", QA, GOOD " sec=") TOOK("1", QA, TLS " sec="),
	    "0 mx.a.example mx.a.example 192.0.2.1" TRUSTED },
	{ "refused", CLOSE("0", QA, "sec=") TOOK("1", QA, "sec="),
	    "0 mx.a.example mx.a.example 192.0.2.1 refused" FROM "\n" },
	{ "two domains",
	    EHLO("0", QA, GOOD " sec= dom=") TOOK("1", QA, TLS " sec=")
		TOOK("1", QA, TLS " sec= dom=b.example"),
	    "0 mx.a.example mx.a.example 192.0.2.1" TRUSTED },
	{ "handshake", DEFER("0", QA, "sec= err=-37 data={" HAND ENDED "}"),
	    "0 mx.a.example mx.a.example 192.0.2.1" LOST FROM "\n" },
	{ "by its address", EHLO("0", QA, GOOD " sec= mx=192.0.2.1"),
	    "0 address-literal\n" },
};

/* Lines just before a record. */
static const struct scenario hints[] = {
	{ "OpenSSL: chain",
	    LINE("0", QA,
		VERIFY "depth=0 error=self-signed certificate cert=/CN=x")
		EHLO("0", QA, TLS),
	    A OK " chain=self-signed" FROM "\n" },
	{ "OpenSSL: name",
	    LINE("0", QA,
		VERIFY
		"certificate name mismatch: DN=\"/CN=x\" H=\"mx.a.example\"")
		EHLO("0", QA, TLS),
	    A OK " chain=ok name=mismatch" FROM "\n" },
	{ "OpenSSL: chain and name",
	    LINE("0", QA,
		VERIFY "depth=0 error=unable to get local issuer "
		       "certificate cert=/CN=x") LINE("0", QA,
		VERIFY "certificate name mismatch: DN=\"/CN=x\" "
		       "H=\"mx.a.example\"") EHLO("0", QA, TLS),
	    A OK " chain=untrusted name=mismatch" FROM "\n" },
	{ "OpenSSL: first and second fault",
	    LINE("0", QA,
		VERIFY "depth=0 error=unable to get local issuer "
		       "certificate cert=/CN=x") LINE("0", QA,
		VERIFY "depth=0 error=unable to verify the first "
		       "certificate cert=/CN=x") EHLO("0", QA, TLS),
	    A OK " chain=untrusted" FROM "\n" },
	{ "OpenSSL: expired, too",
	    LINE("0", QA,
		VERIFY "depth=0 error=self-signed certificate cert=/CN=x")
		LINE("0", QA,
		    VERIFY "depth=0 error=certificate has expired cert=/CN=x")
		    EHLO("0", QA, TLS),
	    A OK " chain=expired" FROM "\n" },
	{ "of another host",
	    LINE("0", QA,
		"[192.0.2.2] SSL verify error: depth=0 "
		"error=self-signed certificate cert=/CN=x") EHLO("0", QA, TLS),
	    A OK FROM "\n" },
	{ "of another message",
	    LINE("0", QB,
		VERIFY "depth=0 error=self-signed certificate cert=/CN=x")
		EHLO("0", QA, TLS),
	    A OK FROM "\n"
		      "0 unclear\n" },
	{ "of an earlier connection",
	    LINE("0", QA,
		VERIFY "depth=0 error=self-signed certificate cert=/CN=x")
		EHLO("0", QA, TLS) EHLO("1", QA, TLS " lport=40002"),
	    A OK " chain=self-signed" FROM "\n"
		 "1 a.example mx.a.example 192.0.2.1" OK FROM "\n" },
	{ "GnuTLS: alert",
	    LINE("0", QA,
		"H=" AT_A " TLS error on connection (recv): A TLS fatal "
		"alert has been received: Certificate is "
		"required") DEFER("0", QA,
		"err=104 " TLS
		" data={smtp send to mx failed: Connection reset by peer}"),
	    A " failed tls-remote-alert-116-certificate-required" FROM "\n" },
	{ "GnuTLS: closed",
	    LINE("0", QA, "H=" AT_A " TLS error on connection (recv): " ENDED)
		DEFER("0", QA,
		    "err=-37 " TLS " data={TLS session: error on first read}"),
	    A LOST FROM "\n" },
};

static void test_tls(void **state)
{
	(void)state;
	scenario_run(tls, UNIT_LEN(tls));
}

static void test_clear(void **state)
{
	(void)state;
	scenario_run(clear, UNIT_LEN(clear));
}

static void test_left_out(void **state)
{
	(void)state;
	scenario_run(left_out, UNIT_LEN(left_out));
}

/* Senders of one report each. */
static const struct scenario delimited[] = {
	{ "our own report", EHLO("0", QA, GOOD " from=own-0a@us.example"),
	    "0 own-report\n" },
	{ "our own report, delivered too",
	    EHLO("0", QA, GOOD " from=own-0a@US.example")
		TOOK("1", QA, TLS " from=own-0a@US.example"),
	    "0 own-report\n" },
	{ "another delimiter", EHLO("0", QA, GOOD " from=own=0a@us.example"),
	    A TRUSTED },
	{ "another sender", EHLO("0", QA, GOOD " from=owner-0a@us.example"),
	    A TRUSTED },
};

static void test_delimited(void **state)
{
	static const char *const own[] = { "own@us.example", NULL };
	const struct mta_options o = { .own_senders = own, .delimiter = '-' };

	(void)state;
	scenario_run_with(delimited, UNIT_LEN(delimited), &o);
}

static void test_smart(void **state)
{
	(void)state;
	scenario_run(smart, UNIT_LEN(smart));
}

static void test_hints(void **state)
{
	(void)state;
	scenario_run(hints, UNIT_LEN(hints));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_delimited),
		cmocka_unit_test(test_smart),
		cmocka_unit_test(test_hints),
	};

	return UNIT_RUN(tests);
}
