/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_FOLLOW_H
#define MILTER_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/feed.h"

/*
 * A log file that is followed by its name as it grows, is renamed (logrotate's
 * "create"), copied and truncated ("copytruncate"), vanishes and comes again.
 * Its predecessors, "NAME.1", "NAME-20261122.gz" and the like beside it, are
 * read where the feed's position is in one of them, and the files between it
 * and the one of the name, one after the other.
 *
 * Each line is counted once whenever we look, or are started, if:
 * - the place where we stand, and what open sessions began with, is in one of
 *   the newest FOLLOW_FILES files;
 * - after it was renamed, a file is written to without a pause of
 *   FOLLOW_GRACE_S, until something is written to its successor;
 * - no line is torn: half in one file, half in the next;
 * - nothing is written between the copy and the truncation of "copytruncate".
 *
 * Nothing here waits. Time comes in as an argument and decides only how long a
 * renamed file may still be written to, never what is counted.
 */
struct follow;

enum {
	FOLLOW_GRACE_S =
	    2, /* a renamed file is read until it is quiet so long */
	FOLLOW_FILES = 64, /* of the log that are looked at, the newest */
};

/*
 * Takes up the feed's position: reads again what open sessions need, and goes
 * on from there to the end of the file in which it stands. A new feed begins
 * with the file as it is. That the file is not there is no error. Returns 0;
 * ERR_TEMP where files change just now: then feed must be closed, and the next
 * try will do; or the error of the store or of a file (feed_error_path()). On
 * error *out is NULL. feed and path are borrowed.
 */
int follow_open(struct feed *feed, const char *path, struct follow **out);
void follow_close(struct follow *fl); /* NULL is allowed */

/*
 * Reads what is there by now; to be called after follow_open(), when something
 * may have changed, and every second. Returns the number of lines read, or an
 * error as above: after ERR_TEMP it must be opened again with a new feed; an
 * error of a file is no reason to stop polling.
 */
int64_t follow_poll(struct follow *fl, int64_t now);

/*
 * Is all that was logged read? False when there is no file, and while a file
 * that was renamed may still be written to.
 */
bool follow_is_at_end(const struct follow *fl);

/* Bytes of the file behind what was read. */
uint64_t follow_lag(const struct follow *fl);

#endif
