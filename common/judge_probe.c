/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge_probe.c - what a probe of ours says of a session
 *
 * A probe is another session than that of the fact, so it never speaks against
 * what the MTA told: it only fills in what is unknown, and what comes of that
 * says so by its token.
 */

#include "config.h"

#include <stdio.h>

#include "common/judge_private.h"
#include "common/policy_probe.h"

static bool see_sts(
    const struct policy_probe *probe, struct fact *out, struct view *token)
{
	if (out->chain == FACT_CHAIN_UNKNOWN) {
		out->chain = probe->chain;
		*token = probe->chain_reason;
	}
	if (out->name == FACT_NAME_UNKNOWN) {
		out->name = probe->name;
	}
	return true;
}

/* Was it by these records? */
static bool is_by(
    const struct policy_probe *probe, const struct policy_set *set)
{
	if (set->n_records == 0 || set->n_records != probe->n_records ||
	    !view_eq(set->base, probe->base)) {
		return false;
	}
	for (size_t i = 0; i < set->n_records; i++) {
		if (!view_eq(set->records[i], probe->records[i])) {
			return false;
		}
	}
	return true;
}

/* What it saw of chain and name is by the records, too. */
static bool see_tlsa(const struct policy_probe *probe,
    const struct policy_set *set, struct fact *out, struct view *token)
{
	if (out->dane != FACT_DANE_UNKNOWN || set->tlsa != POLICY_TLSA_USABLE ||
	    !is_by(probe, set)) {
		return false;
	}
	out->dane = probe->dane;
	out->chain = probe->dane_chain;
	out->name = probe->dane_name;
	*token = probe->dane_reason;
	return true;
}

bool judge_probe_see(const struct judge_session *s, enum judge_policy policy,
    struct fact *out, char reason[JUDGE_REASON_MAX + 1])
{
	const struct policy_probe *probe = s->set->probe;
	struct view token = view_of("");
	bool sees = false;
	int n;

	if (probe == NULL || s->fact->tls != FACT_TLS_OK) {
		return false;
	}
	*out = *s->fact;
	switch (policy) {
	case JUDGE_NO_POLICY_FOUND: /* TLS is all that it asks for */
		break;
	case JUDGE_STS:
		sees = see_sts(probe, out, &token);
		break;
	case JUDGE_TLSA:
		sees = see_tlsa(probe, s->set, out, &token);
		break;
	}
	/* one that does not fit is none (R71) */
	n = snprintf(reason, JUDGE_REASON_MAX + 1, "%.*s%sprobed",
	    (int)token.len, token.len > 0 ? token.s : "",
	    token.len > 0 ? "+" : "");
	out->reason = view_of(n > JUDGE_REASON_MAX ? "probed" : reason);
	return sees;
}

bool judge_wants_probe(const struct fact *fact, const struct policy_set *set,
    enum judge_count count)
{
	/* the best that it could see */
	const struct policy_probe probe = {
		.chain = FACT_CHAIN_OK,
		.name = FACT_NAME_MATCH,
		.dane = FACT_DANE_MATCH,
		.dane_chain = FACT_CHAIN_OK,
		.dane_name = FACT_NAME_MATCH,
		.base = set->base,
		.records = set->records,
		.n_records = set->n_records,
	};
	struct policy_set with = *set;
	struct judge_verdict v[JUDGE_VERDICTS];
	size_t n;

	with.probe = &probe;
	n = judge(fact, &with, count, v);
	for (size_t i = 0; i < n; i++) {
		if (v[i].is_probed) {
			return true;
		}
	}
	return false;
}
