/* SPDX-License-Identifier: BSD-2-Clause */
/* tls_reason.c - OpenSSL's error texts in the words of facts */

#include "config.h"

#include <stdio.h>

#include "common/tls_reason.h"

/* RFC 8446 6; names as OpenSSL spells them. */
static const struct {
	unsigned number;
	const char *name;
} alerts[] = {
	{ 10, "unexpected message" },
	{ 20, "bad record mac" },
	{ 21, "decryption failed" },
	{ 22, "record overflow" },
	{ 30, "decompression failure" },
	{ 40, "handshake failure" },
	{ 41, "no certificate" },
	{ 42, "bad certificate" },
	{ 43, "unsupported certificate" },
	{ 44, "certificate revoked" },
	{ 45, "certificate expired" },
	{ 46, "certificate unknown" },
	{ 47, "illegal parameter" },
	{ 48, "unknown ca" },
	{ 49, "access denied" },
	{ 50, "decode error" },
	{ 51, "decrypt error" },
	{ 60, "export restriction" },
	{ 70, "protocol version" },
	{ 71, "insufficient security" },
	{ 80, "internal error" },
	{ 86, "inappropriate fallback" },
	{ 90, "user cancelled" },
	{ 100, "no renegotiation" },
	{ 109, "missing extension" },
	{ 110, "unsupported extension" },
	{ 111, "certificate unobtainable" },
	{ 112, "unrecognized name" },
	{ 113, "bad certificate status response" },
	{ 114, "bad certificate hash value" },
	{ 115, "unknown psk identity" },
	{ 116, "certificate required" },
	{ 120, "no application protocol" },
};

static const struct {
	const char *text;
	const char *token;
} errors[] = {
	{ "wrong version number", "not-tls" },
	{ "unknown protocol", "not-tls" },
	{ "http request", "not-tls" },
	{ "https proxy request", "not-tls" },
	{ "unsupported protocol", "tls-local-alert-70-protocol-version" },
	{ "unexpected eof while reading",
	    "connection-closed-during-handshake" },
	/* the alerts that OpenSSL sends with these; the last was seen */
	{ "dh key too small", "tls-local-alert-40-handshake-failure" },
	{ "unsafe legacy renegotiation disabled",
	    "tls-local-alert-40-handshake-failure" },
	{ "legacy sigalg disallowed or unsupported",
	    "tls-local-alert-80-internal-error" },
};

/* "sslv3 alert X", "tlsv1 X": an alert that the peer sent. */
static bool take_alert(struct view *text)
{
	if (!view_take(text, "sslv3 ") && !view_take(text, "tlsv1 ") &&
	    !view_take(text, "tlsv13 ") && !view_take(text, "ssl/tls ")) {
		return false;
	}
	(void)view_take(text, "alert ");
	return true;
}

const char *tls_reason_alert(
    unsigned number, bool is_remote, char buf[TLS_REASON_BUF])
{
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
		if (alerts[i].number != number) {
			continue;
		}
		(void)snprintf(buf, TLS_REASON_BUF, "tls-%s-alert-%u-%s",
		    is_remote ? "remote" : "local", number, alerts[i].name);
		for (char *c = buf; *c != '\0'; c++) {
			if (*c == ' ') {
				*c = '-';
			}
		}
		return buf;
	}
	return "";
}

const char *tls_reason_token(struct view text, char buf[TLS_REASON_BUF])
{
	struct view name = text;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (view_is(text, errors[i].text)) {
			return errors[i].token;
		}
	}
	if (!take_alert(&name)) {
		return "";
	}
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
		if (view_is(name, alerts[i].name)) {
			return tls_reason_alert(alerts[i].number, true, buf);
		}
	}
	return "";
}

enum fact_chain tls_reason_chain(struct view text)
{
	static const struct {
		const char *text;
		enum fact_chain chain;
	} rows[] = {
		{ "ok", FACT_CHAIN_OK },
		{ "certificate has expired", FACT_CHAIN_EXPIRED },
		{ "certificate is not yet valid", FACT_CHAIN_NOT_YET_VALID },
		{ "self-signed certificate", FACT_CHAIN_SELF_SIGNED },
		{ "self signed certificate", FACT_CHAIN_SELF_SIGNED },
		{ "self-signed certificate in certificate chain",
		    FACT_CHAIN_UNTRUSTED },
		{ "self signed certificate in certificate chain",
		    FACT_CHAIN_UNTRUSTED },
		{ "unable to get issuer certificate", FACT_CHAIN_UNTRUSTED },
		{ "unable to get local issuer certificate",
		    FACT_CHAIN_UNTRUSTED },
		{ "unable to verify the first certificate",
		    FACT_CHAIN_UNTRUSTED },
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
		{ "CA signature digest algorithm too weak",
		    FACT_CHAIN_UNTRUSTED },
		/* DANE failed: nothing is said of the chain */
		{ "no matching DANE TLSA records", FACT_CHAIN_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (view_is(text, rows[i].text)) {
			return rows[i].chain;
		}
	}
	return FACT_CHAIN_BAD;
}
