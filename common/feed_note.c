/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feed_note.c - counts what no line of the log tells: that some are missing
 *
 * Each is an event behind the last line that was read, and counted once like
 * those of lines.
 */

#include "config.h"

#include "common/feed_private.h"
#include "common/when.h"

int feed_count_gap(struct feed *f)
{
	int64_t t = f->read.t != 0 ? f->read.t : f->o.now;

	return feed_count_behind(
	    f, f->read.pos, t, COUNTER_GAP, FEED_PLACE_GAP);
}

int feed_note_gap(struct feed *f)
{
	int rc = feed_count_gap(f);

	return rc != 0 ? rc : feed_commit(f, true);
}

/* The marks stay: what is there will be read again. */
static int commit_alone(struct feed *f)
{
	return store_commit(f->store, NULL, NULL, true);
}

int feed_note_lost(struct feed *f)
{
	int rc = feed_count_behind(
	    f, f->known, f->o.now, COUNTER_GAP, FEED_PLACE_LOST);

	return rc != 0 ? rc : commit_alone(f);
}

int feed_note_unread(struct feed *f, int64_t day)
{
	int rc;

	if (f->read.pos == 0) {
		return 0;
	}
	rc = feed_count_behind(f, f->read.pos, day + WHEN_DAY_S - 1,
	    COUNTER_UNREAD, FEED_PLACE_UNREAD);
	return rc != 0 ? rc : feed_commit(f, true);
}

int feed_note_open(struct feed *f, int64_t day)
{
	int rc = feed_count_behind(
	    f, f->known, day + WHEN_DAY_S - 1, COUNTER_UNREAD, FEED_PLACE_OPEN);

	return rc != 0 ? rc : commit_alone(f);
}
