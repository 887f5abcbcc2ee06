/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_certificate.c - tests common/exim_certificate.c */

#include "config.h"

#include "tests/unit/certificate_sample.h"
#include "tests/unit/exim_kit.h"

#define CERT(c) " cert=" CERT_##c
#define CHAIN   " data={" INVALID ": certificate invalid}"
#define NAME    " data={" INVALID "}"
#define NO_MATCH \
 " data={" INVALID ": Verification failed. The certificate differs. }"
#define NO_CHAIN \
 " data={" INVALID ": Verification failed. CA constrains were violated. }"
#define ABSENT " data={" INVALID ": TLSA record problem: none usable}"
#define OPENSSL                              \
 " data={TLS session: (SSL_connect): "       \
 "error:0A000086:SSL routines::certificate " \
 "verify failed}"
#define SAID(t)     LINE("0", QA, VERIFY t)
#define DEPTH(n, t) SAID("depth=" n " error=" t " cert=/CN=x")
#define NO_NAME \
 SAID("certificate name mismatch: DN=\"/CN=x\" H=\"mx.a.example\"")

/* Mail went over it all the same. */
static const struct scenario accepted[] = {
	{ "nothing is wrong with it", EHLO("0", QA, TLS CERT(GOOD)),
	    A OK " chain=untrusted name=match" FROM "\n" },
	{ "expired", EHLO("0", QA, TLS CERT(EXPIRED)),
	    A OK " chain=expired name=match" FROM "\n" },
	{ "not yet valid", EHLO("0", QA, TLS CERT(FUTURE)),
	    A OK " chain=not-yet-valid name=match" FROM "\n" },
	{ "self-signed", EHLO("0", QA, TLS CERT(SELF)),
	    A OK " chain=self-signed name=match" FROM "\n" },
	{ "another name", EHLO("0", QA, TLS CERT(OTHER)),
	    A OK " name=mismatch" FROM "\n" },
	{ "another name, expired",
	    EHLO("0", QA, TLS CERT(EXPIRED) " mx=mx.b.example"),
	    "0 a.example mx.b.example 192.0.2.1" OK
	    " chain=expired name=mismatch" FROM "\n" },
	{ "wildcard", EHLO("0", QA, TLS CERT(WILD)),
	    A OK " chain=untrusted name=match" FROM "\n" },
	{ "commonName", EHLO("0", QA, TLS CERT(CN)),
	    A OK " chain=untrusted name=match" FROM "\n" },
	{ "of an authority", EHLO("0", QA, TLS CERT(AUTHORITY)),
	    A OK " chain=self-signed name=mismatch" FROM "\n" },
	{ "no certificate", EHLO("0", QA, TLS), A OK FROM "\n" },
	{ "no DER", EHLO("0", QA, TLS " cert=AAAA"), A OK FROM "\n" },
	{ "MX of an address", EHLO("0", QA, TLS CERT(GOOD) " mx=192.0.2.1"),
	    "0 a.example 192.0.2.1" OK FROM "\n" },
	{ "OpenSSL: chain, another name",
	    DEPTH("0", "unable to get local issuer certificate")
		NO_NAME EHLO("0", QA, TLS CERT(OTHER)),
	    A OK " chain=untrusted name=mismatch" FROM "\n" },
	{ "OpenSSL: name", NO_NAME EHLO("0", QA, TLS CERT(OTHER)),
	    A OK " chain=ok name=mismatch" FROM "\n" },
	{ "OpenSSL: behind the first",
	    DEPTH("1", "unable to get issuer certificate")
		EHLO("0", QA, TLS CERT(GOOD)),
	    A OK " chain=untrusted name=match" FROM "\n" },
	{ "OpenSSL: an authority that expired",
	    DEPTH("1", "certificate has expired") EHLO("0", QA, TLS CERT(GOOD)),
	    A OK " chain=expired name=match" FROM "\n" },
	{ "OpenSSL: self-signed, expired",
	    DEPTH("0", "self-signed certificate") DEPTH("0",
		"certificate has expired") EHLO("0", QA, TLS CERT(EXPIRED)),
	    A OK " chain=expired name=match" FROM "\n" },
};

