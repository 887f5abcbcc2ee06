/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DAY_BATCH_H
#define COMMON_DAY_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/counter.h"
#include "common/day_file.h"

/*
 * What one feed did to one day and is not in the file's counts yet. The
 * commit is atomic against kill -9.
 */
struct day_staged {
	uint64_t count; /* sessions, those in the file included */
	uint32_t slot;
	uint32_t first; /* seconds of the day */
	uint32_t last;
};

struct day_batch {
	bool is_active;               /* something is staged */
	uint32_t feed;                /* number of the feed slot */
	uint64_t applied;             /* of the feed, as committed */
	struct tally_feed_slot image; /* the feed slot as it shall be */
	uint32_t n;                   /* facts staged */
	struct day_staged staged[TALLY_BATCH_FACTS];
	uint16_t *place; /* owned, by slot: place in staged[] + 1 */
	size_t n_place;  /* slots that it knows */
};

/* *batch must be all zero. */
void day_batch_init(struct day_batch *batch);
void day_batch_release(struct day_batch *batch);

/*
 * Copies a batch that was armed when the writer died; marks it done. Returns
 * 0 or ERR_DAMAGED.
 */
int day_batch_recover(struct day_file *f);

/*
 * Turns to the feed of what follows; nothing may be staged (asserted). A feed
 * that is new to the file gets a slot. Returns 0, ERR_FULL, or ERR_DAMAGED
 * (a feed's record is damaged: what was counted cannot be known).
 */
int day_batch_feed(struct day_batch *batch, struct day_file *f,
    const char *name, const char *mta);

/* Was what closed at this position counted before? */
static inline bool day_batch_knows(const struct day_batch *batch, uint64_t pos)
{
	return pos <= batch->applied;
}

/*
 * One more session in a slot, at a second of the day; there must be room
 * (asserted). Returns 0 or ERR_DAMAGED (the slot's words are damaged).
 */
int day_batch_count(struct day_batch *batch, const struct day_file *f,
    uint32_t slot, uint32_t second);

/* Adds to a counter. */
void day_batch_bump(struct day_batch *batch, enum counter counter, uint64_t n);

/* Everything up to this position is in the batch. */
void day_batch_reach(struct day_batch *batch, uint64_t pos);

/*
 * Puts the batch into the file; marks may be NULL (unchanged). sync: waits
 * for the disk, in the right order. Returns 0 or -errno.
 */
int day_batch_commit(struct day_batch *batch, struct day_file *f,
    const struct mark *rescan, const struct mark *read, bool sync);

#endif
