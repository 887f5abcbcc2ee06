/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup.c - what domains published in the DNS: who waits for what
 *
 * A job is one domain or one host. It is busy from its first question to the
 * last callback of those who wait; then it is kept, until it is stale or
 * others need the room.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "lookup/lookup_private.h"

enum {
	NODES_MAX = 20000,
	BYTES_MAX = 32 * 1024 * 1024,
	WAITING_MAX = 100000
};

/* --- jobs --- */

void lookup_job_ttl(struct lookup_job *job, const struct dns_answer *a)
{
	unsigned ttl =
	    lookup_is_answered(a->status) ? a->ttl_s : LOOKUP_STALE_MIN_S;

	job->ttl_s = ttl < job->ttl_s ? ttl : job->ttl_s;
}

static void begin(struct lookup *l, struct lookup_job *job)
{
	job->l = l;
	job->ttl_s = LOOKUP_STALE_MAX_S;
	job->epoch = l->epoch;
	job->n_left = 0;
}

void lookup_job_done(
    struct lookup_job *job, struct lookup_table *t, size_t size_b)
{
	struct lookup *l = job->l;
	struct lookup_waiter *w;
	unsigned ttl =
	    job->ttl_s > LOOKUP_STALE_MIN_S ? job->ttl_s : LOOKUP_STALE_MIN_S;

