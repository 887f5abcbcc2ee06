/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sts_state.c - what MTA-STS has for a domain, as pure decisions
 *
 * A policy in force is never given up for a failure, of whatever kind; and a
 * failure that is our own says nothing about the domain.
 */

#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/hash.h"
#include "common/sts_policy.h"
#include "lookup/sts_state.h"

enum {
	FAILURES_MAX = 1000,
	KEEP_S = 3600 /* a failure is of use beyond its pause */
};

bool sts_state_is_in_force(const struct sts_row *row, int64_t now)
{
	/* of a clock that stood far ahead once nothing is left */
	return row->text.len > 0 && now < row->expires &&
	    row->expires - now <= STS_MAX_AGE_S;
}

/* Can it be used without a look at its host? Also with max_age 0 (R226). */
static bool holds(const struct sts_row *row, int64_t now)
{
	return sts_state_is_in_force(row, now) ||
	    (row->text.len > 0 && now >= row->fetched &&
		now < row->fetched + STS_HOLD_S);
}

bool sts_state_is_empty(const struct sts_row *row)
{
	return row->text.len == 0 && row->token[0] == '\0';
}

int64_t sts_state_keep_until(const struct sts_row *row)
{
	int64_t until = row->expires;

	if (until < row->fetched + STS_HOLD_S) {
		until = row->fetched + STS_HOLD_S;
	}
	if (row->token[0] != '\0' && until < row->retry + KEEP_S) {
		until = row->retry + KEEP_S;
	}
	return until;
}

/* From 0 to span - 1: always the same for a domain, and never for all. */
static int64_t jitter(const struct sts_row *row, int64_t span)
{
	static const struct hash_key key = { 0x73747373, 0x70726561 };
	uint64_t h = hash_sip(&key, row->domain, strlen(row->domain));

	return span > 0 ? (int64_t)(h % (uint64_t)span) : 0;
}

static void forget_policy(struct sts_row *row)
{
	row->id[0] = '\0';
	row->text = view_of("");
	row->is_none = false;
	row->fetched = 0;
	row->expires = 0;
	row->refresh = 0;
}

static void forget_failure(struct sts_row *row)
{
	row->failed = POLICY_STS_UNKNOWN;
	row->failed_id[0] = '\0';
	row->token[0] = '\0';
	row->bad_text = view_of("");
	row->failed_at = 0;
	row->retry = 0;
	row->failures = 0;
}

/* Was the last attempt a failed fetch for this id? */
static bool has_failed(const struct sts_row *row, const char *id)
{
	return row->token[0] != '\0' && strcmp(row->failed_id, id) == 0;
}

/* Earlier of the two, of those to come. */
static void come_again(struct sts_answer *out, int64_t now, int64_t at)
{
	if (at > now && at < out->again) {
		out->again = at;
	}
}

/*
 * Answers.
 */

/* why: token of what keeps it from being refreshed, or "". */
static void say_found(const struct sts_row *row, int64_t now, const char *why,
    struct sts_answer *out)
{
	out->sts = POLICY_STS_FOUND;
	out->text = row->text;
	(void)snprintf(out->reason, sizeof(out->reason), "%s%s", why,
	    why[0] != '\0' ? "+cached-policy-used" : "");
	come_again(out, now, row->expires);
}

static void say_failed(const struct sts_row *row, struct sts_answer *out)
{
	out->sts = row->failed;
	if (row->failed == POLICY_STS_UNKNOWN) {
		out->ours = row->token;
		return;
	}
	(void)snprintf(out->reason, sizeof(out->reason), "%s", row->token);
	if (row->failed == POLICY_STS_POLICY_INVALID) {
		out->text = row->bad_text;
	}
}

/* What holds without a fetch, for a record with this id. */
static void say_state(const struct sts_row *row, const char *id, int64_t now,
    struct sts_answer *out)
{
	bool failed = has_failed(row, id);
	bool is_theirs = failed && row->failed != POLICY_STS_UNKNOWN;

