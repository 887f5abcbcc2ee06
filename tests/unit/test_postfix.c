/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_postfix.c - tests common/postfix_session.c and postfix_outcome.c: the
 * lines of one session in, its outcome out
 */

#include "config.h"

#include "tests/unit/postfix_kit.h"

#define P    "0 10 "
#define U    "u@a.example"
#define DA   "a.example"
#define AT_A "0 a.example mx.a.example 192.0.2.1 "
#define OK_A AT_A "ok TLSv1.3"
#define V(type, result, reason)                            \
 " [{\"type\":\"" type "\",\"result\":\"" result "\",\"re" \
 "ason\":\"" reason "\"}]\n"
#define CLOSED "connection-closed-during-handshake"
#define LATE   "timeout-during-handshake"
#define ALERT  "tls-remote-alert-40-handshake-failure"

/* A session with A, and what became of its message. */
#define SENT_TO            P TO(QA, U, A, SENT)
#define TOLD(tls)          P TO_TLS(QA, U, A, tls, SENT)
#define FAILS(why)         P TO(QA, U, A, DEFER(why))
#define FAILS_AT(tls, why) P TO_TLS(QA, U, A, tls, DEFER(why))

static const struct scenario ends[] = {
	{ "trusted", P UP(A) SENT_TO, OK_A " chain=ok\n" },
	{ "untrusted", P UNTRUSTED(A) SENT_TO, OK_A " chain=bad\n" },
	{ "verified", P VERIFIED(A) SENT_TO,
	    OK_A V("", "success", "verified") },
	{ "anonymous", P UP_TO("Anonymous", PEER_A) SENT_TO, OK_A "\n" },
	{ "version that is too long",
	    P "Trusted TLS connection established to " PEER_A
	      ": TLSv1.3456789abcdef with x\n" SENT_TO,
	    AT_A "ok chain=ok\n" },
	{ "IPv6", P UP(C) P TO(QA, "u@c.example", C, SENT),
	    "0 c.example mx.c.example 2001:db8::3 ok TLSv1.3 chain=ok\n" },
	{ "the recipient is refused", P UP(A) FAILS(SAID(A, "550")),
	    OK_A " chain=ok\n" },
	{ "lost later", P UP(A) FAILS(LOST(A)), OK_A " chain=ok\n" },
	{ "timeout later",
	    P UP(A) FAILS("conversation with " NAME_A
			  " timed out while sending MAIL FROM"),
	    OK_A " chain=ok\n" },
	{ "another reason after TLS", P UP(A) FAILS("mail for x loops"),
	    OK_A " chain=ok\n" },

	{ "handshake, lost", P SSL_ERROR(A, "lost connection") FAILS(NO_START),
	    AT_A "failed " CLOSED "\n" },
	{ "handshake, reset",
	    P SSL_ERROR(A, "Connection reset by peer") FAILS(NO_START),
	    AT_A "failed " CLOSED "\n" },
	{ "handshake, time-out",
	    P SSL_ERROR(A, "Connection timed out") FAILS(NO_START),
	    AT_A "failed " LATE "\n" },
	{ "handshake, alert",
	    P SSL_ERROR(A, "-1") P LIBRARY("sslv3 alert handshake failure")
		FAILS(NO_START),
	    AT_A "failed " ALERT "\n" },
	{ "handshake, not TLS",
	    P SSL_ERROR(A, "-1") P LIBRARY("wrong version number")
		FAILS(NO_START),
	    AT_A "failed not-tls\n" },
	{ "handshake, words that nobody knows",
	    P SSL_ERROR(A, "-1") P LIBRARY("something new") FAILS(NO_START),
	    AT_A "failed tls-handshake-failure\n" },
	{ "handshake, two errors",
	    P SSL_ERROR(A, "-1") P LIBRARY("wrong version number")
		P LIBRARY("sslv3 alert handshake failure") FAILS(NO_START),
	    AT_A "failed not-tls\n" },
	{ "words of OpenSSL after TLS came up",
	    P UP(A) P LIBRARY("wrong version number") SENT_TO,
	    OK_A " chain=ok\n" },
	{ "words of OpenSSL before any session",
	    P LIBRARY("wrong version number") P UP(A) SENT_TO,
	    OK_A " chain=ok\n" },
	{ "handshake, loglevel 0", FAILS(NO_START),
	    AT_A "failed tls-handshake-failure\n" },

	{ "not offered, needed",
	    FAILS("TLS is required, but was not offered by host " NAME_A),
	    AT_A "not-offered starttls-not-offered\n" },
	{ "refused, needed",
	    FAILS("TLS is required, but host " NAME_A
		  " refused to start TLS: 454 4.7.0 no"),
	    AT_A "refused starttls-reply-454\n" },
	{ "lost at STARTTLS",
	    FAILS("lost connection with " NAME_A
		  " while receiving the STARTTLS response"),
	    AT_A "failed " CLOSED "\n" },
	{ "no reply to STARTTLS",
	    FAILS("conversation with " NAME_A
		  " timed out while receiving the STARTTLS response"),
	    AT_A "failed " LATE "\n" },
	{ "our own TLS is missing",
	    FAILS("TLS is required, but our TLS engine is unavailable"),
	    "0 unclear\n" },

	{ "connection refused",
	    P TO_NONE(QA, U, DEFER("connect to " PEER_A ": refused")), "" },
	{ "banner 554", FAILS("host " NAME_A " refused to talk to me: 554 no"),
	    "" },
	{ "lost before EHLO",
	    FAILS("lost connection with " NAME_A
		  " while receiving the initial server greeting"),
	    "" },

	{ "silence", SENT_TO,
	    AT_A "not-offered tls-not-logged\n0 tls-not-logged\n" },
	{ "silence, refused", FAILS(SAID(A, "550")),
	    AT_A "not-offered tls-not-logged\n0 tls-not-logged\n" },
	{ "silence, lost later", FAILS(LOST(A)),
	    AT_A "not-offered tls-not-logged\n0 tls-not-logged\n" },
};

