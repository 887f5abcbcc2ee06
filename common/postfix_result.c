/* SPDX-License-Identifier: BSD-2-Clause */
/* postfix_result.c - the results that Postfix gives itself */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/postfix_result.h"
#include "common/postfix_text.h"

/* libtlsrpt's numbers and RFC 8460's words; the log writes '_' for '-'. */
static const struct {
	unsigned code;
	const char *word;
} results[POSTFIX_RESULT_COUNT] = {
	[POSTFIX_RESULT_SUCCESS] = { 0, "success" },
	[POSTFIX_STARTTLS_NOT_SUPPORTED] = { 201, "starttls-not-supported" },
	[POSTFIX_CERTIFICATE_HOST_MISMATCH] = { 202,
	    "certificate-host-mismatch" },
	[POSTFIX_CERTIFICATE_NOT_TRUSTED] = { 203, "certificate-not-trusted" },
	[POSTFIX_CERTIFICATE_EXPIRED] = { 204, "certificate-expired" },
	[POSTFIX_VALIDATION_FAILURE] = { 205, "validation-failure" },
	[POSTFIX_STS_POLICY_FETCH_ERROR] = { 301, "sts-policy-fetch-error" },
	[POSTFIX_STS_POLICY_INVALID] = { 302, "sts-policy-invalid" },
	[POSTFIX_STS_WEBPKI_INVALID] = { 303, "sts-webpki-invalid" },
	[POSTFIX_TLSA_INVALID] = { 304, "tlsa-invalid" },
	[POSTFIX_DNSSEC_INVALID] = { 305, "dnssec-invalid" },
	[POSTFIX_DANE_REQUIRED] = { 306, "dane-required" },
	[POSTFIX_RESULT_UNKNOWN] = { 0, "unknown" },
};

enum postfix_result postfix_result_of_code(unsigned long long code)
{
	for (int r = POSTFIX_STARTTLS_NOT_SUPPORTED; r < POSTFIX_RESULT_UNKNOWN;
	     r++) {
		if (results[r].code == code) {
			return (enum postfix_result)r;
		}
	}
	return POSTFIX_RESULT_UNKNOWN;
}

static bool is_word(struct view given, const char *word)
{
	if (given.len != strlen(word)) {
		return false;
	}
	for (size_t i = 0; i < given.len; i++) {
		char c = given.s[i];

		if ((c == '_' ? '-' : ascii_lower(c)) != word[i]) {
			return false;
		}
	}
	return true;
}

enum postfix_result postfix_result_of_word(struct view word)
{
	for (int r = POSTFIX_STARTTLS_NOT_SUPPORTED; r < POSTFIX_RESULT_UNKNOWN;
	     r++) {
		if (is_word(word, results[r].word)) {
			return (enum postfix_result)r;
		}
	}
	return POSTFIX_RESULT_UNKNOWN;
}

const char *postfix_result_word(enum postfix_result r)
{
	return (unsigned)r < POSTFIX_RESULT_COUNT ? results[r].word : NULL;
}

const char *postfix_policy_word(enum postfix_policy p)
{
	switch (p) {
	case POSTFIX_POLICY_UNKNOWN:
		return "";
	case POSTFIX_POLICY_TLSA:
		return "tlsa";
	case POSTFIX_POLICY_STS:
		return "sts";
	case POSTFIX_POLICY_NONE:
		return "no-policy-found";
	}
	return NULL;
}

enum postfix_policy postfix_result_policy(
    enum postfix_result r, enum postfix_policy p)
{
	if (p != POSTFIX_POLICY_UNKNOWN) {
		return p;
	}
	if (r >= POSTFIX_STS_POLICY_FETCH_ERROR &&
	    r <= POSTFIX_STS_WEBPKI_INVALID) {
		return POSTFIX_POLICY_STS;
	}
	if (r >= POSTFIX_TLSA_INVALID && r <= POSTFIX_DANE_REQUIRED) {
		return POSTFIX_POLICY_TLSA;
	}
	return p;
}

struct view postfix_result_detail(struct view detail)
{
	if (detail.len > POSTFIX_DETAIL_MAX) {
		return view_make(NULL, 0);
	}
	for (size_t i = 0; i < detail.len; i++) {
		if (!ascii_is_visible(detail.s[i]) ||
		    ascii_is_one_of(detail.s[i], "\"\\")) {
			return view_make(NULL, 0);
		}
	}
	return detail;
}

bool postfix_verdict_add(char buf[POSTFIX_VERDICT_BUF], enum postfix_policy p,
    enum postfix_result r, struct view detail)
{
	size_t at = strlen(buf);
	size_t room;
	int n;

	detail = postfix_result_detail(detail);
	/* behind what is there, in place of its ']' */
	at -= at > 0 ? 1 : 0;
	room = POSTFIX_VERDICT_BUF - at;
	n = snprintf(buf + at, room,
	    "%s{\"type\":\"%s\",\"result\":\"%s\",\"reason\":\"%.*s\"}]",
	    at > 0 ? "," : "[", postfix_policy_word(p), postfix_result_word(r),
	    (int)detail.len, detail.len > 0 ? detail.s : "");
	if (n > 0 && (size_t)n < room) {
		return true;
	}
	buf[at] = '\0';
	if (at > 0) {
		buf[at] = ']';
		buf[at + 1] = '\0';
	}
	return false;
}

