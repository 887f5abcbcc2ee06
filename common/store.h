/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_STORE_H
#define COMMON_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/counter.h"
#include "common/fact.h"
#include "common/policy.h"
#include "common/tally.h"

/*
 * The writer's side of the tallies: STATE/tally/YYYY-MM-DD, one file per UTC
 * day of the event's time, opened and created as times ask for them.
 *
 * Work is done in batches that belong to one feed. Nothing of a batch can be
 * seen in a file's counts until store_commit(); commit is atomic against
 * kill -9 in each file (a checksummed redo slot), and a file ignores every
 * event whose closing position is not beyond its own "applied" of that feed,
 * so that a log may be read again from any older place.
 */
struct store;

enum {
	STORE_BATCH = 2048, /* events that an empty batch takes at least */
	STORE_FILES = 400   /* day files in all: stamps may be nonsense */
};

/* Bounds; 0 means the default. */
struct store_limits {
	/* distinct facts a day (1,000,000; never more than 3,000,000) */
	uint64_t facts;
	/* distinct facts of one domain a day (1,000) */
	uint64_t facts_per_domain;
};

/*
 * Opens STATE/tally for writing; makes the directories (0750) if need be and
 * takes the writer's lock, which a child of fork() shares: a parent that is
 * killed leaves it to a child that has not closed it, and a child that closes
 * the store takes it from its parent.
 * Returns 0, ERR_BUSY (another writer), -errno.
 * Where files may be limited in size, the caller ignores SIGXFSZ.
 */
int store_open(
    const char *state, const struct store_limits *limits, struct store **out);

/*
 * Drops what is not committed, and gives up the lock, whatever children there
 * are. NULL is allowed.
 */
void store_close(struct store *s);

/*
 * Declares the feed of the following events; a batch must be committed first
 * (asserted). Several feeds may be declared, and take turns by store_use(). Names: tally.h's bounds with a NUL, [A-Za-z0-9._-]. The
 * feed's last marks (from the newest commit in any day file) are copied to
 * *rescan and *read; all zero for a new feed. Returns 0, ERR_FULL (too many
 * feeds), ERR_PARSE (bad name) or the error of reading a day file, whose path
 * store_error_path() tells.
 */
int store_feed(struct store *s, const char *name, const char *mta,
    struct mark *rescan, struct mark *read);

/*
 * Goes on with a feed that was declared before (asserted); the batch of
 * another must be committed first (asserted).
 */
void store_use(struct store *s, const char *name);

/*
 * One session of time t; pos (> 0) is the event's number, which rises
 * through the feed's whole stream (feed.c). A day that is sealed counts it as
 * late; a full table counts it in an overflow fact. fact->feed is taken from
 * store_feed(); nothing is borrowed. The batch must have room (asserted).
 * Returns 0 (also for an event that was applied before); ERR_FULL or
 * ERR_PARSE for a time that gets no file any more, and all is as it was; or
 * an error after which the batch is lost and the store must be closed:
 * -ENOSPC etc., which may be that of an earlier session.
 */
int store_session(
    struct store *s, int64_t t, uint64_t pos, const struct fact *fact);

/* Adds n to a counter of the current feed, in the day of t, likewise. */
int store_bump(
    struct store *s, int64_t t, uint64_t pos, enum counter counter, uint64_t n);

/*
 * Records a policy in the day of t, at once. Its hash is computed and written
 * to policy->hash. The same content again is no new record. Returns 0 or an
 * error as above; ERR_SEALED, ERR_TOO_LONG and ERR_FULL (also: more than
 * 3,000,000 policies or 1 GiB of them a day) leave all as it was.
 */
int store_policy(struct store *s, int64_t t, struct policy *policy);

/*
 * Makes the batch permanent: older days first, the feed's marks last and in
 * the newest file. rescan and read may be NULL (unchanged). Where there is no
 * day file yet, one is made for the time of the marks; without a time they
 * are not stored, as nothing was.
 * kill -9 is never felt, with or without sync. After a power cut all is there
 * that was committed up to the last call with sync, which waits for the disk;
 * of what came later some may be there, and be counted again when the log is
 * read again. Returns 0 or an error as above.
 */
int store_commit(struct store *s, const struct mark *rescan,
    const struct mark *read, bool sync);

/*
 * How many events may still be added before the batch must be committed. 0
 * is also the answer when too many days are in the batch.
 */
unsigned store_batch_room(const struct store *s);

/*
 * Seals a day at time now: commits, marks, cuts off what was reserved, syncs.
 * Returns 0 (also when it was sealed before), ERR_NOT_FOUND, or an error.
 */
int store_seal(struct store *s, int64_t day, int64_t now);

/* The path that the last error is about; "" when none. Borrowed. */
const char *store_error_path(const struct store *s);

/*
 * The days that have a tally file under STATE, ascending. Needs no lock and
 * no store. *days is allocated (free()), *n its length. Returns 0 or -errno
 * (-ENOENT: no such directory).
 */
int store_days(const char *state, int64_t **days, unsigned *n);

/* The path of one day's file; "" if it does not fit. Returns out. */
const char *store_path(const char *state, int64_t day, char *out, size_t size);

#endif
