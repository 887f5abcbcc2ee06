/* SPDX-License-Identifier: BSD-2-Clause */
/* test_judge_table.c - a row for every cell of the judge's table */
#include "config.h"

#include "common/judge_private.h"
#include "tests/unit/unit.h"

#define NOT_UNDERSTOOD "what was seen is not understood"
#define ALL(cell)      cell, cell, cell, cell

/* Columns: no policy, sts, usage 2, usage 3. "-" has no bearing, "?" is not
   judged; else result and token, and whether the fact's own token goes first.
 */
static const struct {
	enum judge_field field;
	unsigned value;
	const char *seen;
	const char *cell[JUDGE_COLUMN_COUNT];
} cells[] = {
	{ JUDGE_FIELD_STS, POLICY_STS_UNKNOWN, NULL, { ALL("-") } },
	{ JUDGE_FIELD_STS, POLICY_STS_NONE, NULL, { ALL("-") } },
	{ JUDGE_FIELD_STS, POLICY_STS_FOUND, NULL, { ALL("-") } },
	{ JUDGE_FIELD_STS, POLICY_STS_FETCH_ERROR,
	    "the MTA-STS policy could not be fetched",
	    { "-", "sts-policy-fetch-error", "-", "-" } },
	{ JUDGE_FIELD_STS, POLICY_STS_POLICY_INVALID,
	    "what the policy host serves is no MTA-STS policy",
	    { "-", "sts-policy-invalid", "-", "-" } },
	{ JUDGE_FIELD_STS, POLICY_STS_WEBPKI_INVALID,
	    "the policy host's certificate does not hold",
	    { "-", "sts-webpki-invalid", "-", "-" } },
	{ JUDGE_FIELD_STS, POLICY_STS_COUNT, NOT_UNDERSTOOD, { ALL("?") } },
	{ JUDGE_FIELD_TLS, FACT_TLS_OK, "TLS came up", { ALL("-") } },
	{ JUDGE_FIELD_TLS, FACT_TLS_NOT_OFFERED, "STARTTLS was not offered",
	    { ALL("starttls-not-supported starttls-not-offered (own)") } },
	{ JUDGE_FIELD_TLS, FACT_TLS_REFUSED, "STARTTLS was refused",
	    { ALL("starttls-not-supported starttls-refused (own)") } },
	{ JUDGE_FIELD_TLS, FACT_TLS_FAILED, "the TLS handshake failed",
	    { ALL("validation-failure tls-handshake-failure (own)") } },
	{ JUDGE_FIELD_TLS, FACT_TLS_NO_SESSION, "there was no connection",
	    { ALL("?") } },
	{ JUDGE_FIELD_TLS, FACT_TLS_COUNT, NOT_UNDERSTOOD, { ALL("?") } },
	{ JUDGE_FIELD_TLS, JUDGE_TLS_MX_BOGUS,
	    "the answer to the MX lookup is forged",
	    { ALL("validation-failure mx-bogus") } },
	{ JUDGE_FIELD_TLS, JUDGE_TLS_COUNT, NOT_UNDERSTOOD, { ALL("?") } },
	{ JUDGE_FIELD_MX, JUDGE_MX_UNKNOWN,
	    "whether the MX host is in the policy is not known",
	    { "-", "?", "-", "-" } },
	{ JUDGE_FIELD_MX, JUDGE_MX_ALLOWED, "the MX host is in the policy",
	    { ALL("-") } },
	{ JUDGE_FIELD_MX, JUDGE_MX_MISMATCH, "the MX host is not in the policy",
	    { "-", "validation-failure mta-sts-mx-mismatch", "-", "-" } },
	{ JUDGE_FIELD_MX, JUDGE_MX_COUNT, NOT_UNDERSTOOD, { ALL("?") } },
	{ JUDGE_FIELD_VERSION, JUDGE_VERSION_UNKNOWN,
	    "the version of TLS was not told, which is no obstacle",
	    { ALL("-") } },
	{ JUDGE_FIELD_VERSION, JUDGE_VERSION_NEW,
	    "the version of TLS is 1.2 or newer", { ALL("-") } },
	{ JUDGE_FIELD_VERSION, JUDGE_VERSION_OLD,
	    "the version of TLS is older than 1.2",
	    { "-", "validation-failure tls-version-too-old", "-", "-" } },
	{ JUDGE_FIELD_VERSION, JUDGE_VERSION_COUNT, NOT_UNDERSTOOD,
	    { ALL("?") } },
	{ JUDGE_FIELD_CHAIN, FACT_CHAIN_UNKNOWN,
	    "whether the certificate is trusted was not told",
	    { "-", "?", "-", "-" } },
	{ JUDGE_FIELD_CHAIN, FACT_CHAIN_OK, "the certificate is trusted",
	    { ALL("-") } },
	{ JUDGE_FIELD_CHAIN, FACT_CHAIN_EXPIRED, "the certificate has expired",
	    { "-", "certificate-expired", "certificate-expired", "-" } },
	{ JUDGE_FIELD_CHAIN, FACT_CHAIN_NOT_YET_VALID,
	    "the certificate is not valid yet",
	    { "-", "certificate-not-trusted not-yet-valid",
		"certificate-not-trusted not-yet-valid", "-" } },
	{ JUDGE_FIELD_CHAIN, FACT_CHAIN_SELF_SIGNED,
	    "the certificate is self-signed",
	    { "-", "certificate-not-trusted self-signed",
		"certificate-not-trusted self-signed", "-" } },
	{ JUDGE_FIELD_CHAIN, FACT_CHAIN_UNTRUSTED,
	    "the certificate does not lead to a root that is trusted",
	    { "-", "certificate-not-trusted unknown-issuer (own)",
		"certificate-not-trusted unknown-issuer (own)", "-" } },
	{ JUDGE_FIELD_CHAIN, FACT_CHAIN_BAD,
	    "the certificate was refused, and it was not told why",
	    { "-", "certificate-not-trusted reason-unknown (own)",
		"certificate-not-trusted reason-unknown (own)",
		"validation-failure dane-no-match" } },
	{ JUDGE_FIELD_CHAIN, FACT_CHAIN_COUNT, NOT_UNDERSTOOD, { ALL("?") } },
	{ JUDGE_FIELD_NAME, FACT_NAME_UNKNOWN,
	    "whose name is in the certificate was not told",
	    { "-", "?", "-", "-" } },
	{ JUDGE_FIELD_NAME, FACT_NAME_MATCH,
	    "the MX host's name is in the certificate", { ALL("-") } },
	{ JUDGE_FIELD_NAME, FACT_NAME_MISMATCH,
	    "the MX host's name is not in the certificate",
	    { "-", "certificate-host-mismatch", "certificate-host-mismatch",
		"-" } },
	{ JUDGE_FIELD_NAME, FACT_NAME_COUNT, NOT_UNDERSTOOD, { ALL("?") } },
	{ JUDGE_FIELD_DANE, FACT_DANE_UNKNOWN,
	    "whether a TLSA record matched was not told",
	    { "-", "-", "?", "?" } },
	{ JUDGE_FIELD_DANE, FACT_DANE_MATCH, "a TLSA record matched",
	    { ALL("-") } },
	{ JUDGE_FIELD_DANE, FACT_DANE_MISMATCH, "no TLSA record matched",
	    { "-", "-", "validation-failure dane-no-match",
		"validation-failure dane-no-match" } },
	{ JUDGE_FIELD_DANE, FACT_DANE_UNUSABLE,
	    "none of the TLSA records can be used",
	    { "-", "-", "tlsa-invalid all-tlsa-unusable",
		"tlsa-invalid all-tlsa-unusable" } },
	{ JUDGE_FIELD_DANE, FACT_DANE_LOOKUP_FAILED,
	    "the lookup of the TLSA records failed",
	    { "-", "-", "dnssec-invalid tlsa-lookup-failed",
		"dnssec-invalid tlsa-lookup-failed" } },
	{ JUDGE_FIELD_DANE, FACT_DANE_REQUIRED_MISSING,
	    "DANE is demanded, and there are no TLSA records",
	    { "-", "-", "dane-required", "dane-required" } },
	{ JUDGE_FIELD_DANE, FACT_DANE_NONE,
	    "the MTA found no TLSA records, where there are some",
	    { "-", "-", "?", "?" } },
	{ JUDGE_FIELD_DANE, FACT_DANE_COUNT, NOT_UNDERSTOOD, { ALL("?") } },
	{ JUDGE_FIELD_DANE, JUDGE_DANE_BOGUS,
	    "the answer to the TLSA lookup is forged",
	    { "-", "-", "dnssec-invalid tlsa-bogus",
		"dnssec-invalid tlsa-bogus" } },
	{ JUDGE_FIELD_DANE, JUDGE_DANE_EXPLAINED, NULL, { ALL("-") } },
	{ JUDGE_FIELD_DANE, JUDGE_DANE_COUNT, NOT_UNDERSTOOD, { ALL("?") } },
	{ JUDGE_FIELD_MTA, JUDGE_MTA_SILENT, NULL, { ALL("-") } },
	{ JUDGE_FIELD_MTA, JUDGE_MTA_REFUSED,
	    "the MTA says that it failed under this policy, and not why",
	    { "-", "validation-failure reason-unknown",
		"validation-failure reason-unknown",
		"validation-failure reason-unknown" } },
	{ JUDGE_FIELD_MTA, JUDGE_MTA_UNCLEAR,
	    "the MTA gave results of its own that are not clear",
	    { "-", "?", "?", "?" } },
	{ JUDGE_FIELD_MTA, JUDGE_MTA_COUNT, NOT_UNDERSTOOD, { ALL("?") } },
};

