/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_outcome.c - tests common/exim_outcome.c */

#include "config.h"

#include "common/exim_outcome.h"
#include "common/strbuf.h"
#include "tests/unit/unit.h"

static void describe(const struct exim_outcome *o, struct strbuf *b)
{
	static const char *const whats[] = { "before", "not-offered", "refused",
		"failed", "certificate", "ehlo", "send", "later", "lookup",
		"dane", "other" };
	static const char *const refusals[] = { "untold", "chain", "name",
		"dane", "dane-ca" };

	strbuf_clear(b);
	strbuf_adds(b, whats[o->what]);
	if (o->what == EXIM_WHAT_CERTIFICATE) {
		strbuf_addf(b, " %s", refusals[o->refusal]);
	}
	if (o->reason[0] != '\0') {
		strbuf_addf(b, " %s", o->reason);
	}
}

#define CLOSED "connection-closed-during-handshake"
#define FAILED "failed tls-handshake-failure"
#define VERIFY "TLS session: (certificate verification failed)"
#define HAND   "TLS session: (gnutls_handshake): "
#define SSL    "TLS session: (SSL_connect): "
#define REPLY  "SMTP error from remote mail server after "

/* All were seen with Exim 4.96, but for those that say otherwise. */
static const struct {
	const char *in;
	const char *want;
} outcomes[] = {
	/* GnuTLS */
	{ HAND "timed out", "failed timeout-during-handshake" },
	{ HAND "The TLS connection was non-properly terminated.",
	    "failed " CLOSED },
	{ HAND "Error in the pull function.", "failed " CLOSED },
	{ HAND "An unexpected TLS packet was received.", "failed not-tls" },
	{ HAND "Handshake failed",
	    "failed tls-remote-alert-40-handshake-failure" },
	{ HAND "Internal error", "failed tls-remote-alert-80-internal-error" },
	{ HAND "A packet with illegal or unsupported version was received.",
	    "failed tls-local-alert-70-protocol-version" },
	{ HAND "Something new.", FAILED },
	{ HAND, FAILED },
	{ "TLS session: error on first read", FAILED },
	{ VERIFY, "certificate name" },
	{ VERIFY ": certificate invalid", "certificate chain" },
	{ VERIFY ": certificate revoked", "certificate chain" },
	{ VERIFY ": certificate not supplied", FAILED },
	{ VERIFY ": Verification failed. The certificate differs. ",
	    "certificate dane" },
	{ VERIFY ": Verification failed. CA constrains were violated. ",
	    "certificate dane-ca" },
	{ VERIFY ": TLSA record problem: none usable", "certificate dane" },
	{ VERIFY ": something new", "certificate untold" },
	/* OpenSSL */
	{ SSL "error:0A000086:SSL routines::certificate verify failed",
	    "certificate untold" },
	{ SSL "error:068000DE:asn1 encoding routines::illegal zero content",
	    "certificate untold" },
	{ SSL "error:0A000410:SSL routines::sslv3 alert handshake failure",
	    "failed tls-remote-alert-40-handshake-failure" },
	{ SSL "error:0A000126:SSL routines::unexpected eof while reading",
	    "failed " CLOSED },
	{ SSL "error:0A00010B:SSL routines::wrong version number",
	    "failed not-tls" },
	{ SSL "timed out", "failed timeout-during-handshake" },
	{ SSL "error:00000000:new::something", FAILED },
	/* STARTTLS */
	{ "a TLS session is required, but the server did not offer TLS support",
	    "not-offered" },
	{ "a TLS session is required, but an attempt to start TLS failed",
	    "refused" },
	{ REPLY "STARTTLS: 454 4.7.0 no", "refused starttls-reply-454" },
	{ REPLY "STARTTLS: 501 no", "refused starttls-reply-501" },
	{ REPLY "STARTTLS: 250 no", "refused" },
	{ REPLY "STARTTLS: 4", "refused" },
	{ REPLY "STARTTLS", "refused" },
	{ "Remote host closed connection in response to STARTTLS",
	    "failed " CLOSED },
	{ "SMTP timeout after STARTTLS: Connection timed out",
	    "failed timeout-during-handshake" },
	{ "Malformed SMTP reply in response to STARTTLS: x", FAILED },
	{ "Malformed SMTP reply (an empty line) in response to STARTTLS",
	    FAILED },
	/* before it */
	{ REPLY "initial connection: 554 no", "before" },
	{ REPLY "EHLO us.example: 554 no", "before" },
	{ REPLY "HELO us.example: 554 no", "before" },
	{ "Remote host closed connection in response to initial connection",
	    "before" },
	{ "SMTP timeout after initial connection: Connection timed out",
	    "before" },
	/* the first EHLO, or the one in TLS */
	{ "Remote host closed connection in response to EHLO us.example",
	    "ehlo " CLOSED },
	{ "Remote host closed connection in response to LHLO us.example",
	    "ehlo " CLOSED },
	{ "SMTP timeout after EHLO us.example: Connection timed out",
	    "ehlo timeout-during-handshake" },
	{ "smtp send to mx [192.0.2.1] failed: Connection reset by peer",
	    "send " CLOSED },
	{ "bad first read from TLS conn", FAILED },
	/* behind it */
	{ REPLY "MAIL FROM:<s@s.example> SIZE=1: 451 no", "later" },
	{ REPLY "pipelined MAIL FROM:<s@s.example>: 451 no", "later" },
	{ REPLY "RCPT TO:<STARTTLS@a.example>: 550 no", "later" },
	{ "Remote host closed connection in response to end of data", "later" },
	{ "Remote host closed connection in response to pipelined RCPT TO:<x>",
	    "later" },
	{ "SMTP timeout after DATA: Connection timed out", "later" },
	/* DANE */
	{ "DANE error: tlsa lookup DEFER", "lookup tlsa-lookup-failed" },
	{ "DANE error: tlsa lookup FAIL", "dane" },
	{ "DANE error: mx.a.example lookup not DNSSEC", "dane" },
	{ "DANE error: something new", "other" },
	/* no connection */
	{ "Connection refused", "other" },
	{ "Connection timed out", "other" },
	{ "retry time not reached for any host", "other" },
	{ "Unrouteable address", "other" },
	{ "", "other" },
};

