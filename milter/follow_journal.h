/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_FOLLOW_JOURNAL_H
#define MILTER_FOLLOW_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/feed.h"

/*
 * The systemd journal as it grows, is rotated and is cleaned up: follow.h for
 * a feed whose entries come from there (common/feed_journal.h). Nothing here
 * waits. It belongs to the process that opened it, also after fork().
 */
struct follow_journal;

/*
 * Catches up with what was written since the feed's position: all of it is
 * read and committed, as far as files that are just being renamed let it. A
 * new feed begins with the entries of the time since. path: as in the
 * configuration, CONF_JOURNAL_SYSTEM or a directory. That no journal file may
 * be read is said in the log, and no error. Returns 0; ERR_NOT_BUILT where
 * telltls was built without the journal; or an error of the store or of the
 * journal (feed_error_path()); then *out is NULL. feed and path are borrowed.
 */
int follow_journal_open(struct feed *feed, const char *path, int64_t since,
    int64_t now, struct follow_journal **out);
void follow_journal_close(struct follow_journal *fl); /* NULL is allowed */

/*
 * Reads what is there by now, a bounded number of entries; to be called when
 * the descriptor can be read, and every second. Returns the number of lines
 * read, or an error as above; an error of the journal is no reason to stop
 * polling.
 */
int64_t follow_journal_poll(struct follow_journal *fl, int64_t now);

/* Did the last poll read all that was there? */
bool follow_journal_is_at_end(const struct follow_journal *fl);

/*
 * Seconds behind: how old the entry is up to which it was read; 0 at the end.
 * How many are to come is not known.
 */
int64_t follow_journal_lag_s(const struct follow_journal *fl, int64_t now);

/* To be polled for reading; read by follow_journal_poll() alone. */
int follow_journal_fd(const struct follow_journal *fl);

#endif
