/* SPDX-License-Identifier: BSD-2-Clause */
/* lookup_table.c - results by name, within bounds */

#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "lookup/lookup_table.h"

void lookup_table_init(struct lookup_table *t, const struct hash_key *key,
    size_t n_max, size_t size_max, void (*free_node)(struct lookup_node *node))
{
	memset(t, 0, sizeof(*t));
	t->key = *key;
	t->n_max = n_max;
	t->size_max = size_max;
	t->free_node = free_node;
	t->n_buckets = 16;
	while (t->n_buckets < n_max) {
		t->n_buckets *= 2;
	}
	t->buckets = xcalloc(t->n_buckets, sizeof(*t->buckets));
	TAILQ_INIT(&t->idle);
}

static struct lookup_chain *bucket(struct lookup_table *t, const char *name)
{
	return &t->buckets[hash_sip(&t->key, name, strlen(name)) &
	    (t->n_buckets - 1)];
}

static void remove_node(struct lookup_table *t, struct lookup_node *node)
{
	LIST_REMOVE(node, chain);
	if (!node->is_busy) {
		TAILQ_REMOVE(&t->idle, node, idle);
		t->size_b -= node->size_b;
	}
	t->n--;
	free(node->name);
	t->free_node(node);
}

void lookup_table_release(struct lookup_table *t)
{
	for (size_t i = 0; i < t->n_buckets; i++) {
		struct lookup_node *node = LIST_FIRST(&t->buckets[i]);

		while (node != NULL) {
			struct lookup_node *next = LIST_NEXT(node, chain);

			remove_node(t, node);
			node = next;
		}
	}
	free(t->buckets);
	memset(t, 0, sizeof(*t));
}

struct lookup_node *lookup_table_find(struct lookup_table *t, const char *name)
{
	struct lookup_node *node;

	LIST_FOREACH(node, bucket(t, name), chain) {
		if (strcmp(node->name, name) == 0) {
			return node;
		}
	}
	return NULL;
}

static bool evict(struct lookup_table *t)
{
	struct lookup_node *node = TAILQ_FIRST(&t->idle);

	if (node == NULL) {
		return false;
	}
	remove_node(t, node);
	t->evicted++;
	return true;
}

int lookup_table_add(
    struct lookup_table *t, struct lookup_node *node, const char *name)
{
	if (t->n >= t->n_max && !evict(t)) {
		return ERR_FULL;
	}
	node->name = xstrdup(name);
	node->is_busy = true;
	node->size_b = 0;
	LIST_INSERT_HEAD(bucket(t, name), node, chain);
	t->n++;
	return 0;
}

void lookup_table_busy(struct lookup_table *t, struct lookup_node *node)
{
	assert(!node->is_busy);
	TAILQ_REMOVE(&t->idle, node, idle);
	t->size_b -= node->size_b;
	node->is_busy = true;
}

void lookup_table_idle(
    struct lookup_table *t, struct lookup_node *node, size_t size_b)
{
	assert(node->is_busy);
	node->is_busy = false;
	node->size_b = size_b;
	t->size_b += size_b;
	TAILQ_INSERT_TAIL(&t->idle, node, idle);
	while (t->size_b > t->size_max) {
		evict(t);
	}
}

void lookup_table_touch(struct lookup_table *t, struct lookup_node *node)
{
	if (!node->is_busy) {
		TAILQ_REMOVE(&t->idle, node, idle);
		TAILQ_INSERT_TAIL(&t->idle, node, idle);
	}
}

void lookup_table_clear(struct lookup_table *t)
{
	struct lookup_node *node;

	while ((node = TAILQ_FIRST(&t->idle)) != NULL) {
		remove_node(t, node);
		assert(TAILQ_FIRST(&t->idle) != node);
	}
}
