/* SPDX-License-Identifier: BSD-2-Clause */
/* explain_policies.c - what the domain had published that day */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/policy_set.h"
#include "common/sts_policy.h"
#include "common/when.h"
#include "tool/explain.h"
#include "tool/tally_json.h"

static int compare_views(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int c = len > 0 ? memcmp(a.s, b.s, len) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* As they were learned; the rest only makes it definite. */
static int by_time(const void *pa, const void *pb)
{
	const struct policy *a = pa;
	const struct policy *b = pb;
	int c = (a->since > b->since) - (a->since < b->since);

	if (c == 0) {
		c = compare_views(a->mx, b->mx);
	}
	return c != 0 ? c : memcmp(a->hash, b->hash, sizeof(a->hash));
}

/* An event is no policy. */
static bool is_event(const struct policy *policy, struct arena *a)
{
	struct policy_set set;

	return policy_set_read(policy, a, &set) == 0 && set.failed_at != 0;
}

void explain_policies_load(struct explain *e)
{
	struct arena *a = arena_new();
	struct policy policy;
	uint64_t cursor = 0;
	size_t cap = 0;

	while (tally_next_policy(e->tally, &cursor, &policy) > 0) {
		arena_reset(a);
		if (!view_is(policy.domain, e->domain) ||
		    policy.source == POLICY_PROBE || is_event(&policy, a)) {
			continue;
		}
		if (e->n_sets == cap) {
			cap = cap > 0 ? 2 * cap : 16;
			e->sets =
			    xrealloc_array(e->sets, cap, sizeof(*e->sets));
		}
		e->sets[e->n_sets++] = policy;
	}
	arena_free(a);
	if (e->n_sets > 1) {
		qsort(e->sets, e->n_sets, sizeof(*e->sets), by_time);
	}
}

const char *explain_policies_label(const struct explain *e,
    const uint8_t hash[FACT_POLICY_HASH], char out[EXPLAIN_LABEL])
{
	out[0] = '\0';
	for (size_t i = 0; i < e->n_sets; i++) {
		if (memcmp(e->sets[i].hash, hash, FACT_POLICY_HASH) == 0) {
			(void)snprintf(out, EXPLAIN_LABEL, "P%zu", i + 1);
			break;
		}
	}
	return out;
}

static const char *mx_text(enum policy_mx v)
{
	switch (v) {
	case POLICY_MX_SECURE:
		return "found, signed by DNSSEC";
	case POLICY_MX_INSECURE:
		return "found, not signed: DANE does not apply (RFC 7672 "
		       "2.2.1, R300)";
	case POLICY_MX_NONE:
		return "there is no such domain, or it takes no mail "
		       "(RFC 7505, R318)";
	case POLICY_MX_BOGUS:
		return "the answer is forged (R306)";
	case POLICY_MX_FAILED:
		return "the lookup failed (R49)";
	case POLICY_MX_UNKNOWN:
	case POLICY_MX_COUNT:
		break;
	}
	return NULL;
}

static const char *tlsa_text(enum policy_tlsa v)
{
	switch (v) {
	case POLICY_TLSA_NONE:
		return "no records, or DANE does not apply";
	case POLICY_TLSA_USABLE:
		return "there are usable records (RFC 7672 2.2, R304)";
	case POLICY_TLSA_UNUSABLE:
		return "there are records, none of them usable (R307)";
	case POLICY_TLSA_BOGUS:
		return "the answer is forged (RFC 7672 2.1, R305)";
	case POLICY_TLSA_FAILED:
		return "the lookup failed (RFC 7672 2.1, R305)";
	case POLICY_TLSA_UNKNOWN:
	case POLICY_TLSA_COUNT:
		break;
	}
	return "not known";
}

static void show_tlsa(const struct policy_set *set, const struct page *p)
{
	char buf[LOG_ESCAPE_BUF];

	page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "tlsa", "%s%s%s",
	    tlsa_text(set->tlsa), set->base.len > 0 ? ", base domain " : "",
	    log_escape(set->base, buf));
	for (size_t i = 0; i < set->n_records; i++) {
		page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "", "%s",
		    log_escape(set->records[i], buf));
	}
	if (set->is_dane_demanded) {
		page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "",
		    "we demand DANE here (R313)");
	}
}

/* The policy that is in force. */
static void show_found(
    const struct policy_set *set, struct arena *a, const struct page *p)
{
	struct sts_policy policy;
	char buf[LOG_ESCAPE_BUF];

	if (sts_policy_parse(set->sts_text, a, &policy) != 0) {
		page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "mta-sts",
		    "a policy in force; its text is not told");
		return;
	}
	page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "mta-sts",
	    "a policy in force, mode %s, max_age %u",
	    sts_mode_word(policy.mode), (unsigned)policy.max_age);
	for (size_t i = 0; i < policy.n_mx; i++) {
		page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "", "mx %s",
		    log_escape(policy.mx[i], buf));
	}
	if (set->sts_reason.len > 0) {
		page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "",
		    "it cannot be refreshed: %s",
		    log_escape(set->sts_reason, buf));
	}
}

