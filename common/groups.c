/* SPDX-License-Identifier: BSD-2-Clause */
/* groups.c - the facts of a day, grouped by domain */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/groups.h"
#include "common/mem.h"

static int compare_domains(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.s, b.s, n);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_domain(const void *a, const void *b)
{
	const struct groups_entry *x = a;
	const struct groups_entry *y = b;
	int order = compare_domains(x->domain, y->domain);

	return order != 0 ? order :
			    (x->cursor > y->cursor) - (x->cursor < y->cursor);
}

static void add(struct groups *g, size_t *cap, const struct groups_entry *entry)
{
	if (g->n == *cap) {
		*cap = *cap > 0 ? 2 * *cap : 1024;
		g->entries =
		    xrealloc_array(g->entries, *cap, sizeof(*g->entries));
	}
	g->entries[g->n++] = *entry;
}

static void add_events(
    struct groups *g, size_t *cap, const struct policies *policies)
{
	struct groups_entry entry = { .cursor = GROUPS_NO_FACT };
	size_t cursor = 0;

	while (policies_next_domain(policies, &cursor, &entry.domain)) {
		if (domain_is_normal(entry.domain)) {
			add(g, cap, &entry);
		}
	}
}

void groups_load(struct groups *g, struct tally *t, struct policies *policies)
{
	struct tally_fact fact;
	uint64_t cursor = 0;
	uint64_t before = 0;
	size_t cap = 0;

	*g = (struct groups){ .tally = t, .policies = policies };
	while (tally_next_fact(t, &cursor, &fact) > 0) {
		struct groups_entry entry = { fact.fact.domain, before };

		before = cursor;
		if (entry.domain.len == 0) {
			g->nameless += fact.count;
		} else if (!domain_is_normal(entry.domain)) {
			g->refused += fact.count;
		} else {
			add(g, &cap, &entry);
		}
	}
	add_events(g, &cap, policies);
	if (g->n > 1) {
		qsort(g->entries, g->n, sizeof(*g->entries), by_domain);
	}
	for (size_t i = 0; i < g->n; i = groups_end(g, i)) {
		g->n_domains++;
	}
}

void groups_release(struct groups *g)
{
	free(g->entries);
	memset(g, 0, sizeof(*g));
}

size_t groups_end(const struct groups *g, size_t begin)
{
	size_t end = begin + 1;

	while (end < g->n &&
	    view_eq(g->entries[end].domain, g->entries[begin].domain)) {
		end++;
	}
	return end;
}

size_t groups_find(const struct groups *g, struct view domain)
{
	size_t low = 0;
	size_t high = g->n;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (compare_domains(g->entries[at].domain, domain) < 0) {
			low = at + 1;
		} else {
			high = at;
		}
	}
	return low < g->n && view_eq(g->entries[low].domain, domain) ? low :
								       g->n;
}

void groups_report(const struct groups *g, size_t begin, struct report *r)
{
	const struct policy_set *set;
	size_t end = groups_end(g, begin);
	size_t event = 0;

	for (size_t i = begin; i < end; i++) {
		uint64_t cursor = g->entries[i].cursor;
		struct tally_fact fact;

		/* a sealed file does not change: what was there is there */
		if (cursor != GROUPS_NO_FACT &&
		    tally_next_fact(g->tally, &cursor, &fact) > 0) {
			report_add(
			    r, &fact, policies_choose(g->policies, &fact));
		}
	}
	while ((set = policies_next_event(
		    g->policies, g->entries[begin].domain, &event)) != NULL) {
		report_add_event(r, set);
	}
}
