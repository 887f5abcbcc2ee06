/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge_table.c - what each value means under each policy
 *
 * doc/results.md as data: a block of rows for each field, a column for each
 * kind of policy. A value without a row means "unknown": nothing is judged that
 * was not seen. Why a session has these values, judge_fill.c says.
 */

#include "config.h"

#include "common/judge_private.h"

/* What a cell may hold. */
#define UNKNOWN                                        \
 {                                                     \
  JUDGE_SAYS_UNKNOWN, JUDGE_SUCCESS, NULL, NULL, false \
 }
#define NOTHING                                        \
 {                                                     \
  JUDGE_SAYS_NOTHING, JUDGE_SUCCESS, NULL, NULL, false \
 }
#define FAILURE(type, token)                                      \
 {                                                                \
  JUDGE_SAYS_FAILURE, JUDGE_##type, token, token "+probed", false \
 }
#define FAILURE_OWN(type, token)                                 \
 {                                                               \
  JUDGE_SAYS_FAILURE, JUDGE_##type, token, token "+probed", true \
 }
/* No token: the type says it all. */
#define FAILURE_BARE(type)                              \
 {                                                      \
  JUDGE_SAYS_FAILURE, JUDGE_##type, "", "probed", false \
 }

#define NOT_UNDERSTOOD "what was seen is not understood"

struct row {
	struct judge_cell cell[JUDGE_COLUMN_COUNT];
	const char *seen; /* the value in words; NULL: not worth to be told */
};

/* Rows by columns: no policy, sts, usage 2, usage 3 only. */
#define ROW(seen, none, sts, ta, ee) \
 {                                   \
  { none, sts, ta, ee }, (seen)      \
 }
#define ROW_ANY(seen, c) \
 {                       \
  { c, c, c, c }, (seen) \
 }

/* R217, "How failed fetches count": the token is that of the policy set. */
static const struct row sts_rows[POLICY_STS_COUNT] = {
	[POLICY_STS_UNKNOWN] = ROW_ANY(NULL, NOTHING),
	[POLICY_STS_NONE] = ROW_ANY(NULL, NOTHING),
	[POLICY_STS_FOUND] = ROW_ANY(NULL, NOTHING),
	/* RFC 8460 4.3.2.2, R68-R70, R77 */
	[POLICY_STS_FETCH_ERROR] =
	    ROW("the MTA-STS policy could not be fetched", NOTHING,
		FAILURE_BARE(STS_POLICY_FETCH_ERROR), NOTHING, NOTHING),
	[POLICY_STS_POLICY_INVALID] =
	    ROW("what the policy host serves is no MTA-STS policy", NOTHING,
		FAILURE_BARE(STS_POLICY_INVALID), NOTHING, NOTHING),
	[POLICY_STS_WEBPKI_INVALID] =
	    ROW("the policy host's certificate does not hold", NOTHING,
		FAILURE_BARE(STS_WEBPKI_INVALID), NOTHING, NOTHING),
};

static const struct row tls_rows[JUDGE_TLS_COUNT] = {
	/* RFC 8460 4.2.1, R40; R54: without a policy this is all it takes */
	[FACT_TLS_OK] = ROW_ANY("TLS came up", NOTHING),
	/* RFC 8460 4.3.1, R60; a log may not tell it from a refusal */
	[FACT_TLS_NOT_OFFERED] = ROW_ANY("STARTTLS was not offered",
	    FAILURE_OWN(STARTTLS_NOT_SUPPORTED, "starttls-not-offered")),
	/* R60: the reply code is in the fact's token */
	[FACT_TLS_REFUSED] = ROW_ANY("STARTTLS was refused",
	    FAILURE_OWN(STARTTLS_NOT_SUPPORTED, "starttls-refused")),
	/* RFC 8460 4.3.3, R64 */
	[FACT_TLS_FAILED] = ROW_ANY("the TLS handshake failed",
	    FAILURE_OWN(VALIDATION_FAILURE, "tls-handshake-failure")),
	/* nobody was asked for TLS */
	[FACT_TLS_NO_SESSION] = ROW_ANY("there was no connection", UNKNOWN),
	[FACT_TLS_COUNT] = ROW_ANY(NOT_UNDERSTOOD, UNKNOWN),
	/* RFC 7672 2.1.2, R306: the answer is known to be forged */
	[JUDGE_TLS_MX_BOGUS] = ROW_ANY("the answer to the MX lookup is forged",
	    FAILURE(VALIDATION_FAILURE, "mx-bogus")),
};

/* RFC 8461 4.1, R72, R230, R238 */
static const struct row mx_rows[JUDGE_MX_COUNT] = {
	[JUDGE_MX_UNKNOWN] =
	    ROW("whether the MX host is in the policy is not known", NOTHING,
		UNKNOWN, NOTHING, NOTHING),
	[JUDGE_MX_ALLOWED] = ROW_ANY("the MX host is in the policy", NOTHING),
	[JUDGE_MX_MISMATCH] = ROW("the MX host is not in the policy", NOTHING,
	    FAILURE(VALIDATION_FAILURE, "mta-sts-mx-mismatch"), NOTHING,
	    NOTHING),
};

