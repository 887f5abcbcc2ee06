/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_PUBLISHED_H
#define LOOKUP_PUBLISHED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/dns.h"
#include "common/dns_health.h"
#include "common/policy_set.h"
#include "common/strbuf.h"
#include "lookup/loop.h"

/*
 * All that a domain published, as policy sets: its MX hosts and their TLSA
 * records from the DNS, its MTA-STS policy by HTTPS. One thread, on an event
 * loop; callbacks run one at a time.
 */
struct published;

enum published_kind {
	PUBLISHED_SET,   /* the domain asks for reports, and this is it */
	PUBLISHED_QUIET, /* it asks for none: nothing else was looked at */
	PUBLISHED_LATER  /* it could not be found out, or there is no room */
};

/* Borrowed, valid in the callback only. */
struct published_answer {
	enum published_kind kind;
	const char *domain;
	const char *mx;               /* "" for the domain itself */
	const struct policy_set *set; /* with SET */
	int64_t at;                   /* Unix seconds: when that was found */
	int64_t again;                /* when to ask again */
};

typedef void (*published_fn)(void *ctx, const struct published_answer *answer);

struct published_options {
	struct loop *loop; /* borrowed */
	const struct dns_options *dns;
	const char *state;   /* where MTA-STS policies are kept */
	const char *ca_file; /* of policy hosts; NULL: the system's */
	bool allow_private;  /* policy hosts at addresses that are not public */
	/* what this site demands, and whom it leaves out; borrowed, or NULL */
	const struct local_policy *local;
	/* A refresh failed while a cached policy was in force (policy_set.h:
	   failed_at); kind is SET. May be NULL */
	published_fn on_event;
	/* May be NULL */
	void (*on_health)(void *ctx, enum dns_health health);
	void *ctx; /* of both */
};

/*
 * Sets of them what the configuration says; all is borrowed from it, and *dns
 * by *o. The rest is zero.
 */
void published_options_of(
    const struct conf *c, struct dns_options *dns, struct published_options *o);

enum {
	PUBLISHED_HOSTS = 8,   /* MX hosts that are looked up with a domain */
	PUBLISHED_OPEN = 20000 /* questions at once */
};

/*
 * Returns 0 or an error, which *error says in one line. That policies cannot be
 * kept, or not be fetched, is said in the log; then MTA-STS is UNKNOWN.
 */
int published_new(const struct published_options *o, struct published **out,
    struct strbuf *error);

/* What is under way is dropped. Not in a callback. NULL is allowed. */
void published_free(struct published *p);

/*
 * What did a domain publish for one of its MX hosts? Both in normal form. With
 * mx "" for the domain: then fn is called for the first of its MX hosts, too,
 * since these will be asked for next. fn may be called before this returns.
 */
void published_ask(struct published *p, const char *domain, const char *mx,
    published_fn fn, void *ctx);

/* Questions that have no answer yet. */
unsigned published_open(const struct published *p);

/* The last word on DNSSEC. */
enum dns_health published_health(const struct published *p);

#endif