static const struct scenario certificates[] = {
	{ "expired",
	    P VERIFY(A, "certificate has expired") P UNTRUSTED(A)
		FAILS(NO_VERIFY),
	    OK_A " chain=expired\n" },
	{ "not yet valid",
	    P VERIFY(A, "certificate not yet valid") P UNTRUSTED(A)
		FAILS(NO_VERIFY),
	    OK_A " chain=not-yet-valid\n" },
	{ "self-signed",
	    P VERIFY(A, "self-signed certificate") P UNTRUSTED(A)
		FAILS(NO_VERIFY),
	    OK_A " chain=self-signed\n" },
	{ "unknown issuer, named by the peer",
	    P VERIFY(A, "untrusted issuer /CN=certificate has expired")
		P UNTRUSTED(A) FAILS(NO_VERIFY),
	    OK_A " chain=untrusted\n" },
	{ "wrong name, 3.7",
	    P VERIFY(A, "num=62:hostname mismatch") P UNTRUSTED(A)
		FAILS(NO_VERIFY),
	    OK_A " name=mismatch\n" },
	{ "wrong name, 3.12",
	    P VERIFY(A, "num=62:hostname mismatch") P UP(A) FAILS(NO_VERIFY),
	    OK_A " chain=ok name=mismatch\n" },
	{ "wrong name, not said, 3.4", P UP(A) FAILS(NO_VERIFY),
	    OK_A " chain=ok name=mismatch\n" },
	{ "refused, not said why", P UNTRUSTED(A) FAILS(NO_VERIFY),
	    OK_A " chain=bad\n" },
	{ "refused, loglevel 0", FAILS(NO_VERIFY), AT_A "ok chain=bad\n" },
	{ "refused, why, loglevel 0",
	    P VERIFY(A, "certificate has expired") FAILS(NO_VERIFY),
	    AT_A "ok chain=expired\n" },
	{ "TLSA mismatch",
	    P VERIFY(A, "num=65:no matching DANE TLSA records") P UNTRUSTED(A)
		FAILS(NO_VERIFY),
	    OK_A " dane=mismatch\n" },
	{ "TLSA mismatch, of a good chain",
	    P VERIFY(A, "num=65:no matching DANE TLSA records") P UP(A)
		FAILS(NO_VERIFY),
	    OK_A " dane=mismatch\n" },
	{ "TLSA unusable",
	    P "warning: " PEER_A ": all TLSA records unusable, fallback to "
	      "unauthenticated TLS\n" P UP_TO("Untrusted", PEER_A) SENT_TO,
	    OK_A " chain=bad dane=unusable\n" },
	{ "a certificate that nobody needs",
	    P VERIFY(A, "certificate has expired") P UNTRUSTED(A) SENT_TO,
	    OK_A " chain=expired\n" },
	{ "for what the policy says, 3.12",
	    P VERIFY(A, "external policy failure (sts-policy-fetch-error)")
		P UNTRUSTED(A) FAILS(NO_VERIFY),
	    OK_A V("sts", "sts-policy-fetch-error", "") },
};

