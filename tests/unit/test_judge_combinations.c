/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_judge_combinations.c - all values of all enums of a fact, under all
 * kinds of policies, with what else a fact may say: what always holds
 */
#include "config.h"

#include "common/fact.h"
#include "tests/unit/judge_kit.h"

#define SAID(type, result, reason) \
 "{\"type\":\"" type "\",\"result\":\"" result "\",\"reason\":\"" reason "\"}"

static const char *const verdicts[] = {
	"",
	"[" SAID("sts", "success", "") "]",
	"[" SAID("tlsa", "success", "") "]",
	"[" SAID("no-policy-found", "success", "") "]",
	"[" SAID("", "success", "verified") "]",
	"[" SAID("sts", "certificate-expired", "") "]",
	"[" SAID("tlsa", "certificate-expired", "") "]",
	"[" SAID("tlsa", "certificate-host-mismatch", "") "]",
	"[" SAID("sts", "certificate-host-mismatch", "") "]",
	"[" SAID("tlsa", "certificate-not-trusted", "") "]",
	"[" SAID("sts", "validation-failure", "Raw \xc3\xa4 text") "]",
	"[" SAID("tlsa", "validation-failure", "self-signed_certificate") "]",
	"[" SAID("sts", "sts-policy-fetch-error", "") "]",
	"[" SAID("sts", "dane-required", "") "]",
	"[" SAID("tlsa", "dane-required", "") "]",
	"[" SAID("tlsa", "dnssec-invalid", "") "]",
	"[" SAID("tlsa", "tlsa-invalid", "") "]",
	"[" SAID("tlsa", "sts-webpki-invalid", "") "]",
	"[" SAID("", "validation-failure", "") "]",
	"[" SAID("sts", "success", "") "," SAID("tlsa", "unknown", "x") "]",
	"[{",
};

static const char *const reasons[] = { "", "overflow", "starttls-reply-454",
	"mx-bogus", "mta-sts-mx-mismatch", "x+probed", "Raw text",
	"tls-not-logged" };
static const char *const levels[] = { "", "may", "dane", "secure" };
static const char *const hosts[] = { "mx.d.example", "", "mx.other.example" };
static const char *const versions[] = { "TLSv1.3", "", "TLSv1.1" };

enum {
	ENUMS = FACT_TLS_COUNT * FACT_CHAIN_COUNT * FACT_NAME_COUNT *
	    FACT_DANE_COUNT
};

static struct fact make_fact(unsigned n, unsigned more)
{
	struct fact f = { .tls = (enum fact_tls)(n % FACT_TLS_COUNT) };

	n /= FACT_TLS_COUNT;
	f.chain = (enum fact_chain)(n % FACT_CHAIN_COUNT);
	n /= FACT_CHAIN_COUNT;
	f.name = (enum fact_name)(n % FACT_NAME_COUNT);
	f.dane = (enum fact_dane)(n / FACT_NAME_COUNT);
	f.verdict = view_of(verdicts[more % UNIT_LEN(verdicts)]);
	more /= UNIT_LEN(verdicts);
	f.reason = view_of(reasons[more % UNIT_LEN(reasons)]);
	more /= UNIT_LEN(reasons);
	f.level = view_of(levels[more % UNIT_LEN(levels)]);
	more /= UNIT_LEN(levels);
	f.mx = view_of(hosts[more % UNIT_LEN(hosts)]);
	more /= UNIT_LEN(hosts);
	f.version = view_of(versions[more % UNIT_LEN(versions)]);
	return f;
}

/* R60-R70, R77: which type may stand under which policy. */
static bool fits(enum judge_policy policy, enum judge_type type)
{
	switch (type) {
	case JUDGE_STARTTLS_NOT_SUPPORTED:
	case JUDGE_VALIDATION_FAILURE:
		return true;
	case JUDGE_CERTIFICATE_HOST_MISMATCH:
	case JUDGE_CERTIFICATE_EXPIRED:
	case JUDGE_CERTIFICATE_NOT_TRUSTED:
		return policy != JUDGE_NO_POLICY_FOUND;
	case JUDGE_TLSA_INVALID:
	case JUDGE_DNSSEC_INVALID:
	case JUDGE_DANE_REQUIRED:
		return policy == JUDGE_TLSA;
	case JUDGE_STS_POLICY_FETCH_ERROR:
	case JUDGE_STS_POLICY_INVALID:
	case JUDGE_STS_WEBPKI_INVALID:
		return policy == JUDGE_STS;
	case JUDGE_SUCCESS:
	case JUDGE_TYPE_COUNT:
		break;
	}
	return false;
}

static bool is_ee_only(enum judge_sample sample)
{
	return sample == EE || sample == EE_ENFORCE ||
	    sample == EE_FETCH_ERROR || sample == MTA_EE;
}

