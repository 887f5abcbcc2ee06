/* SPDX-License-Identifier: BSD-2-Clause */
/* test_judge_explain.c - reasons of verdicts: what is told is what decided */
#include "config.h"

#include "tests/unit/judge_rows.h"

/* "+" allowed, "!" failed, "?" open, each with what it is about. */
static const char *show_why(
    const struct judge_why *why, size_t n, char buf[512])
{
	int at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		at += snprintf(
		    buf + at, 512 - (size_t)at, "%s", i > 0 ? ";" : "");
		for (size_t k = 0; k < why[i].n; k++) {
			const struct judge_step *s = &why[i].step[k];

			at += snprintf(buf + at, 512 - (size_t)at, "%s%c%s",
			    k > 0 ? " " : "",
			    s->effect == JUDGE_ALLOWS    ? '+' :
				s->effect == JUDGE_FAILS ? '!' :
							   '?',
			    s->about);
		}
	}
	assert_true(at >= 0 && at < 512);
	return buf;
}

static const struct judge_row rows[] = {
	{ "no policy", NO_POLICY, { OK, MX, CHAIN(EXPIRED) }, "+tls" },
	{ "no policy, refused", NO_POLICY, { .tls = FACT_TLS_REFUSED },
	    "!tls" },
	{ "no policy, no session", NO_POLICY, { NO_SESSION }, "?tls" },
	{ "not told", NO_POLICY,
	    { .tls = FACT_TLS_NOT_OFFERED, REASON("tls-not-logged") }, "?tls" },
	{ "forged MX lookup", MX_BOGUS, { NO_SESSION }, "!tls" },
	{ "sts, good", ENFORCE, { GOOD }, "+tls +mx +version +chain +name" },
	{ "sts, expired", ENFORCE, { OK, MX, CHAIN(EXPIRED), NAME(MATCH) },
	    "!chain" },
	{ "sts, two errors", ENFORCE,
	    { OK, MX, CHAIN(EXPIRED), NAME(MISMATCH) }, "!chain !name" },
	{ "sts, nothing told", ENFORCE, { OK, MX }, "?chain ?name" },
	{ "sts, name not told", ENFORCE, { OK, MX, CHAIN(OK) }, "?name" },
	{ "sts, expired, name not told", ENFORCE, { OK, MX, CHAIN(EXPIRED) },
	    "!chain" },
	{ "sts, other MX", ENFORCE, { OK, MX_OTHER, CHAIN(OK), NAME(MATCH) },
	    "!mx" },
	{ "sts, old TLS", ENFORCE, { GOOD, VERS("TLSv1") }, "!version" },
	{ "sts, refused", ENFORCE, { .tls = FACT_TLS_REFUSED, MX }, "!tls" },
	{ "fetch error", FETCH_ERROR, { GOOD }, "!mta-sts" },
	{ "fetch error, refused", FETCH_ERROR, { .tls = FACT_TLS_REFUSED, MX },
	    "!mta-sts !tls" },
	{ "usage 3, match", EE, { GOOD, DANE(MATCH) }, "+tls +dane" },
	{ "usage 2, match", TA, { GOOD, DANE(MATCH) }, "+tls +dane" },
	{ "usage 3, mismatch", EE, { GOOD, DANE(MISMATCH) }, "!dane" },
	{ "usage 2, mismatch, expired", TA,
	    { OK, MX, CHAIN(EXPIRED), DANE(MISMATCH) }, "!chain" },
	{ "DANE not told", EE, { GOOD }, "?dane" },
	{ "unusable", UNUSABLE, { GOOD }, "!dane" },
	{ "bogus", BOGUS, { GOOD }, "!dane" },
	{ "the MTA failed, why is not told", ENFORCE,
	    { GOOD, SAID("sts", "validation-failure", "") }, "!mta" },
	{ "not clear", ENFORCE, { GOOD, SAID("", "validation-failure", "") },
	    "?mta" },
	{ "the MTA failed, the fact says why", ENFORCE,
	    { OK, MX, CHAIN(EXPIRED), SAID("sts", "validation-failure", "") },
	    "!chain" },
	{ "which policy is not known", TLSA_UNKNOWN, { GOOD }, "" },
	{ "whether MTA-STS is not known", STS_UNKNOWN, { GOOD }, "" },
};