static const struct scenario levels[] = {
	{ "may", P UP(A) TOLD("may"), OK_A " chain=ok level=may\n" },
	{ "may, verified", P VERIFIED(A) TOLD("may"),
	    OK_A " level=may" V("", "success", "verified") },
	{ "secure", P VERIFIED(A) TOLD("secure"),
	    OK_A
	    " chain=ok name=match level=secure" V("", "success", "verified") },
	{ "verify, loglevel 0", TOLD("verify"),
	    AT_A "ok chain=ok name=match level=verify\n" },
	{ "encrypt", P UP(A) TOLD("encrypt"),
	    OK_A " chain=ok level=encrypt\n" },
	{ "encrypt, REQUIRETLS", P UP(A) TOLD("encrypt/requiretls"),
	    OK_A " chain=ok level=encrypt\n" },
	{ "dane", P VERIFIED(A) TOLD("dane"),
	    OK_A " dane=match level=dane" V("tlsa", "success", "verified") },
	{ "dane-only, loglevel 0", TOLD("dane-only"),
	    AT_A "ok dane=match level=dane-only\n" },
	{ "half of DANE", P UP(A) TOLD("halfdane"),
	    OK_A " dane=match level=halfdane\n" },
	{ "dane, unusable", P UNTRUSTED(A) TOLD("dane:encrypt"),
	    OK_A " chain=bad dane=unusable level=dane\n" },
	{ "fingerprint", P VERIFIED(A) TOLD("fingerprint"),
	    OK_A " level=fingerprint" V("", "success", "verified") },
	{ "in clear", TOLD("may:none"),
	    AT_A "not-offered starttls-not-offered-or-refused level=may\n" },
	{ "in clear, refused",
	    P RPT_NO(DA, A, "starttls_not_supported") TOLD("may:none"),
	    AT_A "refused level=may" V("", "starttls-not-supported", "") },
	{ "none", TOLD("none"), "0 local-policy\n" },
	{ "none, noted", P "Host offered STARTTLS: [mx.a.example]\n" SENT_TO,
	    "0 local-policy\n" },
	{ "undecided",
	    P SSL_ERROR(A, "lost connection") FAILS_AT("may?", NO_START),
	    AT_A "failed " CLOSED " level=may\n" },
	{ "violated",
	    P VERIFY(A, "certificate has expired") P UNTRUSTED(A)
		FAILS_AT("!secure", NO_VERIFY),
	    OK_A " chain=expired level=secure\n" },
	{ "violated, not offered",
	    FAILS_AT("!dane",
		"TLS is required, but was not offered by host " NAME_A),
	    AT_A "not-offered starttls-not-offered level=dane\n" },
	{ "not known", FAILS_AT("unknown?", SAID(A, "550")),
	    AT_A "not-offered tls-not-logged\n0 tls-not-logged\n" },
	{ "a word too long", P UP(A) TOLD("123456789012345678901234567890123"),
	    OK_A " chain=ok\n" },
	{ "a word with a control character", P UP(A) TOLD("ma\001y"),
	    OK_A " chain=ok\n" },
};

static const struct scenario results[] = {
	{ "success", P UP(A) P RPT_OK(DA, A) SENT_TO,
	    OK_A " chain=ok" V("", "success", "") },
	{ "success, verified", P RPT_OK(DA, A) P VERIFIED(A) SENT_TO,
	    OK_A V("", "success", "verified") },
	{ "success, loglevel 0", P RPT_OK(DA, A) SENT_TO,
	    AT_A "ok" V("", "success", "") },
	{ "expired, loglevel 0",
	    P RPT_NO(DA, A, "certificate_expired") FAILS(NO_VERIFY),
	    AT_A "ok chain=expired" V("", "certificate-expired", "") },
	{ "name", P RPT_NO(DA, A, "certificate_host_mismatch") FAILS(NO_VERIFY),
	    AT_A "ok name=mismatch" V("", "certificate-host-mismatch", "") },
	{ "not trusted, dane",
	    P VERIFY(A, "num=65:no matching DANE TLSA records")
		P RPT_NO(DA, A, "certificate_not_trusted") P UNTRUSTED(A)
		    FAILS_AT("!dane", NO_VERIFY),
	    OK_A " dane=mismatch level=dane" V(
		"tlsa", "certificate-not-trusted", "") },
	{ "handshake, loglevel 0",
	    P RPT_NO(DA, A,
		"validation_failure, failure_reason=tls-handshake-failure")
		FAILS(NO_START),
	    AT_A "failed tls-handshake-failure" V(
		"", "validation-failure", "tls-handshake-failure") },
	{ "self-signed",
	    P VERIFY(A, "self-signed certificate") P RPT_NO(DA, A,
		"validation_failure, failure_reason=self-signed_certificate")
		P UNTRUSTED(A) FAILS(NO_VERIFY),
	    OK_A " chain=self-signed" V(
		"", "validation-failure", "self-signed_certificate") },
	{ "of the policy",
	    P RPT_NO(DA, A, "sts_policy_invalid") P UNTRUSTED(A)
		FAILS(NO_VERIFY),
	    OK_A " chain=bad" V("sts", "sts-policy-invalid", "") },
	{ "not supported, not offered",
	    P RPT_NO(DA, A, "starttls_not_supported")
		FAILS("TLS is required, but was not offered by host " NAME_A),
	    AT_A "not-offered starttls-not-offered" V(
		"", "starttls-not-supported", "") },
	{ "not supported, loglevel may",
	    P RPT_NO(DA, A, "starttls_not_supported") SENT_TO,
	    AT_A "refused" V("", "starttls-not-supported", "") },
	{ "unheard-of", P UP(A) P RPT_NO(DA, A, "new_failure") SENT_TO,
	    OK_A " chain=ok" V("", "unknown", "") },
	{ "the next hop is not the recipient's domain",
	    P UP(A) P RPT_OK("smart.example", A) SENT_TO,
	    "0 smart.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok" V(
		"", "success", "") },
	{ "the next hop in brackets",
	    P UP(A) P RPT_OK("[smart.example]:25", A) SENT_TO,
	    "0 smart.example mx.a.example 192.0.2.1 ok TLSv1.3 chain=ok" V(
		"", "success", "") },
	{ "the next hop is an address",
	    P UP(A) P RPT_OK("[192.0.2.1]", A) SENT_TO, "0 address-literal\n" },
};

