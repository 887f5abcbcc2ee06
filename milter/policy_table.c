/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_table.c - the recipients' policies as the daemon's parent knows them
 *
 * One entry for a domain says whether it asks for reports at all; only then
 * are there entries for its MX hosts. An entry is in one of four lists, which
 * says what is still to be done for it.
 */

#include "config.h"

#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/policy_set.h"
#include "common/when.h"
#include "milter/policy_entry.h"
#include "milter/policy_table.h"

enum {
	SWEEP_S = 10,  /* between two looks for what is due again */
	STALE_S = 3600 /* past its time nobody knows whether it holds */
};

/* Is its question under way, and may the answer still come? */
static bool is_asked(const struct policy_entry *e, int64_t now)
{
	return e->place == POLICY_ASKED && now >= e->asked &&
	    now - e->asked < POLICY_TABLE_ANSWER_S;
}

static void want_if_due(
    struct policy_table *p, struct policy_entry *e, int64_t now)
{
	if (now >= e->again && e->place != POLICY_WANTED && !is_asked(e, now)) {
		policy_entry_move(p, e, POLICY_WANTED);
	}
}

/* No answer came: child and parent were too busy, or the child hangs. */
static void want_overdue(struct policy_table *p, int64_t now)
{
	struct policy_entry *e;

	while ((e = TAILQ_FIRST(&p->list[POLICY_ASKED])) != NULL &&
	    !is_asked(e, now)) {
		policy_entry_move(p, e, POLICY_WANTED);
	}
}

/* Sessions wait, and perhaps no other one will remind us of them. */
static void want_later(struct policy_table *p, int64_t now)
{
	struct policy_entry *e = TAILQ_FIRST(&p->list[POLICY_LATER]);

	if (now - p->swept < SWEEP_S && now >= p->swept) {
		return;
	}
	p->swept = now;
	while (e != NULL) {
		struct policy_entry *next = TAILQ_NEXT(e, link);

		want_if_due(p, e, now);
		e = next;
	}
}

bool policy_table_next(
    struct policy_table *p, int64_t now, struct view *domain, struct view *mx)
{
	const struct policy_entry *e;

	want_overdue(p, now);
	want_later(p, now);
	e = TAILQ_FIRST(&p->list[POLICY_WANTED]);
	if (e == NULL || p->counts.asked >= POLICY_TABLE_ASKED) {
		return false;
	}
	*domain = policy_entry_domain(e);
	*mx = policy_entry_mx(e);
	return true;
}

void policy_table_asked(struct policy_table *p, int64_t now)
{
	struct policy_entry *e = TAILQ_FIRST(&p->list[POLICY_WANTED]);

	e->asked = now;
	policy_entry_move(p, e, POLICY_ASKED);
}

void policy_table_forget_asked(struct policy_table *p)
{
	struct policy_entry *e;

	while ((e = TAILQ_FIRST(&p->list[POLICY_ASKED])) != NULL ||
	    (e = TAILQ_FIRST(&p->list[POLICY_LATER])) != NULL) {
		policy_entry_move(p, e, POLICY_WANTED);
	}
	TAILQ_FOREACH(e, &p->list[POLICY_USED], link) {
		if (e->content == NULL && e->asks != POLICY_ASKS_NOT) {
			e->again = 0;
		}
	}
}

void policy_table_forget_days(struct policy_table *p)
{
	struct policy_entry *e;

	for (int i = 0; i < POLICY_PLACES; i++) {
		TAILQ_FOREACH(e, &p->list[i], link) {
			memset(e->holds, 0, sizeof(e->holds));
		}
	}
}

void policy_table_ask_again(struct policy_table *p)
{
	struct policy_entry *e;

	TAILQ_FOREACH(e, &p->list[POLICY_USED], link) {
		e->again = 0;
	}
}

void policy_table_hint(struct policy_table *p, struct view domain, int64_t now)
{
	struct policy_entry *e = policy_entry_get(p, domain, view_of(""));

	if (e != NULL) {
		want_if_due(p, e, now);
	}
}

