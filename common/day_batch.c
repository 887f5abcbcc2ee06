/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * day_batch.c - what one feed did to one day, put into the file at once
 *
 * The redo slot makes it "at once": the batch is written there whole, with
 * absolute values, and armed by one store; then it is copied to its places,
 * and disarmed. A writer that dies before the arming has done nothing; one
 * that dies later has its work done again by the next. What stands in the
 * file at any instant is what the stores left, in their order: the fences
 * keep the compiler from changing it.
 */

#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/day_batch.h"
#include "common/err.h"
#include "common/mem.h"

_Static_assert(TALLY_BATCH_FACTS < UINT16_MAX, "place is 16 bits wide");

void day_batch_init(struct day_batch *batch)
{
	memset(batch, 0, sizeof(*batch));
}

void day_batch_release(struct day_batch *batch)
{
	free(batch->place);
	batch->place = NULL;
}

/* memcpy, a word at a time, to where readers may be reading. */
static void copy_feed(
    struct tally_feed_slot *to, const struct tally_feed_slot *from)
{
	_Atomic uint64_t *dst = (_Atomic uint64_t *)(void *)to;
	uint64_t word;

	for (size_t i = 0; i < sizeof(*from) / sizeof(word); i++) {
		memcpy(
		    &word, (const char *)from + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&dst[i], word, memory_order_release);
	}
}