static const struct scenario untried[] = {
	{ "TLSA lookup error",
	    P LOOKUP(
		DA, "mx.a.example", "TLSA lookup error for mx.a.example:25")
		P TO_NONE(QA, U, DEFER("TLSA lookup error")),
	    "0 a.example mx.a.example no-session tlsa-lookup-failed "
	    "dane=lookup-failed\n" },
	{ "no TLSA",
	    P LOOKUP(DA, "mx.a.example", "no TLSA records found")
		P TO_NONE(QA, U, DEFER("no TLSA records found")),
	    "0 a.example mx.a.example no-session dane=required-missing\n" },
	{ "no DNSSEC",
	    P LOOKUP(DA, "mx.a.example", "non DNSSEC destination")
		P TO_NONE(QA, U, DEFER("non DNSSEC destination")),
	    "0 a.example mx.a.example no-session dane=required-missing\n" },
	{ "unusable, and no less will do",
	    P LOOKUP(DA, "mx.a.example", "TLSA records unusable")
		P TO_NONE(QA, U, DEFER("TLSA records unusable")),
	    "0 a.example mx.a.example no-session dane=unusable\n" },
	{ "another trouble with the policy",
	    P LOOKUP(DA, "mx.a.example", "invalid attribute name")
		P TO_NONE(QA, U, DEFER("x")),
	    "" },
	{ "one MX of two",
	    P LOOKUP(
		DA, "mx.a.example", "TLSA lookup error for mx.a.example:25")
		P UP(B) P TO(QA, U, B, SENT),
	    "0 a.example mx.a.example no-session tlsa-lookup-failed "
	    "dane=lookup-failed\n"
	    "0 a.example mx.b.example 192.0.2.2 ok TLSv1.3 chain=ok\n" },
	{ "MX not in the policy",
	    P "warning: MX name 'mx.a.example' does not match STS MX pattern "
	      "for 'a.example'\n" P TO_NONE(QA, U, DEFER("x")),
	    "0 a.example mx.a.example no-session mta-sts-mx-mismatch\n" },
	{ "two MXs not in the policy",
	    P "warning: MX name 'mx.a.example' does not match STS MX pattern "
	      "for 'a.example'\n" P
	      "warning: MX name 'mx.b.example' does not match STS MX pattern "
	      "for 'a.example'\n" P TO_NONE(QA, U, DEFER("x")),
	    "0 a.example mx.a.example no-session mta-sts-mx-mismatch\n"
	    "0 a.example mx.b.example no-session mta-sts-mx-mismatch\n" },
	{ "next hop with another port",
	    P LOOKUP("[a.example]:587", "a.example", "no TLSA records found")
		P TO_NONE(QA, U, DEFER("x")),
	    "0 other-port\n" },
};

static void test_ends(void **state)
{
	(void)state;
	scenario_run(ends, UNIT_LEN(ends));
}

static void test_certificates(void **state)
{
	(void)state;
	scenario_run(certificates, UNIT_LEN(certificates));
}

static void test_levels(void **state)
{
	(void)state;
	scenario_run(levels, UNIT_LEN(levels));
}

static void test_results(void **state)
{
	(void)state;
	scenario_run(results, UNIT_LEN(results));
}

static void test_untried(void **state)
{
	(void)state;
	scenario_run(untried, UNIT_LEN(untried));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_untried),
	};

	return UNIT_RUN(tests);
}
