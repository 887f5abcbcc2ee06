/* SPDX-License-Identifier: BSD-2-Clause */
/* judge_sts.c - what is known of a session under an MTA-STS policy */

#include "config.h"

#include "common/judge_private.h"

static bool is_level_pkix(struct view level)
{
	return view_is(level, "secure") || view_is(level, "verify");
}

/*
 * Does the MTA say that it verified the certificate under the policy? Postfix
 * calls it a success of type sts, too, when it looked at no certificate, for
 * that is how a policy in mode testing is put to it (level may).
 */
static bool is_sts_verified(const struct judge_session *s)
{
	struct view level = s->fact->level;

	if (level.len > 0 && !is_level_pkix(level)) {
		return false;
	}
	if (judge_mta_verified(s)) {
		return true;
	}
	return judge_mta_succeeded(s, JUDGE_MTA_STS) &&
	    (level.len > 0 ||
		(s->has_policy && s->policy.mode == STS_MODE_ENFORCE));
}

/* A validation failure of one of a certificate's causes, or of another. */
static void apply_sts_validation(struct judge_session *s, struct view reason)
{
	enum fact_chain chain = judge_chain_of_reason(reason);

	if (chain != FACT_CHAIN_UNKNOWN) {
		judge_fail_chain(s, chain);
	} else if (s->fact->tls == FACT_TLS_OK) {
		s->field[JUDGE_FIELD_MTA] = JUDGE_MTA_REFUSED;
	}
}

static void apply_sts(struct judge_session *s, const struct judge_mta_result *r)
{
	switch (r->type) {
	case JUDGE_CERTIFICATE_HOST_MISMATCH:
		s->field[JUDGE_FIELD_NAME] = FACT_NAME_MISMATCH;
		break;
	case JUDGE_CERTIFICATE_EXPIRED:
		judge_fail_chain(s, FACT_CHAIN_EXPIRED);
		break;
	case JUDGE_CERTIFICATE_NOT_TRUSTED:
		judge_fail_chain(s, FACT_CHAIN_BAD);
		break;
	case JUDGE_VALIDATION_FAILURE:
		apply_sts_validation(s, r->reason);
		break;
	case JUDGE_STS_POLICY_FETCH_ERROR:
		s->field[JUDGE_FIELD_STS] = POLICY_STS_FETCH_ERROR;
		break;
	case JUDGE_STS_POLICY_INVALID:
		s->field[JUDGE_FIELD_STS] = POLICY_STS_POLICY_INVALID;
		break;
	case JUDGE_STS_WEBPKI_INVALID:
		s->field[JUDGE_FIELD_STS] = POLICY_STS_WEBPKI_INVALID;
		break;
	case JUDGE_SUCCESS:
		break;
	case JUDGE_STARTTLS_NOT_SUPPORTED: /* what TLS came to, tls says */
	case JUDGE_TLSA_INVALID:
	case JUDGE_DNSSEC_INVALID:
	case JUDGE_DANE_REQUIRED:
	case JUDGE_TYPE_COUNT:
		judge_mta_unclear(s);
		break;
	}
}

static enum judge_mx find_mx(const struct judge_session *s)
{
	const struct fact *fact = s->fact;

	if (fact->tls == FACT_TLS_NO_SESSION &&
	    view_is(fact->reason, "mta-sts-mx-mismatch")) {
		return JUDGE_MX_MISMATCH;
	}
	if (!s->has_policy || fact->mx.len == 0 || s->is_mx_bogus) {
		return JUDGE_MX_UNKNOWN;
	}
	return sts_policy_allows(&s->policy, fact->mx) ? JUDGE_MX_ALLOWED :
							 JUDGE_MX_MISMATCH;
}

static void settle_unknown(
    struct judge_session *s, enum judge_field field, unsigned value)
{
	if (s->field[field] == 0) {
		s->field[field] = value;
	}
}

/*
 * Did the MTA have a policy, where we could not get one? Then the fault may be
 * on our side, and its word counts.
 */
static bool had_policy(const struct judge_session *s)
{
	for (size_t i = 0; i < s->mta.n; i++) {
		const struct judge_mta_result *r = &s->mta.result[i];

		if (r->policy == JUDGE_MTA_STS &&
		    r->type < JUDGE_STS_POLICY_FETCH_ERROR) {
			return true;
		}
	}
	return s->field[JUDGE_FIELD_MX] == JUDGE_MX_MISMATCH;
}

enum judge_column judge_fill_sts(struct judge_session *s)
{
	bool is_error = s->set->sts >= POLICY_STS_FETCH_ERROR;
	unsigned *field = s->field;

	judge_fill_fact(s);
	field[JUDGE_FIELD_MX] = (unsigned)find_mx(s);
	judge_mta_apply(s, JUDGE_MTA_STS, apply_sts);
	if (s->fact->tls != FACT_TLS_OK) {
		judge_ask_nothing(s);
	} else if (is_sts_verified(s)) {
		settle_unknown(s, JUDGE_FIELD_CHAIN, FACT_CHAIN_OK);
		settle_unknown(s, JUDGE_FIELD_NAME, FACT_NAME_MATCH);
		settle_unknown(s, JUDGE_FIELD_MX, JUDGE_MX_ALLOWED);
	}
	if (is_error && !had_policy(s)) {
		/* nothing is asked of MX host and certificate (R217) */
		field[JUDGE_FIELD_STS] = (unsigned)s->set->sts;
		field[JUDGE_FIELD_MX] = JUDGE_MX_ALLOWED;
		judge_ask_nothing(s);
	}
	return JUDGE_COLUMN_STS;
}
