/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge.c - from what was seen to RFC 8460's words
 *
 * First which policy governs; then judge_fill.c says what is known of the
 * session, and judge_table.c what that means under the policy. A verdict is
 * all these cells taken together: what failed, failed; else what is not known
 * keeps the session out of the report; else it is a success.
 */

#include "config.h"

#include <string.h>

#include "common/judge_private.h"

static const char *const type_words[JUDGE_TYPE_COUNT] = {
	[JUDGE_SUCCESS] = "success",
	[JUDGE_STARTTLS_NOT_SUPPORTED] = "starttls-not-supported",
	[JUDGE_CERTIFICATE_HOST_MISMATCH] = "certificate-host-mismatch",
	[JUDGE_CERTIFICATE_EXPIRED] = "certificate-expired",
	[JUDGE_CERTIFICATE_NOT_TRUSTED] = "certificate-not-trusted",
	[JUDGE_VALIDATION_FAILURE] = "validation-failure",
	[JUDGE_TLSA_INVALID] = "tlsa-invalid",
	[JUDGE_DNSSEC_INVALID] = "dnssec-invalid",
	[JUDGE_DANE_REQUIRED] = "dane-required",
	[JUDGE_STS_POLICY_FETCH_ERROR] = "sts-policy-fetch-error",
	[JUDGE_STS_POLICY_INVALID] = "sts-policy-invalid",
	[JUDGE_STS_WEBPKI_INVALID] = "sts-webpki-invalid",
};

const char *judge_type_word(enum judge_type t)
{
	return (unsigned)t < JUDGE_TYPE_COUNT ? type_words[t] : NULL;
}

const char *judge_policy_word(enum judge_policy p)
{
	switch (p) {
	case JUDGE_NO_POLICY_FOUND:
		return "no-policy-found";
	case JUDGE_STS:
		return "sts";
	case JUDGE_TLSA:
		return "tlsa";
	}
	return NULL;
}

/* Does a policy stand? It governs, or it may have governed. */
enum stands {
	STANDS_NOT,
	STANDS_MAYBE,
	STANDS
};

static bool has_suffix(struct view v, const char *suffix)
{
	size_t n = strlen(suffix);

	return v.len >= n && view_is(view_skip(v, v.len - n), suffix);
}

/* --- which policy --- */

/* R306: forged, known from the MTA, or from us where it did not say more. */
static bool is_mx_bogus(const struct fact *fact, const struct policy_set *set)
{
	return fact->tls == FACT_TLS_NO_SESSION &&
	    (view_is(fact->reason, "mx-bogus") ||
		(set->mx == POLICY_MX_BOGUS && fact->reason.len == 0 &&
		    fact->dane == FACT_DANE_UNKNOWN));
}

/* What the MTA applied was there, whatever we found. */
static bool has_applied_tlsa(const struct judge_session *s)
{
	const struct policy_set *set = s->set;

	switch (s->fact->dane) {
	case FACT_DANE_MATCH:
	case FACT_DANE_MISMATCH:
	case FACT_DANE_UNUSABLE:
	case FACT_DANE_LOOKUP_FAILED:
	case FACT_DANE_REQUIRED_MISSING:
		return true;
	case FACT_DANE_UNKNOWN:
	case FACT_DANE_NONE:
	case FACT_DANE_COUNT:
		break;
	}
	return judge_mta_has(&s->mta, JUDGE_MTA_TLSA) ||
	    (set->source == POLICY_MTA && set->base.len > 0);
}

static bool has_applied_sts(const struct judge_session *s)
{
	return judge_mta_has(&s->mta, JUDGE_MTA_STS) ||
	    (s->fact->tls == FACT_TLS_NO_SESSION &&
		view_is(s->fact->reason, "mta-sts-mx-mismatch"));
}

/* R235, R316 */
static enum stands tlsa_stands(const struct judge_session *s)
{
	const struct policy_set *set = s->set;

	if (s->is_mx_bogus) {
		return STANDS_NOT; /* no MX host to look for */
	}
	if (set->tlsa > POLICY_TLSA_NONE || set->is_dane_demanded ||
	    has_applied_tlsa(s)) {
		return STANDS;
	}
	/* R45: what it did not apply did not govern */
	if (set->tlsa == POLICY_TLSA_NONE || s->fact->dane == FACT_DANE_NONE ||
	    has_applied_sts(s) || judge_mta_has(&s->mta, JUDGE_MTA_NO_POLICY) ||
	    (set->source == POLICY_MTA && set->sts != POLICY_STS_UNKNOWN)) {
		return STANDS_NOT;
	}
	return STANDS_MAYBE;
}

