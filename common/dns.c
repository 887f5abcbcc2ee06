/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns.c - DNS through libunbound, many questions at once
 *
 * The only file that knows libunbound. The library resolves in a thread of
 * its own and hands results over through a pipe, which both dns_run() and an
 * event loop can wait for; callbacks run in our thread. Two things it does
 * not do are done here: a bound on the time of each question, and following
 * aliases in local data.
 */

#include "config.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <time.h>
#include <unbound.h>

#include "common/dns.h"
#include "common/dns_file.h"
#include "common/err.h"
#include "common/mem.h"

enum {
	PARALLEL = 200,
	TIMEOUT_S = 30,
	SOCKETS_MAX = 512, /* UDP sockets of the library at once */
	ALIASES_MAX = 8,   /* of one question, in local data */
	CLASS_IN = 1
};

struct question {
	TAILQ_ENTRY(question) link;
	struct dns *d;
	dns_callback cb;
	void *ctx;
	char *name;
	int type;
	int id;             /* the library's */
	int64_t deadline;   /* of the monotonic clock, ms */
	unsigned n_aliases; /* followed so far */
};

TAILQ_HEAD(questions, question);

struct dns {
	struct ub_ctx *ub;
	struct questions waiting;
	struct questions asked;   /* oldest first, so by deadline */
	struct questions refused; /* by the library; not answered yet */
	unsigned n_asked;
	unsigned parallel;
	int64_t timeout_ms;
	bool is_local;   /* all answers are local data */
	bool is_working; /* in callbacks: questions wait for their end */
	char anchor[DOMAIN_BUF];
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- set-up --- */

static int fail(
    struct strbuf *error, const char *what, const char *which, const char *why)
{
	strbuf_addf(error, "%s %s: %s", what, which, why);
	return ERR_CONFIG;
}

static int set_options(
    struct dns *d, const struct dns_options *o, struct strbuf *error)
{
	char queries[16];
	char sockets[16];
	const char *const table[][2] = {
		{ "module-config:",
		    o->trust_anchor != NULL ? "validator iterator" :
					      "iterator" },
		{ "use-syslog:", "no" },
		{ "do-not-query-localhost:", "no" },
		/* Whether our servers still give what DNSSEC needs must show,
		   and not be concluded from what they gave before. */
		{ "aggressive-nsec:", "no" },
		/* Too few, and new questions push out old ones; those that we
		   gave up may still be under way. */
		{ "num-queries-per-thread:", queries },
		{ "outgoing-range:", sockets },
		/* The library learns how fast the server answers from its
		   cache, and would give up after some such times when the
		   server has to ask others: wait a second before the first
		   repetition. */
		{ "infra-cache-min-rtt:", "1000" },
		/* how long a server that was found dead is left alone */
		{ "infra-host-ttl:", "60" },
		/* those of the library may be older; NULL leaves out */
		{ "root-hints:",
		    o->is_recursive ? dns_file_system_hints() : NULL },
	};

	(void)snprintf(queries, sizeof(queries), "%u", 4 * d->parallel);
	(void)snprintf(sockets, sizeof(sockets), "%u",
	    d->parallel < SOCKETS_MAX ? d->parallel : SOCKETS_MAX);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *name = table[i][0];
		const char *value = table[i][1];
		int rc =
		    value != NULL ? ub_ctx_set_option(d->ub, name, value) : 0;

		if (rc != 0) {
			return fail(
			    error, "libunbound option", name, ub_strerror(rc));
		}
	}
	return 0;
}

static int set_servers(
    struct dns *d, const struct dns_options *o, struct strbuf *error)
{
	const char *const *servers = o->servers;
	int rc;

	if (servers == NULL || servers[0] == NULL) {
		rc = ub_ctx_resolvconf(d->ub, NULL);
		return rc == 0 ?
		    0 :
		    fail(error, "file", "/etc/resolv.conf", ub_strerror(rc));
	}
	for (size_t i = 0; servers[i] != NULL; i++) {
		rc = ub_ctx_set_fwd(d->ub, servers[i]);
		if (rc != 0) {
			return fail(error, "DNS server", servers[i],
			    "expected address or address@port");
		}
	}
	return 0;
}

static int add_line(void *ctx, const char *line)
{
	struct dns *d = ctx;

	return ub_ctx_data_add(d->ub, line) == 0 ? 0 : ERR_PARSE;
}

/*
 * Ends the set-up: the first zone makes the library take all options. RFC 6761
 * 6.2 lets a stub resolver ask for names under "test"; the library itself
 * would not. All its other zones of that kind are answered without asking.
 */
static int set_zones(
    struct dns *d, const struct dns_options *o, struct strbuf *error)
{
	int rc;