static void set_state(struct day_file *f, uint64_t value)
{
	atomic_thread_fence(memory_order_seq_cst);
	atomic_store_explicit(&day_file_front(f)->redo.state,
	    tally_layout_word(&f->salt, TALLY_ID_REDO, value & TALLY_COUNT_MAX),
	    memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
}

/* Copies the batch in the redo slot to its places. */
static void apply(struct day_file *f)
{
	struct tally_front *front = day_file_front(f);
	const struct tally_redo *redo = &front->redo;

	for (uint32_t i = 0; i < redo->n; i++) {
		const struct tally_redo_entry *e = &redo->entry[i];
		struct tally_slot *slot = day_file_slot(f, e->slot);

		/* a reader that sees the count shall see the times */
		atomic_store_explicit(
		    &slot->times, e->times, memory_order_release);
		atomic_store_explicit(
		    &slot->count, e->count, memory_order_release);
	}
	copy_feed(&front->feed[redo->feed], &redo->image);
}

/* Could this batch have been written by us, for this file? */
static bool is_sound(const struct day_file *f, const struct tally_redo *redo)
{
	if (redo->feed >= f->word[TALLY_WORD_FEEDS] ||
	    (day_file_is_sealed(f) && redo->n > 0)) {
		return false;
	}
	for (uint32_t i = 0; i < redo->n; i++) {
		if (redo->entry[i].slot >= f->word[TALLY_WORD_FACTS]) {
			return false;
		}
	}
	return true;
}

int day_batch_recover(struct day_file *f)
{
	struct tally_redo *redo = &day_file_front(f)->redo;
	uint64_t state;

	if (!tally_layout_unword(&f->salt, TALLY_ID_REDO,
		atomic_load_explicit(&redo->state, memory_order_acquire),
		&state)) {
		return ERR_DAMAGED;
	}
	if ((state & 1) == 0) {
		return 0;
	}
	/* a wrong check: the disk lost its power before the batch was on it */
	if (redo->n <= TALLY_BATCH_FACTS && redo->sequence == state >> 1 &&
	    tally_layout_redo_check(&f->salt, redo) == redo->check) {
		if (!is_sound(f, redo)) {
			return ERR_DAMAGED;
		}
		apply(f);
	}
	set_state(f, state & ~UINT64_C(1));
	f->dirty = true;
	return 0;
}

/* Gives a new feed the next slot. */
static int add_feed(struct day_batch *batch, struct day_file *f,
    const char *name, const char *mta)
{
	uint32_t number = (uint32_t)f->word[TALLY_WORD_FEEDS];

	if (number == TALLY_FEEDS) {
		return ERR_FULL;
	}
	memset(&batch->image, 0, sizeof(batch->image));
	memcpy(batch->image.name, name, strlen(name));
	memcpy(batch->image.mta, mta, strlen(mta));
	batch->image.check =
	    tally_layout_feed_check(&f->salt, number, &batch->image);
	copy_feed(&day_file_front(f)->feed[number], &batch->image);
	day_file_set(f, TALLY_WORD_FEEDS, number + 1);
	batch->feed = number;
	return 0;
}

int day_batch_feed(struct day_batch *batch, struct day_file *f,
    const char *name, const char *mta)
{
	bool found = false;
	int rc = 0;

	assert(!batch->is_active);
	assert(strlen(name) < TALLY_FEED_NAME && strlen(mta) < TALLY_MTA_NAME);
	for (uint32_t i = 0; i < f->word[TALLY_WORD_FEEDS]; i++) {
		struct tally_feed_slot slot;

		if (!tally_layout_feed_copy(
			&f->salt, i, &day_file_front(f)->feed[i], &slot)) {
			return ERR_DAMAGED;
		}
		if (strcmp(slot.name, name) == 0) {
			batch->feed = i;
			batch->image = slot;
			found = true;
		}
	}
	if (!found) {
		rc = add_feed(batch, f, name, mta);
	}
	batch->applied = batch->image.applied;
	return rc;
}

/* Starts to stage a slot: its words are read and checked. */
static int stage(
    struct day_batch *batch, const struct day_file *f, uint32_t number)
{
	const struct tally_slot *slot = day_file_slot(f, number);
	struct day_staged *s = &batch->staged[batch->n];
	uint64_t times;

	assert(batch->n < TALLY_BATCH_FACTS);
	if (!tally_layout_unword(&f->salt, TALLY_ID_COUNT(number),
		atomic_load_explicit(&slot->count, memory_order_relaxed),
		&s->count) ||
	    !tally_layout_unword(&f->salt, TALLY_ID_TIMES(number),
		atomic_load_explicit(&slot->times, memory_order_relaxed),
		&times) ||
	    !tally_layout_untimes(times, &s->first, &s->last)) {
		return ERR_DAMAGED;
	}
	if (s->count == 0) {
		s->first = UINT32_MAX;
		s->last = 0;
	}
	s->slot = number;
	batch->place[number] = (uint16_t)++batch->n;
	return 0;
}

static void reserve_places(struct day_batch *batch, size_t n)
{
	batch->place = xrealloc_array(batch->place, n, sizeof(*batch->place));
	memset(batch->place + batch->n_place, 0,
	    (n - batch->n_place) * sizeof(*batch->place));
	batch->n_place = n;
}

int day_batch_count(struct day_batch *batch, const struct day_file *f,
    uint32_t slot, uint32_t second)
{
	struct day_staged *s;

	if (slot >= batch->n_place) {
		reserve_places(batch, f->n_chunks * TALLY_CHUNK_SLOTS);
	}
	if (batch->place[slot] == 0) {
		int rc = stage(batch, f, slot);

		if (rc != 0) {
			return rc;
		}
	}
	s = &batch->staged[batch->place[slot] - 1];
	if (s->count < TALLY_COUNT_MAX) {
		s->count++;
	}
	s->first = second < s->first ? second : s->first;
	s->last = second > s->last ? second : s->last;
	batch->is_active = true;
	return 0;
}

void day_batch_bump(struct day_batch *batch, enum counter counter, uint64_t n)
{
	uint64_t *value = &batch->image.counters[counter];

	*value = n > UINT64_MAX - *value ? UINT64_MAX : *value + n;
	batch->is_active = true;
}

void day_batch_reach(struct day_batch *batch, uint64_t pos)
{
	if (pos > batch->image.applied) {
		batch->image.applied = pos;
	}
}

/* The number of the next batch; the state was checked when we opened. */
static uint64_t next_sequence(const struct day_file *f)
{
	uint64_t word = atomic_load_explicit(
	    &day_file_front(f)->redo.state, memory_order_relaxed);

	return ((word & TALLY_COUNT_MAX) >> 1) + 1;
}

/* Writes the batch into the redo slot; forgets what was staged. */
static void write_redo(
    struct day_batch *batch, struct day_file *f, uint64_t sequence)
{
	struct tally_redo *redo = &day_file_front(f)->redo;

	redo->sequence = sequence;
	redo->n = batch->n;
	redo->feed = batch->feed;
	memset(redo->reserved, 0, sizeof(redo->reserved));
	redo->image = batch->image;
	for (uint32_t i = 0; i < batch->n; i++) {
		const struct day_staged *s = &batch->staged[i];

		redo->entry[i] = (struct tally_redo_entry){
			.slot = s->slot,
			.count = tally_layout_word(
			    &f->salt, TALLY_ID_COUNT(s->slot), s->count),
			.times =
			    tally_layout_word(&f->salt, TALLY_ID_TIMES(s->slot),
				tally_layout_times(s->first, s->last)),
		};
		batch->place[s->slot] = 0;
	}
	redo->check = tally_layout_redo_check(&f->salt, redo);
}

int day_batch_commit(struct day_batch *batch, struct day_file *f,
    const struct mark *rescan, const struct mark *read, bool sync)
{
	uint64_t sequence = next_sequence(f);
	int rc;

	batch->image.rescan = rescan != NULL ? *rescan : batch->image.rescan;
	batch->image.read = read != NULL ? *read : batch->image.read;
	batch->image.check =
	    tally_layout_feed_check(&f->salt, batch->feed, &batch->image);

	/* what an earlier commit left in memory comes before this one */
	rc = sync && f->dirty ? day_file_sync(f) : 0;
	if (rc != 0) {
		return rc;
	}
	write_redo(batch, f, sequence);
	set_state(f, sequence << 1 | 1);
	rc = sync ? day_file_sync_front(f) : 0;
	if (rc != 0) {
		return rc;
	}
	apply(f);
	set_state(f, sequence << 1);
	f->dirty = true;
	batch->applied = batch->image.applied;
	batch->n = 0;
	batch->is_active = false;
	return sync ? day_file_sync(f) : 0;
}