/* R53, R217 */
static enum stands sts_stands(const struct judge_session *s)
{
	const struct policy_set *set = s->set;

	switch (set->sts) {
	case POLICY_STS_FOUND:
		if (s->has_policy) {
			return s->policy.mode == STS_MODE_NONE ? STANDS_NOT :
								 STANDS;
		}
		/* MTAs need not give its text */
		return set->source == POLICY_MTA ? STANDS : STANDS_MAYBE;
	case POLICY_STS_FETCH_ERROR:
	case POLICY_STS_POLICY_INVALID:
	case POLICY_STS_WEBPKI_INVALID:
		return STANDS;
	case POLICY_STS_NONE:
		return has_applied_sts(s) ? STANDS : STANDS_NOT;
	case POLICY_STS_UNKNOWN:
	case POLICY_STS_COUNT:
		break;
	}
	if (s->is_mx_bogus) {
		return STANDS_NOT; /* "none known" */
	}
	return has_applied_sts(s) ? STANDS : STANDS_MAYBE;
}

/* --- the verdict --- */

static bool is_of_fact(const struct judge_session *s, enum judge_field field)
{
	switch (field) {
	case JUDGE_FIELD_TLS:
	case JUDGE_FIELD_VERSION:
	case JUDGE_FIELD_CHAIN:
	case JUDGE_FIELD_NAME:
		return true;
	case JUDGE_FIELD_DANE:
		return s->field[field] == (unsigned)s->fact->dane;
	case JUDGE_FIELD_STS:
	case JUDGE_FIELD_MX:
	case JUDGE_FIELD_MTA:
	case JUDGE_FIELD_COUNT:
		break;
	}
	return false;
}

/* A token of others as it may stand in a report (R71, R196), else "". */
static const char *copy_token(struct view token, char out[JUDGE_REASON_MAX + 1])
{
	out[0] = '\0';
	if (fact_is_reason(token)) {
		(void)view_copy(token, out, JUDGE_REASON_MAX + 1);
	}
	return out;
}

/*
 * An overflow fact stands for many: no token of theirs is its own. What our
 * probe saw has "+probed" behind it, in the fact's reason and so in each result
 * that comes of the certificate.
 */
static const char *token_of(const struct judge_session *s,
    enum judge_field field, const struct judge_cell *cell,
    struct judge_verdict *out)
{
	struct view reason = s->fact->reason;
	bool is_probed =
	    view_is(reason, "probed") || has_suffix(reason, "+probed");
	const char *own;

	if (field == JUDGE_FIELD_STS) {
		return s->field[field] == (unsigned)s->set->sts ?
		    copy_token(s->set->sts_reason, out->set_reason) :
		    cell->token;
	}
	if (!is_of_fact(s, field)) {
		return cell->token;
	}
	if (view_is(reason, "overflow") ||
	    (cell->is_own && !view_is(reason, "probed"))) {
		own = copy_token(reason, out->reason);
		if (own[0] != '\0') {
			return own;
		}
	}
	return is_probed && field != JUDGE_FIELD_TLS ? cell->probed :
						       cell->token;
}

static void add_result(
    struct judge_verdict *out, enum judge_type type, const char *reason)
{
	for (size_t i = 0; i < out->n; i++) {
		if (out->result[i].type == type &&
		    strcmp(out->result[i].reason, reason) == 0) {
			return;
		}
	}
	if (out->n < JUDGE_RESULTS) {
		out->result[out->n++] =
		    (struct judge_result){ .type = type, .reason = reason };
	}
}

static void begin(struct judge_verdict *out, enum judge_policy policy)
{
	*out = (struct judge_verdict){ .policy = policy,
		.outcome = JUDGED_UNKNOWN };
}

/* All the cells of a column taken together. */
static void decide(const struct judge_session *s, enum judge_column column,
    struct judge_verdict *out)
{
	bool is_known = true;

	if (fact_is_untold(s->fact)) {
		return;
	}
	for (int f = 0; f < JUDGE_FIELD_COUNT; f++) {
		enum judge_field field = (enum judge_field)f;
		const struct judge_cell *cell =
		    judge_cell(field, s->field[f], column);

		if (cell->says == JUDGE_SAYS_UNKNOWN) {
			is_known = false;
		} else if (cell->says == JUDGE_SAYS_FAILURE &&
		    (field != JUDGE_FIELD_MTA || out->n == 0)) {
			add_result(
			    out, cell->type, token_of(s, field, cell, out));
		}
	}
	if (out->n > 0) {
		out->outcome = JUDGED_FAILURE;
	} else if (is_known) {
		out->outcome = JUDGED_SUCCESS;
	}
}

