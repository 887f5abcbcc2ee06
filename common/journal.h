/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_JOURNAL_H
#define COMMON_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/journal_entry.h"

/*
 * The systemd journal, entry by entry in its own order, that of this host with
 * the entries of this boot last, and with the means to find a place in it
 * again. Two files implement it, one of which is built: in
 * journal_none.c all that can be done is journal_open(), which fails with
 * ERR_NOT_BUILT. A journal belongs to the process that opened it, also after
 * fork(). Nothing here waits for more than the disk.
 */
struct journal;

/*
 * A place behind an entry, which is known by the time at which journald took
 * it and a hash of its cursor (sd_journal_get_cursor(3)).
 */
struct journal_place {
	uint64_t realtime_us;
	uint64_t id;
};

/* Is an entry, by its JOURNAL_IDENT, worth to be read? */
typedef bool (*journal_filter)(void *ctx, struct view ident);

/*
 * Opens the journal of this host (path NULL) or a directory of journal files,
 * at its head. That there is no file yet, or none that may be read, is no
 * error. Returns 0 or an error; *out is NULL then.
 */
int journal_open(
    const char *path, journal_filter filter, void *ctx, struct journal **out);
void journal_close(struct journal *j); /* NULL is allowed */

/*
 * The next entry, wanted or not: the place is behind it then. Returns 1, 0 at
 * the end, or an error, after which one may go on. *is_wanted: the filter let
 * it pass, and journal_entry() has it.
 */
int journal_next(
    struct journal *j, struct journal_place *place, bool *is_wanted);

/* The entry that was read last, if it was wanted; borrowed until the next. */
const struct journal_entry *journal_entry(const struct journal *j);

/* Goes to the head, or before the first entry of a time and later. */
int journal_seek_head(struct journal *j);
int journal_seek_time(struct journal *j, uint64_t realtime_us);

/*
 * Goes behind the entry of a place. Returns 1, or 0 when there is none such
 * (where it stands then is not defined), or an error.
 */
int journal_find(struct journal *j, const struct journal_place *place);

/*
 * Goes behind the last entry that is not later than a time, and shows its
 * place. Returns 1, or 0 when all are later (then it is at the head), or an
 * error.
 */
int journal_find_time(
    struct journal *j, uint64_t realtime_us, struct journal_place *place);

/*
 * Takes note of new entries, of files that came and of files that went; must
 * be called before journal_next() can see them.
 */
enum journal_change {
	JOURNAL_SAME, /* nothing, or only new entries */
	JOURNAL_MOVED /* files came or went: call journal_resume() */
};

int journal_process(struct journal *j); /* one of these, or an error */

/*
 * After JOURNAL_MOVED: goes to where it was. Returns 1; or 0 when the entry
 * that was read last is gone, and more may be gone with it: the next one is
 * the first one behind it; or an error.
 */
int journal_resume(struct journal *j);

/*
 * A descriptor that can be polled for reading: then there is something to
 * process; it is read by journal_process() alone. Some file systems tell
 * nothing, so process every few seconds in any case.
 */
int journal_fd(const struct journal *j);

/* Is there no journal file that we may read? */
bool journal_is_empty(const struct journal *j);

#endif
