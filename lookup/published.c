/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * published.c - what a domain published, put together of DNS and HTTPS
 *
 * A question first looks up the domain. Where it asks for reports, MTA-STS and
 * the TLSA records of the host are then looked for side by side, and the answer
 * is given when both are there.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/dns_file.h"
#include "common/domain.h"
#include "common/err.h"
#include "common/local_policy.h"
#include "common/log.h"
#include "common/mem.h"
#include "lookup/fetch.h"
#include "lookup/fetch_resolve.h"
#include "lookup/lookup.h"
#include "lookup/lookup_loop.h"
#include "lookup/policy_cache.h"
#include "lookup/published.h"
#include "lookup/sts.h"

enum {
	PARALLEL = 2000,    /* questions to the DNS at once, at least: silent
	                       servers must not hold up the others */
	LATER_S = 300,      /* what could not be found out */
	EXCLUDED_S = 86400, /* what is not to be looked up */
	REFRESH_MS = 10000, /* between looks for policies to be refreshed */
	REFRESH_EACH = 50   /* of them at once */
};

struct question {
	LIST_ENTRY(question) link;
	struct published *p;
	char domain[DOMAIN_BUF];
	char mx[DOMAIN_BUF];
	published_fn fn;
	void *ctx;
	struct arena *arena; /* what the set borrows */
	struct policy_set set;
	unsigned n_open; /* parts that are still missing */
	int64_t again;
};

struct published {
	struct published_options o;
	struct lookup_loop *lookups;
	struct fetch_resolver resolver;
	struct fetch *fetch;
	struct policy_cache *cache;
	struct sts *sts; /* NULL: MTA-STS cannot be looked at */
	struct loop_watch *on_refresh;
	char refreshed[DOMAIN_BUF]; /* the last one that was looked at */
	LIST_HEAD(, question) questions;
	unsigned n_open;
};

/* --- answers -------------------------------------------------------------- */

static void question_free(struct question *q)
{
	LIST_REMOVE(q, link);
	q->p->n_open--;
	arena_free(q->arena);
	free(q);
}

static void answer(struct question *q, enum published_kind kind, int64_t again)
{
	const struct published_answer a = {
		.kind = kind,
		.domain = q->domain,
		.mx = q->mx,
		.set = kind == PUBLISHED_SET ? &q->set : NULL,
		.at = lookup_loop_now(),
		.again = again,
	};

	q->fn(q->ctx, &a);
	question_free(q);
}

static void soonest(struct question *q, int64_t again)
{
	if (again < q->again) {
		q->again = again;
	}
}

/* One part is there. */
static void part_done(struct question *q)
{
	if (--q->n_open == 0) {
		answer(q, PUBLISHED_SET, q->again);
	}
}

/* --- the parts ------------------------------------------------------------ */

static void on_host(void *ctx, const struct policy_set *set, int64_t stale_at)
{
	struct question *q = ctx;
	struct view *records =
	    arena_alloc(q->arena, (set->n_records + 1) * sizeof(*records));

	q->set.mx = set->mx;
	q->set.tlsa = set->tlsa;
	q->set.base = arena_view(q->arena, set->base);
	for (size_t i = 0; i < set->n_records; i++) {
		records[i] = arena_view(q->arena, set->records[i]);
	}
	q->set.records = records;
	q->set.n_records = set->n_records;
	soonest(q, stale_at);
	part_done(q);
}

static void tell_event(
    struct question *q, const struct sts_answer *sts, int64_t at)
{
	struct policy_set event = { .source = POLICY_OWN };
	const struct published_answer a = {
		.kind = PUBLISHED_SET,
		.domain = q->domain,
		.mx = "",
		.set = &event,
		.at = at,
	};

	if (sts->failed == POLICY_STS_UNKNOWN || q->p->o.on_event == NULL) {
		return;
	}
	sts_state_fill_event(sts, at, &event);
	q->p->o.on_event(q->p->o.ctx, &a);
}

