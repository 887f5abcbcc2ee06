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
 * read where the feed's position is in one of them.
 *
 * Nothing here waits: follow_poll() does what can be done now. Time comes in
 * as an argument and decides only how long a renamed file may still be
 * written to, never what is counted.
 */
struct follow;

enum {
	FOLLOW_GRACE_S =
	    5, /* a renamed file is read until it is quiet so long */
	FOLLOW_FILES = 64, /* predecessors looked at */
};

/*
 * Catches up with what was written since the feed's position: all of it is
 * read and committed. A new feed begins with the file as it is. That the file
 * is not there is no error. Returns 0, or the error of the store or of a file
 * (feed_error_path()); then *out is NULL. feed and path are borrowed.
 */
int follow_open(struct feed *feed, const char *path, struct follow **out);
void follow_close(struct follow *fl); /* NULL is allowed */

/*
 * Reads what is there by now; to be called when something may have changed,
 * and every second. Returns the number of lines read, or an error as above; an
 * error of a file is no reason to stop polling.
 */
int64_t follow_poll(struct follow *fl, int64_t now);

/* Is all that is in the file read? False when there is no file. */
bool follow_is_at_end(const struct follow *fl);

/* Bytes of the file behind what was read. */
uint64_t follow_lag(const struct follow *fl);

#endif
