/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fetch.c - fetches MTA-STS policies: the queue
 *
 * A job waits, has its host resolved, is ready, and is transferred. A job that
 * is ready waits for its own address only: it holds no place that others could
 * use.
 */

#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/time.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "lookup/fetch.h"
#include "lookup/fetch_address.h"
#include "lookup/fetch_witness.h"
#include "lookup/transfer.h"
#include "lookup/trust.h"

#define PREFIX "mta-sts."

enum {
	TIMEOUT_MS = 60 * 1000,
	PARALLEL = 100,
	PER_ADDRESS = 2,
	WAITING = 4096
};

struct job {
	TAILQ_ENTRY(job) link;
	struct fetch *f;
	char host[DOMAIN_BUF];
	struct ip address[FETCH_ADDRESSES];
	size_t n;
	struct ip key;        /* what per_address counts */
	struct timeval asked; /* when its host was asked for */
	unsigned timeout_ms;  /* what the answer left of its time */
	fetch_fn fn;
	void *ctx;
};

TAILQ_HEAD(jobs, job);

struct fetch {
	struct event_base *base;
	struct fetch_options o;
	struct trust *trust;
	struct transfers *transfers;
	struct event *pump;
	struct jobs waiting, resolving, ready, active;
	unsigned n_resolving, n_active, n_open;
	struct fetch_witness connected, trusted;
	bool is_told; /* the log knows that there are no roots */
};

static struct timeval now_of(const struct fetch *f)
{
	struct timeval tv = { 0 };

	(void)event_base_gettimeofday_cached(f->base, &tv);
	return tv;
}

/* Goes on later, out of the loop: callers may be in the middle of things. */
static void pump_later(struct fetch *f)
{
	event_active(f->pump, EV_TIMEOUT, 0);
}

/* The job must be in no list any more. */
static void end(
    struct job *job, enum policy_sts kind, const char *token, struct view body)
{
	struct fetch *f = job->f;
	struct fetch_result r = { .kind = kind,
		.token = token,
		.body = body,
		.at = now_of(f).tv_sec };

	f->n_open--;
	job->fn(job->ctx, &r);
	free(job);
	pump_later(f);
}

static uint64_t host_hash(const struct job *job)
{
	static const struct hash_key key = { 0, 0 };

	return hash_sip(&key, job->host, strlen(job->host));
}

/* Holds a failure against the host only where others do better. */
static void on_transferred(void *ctx, const struct transfer_result *result)
{
	struct job *job = ctx;
	struct fetch *f = job->f;
	struct transfer_result r = *result;
	int64_t now = now_of(f).tv_sec;
	bool is_theirs = true;

	TAILQ_REMOVE(&f->active, job, link);
	f->n_active--;
	if (r.is_connected) {
		fetch_witness_good(&f->connected, now);
	} else if (r.kind == POLICY_STS_FETCH_ERROR) {
		is_theirs =
		    fetch_witness_blames(&f->connected, host_hash(job), now);
	}
	if (r.is_trusted) {
		fetch_witness_good(&f->trusted, now);
	} else if (r.kind == POLICY_STS_WEBPKI_INVALID) {
		is_theirs =
		    fetch_witness_blames(&f->trusted, host_hash(job), now);
	}
	if (!is_theirs) {
		log_debug("hold no failure against a host, as no other does "
			  "better host=%s reason=%s",
		    job->host, r.token);
		r.kind = POLICY_STS_UNKNOWN;
	}
	end(job, r.kind, r.token, r.body);
}

/* Once for each change, whether there are roots. */
static bool has_roots(struct fetch *f)
{
	int rc = trust_refresh(f->trust);

	if (rc != 0 && !f->is_told) {
		log_warn("cannot read the root certificates file=%s error=%s",
		    trust_file(f->trust), err_text(rc));
	} else if (rc == 0 && f->is_told) {
		log_info(
		    "read the root certificates file=%s", trust_file(f->trust));
	}
	f->is_told = rc != 0;
	return trust_is_ready(f->trust);
}

static void start(struct job *job)
{
	struct fetch *f = job->f;
	const struct transfer_want want = { .host = job->host,
		.path = "/.well-known/mta-sts.txt",
		.address = job->address,
		.n = job->n,
		.timeout_ms = job->timeout_ms };

	TAILQ_REMOVE(&f->ready, job, link);
	if (!has_roots(f)) {
		end(job, POLICY_STS_UNKNOWN, "no-root-certificates",
		    view_of(""));
		return;
	}
	if (transfer_start(f->transfers, &want, on_transferred, job) != 0) {
		end(job, POLICY_STS_UNKNOWN, "internal", view_of(""));
		return;
	}
	TAILQ_INSERT_TAIL(&f->active, job, link);
	f->n_active++;
}

static bool is_address_free(const struct fetch *f, const struct ip *key)
{
	const struct job *job;
	unsigned n = 0;

	TAILQ_FOREACH(job, &f->active, link) {
		n += memcmp(&job->key, key, sizeof(*key)) == 0;
	}
	return n < f->o.per_address;
}

static struct job *find_startable(struct fetch *f)
{
	struct job *job;

	if (f->n_active >= f->o.parallel) {
		return NULL;
	}
	TAILQ_FOREACH(job, &f->ready, link) {
		if (is_address_free(f, &job->key)) {
			return job;
		}
	}
	return NULL;
}

