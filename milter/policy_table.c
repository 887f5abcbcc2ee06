/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_table.c - the recipients' policies as the daemon's parent knows them
 *
 * One entry for a domain says whether it asks for reports at all; only then
 * are there entries for its MX hosts. An entry is in one of two lists: those
 * still to be asked for (oldest wish first), and all others by their last use.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/when.h"
#include "milter/policy_table.h"

enum {
	DAYS = 2 /* that can be open at midnight */
};

enum asks {
	ASKS_UNKNOWN,
	ASKS_NOT,
	ASKS /* for reports */
};

struct entry {
	TAILQ_ENTRY(entry) link;
	struct entry *next; /* in its bucket */
	uint64_t hash;
	char *key; /* owned: domain, NUL, MX, NUL */
	size_t domain_len;
	size_t mx_len;
	enum asks asks;
	char *content; /* owned; NULL: not known */
	size_t content_len;
	uint8_t policy[FACT_POLICY_HASH]; /* once it is in a day */
	bool has_hash;
	int64_t since;       /* when it was found */
	int64_t again;       /* when to ask again */
	int64_t asked;       /* when it was asked; 0: it is not under way */
	bool is_wanted;      /* in the list of those to be asked for */
	int64_t holds[DAYS]; /* the days that have this policy; 0: none */
	int64_t lacks[DAYS]; /* those with sessions that wait for it */
};

TAILQ_HEAD(entries, entry);

struct policy_table {
	struct hash_key key; /* random: strangers choose names */
	struct entry **bucket;
	size_t n_buckets;
	struct entries wanted;
	struct entries used; /* the latest at the end */
	size_t max;
	size_t max_bytes;
	struct policy_table_counts counts;
};

struct policy_table *policy_table_new(size_t max, size_t max_bytes)
{
	struct policy_table *p = xcalloc(1, sizeof(*p));

	(void)getrandom(&p->key, sizeof(p->key), 0);
	p->max = max;
	p->max_bytes = max_bytes;
	p->n_buckets = max;
	p->bucket = xcalloc(p->n_buckets, sizeof(struct entry *));
	TAILQ_INIT(&p->wanted);
	TAILQ_INIT(&p->used);
	return p;
}

/* --- entries -------------------------------------------------------------- */

static struct entry **bucket_of(const struct policy_table *p, uint64_t hash)
{
	return &p->bucket[hash % p->n_buckets];
}

static struct view domain_of(const struct entry *e)
{
	return view_make(e->key, e->domain_len);
}

static struct view mx_of(const struct entry *e)
{
	return view_make(e->key + e->domain_len + 1, e->mx_len);
}

static struct entries *list_of(struct policy_table *p, const struct entry *e)
{
	return e->is_wanted ? &p->wanted : &p->used;
}

static void drop_content(struct policy_table *p, struct entry *e)
{
	p->counts.bytes -= e->content_len;
	free(e->content);
	e->content = NULL;
	e->content_len = 0;
	e->has_hash = false;
	memset(e->holds, 0, sizeof(e->holds));
}

static void drop(struct policy_table *p, struct entry *e)
{
	struct entry **at = bucket_of(p, e->hash);

	while (*at != e) {
		at = &(*at)->next;
	}
	*at = e->next;
	TAILQ_REMOVE(list_of(p, e), e, link);
	p->counts.entries--;
	p->counts.waiting -= e->is_wanted;
	p->counts.asked -= e->asked != 0;
	drop_content(p, e);
	free(e->key);
	free(e);
}

void policy_table_free(struct policy_table *p)
{
	struct entry *e;

	if (p == NULL) {
		return;
	}
	while ((e = TAILQ_FIRST(&p->wanted)) != NULL ||
	    (e = TAILQ_FIRST(&p->used)) != NULL) {
		drop(p, e);
	}
	free(p->bucket);
	free(p);
}

/* Makes room; the entry in hand stays. */
static void keep_bounds(struct policy_table *p, const struct entry *in_hand)
{
	while (p->counts.entries > p->max || p->counts.bytes > p->max_bytes) {
		struct entry *e = TAILQ_FIRST(&p->used);

		if (e == NULL || e == in_hand) {
			e = e == NULL ? TAILQ_FIRST(&p->wanted) :
					TAILQ_NEXT(e, link);
		}
		if (e == NULL || e == in_hand) {
			return;
		}
		drop(p, e);
		p->counts.dropped++;
	}
}