/* RFC 8461 7.2, R232. An MTA that tells none is not taken to be old. */
static const struct row version_rows[JUDGE_VERSION_COUNT] = {
	[JUDGE_VERSION_UNKNOWN] = ROW_ANY(
	    "the version of TLS was not told, which is no obstacle", NOTHING),
	[JUDGE_VERSION_NEW] =
	    ROW_ANY("the version of TLS is 1.2 or newer", NOTHING),
	[JUDGE_VERSION_OLD] = ROW("the version of TLS is older than 1.2",
	    NOTHING, FAILURE(VALIDATION_FAILURE, "tls-version-too-old"),
	    NOTHING, NOTHING),
};

/*
 * R54: where no policy is, nobody asks for a certificate that holds. R308:
 * usage 3 asks for nothing but the match; that the MTA refused the certificate
 * says that it did not. RFC 8460 4.3.2.1, R62-R63 for the others.
 */
static const struct row chain_rows[FACT_CHAIN_COUNT] = {
	[FACT_CHAIN_UNKNOWN] =
	    ROW("whether the certificate is trusted was not told", NOTHING,
		UNKNOWN, NOTHING, NOTHING),
	[FACT_CHAIN_OK] = ROW_ANY("the certificate is trusted", NOTHING),
	[FACT_CHAIN_EXPIRED] = ROW("the certificate has expired", NOTHING,
	    FAILURE_BARE(CERTIFICATE_EXPIRED),
	    FAILURE_BARE(CERTIFICATE_EXPIRED), NOTHING),
	[FACT_CHAIN_NOT_YET_VALID] = ROW("the certificate is not valid yet",
	    NOTHING, FAILURE(CERTIFICATE_NOT_TRUSTED, "not-yet-valid"),
	    FAILURE(CERTIFICATE_NOT_TRUSTED, "not-yet-valid"), NOTHING),
	[FACT_CHAIN_SELF_SIGNED] = ROW("the certificate is self-signed",
	    NOTHING, FAILURE(CERTIFICATE_NOT_TRUSTED, "self-signed"),
	    FAILURE(CERTIFICATE_NOT_TRUSTED, "self-signed"), NOTHING),
	[FACT_CHAIN_UNTRUSTED] = ROW(
	    "the certificate does not lead to a root that is trusted", NOTHING,
	    FAILURE_OWN(CERTIFICATE_NOT_TRUSTED, "unknown-issuer"),
	    FAILURE_OWN(CERTIFICATE_NOT_TRUSTED, "unknown-issuer"), NOTHING),
	[FACT_CHAIN_BAD] =
	    ROW("the certificate was refused, and it was not told why", NOTHING,
		FAILURE_OWN(CERTIFICATE_NOT_TRUSTED, "reason-unknown"),
		FAILURE_OWN(CERTIFICATE_NOT_TRUSTED, "reason-unknown"),
		FAILURE(VALIDATION_FAILURE, "dane-no-match")),
};

/* R61 */
static const struct row name_rows[FACT_NAME_COUNT] = {
	[FACT_NAME_UNKNOWN] =
	    ROW("whose name is in the certificate was not told", NOTHING,
		UNKNOWN, NOTHING, NOTHING),
	[FACT_NAME_MATCH] =
	    ROW_ANY("the MX host's name is in the certificate", NOTHING),
	[FACT_NAME_MISMATCH] =
	    ROW("the MX host's name is not in the certificate", NOTHING,
		FAILURE_BARE(CERTIFICATE_HOST_MISMATCH),
		FAILURE_BARE(CERTIFICATE_HOST_MISMATCH), NOTHING),
};

/* RFC 8460 4.3.2.1, R65-R67, R73-R74. That no TLSA was found is in doubt where
   there are some. */
static const struct row dane_rows[JUDGE_DANE_COUNT] = {
	[FACT_DANE_UNKNOWN] = ROW("whether a TLSA record matched was not told",
	    NOTHING, NOTHING, UNKNOWN, UNKNOWN),
	[FACT_DANE_MATCH] = ROW_ANY("a TLSA record matched", NOTHING),
	[FACT_DANE_MISMATCH] = ROW("no TLSA record matched", NOTHING, NOTHING,
	    FAILURE(VALIDATION_FAILURE, "dane-no-match"),
	    FAILURE(VALIDATION_FAILURE, "dane-no-match")),
	[FACT_DANE_UNUSABLE] = ROW("none of the TLSA records can be used",
	    NOTHING, NOTHING, FAILURE(TLSA_INVALID, "all-tlsa-unusable"),
	    FAILURE(TLSA_INVALID, "all-tlsa-unusable")),
	[FACT_DANE_LOOKUP_FAILED] = ROW("the lookup of the TLSA records failed",
	    NOTHING, NOTHING, FAILURE(DNSSEC_INVALID, "tlsa-lookup-failed"),
	    FAILURE(DNSSEC_INVALID, "tlsa-lookup-failed")),
	[FACT_DANE_REQUIRED_MISSING] = ROW(
	    "DANE is demanded, and there are no TLSA records", NOTHING, NOTHING,
	    FAILURE_BARE(DANE_REQUIRED), FAILURE_BARE(DANE_REQUIRED)),
	[FACT_DANE_NONE] =
	    ROW("the MTA found no TLSA records, where there are some", NOTHING,
		NOTHING, UNKNOWN, UNKNOWN),
	[FACT_DANE_COUNT] = ROW_ANY(NOT_UNDERSTOOD, UNKNOWN),
	[JUDGE_DANE_BOGUS] = ROW("the answer to the TLSA lookup is forged",
	    NOTHING, NOTHING, FAILURE(DNSSEC_INVALID, "tlsa-bogus"),
	    FAILURE(DNSSEC_INVALID, "tlsa-bogus")),
	[JUDGE_DANE_EXPLAINED] = ROW_ANY(NULL, NOTHING),
};

