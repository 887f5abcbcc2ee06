/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_LOOKUP_H
#define LOOKUP_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dns_health.h"
#include "common/hash.h"
#include "common/policy_set.h"
#include "common/record.h"
#include "common/sts_record.h"

/*
 * What a domain published in the DNS: does it ask for reports, its MX hosts,
 * its MTA-STS record, and for each MX host the TLSA records. All in one
 * thread; callbacks run one at a time. Equal questions under way are asked
 * once; results are kept, in bounded tables, until they are stale.
 */
struct lookup;

enum {
	LOOKUP_STALE_MIN_S = 5 * 60, /* failures, too, are kept so long */
	LOOKUP_STALE_MAX_S = 24 * 60 * 60,
	LOOKUP_MX_MAX = 64, /* MX hosts of a domain that are kept */
};

/* As dns_ask(): it never calls cb before it returns. */
typedef void (*lookup_ask_fn)(
    void *dns, const char *name, int type, dns_callback cb, void *ctx);

/* All borrowed until lookup_free(). */
struct lookup_options {
	lookup_ask_fn ask;
	void *dns;                 /* its first argument */
	const char *anchor;        /* zone of the trust anchor: dns_anchor() */
	int64_t (*now)(void *ctx); /* the loop's clock, seconds */
	void *now_ctx;
	/* called when it changed; NULL: not */
	void (*on_health)(void *ctx, enum dns_health health);
	void *health_ctx;
	bool is_all;         /* look at domains that ask for no reports, too */
	struct hash_key key; /* random */
	size_t domains_max;  /* kept or under way, likewise hosts; 0: 20000 */
	size_t hosts_max;
	size_t bytes_max;   /* of what is kept of each; 0: 32 MiB */
	size_t waiting_max; /* callbacks owed at once; 0: 100000 */
};

enum lookup_asks {
	LOOKUP_ASKS_UNKNOWN, /* that lookup failed */
	LOOKUP_ASKS_NOT,     /* for reports */
	LOOKUP_ASKS
};

/* All is borrowed, valid in the callback only. */
struct lookup_domain {
	enum lookup_asks asks;
	enum dns_status record_dns; /* how the lookup of the record ended */
	enum record_status record;  /* with DNS_ANSWER */

	/* Was all of this looked up? It is with LOOKUP_ASKS. */
	bool is_looked_up;
	enum policy_mx mx;
	const char *const *hosts; /* MX hosts, normalised and sorted; without
	                             MX records the domain; no addresses */
	size_t n_hosts;
	enum dns_status sts_dns; /* how the lookup of _mta-sts ended */
	struct sts_record sts;   /* STS_RECORD_NONE unless DNS_ANSWER */

	int64_t stale_at; /* when to ask again */
};

typedef void (*lookup_domain_fn)(void *ctx, const struct lookup_domain *result);

/*
 * set: mx, tlsa, base and records are filled, all else says nothing. Borrowed,
 * valid in the callback only.
 */
typedef void (*lookup_host_fn)(
    void *ctx, const struct policy_set *set, int64_t stale_at);

/* Asks at once whether DNSSEC works; what is looked up waits for that. */
struct lookup *lookup_new(const struct lookup_options *o);

/*
 * Callbacks that are owed are dropped. No answer may come any more: dns_free()
 * comes first. NULL is allowed.
 */
void lookup_free(struct lookup *l);

/*
 * Looks up a domain, normalised. Returns 0, then cb is called once, perhaps
 * before this returns; ERR_FULL: all room is taken by what is under way, and
 * cb is not called.
 */
int lookup_domain(
    struct lookup *l, const char *domain, lookup_domain_fn cb, void *ctx);

/*
 * Looks up one MX host of a domain, as the MTA named it: one that is no MX host
 * by the DNS (a smart host, a change since) is looked up all the same. Of a
 * domain that does not ask for reports nothing is told but UNKNOWN, unless
 * is_all. Returns as
 * lookup_domain().
 */
int lookup_host(struct lookup *l, const char *domain, const char *mx,
    lookup_host_fn cb, void *ctx);

/* To be called every few seconds: asks every hour whether DNSSEC works. */
void lookup_tick(struct lookup *l);

enum dns_health lookup_health(const struct lookup *l);

struct lookup_counts {
	uint64_t questions; /* asked of the DNS */
	uint64_t shared;    /* lookups that were under way or kept already */
	uint64_t doubted;   /* failures that waited for the health */
	uint64_t evicted;   /* results given up for others */
	uint64_t refused;   /* lookups: ERR_FULL */
	uint64_t left_out;  /* TLSA records of hosts that have too many */
	size_t domains;     /* in the tables now */
	size_t hosts;
};

void lookup_count(const struct lookup *l, struct lookup_counts *out);

#endif
