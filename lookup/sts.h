/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_STS_H
#define LOOKUP_STS_H

#include <stdint.h>

#include "lookup/sts_state.h"

struct fetch;
struct policy_cache;

/*
 * What MTA-STS has for domains: the decisions of sts_state.h, with the policies
 * fetched and kept. One fetch of a domain at a time.
 */
struct sts;

enum {
	STS_CLOSED_S = 300 /* no fetches when nothing can be kept */
};

/* Once for each sts_ask(). answer is borrowed; at: its time. */
typedef void (*sts_fn)(void *ctx, const struct sts_answer *answer, int64_t at);

/* Both are borrowed. */
struct sts *sts_new(struct policy_cache *cache, struct fetch *fetch);

/* Before the two. What was asked and not answered never is. NULL is allowed. */
void sts_free(struct sts *s);

/*
 * What holds for a domain in its normal form, whose record was just seen so?
 * Answers inside of the call, or later when a policy has to be fetched. An
 * event (answer->failed) is told to one of those that wait for the same fetch.
 */
void sts_ask(struct sts *s, const char *domain, const struct sts_seen *seen,
    int64_t now, sts_fn fn, void *ctx);

#endif
