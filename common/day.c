/* SPDX-License-Identifier: BSD-2-Clause */
/* day.c - one UTC day for the writer */

#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "common/day.h"
#include "common/day_batch.h"
#include "common/day_facts.h"
#include "common/day_file.h"
#include "common/day_policies.h"
#include "common/day_queue.h"
#include "common/err.h"
#include "common/mem.h"

struct day {
	struct day_file file;
	struct day_facts facts; /* unless the day is sealed */
	struct day_policies policies;
	struct day_queue queue; /* on the way to facts and batch */
	struct day_batch batch;
	unsigned turn; /* of the feed that the batch is for; 0: none yet */
};

int day_open(const char *path, int64_t day, const struct hash_key *key,
    const struct store_limits *limits, struct day **out)
{
	struct day *d = xcalloc(1, sizeof(*d));
	int rc;

	*out = NULL;
	rc = day_file_open(&d->file, path, day);
	if (rc != 0) {
		free(d);
		return rc;
	}
	rc = day_batch_recover(&d->file);
	if (rc != 0) {
		day_file_release(&d->file);
		free(d);
		return rc;
	}
	day_batch_init(&d->batch);
	day_policies_init(&d->policies);
	if (!day_file_is_sealed(&d->file)) {
		day_facts_init(&d->facts, &d->file, key, limits);
	}
	*out = d;
	return 0;
}

int day_recover(const char *path, int64_t day)
{
	struct day_file file;
	bool armed = false;
	int rc = day_file_is_armed(path, &armed);

	if (rc != 0 || !armed) {
		return rc;
	}
	rc = day_file_open(&file, path, day);
	if (rc == 0) {
		rc = day_batch_recover(&file);
		day_file_release(&file);
	}
	return rc;
}

void day_close(struct day *d)
{
	if (d != NULL) {
		day_batch_release(&d->batch);
		day_policies_release(&d->policies);
		day_facts_release(&d->facts);
		day_file_release(&d->file);
		free(d);
	}
}

int64_t day_start(const struct day *d)
{
	return d->file.day;
}

bool day_is_sealed(const struct day *d)
{
	return day_file_is_sealed(&d->file);
}

bool day_is_active(const struct day *d)
{
	return d->batch.is_active || day_queue_length(&d->queue) > 0;
}

bool day_is_dirty(const struct day *d)
{
	return d->file.dirty;
}

unsigned day_batch_used(const struct day *d)
{
	return d->batch.n + day_queue_length(&d->queue);
}

/* Makes the batch one of this feed. */
static int turn_to(struct day *d, const struct day_feed *feed)
{
	int rc;

	if (d->turn == feed->turn) {
		return 0;
	}
	rc = day_batch_feed(&d->batch, &d->file, feed->name, feed->mta);
	if (rc == 0) {
		d->turn = feed->turn;
	}
	return rc;
}

/* Counts the oldest session that waits. */
static int count_next(struct day *d)
{
	const struct day_waiting *w = day_queue_pop(&d->queue);
	uint32_t slot;
	bool overflow;
	int rc;

	rc = day_facts_slot(
	    &d->facts, &d->file, w->tag, &w->key, &slot, &overflow);
	if (rc == 0) {
		rc = day_batch_count(&d->batch, &d->file, slot, w->second);
	}
	if (rc == 0 && overflow) {
		day_batch_bump(&d->batch, COUNTER_OVERFLOW, 1);
	}
	return rc;
}

int day_session(struct day *d, const struct day_feed *feed,
    const struct day_event *event, const struct fact *fact)
{
	int rc = turn_to(d, feed);

	if (rc != 0 || day_batch_knows(&d->batch, event->pos)) {
		return rc;
	}
	day_batch_reach(&d->batch, event->pos);
	if (day_file_is_sealed(&d->file)) {
		day_batch_bump(&d->batch, COUNTER_LATE, 1);
		return 0;
	}
	day_queue_push(&d->queue, &d->facts, fact, view_of(feed->name),
	    (uint32_t)(event->t - d->file.day));
	day_queue_step(&d->queue, &d->facts, &d->file);
	return day_queue_is_due(&d->queue) ? count_next(d) : 0;
}

int day_bump(struct day *d, const struct day_feed *feed,
    const struct day_event *event, enum counter counter, uint64_t n)
{
	int rc = turn_to(d, feed);

	if (rc != 0 || day_batch_knows(&d->batch, event->pos)) {
		return rc;
	}
	day_batch_bump(&d->batch, counter, n);
	day_batch_reach(&d->batch, event->pos);
	return 0;
}

int day_policy(struct day *d, struct policy *policy)
{
	if (day_file_is_sealed(&d->file)) {
		return ERR_SEALED;
	}
	return day_policies_add(&d->policies, &d->file, policy);
}

int day_commit(struct day *d, const struct day_feed *feed,
    const struct mark *rescan, const struct mark *read, bool sync)
{
	int rc = turn_to(d, feed);

	while (rc == 0 && day_queue_length(&d->queue) > 0) {
		rc = count_next(d);
	}
	if (rc != 0) {
		return rc;
	}
	return day_batch_commit(&d->batch, &d->file, rescan, read, sync);
}

int day_sync(struct day *d)
{
	return day_file_sync(&d->file);
}

int day_seal(struct day *d, int64_t now)
{
	assert(!day_is_active(d));
	return day_file_seal(&d->file, now);
}
