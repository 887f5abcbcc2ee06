/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_judge_policies.c - sessions under policies: a row for each line of
 * doc/results.md; test_judge_tlsa.c and test_judge_verdict.c have the rest
 */
#include "config.h"

#include "tests/unit/judge_rows.h"

/* TLS itself fails alike under any policy. */
static const struct {
	const char *name;
	struct fact fact;
	const char *want;
} tls_rows[] = {
	{ "not offered",
	    { .tls = FACT_TLS_NOT_OFFERED, MX, REASON("starttls-not-offered") },
	    "starttls-not-supported(starttls-not-offered)" },
	{ "not offered, nothing told", { .tls = FACT_TLS_NOT_OFFERED },
	    "starttls-not-supported(starttls-not-offered)" },
	{ "not offered or refused",
	    { .tls = FACT_TLS_NOT_OFFERED,
		REASON("starttls-not-offered-or-refused") },
	    "starttls-not-supported(starttls-not-offered-or-"
	    "refused)" },
	{ "not logged",
	    { .tls = FACT_TLS_NOT_OFFERED, REASON("tls-not-logged") },
	    "unknown" },
	{ "refused",
	    { .tls = FACT_TLS_REFUSED, MX, REASON("starttls-reply-454") },
	    "starttls-not-supported(starttls-reply-454)" },
	{ "refused, nothing told", { .tls = FACT_TLS_REFUSED },
	    "starttls-not-supported(starttls-refused)" },
	{ "alert of the peer",
	    { .tls = FACT_TLS_FAILED,
		MX,
		REASON("tls-remote-alert-40-handshake-failure") },
	    "validation-failure(tls-remote-alert-40-handshake-"
	    "failure)" },
	{ "alert of ours",
	    { .tls = FACT_TLS_FAILED,
		REASON("tls-local-alert-70-protocol-version") },
	    "validation-failure(tls-local-alert-70-protocol-"
	    "version)" },
	{ "closed",
	    { .tls = FACT_TLS_FAILED,
		REASON("connection-closed-during-handshake") },
	    "validation-failure(connection-closed-during-"
	    "handshake)" },
	{ "timeout",
	    { .tls = FACT_TLS_FAILED, REASON("timeout-during-handshake") },
	    "validation-failure(timeout-during-handshake)" },
	{ "not TLS", { .tls = FACT_TLS_FAILED, REASON("not-tls") },
	    "validation-failure(not-tls)" },
	{ "reason unknown", { .tls = FACT_TLS_FAILED },
	    "validation-failure(tls-handshake-failure)" },
	{ "reason is no token",
	    { .tls = FACT_TLS_FAILED, REASON("Peer said: x") },
	    "validation-failure(tls-handshake-failure)" },
	{ "a certificate that was not seen",
	    { .tls = FACT_TLS_FAILED,
		MX,
		CHAIN(EXPIRED),
		NAME(MISMATCH),
		DANE(UNKNOWN),
		VERS("TLSv1") },
	    "validation-failure(tls-handshake-failure)" },
	{ "many", { .tls = FACT_TLS_FAILED, REASON("overflow") },
	    "validation-failure(overflow)" },
	{ "no session", { NO_SESSION, MX }, "unknown" },
	{ "no such value", { .tls = FACT_TLS_COUNT, MX }, "unknown" },
};

