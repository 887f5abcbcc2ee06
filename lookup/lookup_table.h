/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_LOOKUP_TABLE_H
#define LOOKUP_LOOKUP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/hash.h"

/*
 * A bounded table by name. What is under way (busy) stays; of what is idle the
 * least recently used makes room.
 */
struct lookup_node {
	LIST_ENTRY(lookup_node) chain; /* of its bucket */
	TAILQ_ENTRY(lookup_node) idle; /* in the table's list, unless busy */
	char *name;                    /* owned */
	size_t size_b;                 /* what it takes, as far as it counts */
	bool is_busy;
};

LIST_HEAD(lookup_chain, lookup_node);
TAILQ_HEAD(lookup_idle, lookup_node);

struct lookup_table {
	struct lookup_chain *buckets;
	size_t n_buckets;
	struct lookup_idle idle; /* least recently used first */
	size_t n, n_max;
	size_t size_b, size_max; /* the size of what is idle */
	uint64_t evicted;
	struct hash_key key;
	void (*free_node)(struct lookup_node *node); /* not the name */
};

void lookup_table_init(struct lookup_table *t, const struct hash_key *key,
    size_t n_max, size_t size_max, void (*free_node)(struct lookup_node *node));
void lookup_table_release(struct lookup_table *t);

/* NULL: not there. */
struct lookup_node *lookup_table_find(struct lookup_table *t, const char *name);

/*
 * Adds a node, busy, under a name that is not there. Returns 0; ERR_FULL: all
 * are busy.
 */
int lookup_table_add(
    struct lookup_table *t, struct lookup_node *node, const char *name);

/* An idle node, whose size does not count from now on. */
void lookup_table_busy(struct lookup_table *t, struct lookup_node *node);

/* A busy node, which others may push out from now on, or this call itself. */
void lookup_table_idle(
    struct lookup_table *t, struct lookup_node *node, size_t size_b);

/* It was used: others go first. */
void lookup_table_touch(struct lookup_table *t, struct lookup_node *node);

/* Removes all that is idle. */
void lookup_table_clear(struct lookup_table *t);

#endif
