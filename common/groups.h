/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_GROUPS_H
#define COMMON_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "common/policies.h"
#include "common/report.h"
#include "common/tally.h"

/* The cursor of no fact. */
#define GROUPS_NO_FACT UINT64_MAX

/*
 * The facts of a day, grouped by domain: an array of 24 bytes a fact, so that
 * a million domains fit in little memory. Borrows the tally and its policies.
 */
struct groups_entry {
	struct view domain; /* normalised; borrowed from the tally */
	uint64_t cursor;    /* gives the fact to tally_next_fact(), or
	                       GROUPS_NO_FACT: the domain has events */
};

struct groups {
	struct tally *tally; /* both borrowed */
	struct policies *policies;
	struct groups_entry *entries; /* by domain, then as in the tally */
	size_t n;
	size_t n_domains;
	uint64_t nameless; /* sessions of no known domain: the last overflow */
	uint64_t refused;  /* sessions of a domain that is not normalised */
};

/*
 * Reads all facts, and the domains that have events: one has a report also
 * when there was no session (R55).
 */
void groups_load(struct groups *g, struct tally *t, struct policies *policies);
void groups_release(struct groups *g);

/* Where the group of a domain begins; g->n when there is none. */
size_t groups_find(const struct groups *g, struct view domain);

/* Where the group that begins at entry begin ends (begin < g->n). */
size_t groups_end(const struct groups *g, size_t begin);

/*
 * Adds the facts and the events of the group that begins at entry begin to a
 * report of its domain. The same tally always gives the same report.
 */
void groups_report(const struct groups *g, size_t begin, struct report *r);

#endif
