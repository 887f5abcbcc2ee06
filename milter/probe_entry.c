/* SPDX-License-Identifier: BSD-2-Clause */
/* probe_entry.c - the entries and the wishes of the table of probes */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/policy_probe.h"
#include "milter/probe_entry.h"

enum {
	KEY_BUF = DOMAIN_BUF + sizeof(struct ip)
};

static void leave_list(struct probe_table *p, struct probe_entry *e)
{
	TAILQ_REMOVE(&p->list[e->place], e, link);
	p->counts.asked -= e->place == PROBE_ASKED;
	p->counts.waiting -= e->place == PROBE_WANTED;
}

static void enter_list(
    struct probe_table *p, struct probe_entry *e, enum probe_place to)
{
	e->place = to;
	TAILQ_INSERT_TAIL(&p->list[to], e, link);
	p->counts.asked += to == PROBE_ASKED;
	p->counts.waiting += to == PROBE_WANTED;
}

void probe_entry_move(
    struct probe_table *p, struct probe_entry *e, enum probe_place to)
{
	leave_list(p, e);
	enter_list(p, e, to);
}

static struct probe_entry **bucket_of(
    const struct probe_table *p, uint64_t hash)
{
	return &p->bucket[hash % p->o.max];
}

static void entry_free(struct probe_entry *e)
{
	free(e->mx);
	free(e->domain);
	free(e->content);
	free(e);
}

static void drop(struct probe_table *p, struct probe_entry *e)
{
	struct probe_entry **at = bucket_of(p, e->hash);

	while (*at != e) {
		at = &(*at)->next;
	}
	*at = e->next;
	p->counts.dropped += e->place != PROBE_IDLE;
	p->counts.entries--;
	leave_list(p, e);
	entry_free(e);
}

static uint64_t hash_of(
    const struct probe_table *p, struct view mx, const struct ip *ip)
{
	char key[KEY_BUF];

	memcpy(key, ip, sizeof(*ip));
	memcpy(key + sizeof(*ip), mx.s, mx.len);
	return hash_sip(&p->o.key, key, sizeof(*ip) + mx.len);
}

struct probe_entry *probe_entry_find(
    const struct probe_table *p, struct view mx, const struct ip *ip)
{
	uint64_t hash = hash_of(p, mx, ip);
	struct probe_entry *e = *bucket_of(p, hash);

	while (e != NULL &&
	    (e->hash != hash || !view_is(mx, e->mx) ||
		memcmp(&e->ip, ip, sizeof(*ip)) != 0)) {
		e = e->next;
	}
	return e;
}

static void make_room(struct probe_table *p)
{
	for (int i = 0; i < PROBE_PLACES && p->counts.entries >= p->o.max;
	     i++) {
		if (!TAILQ_EMPTY(&p->list[i])) {
			drop(p, TAILQ_FIRST(&p->list[i]));
		}
	}
}

struct probe_entry *probe_entry_get(
    struct probe_table *p, struct view mx, const struct ip *ip)
{
	struct probe_entry *e = probe_entry_find(p, mx, ip);
	struct probe_entry **at;

	if (e != NULL) {
		return e;
	}
	make_room(p);
	e = xcalloc(1, sizeof(*e));
	e->hash = hash_of(p, mx, ip);
	e->mx = xstrndup(mx.s, mx.len);
	e->ip = *ip;
	at = bucket_of(p, e->hash);
	e->next = *at;
	*at = e;
	enter_list(p, e, PROBE_IDLE);
	p->counts.entries++;
	return e;
}

/* --- wishes --- */

static char *copy_text(char *to, struct view *text)
{
	size_t len = text->len;

	if (len > 0) {
		memcpy(to, text->s, len);
	}
	*text = view_make(to, len);
	return to + len;
}