	if (d->is_local) {
		rc = ub_ctx_zone_add(d->ub, ".", "static");
	} else {
		rc = ub_ctx_zone_add(d->ub, "test.", "transparent");
	}
	if (rc != 0) {
		return fail(error, "libunbound", "start",
		    o->trust_anchor != NULL ? "is the trust anchor right?" :
					      ub_strerror(rc));
	}
	return d->is_local ? dns_file_read(o->local_data, add_line, d, error) :
			     0;
}

static int set_up(
    struct dns *d, const struct dns_options *o, struct strbuf *error)
{
	int rc;

	/* no words of its own on standard error */
	ub_ctx_debugout(d->ub, NULL);
	rc = ub_ctx_async(d->ub, 1);
	if (rc != 0) {
		return fail(error, "libunbound", "thread", ub_strerror(rc));
	}
	rc = set_options(d, o, error);
	if (rc == 0 && !d->is_local && !o->is_recursive) {
		rc = set_servers(d, o, error);
	}
	if (rc == 0 && o->trust_anchor != NULL) {
		rc = dns_file_owner(o->trust_anchor, d->anchor, error);
	}
	if (rc == 0 && o->trust_anchor != NULL) {
		rc = ub_ctx_add_ta_file(d->ub, o->trust_anchor);
		if (rc != 0) {
			return fail(error, "trust anchor", o->trust_anchor,
			    ub_strerror(rc));
		}
	}
	return rc == 0 ? set_zones(d, o, error) : rc;
}

