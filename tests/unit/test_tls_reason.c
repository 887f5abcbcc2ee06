/* SPDX-License-Identifier: BSD-2-Clause */
/* test_tls_reason.c - tests of common/tls_reason.c */

#include "config.h"

#include "common/tls_reason.h"
#include "tests/unit/unit.h"

static const struct {
	const char *in;
	const char *want;
} tokens[] = {
	/* as a Sendmail with OpenSSL 3.0 or 3.5 was seen to log them */
	{ "tlsv1 alert internal error", "tls-remote-alert-80-internal-error" },
	{ "sslv3 alert handshake failure",
	    "tls-remote-alert-40-handshake-failure" },
	{ "ssl/tls alert handshake failure",
	    "tls-remote-alert-40-handshake-failure" },
	{ "tlsv1 alert protocol version",
	    "tls-remote-alert-70-protocol-version" },
	{ "legacy sigalg disallowed or unsupported",
	    "tls-local-alert-80-internal-error" },
	{ "wrong version number", "not-tls" },
	{ "unknown", "" },
	/* the other alerts of OpenSSL, in its words */
	{ "sslv3 alert unexpected message",
	    "tls-remote-alert-10-unexpected-message" },
	{ "sslv3 alert bad record mac", "tls-remote-alert-20-bad-record-mac" },
	{ "tlsv1 alert decryption failed",
	    "tls-remote-alert-21-decryption-failed" },
	{ "tlsv1 alert record overflow",
	    "tls-remote-alert-22-record-overflow" },
	{ "sslv3 alert decompression failure",
	    "tls-remote-alert-30-decompression-failure" },
	{ "sslv3 alert no certificate", "tls-remote-alert-41-no-certificate" },
	{ "sslv3 alert bad certificate",
	    "tls-remote-alert-42-bad-certificate" },
	{ "sslv3 alert unsupported certificate",
	    "tls-remote-alert-43-unsupported-certificate" },
	{ "sslv3 alert certificate revoked",
	    "tls-remote-alert-44-certificate-revoked" },
	{ "sslv3 alert certificate expired",
	    "tls-remote-alert-45-certificate-expired" },
	{ "sslv3 alert certificate unknown",
	    "tls-remote-alert-46-certificate-unknown" },
	{ "sslv3 alert illegal parameter",
	    "tls-remote-alert-47-illegal-parameter" },
	{ "tlsv1 alert unknown ca", "tls-remote-alert-48-unknown-ca" },
	{ "tlsv1 alert access denied", "tls-remote-alert-49-access-denied" },
	{ "tlsv1 alert decode error", "tls-remote-alert-50-decode-error" },
	{ "tlsv1 alert decrypt error", "tls-remote-alert-51-decrypt-error" },
	{ "tlsv1 alert export restriction",
	    "tls-remote-alert-60-export-restriction" },
	{ "tlsv1 alert insufficient security",
	    "tls-remote-alert-71-insufficient-security" },
	{ "tlsv1 alert inappropriate fallback",
	    "tls-remote-alert-86-inappropriate-fallback" },
	{ "tlsv1 alert user cancelled", "tls-remote-alert-90-user-cancelled" },
	{ "tlsv1 alert no renegotiation",
	    "tls-remote-alert-100-no-renegotiation" },
	{ "tlsv13 alert missing extension",
	    "tls-remote-alert-109-missing-extension" },
	{ "tlsv1 unsupported extension",
	    "tls-remote-alert-110-unsupported-extension" },
	{ "tlsv1 certificate unobtainable",
	    "tls-remote-alert-111-certificate-unobtainable" },
	{ "tlsv1 unrecognized name", "tls-remote-alert-112-unrecognized-name" },
	{ "tlsv1 bad certificate status response",
	    "tls-remote-alert-113-bad-certificate-status-response" },
	{ "tlsv1 bad certificate hash value",
	    "tls-remote-alert-114-bad-certificate-hash-value" },
	{ "tlsv1 alert unknown psk identity",
	    "tls-remote-alert-115-unknown-psk-identity" },
	{ "tlsv13 alert certificate required",
	    "tls-remote-alert-116-certificate-required" },
	{ "tlsv1 alert no application protocol",
	    "tls-remote-alert-120-no-application-protocol" },
	/* our own side's */
	{ "unknown protocol", "not-tls" },
	{ "http request", "not-tls" },
	{ "https proxy request", "not-tls" },
	{ "unsupported protocol", "tls-local-alert-70-protocol-version" },
	{ "unexpected eof while reading",
	    "connection-closed-during-handshake" },
	{ "dh key too small", "tls-local-alert-40-handshake-failure" },
	{ "unsafe legacy renegotiation disabled",
	    "tls-local-alert-40-handshake-failure" },
	/* what is not known */
	{ "", "" },
	{ "alert handshake failure", "" },
	{ "handshake failure", "" },
	{ "sslv3 alert", "" },
	{ "sslv3 alert ", "" },
	{ "sslv3 ", "" },
	{ "sslv3", "" },
	{ "sslv3 alert alert handshake failure", "" },
	{ "sslv3 alert sslv3 alert handshake failure", "" },
	{ "sslv3 alert handshake failure ", "" },
	{ "sslv3 alert handshake failur", "" },
	{ "sslv3 alert Handshake Failure", "" },
	{ "tlsv2 alert handshake failure", "" },
	{ "wrong version number ", "" },
	{ "Wrong Version Number", "" },
	{ "certificate verify failed", "" },
	{ "tlsv1 alert \n", "" },
};