	if (sts_state_is_in_force(row, now)) {
		say_found(row, now, is_theirs ? row->token : "", out);
		out->ours = failed && !is_theirs ? row->token : NULL;
	} else if (holds(row, now) && strcmp(row->id, id) == 0) {
		say_found(row, now, "", out);
	} else if (failed) {
		say_failed(row, out);
	}
}

/*
 * Failures.
 */

/* R216: 5 minutes, then doubled. */
static int64_t pause_of(const struct sts_row *row, int64_t now)
{
	/* what may be our own fault may be over soon */
	bool is_long = sts_state_is_in_force(row, now) &&
	    row->failed != POLICY_STS_UNKNOWN;
	int64_t limit = is_long ? STS_RETRY_USED_S : STS_RETRY_MAX_S;
	int64_t pause = STS_RETRY_S;

	for (unsigned i = 1; i < row->failures && pause < limit; i++) {
		pause *= 2;
	}
	if (pause > limit) {
		pause = limit;
	}
	return pause + jitter(row, pause / 8);
}

static void fail(struct sts_row *row, const char *id, enum policy_sts kind,
    const char *token, int64_t now)
{
	unsigned before = has_failed(row, id) ? row->failures : 0;

	forget_failure(row);
	row->failures = before < FAILURES_MAX ? before + 1 : before;
	row->failed = kind;
	(void)snprintf(row->failed_id, sizeof(row->failed_id), "%s", id);
	(void)snprintf(row->token, sizeof(row->token), "%s", token);
	row->failed_at = now;
	row->retry = now + pause_of(row, now);
}

/* R237: but for mode "none", and not for what is our own fault. */
static enum policy_sts event_of(const struct sts_row *row, int64_t now)
{
	return sts_state_is_in_force(row, now) && !row->is_none ?
	    row->failed :
	    POLICY_STS_UNKNOWN;
}

/*
 * Looks.
 */

/* R202: none, or as if none. What is in force stays. */
static void look_without(
    struct sts_row *row, int64_t now, struct sts_answer *out)
{
	if (sts_state_is_in_force(row, now)) {
		say_found(row, now, "", out);
		return;
	}
	out->sts = POLICY_STS_NONE;
	/* a record that comes back in a minute is not fetched for at once */
	if (!sts_state_is_empty(row) && now >= row->retry && !holds(row, now)) {
		forget_policy(row);
		forget_failure(row);
		out->is_row_changed = true;
	}
}

static void look_broken(struct sts_row *row, const struct sts_record *record,
    int64_t now, struct sts_answer *out)
{
	const char *token = record->status == STS_RECORD_SEVERAL ?
	    "several-records" :
	    "record-syntax";

	if (!sts_state_is_in_force(row, now)) {
		look_without(row, now, out);
		return;
	}
	if (!row->is_none && (!has_failed(row, "") || now >= row->retry)) {
		fail(row, "", POLICY_STS_FETCH_ERROR, token, now);
		out->failed = event_of(row, now);
		out->is_row_changed = true;
	}
	say_found(row, now, token, out);
	come_again(out, now, row->retry);
}

static enum sts_next look_valid(
    struct sts_row *row, const char *id, int64_t now, struct sts_answer *out)
{
	bool is_fresh = strcmp(row->id, id) == 0 && holds(row, now) &&
	    now < row->refresh && now >= row->fetched;
	bool is_paused = has_failed(row, id) && now < row->retry;
	/* a failure without an id was none of a fetch */
	int64_t tried = row->failed_id[0] != '\0' ? row->failed_at : 0;

	if (tried < row->fetched) {
		tried = row->fetched;
	}
	if (now >= tried && now < tried + STS_FLOOR_S) {
		is_paused = true;
	}
	if (is_fresh || is_paused) {
		say_state(row, id, now, out);
		come_again(out, now, is_fresh ? row->refresh : row->retry);
		come_again(out, now, is_fresh ? 0 : tried + STS_FLOOR_S);
		return STS_NEXT_ANSWER;
	}
	if (sts_state_is_in_force(row, now)) {
		say_state(row, id, now, out);
	}
	return STS_NEXT_FETCH;
}