static void show_sts(
    const struct policy_set *set, struct arena *a, const struct page *p)
{
	char buf[LOG_ESCAPE_BUF];

	switch (set->sts) {
	case POLICY_STS_FOUND:
		show_found(set, a, p);
		break;
	case POLICY_STS_FETCH_ERROR:
	case POLICY_STS_POLICY_INVALID:
	case POLICY_STS_WEBPKI_INVALID:
		page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "mta-sts",
		    "a record, but no policy (R217): %s%s%s",
		    policy_sts_word(set->sts),
		    set->sts_reason.len > 0 ? ", " : "",
		    log_escape(set->sts_reason, buf));
		break;
	case POLICY_STS_NONE:
		page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "mta-sts",
		    "no valid record, and no policy kept (RFC 8461 3.1, "
		    "R202)%s%s",
		    set->sts_reason.len > 0 ? ": " : "",
		    log_escape(set->sts_reason, buf));
		break;
	case POLICY_STS_UNKNOWN:
	case POLICY_STS_COUNT:
		page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "mta-sts",
		    "not known");
		break;
	}
}

static void show_set(
    const struct explain *e, size_t i, struct arena *a, const struct page *p)
{
	const struct policy *policy = &e->sets[i];
	struct policy_set set;
	char label[EXPLAIN_LABEL];
	char since[WHEN_RFC3339_BUF];
	char buf[LOG_ESCAPE_BUF];
	bool is_read = policy_set_read(policy, a, &set) == 0;

	(void)snprintf(label, sizeof(label), "P%zu", i + 1);
	page_say(p, EXPLAIN_INDENT, 5, label, "%s%s, since %s, %s",
	    policy->mx.len > 0 ? "for " : "for the domain as a whole",
	    log_escape(policy->mx, buf), when_rfc3339(policy->since, since),
	    policy->source == POLICY_OWN ? "looked up by us" :
					   "told by the MTA");
	if (!is_read) {
		page_say(p, EXPLAIN_INDENT + 5, 0, NULL, "cannot be read");
		return;
	}
	if (mx_text(set.mx) != NULL) {
		page_say(p, EXPLAIN_INDENT + 5, EXPLAIN_HANG, "mx", "%s",
		    mx_text(set.mx));
	}
	show_tlsa(&set, p);
	show_sts(&set, a, p);
}

/* What an event counts as; judge_event() says the same. */
static void show_event(const struct policy_set *set, const struct page *p)
{
	struct judge_verdict v;
	char when[WHEN_RFC3339_BUF];
	const char *at = when_rfc3339(set->failed_at, when);

	judge_event(set, &v);
	if (v.outcome != JUDGED_FAILURE) {
		page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "event",
		    "%s: a refresh of the MTA-STS policy failed; of a policy "
		    "in mode none nothing is reported (R237)",
		    at);
		return;
	}
	page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "event",
	    "%s: a refresh of the MTA-STS policy failed while a policy was in "
	    "force: one failure under sts (R239), %s (%s), %s",
	    at, judge_type_word(v.result[0].type),
	    judge_type_rule(v.result[0].type), v.result[0].reason);
}

void explain_policies_show(struct explain *e, const struct page *p)
{
	struct arena *a = arena_new();
	const struct policy_set *set;
	char title[64];
	size_t cursor = 0;

	(void)snprintf(title, sizeof(title), "Policies of %s", e->date);
	page_heading(p, 2, title);
	if (e->n_sets == 0) {
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "Nothing was learned of what the domain publishes.");
	}
	for (size_t i = 0; i < e->n_sets; i++) {
		arena_reset(a);
		show_set(e, i, a, p);
	}
	while ((set = policies_next_event(
		    e->policies, view_of(e->domain), &cursor)) != NULL) {
		show_event(set, p);
	}
	arena_free(a);
}

static void put_event(const struct policy_set *set, struct json_out *j)
{
	struct judge_verdict v;

	judge_event(set, &v);
	json_out_open(j, NULL);
	json_out_time(j, "time", set->failed_at);
	json_out_bool(j, "counts", v.outcome == JUDGED_FAILURE);
	if (v.outcome == JUDGED_FAILURE) {
		json_out_text(
		    j, "result", view_of(judge_type_word(v.result[0].type)));
		json_out_text(j, "reason", view_of(v.result[0].reason));
		json_out_text(
		    j, "rule", view_of(judge_type_rule(v.result[0].type)));
	}
	json_out_close(j);
}

void explain_policies_json(struct explain *e, struct json_out *j)
{
	const struct policy_set *set;
	size_t cursor = 0;

	json_out_open_list(j, "policies");
	for (size_t i = 0; i < e->n_sets; i++) {
		json_out_open(j, NULL);
		tally_json_policy(j, e->date, &e->sets[i]);
		json_out_close(j);
	}
	json_out_close_list(j);
	json_out_open_list(j, "events");
	while ((set = policies_next_event(
		    e->policies, view_of(e->domain), &cursor)) != NULL) {
		put_event(set, j);
	}
	json_out_close_list(j);
}