/* What the answer left of a job's time; its turn may come much later. */
static unsigned time_left(const struct job *job)
{
	struct timeval now = now_of(job->f);
	int64_t limit = job->f->o.timeout_ms;
	int64_t used = (now.tv_sec - job->asked.tv_sec) * 1000LL +
	    (now.tv_usec - job->asked.tv_usec) / 1000;

	if (used < 0 || used > limit / 2) {
		used = limit / 2;
	}
	return (unsigned)(limit - used);
}

static void end_unresolved(
    struct job *job, const struct fetch_addresses *answer)
{
	struct fetch *f = job->f;
	bool is_theirs = answer->fault == FETCH_THEIRS ||
	    (answer->fault == FETCH_DOUBTFUL &&
		fetch_witness_blames(
		    &f->connected, host_hash(job), now_of(f).tv_sec));

	end(job, is_theirs ? POLICY_STS_FETCH_ERROR : POLICY_STS_UNKNOWN,
	    answer->token, view_of(""));
}

static void on_resolved(void *ctx, const struct fetch_addresses *answer)
{
	struct job *job = ctx;
	struct fetch *f = job->f;
	enum fetch_address_why why;

	TAILQ_REMOVE(&f->resolving, job, link);
	f->n_resolving--;
	if (answer->token != NULL) {
		end_unresolved(job, answer);
		return;
	}
	why = fetch_address_choose(
	    answer->ip, answer->n, f->o.allow_private, job->address, &job->n);
	if (why == FETCH_ADDRESS_PRIVATE) {
		end(job, POLICY_STS_FETCH_ERROR, "dns-private-address",
		    view_of(""));
		return;
	}
	if (why == FETCH_ADDRESS_NO_ROUTE) {
		end(job, POLICY_STS_UNKNOWN, "no-route", view_of(""));
		return;
	}
	job->timeout_ms = time_left(job);
	job->key = fetch_address_key(job->address, job->n);
	TAILQ_INSERT_TAIL(&f->ready, job, link);
	pump_later(f);
}

static void on_pump(evutil_socket_t fd, short what, void *ctx)
{
	struct fetch *f = ctx;
	struct job *job;

	(void)fd;
	(void)what;
	job = find_startable(f);
	if (job != NULL) {
		start(job);
		pump_later(f); /* for the next */
	}
	while (f->n_resolving < f->o.parallel &&
	    (job = TAILQ_FIRST(&f->waiting)) != NULL) {
		TAILQ_REMOVE(&f->waiting, job, link);
		TAILQ_INSERT_TAIL(&f->resolving, job, link);
		f->n_resolving++;
		job->asked = now_of(f);
		f->o.resolve(f->o.resolve_ctx, job->host, on_resolved, job);
	}
}

static unsigned or_default(unsigned value, unsigned fallback)
{
	return value != 0 ? value : fallback;
}

int fetch_new(
    struct event_base *base, const struct fetch_options *o, struct fetch **out)
{
	struct fetch *f = xcalloc(1, sizeof(*f));
	int rc;

	*out = NULL;
	TAILQ_INIT(&f->waiting);
	TAILQ_INIT(&f->resolving);
	TAILQ_INIT(&f->ready);
	TAILQ_INIT(&f->active);
	f->base = base;
	f->o = *o;
	f->o.ca_file = NULL;
	f->o.timeout_ms = or_default(o->timeout_ms, TIMEOUT_MS);
	f->o.parallel = or_default(o->parallel, PARALLEL);
	f->o.per_address = or_default(o->per_address, PER_ADDRESS);
	f->o.waiting = or_default(o->waiting, WAITING);
	f->connected.good_at = o->good_at;
	f->trusted.good_at = o->good_at;
	f->trust = trust_new(o->ca_file);
	f->pump = event_new(base, -1, 0, on_pump, f);
	rc = f->pump == NULL ? -ENOMEM :
			       transfers_new(base, f->trust, &f->transfers);
	if (rc != 0) {
		fetch_free(f);
		return rc;
	}
	(void)has_roots(f);
	*out = f;
	return 0;
}

static void free_jobs(struct jobs *jobs)
{
	struct job *job;

	while ((job = TAILQ_FIRST(jobs)) != NULL) {
		TAILQ_REMOVE(jobs, job, link);
		free(job);
	}
}

void fetch_free(struct fetch *f)
{
	if (f == NULL) {
		return;
	}
	transfers_free(f->transfers);
	free_jobs(&f->waiting);
	free_jobs(&f->resolving);
	free_jobs(&f->ready);
	free_jobs(&f->active);
	if (f->pump != NULL) {
		event_free(f->pump);
	}
	trust_free(f->trust);
	free(f);
}

int fetch_policy(struct fetch *f, const char *domain, fetch_fn fn, void *ctx)
{
	struct job *job;

	if (!domain_is_normal(view_of(domain))) {
		return ERR_PARSE;
	}
	if (f->n_open >= f->o.waiting) {
		return ERR_FULL;
	}
	if (strlen(PREFIX) + strlen(domain) > DOMAIN_MAX) {
		return ERR_TOO_LONG;
	}
	job = xcalloc(1, sizeof(*job));
	job->f = f;
	job->fn = fn;
	job->ctx = ctx;
	(void)snprintf(job->host, sizeof(job->host), PREFIX "%s", domain);
	TAILQ_INSERT_TAIL(&f->waiting, job, link);
	f->n_open++;
	pump_later(f);
	return 0;
}

unsigned fetch_open(const struct fetch *f)
{
	return f->n_open;
}
