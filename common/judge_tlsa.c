/* SPDX-License-Identifier: BSD-2-Clause */
/* judge_tlsa.c - what is known of a session under TLSA records */

#include "config.h"

#include "common/judge_private.h"
#include "common/tlsa.h"

/* Usages of the records that SMTP can use. */
struct usages {
	bool has_ta;
	bool has_ee;
};

static struct usages find_usages(const struct policy_set *set, struct arena *a)
{
	struct usages u = { false, false };

	for (size_t i = 0; i < set->n_records; i++) {
		struct tlsa t;

		if (tlsa_read(set->records[i], a, &t) != 0 ||
		    !tlsa_is_usable(&t)) {
			continue;
		}
		u.has_ta = u.has_ta || t.usage == TLSA_TA;
		u.has_ee = u.has_ee || t.usage == TLSA_EE;
	}
	return u;
}

/* Did the MTA's own results name what only usage 2 asks for (R308)? */
static bool names_certificate(const struct judge_session *s)
{
	for (size_t i = 0; i < s->mta.n; i++) {
		const struct judge_mta_result *r = &s->mta.result[i];

		if (r->policy == JUDGE_MTA_TLSA &&
		    (r->type == JUDGE_CERTIFICATE_HOST_MISMATCH ||
			r->type == JUDGE_CERTIFICATE_EXPIRED)) {
			return true;
		}
	}
	return false;
}

static void set_dane(struct judge_session *s, enum fact_dane dane)
{
	unsigned *field = &s->field[JUDGE_FIELD_DANE];

	if (*field == FACT_DANE_UNKNOWN) {
		*field = (unsigned)dane;
	} else if (*field == FACT_DANE_MATCH && dane != FACT_DANE_MATCH) {
		judge_mta_unclear(s); /* it matched, and it did not */
	}
}

static void apply_tlsa_validation(struct judge_session *s, struct view reason)
{
	if (s->fact->tls != FACT_TLS_OK) {
		return; /* of the handshake */
	}
	if (view_is(reason, "tls-handshake-failure")) {
		s->field[JUDGE_FIELD_MTA] = JUDGE_MTA_REFUSED;
		return;
	}
	if (judge_chain_of_reason(reason) != FACT_CHAIN_UNKNOWN) {
		judge_fail_chain(s, judge_chain_of_reason(reason));
	}
	set_dane(s, FACT_DANE_MISMATCH);
}

/* In the column of usage 3 the certificate's rows say nothing: a mismatch. */
static void apply_tlsa(
    struct judge_session *s, const struct judge_mta_result *r)
{
	switch (r->type) {
	case JUDGE_CERTIFICATE_HOST_MISMATCH:
		s->field[JUDGE_FIELD_NAME] = FACT_NAME_MISMATCH;
		set_dane(s, FACT_DANE_MISMATCH);
		break;
	case JUDGE_CERTIFICATE_EXPIRED:
		judge_fail_chain(s, FACT_CHAIN_EXPIRED);
		set_dane(s, FACT_DANE_MISMATCH);
		break;
	case JUDGE_CERTIFICATE_NOT_TRUSTED:
		set_dane(s, FACT_DANE_MISMATCH);
		break;
	case JUDGE_VALIDATION_FAILURE:
		apply_tlsa_validation(s, r->reason);
		break;
	case JUDGE_TLSA_INVALID:
		set_dane(s, FACT_DANE_UNUSABLE);
		break;
	case JUDGE_DNSSEC_INVALID:
		set_dane(s, FACT_DANE_LOOKUP_FAILED);
		break;
	case JUDGE_DANE_REQUIRED:
		set_dane(s, FACT_DANE_REQUIRED_MISSING);
		break;
	case JUDGE_SUCCESS:
		break;
	case JUDGE_STARTTLS_NOT_SUPPORTED: /* what TLS came to, tls says */
	case JUDGE_STS_POLICY_FETCH_ERROR:
	case JUDGE_STS_POLICY_INVALID:
	case JUDGE_STS_WEBPKI_INVALID:
	case JUDGE_TYPE_COUNT:
		judge_mta_unclear(s);
		break;
	}
}

static bool is_level_dane(struct view level)
{
	return view_find(level, "dane") < level.len;
}

static bool is_tlsa_verified(const struct judge_session *s)
{
	struct view level = s->fact->level;

	return judge_mta_succeeded(s, JUDGE_MTA_TLSA) ||
	    (judge_mta_verified(s) && (level.len == 0 || is_level_dane(level)));
}

