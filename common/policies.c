/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policies.c - the policies of a day, and which one a session is judged by
 *
 * A set is recorded once, when it is learned first: what stands in the tally
 * before a session may well have been learned again after it. So a set of the
 * session's own MX host, even one learned before, says more of it than one of
 * the whole domain, which knows no TLSA records.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/policies.h"
#include "common/probes.h"

enum {
	CACHE = 16, /* sets that are kept as they were read */
};

/* What a set knows of, in bits. */
enum {
	KNOWS_STS = 1,
	KNOWS_TLSA = 2
};

struct entry {
	struct view domain; /* both borrow the tally */
	struct view mx;
	int64_t since;   /* of an event: when it happened */
	uint64_t cursor; /* gives it to tally_next_policy() */
	uint8_t hash[FACT_POLICY_HASH];
	enum policy_source source;
	unsigned knows;
};

struct list {
	struct entry *v; /* by domain, MX, time, hash */
	size_t n;
	size_t cap;
};

struct name {
	uint8_t hash[FACT_POLICY_HASH];
	size_t at; /* place in the sets */
};

struct cached {
	uint64_t cursor; /* of the entry, + 1; 0: none */
	struct arena *arena;
	struct policy_set set;
};

struct policies {
	struct tally *tally;
	struct list sets;
	struct list events;
	struct probes *probes;
	size_t near;        /* where a domain's sets were found last */
	struct name *names; /* of the sets, by hash */
	size_t n_unreadable;
	struct cached cache[CACHE];
	size_t next; /* to be used again */
};

