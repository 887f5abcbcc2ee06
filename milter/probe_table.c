/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe_table.c - which addresses are to be probed, and what was seen there
 *
 * One entry for each MX host and address, in one of three lists, which says
 * what is still to be done for it. An entry is made only where a probe is
 * wanted; facts whose policy is not known yet are kept apart until it is.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/policy_probe.h"
#include "common/when.h"
#include "milter/probe_entry.h"

enum {
	AGAIN_S = 300, /* a probe that was not made is tried again, at the
	                  soonest */
	CLOCK_S = 3600 /* an answer so far from now is none */
};

/* --- days ------------------------------------------------------------------ */

/* Full and sealed days go without. */
static int put(struct store *s, int64_t day, struct probe_entry *e)
{
	struct policy policy = { .domain = view_of(e->domain),
		.mx = view_of(e->mx),
		.since = e->at,
		.source = POLICY_PROBE,
		.content = view_of(e->content) };
	int rc = 0;

	if (s != NULL && !open_days_has(e->holds, day)) {
		rc = store_policy(s, day, &policy);
	}
	if (rc == 0 && s != NULL) {
		open_days_add(e->holds, day);
	}
	return rc == ERR_FULL || rc == ERR_SEALED || rc == ERR_TOO_LONG ||
		rc == ERR_PARSE ?
	    0 :
	    rc;
}

static bool is_near(int64_t a, int64_t b)
{
	return a - b <= POLICY_PROBE_NEAR_S && b - a <= POLICY_PROBE_NEAR_S;
}

static void set_domain(struct probe_entry *e, struct view domain)
{
	if (e->domain == NULL || !view_is(domain, e->domain)) {
		free(e->domain);
		e->domain = xstrndup(domain.s, domain.len);
	}
}

static void set_content(struct probe_entry *e, struct view content, int64_t at)
{
	free(e->content);
	e->content = xstrndup(content.s, content.len);
	e->at = at;
	memset(e->holds, 0, sizeof(e->holds));
}

/* --- facts ----------------------------------------------------------------- */

bool probe_table_is_candidate(const struct fact *fact, int64_t t, int64_t now)
{
	return fact->tls == FACT_TLS_OK && domain_is_normal(fact->domain) &&
	    domain_is_normal(fact->mx) && !view_is(fact->mx, "-") &&
	    ip_is_known(&fact->ip) && is_near(t, now) &&
	    (fact->chain == FACT_CHAIN_UNKNOWN ||
		fact->name == FACT_NAME_UNKNOWN ||
		fact->dane == FACT_DANE_UNKNOWN);
}

static bool would_settle(
    const struct probe_table *p, const struct fact *fact, struct view content)
{
	const struct policy policy = { .source = POLICY_OWN,
		.content = content };
	struct arena *a = arena_new();
	struct policy_set set;
	bool would = policy_set_read(&policy, a, &set) == 0 &&
	    judge_wants_probe(fact, &set, p->o.count);

	arena_free(a);
	return would;
}

static bool is_on_its_way(const struct probe_entry *e)
{
	return e->place == PROBE_WANTED || e->place == PROBE_ASKED;
}

static void want(struct probe_table *p, struct probe_entry *e, int64_t day)
{
	open_days_add(e->lacks, day);
	if (!is_on_its_way(e)) {
		probe_entry_move(p, e, PROBE_WANTED);
	}
}

/* A session of this day: what is there, and what is still to be asked for. */
static int serve(struct probe_table *p, struct store *s, struct probe_entry *e,
    int64_t t, int64_t now)
{
	if (now >= e->again || is_on_its_way(e)) {
		want(p, e, when_day(t));
	} else {
		probe_entry_move(p, e, PROBE_IDLE);
	}
	return e->content != NULL && is_near(e->at, t) ?
	    put(s, when_day(t), e) :
	    0;
}

/* All was done for a session like this before. */
static bool is_served(const struct probe_entry *e, int64_t t, int64_t now)
{
	int64_t day = when_day(t);

	if (is_on_its_way(e)) {
		return open_days_has(e->lacks, day);
	}
	return e->place == PROBE_IDLE && now < e->again &&
	    (e->content == NULL || !is_near(e->at, t) ||
		open_days_has(e->holds, day));
}

int probe_table_apply(struct probe_table *p, struct store *s, int64_t t,
    int64_t now, const struct fact *fact)
{
	struct view content;
	struct probe_entry *e;

	if (!probe_table_is_candidate(fact, t, now)) {
		return 0;
	}
	e = probe_entry_find(p, fact->mx, &fact->ip);
	if (e != NULL && is_served(e, t, now)) {
		return 0;
	}
	switch (policy_table_find(
	    p->o.policies, fact->domain, fact->mx, &content)) {
	case POLICY_TABLE_UNKNOWN:
		probe_wish_add(p, t, now, fact);
		return 0;
	case POLICY_TABLE_QUIET:
		return 0;
	case POLICY_TABLE_DEMANDS:
		break;
	}
	if (!would_settle(p, fact, content)) {
		return 0;
	}
	e = e != NULL ? e : probe_entry_get(p, fact->mx, &fact->ip);
	set_domain(e, fact->domain);
	return serve(p, s, e, t, now);
}

