/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DAY_QUEUE_H
#define COMMON_DAY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/day_facts.h"

/*
 * Facts on their way to their slots. Each lookup is a chain of three places
 * in memory that are in no cache; while one fact waits for its next place,
 * those behind it fetch theirs.
 */
enum {
	DAY_QUEUE_STEP = 4, /* facts between two steps of one */
	DAY_QUEUE = 16      /* facts in the ring; a power of two */
};

struct day_waiting {
	struct tally_key key; /* the fact, copied */
	uint32_t tag;         /* of the key */
	uint32_t second;      /* of the day */
};

struct day_queue {
	unsigned in;  /* facts that ever came in */
	unsigned out; /* facts that ever went out */
	struct day_waiting ring[DAY_QUEUE];
};

/* Copies a fact of a feed, at a second of the day. */
void day_queue_push(struct day_queue *q, const struct day_facts *facts,
    const struct fact *fact, struct view feed, uint32_t second);

/* Lets those that wait take one step. */
void day_queue_step(const struct day_queue *q, const struct day_facts *facts,
    const struct day_file *f);

/* Has the oldest made all of its steps? */
bool day_queue_is_due(const struct day_queue *q);

/* Takes the oldest; NULL: none. It is valid until the next push. */
const struct day_waiting *day_queue_pop(struct day_queue *q);

static inline unsigned day_queue_length(const struct day_queue *q)
{
	return q->in - q->out;
}

#endif
