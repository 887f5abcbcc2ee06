/* SPDX-License-Identifier: BSD-2-Clause */
/* probes.c - what our probes saw on one day, by MX host, address and time */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/probes.h"

struct entry {
	struct view mx;                 /* borrows the tally */
	uint8_t hash[FACT_POLICY_HASH]; /* of the policy */
	struct policy_probe probe;
};

struct probes {
	struct arena *arena; /* what the contents do not hold themselves */
	struct entry *v;     /* by MX, address, time, hash */
	size_t n;
	size_t cap;
};

struct probes *probes_new(void)
{
	struct probes *p = xcalloc(1, sizeof(*p));

	p->arena = arena_new();
	return p;
}

void probes_free(struct probes *p)
{
	if (p != NULL) {
		arena_free(p->arena);
		free(p->v);
		free(p);
	}
}

int probes_add(struct probes *p, const struct policy *policy)
{
	struct entry e = { .mx = policy->mx };
	int rc = policy_probe_read(policy->content, p->arena, &e.probe);

	if (rc != 0) {
		return rc;
	}
	memcpy(e.hash, policy->hash, sizeof(e.hash));
	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 64;
		p->v = xrealloc_array(p->v, p->cap, sizeof(*p->v));
	}
	p->v[p->n++] = e;
	return 0;
}

static int compare_views(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n > 0 ? memcmp(a.s, b.s, n) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_place(
    const struct entry *e, struct view mx, const struct ip *ip)
{
	int c = compare_views(e->mx, mx);

	return c != 0 ? c : memcmp(&e->probe.ip, ip, sizeof(*ip));
}

static int by_place(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int c = compare_place(x, y->mx, &y->probe.ip);

	if (c == 0) {
		c = (x->probe.at > y->probe.at) - (x->probe.at < y->probe.at);
	}
	return c != 0 ? c : memcmp(x->hash, y->hash, sizeof(x->hash));
}

void probes_sort(struct probes *p)
{
	if (p->n > 1) {
		qsort(p->v, p->n, sizeof(*p->v), by_place);
	}
}

/* The first one that is not before this place. */
static size_t find_place(
    const struct probes *p, struct view mx, const struct ip *ip)
{
	size_t low = 0;
	size_t high = p->n;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (compare_place(&p->v[at], mx, ip) < 0) {
			low = at + 1;
		} else {
			high = at;
		}
	}
	return low;
}

static int64_t distance(const struct entry *e, int64_t t)
{
	return e->probe.at > t ? e->probe.at - t : t - e->probe.at;
}

/* The nearest of a list that is not empty; of two the earlier. */
static size_t nearest(const struct entry *v, size_t n, int64_t t)
{
	size_t at = 0;

	for (size_t i = 1; i < n; i++) {
		if (distance(&v[i], t) < distance(&v[at], t)) {
			at = i;
		}
	}
	return at;
}

static bool is_same(const struct policy_probe *a, const struct policy_probe *b)
{
	if (a->chain != b->chain || a->name != b->name || a->dane != b->dane ||
	    a->dane_chain != b->dane_chain || a->dane_name != b->dane_name ||
	    !view_eq(a->chain_reason, b->chain_reason) ||
	    !view_eq(a->dane_reason, b->dane_reason) ||
	    !view_eq(a->base, b->base) || a->n_records != b->n_records) {
		return false;
	}
	for (size_t i = 0; i < a->n_records; i++) {
		if (!view_eq(a->records[i], b->records[i])) {
			return false;
		}
	}
	return true;
}

const struct policy_probe *probes_find(
    const struct probes *p, const struct tally_fact *fact)
{
	size_t begin = find_place(p, fact->fact.mx, &fact->fact.ip);
	const struct entry *v = p->v + begin;
	size_t n = 0;
	size_t i;
	size_t k;

	while (begin + n < p->n &&
	    compare_place(&v[n], fact->fact.mx, &fact->fact.ip) == 0) {
		n++;
	}
	if (n == 0) {
		return NULL;
	}
	i = nearest(v, n, fact->first);
	k = nearest(v, n, fact->last);
	if (distance(&v[i], fact->first) > POLICY_PROBE_NEAR_S ||
	    distance(&v[k], fact->last) > POLICY_PROBE_NEAR_S ||
	    !is_same(&v[i].probe, &v[k].probe)) {
		return NULL;
	}
	/* of more than two the others may have been at any time between */
	for (size_t at = i + 1; fact->count > 2 && at <= k; at++) {
		if (!is_same(&v[i].probe, &v[at].probe) ||
		    v[at].probe.at - v[at - 1].probe.at >
			(int64_t)2 * POLICY_PROBE_NEAR_S) {
			return NULL;
		}
	}
	return &v[i].probe;
}