static int compare_views(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n > 0 ? memcmp(a.s, b.s, n) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* Of two entries the hash decides last: it is another for each content. */
static int by_place(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int c = compare_views(x->domain, y->domain);

	if (c == 0) {
		c = compare_views(x->mx, y->mx);
	}
	if (c == 0) {
		c = (x->since > y->since) - (x->since < y->since);
	}
	return c != 0 ? c : memcmp(x->hash, y->hash, sizeof(x->hash));
}

/* An event is one of its domain, whatever MX it was recorded with. */
static int by_time(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int c = compare_views(x->domain, y->domain);

	if (c == 0) {
		c = (x->since > y->since) - (x->since < y->since);
	}
	return c != 0 ? c : memcmp(x->hash, y->hash, sizeof(x->hash));
}

static unsigned knows(const struct policy_set *set)
{
	unsigned bits = 0;

	if (set->sts != POLICY_STS_UNKNOWN && set->sts != POLICY_STS_NONE) {
		bits |= KNOWS_STS;
	}
	if (set->tlsa != POLICY_TLSA_UNKNOWN && set->tlsa != POLICY_TLSA_NONE) {
		bits |= KNOWS_TLSA;
	}
	return bits;
}

static void append(struct list *l, const struct entry *e)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 256;
		l->v = xrealloc_array(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = *e;
}

static void add(struct policies *p, const struct policy *policy,
    uint64_t cursor, struct arena *a)
{
	struct entry e = { .domain = policy->domain,
		.mx = policy->mx,
		.since = policy->since,
		.cursor = cursor,
		.source = policy->source };
	struct policy_set set;
	bool is_read;

	if (policy->source == POLICY_PROBE) {
		p->n_unreadable += probes_add(p->probes, policy) != 0;
		return;
	}
	is_read = policy_set_read(policy, a, &set) == 0;
	memcpy(e.hash, policy->hash, sizeof(e.hash));
	if (is_read && set.failed_at != 0) {
		e.since = set.failed_at;
		append(&p->events, &e);
		return;
	}
	if (!is_read) {
		p->n_unreadable += policy->source == POLICY_OWN;
		if (policy->source != POLICY_OWN) {
			return;
		}
	}
	/* what is ours and cannot be read still stood: nothing else did */
	e.knows = is_read ? knows(&set) : 0;
	append(&p->sets, &e);
}

static void sort(struct list *l, int (*compare)(const void *, const void *))
{
	if (l->n > 1) {
		qsort(l->v, l->n, sizeof(*l->v), compare);
	}
}

/* One refresh fails at a time, and one that was recorded twice is one. */
static void drop_doubles(struct list *events)
{
	size_t n = 0;

	for (size_t i = 0; i < events->n; i++) {
		if (n == 0 || events->v[i].since != events->v[n - 1].since ||
		    !view_eq(events->v[i].domain, events->v[n - 1].domain)) {
			events->v[n++] = events->v[i];
		}
	}
	events->n = n;
}

static int by_hash(const void *a, const void *b)
{
	const struct name *x = a;
	const struct name *y = b;

	return memcmp(x->hash, y->hash, sizeof(x->hash));
}

static void index_names(struct policies *p)
{
	p->names = xcalloc(p->sets.n, sizeof(*p->names));
	for (size_t i = 0; i < p->sets.n; i++) {
		memcpy(p->names[i].hash, p->sets.v[i].hash, FACT_POLICY_HASH);
		p->names[i].at = i;
	}
	if (p->sets.n > 1) {
		qsort(p->names, p->sets.n, sizeof(*p->names), by_hash);
	}
}

struct policies *policies_load(struct tally *t)
{
	struct policies *p = xcalloc(1, sizeof(*p));
	struct arena *scratch = arena_new();
	struct policy policy;
	uint64_t cursor = 0;
	uint64_t before = 0;

	p->tally = t;
	p->probes = probes_new();
	while (tally_next_policy(t, &cursor, &policy) > 0) {
		add(p, &policy, before, scratch);
		arena_reset(scratch);
		before = cursor;
	}
	arena_free(scratch);
	sort(&p->sets, by_place);
	sort(&p->events, by_time);
	drop_doubles(&p->events);
	probes_sort(p->probes);
	index_names(p);
	return p;
}

void policies_free(struct policies *p)
{
	if (p == NULL) {
		return;
	}
	for (size_t i = 0; i < CACHE; i++) {
		arena_free(p->cache[i].arena);
	}
	probes_free(p->probes);
	free(p->names);
	free(p->events.v);
	free(p->sets.v);
	free(p);
}

size_t policies_unreadable(const struct policies *p)
{
	return p->n_unreadable;
}

/* --- reading --- */

static struct policy_set *read_set(struct policies *p, const struct entry *e)
{
	struct cached *c = NULL;
	struct policy policy;
	uint64_t cursor = e->cursor;

	for (size_t i = 0; i < CACHE; i++) {
		if (p->cache[i].cursor == e->cursor + 1) {
			return &p->cache[i].set;
		}
	}
	c = &p->cache[p->next];
	p->next = (p->next + 1) % CACHE;
	if (c->arena == NULL) {
		c->arena = arena_new();
	}
	arena_reset(c->arena);
	c->cursor = 0;
	/* a sealed file does not change: what was there is there */
	if (tally_next_policy(p->tally, &cursor, &policy) <= 0) {
		return NULL;
	}
	(void)policy_set_read(&policy, c->arena, &c->set);
	c->cursor = e->cursor + 1;
	return &c->set;
}

/* --- choosing --- */

static bool is_named(const struct fact *fact)
{
	unsigned any = 0;

	for (size_t i = 0; i < FACT_POLICY_HASH; i++) {
		any |= fact->policy[i];
	}
	return any != 0;
}

/* The set of a name, if it is one of this domain. */
static const struct entry *find_named(
    const struct policies *p, const struct fact *fact)
{
	const struct name *name = NULL;
	const struct entry *e;
	struct name key;

	memcpy(key.hash, fact->policy, sizeof(key.hash));
	if (p->sets.n > 0) {
		name = bsearch(
		    &key, p->names, p->sets.n, sizeof(*p->names), by_hash);
	}
	if (name == NULL) {
		return NULL;
	}
	e = &p->sets.v[name->at];
	return view_eq(e->domain, fact->domain) ? e : NULL;
}

static bool is_before(const struct list *l, size_t at, struct view domain)
{
	return compare_views(l->v[at].domain, domain) < 0;
}

/*
 * The first place that is not before this domain. Who asks goes through the
 * domains in their order: it is near the last one, and a search through a
 * million of them would leave the caches twenty times.
 */
static size_t find_domain(const struct list *l, struct view domain, size_t near)
{
	size_t low = 0;
	size_t high = l->n;

	for (size_t step = 1; near < high; step *= 2) {
		if (!is_before(l, near, domain)) {
			high = near;
			break;
		}
		low = near + 1;
		near += step;
	}
	if (low == 0 && high > 0 && is_before(l, high - 1, domain)) {
		return high;
	}
	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (is_before(l, at, domain)) {
			low = at + 1;
		} else {
			high = at;
		}
	}
	return low;
}

