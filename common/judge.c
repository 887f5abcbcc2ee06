/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge.c - from what was seen to RFC 8460's words
 *
 * First which policy governs, by judge_stands.c; then judge_fill.c says what
 * is known of the session, and judge_table.c what that means under the policy.
 * A verdict is all these cells taken together: what failed, failed; else what
 * is not known keeps the session out of the report; else it is a success. Its
 * reasons are the texts that stand beside the cells, so they cannot drift.
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

static const char *const type_rules[JUDGE_TYPE_COUNT] = {
	[JUDGE_SUCCESS] = "RFC 8460 4.2.1, R40",
	[JUDGE_STARTTLS_NOT_SUPPORTED] = "RFC 8460 4.3.1, R60",
	[JUDGE_CERTIFICATE_HOST_MISMATCH] = "RFC 8460 4.3.1, R61",
	[JUDGE_CERTIFICATE_EXPIRED] = "RFC 8460 4.3.1, R62",
	[JUDGE_CERTIFICATE_NOT_TRUSTED] = "RFC 8460 4.3.1, R63",
	[JUDGE_VALIDATION_FAILURE] = "RFC 8460 4.3.3, R64",
	[JUDGE_TLSA_INVALID] = "RFC 8460 4.3.2.1, R65",
	[JUDGE_DNSSEC_INVALID] = "RFC 8460 4.3.2.1, R66",
	[JUDGE_DANE_REQUIRED] = "RFC 8460 4.3.2.1, R67",
	[JUDGE_STS_POLICY_FETCH_ERROR] = "RFC 8460 4.3.2.2, R68",
	[JUDGE_STS_POLICY_INVALID] = "RFC 8460 4.3.2.2, R69",
	[JUDGE_STS_WEBPKI_INVALID] = "RFC 8460 4.3.2.2, R70",
};

const char *judge_type_word(enum judge_type t)
{
	return (unsigned)t < JUDGE_TYPE_COUNT ? type_words[t] : NULL;
}

