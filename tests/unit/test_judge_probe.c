/* SPDX-License-Identifier: BSD-2-Clause */
/* test_judge_probe.c - tests common/judge_probe.c: what a probe settles */
#include "config.h"

#include "common/policy_probe.h"
#include "tests/unit/judge_rows.h"

/* What a probe saw; by no records, unless they are named. */
#define BY(list) \
 .records = (list), .n_records = UNIT_LEN(list), .base = JUDGE_V("mx.d.example")
#define DANE_CHAIN(x)   .dane_chain = FACT_CHAIN_##x
#define DANE_NAME(x)    .dane_name = FACT_NAME_##x
#define CHAIN_REASON(s) .chain_reason = JUDGE_V(s)
#define DANE_REASON(s)  .dane_reason = JUDGE_V(s)
#define ALL_GOOD        CHAIN(OK), NAME(MATCH)
#define MATCHES         DANE(MATCH), DANE_CHAIN(OK), DANE_NAME(MATCH)
#define OPEN            OK, MX /* nothing was told but that there was TLS */
#define LONG_REASON                                                \
 "a23456789-a23456789-a23456789-a23456789-a23456789-a23456789-xyz" \
 "1"

static const struct {
	const char *name;
	enum judge_sample set;
	struct fact fact;
	struct policy_probe probe;
	const char *want;
	bool is_probed;
} rows[] = {
	/* --- MTA-STS: chain and name --- */
	{ "good", ENFORCE, { OPEN }, { ALL_GOOD }, "sts: success", true },
	{ "testing", TESTING, { OPEN }, { ALL_GOOD }, "sts: success", true },
	{ "only the name was open", ENFORCE, { OPEN, CHAIN(OK) }, { ALL_GOOD },
	    "sts: success", true },
	{ "only the chain was open", ENFORCE, { OPEN, NAME(MATCH) },
	    { ALL_GOOD }, "sts: success", true },
	{ "expired", ENFORCE, { OPEN }, { CHAIN(EXPIRED), NAME(MATCH) },
	    "sts: certificate-expired(probed)", true },
	{ "not yet valid", ENFORCE, { OPEN },
	    { CHAIN(NOT_YET_VALID), NAME(MATCH) },
	    "sts: certificate-not-trusted(not-yet-valid+probed)", true },
	{ "self-signed", ENFORCE, { OPEN }, { CHAIN(SELF_SIGNED), NAME(MATCH) },
	    "sts: certificate-not-trusted(self-signed+probed)", true },
	{ "unknown issuer", ENFORCE, { OPEN },
	    { CHAIN(UNTRUSTED), CHAIN_REASON("unknown-issuer"), NAME(MATCH) },
	    "sts: certificate-not-trusted(unknown-issuer+probed)", true },
	{ "another fault of the chain", ENFORCE, { OPEN },
	    { CHAIN(UNTRUSTED), CHAIN_REASON("certificate-chain-invalid"),
		NAME(MATCH) },
	    "sts: certificate-not-trusted(certificate-chain-invalid+probed)",
	    true },
	{ "untrusted, no token", ENFORCE, { OPEN },
	    { CHAIN(UNTRUSTED), NAME(MATCH) },
	    "sts: certificate-not-trusted(unknown-issuer+probed)", true },
	{ "a token that gets too long", ENFORCE, { OPEN },
	    { CHAIN(UNTRUSTED), CHAIN_REASON(LONG_REASON), NAME(MATCH) },
	    "sts: certificate-not-trusted(unknown-issuer+probed)", true },
	{ "another name", ENFORCE, { OPEN }, { CHAIN(OK), NAME(MISMATCH) },
	    "sts: certificate-host-mismatch(probed)", true },
	{ "both", ENFORCE, { OPEN }, { CHAIN(EXPIRED), NAME(MISMATCH) },
	    "sts: certificate-expired(probed), "
	    "certificate-host-mismatch(probed)",
	    true },
	{ "no roots, another name", ENFORCE, { OPEN }, { NAME(MISMATCH) },
	    "sts: certificate-host-mismatch(probed)", true },
	/* what it could not see stays unknown */
	{ "no roots", ENFORCE, { OPEN }, { NAME(MATCH) }, "sts: unknown",
	    false },
	{ "no roots, and they are not needed", ENFORCE, { OPEN, CHAIN(OK) },
	    { NAME(MATCH) }, "sts: success", true },
	{ "it saw nothing", ENFORCE, { OPEN }, { .at = 1 }, "sts: unknown",
	    false },
	/* what the MTA told stands */
	{ "the MTA saw all", ENFORCE, { GOOD },
	    { CHAIN(EXPIRED), NAME(MISMATCH) }, "sts: success", false },
	{ "the MTA trusts the chain", ENFORCE, { OPEN, CHAIN(OK) },
	    { CHAIN(UNTRUSTED), NAME(MATCH) }, "sts: success", true },
	{ "the MTA saw the name", ENFORCE, { OPEN, NAME(MATCH) },
	    { CHAIN(OK), NAME(MISMATCH) }, "sts: success", true },
	{ "the MTA refused it", ENFORCE, { OPEN, CHAIN(BAD) }, { ALL_GOOD },
	    "sts: certificate-not-trusted(reason-unknown)", false },
	{ "the MTA saw another name", ENFORCE, { OPEN, NAME(MISMATCH) },
	    { ALL_GOOD }, "sts: certificate-host-mismatch", false },
	{ "an old version", ENFORCE, { OPEN, VERS("TLSv1.1") }, { ALL_GOOD },
	    "sts: validation-failure(tls-version-too-old)", false },
	{ "the MTA verified it", ENFORCE,
	    { OPEN, LEVEL("secure"), SAID("sts", "success", "") },
	    { CHAIN(EXPIRED) }, "sts: success", false },
	{ "what it says is not clear", ENFORCE,
	    { OPEN, SAID("", "validation-failure", "x") }, { ALL_GOOD },
	    "sts: unknown", false },
	/* what no probe settles */
	{ "not in the policy", ENFORCE, { OK, MX_OTHER }, { ALL_GOOD },
	    "sts: validation-failure(mta-sts-mx-mismatch)", false },
	{ "its text is not known", MTA_STS, { OPEN }, { ALL_GOOD },
	    "sts: unknown", false },
	{ "no TLS", ENFORCE, { .tls = FACT_TLS_NOT_OFFERED, MX }, { ALL_GOOD },
	    "sts: starttls-not-supported(starttls-not-offered)", false },
	{ "handshake", ENFORCE, { .tls = FACT_TLS_FAILED, MX }, { ALL_GOOD },
	    "sts: validation-failure(tls-handshake-failure)", false },
	{ "no session", ENFORCE, { NO_SESSION, MX }, { ALL_GOOD },
	    "sts: unknown", false },
	{ "not told whether there was TLS", ENFORCE,
	    { .tls = FACT_TLS_NOT_OFFERED, MX, REASON("tls-not-logged") },
	    { ALL_GOOD }, "sts: unknown", false },
	{ "no policy", NO_POLICY, { OPEN }, { CHAIN(EXPIRED) },
	    "no-policy-found: success", false },
	{ "mode none", MODE_NONE, { OPEN }, { CHAIN(EXPIRED) },
	    "no-policy-found: success", false },
	{ "no policy to fall back on", FETCH_ERROR, { OPEN },
	    { CHAIN(EXPIRED) }, "sts: sts-policy-fetch-error(http-404)",
	    false },
	{ "TLSA is not known", TLSA_UNKNOWN_ENFORCE, { OPEN }, { ALL_GOOD },
	    "tlsa: unknown", false },
	{ "MTA-STS is not known", STS_UNKNOWN, { OPEN }, { ALL_GOOD },
	    "sts: unknown", false },
	{ "as the MTA tells the policy", MTA_ENFORCE,
	    { OPEN, SAID("sts", "success", ""), LEVEL("may") }, { ALL_GOOD },
	    "sts: success", true },

	/* --- TLSA records of usage 3 --- */
	{ "ee: match", EE, { OPEN }, { BY(judge_ee), MATCHES }, "tlsa: success",
	    true },
	{ "ee: no match", EE, { OPEN }, { BY(judge_ee), DANE(MISMATCH) },
	    "tlsa: validation-failure(dane-no-match+probed)", true },
	{ "ee: match, whatever the roots say", EE, { OPEN },
	    { BY(judge_ee), MATCHES, CHAIN(SELF_SIGNED), NAME(MISMATCH) },
	    "tlsa: success", true },
	{ "ee: the MTA's own roots say nothing", EE, { OPEN, CHAIN(UNTRUSTED) },
	    { BY(judge_ee), MATCHES }, "tlsa: success", true },
	{ "ee: not compared", EE, { OPEN }, { BY(judge_ee), ALL_GOOD },
	    "tlsa: unknown", false },
	{ "ee: by no records", EE, { OPEN }, { MATCHES }, "tlsa: unknown",
	    false },
	{ "ee: by other records", EE, { OPEN }, { BY(judge_ta), MATCHES },
	    "tlsa: unknown", false },
	{ "ee: by more records", EE, { OPEN }, { BY(judge_both), MATCHES },
	    "tlsa: unknown", false },
	{ "ee: by those of another base domain", EE, { OPEN },
	    { .records = judge_ee,
		.n_records = 1,
		.base = JUDGE_V("else.example"),
		MATCHES },
	    "tlsa: unknown", false },
	{ "ee: the MTA saw a match", EE, { OPEN, DANE(MATCH) },
	    { BY(judge_ee), DANE(MISMATCH) }, "tlsa: success", false },
	{ "ee: the MTA saw none", EE, { OPEN, DANE(MISMATCH) },
	    { BY(judge_ee), MATCHES },
	    "tlsa: validation-failure(dane-no-match)", false },
	{ "ee: the MTA found no records", EE, { OPEN, DANE(NONE) },
	    { BY(judge_ee), MATCHES }, "tlsa: unknown", false },
	{ "ee: the MTA's result", EE, { OPEN, SAID("tlsa", "success", "") },
	    { BY(judge_ee), DANE(MISMATCH) }, "tlsa: success", false },
	{ "ee: as the MTA tells the records", MTA_EE, { OPEN },
	    { BY(judge_ee), MATCHES }, "tlsa: success", true },
	{ "ee: those are not told", MTA_TLSA, { OPEN },
	    { BY(judge_ee), MATCHES }, "tlsa: unknown", false },
	{ "ee: no TLS", EE, { .tls = FACT_TLS_FAILED, MX },
	    { BY(judge_ee), MATCHES },
	    "tlsa: validation-failure(tls-handshake-failure)", false },
	{ "unusable", UNUSABLE, { OPEN }, { BY(judge_unusable), MATCHES },
	    "tlsa: tlsa-invalid(all-tlsa-unusable)", false },
	{ "bogus", BOGUS, { OPEN }, { BY(judge_ee), MATCHES },
	    "tlsa: dnssec-invalid(tlsa-bogus)", false },
	{ "demanded", DANE_DEMANDED, { OPEN }, { BY(judge_ee), MATCHES },
	    "tlsa: dane-required", false },

	/* --- of usage 2 --- */
	{ "ta: match", TA, { OPEN }, { BY(judge_ta), MATCHES }, "tlsa: success",
	    true },
	{ "ta: no match", TA, { OPEN }, { BY(judge_ta), DANE(MISMATCH) },
	    "tlsa: validation-failure(dane-no-match+probed)", true },
	{ "ta: expired", TA, { OPEN },
	    { BY(judge_ta), DANE(MISMATCH), DANE_CHAIN(EXPIRED) },
	    "tlsa: certificate-expired(probed)", true },
	{ "ta: not yet valid", TA, { OPEN },
	    { BY(judge_ta), DANE(MISMATCH), DANE_CHAIN(NOT_YET_VALID) },
	    "tlsa: certificate-not-trusted(not-yet-valid+probed)", true },
	{ "ta: a fault of the chain", TA, { OPEN },
	    { BY(judge_ta), DANE(MISMATCH), DANE_CHAIN(UNTRUSTED),
		DANE_REASON("certificate-chain-invalid") },
	    "tlsa: certificate-not-trusted(certificate-chain-invalid+probed)",
	    true },
	{ "ta: another name", TA, { OPEN },
	    { BY(judge_ta), DANE(MISMATCH), DANE_CHAIN(OK),
		DANE_NAME(MISMATCH) },
	    "tlsa: certificate-host-mismatch(probed)", true },
	{ "ta: our own roots say nothing", TA, { OPEN },
	    { BY(judge_ta), DANE(MISMATCH), CHAIN(EXPIRED), NAME(MISMATCH) },
	    "tlsa: validation-failure(dane-no-match+probed)", true },
	{ "ta and ee: match", TA_EE, { OPEN }, { BY(judge_both), MATCHES },
	    "tlsa: success", true },
	{ "ta and ee: no match", TA_EE, { OPEN },
	    { BY(judge_both), DANE(MISMATCH) },
	    "tlsa: validation-failure(dane-no-match+probed)", true },
};

