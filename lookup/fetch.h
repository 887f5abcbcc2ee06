/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_FETCH_H
#define LOOKUP_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ip.h"
#include "common/policy_set.h"
#include "common/view.h"

struct event_base;

/*
 * Fetches MTA-STS policies (RFC 8461 3.3, R210-R216): the GET of
 * https://mta-sts.DOMAIN/.well-known/mta-sts.txt and nothing else. Many at
 * once and few to one address, so that a slow host holds up only its own.
 */
struct fetch;

/* Whose fault is it that there are no addresses? */
enum fetch_fault {
	FETCH_THEIRS,   /* an answer says so */
	FETCH_DOUBTFUL, /* none came: theirs if others do better */
	FETCH_OURS
};

struct fetch_addresses {
	const char *token;      /* NULL: there are addresses; else why not:
	                      "dns-nxdomain", "dns-timeout" ... */
	enum fetch_fault fault; /* with a token */
	const struct ip *ip;    /* borrowed */
	size_t n;               /* not 0 without a token */
};

/* To be called exactly once, inside of the question or later. */
typedef void (*fetch_resolved_fn)(
    void *job, const struct fetch_addresses *answer);

/* Finds the addresses of a host, A and AAAA, aliases followed. */
typedef void (*fetch_resolve_fn)(
    void *ctx, const char *host, fetch_resolved_fn done, void *job);

struct fetch_options {
	fetch_resolve_fn resolve;
	void *resolve_ctx;
	const char *ca_file;  /* roots, PEM; NULL: the system's */
	bool allow_private;   /* addresses that are not public, too */
	unsigned timeout_ms;  /* for one policy; 0: 60 s */
	unsigned parallel;    /* connections at once; 0: 100 */
	unsigned per_address; /* to one address; 0: 2 */
	unsigned waiting;     /* fetches in all; 0: 4096 */
	int64_t good_at;      /* when a policy was fetched last, as far as is
	                    known from a former life; 0: never */
};

struct fetch_result {
	/* FOUND: body is to be parsed; FETCH_ERROR, WEBPKI_INVALID: theirs;
	   UNKNOWN: our own fault, or nothing shows that it is not */
	enum policy_sts kind;
	const char *token; /* PEERS' words; "" with FOUND */
	struct view body;
	int64_t at; /* Unix seconds */
};

/* Borrowed, all of it, until it returns. */
typedef void (*fetch_fn)(void *ctx, const struct fetch_result *result);

/*
 * base is borrowed; the process ignores SIGPIPE. Returns 0; ERR_CONFIG: libcurl is not one with OpenSSL;
 * -ENOMEM. Roots that are missing are no error: they may come.
 */
int fetch_new(
    struct event_base *base, const struct fetch_options *o, struct fetch **out);

/*
 * What is under way ends without its call; the resolver must not answer any
 * more. Not inside of a call. NULL is allowed.
 */
void fetch_free(struct fetch *f);

/*
 * Fetches the policy of a domain in its normal form; calls fn once, later.
 * Returns 0; ERR_FULL: so many are waiting; ERR_PARSE: no domain;
 * ERR_TOO_LONG: there can be no such host.
 */
int fetch_policy(struct fetch *f, const char *domain, fetch_fn fn, void *ctx);

/* Fetches that have not ended. */
unsigned fetch_open(const struct fetch *f);

#endif
