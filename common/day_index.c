/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * day_index.c - an open hash table of tags and numbers
 *
 * Linear probing over entries of 8 bytes, at most two thirds full: a lookup
 * touches one cache line as a rule. Nothing is ever removed.
 */

#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "common/day_index.h"
#include "common/mem.h"

enum {
	SIZE_MIN = 1024
};

void day_index_init(struct day_index *index)
{
	*index = (struct day_index){ NULL, 0, 0 };
}

void day_index_release(struct day_index *index)
{
	free(index->table);
	day_index_init(index);
}

static void put(struct day_index *index, struct day_index_entry entry)
{
	size_t mask = index->size - 1;
	size_t at = entry.tag & mask;

	while (index->table[at].value != 0) {
		at = (at + 1) & mask;
	}
	index->table[at] = entry;
}

void day_index_reserve(struct day_index *index, size_t n)
{
	struct day_index old = *index;
	size_t size = old.size > 0 ? old.size : SIZE_MIN;

	assert(n <= UINT32_MAX && old.used <= UINT32_MAX);
	while ((old.used + n) > size / 3 * 2) {
		size *= 2;
	}
	if (size == old.size) {
		return;
	}
	index->table = xcalloc(size, sizeof(*index->table));
	index->size = size;
	for (size_t i = 0; i < old.size; i++) {
		if (old.table[i].value != 0) {
			put(index, old.table[i]);
		}
	}
	free(old.table);
}

void day_index_add(struct day_index *index, uint32_t tag, uint32_t number)
{
	assert(number < UINT32_MAX);
	day_index_reserve(index, 1);
	put(index, (struct day_index_entry){ tag, number + 1 });
	index->used++;
}

bool day_index_next(const struct day_index *index, uint32_t tag, size_t *probe,
    uint32_t *number)
{
	size_t mask = index->size - 1;

	if (index->size == 0) {
		return false;
	}
	for (;;) {
		const struct day_index_entry *entry =
		    &index->table[(tag + *probe) & mask];

		++*probe;
		if (entry->value == 0) {
			return false;
		}
		if (entry->tag == tag) {
			*number = entry->value - 1;
			return true;
		}
	}
}
