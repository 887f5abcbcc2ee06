/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DAY_H
#define COMMON_DAY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/counter.h"
#include "common/fact.h"
#include "common/hash.h"
#include "common/policy.h"
#include "common/store.h"

/*
 * One UTC day for the writer: its file, the indexes over it, and the batch
 * that is on its way into it. store.h tells the rules; here they are kept.
 */
struct day;

/* The feed whose events come; borrowed. */
struct day_feed {
	const char *name;
	const char *mta;
	unsigned turn; /* another number for every declaration */
};

/* One event's place. */
struct day_event {
	int64_t t;    /* its time, in this day */
	uint64_t pos; /* position at which it closed */
};

/*
 * Opens a day's file, and completes what a writer left that died. key: random,
 * of this process; both are copied. Returns 0, -errno, ERR_VERSION, ERR_SHORT or ERR_DAMAGED.
 */
int day_open(const char *path, int64_t day, const struct hash_key *key,
    const struct store_limits *limits, struct day **out);

/*
 * Completes what a writer left in a file that died, and closes it again; does
 * no more than look if there is nothing. Returns as day_open().
 */
int day_recover(const char *path, int64_t day);

/* Drops what is not committed. NULL is allowed. */
void day_close(struct day *d);

int64_t day_start(const struct day *d); /* its first second */
bool day_is_sealed(const struct day *d);
bool day_is_active(const struct day *d);      /* something is to be committed */
bool day_is_dirty(const struct day *d);       /* something is not on disk */
unsigned day_batch_used(const struct day *d); /* facts in the batch, at most */

/*
 * See store_session(), store_bump(), store_policy(). A session may be looked
 * at only later: its error may be that of a later one, or of the commit.
 */
int day_session(struct day *d, const struct day_feed *feed,
    const struct day_event *event, const struct fact *fact);
int day_bump(struct day *d, const struct day_feed *feed,
    const struct day_event *event, enum counter counter, uint64_t n);
int day_policy(struct day *d, struct policy *policy);

/*
 * Commits the batch, also an empty one, with marks (NULL: unchanged). Returns
 * 0 or an error.
 */
int day_commit(struct day *d, const struct day_feed *feed,
    const struct mark *rescan, const struct mark *read, bool sync);

/* Waits until all is on disk. Returns 0 or -errno. */
int day_sync(struct day *d);

/*
 * Seals the file; nothing may be staged (asserted), and the day must be
 * closed afterwards. Returns 0 or -errno.
 */
int day_seal(struct day *d, int64_t now);

#endif