static void test_explain(void **state)
{
	char buf[512];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct judge_verdict v[JUDGE_VERDICTS];
		struct judge_why why[JUDGE_VERDICTS];
		size_t n = judge_explain(&rows[i].fact,
		    &judge_samples[rows[i].set], JUDGE_GOVERNING, v, why);

		UNIT_STR(rows[i].name, show_why(why, n, buf), rows[i].want);
	}
}

static void test_explain_all(void **state)
{
	static const struct fact good = { GOOD, DANE(MATCH) };
	struct judge_verdict v[JUDGE_VERDICTS];
	struct judge_why why[JUDGE_VERDICTS];
	char buf[512];
	size_t n =
	    judge_explain(&good, &judge_samples[EE_ENFORCE], JUDGE_ALL, v, why);

	(void)state;
	UNIT_STR("both", show_why(why, n, buf),
	    "+tls +dane;+tls +mx +version +chain +name");
	n = judge_explain(&good, NULL, JUDGE_ALL, v, why);
	UNIT_UINT("nothing known", n, 1);
	UNIT_UINT("steps", why[0].n, 0);
	UNIT_STR("tlsa", why[0].tlsa, "what was published is not known");
	UNIT_STR("sts", why[0].sts, "what was published is not known");
}

/* Each result has its step, and no step is one of another outcome. */
static void check_steps(const char *name, const struct judge_verdict *v,
    const struct judge_why *why)
{
	static const enum judge_effect effects[] = {
		[JUDGED_SUCCESS] = JUDGE_ALLOWS,
		[JUDGED_FAILURE] = JUDGE_FAILS,
		[JUDGED_UNKNOWN] = JUDGE_OPEN,
	};

	UNIT_TRUE(name, why->tlsa != NULL && why->sts != NULL);
	for (size_t i = 0; i < why->n; i++) {
		UNIT_UINT(name, why->step[i].effect, effects[v->outcome]);
		UNIT_TRUE(name, why->step[i].seen != NULL);
	}
	for (size_t i = 0; i < v->n; i++) {
		bool is_told = false;

		for (size_t k = 0; k < why->n; k++) {
			is_told =
			    is_told || why->step[k].type == v->result[i].type;
		}
		UNIT_TRUE(name, is_told);
	}
	UNIT_TRUE(name, v->outcome == JUDGED_UNKNOWN || why->n > 0);
}

static void check_same(const struct fact *f, const struct policy_set *set,
    const struct judge_verdict *got, size_t n)
{
	struct judge_verdict want[JUDGE_VERDICTS];
	char got_text[512];
	char want_text[512];

	UNIT_UINT("verdicts", n, judge(f, set, JUDGE_ALL, want));
	UNIT_STR("verdict", judge_show(got, n, got_text),
	    judge_show(want, n, want_text));
}

/* Every sample with every value of a fact: the verdict is the judge's own. */
static void test_same_verdict(void **state)
{
	enum {
		N = FACT_TLS_COUNT * FACT_CHAIN_COUNT * FACT_NAME_COUNT *
		    FACT_DANE_COUNT
	};

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		for (unsigned n = 0; n < N; n++) {
			unsigned at = n;
			struct fact f = { MX };
			struct judge_verdict v[JUDGE_VERDICTS];
			struct judge_why why[JUDGE_VERDICTS];
			size_t got;

			f.tls = (enum fact_tls)(at % FACT_TLS_COUNT);
			at /= FACT_TLS_COUNT;
			f.chain = (enum fact_chain)(at % FACT_CHAIN_COUNT);
			at /= FACT_CHAIN_COUNT;
			f.name = (enum fact_name)(at % FACT_NAME_COUNT);
			at /= FACT_NAME_COUNT;
			f.dane = (enum fact_dane)at;
			got = judge_explain(
			    &f, &judge_samples[i], JUDGE_ALL, v, why);
			/* a part, another one of each sample: it takes long */
			if (n % 8 == i % 8) {
				check_same(&f, &judge_samples[i], v, got);
			}
			for (size_t k = 0; k < got; k++) {
				check_steps("steps", &v[k], &why[k]);
			}
		}
	}
}

