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

struct row {
	struct judge_cell cell[JUDGE_COLUMN_COUNT];
};

/* Rows by columns: no policy, sts, usage 2, usage 3 only. */
#define ROW(none, sts, ta, ee) \
 {                             \
  {                            \
   none, sts, ta, ee           \
  }                            \
 }
#define ROW_ANY(c) \
 {                 \
  {                \
   c, c, c, c      \
  }                \
 }

/* R217, "How failed fetches count": the token is that of the policy set. */
static const struct row sts_rows[POLICY_STS_COUNT] = {
	[POLICY_STS_UNKNOWN] = ROW_ANY(NOTHING),
	[POLICY_STS_NONE] = ROW_ANY(NOTHING),
	[POLICY_STS_FOUND] = ROW_ANY(NOTHING),
	/* RFC 8460 4.3.2.2, R68-R70, R77 */
	[POLICY_STS_FETCH_ERROR] = ROW(
	    NOTHING, FAILURE_BARE(STS_POLICY_FETCH_ERROR), NOTHING, NOTHING),
	[POLICY_STS_POLICY_INVALID] =
	    ROW(NOTHING, FAILURE_BARE(STS_POLICY_INVALID), NOTHING, NOTHING),
	[POLICY_STS_WEBPKI_INVALID] =
	    ROW(NOTHING, FAILURE_BARE(STS_WEBPKI_INVALID), NOTHING, NOTHING),
};

static const struct row tls_rows[JUDGE_TLS_COUNT] = {
	/* RFC 8460 4.2.1, R40; R54: without a policy this is all it takes */
	[FACT_TLS_OK] = ROW_ANY(NOTHING),
	/* RFC 8460 4.3.1, R60; a log may not tell it from a refusal */
	[FACT_TLS_NOT_OFFERED] = ROW_ANY(
	    FAILURE_OWN(STARTTLS_NOT_SUPPORTED, "starttls-not-offered")),
	/* R60: the reply code is in the fact's token */
	[FACT_TLS_REFUSED] =
	    ROW_ANY(FAILURE_OWN(STARTTLS_NOT_SUPPORTED, "starttls-refused")),
	/* RFC 8460 4.3.4, R64 */
	[FACT_TLS_FAILED] =
	    ROW_ANY(FAILURE_OWN(VALIDATION_FAILURE, "tls-handshake-failure")),
	/* nobody was asked for TLS */
	[FACT_TLS_NO_SESSION] = ROW_ANY(UNKNOWN),
	/* RFC 7672 2.1.2, R306: the answer is known to be forged */
	[JUDGE_TLS_MX_BOGUS] = ROW_ANY(FAILURE(VALIDATION_FAILURE, "mx-bogus")),
};

/* RFC 8461 4.1, R72, R230, R238 */
static const struct row mx_rows[JUDGE_MX_COUNT] = {
	[JUDGE_MX_UNKNOWN] = ROW(NOTHING, UNKNOWN, NOTHING, NOTHING),
	[JUDGE_MX_ALLOWED] = ROW_ANY(NOTHING),
	[JUDGE_MX_MISMATCH] =
	    ROW(NOTHING, FAILURE(VALIDATION_FAILURE, "mta-sts-mx-mismatch"),
		NOTHING, NOTHING),
};

/* RFC 8461 7.2, R232. An MTA that tells none is not taken to be old. */
static const struct row version_rows[JUDGE_VERSION_COUNT] = {
	[JUDGE_VERSION_UNKNOWN] = ROW_ANY(NOTHING),
	[JUDGE_VERSION_NEW] = ROW_ANY(NOTHING),
	[JUDGE_VERSION_OLD] =
	    ROW(NOTHING, FAILURE(VALIDATION_FAILURE, "tls-version-too-old"),
		NOTHING, NOTHING),
};

/*
 * R54: where no policy is, nobody asks for a certificate that holds. R308:
 * usage 3 asks for nothing but the match; that the MTA refused the certificate
 * says that it did not. RFC 8460 4.3.2.1, R62-R63 for the others.
 */
static const struct row chain_rows[FACT_CHAIN_COUNT] = {
	[FACT_CHAIN_UNKNOWN] = ROW(NOTHING, UNKNOWN, NOTHING, NOTHING),
	[FACT_CHAIN_OK] = ROW_ANY(NOTHING),
	[FACT_CHAIN_EXPIRED] = ROW(NOTHING, FAILURE_BARE(CERTIFICATE_EXPIRED),
	    FAILURE_BARE(CERTIFICATE_EXPIRED), NOTHING),
	[FACT_CHAIN_NOT_YET_VALID] =
	    ROW(NOTHING, FAILURE(CERTIFICATE_NOT_TRUSTED, "not-yet-valid"),
		FAILURE(CERTIFICATE_NOT_TRUSTED, "not-yet-valid"), NOTHING),
	[FACT_CHAIN_SELF_SIGNED] =
	    ROW(NOTHING, FAILURE(CERTIFICATE_NOT_TRUSTED, "self-signed"),
		FAILURE(CERTIFICATE_NOT_TRUSTED, "self-signed"), NOTHING),
	[FACT_CHAIN_UNTRUSTED] = ROW(NOTHING,
	    FAILURE_OWN(CERTIFICATE_NOT_TRUSTED, "unknown-issuer"),
	    FAILURE_OWN(CERTIFICATE_NOT_TRUSTED, "unknown-issuer"), NOTHING),
	[FACT_CHAIN_BAD] =
	    ROW(NOTHING, FAILURE_OWN(CERTIFICATE_NOT_TRUSTED, "reason-unknown"),
		FAILURE_OWN(CERTIFICATE_NOT_TRUSTED, "reason-unknown"),
		FAILURE(VALIDATION_FAILURE, "dane-no-match")),
};

