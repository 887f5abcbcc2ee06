/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_FEED_JOURNAL_H
#define COMMON_FEED_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/feed.h"

/*
 * The systemd journal as the source of a feed, in place of log files, and as
 * exactly. Its position counts the entries that were taken (those of the
 * feed's programs, and journald's word that it dropped messages of the MTA);
 * a mark holds in "off" the microsecond at which journald took the entry
 * before it, in "hash" that of its cursor.
 */
struct feed_journal;

enum {
	FEED_JOURNAL_ENTRIES = 65536, /* that one call looks at */
	FEED_JOURNAL_LOST_S = 2,      /* a file being renamed is awaited */
	FEED_JOURNAL_PLACE_S = 60, /* how often a place without lines is kept */
};

/*
 * Opens a journal (path: CONF_JOURNAL_SYSTEM of conf.h, or a directory) and
 * goes to where the feed stands: what an earlier run read and an open session
 * needs is read again, without being counted. If the entry before that place
 * is gone, so may others be: a gap is counted, and what is later than that
 * entry goes on. A feed that is new begins at the time since. Nothing may have
 * been read by f before; f, path are borrowed. Returns 0, ERR_NOT_BUILT, an
 * error of the journal, or one of the store; *out is NULL then.
 */
int feed_journal_open(
    struct feed *f, const char *path, int64_t since, struct feed_journal **out);
void feed_journal_close(struct feed_journal *fj); /* NULL is allowed */

/*
 * Reads what is there by now, up to FEED_JOURNAL_ENTRIES entries, and commits
 * it. *n: how many of them were taken. Returns 0 or an error; after an error
 * of the store the feed must be closed.
 */
int feed_journal_more(struct feed_journal *fj, int64_t now, uint64_t *n);

/* How the last call ended. */
enum feed_journal_state {
	FEED_JOURNAL_MORE,    /* there is more to be read */
	FEED_JOURNAL_AT_END,  /* all is read */
	FEED_JOURNAL_WAITING, /* for a file that is just being renamed */
};

enum feed_journal_state feed_journal_state(const struct feed_journal *fj);

/* How often entries were gone before they could be read. */
unsigned feed_journal_gaps(const struct feed_journal *fj);

/* See journal_fd() and journal_is_empty(). */
int feed_journal_fd(const struct feed_journal *fj);
bool feed_journal_is_empty(const struct feed_journal *fj);

#endif