static void test_token(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(tokens); i++) {
		char *buf = malloc(TLS_REASON_BUF);
		size_t len = strlen(tokens[i].in);
		/* of the exact size, for the sanitizer */
		char *text = malloc(len + 1);
		const char *got;
		struct fact fact;

		assert_non_null(buf);
		assert_non_null(text);
		memcpy(text + 1, tokens[i].in, len);
		memset(buf, 'x', TLS_REASON_BUF);
		got = tls_reason_token(view_make(text + 1, len), buf);
		UNIT_STR(tokens[i].in, got, tokens[i].want);
		fact = (struct fact){ .reason = view_of(got) };
		UNIT_BOOL(tokens[i].in, fact_check(&fact), true);
		free(text);
		free(buf);
	}
}

static const struct {
	const char *in;
	enum fact_chain want;
} chains[] = {
	/* as a Sendmail was seen to log them */
	{ "ok", FACT_CHAIN_OK },
	{ "certificate has expired", FACT_CHAIN_EXPIRED },
	{ "certificate is not yet valid", FACT_CHAIN_NOT_YET_VALID },
	{ "self-signed certificate", FACT_CHAIN_SELF_SIGNED },
	{ "unable to get local issuer certificate", FACT_CHAIN_UNTRUSTED },
	{ "no matching DANE TLSA records", FACT_CHAIN_UNKNOWN },
	/* before OpenSSL 3.0 */
	{ "self signed certificate", FACT_CHAIN_SELF_SIGNED },
	{ "self signed certificate in certificate chain",
	    FACT_CHAIN_UNTRUSTED },
	{ "self-signed certificate in certificate chain",
	    FACT_CHAIN_UNTRUSTED },
	{ "unable to get issuer certificate", FACT_CHAIN_UNTRUSTED },
	{ "unable to verify the first certificate", FACT_CHAIN_UNTRUSTED },
	{ "certificate not trusted", FACT_CHAIN_UNTRUSTED },
	{ "certificate rejected", FACT_CHAIN_UNTRUSTED },
	{ "certificate revoked", FACT_CHAIN_UNTRUSTED },
	{ "certificate signature failure", FACT_CHAIN_UNTRUSTED },
	{ "certificate chain too long", FACT_CHAIN_UNTRUSTED },
	{ "invalid CA certificate", FACT_CHAIN_UNTRUSTED },
	{ "path length constraint exceeded", FACT_CHAIN_UNTRUSTED },
	{ "unsuitable certificate purpose", FACT_CHAIN_UNTRUSTED },
	{ "unsupported certificate purpose", FACT_CHAIN_UNTRUSTED },
	{ "permitted subtree violation", FACT_CHAIN_UNTRUSTED },
	{ "excluded subtree violation", FACT_CHAIN_UNTRUSTED },
	{ "EE certificate key too weak", FACT_CHAIN_UNTRUSTED },
	{ "CA certificate key too weak", FACT_CHAIN_UNTRUSTED },
	{ "CA signature digest algorithm too weak", FACT_CHAIN_UNTRUSTED },
	/* not known */
	{ "", FACT_CHAIN_BAD },
	{ "Ok", FACT_CHAIN_BAD },
	{ "okay", FACT_CHAIN_BAD },
	{ "certificate has expired ", FACT_CHAIN_BAD },
	{ "certificate has expire", FACT_CHAIN_BAD },
	{ "CRL has expired", FACT_CHAIN_BAD },
	{ "unable to get certificate CRL", FACT_CHAIN_BAD },
	{ "unspecified certificate verification error", FACT_CHAIN_BAD },
	{ "unknown certificate verification error", FACT_CHAIN_BAD },
};

static void test_chain(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(chains); i++) {
		UNIT_UINT(chains[i].in, tls_reason_chain(view_of(chains[i].in)),
		    chains[i].want);
	}
	UNIT_UINT("NUL behind", tls_reason_chain(view_make("ok\0", 3)),
	    FACT_CHAIN_BAD);
	UNIT_UINT("no buffer", tls_reason_chain(view_of(NULL)), FACT_CHAIN_BAD);
}

static void test_alert(void **state)
{
	static const struct {
		unsigned number;
		bool is_remote;
		const char *want;
	} table[] = {
		{ 40, true, "tls-remote-alert-40-handshake-failure" },
		{ 40, false, "tls-local-alert-40-handshake-failure" },
		{ 116, true, "tls-remote-alert-116-certificate-required" },
		{ 1, true, "" },
		{ 256, true, "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char buf[TLS_REASON_BUF];

		UNIT_STR(table[i].want,
		    tls_reason_alert(table[i].number, table[i].is_remote, buf),
		    table[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_alert),
	};

	return UNIT_RUN(tests);
}
