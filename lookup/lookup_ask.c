/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup_ask.c - asks the DNS, and whether its answers can be believed
 *
 * A resolver that begins to drop signatures, a clock that jumps, a dead
 * uplink: each makes good domains look forged or broken. So before a failure
 * becomes somebody's verdict, the zone of the trust anchor is asked for
 * something new, and then the same question once more.
 */

#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "lookup/lookup_private.h"

enum {
	PROBE_S = 60 * 60,
	PROBE_ILL_S = 60, /* while DNSSEC does not work */
	/* How long a probe vouches for failures. The library keeps an answer
	   for an hour at most where there are no records: so long is one
	   round through the types below. */
	FRESH_S = 4 * 60,
};

int64_t lookup_now(const struct lookup *l)
{
	return l->o.now(l->o.now_ctx);
}

bool lookup_is_validating(const struct lookup *l)
{
	return l->health == DNS_HEALTH_VALIDATING;
}

bool lookup_is_answered(enum dns_status s)
{
	return s == DNS_ANSWER || s == DNS_NODATA || s == DNS_NXDOMAIN;
}

/* Seconds since the last probe; very long if the clock was set back. */
static int64_t probe_age(const struct lookup *l)
{
	int64_t age_s = lookup_now(l) - l->probed_at;

	return age_s >= 0 ? age_s : INT64_MAX;
}

static void free_question(struct lookup_question *q)
{
	free(q->name);
	free(q);
}

static void move(struct lookup_questions *from, struct lookup_questions *to,
    struct lookup_question *q)
{
	TAILQ_REMOVE(from, q, link);
	TAILQ_INSERT_TAIL(to, q, link);
}

/* --- the health --- */

static void probe(struct lookup *l);

static void forget_results(struct lookup *l)
{
	l->epoch++;
	lookup_table_clear(&l->domains);
	lookup_table_clear(&l->hosts);
}

static void set_health(struct lookup *l, enum dns_health health)
{
	enum dns_health before = l->health;

	l->probed_at = lookup_now(l);
	l->health = health;
	if (health == before) {
		return;
	}
	if (before != DNS_HEALTH_UNKNOWN) {
		forget_results(l);
	}
	if (l->o.on_health != NULL) {
		l->o.on_health(l->o.health_ctx, health);
	}
}

/* --- questions --- */

static void on_answer(void *ctx, const struct dns_answer *a);

static void ask(struct lookup *l, struct lookup_question *q)
{
	l->n_questions++;
	l->o.ask(l->o.dns, q->name, q->type, on_answer, q);
}

static void on_probe(void *ctx, const struct dns_answer *a)
{
	struct lookup *l = ctx;
	struct lookup_questions ready = TAILQ_HEAD_INITIALIZER(ready);
	enum dns_health health = dns_health_of(true, a);
	struct lookup_question *q;

	l->is_probing = false;
	/* perhaps it was this type that is not answered */
	l->is_second = health == DNS_HEALTH_UNREACHABLE && !l->is_second;
	if (l->is_second) {
		probe(l);
		return;
	}
	set_health(l, health);
	TAILQ_CONCAT(&ready, &l->parked, link);
	while ((q = TAILQ_FIRST(&ready)) != NULL) {
		q->is_confirmed = true;
		move(&ready, &l->asked, q);
		ask(l, q);
	}
}

/* The root has no record of these types, so each answer proves something. */
static void probe(struct lookup *l)
{
	static const int types[] = { 16, 33, 29, 35, 44, 52, 257, 256, 13, 17,
		18, 36, 37, 99, 61, 53 };

	if (!l->is_probing) {
		l->is_probing = true;
		l->n_questions++;
		l->o.ask(l->o.dns, l->o.anchor,
		    types[l->n_probes++ % (sizeof(types) / sizeof(types[0]))],
		    on_probe, l);
	}
}

/* May this be our own fault, so that it makes a wrong verdict? */
static bool is_doubtful(
    const struct lookup_question *q, const struct dns_answer *a)
{
	return a->status == DNS_BOGUS ||
	    (q->type == DNS_TYPE_TLSA &&
		(a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT));
}

static bool is_believed(const struct lookup *l, const struct lookup_question *q)
{
	return q->is_confirmed || !lookup_is_validating(l) ||
	    (!l->is_probing && probe_age(l) < FRESH_S);
}

static void on_answer(void *ctx, const struct dns_answer *a)
{
	struct lookup_question *q = ctx;
	struct lookup *l = q->l;
	struct dns_answer seen = *a;

	if (is_doubtful(q, a) && !is_believed(l, q)) {
		l->n_doubted++;
		move(&l->asked, &l->parked, q);
		probe(l);
		return;
	}
	if (!lookup_is_validating(l)) {
		seen.secure = false;
		if (a->status == DNS_BOGUS) {
			seen.status = a->unchecked;
		}
	}
	TAILQ_REMOVE(&l->asked, q, link);
	q->cb(q->ctx, &seen);
	free_question(q);
}

void lookup_ask(
    struct lookup *l, const char *name, int type, dns_callback cb, void *ctx)
{
	struct lookup_question *q = xcalloc(1, sizeof(*q));

	q->l = l;
	q->name = xstrdup(name);
	q->type = type;
	q->cb = cb;
	q->ctx = ctx;
	if (l->health == DNS_HEALTH_UNKNOWN) {
		TAILQ_INSERT_TAIL(&l->parked, q, link);
	} else {
		TAILQ_INSERT_TAIL(&l->asked, q, link);
		ask(l, q);
	}
}

bool lookup_ask_under(struct lookup *l, const char *prefix, const char *name,
    int type, dns_callback cb, void *ctx)
{
	char full[DOMAIN_BUF];
	int len = snprintf(full, sizeof(full), "%s%s", prefix, name);

	if (len < 0 || len > DOMAIN_MAX) {
		return false;
	}
	lookup_ask(l, full, type, cb, ctx);
	return true;
}

void lookup_ask_start(struct lookup *l)
{
	TAILQ_INIT(&l->asked);
	TAILQ_INIT(&l->parked);
	if (l->o.anchor[0] == '\0') {
		set_health(l, dns_health_of(false, NULL));
	} else {
		probe(l);
	}
}

static void free_all(struct lookup_questions *list)
{
	struct lookup_question *q;

	while ((q = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, q, link);
		assert(TAILQ_FIRST(list) != q);
		free_question(q);
	}
}

void lookup_ask_release(struct lookup *l)
{
	free_all(&l->asked);
	free_all(&l->parked);
}

void lookup_tick(struct lookup *l)
{
	int64_t every = lookup_is_validating(l) ? PROBE_S : PROBE_ILL_S;

	/* without an anchor there is nothing to try */
	if (l->o.anchor[0] != '\0' && probe_age(l) >= every) {
		probe(l);
	}
}

enum dns_health lookup_health(const struct lookup *l)
{
	return l->health;
}
