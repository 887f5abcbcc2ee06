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

struct policy_entry *policy_entry_get(
    struct policy_table *p, struct view domain, struct view mx)
{
	char key[2 * DOMAIN_BUF];
	size_t len = domain.len + mx.len + 2;
	uint64_t hash;
	struct policy_entry **at;
	struct policy_entry *e;

	if (len > sizeof(key)) {
		return NULL;
	}
	memset(key, 0, len);
	memcpy(key, domain.s, domain.len);
	if (mx.len > 0) {
		memcpy(key + domain.len + 1, mx.s, mx.len);
	}
	hash = hash_sip(&p->key, key, len);
	at = bucket_of(p, hash);
	for (e = *at; e != NULL; e = e->next) {
		if (e->hash == hash &&
		    view_eq(policy_entry_domain(e), domain) &&
		    view_eq(policy_entry_mx(e), mx)) {
			if (e->place == POLICY_USED) {
				policy_entry_move(p, e, POLICY_USED);
			}
			return e;
		}
	}
	e = xcalloc(1, sizeof(*e));
	e->hash = hash;
	e->key = xmalloc(len);
	memcpy(e->key, key, len);
	e->domain_len = domain.len;
	e->mx_len = mx.len;
	e->next = *at;
	*at = e;
	enter_list(p, e, POLICY_USED);
	p->counts.entries++;
	keep_bounds(p, e);
	return e;
}

/* --- days -------------------------------------------------------------------- */

bool policy_entry_has_day(const int64_t days[POLICY_DAYS], int64_t day)
{
	for (unsigned i = 0; i < POLICY_DAYS; i++) {
		if (days[i] == day) {
			return true;
		}
	}
	return false;
}

void policy_entry_add_day(int64_t days[POLICY_DAYS], int64_t day)
{
	unsigned oldest = 0;

	if (policy_entry_has_day(days, day)) {
		return;
	}
	for (unsigned i = 1; i < POLICY_DAYS; i++) {
		if (days[i] < days[oldest]) {
			oldest = i;
		}
	}
	days[oldest] = day;
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
