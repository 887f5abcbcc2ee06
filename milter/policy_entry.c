/* SPDX-License-Identifier: BSD-2-Clause */
/* policy_entry.c - the entries of the table of policies, and their lists */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/mem.h"
#include "milter/policy_entry.h"

static struct policy_entry **bucket_of(
    const struct policy_table *p, uint64_t hash)
{
	return &p->bucket[hash % p->n_buckets];
}

struct view policy_entry_domain(const struct policy_entry *e)
{
	return view_make(e->key, e->domain_len);
}

struct view policy_entry_mx(const struct policy_entry *e)
{
	return view_make(e->key + e->domain_len + 1, e->mx_len);
}

static void leave_list(struct policy_table *p, struct policy_entry *e)
{
	TAILQ_REMOVE(&p->list[e->place], e, link);
	p->counts.asked -= e->place == POLICY_ASKED;
	p->counts.waiting -= e->place == POLICY_WANTED;
}

static void enter_list(
    struct policy_table *p, struct policy_entry *e, enum policy_place to)
{
	e->place = to;
	TAILQ_INSERT_TAIL(&p->list[to], e, link);
	p->counts.asked += to == POLICY_ASKED;
	p->counts.waiting += to == POLICY_WANTED;
}

void policy_entry_move(
    struct policy_table *p, struct policy_entry *e, enum policy_place to)
{
	leave_list(p, e);
	enter_list(p, e, to);
}

void policy_entry_empty(struct policy_table *p, struct policy_entry *e)
{
	p->counts.bytes -= e->content_len;
	p->counts.known -= e->content != NULL;
	free(e->content);
	e->content = NULL;
	e->content_len = 0;
	e->has_hash = false;
	memset(e->holds, 0, sizeof(e->holds));
}

static void entry_free(struct policy_entry *e)
{
	free(e->content);
	free(e->key);
	free(e);
}

static void drop(struct policy_table *p, struct policy_entry *e)
{
	struct policy_entry **at = bucket_of(p, e->hash);

	while (*at != e) {
		at = &(*at)->next;
	}
	*at = e->next;
	leave_list(p, e);
	p->counts.entries--;
	policy_entry_empty(p, e);
	entry_free(e);
}

/* The one to go first, but not the one in hand; NULL: there is no other. */
static struct policy_entry *least(
    const struct policy_table *p, const struct policy_entry *in_hand)
{
	struct policy_entry *e = NULL;

	for (int i = 0; i < POLICY_PLACES && e == NULL; i++) {
		e = TAILQ_FIRST(&p->list[i]);
		e = e != NULL && e == in_hand ? TAILQ_NEXT(e, link) : e;
	}
	return e;
}

/* Makes room; the entry in hand stays. */
static void keep_bounds(
    struct policy_table *p, const struct policy_entry *in_hand)
{
	struct policy_entry *e;

	while ((p->counts.entries > p->max || p->counts.bytes > p->max_bytes) &&
	    (e = least(p, in_hand)) != NULL) {
		drop(p, e);
		p->counts.dropped++;
	}
}

void policy_entry_fill(
    struct policy_table *p, struct policy_entry *e, struct view content)
{
	policy_entry_empty(p, e);
	e->content = xstrndup(content.s, content.len);
	e->content_len = content.len;
	p->counts.bytes += content.len;
	p->counts.known++;
	keep_bounds(p, e);
}

/* What an entry is found by. */
struct place {
	char key[2 * DOMAIN_BUF];
	size_t len;
	uint64_t hash;
};

/* False: too long. */
static bool place_of(const struct policy_table *p, struct view domain,
    struct view mx, struct place *out)
{
	out->len = domain.len + mx.len + 2;
	if (out->len > sizeof(out->key)) {
		return false;
	}
	memset(out->key, 0, out->len);
	if (domain.len > 0) {
		memcpy(out->key, domain.s, domain.len);
	}
	if (mx.len > 0) {
		memcpy(out->key + domain.len + 1, mx.s, mx.len);
	}
	out->hash = hash_sip(&p->key, out->key, out->len);
	return true;
}

static struct policy_entry *find_at(const struct policy_table *p,
    const struct place *place, struct view domain, struct view mx)
{
	struct policy_entry *e = *bucket_of(p, place->hash);

	while (e != NULL &&
	    (e->hash != place->hash ||
		!view_eq(policy_entry_domain(e), domain) ||
		!view_eq(policy_entry_mx(e), mx))) {
		e = e->next;
	}
	return e;
}

struct policy_entry *policy_entry_find(
    const struct policy_table *p, struct view domain, struct view mx)
{
	struct place place;

	return place_of(p, domain, mx, &place) ?
	    find_at(p, &place, domain, mx) :
	    NULL;
}

struct policy_entry *policy_entry_get(
    struct policy_table *p, struct view domain, struct view mx)
{
	struct policy_entry **at;
	struct policy_entry *e;
	struct place place;

	if (!place_of(p, domain, mx, &place)) {
		return NULL;
	}
	e = find_at(p, &place, domain, mx);
	if (e != NULL) {
		if (e->place == POLICY_USED) {
			policy_entry_move(p, e, POLICY_USED);
		}
		return e;
	}
	e = xcalloc(1, sizeof(*e));
	e->hash = place.hash;
	e->key = xmalloc(place.len);
	memcpy(e->key, place.key, place.len);
	e->domain_len = domain.len;
	e->mx_len = mx.len;
	at = bucket_of(p, place.hash);
	e->next = *at;
	*at = e;
	enter_list(p, e, POLICY_USED);
	p->counts.entries++;
	keep_bounds(p, e);
	return e;
}

/* --- the table ------------------------------------------------------------ */

struct policy_table *policy_table_new(
    size_t max, size_t max_bytes, const struct hash_key *key)
{
	struct policy_table *p = xcalloc(1, sizeof(*p));

	p->key = *key;
	p->max = max;
	p->max_bytes = max_bytes;
	p->n_buckets = max;
	p->bucket = xcalloc(p->n_buckets, sizeof(struct policy_entry *));
	for (int i = 0; i < POLICY_PLACES; i++) {
		TAILQ_INIT(&p->list[i]);
	}
	return p;
}

void policy_table_free(struct policy_table *p)
{
	struct policy_entry *e;
	struct policy_entry *next;

	if (p == NULL) {
		return;
	}
	for (int i = 0; i < POLICY_PLACES; i++) {
		for (e = TAILQ_FIRST(&p->list[i]); e != NULL; e = next) {
			next = TAILQ_NEXT(e, link);
			entry_free(e);
		}
	}
	free(p->bucket);
	free(p);
}
