/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_LEDGER_H
#define COMMON_LEDGER_H

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
	LEDGER_WITHHELD, /* what it says may be our own fault: until released */
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

struct ledger_day {
	bool is_begun;         /* some domain of it has an entry */
	bool is_finished;      /* once, nothing was left to do about it */
	bool is_released;      /* nothing of it is to be withheld any more */
	uint64_t unjudged;     /* sessions of all its domains (promise 5) */
	uint64_t retries;      /* domains to be tried again */
	uint64_t withheld;     /* reports */
	char why[LEDGER_TEXT]; /* the reason of one of these */
};

/*
 * Opens the file, or makes it (0640); makes an older version's file one of
 * this version. On error *out is still something to
 * ask ledger_error() of and to close.
 */
int ledger_open(const char *path, struct ledger **out);

/* The same to read only; of this version it must be (-ENOENT: not there). */
int ledger_open_read(const char *path, struct ledger **out);

/* Drops a batch that was not committed. NULL is allowed. */
void ledger_close(struct ledger *l);

/* What SQLite said last; borrowed, until the next call. */
const char *ledger_error(const struct ledger *l);

/* What became of a day; all members are zero when it was never heard of. */
int ledger_day(struct ledger *l, int64_t day, struct ledger_day *out);

/* How many entries of the day are in each state. */
int ledger_count(
    struct ledger *l, int64_t day, uint64_t n[LEDGER_WITHHELD + 1]);

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

/* Notes how many sessions of the day could not be judged. */
int ledger_set_unjudged(struct ledger *l, int64_t day, uint64_t sessions);

/*
 * Makes all that was withheld of the day LEDGER_RETRY, with a retry time that
 * begins anew, and nothing of it is to be withheld again; *n is how many there
 * were.
 */
int ledger_release(struct ledger *l, int64_t day, int64_t now, uint64_t *n);

/*
 * Notes that the operator is told something of a day, in a word of ours;
 * *is_new is false when that was noted before: it is told once.
 */
int ledger_tell(struct ledger *l, int64_t day, const char *what, bool *is_new);

/*
 * Writes something, takes it back, and commits: can what is about to be done be
 * written down? It changes nothing.
 */
int ledger_try(struct ledger *l);

/* Forgets what became of the domains of finished days before this one. */
int ledger_forget(struct ledger *l, int64_t before_day);

/* Makes the batch permanent. An empty batch costs nothing. */
int ledger_commit(struct ledger *l);

const char *ledger_state_word(enum ledger_state s);

#endif