/* What the columns ask of a field. */
static const struct {
	const char *word;
	const char *rule[JUDGE_COLUMN_COUNT];
} rules[JUDGE_FIELD_COUNT] = {
	{ "mta-sts",
	    { NULL,
		"a record that promises a policy must be followed by one (RFC 8461 3.3, R217)",
		NULL, NULL } },
	{ "tls",
	    { "without a policy it is enough that TLS comes up (RFC 8460 4.2.1, R54)",
		"under MTA-STS a session must use TLS (RFC 8461 4, R237)",
		"under TLSA records a session must use TLS (RFC 7672 2.2, R304)",
		"under TLSA records a session must use TLS (RFC 7672 2.2, R304)" } },
	{ "mx",
	    { NULL,
		"the MX host must match a pattern of the policy (RFC 8461 4.1, R230)",
		NULL, NULL } },
	{ "version",
	    { NULL, "MTA-STS asks for TLS 1.2 or newer (RFC 8461 7.2, R232)",
		NULL, NULL } },
	{ "chain",
	    { NULL,
		"the certificate must be in its dates and lead to a trusted root (RFC 8461 4.2, R231)",
		"under usage 2 the certificate's chain must hold (RFC 7672 3.1.2, R311)",
		"usage 3 asks for nothing but the match (RFC 7672 3.1.1, R308)" } },
	{ "name",
	    { NULL,
		"the MX host's name must be in the certificate (RFC 8461 4.2, R231)",
		"under usage 2 the name must be in the certificate (RFC 7672 3.2.2, R309)",
		NULL } },
	{ "dane",
	    { NULL, NULL,
		"a usable TLSA record must match (RFC 7672 2.2, R304)",
		"a usable TLSA record must match (RFC 7672 2.2, R304)" } },
	{ "mta",
	    { NULL, "what the MTA calls a failure is no success (R45)",
		"what the MTA calls a failure is no success (R45)",
		"what the MTA calls a failure is no success (R45)" } },
};