/* GnuTLS refused it. */
static const struct scenario refused[] = {
	{ "name", DEFER("0", QA, "err=-37 ver=TLS1.3" CERT(OTHER) NAME),
	    A OK " chain=ok name=mismatch" FROM "\n" },
	{ "chain", DEFER("0", QA, "err=-37 ver=TLS1.3" CERT(GOOD) CHAIN),
	    A OK " chain=untrusted name=match" FROM "\n" },
	{ "expired", DEFER("0", QA, "err=-37 ver=TLS1.3" CERT(EXPIRED) CHAIN),
	    A OK " chain=expired name=match" FROM "\n" },
	{ "not yet valid",
	    DEFER("0", QA, "err=-37 ver=TLS1.3" CERT(FUTURE) CHAIN),
	    A OK " chain=not-yet-valid name=match" FROM "\n" },
	{ "self-signed", DEFER("0", QA, "err=-37 ver=TLS1.3" CERT(SELF) CHAIN),
	    A OK " chain=self-signed name=match" FROM "\n" },
	{ "chain, another name",
	    DEFER("0", QA, "err=-37 ver=TLS1.3" CERT(OTHER) CHAIN),
	    A OK " chain=untrusted name=mismatch" FROM "\n" },
	{ "no certificate", DEFER("0", QA, "err=-37 ver=TLS1.3" CHAIN),
	    A OK " chain=bad" FROM "\n" },
	{ "later",
	    DEFER("0", QA,
		"err=-37 ver=TLS1.3" CERT(GOOD) " data={" INVALID
						": something new}"),
	    A OK " chain=untrusted name=match" FROM "\n" },
	{ "certificate that began to hold since",
	    "3456000 10 " QA
	    " REC ev=msg:host:defer err=-37 ver=TLS1.3" CERT(FUTURE) CHAIN "\n",
	    "3456000 a.example mx.a.example 192.0.2.1" OK
	    " chain=untrusted name=match" FROM "\n" },
};

/* OpenSSL refused it: it shows the one at fault. */
static const struct scenario openssl[] = {
	{ "self-signed",
	    DEPTH("0", "self-signed certificate")
		DEFER("0", QA, "err=-37 " CERT(SELF) OPENSSL),
	    A " ok chain=self-signed name=match" FROM "\n" },
	{ "name", NO_NAME DEFER("0", QA, "err=-37 " CERT(OTHER) OPENSSL),
	    A " ok chain=ok name=mismatch" FROM "\n" },
	{ "unknown issuer",
	    DEPTH("0", "unable to get local issuer certificate")
		DEFER("0", QA, "err=-37 " CERT(GOOD) OPENSSL),
	    A " ok chain=untrusted name=match" FROM "\n" },
	{ "authority not known",
	    DEPTH("1", "self-signed certificate in certificate chain")
		DEFER("0", QA, "err=-37 " CERT(AUTHORITY) OPENSSL),
	    A " ok chain=untrusted" FROM "\n" },
	{ "authority that expired",
	    DEPTH("1", "certificate has expired")
		DEFER("0", QA, "err=-37 " CERT(OLD_AUTHORITY) OPENSSL),
	    A " ok chain=expired" FROM "\n" },
	{ "self-signed, no word", DEFER("0", QA, "err=-37 " CERT(SELF) OPENSSL),
	    A " ok chain=self-signed name=match" FROM "\n" },
	{ "another name, no word",
	    DEFER("0", QA, "err=-37 " CERT(OTHER) OPENSSL),
	    A " ok name=mismatch" FROM "\n" },
	{ "authority, no word",
	    DEFER("0", QA, "err=-37 " CERT(AUTHORITY) OPENSSL),
	    A " ok chain=untrusted" FROM "\n" },
	{ "authority that expired, no word",
	    DEFER("0", QA, "err=-37 " CERT(OLD_AUTHORITY) OPENSSL),
	    A " ok chain=expired" FROM "\n" },
	{ "no certificate", DEFER("0", QA, "err=-37 " OPENSSL),
	    A " ok chain=bad" FROM "\n" },
};

