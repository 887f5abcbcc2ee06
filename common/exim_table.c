/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_table.c - what is open in a log, by key, by deadline and by use */

#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/exim_table.h"
#include "common/mem.h"

void exim_table_init(struct exim_table *t, unsigned cap)
{
	*t = (struct exim_table){ .cap = cap, .size = cap < 64 ? cap : 64 };
	TAILQ_INIT(&t->slots);
	t->bucket = xcalloc(t->size, sizeof(struct exim_slot *));
	/* one more: it is put in before another one is given up */
	t->heap = xcalloc((size_t)t->size + 1, sizeof(struct exim_slot *));
}

void exim_table_release(struct exim_table *t)
{
	free(t->bucket);
	free(t->heap);
}

static struct exim_slot **bucket_of(
    const struct exim_table *t, const struct exim_key *key)
{
	return &t->bucket[key->word[0] % t->size];
}

/* Makes room for twice as many, up to the cap. */
static void grow(struct exim_table *t)
{
	struct exim_slot *slot;

	t->size = t->size < t->cap / 2 ? t->size * 2 : t->cap;
	t->heap = xrealloc_array(
	    t->heap, (size_t)t->size + 1, sizeof(struct exim_slot *));
	free(t->bucket);
	t->bucket = xcalloc(t->size, sizeof(struct exim_slot *));
	TAILQ_FOREACH(slot, &t->slots, link) {
		struct exim_slot **bucket = bucket_of(t, &slot->key);

		slot->next = *bucket;
		*bucket = slot;
	}
}

struct exim_slot *exim_table_find(
    const struct exim_table *t, const struct exim_key *key)
{
	struct exim_slot *slot = *bucket_of(t, key);

	while (slot != NULL && memcmp(&slot->key, key, sizeof(*key)) != 0) {
		slot = slot->next;
	}
	return slot;
}

/* The order of ends is a total one: it does not depend on the heap. */
static bool is_before(const struct exim_slot *a, const struct exim_slot *b)
{
	return a->deadline != b->deadline ?
	    a->deadline < b->deadline :
	    memcmp(&a->key, &b->key, sizeof(a->key)) < 0;
}

static void heap_put(
    struct exim_table *t, unsigned place, struct exim_slot *slot)
{
	t->heap[place] = slot;
	slot->place = place;
}

/* Moves an entry from an empty place to where its deadline belongs. */
static void heap_settle(
    struct exim_table *t, unsigned place, struct exim_slot *slot)
{
	struct exim_slot **heap = t->heap;
	unsigned child;

	while (place > 0 && is_before(slot, heap[(place - 1) / 2])) {
		heap_put(t, place, heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	while ((child = 2 * place + 1) < t->n) {
		if (child + 1 < t->n &&
		    is_before(heap[child + 1], heap[child])) {
			child++;
		}
		if (!is_before(heap[child], slot)) {
			break;
		}
		heap_put(t, place, heap[child]);
		place = child;
	}
	heap_put(t, place, slot);
}

void exim_table_add(struct exim_table *t, struct exim_slot *slot,
    const struct exim_key *key, uint64_t pos)
{
	struct exim_slot **bucket;

	if (t->n >= t->size && t->size < t->cap) {
		grow(t);
	}
	bucket = bucket_of(t, key);
	slot->key = *key;
	slot->pos = pos;
	slot->deadline = INT64_MAX;
	slot->next = *bucket;
	*bucket = slot;
	TAILQ_INSERT_TAIL(&t->slots, slot, link);
	heap_settle(t, t->n++, slot);
}

void exim_table_touch(
    struct exim_table *t, struct exim_slot *slot, int64_t now, int64_t limit_s)
{
	TAILQ_REMOVE(&t->slots, slot, link);
	TAILQ_INSERT_TAIL(&t->slots, slot, link);
	slot->last = now;
	slot->deadline = now + limit_s;
	heap_settle(t, slot->place, slot);
}

void exim_table_remove(struct exim_table *t, struct exim_slot *slot)
{
	struct exim_slot **p = bucket_of(t, &slot->key);
	struct exim_slot *last = t->heap[--t->n];

	while (*p != slot) {
		p = &(*p)->next;
	}
	*p = slot->next;
	TAILQ_REMOVE(&t->slots, slot, link);
	t->heap[t->n] = NULL;
	if (last != slot) {
		heap_settle(t, slot->place, last);
	}
}

struct exim_slot *exim_table_first(const struct exim_table *t)
{
	return t->n > 0 ? t->heap[0] : NULL;
}

struct exim_slot *exim_table_surplus(const struct exim_table *t)
{
	return t->n > t->cap ? TAILQ_FIRST(&t->slots) : NULL;
}

uint64_t exim_table_oldest(const struct exim_table *t)
{
	const struct exim_slot *slot;
	uint64_t pos = UINT64_MAX;

	TAILQ_FOREACH(slot, &t->slots, link) {
		pos = slot->pos < pos ? slot->pos : pos;
	}
	return pos;
}