static const char *show_cell(const struct judge_cell *c, char buf[128])
{
	switch (c->says) {
	case JUDGE_SAYS_UNKNOWN:
		return "?";
	case JUDGE_SAYS_NOTHING:
		return "-";
	case JUDGE_SAYS_FAILURE:
		break;
	}
	(void)snprintf(buf, 128, "%s%s%s%s", judge_type_word(c->type),
	    c->token[0] != '\0' ? " " : "", c->token,
	    c->is_own ? " (own)" : "");
	return buf;
}

static void test_cells(void **state)
{
	char name[64];
	char buf[128];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(cells); i++) {
		(void)snprintf(name, sizeof(name), "%s %u",
		    judge_field_word(cells[i].field), cells[i].value);
		UNIT_STR(name, judge_field_seen(cells[i].field, cells[i].value),
		    cells[i].seen);
		for (int c = 0; c < JUDGE_COLUMN_COUNT; c++) {
			UNIT_STR(name,
			    show_cell(judge_cell(cells[i].field, cells[i].value,
					  (enum judge_column)c),
				buf),
			    cells[i].cell[c]);
		}
	}
}

/* Fields and values in order, each field up to its first value without row. */
static void test_cells_complete(void **state)
{
	static const unsigned counts[JUDGE_FIELD_COUNT] = { POLICY_STS_COUNT,
		JUDGE_TLS_COUNT, JUDGE_MX_COUNT, JUDGE_VERSION_COUNT,
		FACT_CHAIN_COUNT, FACT_NAME_COUNT, JUDGE_DANE_COUNT,
		JUDGE_MTA_COUNT };
	size_t at = 0;

	(void)state;
	for (unsigned f = 0; f < JUDGE_FIELD_COUNT; f++) {
		for (unsigned v = 0; v <= counts[f]; v++, at++) {
			UNIT_TRUE("rows", at < UNIT_LEN(cells));
			UNIT_UINT("field", cells[at].field, f);
			UNIT_UINT("value", cells[at].value, v);
		}
	}
	UNIT_UINT("rows", UNIT_LEN(cells), at);
}