/* A clock that was set back must not keep us from trying for long. */
static void mend_times(struct sts_row *row, int64_t now)
{
	if (row->retry > now + 2 * (int64_t)STS_RETRY_USED_S) {
		row->retry = now;
	}
	if (row->refresh > now + 2 * (int64_t)STS_REFRESH_S) {
		row->refresh = now;
	}
}

enum sts_next sts_state_look(struct sts_row *row, const struct sts_seen *seen,
    int64_t now, struct sts_answer *out)
{
	memset(out, 0, sizeof(*out));
	out->again = now + STS_AGAIN_MAX_S;
	mend_times(row, now);
	if (!seen->is_known) {
		out->again = now + STS_RETRY_S;
		if (sts_state_is_in_force(row, now)) {
			say_found(row, now, "", out);
		}
		return STS_NEXT_ANSWER;
	}
	switch (seen->record.status) {
	case STS_RECORD_VALID:
		return look_valid(row, seen->record.id, now, out);
	case STS_RECORD_SEVERAL:
	case STS_RECORD_SYNTAX:
		look_broken(row, &seen->record, now, out);
		break;
	case STS_RECORD_NONE:
		look_without(row, now, out);
		break;
	}
	return STS_NEXT_ANSWER;
}

/*
 * Fetches.
 */

/* R219: about daily and well before it expires; not all at the same time. */
static int64_t refresh_of(const struct sts_row *row, int64_t now)
{
	int64_t after = (row->expires - now) / 2;

	if (after > STS_REFRESH_S) {
		after = STS_REFRESH_S;
	}
	after -= jitter(row, after / 4);
	return now + (after > STS_HOLD_S ? after : STS_HOLD_S);
}

static void accept(struct sts_row *row, const char *id, struct view text,
    const struct sts_policy *policy, int64_t now)
{
	int64_t age = policy->max_age;

	forget_failure(row);
	(void)snprintf(row->id, sizeof(row->id), "%s", id);
	row->text = text;
	row->is_none = policy->mode == STS_MODE_NONE;
	row->fetched = now;
	row->expires = now + (age < STS_MAX_AGE_S ? age : STS_MAX_AGE_S);
	row->refresh = refresh_of(row, now);
}

void sts_state_fetched(struct sts_row *row, const char *id,
    const struct sts_fetched *fetched, int64_t now, struct arena *a,
    struct sts_answer *out)
{
	struct sts_policy policy;
	bool is_found = fetched->kind == POLICY_STS_FOUND;

	memset(out, 0, sizeof(*out));
	out->again = now + STS_AGAIN_MAX_S;
	out->is_row_changed = true;
	if (is_found && sts_policy_parse(fetched->body, a, &policy) == 0) {
		accept(row, id, fetched->body, &policy, now);
		say_state(row, id, now, out);
		come_again(out, now, row->refresh);
		return;
	}
	if (!holds(row, now)) {
		forget_policy(row);
	}
	fail(row, id, is_found ? POLICY_STS_POLICY_INVALID : fetched->kind,
	    is_found ? "syntax" : fetched->token, now);
	if (is_found) {
		row->bad_text = fetched->body;
		if (row->bad_text.len > STS_BAD_TEXT_MAX) {
			row->bad_text.len = STS_BAD_TEXT_MAX;
		}
	}
	out->failed = event_of(row, now);
	say_state(row, id, now, out);
	come_again(out, now, row->retry);
}

void sts_state_fill(const struct sts_answer *answer, struct policy_set *set)
{
	set->sts = answer->sts;
	set->sts_text = answer->text;
	set->sts_reason = view_of(answer->reason);
}

void sts_state_fill_event(
    const struct sts_answer *answer, int64_t at, struct policy_set *set)
{
	assert(answer->failed != POLICY_STS_UNKNOWN);
	sts_state_fill(answer, set);
	set->failed = answer->failed;
	set->failed_at = at;
}