int dns_new(const struct dns_options *o, struct dns **out, struct strbuf *error)
{
	struct dns *d = xcalloc(1, sizeof(*d));
	int rc;

	*out = NULL;
	TAILQ_INIT(&d->waiting);
	TAILQ_INIT(&d->asked);
	TAILQ_INIT(&d->refused);
	d->parallel = o->parallel > 0 ? o->parallel : PARALLEL;
	d->timeout_ms = (o->timeout_s > 0 ? o->timeout_s : TIMEOUT_S) * 1000LL;
	d->is_local = o->local_data != NULL;
	d->ub = ub_ctx_create();
	if (d->ub == NULL) {
		rc = fail(error, "libunbound", "start", "out of memory");
	} else {
		rc = set_up(d, o, error);
	}
	if (rc != 0) {
		dns_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

static void free_question(struct question *q)
{
	free(q->name);
	free(q);
}

static void take(struct questions *list, struct question *q)
{
	TAILQ_REMOVE(list, q, link);
	assert(TAILQ_FIRST(list) != q); /* else analysers suspect the worst */
}

static void free_questions(struct questions *list)
{
	struct question *q;

	while ((q = TAILQ_FIRST(list)) != NULL) {
		take(list, q);
		free_question(q);
	}
}

void dns_free(struct dns *d)
{
	if (d == NULL) {
		return;
	}
	if (d->ub != NULL) {
		ub_ctx_delete(d->ub);
	}
	free_questions(&d->waiting);
	free_questions(&d->asked);
	free_questions(&d->refused);
	free(d);
}

const char *dns_anchor(const struct dns *d)
{
	return d->anchor;
}

/* --- asking --- */

static void on_result(void *arg, int err, struct ub_result *r);

static void start(struct dns *d, struct question *q)
{
	take(&d->waiting, q);
	q->deadline = now_ms() + d->timeout_ms;
	if (ub_resolve_async(
		d->ub, q->name, q->type, CLASS_IN, q, on_result, &q->id) != 0) {
		TAILQ_INSERT_TAIL(&d->refused, q, link);
		return;
	}
	TAILQ_INSERT_TAIL(&d->asked, q, link);
	d->n_asked++;
}

static void start_waiting(struct dns *d)
{
	struct question *q;

	while (d->n_asked < d->parallel &&
	    (q = TAILQ_FIRST(&d->waiting)) != NULL) {
		start(d, q);
	}
}

void dns_ask(
    struct dns *d, const char *name, int type, dns_callback cb, void *ctx)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->d = d;
	q->cb = cb;
	q->ctx = ctx;
	q->name = xstrdup(name);
	q->type = type;
	TAILQ_INSERT_TAIL(&d->waiting, q, link);
	if (!d->is_working) {
		start_waiting(d);
	}
}

/* q is in no list. */
static void answer(struct question *q, const struct dns_answer *a)
{
	q->cb(q->ctx, a);
	free_question(q);
}

static void answer_without_data(struct question *q, enum dns_status status)
{
	answer(q, &(struct dns_answer){ .status = status, .canonical = "" });
}

static enum dns_status unchecked_status(const struct ub_result *r)
{
	if (r->havedata) {
		return DNS_ANSWER;
	}
	if (r->nxdomain) {
		return DNS_NXDOMAIN;
	}
	return r->rcode == 0 ? DNS_NODATA : DNS_SERVFAIL;
}

static void answer_result(struct question *q, const struct ub_result *r)
{
	struct dns_answer a = {
		.secure = r->secure != 0 && !r->bogus,
		.ttl_s = r->ttl > 0 ? (unsigned)r->ttl : 0,
		.unchecked = unchecked_status(r),
		.why = r->bogus ? dns_why_token(r->why_bogus) : "",
	};
	char *canonical = xstrdup(r->canonname != NULL ? r->canonname : "");
	size_t len = strlen(canonical);
	struct view *rdata;

	if (len > 1 && canonical[len - 1] == '.') {
		canonical[len - 1] = '\0';
	}
	a.canonical = canonical;
	a.status = r->bogus ? DNS_BOGUS : a.unchecked;
	while (r->havedata && r->data[a.n] != NULL) {
		a.n++;
	}
	rdata = xcalloc(a.n + 1, sizeof(*rdata));
	for (size_t i = 0; i < a.n; i++) {
		rdata[i] = view_make(r->data[i], (size_t)r->len[i]);
	}
	a.rdata = rdata;
	answer(q, &a);
	free(rdata);
	free(canonical);
}

/* Local data is answered with the bare alias; its target is asked next. */
static bool is_bare_alias(const struct question *q, const struct ub_result *r)
{
	return q->d->is_local && !r->havedata && r->rcode == 0 &&
	    r->canonname != NULL && r->canonname[0] != '\0';
}

static void follow_alias(struct question *q, const char *target)
{
	if (++q->n_aliases > ALIASES_MAX) {
		answer_without_data(q, DNS_SERVFAIL);
		return;
	}
	free(q->name);
	q->name = xstrdup(target);
	TAILQ_INSERT_HEAD(&q->d->waiting, q, link);
}

/* The library's callback. */
static void on_result(void *arg, int err, struct ub_result *r)
{
	struct question *q = arg;

	take(&q->d->asked, q);
	q->d->n_asked--;
	if (err != 0 || r == NULL) {
		answer_without_data(q, DNS_ERROR);
	} else if (is_bare_alias(q, r)) {
		follow_alias(q, r->canonname);
	} else {
		answer_result(q, r);
	}
	ub_resolve_free(r);
}

/* --- the loop --- */

static void answer_refused(struct dns *d)
{
	struct question *q;

	while ((q = TAILQ_FIRST(&d->refused)) != NULL) {
		take(&d->refused, q);
		answer_without_data(q, DNS_ERROR);
	}
}

/* Only when no result is left to be read: callbacks may have taken long. */
static void expire(struct dns *d)
{
	struct question *q;
	int64_t now = now_ms();

	while ((q = TAILQ_FIRST(&d->asked)) != NULL && q->deadline <= now) {
		take(&d->asked, q);
		d->n_asked--;
		ub_cancel(d->ub, q->id);
		answer_without_data(q, DNS_TIMEOUT);
	}
}

/* Waits for a result, no longer than the oldest question may. */
static void wait_for_result(struct dns *d)
{
	const struct question *oldest = TAILQ_FIRST(&d->asked);
	struct pollfd fd = { .fd = ub_fd(d->ub), .events = POLLIN };
	int64_t ms = oldest->deadline - now_ms();

	ms = ms < 0 ? 0 : ms;
	(void)poll(&fd, 1, ms > 60000 ? 60000 : (int)ms);
}

static void give_up(struct dns *d)
{
	struct question *q;

	while ((q = TAILQ_FIRST(&d->asked)) != NULL) {
		take(&d->asked, q);
		d->n_asked--;
		ub_cancel(d->ub, q->id);
		answer_without_data(q, DNS_ERROR);
	}
	/* a callback may ask again: that ends when its work does */
	while ((q = TAILQ_FIRST(&d->waiting)) != NULL) {
		take(&d->waiting, q);
		answer_without_data(q, DNS_ERROR);
	}
}

int dns_fd(const struct dns *d)
{
	return ub_fd(d->ub);
}

int dns_work(struct dns *d)
{
	int rc = 0;

	d->is_working = true;
	if (!ub_poll(d->ub)) {
		expire(d);
	} else if (ub_process(d->ub) != 0) {
		give_up(d);
		rc = ERR_TEMP;
	}
	answer_refused(d);
	d->is_working = false;
	start_waiting(d);
	return rc;
}

int dns_run(struct dns *d)
{
	int rc = 0;

	while (rc == 0 &&
	    (d->n_asked > 0 || !TAILQ_EMPTY(&d->waiting) ||
		!TAILQ_EMPTY(&d->refused))) {
		if (d->n_asked > 0 && TAILQ_EMPTY(&d->refused)) {
			wait_for_result(d);
		}
		rc = dns_work(d);
	}
	return rc;
}
