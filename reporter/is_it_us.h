/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_IS_IT_US_H
#define REPORTER_IS_IT_US_H

#include <stdbool.h>
#include <stdint.h>

#include "common/fact.h"
#include "common/judge.h"
#include "common/policy_set.h"
#include "common/view.h"

/*
 * "Is it us?": failures that most domains share are not the domains' doing.
 * When more than half of IS_IT_US_DOMAINS domains or more fail in one way that
 * points at our own side, no domain is to be told of such failures before a
 * person has looked (promise 5). Pure: no I/O.
 */

enum is_it_us_way {
	IS_IT_US_CA_STORE, /* no chain leads to a CA that we know */
	IS_IT_US_CLOCK,    /* certificates are expired, or not valid yet */
	IS_IT_US_RESOLVER, /* DNSSEC fails */
	IS_IT_US_TLS,      /* we break off handshakes */
	IS_IT_US_FETCH,    /* MTA-STS policies cannot be fetched */
	IS_IT_US_WAYS
};

enum {
	IS_IT_US_DOMAINS = 20 /* fewer prove nothing */
};

/* What was seen of one domain, a bit for each way. All zero at first. */
struct is_it_us_domain {
	unsigned failed; /* some session failed in this way */
	unsigned held;   /* some session shows that this worked */
};

/*
 * Adds a session; set may be NULL. Whether a policy asked for it does not
 * matter: a chain that nobody asked for tells as much of our CA store.
 */
void is_it_us_look(struct is_it_us_domain *d, const struct fact *fact,
    const struct policy_set *set);

/* Adds an event (policy_set.h: failed_at). */
void is_it_us_look_event(struct is_it_us_domain *d);

/* All domains of a day; all zero at first. */
struct is_it_us {
	uint64_t failed[IS_IT_US_WAYS]; /* domains */
	uint64_t looked[IS_IT_US_WAYS]; /* that failed or held */
};

/* Adds a domain when all of it was seen. */
void is_it_us_add(struct is_it_us *u, const struct is_it_us_domain *d);

/* Does this way point at us? */
bool is_it_us_suspects(const struct is_it_us *u, enum is_it_us_way way);

/* The way in which a failure of a report failed, or IS_IT_US_WAYS. */
enum is_it_us_way is_it_us_way_of(enum judge_type type, struct view reason);

/* "ca-store" etc.: a word for it. */
const char *is_it_us_word(enum is_it_us_way way);

/* "no certificate leads to a CA that we know: is our CA store ..." */
const char *is_it_us_text(enum is_it_us_way way);

#endif