static void test_tls(void **state)
{
	static const struct {
		enum judge_sample set;
		const char *policy;
	} policies[] = {
		{ NO_POLICY, "no-policy-found" },
		{ MODE_NONE, "no-policy-found" },
		{ ENFORCE, "sts" },
		{ TESTING, "sts" },
		{ MTA_STS, "sts" },
		{ TA, "tlsa" },
		{ EE, "tlsa" },
		{ TA_EE, "tlsa" },
		{ EE_ENFORCE, "tlsa" },
		{ MTA_TLSA, "tlsa" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(tls_rows); i++) {
		for (size_t k = 0; k < UNIT_LEN(policies); k++) {
			char want[512];
			struct judge_row row = { tls_rows[i].name,
				policies[k].set, tls_rows[i].fact, want };

			(void)snprintf(want, sizeof(want), "%s: %s",
			    policies[k].policy, tls_rows[i].want);
			judge_check(&row, 1, JUDGE_GOVERNING);
		}
	}
}

static const struct judge_row sts_rows[] = {
	{ "all holds", ENFORCE, { GOOD }, "sts: success" },
	{ "testing is as enforce (R52)", TESTING, { GOOD }, "sts: success" },
	{ "mode none is no policy (R53)", MODE_NONE, { OK, CHAIN(EXPIRED) },
	    "no-policy-found: success" },
	{ "by a wildcard", ENFORCE,
	    { OK, .mx = JUDGE_V("a.w.example"), CHAIN(OK), NAME(MATCH) },
	    "sts: success" },
	{ "chain unknown", ENFORCE, { OK, MX, NAME(MATCH) }, "sts: unknown" },
	{ "name unknown", ENFORCE, { OK, MX, CHAIN(OK) }, "sts: unknown" },
	{ "MX unknown", ENFORCE, { OK, CHAIN(OK), NAME(MATCH) },
	    "sts: unknown" },
	{ "expired", ENFORCE, { OK, MX, CHAIN(EXPIRED) },
	    "sts: certificate-expired" },
	{ "not yet valid", ENFORCE, { OK, MX, CHAIN(NOT_YET_VALID) },
	    "sts: certificate-not-trusted(not-yet-valid)" },
	{ "self-signed", TESTING, { OK, MX, CHAIN(SELF_SIGNED) },
	    "sts: certificate-not-trusted(self-signed)" },
	{ "unknown issuer", ENFORCE, { OK, MX, CHAIN(UNTRUSTED) },
	    "sts: certificate-not-trusted(unknown-issuer)" },
	{ "chain error of the fact's", ENFORCE,
	    { OK, MX, CHAIN(UNTRUSTED), REASON("ca-constraint") },
	    "sts: certificate-not-trusted(ca-constraint)" },
	{ "refused, reason unknown", ENFORCE, { OK, MX, CHAIN(BAD) },
	    "sts: certificate-not-trusted(reason-unknown)" },
	{ "wrong name", ENFORCE, { OK, MX, CHAIN(OK), NAME(MISMATCH) },
	    "sts: certificate-host-mismatch" },
	{ "wrong name, chain unknown", ENFORCE, { OK, MX, NAME(MISMATCH) },
	    "sts: certificate-host-mismatch" },
	{ "two errors (R76)", ENFORCE,
	    { OK, MX, CHAIN(EXPIRED), NAME(MISMATCH) },
	    "sts: certificate-expired, certificate-host-mismatch" },
	{ "all errors", TESTING,
	    { OK, MX_OTHER, CHAIN(EXPIRED), NAME(MISMATCH), VERS("TLSv1") },
	    "sts: validation-failure(mta-sts-mx-mismatch), "
	    "validation-failure(tls-version-too-old), "
	    "certificate-expired, certificate-host-mismatch" },
	{ "no such chain", ENFORCE, { OK, MX, CHAIN(COUNT), NAME(MATCH) },
	    "sts: unknown" },
	{ "no such name", ENFORCE, { OK, MX, CHAIN(OK), NAME(COUNT) },
	    "sts: unknown" },
	{ "TLS 1.3", ENFORCE, { GOOD, VERS("TLSv1.3") }, "sts: success" },
	{ "TLS 1.2", ENFORCE, { GOOD, VERS("TLSv1.2") }, "sts: success" },
	{ "TLS 1.1 (R232)", ENFORCE, { GOOD, VERS("TLSv1.1") },
	    "sts: validation-failure(tls-version-too-old)" },
	{ "TLS 1.0 (R232)", ENFORCE, { GOOD, VERS("TLSv1") },
	    "sts: validation-failure(tls-version-too-old)" },
	{ "SSL (R232)", ENFORCE, { GOOD, VERS("SSLv3") },
	    "sts: validation-failure(tls-version-too-old)" },
	{ "MX not in the policy", ENFORCE,
	    { OK, MX_OTHER, CHAIN(OK), NAME(MATCH) },
	    "sts: validation-failure(mta-sts-mx-mismatch)" },
	{ "MX not in the policy, chain unknown", TESTING, { OK, MX_OTHER },
	    "sts: validation-failure(mta-sts-mx-mismatch)" },
	{ "MX not in the policy, no TLS", ENFORCE,
	    { .tls = FACT_TLS_NOT_OFFERED, MX_OTHER },
	    "sts: starttls-not-supported(starttls-not-offered), "
	    "validation-failure(mta-sts-mx-mismatch)" },
	{ "MX not in the policy, no session (R238)", ENFORCE,
	    { NO_SESSION, MX_OTHER, REASON("mta-sts-mx-mismatch") },
	    "sts: validation-failure(mta-sts-mx-mismatch)" },
	{ "the same, the MX is not told", ENFORCE,
	    { NO_SESSION, REASON("mta-sts-mx-mismatch") },
	    "sts: validation-failure(mta-sts-mx-mismatch)" },
	{ "the same, by the MTA's policy alone", NO_POLICY,
	    { NO_SESSION, MX, REASON("mta-sts-mx-mismatch") },
	    "sts: validation-failure(mta-sts-mx-mismatch)" },
	{ "the same, nothing known", NOTHING_KNOWN,
	    { NO_SESSION, MX, REASON("mta-sts-mx-mismatch") },
	    "sts: validation-failure(mta-sts-mx-mismatch)" },
	{ "no session, MX not in the policy", ENFORCE, { NO_SESSION, MX_OTHER },
	    "sts: validation-failure(mta-sts-mx-mismatch)" },
	{ "no session, MX in the policy", ENFORCE, { NO_SESSION, MX },
	    "sts: unknown" },
	{ "many", ENFORCE,
	    { OK, CHAIN(BAD), NAME(MISMATCH), REASON("overflow") },
	    "sts: certificate-not-trusted(overflow), "
	    "certificate-host-mismatch(overflow)" },
	{ "our probe", ENFORCE,
	    { OK, MX, CHAIN(EXPIRED), NAME(MISMATCH), REASON("probed") },
	    "sts: certificate-expired(probed), "
	    "certificate-host-mismatch(probed)" },
	{ "our probe, a token", ENFORCE,
	    { OK, MX, CHAIN(UNTRUSTED), REASON("ca-constraint+probed") },
	    "sts: certificate-not-trusted(ca-constraint+probed)" },
	{ "our probe, our token", ENFORCE,
	    { OK, MX, CHAIN(SELF_SIGNED), REASON("x+probed") },
	    "sts: certificate-not-trusted(self-signed+probed)" },
	{ "our probe, nothing wrong", ENFORCE, { GOOD, REASON("probed") },
	    "sts: success" },
};

static void test_sts(void **state)
{
	(void)state;
	judge_check(sts_rows, UNIT_LEN(sts_rows), JUDGE_GOVERNING);
}

/* R217, "How failed fetches count". */
static const struct judge_row fetch_rows[] = {
	{ "fetch error", FETCH_ERROR, { GOOD },
	    "sts: sts-policy-fetch-error(http-404)" },
	{ "policy invalid", POLICY_INVALID, { GOOD },
	    "sts: sts-policy-invalid(syntax)" },
	{ "WebPKI invalid", WEBPKI_INVALID, { OK },
	    "sts: sts-webpki-invalid(certificate-expired)" },
	{ "the certificate is not judged", FETCH_ERROR,
	    { OK, MX_OTHER, CHAIN(EXPIRED), NAME(MISMATCH), VERS("TLSv1") },
	    "sts: sts-policy-fetch-error(http-404)" },
	{ "TLS fails too", FETCH_ERROR,
	    { .tls = FACT_TLS_REFUSED, REASON("starttls-reply-454") },
	    "sts: sts-policy-fetch-error(http-404), "
	    "starttls-not-supported(starttls-reply-454)" },
	{ "no session", FETCH_ERROR, { NO_SESSION },
	    "sts: sts-policy-fetch-error(http-404)" },
	{ "many", FETCH_ERROR, { .tls = FACT_TLS_FAILED, REASON("overflow") },
	    "sts: sts-policy-fetch-error(http-404), "
	    "validation-failure(overflow)" },
	{ "TLSA governs", EE_FETCH_ERROR, { OK, MX, DANE(MATCH) },
	    "tlsa: success" },
	{ "the MTA met the same", FETCH_ERROR,
	    { OK, SAID("sts", "sts-policy-fetch-error", "") },
	    "sts: sts-policy-fetch-error(http-404)" },
	{ "the MTA had a policy", FETCH_ERROR,
	    { OK, MX, SAID("sts", "success", "") }, "sts: unknown" },
	{ "the MTA verified by it", FETCH_ERROR,
	    { GOOD, LEVEL("secure"), SAID("sts", "success", "") },
	    "sts: success" },
	{ "the MTA refused by it", FETCH_ERROR,
	    { OK, MX, SAID("sts", "certificate-expired", "") },
	    "sts: certificate-expired" },
	{ "the MTA's policy has no such MX", FETCH_ERROR,
	    { NO_SESSION, MX, REASON("mta-sts-mx-mismatch") },
	    "sts: validation-failure(mta-sts-mx-mismatch)" },
	{ "told by the MTA alone", NO_POLICY,
	    { OK, SAID("sts", "sts-policy-fetch-error", "") },
	    "sts: sts-policy-fetch-error" },
	{ "the same, invalid", STS_UNKNOWN,
	    { OK, SAID("sts", "sts-policy-invalid", "x") },
	    "sts: sts-policy-invalid" },
	{ "the same, WebPKI", ENFORCE,
	    { GOOD, SAID("sts", "sts-webpki-invalid", "") },
	    "sts: sts-webpki-invalid" },
};

static void test_fetch(void **state)
{
	(void)state;
	judge_check(fetch_rows, UNIT_LEN(fetch_rows), JUDGE_GOVERNING);
}

/* R306 */
static const struct judge_row mx_bogus_rows[] = {
	{ "says the MTA", NO_POLICY, { NO_SESSION, REASON("mx-bogus") },
	    "no-policy-found: validation-failure(mx-bogus)" },
	{ "says the MTA, nothing known", NOTHING_KNOWN,
	    { NO_SESSION, REASON("mx-bogus") },
	    "no-policy-found: validation-failure(mx-bogus)" },
	{ "say we", MX_BOGUS, { NO_SESSION },
	    "no-policy-found: validation-failure(mx-bogus)" },
	{ "a policy is known", MX_BOGUS_ENFORCE, { NO_SESSION },
	    "sts: validation-failure(mx-bogus)" },
	{ "another reason", MX_BOGUS, { NO_SESSION, DANE(LOOKUP_FAILED) },
	    "tlsa: dnssec-invalid(tlsa-lookup-failed)" },
	{ "there was a session", MX_BOGUS, { GOOD }, "tlsa: unknown" },
	{ "there was one, no DANE", MX_BOGUS, { OK, DANE(NONE) },
	    "no-policy-found: success" },
	{ "the reason of a session", NO_POLICY, { OK, REASON("mx-bogus") },
	    "no-policy-found: success" },
};

static void test_mx_bogus(void **state)
{
	(void)state;
	judge_check(mx_bogus_rows, UNIT_LEN(mx_bogus_rows), JUDGE_GOVERNING);
}

/* Which policy governs (R45, R235, R316), and when that is not known. */
static const struct judge_row governing_rows[] = {
	{ "TLSA before STS", EE_ENFORCE, { GOOD, DANE(MISMATCH) },
	    "tlsa: validation-failure(dane-no-match)" },
	{ "TLSA before STS, DANE not told", EE_ENFORCE, { GOOD },
	    "tlsa: unknown" },
	{ "TLSA unknown", TLSA_UNKNOWN, { GOOD }, "tlsa: unknown" },
	{ "TLSA unknown, no TLS", TLSA_UNKNOWN, { .tls = FACT_TLS_NOT_OFFERED },
	    "tlsa: unknown" },
	{ "TLSA unknown, the MTA found none", TLSA_UNKNOWN,
	    { GOOD, DANE(NONE) }, "no-policy-found: success" },
	{ "TLSA unknown, the MTA found none, sts", TLSA_UNKNOWN_ENFORCE,
	    { GOOD, DANE(NONE) }, "sts: success" },
	{ "TLSA unknown, the MTA went by sts", TLSA_UNKNOWN_ENFORCE,
	    { OK, MX, SAID("sts", "success", "") }, "sts: success" },
	{ "TLSA unknown, the MTA went by none", TLSA_UNKNOWN,
	    { OK, MX, SAID("no-policy-found", "success", "") },
	    "no-policy-found: success" },
	{ "TLSA unknown, which is not told", TLSA_UNKNOWN,
	    { OK, MX, SAID("", "success", "") }, "tlsa: unknown" },
	{ "TLSA unknown, the MTA matched it", TLSA_UNKNOWN, { OK, DANE(MATCH) },
	    "tlsa: success" },
	{ "TLSA unknown, the MTA went by it", TLSA_UNKNOWN,
	    { OK, SAID("tlsa", "success", "") }, "tlsa: success" },
	{ "STS unknown", STS_UNKNOWN, { GOOD }, "sts: unknown" },
	{ "STS unknown, the MTA went by none", STS_UNKNOWN,
	    { GOOD, SAID("no-policy-found", "success", "") }, "sts: unknown" },
	{ "STS unknown, TLSA governs", STS_UNKNOWN, { OK, DANE(MATCH) },
	    "tlsa: success" },
	{ "nothing known", NOTHING_KNOWN, { GOOD }, "tlsa: unknown" },
	{ "the MTA's sts", MTA_ENFORCE, { GOOD }, "sts: success" },
	{ "the MTA's sts, other MX", MTA_ENFORCE,
	    { OK, MX_OTHER, CHAIN(OK), NAME(MATCH) },
	    "sts: validation-failure(mta-sts-mx-mismatch)" },
	{ "the MTA's sts without text", MTA_STS, { GOOD }, "sts: unknown" },
	{ "the same, verified", MTA_STS,
	    { OK, LEVEL("secure"), SAID("sts", "success", "") },
	    "sts: success" },
	{ "the MTA's tlsa", MTA_EE, { OK, DANE(MATCH) }, "tlsa: success" },
	{ "the MTA's tlsa without records", MTA_TLSA, { OK, DANE(MISMATCH) },
	    "tlsa: validation-failure(dane-no-match)" },
	{ "the same, expired", MTA_TLSA,
	    { OK, CHAIN(EXPIRED), SAID("tlsa", "certificate-expired", "") },
	    "tlsa: certificate-expired" },
	{ "the same, not told", MTA_TLSA, { GOOD }, "tlsa: unknown" },
};

static void test_governing(void **state)
{
	(void)state;
	judge_check(governing_rows, UNIT_LEN(governing_rows), JUDGE_GOVERNING);
}

/* JUDGE_ALL: side by side, each on its own. */
static const struct judge_row all_rows[] = {
	{ "both good", EE_ENFORCE, { GOOD, DANE(MATCH) },
	    "tlsa: success; sts: success" },
	{ "one fails", EE_ENFORCE, { GOOD, DANE(MISMATCH) },
	    "tlsa: validation-failure(dane-no-match); sts: success" },
	{ "the other fails", EE_ENFORCE,
	    { OK, MX, DANE(MATCH), CHAIN(SELF_SIGNED) },
	    "tlsa: success; "
	    "sts: certificate-not-trusted(self-signed)" },
	{ "one is not known", EE_ENFORCE, { GOOD },
	    "tlsa: unknown; sts: success" },
	{ "DANE says nothing of STS", EE_ENFORCE, { OK, MX, DANE(MATCH) },
	    "tlsa: success; sts: unknown" },
	{ "no TLS", EE_ENFORCE,
	    { .tls = FACT_TLS_REFUSED, MX, REASON("starttls-reply-454") },
	    "tlsa: starttls-not-supported(starttls-reply-454); "
	    "sts: starttls-not-supported(starttls-reply-454)" },
	{ "fetch error beside TLSA", EE_FETCH_ERROR, { OK, DANE(MATCH) },
	    "tlsa: success; sts: sts-policy-fetch-error(timeout)" },
	{ "only tlsa", EE, { OK, DANE(MATCH) }, "tlsa: success" },
	{ "only sts", ENFORCE, { GOOD }, "sts: success" },
	{ "neither", NO_POLICY, { GOOD }, "no-policy-found: success" },
	{ "mode none", MODE_NONE, { GOOD }, "no-policy-found: success" },
	{ "TLSA unknown", TLSA_UNKNOWN, { GOOD }, "tlsa: unknown" },
	{ "TLSA unknown beside sts", TLSA_UNKNOWN_ENFORCE, { GOOD },
	    "sts: success" },
	{ "STS unknown", STS_UNKNOWN, { GOOD }, "sts: unknown" },
	{ "STS unknown beside tlsa", STS_UNKNOWN, { OK, DANE(MATCH) },
	    "tlsa: success" },
	{ "nothing known", NOTHING_KNOWN, { GOOD }, "tlsa: unknown" },
	{ "MX bogus", MX_BOGUS_ENFORCE, { NO_SESSION },
	    "sts: validation-failure(mx-bogus)" },
};

static void test_all(void **state)
{
	(void)state;
	judge_check(all_rows, UNIT_LEN(all_rows), JUDGE_ALL);
}

static void test_null(void **state)
{
	struct fact fact = { .tls = FACT_TLS_REFUSED };
	struct judge_verdict v[JUDGE_VERDICTS];
	char buf[512];

	(void)state;
	UNIT_STR("governing",
	    judge_show(v, judge(&fact, NULL, JUDGE_GOVERNING, v), buf),
	    "no-policy-found: unknown");
	UNIT_STR("all", judge_show(v, judge(&fact, NULL, JUDGE_ALL, v), buf),
	    "no-policy-found: unknown");
}

/* R239: a refresh that failed while a cached policy was in force. */
static void test_event(void **state)
{
	static const struct {
		const char *name;
		struct policy_set set;
		const char *want;
	} rows[] = {
		{ "fetch error",
		    { .failed_at = 1,
			.failed = POLICY_STS_FETCH_ERROR,
			.sts_text = JUDGE_V(JUDGE_POLICY("enforce")),
			.sts_reason = JUDGE_V("timeout") },
		    "sts: sts-policy-fetch-error(timeout+cached-policy-"
		    "used)" },
		{ "the suffix is there",
		    { .failed_at = 1,
			.failed = POLICY_STS_FETCH_ERROR,
			.sts_text = JUDGE_V(JUDGE_POLICY("testing")),
			.sts_reason =
			    JUDGE_V("several-records+cached-policy-used") },
		    "sts: sts-policy-fetch-error(several-records+cached-"
		    "policy-used)" },
		{ "policy invalid",
		    { .failed_at = 1,
			.failed = POLICY_STS_POLICY_INVALID,
			.sts_reason = JUDGE_V("syntax") },
		    "sts: sts-policy-invalid(syntax+cached-policy-used)" },
		{ "WebPKI invalid",
		    { .failed_at = 1,
			.failed = POLICY_STS_WEBPKI_INVALID,
			.sts_reason = JUDGE_V("certificate-expired") },
		    "sts: sts-webpki-invalid(certificate-expired+cached-"
		    "policy-used)" },
		{ "no token",
		    { .failed_at = 1, .failed = POLICY_STS_FETCH_ERROR },
		    "sts: sts-policy-fetch-error(cached-policy-used)" },
		{ "no token of ours",
		    { .failed_at = 1,
			.failed = POLICY_STS_FETCH_ERROR,
			.sts_reason = JUDGE_V("HTTP/1.1 404 Not Found") },
		    "sts: sts-policy-fetch-error(cached-policy-used)" },
		{ "a long token",
		    { .failed_at = 1,
			.failed = POLICY_STS_FETCH_ERROR,
			.sts_reason = JUDGE_V("0123456789012345678901234567"
					      "89012345678901234567") },
		    "sts: sts-policy-fetch-error(01234567890123456789012345"
		    "6789012345678901234567)" },
		{ "mode none (R237)",
		    { .failed_at = 1,
			.failed = POLICY_STS_FETCH_ERROR,
			.sts_text = JUDGE_V(JUDGE_POLICY("none")),
			.sts_reason = JUDGE_V("timeout") },
		    "sts: unknown" },
		{ "no failure", { .failed_at = 1, .failed = POLICY_STS_FOUND },
		    "sts: unknown" },
		{ "no such one", { .failed = POLICY_STS_COUNT },
		    "sts: unknown" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct judge_verdict v;
		char buf[512];

		judge_event(&rows[i].set, &v);
		UNIT_STR(rows[i].name, judge_show(&v, 1, buf), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_sts),
		cmocka_unit_test(test_fetch),
		cmocka_unit_test(test_mx_bogus),
		cmocka_unit_test(test_governing),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_event),
	};

	return UNIT_RUN(tests);
}