/* The entry of two names, made if need be; it was used just now. */
static struct entry *get(
    struct policy_table *p, struct view domain, struct view mx)
{
	char key[2 * DOMAIN_BUF];
	size_t len = domain.len + mx.len + 2;
	uint64_t hash;
	struct entry **at;
	struct entry *e;

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
		if (e->hash == hash && view_eq(domain_of(e), domain) &&
		    view_eq(mx_of(e), mx)) {
			TAILQ_REMOVE(list_of(p, e), e, link);
			TAILQ_INSERT_TAIL(list_of(p, e), e, link);
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
	TAILQ_INSERT_TAIL(&p->used, e, link);
	p->counts.entries++;
	keep_bounds(p, e);
	return e;
}

/* --- asking --------------------------------------------------------------- */

static void set_asked(struct policy_table *p, struct entry *e, int64_t t)
{
	p->counts.asked -= e->asked != 0;
	e->asked = t;
	p->counts.asked += t != 0;
}

/* Is its question under way, and may the answer still come? */
static bool is_asked(const struct entry *e, int64_t now)
{
	return e->asked != 0 && now >= e->asked &&
	    now - e->asked < POLICY_TABLE_ANSWER_S;
}

static void set_wanted(struct policy_table *p, struct entry *e, bool is_wanted)
{
	if (e->is_wanted != is_wanted) {
		TAILQ_REMOVE(list_of(p, e), e, link);
		e->is_wanted = is_wanted;
		TAILQ_INSERT_TAIL(list_of(p, e), e, link);
		p->counts.waiting += is_wanted;
		p->counts.waiting -= !is_wanted;
	}
}

static void want_if_due(struct policy_table *p, struct entry *e, int64_t now)
{
	if (now >= e->again && !is_asked(e, now)) {
		set_asked(p, e, 0);
		set_wanted(p, e, true);
	}
}

bool policy_table_next(
    struct policy_table *p, int64_t now, struct view *domain, struct view *mx)
{
	const struct entry *e = TAILQ_FIRST(&p->wanted);