static void judge_one(struct judge_session *s, struct arena *a,
    enum judge_policy policy, struct judge_verdict *out)
{
	enum judge_column column = JUDGE_COLUMN_NONE;

	begin(out, policy);
	switch (policy) {
	case JUDGE_NO_POLICY_FOUND:
		column = judge_fill_none(s);
		break;
	case JUDGE_STS:
		column = judge_fill_sts(s);
		break;
	case JUDGE_TLSA:
		column = judge_fill_tlsa(s, a);
		break;
	}
	decide(s, column, out);
}

static void judge_governing(
    struct judge_session *s, struct arena *a, struct judge_verdict *out)
{
	enum stands tlsa = tlsa_stands(s);
	enum stands sts = sts_stands(s);

	if (tlsa == STANDS_MAYBE) {
		begin(out, JUDGE_TLSA);
	} else if (tlsa == STANDS) {
		judge_one(s, a, JUDGE_TLSA, out);
	} else if (sts == STANDS_MAYBE) {
		begin(out, JUDGE_STS);
	} else if (sts == STANDS) {
		judge_one(s, a, JUDGE_STS, out);
	} else {
		judge_one(s, a, JUDGE_NO_POLICY_FOUND, out);
	}
}

/* Where one policy stands, it is nothing to it that another may. */
static size_t judge_all(struct judge_session *s, struct arena *a,
    struct judge_verdict out[JUDGE_VERDICTS])
{
	size_t n = 0;

	if (tlsa_stands(s) == STANDS) {
		judge_one(s, a, JUDGE_TLSA, &out[n++]);
	}
	if (sts_stands(s) == STANDS) {
		judge_one(s, a, JUDGE_STS, &out[n++]);
	}
	if (n == 0) {
		judge_governing(s, a, &out[n++]);
	}
	return n;
}

static void open_session(struct judge_session *s, const struct fact *fact,
    const struct policy_set *set, struct arena *a)
{
	*s = (struct judge_session){ .fact = fact, .set = set };
	judge_mta_read(fact->verdict, a, &s->mta);
	s->is_mx_bogus = is_mx_bogus(fact, set);
	s->has_policy = set->sts == POLICY_STS_FOUND &&
	    sts_policy_parse(set->sts_text, a, &s->policy) == 0;
}

size_t judge(const struct fact *fact, const struct policy_set *set,
    enum judge_count count, struct judge_verdict out[JUDGE_VERDICTS])
{
	struct judge_session s;
	struct arena *a;
	size_t n = 1;

	if (set == NULL) {
		begin(&out[0], JUDGE_NO_POLICY_FOUND);
		return 1;
	}
	a = arena_new();
	open_session(&s, fact, set, a);
	if (count == JUDGE_ALL) {
		n = judge_all(&s, a, out);
	} else {
		judge_governing(&s, a, &out[0]);
	}
	arena_free(a);
	return n;
}

/* R237: nothing of a policy in mode none is reported. */
static bool is_mode_none(struct view text)
{
	struct arena *a = arena_new();
	struct sts_policy policy;
	bool is_none = sts_policy_parse(text, a, &policy) == 0 &&
	    policy.mode == STS_MODE_NONE;

	arena_free(a);
	return is_none;
}

void judge_event(const struct policy_set *set, struct judge_verdict *out)
{
	static const char used[] = "+cached-policy-used";
	const struct judge_cell *cell = judge_cell(
	    JUDGE_FIELD_STS, (unsigned)set->failed, JUDGE_COLUMN_STS);
	struct view token = set->sts_reason;
	size_t len;

	begin(out, JUDGE_STS);
	if (cell->says != JUDGE_SAYS_FAILURE || is_mode_none(set->sts_text)) {
		return;
	}
	(void)copy_token(token, out->set_reason);
	len = strlen(out->set_reason);
	if (len > 0 && !has_suffix(token, used) &&
	    len + strlen(used) <= JUDGE_REASON_MAX) {
		memcpy(out->set_reason + len, used, sizeof(used));
	} else if (len == 0) {
		memcpy(out->set_reason, used + 1, sizeof(used) - 1);
	}
	add_result(out, cell->type, out->set_reason);
	out->outcome = JUDGED_FAILURE;
}