/* Which policy governs, in words. */
static void test_standing(void **state)
{
	static const struct {
		const char *name;
		enum judge_sample set;
		struct fact fact;
		const char *tlsa;
		const char *sts;
	} table[] = {
		{ "none", NO_POLICY, { GOOD }, "no TLSA records apply",
		    "there was no MTA-STS policy" },
		{ "sts", ENFORCE, { GOOD }, "no TLSA records apply",
		    "an MTA-STS policy was in force (RFC 8461 3)" },
		{ "mode none", MODE_NONE, { GOOD }, "no TLSA records apply",
		    "the MTA-STS policy has the mode none, which is no policy "
		    "(RFC 8461 5, R53)" },
		{ "fetch error", FETCH_ERROR, { GOOD }, "no TLSA records apply",
		    "an MTA-STS record was there, but no policy (RFC 8461 3.3, "
		    "R217)" },
		{ "tlsa", EE, { GOOD },
		    "there were TLSA records, which go before all else "
		    "(RFC 8461 2, R235)",
		    "there was no MTA-STS policy" },
		{ "bogus", BOGUS, { GOOD },
		    "the TLSA lookup failed under a secure address "
		    "(RFC 7672 2.1, R316)",
		    "there was no MTA-STS policy" },
		{ "demanded", DANE_DEMANDED, { GOOD },
		    "we demand DANE here (RFC 7672 6, R313)",
		    "there was no MTA-STS policy" },
		{ "the MTA's TLSA", NO_POLICY, { GOOD, DANE(MATCH) },
		    "the MTA tells that it judged by DANE (R45)",
		    "there was no MTA-STS policy" },
		{ "the MTA's sts", NO_POLICY,
		    { GOOD, SAID("sts", "success", "") },
		    "no TLSA records apply",
		    "the MTA tells that it went by an MTA-STS policy (R45)" },
		{ "nothing known", NOTHING_KNOWN, { GOOD },
		    "whether there were TLSA records is not known",
		    "whether there was an MTA-STS policy is not known" },
		{ "the MTA found none", TLSA_UNKNOWN, { GOOD, DANE(NONE) },
		    "the MTA found no TLSA records",
		    "there was no MTA-STS policy" },
		{ "the MTA went by another", TLSA_UNKNOWN,
		    { GOOD, SAID("sts", "success", "") },
		    "the MTA tells that it went by another policy (R45)",
		    "the MTA tells that it went by an MTA-STS policy (R45)" },
		{ "forged", MX_BOGUS, { NO_SESSION },
		    "no MX host is known that could have TLSA records (R306)",
		    "there was no MTA-STS policy" },
		{ "as the MTA told it", MTA_STS, { GOOD },
		    "the MTA tells that it went by another policy (R45)",
		    "the MTA tells of an MTA-STS policy (R45)" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct judge_verdict v[JUDGE_VERDICTS];
		struct judge_why why[JUDGE_VERDICTS];

		(void)judge_explain(&table[i].fact,
		    &judge_samples[table[i].set], JUDGE_GOVERNING, v, why);
		UNIT_STR(table[i].name, why[0].tlsa, table[i].tlsa);
		UNIT_STR(table[i].name, why[0].sts, table[i].sts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_all),
		cmocka_unit_test(test_same_verdict),
		cmocka_unit_test(test_standing),
	};

	return UNIT_RUN(tests);
}
