/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_LEDGER_H
#define REPORTER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"

/*
 * What became of each (day, domain), so that no report is made twice (R112)
 * and none is forgotten (R25): one SQLite file. One process at a time uses
 * it; the caller has a lock for that.
 *
 * Marks are part of a batch until ledger_commit(); a batch that is not
 * committed was never there. Functions that return an int return 0, or
 * ERR_DAMAGED, ERR_VERSION, ERR_BUSY, -ENOSPC, -EACCES, -EIO;
 * ledger_error() then says more.
 */
struct ledger;

enum ledger_state {
	LEDGER_ABSENT,   /* never heard of */
	LEDGER_WRITTEN,  /* its report is in the outbox */
	LEDGER_NONE,     /* nothing to report, or nobody to report to */
	LEDGER_RETRY,    /* a temporary failure: to be tried again */
	LEDGER_GIVEN_UP, /* the failure lasted too long */
};

enum {
	LEDGER_TEXT = 300
};

struct ledger_entry {
	enum ledger_state state;
	unsigned tries;    /* how often we looked the record up */
	int64_t first_try; /* Unix seconds */
	int64_t last_try;
	char what[LEDGER_TEXT]; /* why it is in this state, for people */
	char file[LEDGER_TEXT]; /* LEDGER_WRITTEN: the outdir_base() */
};

/*
 * Opens the file, or makes it (0640). On error *out is still something to
 * ask ledger_error() of and to close.
 */
int ledger_open(const char *path, struct ledger **out);

/* Drops a batch that was not committed. NULL is allowed. */
void ledger_close(struct ledger *l);

/* What SQLite said last; borrowed, until the next call. */
const char *ledger_error(const struct ledger *l);

/* Is nothing left to do about this day? */
int ledger_day_is_done(struct ledger *l, int64_t day, bool *is_done);

/* LEDGER_ABSENT when there is no entry; all members are then zero. */
int ledger_find(struct ledger *l, int64_t day, struct view domain,
    struct ledger_entry *out);

/* Is this the file of some entry of the day? */
int ledger_has_file(
    struct ledger *l, int64_t day, const char *file, bool *has_it);

/* Writes or replaces an entry; not LEDGER_ABSENT. */
int ledger_mark(struct ledger *l, int64_t day, struct view domain,
    const struct ledger_entry *entry);

/*
 * Marks the day as done, and forgets the domains that nothing was reported
 * to: no more is kept than is needed (R27).
 */
int ledger_finish_day(struct ledger *l, int64_t day, int64_t now);

/* Forgets what became of the domains of finished days before this one. */
int ledger_forget(struct ledger *l, int64_t before_day);

/* Makes the batch permanent. An empty batch costs nothing. */
int ledger_commit(struct ledger *l);

const char *ledger_state_word(enum ledger_state s);

#endif
