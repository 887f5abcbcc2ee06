/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge_mta.c - reads the results that the MTA gave itself
 *
 * A list of {type, result, reason} as it was kept (postfix_result.h). The
 * reasons are not ours, so they only tell which row applies and stand in no
 * report.
 */

#include "config.h"

#include "common/json_in.h"
#include "common/judge_private.h"

static enum judge_mta_policy policy_of(struct view word)
{
	static const struct {
		const char *word;
		enum judge_mta_policy policy;
	} rows[] = {
		{ "tlsa", JUDGE_MTA_TLSA },
		{ "sts", JUDGE_MTA_STS },
		{ "no-policy-found", JUDGE_MTA_NO_POLICY },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (view_is(word, rows[i].word)) {
			return rows[i].policy;
		}
	}
	return JUDGE_MTA_UNTOLD;
}

static enum judge_type type_of(struct view word)
{
	int t = JUDGE_SUCCESS;

	while (t < JUDGE_TYPE_COUNT &&
	    !view_is(word, judge_type_word((enum judge_type)t))) {
		t++;
	}
	return (enum judge_type)t;
}

static void read_result(struct json_in *in, struct judge_mta_result *out)
{
	struct view name;

	*out = (struct judge_mta_result){ .policy = JUDGE_MTA_UNTOLD,
		.type = JUDGE_TYPE_COUNT };
	json_in_open_object(in);
	while (json_in_member(in, &name)) {
		if (view_is(name, "type")) {
			out->policy = policy_of(json_in_string(in));
		} else if (view_is(name, "result")) {
			out->type = type_of(json_in_string(in));
		} else if (view_is(name, "reason")) {
			out->reason = json_in_string(in);
		} else {
			json_in_skip(in);
		}
	}
}

void judge_mta_read(
    struct view verdict, struct arena *a, struct judge_mta_results *out)
{
	struct json_in in;

	*out = (struct judge_mta_results){ 0 };
	if (verdict.len == 0) {
		return;
	}
	json_in_begin(&in, verdict, a);
	json_in_open_array(&in);
	while (json_in_element(&in)) {
		if (out->n == JUDGE_MTA_RESULTS) {
			json_in_fail(&in);
		} else {
			read_result(&in, &out->result[out->n++]);
		}
	}
	if (!json_in_end(&in)) {
		*out = (struct judge_mta_results){ .is_unclear = true };
	}
}

bool judge_mta_has(
    const struct judge_mta_results *mta, enum judge_mta_policy policy)
{
	for (size_t i = 0; i < mta->n; i++) {
		if (mta->result[i].policy == policy) {
			return true;
		}
	}
	return false;
}

bool judge_mta_succeeded(
    const struct judge_session *s, enum judge_mta_policy policy)
{
	for (size_t i = 0; i < s->mta.n; i++) {
		if (s->mta.result[i].policy == policy &&
		    s->mta.result[i].type == JUDGE_SUCCESS) {
			return true;
		}
	}
	return false;
}

/* "Verified" in Postfix's log: all that the level asks for holds. */
bool judge_mta_verified(const struct judge_session *s)
{
	for (size_t i = 0; i < s->mta.n; i++) {
		const struct judge_mta_result *r = &s->mta.result[i];

		if (r->policy == JUDGE_MTA_UNTOLD && r->type == JUDGE_SUCCESS &&
		    view_is(r->reason, "verified")) {
			return true;
		}
	}
	return false;
}

/*
 * A failure under an unknown policy leaves its traces in the fact's own fields;
 * a success it must not become.
 */
void judge_mta_apply(struct judge_session *s, enum judge_mta_policy policy,
    void (*apply)(struct judge_session *s, const struct judge_mta_result *r))
{
	bool went_well = judge_mta_succeeded(s, policy);

	for (size_t i = 0; i < s->mta.n; i++) {
		const struct judge_mta_result *r = &s->mta.result[i];

		if (r->policy == policy && !went_well) {
			apply(s, r);
		} else if (r->policy == JUDGE_MTA_UNTOLD &&
		    r->type != JUDGE_SUCCESS) {
			judge_mta_unclear(s);
		}
	}
}