static const struct row mta_rows[JUDGE_MTA_COUNT] = {
	[JUDGE_MTA_SILENT] = ROW_ANY(NULL, NOTHING),
	[JUDGE_MTA_REFUSED] =
	    ROW("the MTA says that it failed under this policy, and not why",
		NOTHING, FAILURE(VALIDATION_FAILURE, "reason-unknown"),
		FAILURE(VALIDATION_FAILURE, "reason-unknown"),
		FAILURE(VALIDATION_FAILURE, "reason-unknown")),
	[JUDGE_MTA_UNCLEAR] =
	    ROW("the MTA gave results of its own that are not clear", NOTHING,
		UNKNOWN, UNKNOWN, UNKNOWN),
};

/* What the columns ask of a field, and where that stands; NULL: nothing. */
static const struct {
	const char *word;
	const struct row *rows;
	unsigned n;
	const char *rule[JUDGE_COLUMN_COUNT];
} blocks[JUDGE_FIELD_COUNT] = {
	[JUDGE_FIELD_STS] = { "mta-sts", sts_rows, POLICY_STS_COUNT,
	    { NULL,
		"a record that promises a policy must be followed by one "
		"(RFC 8461 3.3, R217)",
		NULL, NULL } },
	[JUDGE_FIELD_TLS] = { "tls", tls_rows, JUDGE_TLS_COUNT,
	    { "without a policy it is enough that TLS comes up "
	      "(RFC 8460 4.2.1, R54)",
		"under MTA-STS a session must use TLS (RFC 8461 4, R237)",
		"under TLSA records a session must use TLS "
		"(RFC 7672 2.2, R304)",
		"under TLSA records a session must use TLS "
		"(RFC 7672 2.2, R304)" } },
	[JUDGE_FIELD_MX] = { "mx", mx_rows, JUDGE_MX_COUNT,
	    { NULL,
		"the MX host must match a pattern of the policy "
		"(RFC 8461 4.1, R230)",
		NULL, NULL } },
	[JUDGE_FIELD_VERSION] = { "version", version_rows, JUDGE_VERSION_COUNT,
	    { NULL, "MTA-STS asks for TLS 1.2 or newer (RFC 8461 7.2, R232)",
		NULL, NULL } },
	[JUDGE_FIELD_CHAIN] = { "chain", chain_rows, FACT_CHAIN_COUNT,
	    { NULL,
		"the certificate must be in its dates and lead to a trusted "
		"root (RFC 8461 4.2, R231)",
		"under usage 2 the certificate's chain must hold "
		"(RFC 7672 3.1.2, R311)",
		"usage 3 asks for nothing but the match (RFC 7672 3.1.1, "
		"R308)" } },
	[JUDGE_FIELD_NAME] = { "name", name_rows, FACT_NAME_COUNT,
	    { NULL,
		"the MX host's name must be in the certificate "
		"(RFC 8461 4.2, R231)",
		"under usage 2 the name must be in the certificate "
		"(RFC 7672 3.2.2, R309)",
		NULL } },
	[JUDGE_FIELD_DANE] = { "dane", dane_rows, JUDGE_DANE_COUNT,
	    { NULL, NULL,
		"a usable TLSA record must match (RFC 7672 2.2, R304)",
		"a usable TLSA record must match (RFC 7672 2.2, R304)" } },
	[JUDGE_FIELD_MTA] = { "mta", mta_rows, JUDGE_MTA_COUNT,
	    { NULL, "what the MTA calls a failure is no success (R45)",
		"what the MTA calls a failure is no success (R45)",
		"what the MTA calls a failure is no success (R45)" } },
};

const struct judge_cell *judge_cell(
    enum judge_field field, unsigned value, enum judge_column column)
{
	static const struct judge_cell unknown = UNKNOWN;

	return value < blocks[field].n ?
	    &blocks[field].rows[value].cell[column] :
	    &unknown;
}

const char *judge_field_word(enum judge_field field)
{
	return blocks[field].word;
}

const char *judge_field_seen(enum judge_field field, unsigned value)
{
	return value < blocks[field].n ? blocks[field].rows[value].seen :
					 NOT_UNDERSTOOD;
}

const char *judge_field_rule(enum judge_field field, enum judge_column column)
{
	return blocks[field].rule[column];
}