static void on_sts(void *ctx, const struct sts_answer *sts, int64_t at)
{
	struct question *q = ctx;

	tell_event(q, sts, at);
	sts_state_fill(sts, &q->set);
	q->set.sts_text = arena_view(q->arena, q->set.sts_text);
	q->set.sts_reason = arena_view(q->arena, q->set.sts_reason);
	soonest(q, sts->again);
	part_done(q);
}

static void ask_sts(struct question *q, const struct lookup_domain *d)
{
	const struct sts_seen seen = {
		.is_known = d->sts_dns == DNS_ANSWER ||
		    d->sts_dns == DNS_NODATA || d->sts_dns == DNS_NXDOMAIN,
		.record = d->sts,
	};

	if (q->p->sts != NULL) {
		q->n_open++;
		sts_ask(
		    q->p->sts, q->domain, &seen, lookup_loop_now(), on_sts, q);
	} else if (seen.is_known && d->sts.status != STS_RECORD_VALID) {
		q->set.sts = POLICY_STS_NONE;
	}
}

static void ask_hosts(const struct question *q, const struct lookup_domain *d)
{
	for (size_t i = 0; i < d->n_hosts && i < PUBLISHED_HOSTS; i++) {
		published_ask(q->p, q->domain, d->hosts[i], q->fn, q->ctx);
	}
}

static void on_domain(void *ctx, const struct lookup_domain *d)
{
	struct question *q = ctx;
	unsigned demands;

	if (d->asks != LOOKUP_ASKS) {
		answer(q,
		    d->asks == LOOKUP_ASKS_NOT ? PUBLISHED_QUIET :
						 PUBLISHED_LATER,
		    d->stale_at);
		return;
	}
	demands = local_policy_of(q->p->o.local, view_of(q->domain));
	q->set.source = POLICY_OWN;
	q->set.is_dane_demanded = (demands & LOCAL_POLICY_DANE) != 0;
	q->set.is_sts_demanded = (demands & LOCAL_POLICY_STS) != 0;
	q->set.mx = d->mx;
	q->again = d->stale_at;
	q->n_open = 1; /* ours: no part ends it before all have begun */
	if (q->mx[0] == '\0') {
		ask_hosts(q, d);
	} else {
		q->n_open++;
		if (lookup_host(lookup_loop_lookup(q->p->lookups), q->domain,
			q->mx, on_host, q) != 0) {
			q->n_open--;
			soonest(q, lookup_loop_now() + LATER_S);
		}
	}
	ask_sts(q, d);
	part_done(q);
}

void published_ask(struct published *p, const char *domain, const char *mx,
    published_fn fn, void *ctx)
{
	struct question *q = xcalloc(1, sizeof(*q));
	bool fits = view_copy(view_of(domain), q->domain, sizeof(q->domain)) &&
	    view_copy(view_of(mx), q->mx, sizeof(q->mx));

	q->p = p;
	q->fn = fn;
	q->ctx = ctx;
	q->arena = arena_new();
	LIST_INSERT_HEAD(&p->questions, q, link);
	p->n_open++;
	if ((local_policy_of(p->o.local, view_of(domain)) &
		LOCAL_POLICY_EXCLUDE) != 0) {
		answer(q, PUBLISHED_QUIET, lookup_loop_now() + EXCLUDED_S);
		return;
	}
	if (!fits || p->n_open > PUBLISHED_OPEN ||
	    lookup_domain(
		lookup_loop_lookup(p->lookups), q->domain, on_domain, q) != 0) {
		answer(q, PUBLISHED_LATER, lookup_loop_now() + LATER_S);
	}
}

/* --- cached policies are refreshed before they expire (R219) -------------- */

static void on_refreshed(void *ctx, const struct published_answer *a)
{
	(void)ctx;
	(void)a;
}