/* Full and sealed days go without: their sessions stay unjudged. */
static int put(struct store *s, int64_t t, struct policy *policy)
{
	int rc = store_policy(s, t, policy);

	return rc == ERR_FULL || rc == ERR_SEALED || rc == ERR_TOO_LONG ||
		rc == ERR_PARSE ?
	    ERR_FULL :
	    rc;
}

/* Puts the policy into the day of t, unless it is there. */
static int put_entry(struct store *s, int64_t t, struct policy_entry *e)
{
	struct policy policy = { .domain = policy_entry_domain(e),
		.mx = policy_entry_mx(e),
		.since = e->since,
		.source = POLICY_OWN,
		.content = view_make(e->content, e->content_len) };
	int64_t day = when_day(t);
	int rc;

	if (open_days_has(e->holds, day)) {
		return 0;
	}
	rc = put(s, t, &policy);
	if (rc == 0) {
		memcpy(e->policy, policy.hash, sizeof(e->policy));
		e->has_hash = true;
		open_days_add(e->holds, day);
	}
	return rc;
}

/* --- facts ---------------------------------------------------------------- */

/* Nobody knows whether the recipient still has it. */
static bool is_stale(const struct policy_entry *e, int64_t now)
{
	return now - e->good_until >= STALE_S;
}

/* The day waits for the answer. */
static void await(struct policy_table *p, struct policy_entry *e, int64_t day)
{
	open_days_add(e->lacks, day);
	if (e->place == POLICY_USED) {
		policy_entry_move(p, e, POLICY_LATER);
	}
}

/*
 * What was found after t, or may have changed before, is no policy of this
 * fact; the judge chooses among those of the day.
 */
static int apply_entry(struct policy_table *p, struct store *s, int64_t t,
    int64_t now, struct policy_entry *e, struct fact *fact)
{
	int rc;

	want_if_due(p, e, now);
	if (e->content == NULL || is_stale(e, now)) {
		await(p, e, when_day(t));
	}
	if (e->content == NULL) {
		return 0;
	}
	rc = put_entry(s, t, e);
	if (rc == 0 && e->since <= t && !is_stale(e, now)) {
		memcpy(fact->policy, e->policy, sizeof(fact->policy));
	}
	return rc;
}

int policy_table_apply(struct policy_table *p, struct store *s, int64_t t,
    int64_t now, struct fact *fact)
{
	struct policy_entry *e = policy_entry_get(p, fact->domain, view_of(""));
	int rc;

	if (e == NULL || fact->domain.len == 0) {
		return 0;
	}
	if (e->asks != POLICY_ASKS) {
		want_if_due(p, e, now);
		if (e->asks == POLICY_ASKS_NOT) {
			return 0;
		}
	}
	if (fact->mx.len > 0) {
		e = policy_entry_get(p, fact->domain, fact->mx);
	}
	rc = e != NULL ? apply_entry(p, s, t, now, e, fact) : 0;
	return rc == ERR_FULL ? 0 : rc;
}

/* --- answers -------------------------------------------------------------- */

/* Does it ask for anything that an MTA may not tell of a session? */
static bool has_demands(struct view content)
{
	const struct policy policy = { .source = POLICY_OWN,
		.content = content };
	struct arena *a = arena_new();
	struct policy_set set;
	bool has = policy_set_read(&policy, a, &set) == 0 &&
	    (set.sts == POLICY_STS_FOUND || set.tlsa == POLICY_TLSA_USABLE);

	arena_free(a);
	return has;
}

static void set_content(struct policy_table *p, struct policy_entry *e,
    const struct network_message *m)
{
	if (e->content != NULL &&
	    view_eq(view_make(e->content, e->content_len), m->content)) {
		return; /* still as it was, and so since then */
	}
	policy_entry_fill(p, e, m->content);
	e->has_demands = has_demands(m->content);
	e->since = m->since;
}