/* Under TLSA records: usage 3 is tlsa=8, usage 2 is tlsa=4. */
static const struct scenario dane[] = {
	{ "usage 3, match", EHLO("0", QA, TLS " cv=1 dane=yes tlsa=8"),
	    A OK " dane=match" FROM "\n" },
	{ "usage 3, no match",
	    DEFER("0", QA, "err=-37 ver=TLS1.3 tlsa=8" CERT(GOOD) NO_MATCH),
	    A OK " dane=mismatch" FROM "\n" },
	{ "usage 3, no match, expired",
	    DEFER("0", QA, "err=-37 ver=TLS1.3 tlsa=8" CERT(EXPIRED) NO_MATCH),
	    A OK " dane=mismatch" FROM "\n" },
	{ "usage 2, no match",
	    DEFER("0", QA, "err=-37 ver=TLS1.3 tlsa=4" CERT(GOOD) NO_CHAIN),
	    A OK " dane=mismatch" FROM "\n" },
	{ "usage 2, expired",
	    DEFER("0", QA, "err=-37 ver=TLS1.3 tlsa=4" CERT(EXPIRED) NO_CHAIN),
	    A OK " chain=expired" FROM "\n" },
	{ "usage 2, authority not sent",
	    DEFER("0", QA, "err=-37 ver=TLS1.3 tlsa=4" CERT(GOOD) ABSENT),
	    A OK " dane=mismatch" FROM "\n" },
	{ "usage 2, another name, delivered",
	    EHLO("0", QA, TLS " cv=1 dane=no tlsa=4"),
	    A OK " chain=ok name=mismatch" FROM "\n" },
	{ "usage 2, another name, refused",
	    DEFER("0", QA, "err=-37 ver=TLS1.3 tlsa=4" CERT(OTHER) CHAIN),
	    A OK " name=mismatch" FROM "\n" },
	{ "usage 2, another name, OpenSSL",
	    DEFER("0", QA, "err=-37 tlsa=4" CERT(OTHER) OPENSSL),
	    A " ok chain=bad" FROM "\n" },
	{ "usages 2 and 3, no match",
	    DEFER("0", QA, "err=-37 ver=TLS1.3 tlsa=12" CERT(GOOD) NO_MATCH),
	    A OK " dane=mismatch" FROM "\n" },
	{ "usage 3, OpenSSL",
	    DEFER("0", QA, "err=-37 tlsa=8" CERT(GOOD) OPENSSL),
	    A " ok dane=mismatch" FROM "\n" },
	{ "no match, no usage told",
	    DEFER("0", QA, "err=-37 ver=TLS1.3" CERT(GOOD) NO_MATCH),
	    A OK " dane=mismatch" FROM "\n" },
	{ "none usable", EHLO("0", QA, GOOD " sec=yes sni=MX.a.example"),
	    A OK " chain=ok name=match dane=unusable" FROM "\n" },
	{ "none usable, not verified",
	    EHLO("0", QA, TLS CERT(SELF) " sec=yes sni=mx.a.example"),
	    A OK " chain=self-signed name=match dane=unusable" FROM "\n" },
	{ "another name in the handshake",
	    EHLO("0", QA, GOOD " sec=yes sni=x.example"), A TRUSTED },
	{ "name in the handshake, no DNSSEC",
	    EHLO("0", QA, GOOD " sec=no sni=mx.a.example"), A TRUSTED },
};

static void test_accepted(void **state)
{
	(void)state;
	scenario_run(accepted, UNIT_LEN(accepted));
}

static void test_refused(void **state)
{
	(void)state;
	scenario_run(refused, UNIT_LEN(refused));
}

static void test_openssl(void **state)
{
	(void)state;
	scenario_run(openssl, UNIT_LEN(openssl));
}

static void test_dane(void **state)
{
	(void)state;
	scenario_run(dane, UNIT_LEN(dane));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_openssl),
		cmocka_unit_test(test_dane),
	};

	return UNIT_RUN(tests);
}