	(void)now;
	if (e == NULL || p->counts.asked >= POLICY_TABLE_ASKED) {
		return false;
	}
	*domain = domain_of(e);
	*mx = mx_of(e);
	return true;
}

void policy_table_asked(struct policy_table *p, int64_t now)
{
	struct entry *e = TAILQ_FIRST(&p->wanted);

	set_wanted(p, e, false);
	set_asked(p, e, now);
}

void policy_table_forget_asked(struct policy_table *p)
{
	struct entry *e = TAILQ_FIRST(&p->used);

	while (e != NULL) {
		struct entry *next = TAILQ_NEXT(e, link);

		if (e->asked != 0) {
			set_asked(p, e, 0);
			set_wanted(p, e, true);
		}
		e = next;
	}
}

void policy_table_ask_again(struct policy_table *p)
{
	struct entry *e;

	TAILQ_FOREACH(e, &p->used, link) {
		e->again = 0;
	}
}

void policy_table_hint(struct policy_table *p, struct view domain, int64_t now)
{
	struct entry *e = get(p, domain, view_of(""));

	if (e != NULL) {
		want_if_due(p, e, now);
	}
}

/* --- days ----------------------------------------------------------------- */

static bool has_day(const int64_t days[DAYS], int64_t day)
{
	for (unsigned i = 0; i < DAYS; i++) {
		if (days[i] == day) {
			return true;
		}
	}
	return false;
}

/* The oldest makes room. */
static void add_day(int64_t days[DAYS], int64_t day)
{
	unsigned oldest = 0;

	if (has_day(days, day)) {
		return;
	}
	for (unsigned i = 1; i < DAYS; i++) {
		if (days[i] < days[oldest]) {
			oldest = i;
		}
	}
	days[oldest] = day;
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
static int put_entry(struct store *s, int64_t t, struct entry *e)
{
	struct policy policy = { .domain = domain_of(e),
		.mx = mx_of(e),
		.since = e->since,
		.source = POLICY_OWN,
		.content = view_make(e->content, e->content_len) };
	int64_t day = when_day(t);
	int rc;

	if (has_day(e->holds, day)) {
		return 0;
	}
	rc = put(s, t, &policy);
	if (rc == 0) {
		memcpy(e->policy, policy.hash, sizeof(e->policy));
		e->has_hash = true;
		add_day(e->holds, day);
	}
	return rc;
}

/* --- facts ---------------------------------------------------------------- */

static int apply_entry(struct policy_table *p, struct store *s, int64_t t,
    int64_t now, struct entry *e, struct fact *fact)
{
	int rc;

	want_if_due(p, e, now);
	if (e->content == NULL || e->since > t) {
		add_day(e->lacks, when_day(t));
		return e->content != NULL && !is_asked(e, now) &&
			!e->is_wanted ?
		    put_entry(s, t, e) :
		    0;
	}
	rc = put_entry(s, t, e);
	if (rc == 0) {
		memcpy(fact->policy, e->policy, sizeof(fact->policy));
	}
	return rc;
}

int policy_table_apply(struct policy_table *p, struct store *s, int64_t t,
    int64_t now, struct fact *fact)
{
	struct entry *e = get(p, fact->domain, view_of(""));
	int rc;

	if (e == NULL || fact->domain.len == 0) {
		return 0;
	}
	if (e->asks != ASKS) {
		want_if_due(p, e, now);
		if (e->asks == ASKS_NOT) {
			return 0;
		}
	}
	if (fact->mx.len > 0) {
		e = get(p, fact->domain, fact->mx);
	}
	rc = e != NULL ? apply_entry(p, s, t, now, e, fact) : 0;
	return rc == ERR_FULL ? 0 : rc;
}

/* --- answers -------------------------------------------------------------- */

static void set_content(
    struct policy_table *p, struct entry *e, const struct network_message *m)
{
	if (e->content != NULL &&
	    view_eq(view_make(e->content, e->content_len), m->content)) {
		return; /* still as it was, and so since then */
	}
	drop_content(p, e);
	e->content = xstrndup(m->content.s, m->content.len);
	e->content_len = m->content.len;
	p->counts.bytes += e->content_len;
	e->since = m->since;
	keep_bounds(p, e);
}

/* Its days with sessions that wait for it get the policy. */
static int serve_days(struct store *s, struct entry *e)
{
	int rc = 0;

	for (unsigned i = 0; i < DAYS && rc == 0 && s != NULL; i++) {
		if (e->lacks[i] != 0) {
			rc = put_entry(s, e->lacks[i], e);
			rc = rc == ERR_FULL ? 0 : rc;
			e->lacks[i] = rc == 0 ? 0 : e->lacks[i];
		}
	}
	return rc;
}

static void settle(
    struct policy_table *p, struct entry *e, const struct network_message *m)
{
	set_asked(p, e, 0);
	set_wanted(p, e, false);
	e->again = m->again;
}

/* It is not needed: nobody asks for reports. */
static void forget(struct policy_table *p, struct entry *e)
{
	drop_content(p, e);
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
    struct entry *e, const struct network_message *m)
{
	settle(p, e, m);
	set_content(p, e, m);
	return serve_days(s, e);
}

int policy_table_learn(struct policy_table *p, struct store *s,
    const struct network_message *m, int64_t now)
{
	struct entry *domain;
	struct entry *e;

	(void)now;
	if (m->kind == NETWORK_EVENT) {
		return learn_event(s, m);
	}
	if (m->kind == NETWORK_WANT || m->kind == NETWORK_HEALTH) {
		return 0;
	}
	domain = get(p, m->domain, view_of(""));
	e = m->mx.len > 0 ? get(p, m->domain, m->mx) : domain;
	if (domain == NULL || e == NULL) {
		return 0;
	}
	if (m->kind == NETWORK_POLICY) {
		domain->asks = ASKS;
		return learn_policy(p, s, e, m);
	}
	settle(p, e, m);
	if (m->kind == NETWORK_QUIET) {
		domain->asks = ASKS_NOT;
		settle(p, domain, m);
		forget(p, domain);
		forget(p, e);
	}
	return 0;
}

bool policy_table_is_awaited(
    const struct policy_table *p, int64_t day, int64_t now)
{
	const struct entry *e;

	TAILQ_FOREACH(e, &p->wanted, link) {
		if (has_day(e->lacks, day)) {
			return true;
		}
	}
	TAILQ_FOREACH(e, &p->used, link) {
		if (is_asked(e, now) && has_day(e->lacks, day)) {
			return true;
		}
	}
	return false;
}

void policy_table_counts(
    const struct policy_table *p, struct policy_table_counts *out)
{
	*out = p->counts;
}
