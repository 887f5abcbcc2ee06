/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_policy.c - what the recipient published, as an element's key (R47)
 *
 * Texts come from the policy's publisher or from an MTA. They stand in the key
 * as they will stand in the report, so that two texts that look alike there
 * are one element.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/report_private.h"
#include "common/sts_policy.h"
#include "common/tlsa.h"

/* R93: the patterns that may stand in a report. */
static void set_patterns(
    const struct sts_policy *policy, struct arena *a, struct report_policy *out)
{
	struct view *mx = arena_alloc(a, policy->n_mx * sizeof(*mx));

	for (size_t i = 0; i < policy->n_mx; i++) {
		struct view name = policy->mx[i];

		(void)view_take(&name, "*.");
		if (report_is_domain(name)) {
			mx[out->n_mx++] = policy->mx[i];
		}
	}
	out->mx = mx;
}

/*
 * R77, R225: what could not be fetched has no lines; what did not parse has
 * lines, and no patterns. The text of an event is that of the policy that
 * stayed in force (R239).
 */
static void set_sts(
    const struct policy_set *set, struct arena *a, struct report_policy *out)
{
	bool is_in_force = set->failed_at != 0 || set->sts == POLICY_STS_FOUND;
	struct sts_policy policy;

	if (!is_in_force && set->sts != POLICY_STS_POLICY_INVALID) {
		return;
	}
	/* R89, R90 */
	out->n_strings = sts_policy_lines(set->sts_text, a, &out->strings);
	if (is_in_force && sts_policy_parse(set->sts_text, a, &policy) == 0) {
		set_patterns(&policy, a, out);
	}
}

static int by_octets(const void *a, const void *b)
{
	return report_compare_views(
	    *(const struct view *)a, *(const struct view *)b);
}

/*
 * R88: sorted, for the order of a resolver's answer is no other policy; what
 * is no record (an MTA's text may be anything) is left out.
 */
static void set_records(
    const struct policy_set *set, struct arena *a, struct report_policy *out)
{
	struct view *records =
	    arena_alloc(a, set->n_records * sizeof(*records));
	size_t n_read = 0;

	for (size_t i = 0; i < set->n_records; i++) {
		struct tlsa tlsa;

		if (tlsa_read(set->records[i], a, &tlsa) == 0) {
			records[n_read++] = set->records[i];
		}
	}
	if (n_read > 1) {
		qsort(records, n_read, sizeof(*records), by_octets);
	}
	out->strings = records;
	for (size_t i = 0; i < n_read; i++) {
		if (i == 0 || !view_eq(records[i], records[i - 1])) {
			records[out->n_strings++] = records[i];
		}
	}
}

/*
 * R2: the TLSA base domain. Where none was found (R316: the lookup failed, or
 * DANE was demanded in vain) it is the host that it was looked for.
 */
static struct view base_of(const struct report *r, const struct fact *fact,
    const struct policy_set *set)
{
	if (report_is_domain(set->base)) {
		return set->base;
	}
	if (report_is_domain(set->mta_domain)) {
		return set->mta_domain;
	}
	return report_is_domain(fact->mx) ? fact->mx : r->domain;
}

void report_policy_key(const struct report *r, enum judge_policy type,
    const struct fact *fact, const struct policy_set *set, struct arena *a,
    struct report_policy *out)
{
	*out = (struct report_policy){ .type = type, .domain = r->domain };
	switch (type) {
	case JUDGE_NO_POLICY_FOUND: /* R3, R91 */
		break;
	case JUDGE_STS:
		set_sts(set, a, out);
		break;
	case JUDGE_TLSA:
		out->domain = base_of(r, fact, set);
		if (set->tlsa == POLICY_TLSA_USABLE ||
		    set->tlsa == POLICY_TLSA_UNUSABLE) {
			set_records(set, a, out);
		}
		break;
	}
}

/* Octets of a policy's texts as JSON, about: never much less. */
static size_t size_of(const struct view *list, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < list[i].len; k++) {
			unsigned char c = (unsigned char)list[i].s[k];

			size += c < 0x20 || c == 0x7f   ? 6 :
			    c == '"' || c == '\\' ? 2 :
			    c == 0xe2               ? 4 : /* U+2028 */
						      1;
		}
		size += 3;
	}
	return size;
}

static int by_sessions(const void *a, const void *b)
{
	const struct report_element *x =
	    *(const struct report_element *const *)a;
	const struct report_element *y =
	    *(const struct report_element *const *)b;
	uint64_t n_x = report_count_add(x->successes, x->failures);
	uint64_t n_y = report_count_add(y->successes, y->failures);

	if (n_x != n_y) {
		return n_x > n_y ? -1 : 1;
	}
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static void drop_element(struct report *r, const struct report_element *e)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_elements; i++) {
		if (r->elements[i] != e) {
			r->elements[n++] = r->elements[i];
		}
	}
	r->n_elements = n;
}

/* Adds an element to that of its type and domain that has no texts. */
static void make_bare(struct report *r, const struct report_element *e)
{
	struct report_policy key = { .type = e->policy.type,
		.domain = e->policy.domain };
	struct report_element *bare = report_find_element(r, &key);

	if (bare == e) {
		return;
	}
	bare->successes = report_count_add(bare->successes, e->successes);
	bare->failures = report_count_add(bare->failures, e->failures);
	for (size_t i = 0; i < r->details.n; i++) {
		if (r->details.v[i]->element == e) {
			r->details.v[i]->element = bare;
		}
	}
	drop_element(r, e);
	r->is_sorted = false;
}

void report_policies_fit(struct report *r, size_t room)
{
	size_t n = r->n_elements;
	struct report_element **v;
	size_t used = 0;

	report_sort(r);
	v = arena_alloc(r->arena, n * sizeof(struct report_element *));
	if (n > 0) {
		memcpy(v, r->elements, n * sizeof(struct report_element *));
		qsort(v, n, sizeof(struct report_element *), by_sessions);
	}
	for (size_t i = 0; i < n; i++) {
		const struct report_policy *p = &v[i]->policy;
		size_t size =
		    size_of(p->strings, p->n_strings) + size_of(p->mx, p->n_mx);

		if (size > room - used) {
			make_bare(r, v[i]);
		} else {
			used += size;
		}
	}
	report_sort(r);
}