int probe_table_on_policy(struct probe_table *p, struct store *s,
    const struct network_message *m, int64_t now)
{
	struct probe_wishes of_domain;
	struct probe_wish *w;
	int rc = 0;

	TAILQ_INIT(&of_domain);
	probe_wish_take(p, m->domain, &of_domain);
	while ((w = TAILQ_FIRST(&of_domain)) != NULL) {
		TAILQ_REMOVE(&of_domain, w, link);
		if (rc == 0) {
			rc = probe_table_apply(p, s, w->t, now, &w->fact);
		}
		probe_wish_free(w);
	}
	return rc;
}

/* --- questions ------------------------------------------------------------- */

/* Nothing came, and nothing will. */
static void give_up(struct probe_table *p, int64_t now)
{
	struct probe_entry *e;

	while ((e = TAILQ_FIRST(&p->list[PROBE_ASKED])) != NULL &&
	    (now - e->since >= PROBE_TABLE_ANSWER_S || now < e->since)) {
		memset(e->lacks, 0, sizeof(e->lacks));
		probe_entry_move(p, e, PROBE_IDLE);
	}
}

bool probe_table_next(
    struct probe_table *p, int64_t now, struct network_message *out)
{
	const struct probe_entry *e;

	probe_wish_expire(p, now);
	give_up(p, now);
	e = TAILQ_FIRST(&p->list[PROBE_WANTED]);
	if (e == NULL || p->counts.asked >= PROBE_TABLE_ASKED) {
		return false;
	}
	*out = (struct network_message){ .kind = NETWORK_PROBE,
		.domain = view_of(e->domain),
		.mx = view_of(e->mx),
		.ip = e->ip };
	return true;
}

void probe_table_asked(struct probe_table *p, int64_t now)
{
	struct probe_entry *e = TAILQ_FIRST(&p->list[PROBE_WANTED]);

	e->since = now;
	e->again = now + POLICY_PROBE_NEAR_S;
	probe_entry_move(p, e, PROBE_ASKED);
}

void probe_table_forget_asked(struct probe_table *p)
{
	struct probe_entry *e;

	while ((e = TAILQ_FIRST(&p->list[PROBE_ASKED])) != NULL) {
		probe_entry_move(p, e, PROBE_WANTED);
	}
}

/* --- answers --------------------------------------------------------------- */

/* The child talks to strangers: is this about what was asked? */
static bool is_answer(
    const struct probe_entry *e, const struct network_message *m, int64_t now)
{
	struct policy_probe probe;
	struct arena *a;
	bool is = e != NULL && e->place == PROBE_ASKED;

	if (is && m->kind == NETWORK_PROBED) {
		a = arena_new();
		is = policy_probe_read(m->content, a, &probe) == 0 &&
		    memcmp(&probe.ip, &e->ip, sizeof(e->ip)) == 0 &&
		    probe.at == m->since && m->since <= now + CLOCK_S &&
		    m->since >= now - CLOCK_S;
		arena_free(a);
	}
	return is;
}

static int learn_probed(
    struct store *s, struct probe_entry *e, const struct network_message *m)
{
	int rc = 0;

	set_content(e, m->content, m->since);
	for (unsigned i = 0; i < OPEN_DAYS && rc == 0; i++) {
		if (e->lacks[i] != 0) {
			rc = put(s, e->lacks[i], e);
		}
	}
	return rc;
}

int probe_table_learn(struct probe_table *p, struct store *s,
    const struct network_message *m, int64_t now)
{
	struct probe_entry *e = probe_entry_find(p, m->mx, &m->ip);
	int rc = 0;

	if (!is_answer(e, m, now)) {
		p->counts.nonsense++;
		return 0;
	}
	if (m->kind == NETWORK_PROBED) {
		p->counts.seen++;
		rc = learn_probed(s, e, m);
	} else {
		p->counts.unseen++;
		if (m->again < e->again) {
			e->again =
			    m->again > now + AGAIN_S ? m->again : now + AGAIN_S;
		}
	}
	memset(e->lacks, 0, sizeof(e->lacks));
	probe_entry_move(p, e, PROBE_IDLE);
	return rc;
}

void probe_table_recall(
    struct probe_table *p, const struct policy *policy, int64_t day)
{
	struct policy_probe probe;
	struct arena *a = arena_new();
	struct probe_entry *e;

	if (policy->source == POLICY_PROBE && domain_is_normal(policy->mx) &&
	    domain_is_normal(policy->domain) &&
	    policy_probe_read(policy->content, a, &probe) == 0) {
		e = probe_entry_get(p, policy->mx, &probe.ip);
		if (e->content == NULL || e->at < probe.at) {
			set_domain(e, policy->domain);
			set_content(e, policy->content, probe.at);
			e->again = probe.at + POLICY_PROBE_NEAR_S;
		}
		if (e->at == probe.at) {
			open_days_add(e->holds, day);
		}
	}
	arena_free(a);
}

void probe_table_forget_days(struct probe_table *p)
{
	struct probe_entry *e;

	for (int i = 0; i < PROBE_PLACES; i++) {
		TAILQ_FOREACH(e, &p->list[i], link) {
			memset(e->holds, 0, sizeof(e->holds));
		}
	}
}

bool probe_table_is_awaited(const struct probe_table *p, int64_t day)
{
	const struct probe_entry *e;

	for (int i = PROBE_WANTED; i < PROBE_PLACES; i++) {
		TAILQ_FOREACH(e, &p->list[i], link) {
			if (open_days_has(e->lacks, day)) {
				return true;
			}
		}
	}
	return false;
}
