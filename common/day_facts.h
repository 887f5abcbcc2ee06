/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DAY_FACTS_H
#define COMMON_DAY_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/day_file.h"
#include "common/day_index.h"
#include "common/day_names.h"
#include "common/fact.h"
#include "common/hash.h"
#include "common/store.h"

/* The facts of one day's file, each of them in one slot. */
struct day_facts {
	struct store_limits limits;
	struct hash_key key;    /* random: strangers choose what is in facts */
	struct day_index index; /* of slots */
	struct day_names names;
};

/* Reads the facts that are in the file; damaged ones are left out. */
void day_facts_init(struct day_facts *facts, const struct day_file *f,
    const struct hash_key *key, const struct store_limits *limits);
void day_facts_release(struct day_facts *facts);

/* The tag of a fact in the index. */
uint32_t day_facts_tag(
    const struct day_facts *facts, const struct tally_key *key);

/*
 * Brings into the cache what day_facts_slot() will need: steps 0, 1 and 2,
 * each of which needs what the one before it has fetched meanwhile.
 */
enum {
	DAY_FACTS_STEPS = 3
};

void day_facts_prefetch(const struct day_facts *facts, const struct day_file *f,
    uint32_t tag, unsigned step);

/*
 * The slot in which a fact (its key and tag) is counted: its own, made if need
 * be with a count of 0, or beyond the limits that of an overflow fact, then
 * *overflow is set. Beyond limits.facts a domain that has facts gets overflow
 * facts of its own up to twice the limit, everyone else shares those without
 * a domain. Returns 0 or an error of day_file_grow().
 */
int day_facts_slot(struct day_facts *facts, struct day_file *f, uint32_t tag,
    const struct tally_key *key, uint32_t *slot, bool *overflow);

#endif