static void test_rows(void **state)
{
	char buf[512];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct policy_set set = judge_samples[rows[i].set];
		struct judge_verdict v[JUDGE_VERDICTS];
		size_t n;

		set.probe = &rows[i].probe;
		n = judge(&rows[i].fact, &set, JUDGE_GOVERNING, v);
		UNIT_STR(rows[i].name, judge_show(v, n, buf), rows[i].want);
		UNIT_BOOL(rows[i].name, v[0].is_probed, rows[i].is_probed);
		if (rows[i].is_probed) {
			set.probe = NULL;
			n = judge(&rows[i].fact, &set, JUDGE_GOVERNING, v);
			UNIT_INT(rows[i].name, v[0].outcome, JUDGED_UNKNOWN);
			UNIT_BOOL(rows[i].name, v[0].is_probed, false);
			UNIT_TRUE(rows[i].name,
			    judge_wants_probe(
				&rows[i].fact, &set, JUDGE_GOVERNING));
		}
	}
}

/* Each policy that is judged by itself has its own part of it. */
static void test_all(void **state)
{
	static const struct policy_probe probe = { CHAIN(EXPIRED), NAME(MATCH),
		BY(judge_ee), MATCHES };
	static const struct fact open = { OPEN };
	static const struct fact matched = { OPEN, DANE(MATCH) };
	struct policy_set set = judge_samples[EE_ENFORCE];
	struct judge_verdict v[JUDGE_VERDICTS];
	char buf[512];

	(void)state;
	set.probe = &probe;
	UNIT_STR("both", judge_show(v, judge(&open, &set, JUDGE_ALL, v), buf),
	    "tlsa: success; sts: certificate-expired(probed)");
	UNIT_STR("one", judge_show(v, judge(&matched, &set, JUDGE_ALL, v), buf),
	    "tlsa: success; sts: certificate-expired(probed)");
	UNIT_BOOL("tlsa", v[0].is_probed, false);
	UNIT_BOOL("sts", v[1].is_probed, true);
	UNIT_BOOL("the governing one is known",
	    judge_wants_probe(&matched, &set, JUDGE_GOVERNING), false);
	UNIT_BOOL("the other is not",
	    judge_wants_probe(&matched, &set, JUDGE_ALL), true);
}