static void set_tls(struct postfix_seen *seen, enum fact_tls tls)
{
	if (!seen->has_tls) {
		seen->has_tls = true;
		seen->tls = tls;
	}
}

static void set_chain(struct postfix_seen *seen, enum fact_chain chain)
{
	if (seen->chain == FACT_CHAIN_UNKNOWN) {
		seen->chain = chain;
	}
}

static void set_dane(struct postfix_seen *seen, enum fact_dane dane)
{
	if (seen->dane == FACT_DANE_UNKNOWN) {
		seen->dane = dane;
	}
}

/* The reason of a validation failure: of the handshake, or OpenSSL's text. */
static void apply_validation(struct view detail, struct postfix_seen *seen)
{
	char text[POSTFIX_DETAIL_MAX + 1];

	if (view_is(detail, "tls-handshake-failure")) {
		set_tls(seen, FACT_TLS_FAILED);
		if (seen->reason[0] == '\0') {
			(void)view_copy(
			    detail, seen->reason, sizeof(seen->reason));
		}
		return;
	}
	set_tls(seen, FACT_TLS_OK);
	if (detail.len == 0 || !view_copy(detail, text, sizeof(text))) {
		/* what a policy's policy_failure= said, not the certificate */
		return;
	}
	for (char *c = text; *c != '\0'; c++) {
		if (*c == '_') {
			*c = ' ';
		}
	}
	set_chain(seen, tls_reason_chain(view_of(text)));
}

void postfix_result_apply(enum postfix_policy p, enum postfix_result r,
    struct view detail, struct postfix_seen *seen)
{
	switch (r) {
	case POSTFIX_CERTIFICATE_HOST_MISMATCH:
		set_tls(seen, FACT_TLS_OK);
		seen->name = FACT_NAME_MISMATCH;
		break;
	case POSTFIX_CERTIFICATE_NOT_TRUSTED:
		set_tls(seen, FACT_TLS_OK);
		if (p == POSTFIX_POLICY_TLSA) {
			set_dane(seen, FACT_DANE_MISMATCH);
		} else if (seen->dane == FACT_DANE_UNKNOWN) {
			set_chain(seen,
			    p == POSTFIX_POLICY_STS ? FACT_CHAIN_UNTRUSTED :
						      FACT_CHAIN_BAD);
		}
		break;
	case POSTFIX_CERTIFICATE_EXPIRED:
		set_tls(seen, FACT_TLS_OK);
		set_chain(seen, FACT_CHAIN_EXPIRED);
		break;
	case POSTFIX_VALIDATION_FAILURE:
		apply_validation(detail, seen);
		break;
	case POSTFIX_TLSA_INVALID:
		set_tls(seen, FACT_TLS_OK);
		set_dane(seen, FACT_DANE_UNUSABLE);
		break;
	case POSTFIX_DNSSEC_INVALID:
		set_tls(seen, FACT_TLS_NO_SESSION);
		set_dane(seen, FACT_DANE_LOOKUP_FAILED);
		break;
	case POSTFIX_DANE_REQUIRED:
		set_tls(seen, FACT_TLS_NO_SESSION);
		set_dane(seen, FACT_DANE_REQUIRED_MISSING);
		break;
	case POSTFIX_RESULT_SUCCESS:
	case POSTFIX_STS_POLICY_FETCH_ERROR:
	case POSTFIX_STS_POLICY_INVALID:
	case POSTFIX_STS_WEBPKI_INVALID:
		set_tls(seen, FACT_TLS_OK);
		break;
	case POSTFIX_STARTTLS_NOT_SUPPORTED:
	case POSTFIX_RESULT_UNKNOWN:
	case POSTFIX_RESULT_COUNT:
		break;
	}
}

/* "num=62:hostname mismatch": X509_V_ERR_..., then OpenSSL's text */
static void verify_number(struct view text, struct postfix_seen *seen)
{
	struct view digits;
	unsigned long long number = 0;

	if (!postfix_take_before(&text, ":", &digits) ||
	    view_number(digits, UINT16_MAX, &number) != 0) {
		seen->chain = FACT_CHAIN_BAD;
	} else if (number == 62) {
		seen->name = FACT_NAME_MISMATCH;
	} else if (number == 65) {
		seen->dane = FACT_DANE_MISMATCH;
	} else {
		seen->chain = tls_reason_chain(text);
	}
}

void postfix_result_verify(struct view text, struct postfix_seen *seen)
{
	static const struct {
		const char *text;
		enum fact_chain chain;
	} rows[] = {
		{ "certificate has expired", FACT_CHAIN_EXPIRED },
		{ "certificate not yet valid", FACT_CHAIN_NOT_YET_VALID },
		{ "self-signed certificate", FACT_CHAIN_SELF_SIGNED },
		{ "untrusted issuer ", FACT_CHAIN_UNTRUSTED },
		{ "not designated for use as a ", FACT_CHAIN_UNTRUSTED },
		{ "certificate chain longer than limit(",
		    FACT_CHAIN_UNTRUSTED },
		/* of the policy, not of the certificate */
		{ "external policy failure (", FACT_CHAIN_UNKNOWN },
	};

	if (view_take(&text, "num=")) {
		verify_number(text, seen);
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (view_starts(text, rows[i].text)) {
			seen->chain = rows[i].chain;
			return;
		}
	}
	/* "not trusted by local or TLSA policy" may be either */
	seen->chain = FACT_CHAIN_BAD;
}
