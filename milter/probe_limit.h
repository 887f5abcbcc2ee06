/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_PROBE_LIMIT_H
#define MILTER_PROBE_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/ip.h"
#include "common/view.h"

/*
 * When an MX host was last probed at an address, so that no one is bothered
 * too often. Of fixed size: where there is no room to remember one more, it is
 * not to be probed. Two hosts may be taken for one, with the chance of a hash
 * of 64 bits; then one of them is probed later.
 */
struct probe_limit;

enum {
	PROBE_LIMIT_PLACES = 32768
};

/* key: random, since strangers choose the names. */
struct probe_limit *probe_limit_new(const struct hash_key *key);
void probe_limit_free(struct probe_limit *l); /* NULL is allowed */

/*
 * May it be probed now? Then it counts as probed, and 0 is the answer; else
 * when it may be.
 */
int64_t probe_limit_take(
    struct probe_limit *l, struct view mx, const struct ip *ip, int64_t now);

/* It was not probed after all. */
void probe_limit_give_back(
    struct probe_limit *l, struct view mx, const struct ip *ip);

#endif
