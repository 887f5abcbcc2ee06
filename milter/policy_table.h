/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_POLICY_TABLE_H
#define MILTER_POLICY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fact.h"
#include "common/hash.h"
#include "common/store.h"
#include "milter/network_message.h"

/*
 * What the daemon's parent knows of the recipients' policies: which one stands
 * for a domain and an MX host, and what is still to be asked of the network
 * child. A tally is never kept waiting: a fact whose policy is not known counts
 * without, and the policy is put into its day when it comes (doc/design: field
 * "policy"). Time comes in as an argument.
 */
struct policy_table;

/* Bounds; what was not needed for longest goes first. */
enum {
	POLICY_TABLE_MAX = 100 * 1000, /* domains and hosts of domains */
	POLICY_TABLE_BYTES = 64 * 1024 * 1024, /* of their policies' content */
	POLICY_TABLE_ASKED = 2000,             /* questions under way */
	POLICY_TABLE_ANSWER_S = 120,           /* then one is asked again */
};

/* key: random, since strangers choose the names. */
struct policy_table *policy_table_new(
    size_t max, size_t max_bytes, const struct hash_key *key);
void policy_table_free(struct policy_table *p); /* NULL is allowed */

/*
 * A fact of time t is about to be counted. Where the policy of its domain and
 * MX host is known, was found by then and may still hold, its hash is put into
 * the fact; where it is known, the policy is put into the day of t. Else, and
 * when it is due again, it is asked for. Returns 0 or the error of
 * store_policy(), but those that only say that there is no room for a policy.
 */
int policy_table_apply(struct policy_table *p, struct store *s, int64_t t,
    int64_t now, struct fact *fact);

/* Mail for a domain was received: its policy will be needed soon. */
void policy_table_hint(struct policy_table *p, struct view domain, int64_t now);

/*
 * The next question, to be sent to the network child; policy_table_asked()
 * takes it off the list. Due are those for which a session came, those that
 * were not answered in time, and those of which sessions still wait when what
 * could not be found out may be asked for again. False: none is due, or too
 * many are under way. Views are borrowed until any other call.
 */
bool policy_table_next(
    struct policy_table *p, int64_t now, struct view *domain, struct view *mx);
void policy_table_asked(struct policy_table *p, int64_t now);

/*
 * What the child answered; s may be NULL: no store is open. Policies go into
 * the days that have sessions waiting for them, events into their own. Returns
 * 0 or an error as policy_table_apply(). Answers that nobody asked for are
 * taken all the same.
 */
int policy_table_learn(
    struct policy_table *p, struct store *s, const struct network_message *m);

/*
 * The child is a new one, perhaps with other servers: what the old one was
 * asked, or could not find out, is asked for again.
 */
void policy_table_forget_asked(struct policy_table *p);

/* All that is known is due to be asked for again, when it is needed. */
void policy_table_ask_again(struct policy_table *p);

/* The store is a new one: which days have which policy is not known. */
void policy_table_forget_days(struct policy_table *p);

/* What is known of a domain's MX host. */
enum policy_table_state {
	POLICY_TABLE_UNKNOWN, /* not yet, or not any more */
	POLICY_TABLE_QUIET,   /* nothing of it depends on a certificate */
	POLICY_TABLE_DEMANDS  /* *content asks for a certificate; borrowed until
	                         any other call */
};

enum policy_table_state policy_table_find(const struct policy_table *p,
    struct view domain, struct view mx, struct view *content);

/* Is there a session of the day whose policy is being asked for? */
bool policy_table_is_awaited(const struct policy_table *p, int64_t day);

struct policy_table_counts {
	size_t entries;   /* domains and hosts */
	size_t known;     /* of which the policy is known */
	size_t bytes;     /* of content */
	size_t asked;     /* under way */
	size_t waiting;   /* still to be asked */
	uint64_t dropped; /* that were given up for want of room */
};

void policy_table_counts(
    const struct policy_table *p, struct policy_table_counts *out);

#endif
