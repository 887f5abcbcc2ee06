/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sts.c - what MTA-STS has for domains: cache, decisions and fetches together
 *
 * What cannot be kept must not be fetched either: every question would fetch
 * again, and no host would be left alone after a failure.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "lookup/fetch.h"
#include "lookup/policy_cache.h"
#include "lookup/sts.h"

enum {
	BUSY_S = 60 /* until a question that was turned down may come again */
};

struct waiter {
	STAILQ_ENTRY(waiter) link;
	sts_fn fn;
	void *ctx;
};

/* A fetch under way. fetch.c bounds their number. */
struct pending {
	LIST_ENTRY(pending) link;
	struct sts *s;
	char domain[DOMAIN_BUF];
	char id[STS_RECORD_ID_MAX + 1];
	STAILQ_HEAD(, waiter) waiters;
};

struct sts {
	struct policy_cache *cache;
	struct fetch *fetch;
	int64_t closed_until; /* nothing could be kept; 0: all is well */
	LIST_HEAD(, pending) pending;
};

struct sts *sts_new(struct policy_cache *cache, struct fetch *fetch)
{
	struct sts *s = xcalloc(1, sizeof(*s));

	s->cache = cache;
	s->fetch = fetch;
	LIST_INIT(&s->pending);
	return s;
}

static void pending_free(struct pending *p)
{
	struct waiter *w;

	while ((w = STAILQ_FIRST(&p->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->waiters, link);
		free(w);
	}
	free(p);
}

void sts_free(struct sts *s)
{
	struct pending *p;

	if (s == NULL) {
		return;
	}
	while ((p = LIST_FIRST(&s->pending)) != NULL) {
		LIST_REMOVE(p, link);
		pending_free(p);
	}
	free(s);
}

static struct pending *find_pending(const struct sts *s, const char *domain)
{
	struct pending *p;

	LIST_FOREACH(p, &s->pending, link) {
		if (strcmp(p->domain, domain) == 0) {
			return p;
		}
	}
	return NULL;
}

static void add_waiter(struct pending *p, sts_fn fn, void *ctx)
{
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->fn = fn;
	w->ctx = ctx;
	STAILQ_INSERT_TAIL(&p->waiters, w, link);
}

/* The log tells of the first of many. */
static void close_for_now(struct sts *s, int rc, int64_t now)
{
	char text[LOG_ESCAPE_BUF];

	if (s->closed_until == 0) {
		log_warn("cannot use the policy cache, so no policy is "
			 "fetched error=\"%s\" detail=\"%s\"",
		    err_text(rc),
		    log_escape(view_of(policy_cache_error(s->cache)), text));
	}
	s->closed_until = now + STS_CLOSED_S;
}

static bool is_closed(const struct sts *s, int64_t now)
{
	return now < s->closed_until && s->closed_until <= now + STS_CLOSED_S;
}

static void put(struct sts *s, const struct sts_row *row, int64_t now)
{
	int rc = policy_cache_put(s->cache, row);

	if (rc != 0) {
		close_for_now(s, rc, now);
	} else if (s->closed_until != 0) {
		log_info("can use the policy cache again");
		s->closed_until = 0;
	}
}

/* All that wait; the first of them hears of an event. */
static void answer_all(
    struct pending *p, struct sts_answer *answer, int64_t now)
{
	struct waiter *w;

	while ((w = STAILQ_FIRST(&p->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->waiters, link);
		w->fn(w->ctx, answer, now);
		free(w);
		answer->failed = POLICY_STS_UNKNOWN;
	}
}

static void tell(const char *domain, const struct sts_answer *answer)
{
	if (answer->ours != NULL) {
		log_debug("cannot tell what a policy is, for a reason of our "
			  "own domain=%s reason=%s",
		    domain, answer->ours);
	} else if (answer->failed != POLICY_STS_UNKNOWN) {
		/* R219 */
		log_info("cannot refresh a policy domain=%s reason=%s", domain,
		    answer->reason);
	}
}

/* Nobody knows what was in force. */
static void say_no_cache(struct sts_answer *answer, int64_t now)
{
	*answer = (struct sts_answer){ .ours = "no-cache",
		.again = now + STS_CLOSED_S };
}

static void on_fetched(void *ctx, const struct fetch_result *result)
{
	struct pending *p = ctx;
	struct sts *s = p->s;
	const struct sts_fetched fetched = { .kind = result->kind,
		.token = result->token,
		.body = result->body };
	int64_t now = result->at;
	struct sts_answer answer;
	struct arena *a = arena_new();
	struct sts_row row;
	int rc = policy_cache_find(s->cache, p->domain, a, &row);

	LIST_REMOVE(p, link);
	if (rc != 0) {
		close_for_now(s, rc, now);
		say_no_cache(&answer, now);
	} else {
		sts_state_fetched(&row, p->id, &fetched, now, a, &answer);
		put(s, &row, now);
	}
	tell(p->domain, &answer);
	answer_all(p, &answer, now);
	arena_free(a);
	pending_free(p);
}

/* Returns false if it cannot be started. */
static bool start(
    struct sts *s, const char *domain, const char *id, sts_fn fn, void *ctx)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	p->s = s;
	STAILQ_INIT(&p->waiters);
	(void)view_copy(view_of(domain), p->domain, sizeof(p->domain));
	(void)view_copy(view_of(id), p->id, sizeof(p->id));
	if (fetch_policy(s->fetch, p->domain, on_fetched, p) != 0) {
		pending_free(p);
		return false;
	}
	add_waiter(p, fn, ctx);
	LIST_INSERT_HEAD(&s->pending, p, link);
	return true;
}

/*
 * What can be said at once; false: a fetch was started. Those who hear may
 * ask again, so that each question has an arena of its own.
 */
static bool answer_now(struct sts *s, struct sts_row *row,
    const struct sts_seen *seen, int64_t now, struct sts_answer *answer)
{
	enum sts_next next = sts_state_look(row, seen, now, answer);

	if (next == STS_NEXT_FETCH && !is_closed(s, now)) {
		return false;
	}
	if (next == STS_NEXT_FETCH) {
		answer->ours = "no-cache";
		answer->again = s->closed_until;
	} else if (answer->is_row_changed) {
		put(s, row, now);
	}
	return true;
}

void sts_ask(struct sts *s, const char *domain, const struct sts_seen *seen,
    int64_t now, sts_fn fn, void *ctx)
{
	struct pending *p = find_pending(s, domain);
	struct sts_answer answer;
	struct arena *a;
	struct sts_row row;
	int rc;

	if (p != NULL) {
		add_waiter(p, fn, ctx);
		return;
	}
	a = arena_new();
	rc = policy_cache_find(s->cache, domain, a, &row);
	if (rc != 0) {
		close_for_now(s, rc, now);
		say_no_cache(&answer, now);
	} else if (!answer_now(s, &row, seen, now, &answer)) {
		if (start(s, domain, seen->record.id, fn, ctx)) {
			arena_free(a);
			return;
		}
		answer.ours = "busy";
		answer.again = now + BUSY_S;
	}
	tell(domain, &answer);
	fn(ctx, &answer, now);
	arena_free(a);
}