static bool is_there(const struct probe_table *p, const struct fact *fact)
{
	const struct probe_wish *w;

	TAILQ_FOREACH(w, &p->wishes, link) {
		if (view_eq(w->fact.domain, fact->domain) &&
		    view_eq(w->fact.mx, fact->mx) &&
		    memcmp(&w->fact.ip, &fact->ip, sizeof(fact->ip)) == 0) {
			return true;
		}
	}
	return false;
}

void probe_wish_add(
    struct probe_table *p, int64_t t, int64_t now, const struct fact *fact)
{
	struct probe_wish *w;
	char *to;

	if (is_there(p, fact)) {
		return;
	}
	if (p->n_wishes >= PROBE_TABLE_WAITING) {
		p->counts.dropped++;
		return;
	}
	w = xmalloc(sizeof(*w) + fact->domain.len + fact->mx.len +
	    fact->reason.len + fact->level.len + fact->verdict.len +
	    fact->version.len);
	w->t = t;
	w->since = now;
	w->fact = *fact;
	to = copy_text(w->texts, &w->fact.domain);
	to = copy_text(to, &w->fact.mx);
	to = copy_text(to, &w->fact.reason);
	to = copy_text(to, &w->fact.level);
	to = copy_text(to, &w->fact.verdict);
	(void)copy_text(to, &w->fact.version);
	w->fact.helo = view_of("");
	w->fact.feed = view_of("");
	TAILQ_INSERT_TAIL(&p->wishes, w, link);
	p->n_wishes++;
	p->counts.waiting++;
}

static void leave(struct probe_table *p, struct probe_wish *w)
{
	TAILQ_REMOVE(&p->wishes, w, link);
	p->n_wishes--;
	p->counts.waiting--;
}

void probe_wish_take(
    struct probe_table *p, struct view domain, struct probe_wishes *out)
{
	struct probe_wish *w;
	struct probe_wish *next;

	for (w = TAILQ_FIRST(&p->wishes); w != NULL; w = next) {
		next = TAILQ_NEXT(w, link);
		if (view_eq(w->fact.domain, domain)) {
			leave(p, w);
			TAILQ_INSERT_TAIL(out, w, link);
		}
	}
}

void probe_wish_free(struct probe_wish *w)
{
	free(w);
}

void probe_wish_expire(struct probe_table *p, int64_t now)
{
	struct probe_wish *w;
	struct probe_wish *next;

	for (w = TAILQ_FIRST(&p->wishes); w != NULL; w = next) {
		if (now - w->since < POLICY_PROBE_NEAR_S && now >= w->since) {
			break;
		}
		next = TAILQ_NEXT(w, link);
		leave(p, w);
		probe_wish_free(w);
	}
}

/* --- the table ------------------------------------------------------------- */

struct probe_table *probe_table_new(const struct probe_table_options *o)
{
	struct probe_table *p = xcalloc(1, sizeof(*p));

	p->o = *o;
	if (p->o.max == 0) {
		p->o.max = PROBE_TABLE_MAX;
	}
	p->bucket = xcalloc(p->o.max, sizeof(struct probe_entry *));
	TAILQ_INIT(&p->wishes);
	for (int i = 0; i < PROBE_PLACES; i++) {
		TAILQ_INIT(&p->list[i]);
	}
	return p;
}

void probe_table_counts(
    const struct probe_table *p, struct probe_table_counts *out)
{
	*out = p->counts;
}

void probe_table_set_count(struct probe_table *p, enum judge_count count)
{
	p->o.count = count;
}

void probe_table_free(struct probe_table *p)
{
	struct probe_entry *e;
	struct probe_wish *w;
	struct probe_wish *next_wish;

	if (p == NULL) {
		return;
	}
	for (w = TAILQ_FIRST(&p->wishes); w != NULL; w = next_wish) {
		next_wish = TAILQ_NEXT(w, link);
		probe_wish_free(w);
	}
	for (int i = 0; i < PROBE_PLACES; i++) {
		while ((e = TAILQ_FIRST(&p->list[i])) != NULL) {
			TAILQ_REMOVE(&p->list[i], e, link);
			entry_free(e);
		}
	}
	free(p->bucket);
	free(p);
}