static void check_results(
    const char *name, enum judge_sample sample, const struct judge_verdict *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct judge_result *r = &v->result[i];

		UNIT_TRUE(name, fits(v->policy, r->type));
		UNIT_TRUE(name, fact_is_reason(view_of(r->reason)));
		/* R308 */
		UNIT_TRUE(name,
		    v->policy != JUDGE_TLSA || !is_ee_only(sample) ||
			(r->type != JUDGE_CERTIFICATE_HOST_MISMATCH &&
			    r->type != JUDGE_CERTIFICATE_EXPIRED));
		for (size_t k = 0; k < i; k++) {
			UNIT_TRUE(name,
			    v->result[k].type != r->type ||
				strcmp(v->result[k].reason, r->reason) != 0);
		}
	}
}

static void check_verdict(const char *name, const struct fact *f,
    enum judge_sample sample, const struct judge_verdict *v)
{
	UNIT_TRUE(name, v->n <= JUDGE_RESULTS);
	UNIT_BOOL(name, v->n > 0, v->outcome == JUDGED_FAILURE);
	/* R40: a success is one of TLS, and nothing is known against it */
	UNIT_TRUE(name, v->outcome != JUDGED_SUCCESS || f->tls == FACT_TLS_OK);
	UNIT_TRUE(name, v->outcome == JUDGED_UNKNOWN || !fact_is_untold(f));
	if (v->outcome == JUDGED_SUCCESS && v->policy == JUDGE_STS) {
		UNIT_TRUE(
		    name, f->chain == FACT_CHAIN_OK || f->verdict.len > 0);
		UNIT_TRUE(
		    name, f->name == FACT_NAME_MATCH || f->verdict.len > 0);
		UNIT_TRUE(name, f->name != FACT_NAME_MISMATCH);
		UNIT_TRUE(name, !view_is(f->version, "TLSv1.1"));
	}
	if (v->outcome == JUDGED_SUCCESS && v->policy == JUDGE_TLSA) {
		UNIT_TRUE(name,
		    f->dane == FACT_DANE_MATCH ||
			(f->dane == FACT_DANE_UNKNOWN && f->verdict.len > 0));
	}
	check_results(name, sample, v);
}

/* The governing verdict is one of all, unless that is not known. */
static void check_both(const char *name, const struct fact *f,
    enum judge_sample sample, const struct judge_verdict *one)
{
	struct judge_verdict all[JUDGE_VERDICTS];
	const struct policy_set *set = &judge_samples[sample];
	size_t n = judge(f, set, JUDGE_ALL, all);
	bool is_found = false;

	UNIT_TRUE(name, n >= 1 && n <= JUDGE_VERDICTS);
	UNIT_TRUE(name, n == 1 || all[0].policy == JUDGE_TLSA);
	UNIT_TRUE(name, n == 1 || all[1].policy == JUDGE_STS);
	for (size_t i = 0; i < n; i++) {
		check_verdict(name, f, sample, &all[i]);
		is_found = is_found ||
		    (all[i].policy == one->policy &&
			all[i].outcome == one->outcome && all[i].n == one->n);
	}
	UNIT_TRUE(name, is_found || one->outcome == JUDGED_UNKNOWN);
}

static void check_one(unsigned n, unsigned more, enum judge_sample sample)
{
	struct fact f = make_fact(n, more);
	struct judge_verdict v[JUDGE_VERDICTS];
	char name[64];

	(void)snprintf(name, sizeof(name), "fact %u, more %u, set %u", n, more,
	    (unsigned)sample);
	UNIT_UINT(
	    name, judge(&f, &judge_samples[sample], JUDGE_GOVERNING, v), 1);
	check_verdict(name, &f, sample, &v[0]);
	check_both(name, &f, sample, &v[0]);
}

/* valgrind takes a hundred times as long: every so many of them are enough. */
static unsigned stride(unsigned n)
{
	return unit_is_valgrind() ? n : 1;
}

/* The enums alone. */
static void test_enums(void **state)
{
	(void)state;
	for (unsigned s = 0; s < SAMPLES; s++) {
		for (unsigned n = 0; n < ENUMS; n += stride(31)) {
			check_one(n, 0, (enum judge_sample)s);
		}
	}
}

/* With all else: each pair comes by, for the steps have no common divisor. */
static void test_more(void **state)
{
	(void)state;
	for (unsigned s = 0; s < SAMPLES; s++) {
		unsigned more = s * 101;

		for (unsigned n = 0; n < 4 * ENUMS; n += stride(97)) {
			check_one(n % ENUMS, more, (enum judge_sample)s);
			more += 211;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enums),
		cmocka_unit_test(test_more),
	};

	return UNIT_RUN(tests);
}