static void test_rules(void **state)
{
	(void)state;
	for (int f = 0; f < JUDGE_FIELD_COUNT; f++) {
		enum judge_field field = (enum judge_field)f;

		UNIT_STR("field", judge_field_word(field), rules[f].word);
		for (int c = 0; c < JUDGE_COLUMN_COUNT; c++) {
			UNIT_STR(rules[f].word,
			    judge_field_rule(field, (enum judge_column)c),
			    rules[f].rule[c]);
		}
	}
}

/* What fails, or must be known, has a rule that says so. */
static void test_rules_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(cells); i++) {
		for (int c = 0; c < JUDGE_COLUMN_COUNT; c++) {
			const char *cell = cells[i].cell[c];
			bool is_told = strcmp(cell, "-") == 0 ||
			    strcmp(cells[i].seen, NOT_UNDERSTOOD) == 0 ||
			    rules[cells[i].field].rule[c] != NULL;

			UNIT_TRUE(cell, is_told);
		}
	}
}

/* RFC 8460 4.3: where each type of the registry is defined. */
static void test_type_rules(void **state)
{
	static const char *const want[] = { "RFC 8460 4.2.1, R40",
		"RFC 8460 4.3.1, R60", "RFC 8460 4.3.1, R61",
		"RFC 8460 4.3.1, R62", "RFC 8460 4.3.1, R63",
		"RFC 8460 4.3.3, R64", "RFC 8460 4.3.2.1, R65",
		"RFC 8460 4.3.2.1, R66", "RFC 8460 4.3.2.1, R67",
		"RFC 8460 4.3.2.2, R68", "RFC 8460 4.3.2.2, R69",
		"RFC 8460 4.3.2.2, R70", NULL };

	(void)state;
	for (int t = 0; t <= JUDGE_TYPE_COUNT; t++) {
		UNIT_STR("type", judge_type_rule((enum judge_type)t), want[t]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_cells_complete),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_complete),
		cmocka_unit_test(test_type_rules),
	};

	return UNIT_RUN(tests);
}