/* begin: what find_domain() says of the domain. */
static const struct entry *pick(const struct policies *p, size_t begin,
    struct view domain, struct view mx, int64_t first,
    enum policy_source source)
{
	const struct entry *before = NULL;

	for (size_t i = begin; i < p->sets.n; i++) {
		const struct entry *e = &p->sets.v[i];

		if (!view_eq(e->domain, domain)) {
			break;
		}
		if (!view_eq(e->mx, mx) || e->source != source) {
			continue;
		}
		if (e->since >= first) {
			return e;
		}
		before = e;
	}
	return before;
}

static const struct entry *pick_any(const struct policies *p, size_t begin,
    const struct tally_fact *fact, enum policy_source source)
{
	const struct fact *f = &fact->fact;
	const struct entry *e =
	    pick(p, begin, f->domain, f->mx, fact->first, source);

	if (e == NULL && f->mx.len > 0) {
		e = pick(p, begin, f->domain, view_of(""), fact->first, source);
	}
	return e;
}

/* Why was this entry of the fact's domain picked? */
static void explain_pick(const struct entry *e, const struct tally_fact *fact,
    struct policies_choice *out)
{
	out->rule = e->since >= fact->first ? POLICIES_AFTER : POLICIES_BEFORE;
	out->is_of_domain = !view_eq(e->mx, fact->fact.mx);
}

/*
 * Our own look goes first, for it saw all that was published and knows each
 * MX host. But where the MTA applied a policy of a kind that we know nothing
 * of, that one decided over the mail: the MTA may ask another resolver, have
 * it cached since before we looked, or have it from its own tables. Under
 * ours, a session that this policy refused would be a success.
 */
static const struct entry *choose(struct policies *p,
    const struct tally_fact *fact, struct policies_choice *out)
{
	const struct entry *own;
	const struct entry *mta;
	const struct entry *e;
	size_t begin;

	if (is_named(&fact->fact)) {
		e = find_named(p, &fact->fact);
		out->rule = e != NULL ? POLICIES_NAMED : POLICIES_GONE;
		return e;
	}
	begin = find_domain(&p->sets, fact->fact.domain, p->near);
	p->near = begin;
	own = pick_any(p, begin, fact, POLICY_OWN);
	mta = pick_any(p, begin, fact, POLICY_MTA);
	e = own;
	if (own == NULL || (mta != NULL && (mta->knows & ~own->knows) != 0)) {
		out->is_mta_first = own != NULL;
		e = mta;
	}
	if (e != NULL) {
		explain_pick(e, fact, out);
	}
	return e;
}

void policies_explain(struct policies *p, const struct tally_fact *fact,
    struct policies_choice *out)
{
	const struct entry *e;
	struct policy_set *set;

	*out = (struct policies_choice){ .rule = POLICIES_NONE };
	e = choose(p, fact, out);
	if (e == NULL) {
		return;
	}
	memcpy(out->hash, e->hash, sizeof(out->hash));
	set = read_set(p, e);
	if (set != NULL) {
		set->probe = probes_find(p->probes, fact);
	}
	out->set = set;
}

const struct policy_set *policies_choose(
    struct policies *p, const struct tally_fact *fact)
{
	struct policies_choice choice;

	policies_explain(p, fact, &choice);
	return choice.set;
}

/* --- events --- */

const struct policy_set *policies_next_event(
    struct policies *p, struct view domain, size_t *cursor)
{
	if (*cursor == 0) { /* places in the list, + 1 */
		*cursor = find_domain(&p->events, domain, p->events.n) + 1;
	}
	if (*cursor > p->events.n ||
	    !view_eq(p->events.v[*cursor - 1].domain, domain)) {
		return NULL;
	}
	return read_set(p, &p->events.v[(*cursor)++ - 1]);
}

bool policies_next_domain(
    const struct policies *p, size_t *cursor, struct view *out)
{
	const struct list *l = &p->events;

	if (*cursor >= l->n) {
		return false;
	}
	*out = l->v[*cursor].domain;
	while (*cursor < l->n && view_eq(l->v[*cursor].domain, *out)) {
		(*cursor)++;
	}
	return true;
}