static void test_parse(void **state)
{
	struct strbuf got;

	(void)state;
	strbuf_init(&got, 256);
	for (size_t i = 0; i < UNIT_LEN(outcomes); i++) {
		struct exim_outcome o;

		exim_outcome_parse(view_of(outcomes[i].in), &o);
		describe(&o, &got);
		UNIT_STR(outcomes[i].in, strbuf_str(&got), outcomes[i].want);
	}
	strbuf_release(&got);
}

/* "DANE attempt failed; ..." has no head of its own. */
static void test_parse_session(void **state)
{
	struct exim_outcome o;

	(void)state;
	exim_outcome_parse_session(
	    view_of("(gnutls_handshake): timed out"), &o);
	UNIT_STR("reason", o.reason, "timeout-during-handshake");
	exim_outcome_parse_session(
	    view_of("(certificate verification failed)"), &o);
	UNIT_TRUE("name",
	    o.what == EXIM_WHAT_CERTIFICATE && o.refusal == EXIM_REFUSAL_NAME);
}

/* Of an error on a connection that has TLS. */
static void test_tls_error(void **state)
{
	static const struct {
		const char *in;
		const char *want;
	} table[] = {
		{ "A TLS fatal alert has been received: Certificate is "
		  "required",
		    "tls-remote-alert-116-certificate-required" },
		{ "A TLS fatal alert has been received: Certificate is "
		  "required: syscall: Broken pipe",
		    "tls-remote-alert-116-certificate-required" },
		{ "The TLS connection was non-properly terminated.", CLOSED },
		{ "The TLS connection was non-properly terminated.: syscall: "
		  "Connection reset by peer",
		    CLOSED },
		{ "The specified session has been invalidated for some "
		  "reason.",
		    "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char buf[TLS_REASON_BUF];

		UNIT_STR(table[i].in,
		    exim_outcome_tls_error(view_of(table[i].in), buf),
		    table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_session),
		cmocka_unit_test(test_tls_error),
	};

	return UNIT_RUN(tests);
}