/* What fails then is an event; what comes is in the cache. */
static void refresh(void *ctx)
{
	struct published *p = ctx;

	for (unsigned i = 0; i < REFRESH_EACH; i++) {
		char domain[DOMAIN_BUF];

		if (policy_cache_due(p->cache, lookup_loop_now(), p->refreshed,
			domain) != 0) {
			return;
		}
		memcpy(p->refreshed, domain, sizeof(domain));
		if (domain[0] == '\0') {
			return;
		}
		published_ask(p, domain, "", on_refreshed, NULL);
	}
}

/* --- begin and end -------------------------------------------------------- */

static void open_sts(struct published *p)
{
	const struct policy_cache_limits limits = { 0 }; /* the defaults */
	int rc = policy_cache_open(p->o.state, &limits, &p->cache);
	struct fetch_options fetch = {
		.resolve = fetch_resolve,
		.resolve_ctx = &p->resolver,
		.ca_file = p->o.ca_file,
		.allow_private = p->o.allow_private,
	};

	if (rc != 0) {
		log_error("cannot keep MTA-STS policies, so none is fetched "
			  "state=%s error=\"%s\"",
		    p->o.state, policy_cache_error(p->cache));
		return;
	}
	fetch.good_at = policy_cache_newest(p->cache);
	fetch_resolver_init(&p->resolver, lookup_loop_ask, p->lookups);
	rc = fetch_new(loop_base(p->o.loop), &fetch, &p->fetch);
	if (rc != 0) {
		log_error(
		    "cannot fetch MTA-STS policies error=\"%s\"", err_text(rc));
		return;
	}
	p->sts = sts_new(p->cache, p->fetch);
	p->on_refresh = loop_add_timer(p->o.loop, REFRESH_MS, refresh, p);
}

static void on_health(void *ctx, enum dns_health health)
{
	const struct published *p = ctx;

	if (p->o.on_health != NULL) {
		p->o.on_health(p->o.ctx, health);
	}
}

void published_options_of(
    const struct conf *c, struct dns_options *dns, struct published_options *o)
{
	*dns = (struct dns_options){
		.servers = (const char *const *)c->dns.servers,
		.local_data = c->dns.local_data,
		.trust_anchor = c->dns.trust_anchor != NULL ?
		    c->dns.trust_anchor :
		    dns_file_system_anchor(),
		.is_recursive = c->dns.recursion,
		.parallel = c->dns.parallel > PARALLEL ?
		    (unsigned)c->dns.parallel :
		    PARALLEL,
		.timeout_s = (unsigned)c->dns.timeout_s,
	};
	*o = (struct published_options){
		.dns = dns,
		.ca_file = c->mta_sts.ca_file,
		.allow_private = c->mta_sts.allow_private,
		.local = c->local,
	};
}

int published_new(const struct published_options *o, struct published **out,
    struct strbuf *error)
{
	struct published *p = xcalloc(1, sizeof(*p));
	const struct lookup_options lookup = { .on_health = on_health,
		.health_ctx = p };
	int rc;

	*out = NULL;
	p->o = *o;
	LIST_INIT(&p->questions);
	rc = lookup_loop_new(o->loop, o->dns, &lookup, &p->lookups, error);
	if (rc != 0) {
		free(p);
		return rc;
	}
	open_sts(p);
	*out = p;
	return 0;
}

void published_free(struct published *p)
{
	struct question *q;
	struct question *next;

	if (p == NULL) {
		return;
	}
	loop_remove(p->on_refresh);
	sts_free(p->sts);
	/* its resolver's answers end with the DNS */
	lookup_loop_free(p->lookups);
	fetch_free(p->fetch);
	if (p->fetch != NULL) {
		fetch_resolver_release(&p->resolver);
	}
	policy_cache_close(p->cache);
	for (q = LIST_FIRST(&p->questions); q != NULL; q = next) {
		next = LIST_NEXT(q, link);
		question_free(q);
	}
	free(p);
}

unsigned published_open(const struct published *p)
{
	return p->n_open;
}

enum dns_health published_health(const struct published *p)
{
	return lookup_health(lookup_loop_lookup(p->lookups));
}