	job->stale_at = lookup_now(l) + ttl;
	while ((w = STAILQ_FIRST(&job->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&job->waiters, link);
		w->fn(w, &job->node);
	}
	lookup_table_idle(t, &job->node, size_b);
}

static void drop_waiter(struct lookup_waiter *w)
{
	w->l->n_waiting--;
	free(w->host);
	free(w);
}

static void drop_waiters(struct lookup_job *job)
{
	struct lookup_waiter *w;

	while ((w = STAILQ_FIRST(&job->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&job->waiters, link);
		drop_waiter(w);
	}
}

static void free_domain(struct lookup_node *node)
{
	struct lookup_domain_job *d = (struct lookup_domain_job *)node;

	drop_waiters(&d->job);
	lookup_domain_clear(d);
	free(d);
}

static void free_host(struct lookup_node *node)
{
	struct lookup_host_job *h = (struct lookup_host_job *)node;

	drop_waiters(&h->job);
	lookup_host_clear(h);
	free(h);
}

bool lookup_is_name(const char *s)
{
	char normal[DOMAIN_BUF];

	/* an address may look normal, too */
	return domain_is_normal(view_of(s)) &&
	    domain_normalise(view_of(s), normal) > 0;
}

/* --- waiting --- */

static struct lookup_waiter *new_waiter(struct lookup *l, void *ctx)
{
	struct lookup_waiter *w;

	if (l->n_waiting >= l->o.waiting_max) {
		return NULL;
	}
	w = xcalloc(1, sizeof(*w));
	w->l = l;
	w->ctx = ctx;
	l->n_waiting++;
	return w;
}

/* A job that w waits for: kept, under way, or about to begin. */
enum joined {
	JOINED_KEPT, /* it is done: w can be told at once */
	JOINED_WAITS,
	JOINED_BEGINS /* likewise, and the caller starts it */
};

/* A clock that was set back must not keep it for longer. */
static bool is_fresh(const struct lookup *l, const struct lookup_job *job)
{
	int64_t left_s = job->stale_at - lookup_now(l);

	return left_s > 0 && left_s <= LOOKUP_STALE_MAX_S;
}

static enum joined join(struct lookup *l, struct lookup_table *t,
    struct lookup_job *job, struct lookup_waiter *w)
{
	if (!job->node.is_busy && is_fresh(l, job)) {
		l->n_shared++;
		lookup_table_touch(t, &job->node);
		return JOINED_KEPT;
	}
	STAILQ_INSERT_TAIL(&job->waiters, w, link);
	if (job->node.is_busy) {
		l->n_shared++;
		return JOINED_WAITS;
	}
	lookup_table_busy(t, &job->node);
	return JOINED_BEGINS;
}

/* As join(), of a node that is not there yet; job: zeroed, taken or freed. */
static int join_new(struct lookup_table *t, struct lookup_job *job,
    const char *name, struct lookup_waiter *w)
{
	int rc = lookup_table_add(t, &job->node, name);

	if (rc != 0) {
		free(job);
		return rc;
	}
	STAILQ_INIT(&job->waiters);
	STAILQ_INSERT_TAIL(&job->waiters, w, link);
	return 0;
}

/* w keeps the node from being pushed out while its callback runs. */
static void tell_kept(
    struct lookup_table *t, struct lookup_job *job, struct lookup_waiter *w)
{
	size_t size_b = job->node.size_b;

	lookup_table_busy(t, &job->node);
	w->fn(w, &job->node);
	while ((w = STAILQ_FIRST(&job->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&job->waiters, link);
		w->fn(w, &job->node);
	}
	lookup_table_idle(t, &job->node, size_b);
}

static int wait_domain(
    struct lookup *l, const char *domain, struct lookup_waiter *w)
{
	struct lookup_node *node = lookup_table_find(&l->domains, domain);
	struct lookup_domain_job *d = (struct lookup_domain_job *)node;

	if (d == NULL) {
		int rc;

		d = xcalloc(1, sizeof(*d));
		lookup_domain_clear(d);
		rc = join_new(&l->domains, &d->job, domain, w);
		if (rc != 0) {
			return rc;
		}
	} else {
		switch (join(l, &l->domains, &d->job, w)) {
		case JOINED_KEPT:
			tell_kept(&l->domains, &d->job, w);
			return 0;
		case JOINED_WAITS:
			return 0;
		case JOINED_BEGINS:
			break;
		}
	}
	lookup_domain_clear(d); /* nothing known is not all zero */
	begin(l, &d->job);
	lookup_domain_start(d);
	return 0;
}

static int wait_host(
    struct lookup *l, const char *host, struct lookup_waiter *w)
{
	struct lookup_node *node = lookup_table_find(&l->hosts, host);
	struct lookup_host_job *h = (struct lookup_host_job *)node;

	if (h == NULL) {
		int rc;

		h = xcalloc(1, sizeof(*h));
		rc = join_new(&l->hosts, &h->job, host, w);
		if (rc != 0) {
			return rc;
		}
	} else {
		switch (join(l, &l->hosts, &h->job, w)) {
		case JOINED_KEPT:
			tell_kept(&l->hosts, &h->job, w);
			return 0;
		case JOINED_WAITS:
			return 0;
		case JOINED_BEGINS:
			lookup_host_clear(h);
			break;
		}
	}
	begin(l, &h->job);
	lookup_host_start(h);
	return 0;
}

static int refuse(struct lookup *l, struct lookup_waiter *w)
{
	l->n_refused++;
	if (w != NULL) {
		drop_waiter(w);
	}
	return ERR_FULL;
}

/* --- domains --- */

static void tell_domain(struct lookup_waiter *w, const struct lookup_node *node)
{
	const struct lookup_domain_job *d =
	    (const struct lookup_domain_job *)node;
	const struct lookup_domain result = {
		.asks = d->asks,
		.is_looked_up = lookup_domain_is_wanted(d),
		.record_dns = d->record_dns,
		.record = d->record,
		.mx = d->mx,
		.hosts = (const char *const *)d->hosts,
		.n_hosts = d->n_hosts,
		.sts_dns = d->sts_dns,
		.sts = d->sts,
		.stale_at = d->job.stale_at,
	};
	lookup_domain_fn fn = w->domain_fn;
	void *ctx = w->ctx;

	drop_waiter(w);
	fn(ctx, &result);
}

int lookup_domain(
    struct lookup *l, const char *domain, lookup_domain_fn cb, void *ctx)
{
	struct lookup_waiter *w = new_waiter(l, ctx);

	if (w == NULL) {
		return refuse(l, NULL);
	}
	w->fn = tell_domain;
	w->domain_fn = cb;
	return wait_domain(l, domain, w) == 0 ? 0 : refuse(l, w);
}

/* --- hosts --- */

/* w is freed. */
static void tell_set(
    struct lookup_waiter *w, const struct policy_set *set, int64_t stale_at)
{
	lookup_host_fn fn = w->host_fn;
	void *ctx = w->ctx;

	drop_waiter(w);
	fn(ctx, set, stale_at);
}

static void tell_without_host(struct lookup_waiter *w, enum policy_tlsa tlsa)
{
	struct policy_set set = { .source = POLICY_OWN };

	set.mx = w->mx;
	set.tlsa = tlsa;
	tell_set(w, &set, w->stale_at);
}

/*
 * Does what the host has count for the domain: are its MX records secure
 * (R300), or is it known that none of them led to the host?
 */
static bool is_host_of_domain(enum policy_mx mx)
{
	return mx == POLICY_MX_SECURE || mx == POLICY_MX_NONE;
}

static void tell_host(struct lookup_waiter *w, const struct lookup_node *node)
{
	const struct lookup_host_job *h = (const struct lookup_host_job *)node;
	struct policy_set set = { .source = POLICY_OWN, .mx = w->mx };
	struct view *records = NULL;
	int64_t stale_at =
	    h->job.stale_at < w->stale_at ? h->job.stale_at : w->stale_at;

	if (h->is_address_bogus && is_host_of_domain(w->mx)) {
		set.mx = POLICY_MX_BOGUS; /* R306 */
	}
	/* Where it is not known how the MTA got to the host, nobody has DANE
	   who has no TLSA record. */
	if (is_host_of_domain(w->mx) || h->tlsa == POLICY_TLSA_NONE) {
		set.tlsa = h->tlsa;
		set.base = view_of(h->base);
		records = xcalloc(h->n_records + 1, sizeof(*records));
		for (size_t i = 0; i < h->n_records; i++) {
			records[i] = view_of(h->records[i]);
		}
		set.records = records;
		set.n_records = h->n_records;
	}
	tell_set(w, &set, stale_at);
	free(records);
}

/* The domain of a host is known: on to the host. */
static void go_on(struct lookup_waiter *w, const struct lookup_node *node)
{
	const struct lookup_domain_job *d =
	    (const struct lookup_domain_job *)node;

	w->mx = d->mx;
	w->stale_at = d->job.stale_at;
	if (!lookup_domain_is_wanted(d)) {
		tell_without_host(w, POLICY_TLSA_UNKNOWN);
	} else if (!lookup_is_name(w->host) /* R315 */ ||
	    (w->mx == POLICY_MX_INSECURE && /* R300 */
		lookup_domain_has_host(d, w->host))) {
		tell_without_host(w, POLICY_TLSA_NONE);
	} else {
		w->fn = tell_host;
		if (wait_host(w->l, w->host, w) != 0) {
			/* the room was promised when the lookup began */
			w->l->n_refused++;
			w->stale_at = lookup_now(w->l) + LOOKUP_STALE_MIN_S;
			tell_without_host(w, POLICY_TLSA_UNKNOWN);
		}
	}
}

int lookup_host(struct lookup *l, const char *domain, const char *mx,
    lookup_host_fn cb, void *ctx)
{
	struct lookup_waiter *w = new_waiter(l, ctx);

	if (w == NULL) {
		return refuse(l, NULL);
	}
	w->fn = go_on;
	w->host_fn = cb;
	w->host = xstrdup(mx);
	return wait_domain(l, domain, w) == 0 ? 0 : refuse(l, w);
}

/* --- all of it --- */

static size_t or_default(size_t value, size_t fallback)
{
	return value > 0 ? value : fallback;
}

struct lookup *lookup_new(const struct lookup_options *o)
{
	struct lookup *l = xcalloc(1, sizeof(*l));
	size_t bytes = or_default(o->bytes_max, BYTES_MAX);

	l->o = *o;
	l->o.waiting_max = or_default(o->waiting_max, WAITING_MAX);
	lookup_table_init(&l->domains, &o->key,
	    or_default(o->domains_max, NODES_MAX), bytes, free_domain);
	lookup_table_init(&l->hosts, &o->key,
	    or_default(o->hosts_max, NODES_MAX), bytes, free_host);
	lookup_ask_start(l);
	return l;
}

void lookup_free(struct lookup *l)
{
	if (l == NULL) {
		return;
	}
	lookup_ask_release(l);
	lookup_table_release(&l->domains);
	lookup_table_release(&l->hosts);
	free(l);
}

void lookup_count(const struct lookup *l, struct lookup_counts *out)
{
	out->questions = l->n_questions;
	out->shared = l->n_shared;
	out->doubted = l->n_doubted;
	out->evicted = l->domains.evicted + l->hosts.evicted;
	out->refused = l->n_refused;
	out->left_out = l->n_left_out;
	out->domains = l->domains.n;
	out->hosts = l->hosts.n;
}