static void test_wanted(void **state)
{
	static const struct {
		const char *name;
		enum judge_sample set;
		struct fact fact;
		bool want;
	} table[] = {
		{ "chain and name", ENFORCE, { OPEN }, true },
		{ "all is told", ENFORCE, { GOOD }, false },
		{ "it failed", ENFORCE, { OPEN, CHAIN(EXPIRED) }, false },
		{ "no TLS", ENFORCE, { .tls = FACT_TLS_NOT_OFFERED, MX },
		    false },
		{ "no policy", NO_POLICY, { OPEN }, false },
		{ "mode none", MODE_NONE, { OPEN }, false },
		{ "not in the policy", ENFORCE, { OK, MX_OTHER }, false },
		{ "the MX host is not known", ENFORCE, { OK }, false },
		{ "DANE", EE, { OPEN }, true },
		{ "DANE is told", EE, { OPEN, DANE(MISMATCH) }, false },
		{ "unusable", UNUSABLE, { OPEN }, false },
		{ "bogus", BOGUS, { OPEN }, false },
		{ "nothing is known", NOTHING_KNOWN, { OPEN }, false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].name,
		    judge_wants_probe(&table[i].fact,
			&judge_samples[table[i].set], JUDGE_GOVERNING),
		    table[i].want);
	}
}

/* The reasons are those of what the probe saw, or as without it. */
static void test_why(void **state)
{
	static const struct fact open = { OPEN };
	struct policy_probe probe = { CHAIN(EXPIRED), NAME(MATCH) };
	struct policy_set set = judge_samples[ENFORCE];
	struct judge_verdict v[JUDGE_VERDICTS];
	struct judge_why why[JUDGE_VERDICTS];

	(void)state;
	set.probe = &probe;
	(void)judge_explain(&open, &set, JUDGE_GOVERNING, v, why);
	UNIT_UINT("settled", why[0].n, 1);
	UNIT_STR("about", why[0].step[0].about, "chain");
	UNIT_INT("effect", why[0].step[0].effect, JUDGE_FAILS);
	probe.chain = FACT_CHAIN_UNKNOWN;
	(void)judge_explain(&open, &set, JUDGE_GOVERNING, v, why);
	UNIT_UINT("open", why[0].n, 2);
	UNIT_STR("about", why[0].step[0].about, "chain");
	UNIT_STR("about", why[0].step[1].about, "name");
	UNIT_INT("effect", why[0].step[0].effect, JUDGE_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_why),
	};

	return UNIT_RUN(tests);
}