const char *judge_type_rule(enum judge_type t)
{
	return (unsigned)t < JUDGE_TYPE_COUNT ? type_rules[t] : NULL;
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

static bool has_suffix(struct view v, const char *suffix)
{
	size_t n = strlen(suffix);

	return v.len >= n && view_is(view_skip(v, v.len - n), suffix);
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

/* Was this field set aside, so that its value tells nothing? */
static bool is_set_aside(const struct judge_session *s, enum judge_field field)
{
	return s->asks_nothing &&
	    (field == JUDGE_FIELD_VERSION || field == JUDGE_FIELD_CHAIN ||
		field == JUDGE_FIELD_NAME);
}

static void add_step(const struct judge_session *s, enum judge_field field,
    enum judge_column column, const struct judge_cell *cell,
    struct judge_why *why)
{
	static const enum judge_effect effects[] = {
		[JUDGE_SAYS_UNKNOWN] = JUDGE_OPEN,
		[JUDGE_SAYS_NOTHING] = JUDGE_ALLOWS,
		[JUDGE_SAYS_FAILURE] = JUDGE_FAILS,
	};
	struct judge_step step = { .effect = effects[cell->says],
		.about = judge_field_word(field),
		.seen = judge_field_seen(field, s->field[field]),
		.rule = judge_field_rule(field, column),
		.type = cell->type };

	/* what the column does not ask for had no part in the verdict */
	if (why == NULL || step.seen == NULL ||
	    (step.effect == JUDGE_ALLOWS &&
		(step.rule == NULL || is_set_aside(s, field)))) {
		return;
	}
	why->step[why->n++] = step;
}

/* Only the steps that led to this outcome are its reasons. */
static void keep_reasons(enum judge_outcome outcome, struct judge_why *why)
{
	static const enum judge_effect effects[] = {
		[JUDGED_SUCCESS] = JUDGE_ALLOWS,
		[JUDGED_FAILURE] = JUDGE_FAILS,
		[JUDGED_UNKNOWN] = JUDGE_OPEN,
	};

	size_t n = 0;

	for (size_t i = 0; i < why->n; i++) {
		if (why->step[i].effect == effects[outcome]) {
			why->step[n++] = why->step[i];
		}
	}
	why->n = n;
}

static void explain_untold(struct judge_why *why)
{
	why->step[why->n++] = (struct judge_step){ .effect = JUDGE_OPEN,
		.about = judge_field_word(JUDGE_FIELD_TLS),
		.seen = "the log does not tell whether there was TLS",
		.rule = "what was not seen is not judged" };
}

/* All the cells of a column taken together. */
static void decide(const struct judge_session *s, enum judge_column column,
    struct judge_verdict *out, struct judge_why *why)
{
	bool is_known = true;

	_Static_assert(JUDGE_STEPS == (int)JUDGE_FIELD_COUNT, "a step each");
	if (fact_is_untold(s->fact)) {
		if (why != NULL) {
			explain_untold(why);
		}
		return;
	}
	for (int f = 0; f < JUDGE_FIELD_COUNT; f++) {
		enum judge_field field = (enum judge_field)f;
		const struct judge_cell *cell =
		    judge_cell(field, s->field[f], column);

		if (cell->says == JUDGE_SAYS_FAILURE &&
		    field == JUDGE_FIELD_MTA && out->n > 0) {
			continue; /* the cause is told already */
		}
		add_step(s, field, column, cell, why);
		if (cell->says == JUDGE_SAYS_UNKNOWN) {
			is_known = false;
		} else if (cell->says == JUDGE_SAYS_FAILURE) {
			add_result(
			    out, cell->type, token_of(s, field, cell, out));
		}
	}
	if (out->n > 0) {
		out->outcome = JUDGED_FAILURE;
	} else if (is_known) {
		out->outcome = JUDGED_SUCCESS;
	}
	if (why != NULL) {
		keep_reasons(out->outcome, why);
	}
}

static bool stands_not(struct judge_standing standing)
{
	return standing.stands == JUDGE_STANDS_NOT;
}

static enum judge_column fill(
    struct judge_session *s, struct arena *a, enum judge_policy policy)
{
	switch (policy) {
	case JUDGE_NO_POLICY_FOUND:
		break;
	case JUDGE_STS:
		return judge_fill_sts(s);
	case JUDGE_TLSA:
		return judge_fill_tlsa(s, a);
	}
	return judge_fill_none(s);
}

/* What the fact leaves open, the probe may settle; else all is as it was. */
static void settle(struct judge_session *s, struct arena *a,
    enum judge_policy policy, struct judge_verdict *out, struct judge_why *why)
{
	const struct fact *fact = s->fact;
	struct judge_why open = { 0 };
	char reason[JUDGE_REASON_MAX + 1];
	struct fact seen;

	if (!judge_probe_see(s, policy, &seen, reason)) {
		return;
	}
	if (why != NULL) {
		open = *why;
		why->n = 0;
	}
	s->fact = &seen;
	decide(s, fill(s, a, policy), out, why);
	s->fact = fact;
	out->is_probed = out->outcome != JUDGED_UNKNOWN;
	if (why != NULL && !out->is_probed) {
		*why = open;
	}
}

static void judge_one(struct judge_session *s, struct arena *a,
    enum judge_policy policy, struct judge_verdict *out, struct judge_why *why)
{
	struct judge_standing other =
	    policy == JUDGE_STS ? judge_stands_tlsa(s) : judge_stands_sts(s);

	begin(out, policy);
	s->is_only = s->set->source == POLICY_MTA || stands_not(other);
	decide(s, fill(s, a, policy), out, why);
	if (out->outcome == JUDGED_UNKNOWN) {
		settle(s, a, policy, out, why);
	}
}

static void judge_governing(struct judge_session *s, struct arena *a,
    struct judge_verdict *out, struct judge_why *why)
{
	enum judge_stands tlsa = judge_stands_tlsa(s).stands;
	enum judge_stands sts = judge_stands_sts(s).stands;

	if (tlsa == JUDGE_STANDS_MAYBE) {
		begin(out, JUDGE_TLSA);
	} else if (tlsa == JUDGE_STANDS) {
		judge_one(s, a, JUDGE_TLSA, out, why);
	} else if (sts == JUDGE_STANDS_MAYBE) {
		begin(out, JUDGE_STS);
	} else if (sts == JUDGE_STANDS) {
		judge_one(s, a, JUDGE_STS, out, why);
	} else {
		judge_one(s, a, JUDGE_NO_POLICY_FOUND, out, why);
	}
}

static struct judge_why *why_of(struct judge_why *why, size_t n)
{
	return why != NULL ? &why[n] : NULL;
}

/* Where one policy stands, it is nothing to it that another may. */
static size_t judge_all(struct judge_session *s, struct arena *a,
    struct judge_verdict out[JUDGE_VERDICTS], struct judge_why *why)
{
	size_t n = 0;

	if (judge_stands_tlsa(s).stands == JUDGE_STANDS) {
		judge_one(s, a, JUDGE_TLSA, &out[n], why_of(why, n));
		n++;
	}
	if (judge_stands_sts(s).stands == JUDGE_STANDS) {
		judge_one(s, a, JUDGE_STS, &out[n], why_of(why, n));
		n++;
	}
	if (n == 0) {
		judge_governing(s, a, &out[n++], why);
	}
	return n;
}

static void open_session(struct judge_session *s, const struct fact *fact,
    const struct policy_set *set, struct arena *a)
{
	*s = (struct judge_session){ .fact = fact, .set = set };
	judge_mta_read(fact->verdict, a, &s->mta);
	s->is_mx_bogus = judge_stands_mx_bogus(fact, set);
	s->has_policy = set->sts == POLICY_STS_FOUND &&
	    sts_policy_parse(set->sts_text, a, &s->policy) == 0;
}

static void begin_why(const struct judge_session *s, struct judge_why *why)
{
	for (size_t i = 0; i < JUDGE_VERDICTS; i++) {
		why[i] = (struct judge_why){ .tlsa = judge_stands_tlsa(s).why,
			.sts = judge_stands_sts(s).why };
	}
}

size_t judge_explain(const struct fact *fact, const struct policy_set *set,
    enum judge_count count, struct judge_verdict out[JUDGE_VERDICTS],
    struct judge_why why[JUDGE_VERDICTS])
{
	static const char unknown[] = "what was published is not known";
	struct judge_session s;
	struct arena *a;
	size_t n = 1;

	if (set == NULL) {
		begin(&out[0], JUDGE_NO_POLICY_FOUND);
		if (why != NULL) {
			why[0] = (struct judge_why){ .tlsa = unknown,
				.sts = unknown };
		}
		return 1;
	}
	a = arena_new();
	open_session(&s, fact, set, a);
	if (why != NULL) {
		begin_why(&s, why);
	}
	if (count == JUDGE_ALL) {
		n = judge_all(&s, a, out, why);
	} else {
		judge_governing(&s, a, &out[0], why);
	}
	arena_free(a);
	return n;
}

size_t judge(const struct fact *fact, const struct policy_set *set,
    enum judge_count count, struct judge_verdict out[JUDGE_VERDICTS])
{
	return judge_explain(fact, set, count, out, NULL);
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