/* R61 */
static const struct row name_rows[FACT_NAME_COUNT] = {
	[FACT_NAME_UNKNOWN] = ROW(NOTHING, UNKNOWN, NOTHING, NOTHING),
	[FACT_NAME_MATCH] = ROW_ANY(NOTHING),
	[FACT_NAME_MISMATCH] =
	    ROW(NOTHING, FAILURE_BARE(CERTIFICATE_HOST_MISMATCH),
		FAILURE_BARE(CERTIFICATE_HOST_MISMATCH), NOTHING),
};

/* RFC 8460 4.3.2.1, R65-R67, R73-R74. That no TLSA was found is in doubt where
   there are some. */
static const struct row dane_rows[JUDGE_DANE_COUNT] = {
	[FACT_DANE_UNKNOWN] = ROW(NOTHING, NOTHING, UNKNOWN, UNKNOWN),
	[FACT_DANE_MATCH] = ROW_ANY(NOTHING),
	[FACT_DANE_MISMATCH] =
	    ROW(NOTHING, NOTHING, FAILURE(VALIDATION_FAILURE, "dane-no-match"),
		FAILURE(VALIDATION_FAILURE, "dane-no-match")),
	[FACT_DANE_UNUSABLE] =
	    ROW(NOTHING, NOTHING, FAILURE(TLSA_INVALID, "all-tlsa-unusable"),
		FAILURE(TLSA_INVALID, "all-tlsa-unusable")),
	[FACT_DANE_LOOKUP_FAILED] =
	    ROW(NOTHING, NOTHING, FAILURE(DNSSEC_INVALID, "tlsa-lookup-failed"),
		FAILURE(DNSSEC_INVALID, "tlsa-lookup-failed")),
	[FACT_DANE_REQUIRED_MISSING] = ROW(NOTHING, NOTHING,
	    FAILURE_BARE(DANE_REQUIRED), FAILURE_BARE(DANE_REQUIRED)),
	[FACT_DANE_NONE] = ROW(NOTHING, NOTHING, UNKNOWN, UNKNOWN),
	[JUDGE_DANE_BOGUS] =
	    ROW(NOTHING, NOTHING, FAILURE(DNSSEC_INVALID, "tlsa-bogus"),
		FAILURE(DNSSEC_INVALID, "tlsa-bogus")),
	[JUDGE_DANE_EXPLAINED] = ROW_ANY(NOTHING),
};

static const struct row mta_rows[JUDGE_MTA_COUNT] = {
	[JUDGE_MTA_SILENT] = ROW_ANY(NOTHING),
	[JUDGE_MTA_REFUSED] =
	    ROW(NOTHING, FAILURE(VALIDATION_FAILURE, "reason-unknown"),
		FAILURE(VALIDATION_FAILURE, "reason-unknown"),
		FAILURE(VALIDATION_FAILURE, "reason-unknown")),
	[JUDGE_MTA_UNCLEAR] = ROW(NOTHING, UNKNOWN, UNKNOWN, UNKNOWN),
};

static const struct {
	const struct row *rows;
	unsigned n;
} blocks[JUDGE_FIELD_COUNT] = {
	[JUDGE_FIELD_STS] = { sts_rows, POLICY_STS_COUNT },
	[JUDGE_FIELD_TLS] = { tls_rows, JUDGE_TLS_COUNT },
	[JUDGE_FIELD_MX] = { mx_rows, JUDGE_MX_COUNT },
	[JUDGE_FIELD_VERSION] = { version_rows, JUDGE_VERSION_COUNT },
	[JUDGE_FIELD_CHAIN] = { chain_rows, FACT_CHAIN_COUNT },
	[JUDGE_FIELD_NAME] = { name_rows, FACT_NAME_COUNT },
	[JUDGE_FIELD_DANE] = { dane_rows, JUDGE_DANE_COUNT },
	[JUDGE_FIELD_MTA] = { mta_rows, JUDGE_MTA_COUNT },
};

const struct judge_cell *judge_cell(
    enum judge_field field, unsigned value, enum judge_column column)
{
	static const struct judge_cell unknown = UNKNOWN;

	return value < blocks[field].n ?
	    &blocks[field].rows[value].cell[column] :
	    &unknown;
}
