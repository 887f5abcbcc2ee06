/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_judge.c - four octets for the enums of a fact, one each for the state of
 * TLSA and of MTA-STS, then texts with their length in an octet before each:
 * reason, verdict, level, version, MX, and the content of a probe; the rest is
 * the MTA-STS policy.
 *
 * Beyond memory errors: what stands in a report is one of our tokens, and there
 * is no success beside a failure.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/judge.h"
#include "common/policy_probe.h"
#include "tests/fuzz/fuzz.h"

static struct view take(struct view *in)
{
	size_t n = in->len > 0 ? (unsigned char)in->s[0] : 0;
	struct view out;

	*in = view_skip(*in, in->len > 0 ? 1 : 0);
	n = n < in->len ? n : in->len;
	out = view_make(in->s, n);
	*in = view_skip(*in, n);
	return out;
}

static void check(const struct judge_verdict *v)
{
	assert((v->outcome == JUDGED_FAILURE) == (v->n > 0));
	assert(v->n <= JUDGE_RESULTS);
	for (size_t i = 0; i < v->n; i++) {
		assert(v->result[i].type != JUDGE_SUCCESS);
		assert(fact_is_reason(view_of(v->result[i].reason)));
	}
}

/* Each outcome but "unknown" has its reasons. */
static void check_why(
    const struct judge_verdict *v, const struct judge_why *why)
{
	assert(why->n <= JUDGE_STEPS);
	assert(why->n > 0 || v->outcome == JUDGED_UNKNOWN);
	assert(why->tlsa != NULL && why->sts != NULL);
	for (size_t i = 0; i < why->n; i++) {
		assert(why->step[i].about != NULL && why->step[i].seen != NULL);
		assert((why->step[i].effect == JUDGE_FAILS) ==
		    (v->outcome == JUDGED_FAILURE));
	}
}

FUZZ_TARGET(data, size)
{
	static const struct view records[] = { { "2 0 1 00", 8 },
		{ "3 1 1 x", 7 } };
	struct view in = view_make((const char *)data, size);
	struct judge_verdict v[JUDGE_VERDICTS];
	struct judge_why why[JUDGE_VERDICTS];
	struct policy_set set = { .records = records, .n_records = 2 };
	struct fact f = { .tls = FACT_TLS_OK };
	struct policy_probe probe;
	struct arena *a;
	size_t n;

	if (size < 6) {
		return 0;
	}
	f.tls = (enum fact_tls)(data[0] % (FACT_TLS_COUNT + 1));
	f.chain = (enum fact_chain)(data[1] % (FACT_CHAIN_COUNT + 1));
	f.name = (enum fact_name)(data[2] % (FACT_NAME_COUNT + 1));
	f.dane = (enum fact_dane)(data[3] % (FACT_DANE_COUNT + 1));
	set.tlsa = (enum policy_tlsa)(data[4] % POLICY_TLSA_COUNT);
	set.sts = (enum policy_sts)(data[5] % POLICY_STS_COUNT);
	in = view_skip(in, 6);
	f.reason = take(&in);
	f.verdict = take(&in);
	f.level = take(&in);
	f.version = take(&in);
	f.mx = take(&in);
	a = arena_new();
	if (policy_probe_read(take(&in), a, &probe) == 0) {
		set.probe = &probe;
	}
	set.sts_text = in;
	set.sts_reason = f.reason;
	set.failed = set.sts;
	n = judge_explain(&f, &set, JUDGE_ALL, v, why);
	for (size_t i = 0; i < n; i++) {
		check(&v[i]);
		check_why(&v[i], &why[i]);
	}
	assert(judge(&f, &set, JUDGE_GOVERNING, v) == 1);
	check(&v[0]);
	if (v[0].is_probed) {
		assert(judge_wants_probe(&f, &set, JUDGE_GOVERNING));
		set.probe = NULL;
		assert(judge(&f, &set, JUDGE_GOVERNING, v) == 1);
		assert(v[0].outcome == JUDGED_UNKNOWN);
	}
	judge_event(&set, &v[0]);
	check(&v[0]);
	arena_free(a);
	return 0;
}