/* What we found ourselves, where the MTA did not tell. */
static void apply_set(struct judge_session *s)
{
	const struct policy_set *set = s->set;
	unsigned *dane = &s->field[JUDGE_FIELD_DANE];
	bool is_bogus = set->tlsa == POLICY_TLSA_BOGUS ||
	    view_is(s->fact->reason, "tlsa-bogus");

	if (*dane == FACT_DANE_LOOKUP_FAILED) {
		if (is_bogus) {
			*dane = JUDGE_DANE_BOGUS;
		} else if (set->tlsa == POLICY_TLSA_NONE) {
			/* R301: it may be that nothing was to be looked for */
			*dane = FACT_DANE_UNKNOWN;
		}
		return;
	}
	if (*dane == FACT_DANE_NONE && set->tlsa == POLICY_TLSA_NONE &&
	    set->is_dane_demanded) {
		*dane = FACT_DANE_REQUIRED_MISSING;
	}
	if (*dane != FACT_DANE_UNKNOWN) {
		return;
	}
	if (is_bogus) {
		*dane = JUDGE_DANE_BOGUS;
	} else if (set->tlsa == POLICY_TLSA_FAILED) {
		*dane = FACT_DANE_LOOKUP_FAILED;
	} else if (set->tlsa == POLICY_TLSA_UNUSABLE) {
		*dane = FACT_DANE_UNUSABLE;
	} else if (set->tlsa == POLICY_TLSA_NONE && set->is_dane_demanded) {
		*dane = FACT_DANE_REQUIRED_MISSING;
	}
}

/*
 * An MTA that knows nothing of DANE judges by its own authorities and the MX
 * host's name, and its refusal is none of DANE's: only that a date does not
 * hold, or that the name is not there, is so under usage 2 whoever looks.
 */
static void settle_without_dane(struct judge_session *s, bool is_ta_only)
{
	unsigned chain = s->field[JUDGE_FIELD_CHAIN];
	bool is_date =
	    chain == FACT_CHAIN_EXPIRED || chain == FACT_CHAIN_NOT_YET_VALID;

	if (is_level_dane(s->fact->level) ||
	    judge_mta_has(&s->mta, JUDGE_MTA_TLSA)) {
		return;
	}
	if (!is_ta_only || !is_date) {
		s->field[JUDGE_FIELD_CHAIN] = FACT_CHAIN_UNKNOWN;
	}
	if (!is_ta_only) {
		s->field[JUDGE_FIELD_NAME] = FACT_NAME_UNKNOWN;
	}
}

/* By usage 2, the certificate says better what did not match. */
static void settle_mismatch(struct judge_session *s)
{
	unsigned *field = s->field;

	if (field[JUDGE_FIELD_CHAIN] == FACT_CHAIN_BAD) {
		field[JUDGE_FIELD_CHAIN] = FACT_CHAIN_UNKNOWN;
	}
	if (judge_is_chain_failed(field[JUDGE_FIELD_CHAIN]) ||
	    field[JUDGE_FIELD_NAME] == FACT_NAME_MISMATCH) {
		field[JUDGE_FIELD_DANE] = JUDGE_DANE_EXPLAINED;
	}
}

static void settle_certificate(
    struct judge_session *s, const struct usages *u, bool is_ta)
{
	switch (s->field[JUDGE_FIELD_DANE]) {
	case FACT_DANE_UNKNOWN:
		settle_without_dane(s, u->has_ta && !u->has_ee);
		break;
	case FACT_DANE_MISMATCH:
		if (is_ta) {
			settle_mismatch(s);
		}
		break;
	default:
		/* it holds, or it was not what it was judged by */
		judge_ask_nothing(s);
		break;
	}
}

enum judge_column judge_fill_tlsa(struct judge_session *s, struct arena *a)
{
	struct usages u = find_usages(s->set, a);
	bool is_ta = u.has_ta || (!u.has_ee && names_certificate(s));
	unsigned *dane = &s->field[JUDGE_FIELD_DANE];

	judge_fill_fact(s);
	judge_mta_apply(s, JUDGE_MTA_TLSA, apply_tlsa);
	if (s->fact->tls != FACT_TLS_OK) {
		judge_ask_nothing(s);
		if (*dane == FACT_DANE_MATCH || *dane == FACT_DANE_MISMATCH) {
			*dane = FACT_DANE_UNKNOWN;
		}
	} else if (is_tlsa_verified(s)) {
		set_dane(s, FACT_DANE_MATCH);
	}
	apply_set(s);
	settle_certificate(s, &u, is_ta);
	return is_ta ? JUDGE_COLUMN_TA : JUDGE_COLUMN_EE;
}