/* Its days with sessions that wait for it get the policy. */
static int serve_days(struct store *s, struct policy_entry *e)
{
	for (unsigned i = 0; i < OPEN_DAYS; i++) {
		int rc = e->lacks[i] != 0 ? put_entry(s, e->lacks[i], e) : 0;

		if (rc != 0 && rc != ERR_FULL) {
			return rc;
		}
		e->lacks[i] = 0;
	}
	return 0;
}

/* It was answered. */
static void settle(struct policy_table *p, struct policy_entry *e,
    const struct network_message *m)
{
	e->again = m->again;
	policy_entry_move(
	    p, e, open_days_has_any(e->lacks) ? POLICY_LATER : POLICY_USED);
}

/* It is not needed: nobody asks for reports. */
static void forget(struct policy_table *p, struct policy_entry *e)
{
	policy_entry_empty(p, e);
	memset(e->lacks, 0, sizeof(e->lacks));
}

static int learn_event(struct store *s, const struct network_message *m)
{
	struct policy policy = { .domain = m->domain,
		.since = m->since,
		.source = POLICY_OWN,
		.content = m->content };
	int rc = s != NULL ? put(s, m->since, &policy) : ERR_FULL;

	return rc == ERR_FULL ? 0 : rc;
}

static int learn_policy(struct policy_table *p, struct store *s,
    struct policy_entry *e, const struct network_message *m)
{
	int rc;

	set_content(p, e, m);
	e->good_until = m->again;
	rc = s != NULL ? serve_days(s, e) : 0;
	settle(p, e, m);
	if (e->place == POLICY_LATER) {
		e->again = 0; /* it could not be written: asked again */
	}
	return rc;
}

static void learn_quiet(struct policy_table *p, struct policy_entry *e,
    const struct network_message *m)
{
	e->asks = POLICY_ASKS_NOT;
	forget(p, e);
	settle(p, e, m);
}

static bool is_answer(enum network_kind kind)
{
	return kind == NETWORK_POLICY || kind == NETWORK_QUIET ||
	    kind == NETWORK_LATER;
}

/* An entry that is made may take another's room: one at a time. */
int policy_table_learn(
    struct policy_table *p, struct store *s, const struct network_message *m)
{
	struct policy_entry *e;

	if (m->kind == NETWORK_EVENT) {
		return learn_event(s, m);
	}
	if (!is_answer(m->kind)) {
		return 0;
	}
	e = policy_entry_get(p, m->domain, view_of(""));
	if (e != NULL && m->kind == NETWORK_QUIET) {
		learn_quiet(p, e, m);
	} else if (e != NULL && m->kind == NETWORK_POLICY) {
		e->asks = POLICY_ASKS;
	}
	if (e != NULL && m->mx.len > 0) {
		e = policy_entry_get(p, m->domain, m->mx);
	}
	if (e == NULL) {
		return 0;
	}
	if (m->kind == NETWORK_POLICY) {
		return learn_policy(p, s, e, m);
	}
	if (m->kind == NETWORK_QUIET) {
		learn_quiet(p, e, m);
	} else {
		settle(p, e, m);
	}
	return 0;
}

enum policy_table_state policy_table_find(const struct policy_table *p,
    struct view domain, struct view mx, struct view *content)
{
	const struct policy_entry *e =
	    policy_entry_find(p, domain, view_of(""));

	if (e != NULL && e->asks == POLICY_ASKS_NOT) {
		return POLICY_TABLE_QUIET;
	}
	e = policy_entry_find(p, domain, mx);
	if (e == NULL || e->content == NULL) {
		return POLICY_TABLE_UNKNOWN;
	}
	*content = view_make(e->content, e->content_len);
	return e->has_demands ? POLICY_TABLE_DEMANDS : POLICY_TABLE_QUIET;
}

bool policy_table_is_awaited(const struct policy_table *p, int64_t day)
{
	const struct policy_entry *e;

	for (int i = POLICY_ASKED; i <= POLICY_WANTED; i++) {
		TAILQ_FOREACH(e, &p->list[i], link) {
			if (open_days_has(e->lacks, day)) {
				return true;
			}
		}
	}
	return false;
}

void policy_table_counts(
    const struct policy_table *p, struct policy_table_counts *out)
{
	*out = p->counts;
}
