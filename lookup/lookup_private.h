/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_LOOKUP_PRIVATE_H
#define LOOKUP_LOOKUP_PRIVATE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "common/domain.h"
#include "lookup/lookup.h"
#include "lookup/lookup_table.h"

/* What the files of lookup*.c share. */

/* Somebody who waits for a node to be done. */
struct lookup_waiter {
	STAILQ_ENTRY(lookup_waiter) link;
	/* frees the waiter; the node stays as it is meanwhile */
	void (*fn)(struct lookup_waiter *w, const struct lookup_node *node);
	struct lookup *l;
	lookup_domain_fn domain_fn; /* one of the two */
	lookup_host_fn host_fn;
	void *ctx;
	char *host; /* that is looked up once the domain is done; owned */
	/* of the domain, for the host's result */
	enum policy_mx mx;
	int64_t stale_at;
};

STAILQ_HEAD(lookup_waiters, lookup_waiter);

/* Both kinds of node begin with this. */
struct lookup_job {
	struct lookup_node node;
	struct lookup *l;
	struct lookup_waiters waiters;
	unsigned n_left; /* answers that the step waits for */
	unsigned ttl_s;  /* least of all answers so far */
	uint64_t epoch;  /* lookup.epoch when it began */
	int64_t stale_at;
};

struct lookup_domain_job {
	struct lookup_job job;
	enum lookup_asks asks;
	enum dns_status record_dns;
	enum record_status record;
	enum policy_mx mx;
	char **hosts; /* owned, sorted */
	size_t n_hosts;
	enum dns_status sts_dns;
	struct sts_record sts;
};

struct lookup_host_work;

struct lookup_host_job {
	struct lookup_job job;
	struct lookup_host_work *work; /* while it is busy */
	enum policy_tlsa tlsa;
	bool is_address_bogus;
	char *base;     /* owned, or NULL for none */
	char **records; /* texts, owned, sorted */
	size_t n_records;
};

/* A question under way, or one that waits for the health. */
struct lookup_question {
	TAILQ_ENTRY(lookup_question) link;
	struct lookup *l;
	char *name;
	int type;
	dns_callback cb;
	void *ctx;
	bool is_confirmed; /* asked again: its failure is believed */
};

TAILQ_HEAD(lookup_questions, lookup_question);

struct lookup {
	struct lookup_options o;
	struct lookup_table domains;
	struct lookup_table hosts;
	size_t n_waiting;
	uint64_t epoch; /* how often the health has changed */

	enum dns_health health;
	bool is_probing;
	int64_t probed_at; /* when the last answer came */
	unsigned n_probes;
	bool is_second; /* probe: the first had no answer at all */
	struct lookup_questions asked;
	struct lookup_questions parked; /* until the health is known */

	uint64_t n_questions, n_shared, n_doubted, n_refused, n_left_out;
};

int64_t lookup_now(const struct lookup *l);

/* lookup_ask.c */

/*
 * Asks; cb gets what may be believed of the answer: while DNSSEC does not work
 * nothing is secure and nothing bogus. A failure that our own side may have
 * caused is told only after the health was asked for.
 */
void lookup_ask(
    struct lookup *l, const char *name, int type, dns_callback cb, void *ctx);

/*
 * The same for the name prefix + name. A name that is too long does not exist:
 * false, and nothing is asked.
 */
bool lookup_ask_under(struct lookup *l, const char *prefix, const char *name,
    int type, dns_callback cb, void *ctx);

void lookup_ask_start(struct lookup *l);
void lookup_ask_release(struct lookup *l);

/* Can it be told now what is secure? */
bool lookup_is_validating(const struct lookup *l);

/* Is this an answer, be it that there is none (R305)? */
bool lookup_is_answered(enum dns_status s);

/* lookup.c */

/* Takes the time to live of an answer into the account of the job. */
void lookup_job_ttl(struct lookup_job *job, const struct dns_answer *a);

/* The job is done: tells all who wait. It may be gone then. */
void lookup_job_done(
    struct lookup_job *job, struct lookup_table *t, size_t size_b);

/* Is this a name in normal form, and no address? */
bool lookup_is_name(const char *s);

/* lookup_domain.c, lookup_host.c: jobs that are empty and busy */
void lookup_domain_start(struct lookup_domain_job *d);
void lookup_domain_clear(struct lookup_domain_job *d);
/* Are its other records looked up, now that the first one is known? */
bool lookup_domain_is_wanted(const struct lookup_domain_job *d);
bool lookup_domain_has_host(
    const struct lookup_domain_job *d, const char *host);
void lookup_host_start(struct lookup_host_job *h);
void lookup_host_clear(struct lookup_host_job *h);

#endif
