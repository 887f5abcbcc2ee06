/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POLICIES_H
#define COMMON_POLICIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/policy_set.h"
#include "common/tally.h"

/*
 * The policies of one day's tally, and which of them a session is judged by,
 * with what our own probes saw.
 * In memory is an index (TALLY_POLICIES entries at most); texts stay in the
 * tally, which is borrowed and must not change: the answers depend on what is
 * in it, not on the order in which it came.
 */
struct policies;

struct policies *policies_load(struct tally *t);
void policies_free(struct policies *p); /* NULL is allowed */

/* Policies of our own that cannot be read; sessions under them are unjudged. */
size_t policies_unreadable(const struct policies *p);

/*
 * The set that stood at the time of a fact's sessions: the one that the fact
 * names; else of its domain and MX the first one learned at or after its first
 * session, or, with none, the last one learned before; else the same of its
 * domain as a whole. What we looked up goes before what the MTA told. NULL:
 * nothing is known. The set and its views are good until the next call. Its
 * probe is the one that speaks for the fact's sessions (probes.h), if any.
 */
const struct policy_set *policies_choose(
    struct policies *p, const struct tally_fact *fact);

/* By which rule a set was chosen. */
enum policies_rule {
	POLICIES_NONE,   /* nothing is known */
	POLICIES_NAMED,  /* the fact names it */
	POLICIES_GONE,   /* the fact names one that is not there */
	POLICIES_AFTER,  /* the first one learned at or after the session */
	POLICIES_BEFORE, /* the last one learned before */
};

struct policies_choice {
	const struct policy_set *set; /* NULL: none */
	enum policies_rule rule;
	bool is_of_domain; /* none of the MX host was there to choose from */
	bool is_mta_first; /* the MTA's goes before ours, which knows nothing
	                      of a kind of policy that it applied */
	uint8_t hash[FACT_POLICY_HASH]; /* of the policy, if there is one */
};

/* The same, with the reason. */
void policies_explain(struct policies *p, const struct tally_fact *fact,
    struct policies_choice *out);

/*
 * The events (policy_set.h: failed_at) of a domain, one by one, by their time;
 * *cursor starts at 0. NULL at the end. Lifetime as above.
 */
const struct policy_set *policies_next_event(
    struct policies *p, struct view domain, size_t *cursor);

/*
 * The domains that have events, each once; *cursor starts at 0. False at the
 * end. *out borrows the tally.
 */
bool policies_next_domain(
    const struct policies *p, size_t *cursor, struct view *out);

#endif
