/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DAY_INDEX_H
#define COMMON_DAY_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A hash table in memory: tags to numbers. Equal tags may stand for different
 * things, so who looks something up compares what the numbers stand for; the
 * tag must come from a hash with a random key.
 */
struct day_index_entry {
	uint32_t tag;   /* of a hash */
	uint32_t value; /* the number + 1; 0: free */
};

struct day_index {
	struct day_index_entry *table; /* owned; NULL: empty */
	size_t size;                   /* of the table: 0 or a power of two */
	size_t used;                   /* entries in use */
};

/* All zero is an empty index too. */
void day_index_init(struct day_index *index);
void day_index_release(struct day_index *index);

/* Makes room for n more entries at once. */
void day_index_reserve(struct day_index *index, size_t n);

/* Adds a number (< UINT32_MAX); no look whether it is there. */
void day_index_add(struct day_index *index, uint32_t tag, uint32_t number);

/*
 * The numbers with a tag, one by one; *probe starts at 0. Returns true and a
 * number, or false when there are no more.
 */
bool day_index_next(const struct day_index *index, uint32_t tag, size_t *probe,
    uint32_t *number);

/* Brings the place where a tag is looked for into the cache. */
static inline void day_index_prefetch(
    const struct day_index *index, uint32_t tag)
{
	if (index->size > 0) {
		__builtin_prefetch(&index->table[tag & (index->size - 1)]);
	}
}

/* The tag of a hash. */
static inline uint32_t day_index_tag(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32);
}

#endif
