/* SPDX-License-Identifier: BSD-2-Clause */
/* groups.c - the facts of a day, grouped by domain */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/mem.h"
#include "reporter/groups.h"

static int by_domain(const void *a, const void *b)
{
	const struct groups_entry *x = a;
	const struct groups_entry *y = b;
	size_t n =
	    x->domain.len < y->domain.len ? x->domain.len : y->domain.len;
	int order = memcmp(x->domain.s, y->domain.s, n);

	if (order != 0) {
		return order;
	}
	if (x->domain.len != y->domain.len) {
		return x->domain.len < y->domain.len ? -1 : 1;
	}
	return x->cursor < y->cursor ? -1 : x->cursor > y->cursor;
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

void groups_load(struct groups *g, struct tally *t, const char *domain)
{
	struct tally_fact fact;
	uint64_t cursor = 0;
	uint64_t before = 0;
	size_t cap = 0;

	memset(g, 0, sizeof(*g));
	while (tally_next_fact(t, &cursor, &fact) > 0) {
		struct groups_entry entry = { fact.fact.domain, before };

		before = cursor;
		if (entry.domain.len == 0) {
			g->nameless += fact.count;
		} else if (!domain_is_normal(entry.domain)) {
			g->refused += fact.count;
		} else if (domain == NULL || view_is(entry.domain, domain)) {
			add(g, &cap, &entry);
		}
	}
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
