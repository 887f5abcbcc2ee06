/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_POLICY_CACHE_H
#define LOOKUP_POLICY_CACHE_H

#include <stdint.h>

#include "common/mem.h"
#include "lookup/sts_state.h"

/*
 * The rows of MTA-STS (sts_state.h) in STATE/policy/mta-sts.sqlite. What was
 * put is still there after kill -9; a power cut may take the last of it. A
 * file that is damaged, or another version's, is put aside as
 * mta-sts.sqlite.damaged (or .old), said in the log, and begun anew.
 *
 * Functions that return an int return 0 or a negative code, and
 * policy_cache_error() says more; the cache can be used on.
 */
struct policy_cache;

/* Bounds; 0 means the default. */
struct policy_cache_limits {
	uint64_t rows;    /* 100,000 */
	uint64_t bytes_b; /* of policies: 64 MiB */
};

/*
 * Makes the directories (0750) and the file (0600) if need be. On error *out
 * is still something to ask policy_cache_error() of and to close.
 */
int policy_cache_open(const char *state,
    const struct policy_cache_limits *limits, struct policy_cache **out);
void policy_cache_close(struct policy_cache *c); /* NULL is allowed */

/* What went wrong last; borrowed, until the next call. */
const char *policy_cache_error(const struct policy_cache *c);

/*
 * The row of a domain in its normal form; its texts are in the arena. Where
 * there is none, or on error, one with nothing but the domain.
 */
int policy_cache_find(struct policy_cache *c, const char *domain,
    struct arena *a, struct sts_row *out);

/*
 * Keeps a row; one that is empty is forgotten. Where there is no room, the
 * rows go that are of use the shortest time (sts_state_keep_until()).
 */
int policy_cache_put(struct policy_cache *c, const struct sts_row *row);

/*
 * For a walk over the policies that are due to be refreshed: the next domain
 * behind this one ("": the first), in the order of their names; "": no more.
 * Both may be the same buffer.
 */
int policy_cache_due(struct policy_cache *c, int64_t now, const char *after,
    char domain[DOMAIN_BUF]);

/* When a policy was fetched last; 0: never, or not known. */
int64_t policy_cache_newest(struct policy_cache *c);

/* Counts, since it was opened but for the rows. */
struct policy_cache_counts {
	uint64_t rows;
	uint64_t bytes_b;
	uint64_t evicted; /* rows that had to go */
	uint64_t damaged; /* files that were put aside */
};

struct policy_cache_counts policy_cache_counts(const struct policy_cache *c);

#endif
