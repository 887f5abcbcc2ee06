/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_NOTED_H
#define COMMON_NOTED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/noted_kind.h"
#include "common/view.h"

/*
 * What the milter noted of messages: STATE/notes, a mapped file of fixed
 * size with one writer and any number of readers. It is asked days after the
 * reception, when the log tells of a delivery, also by another process.
 *
 * A table of NOTED_SLOTS messages under a keyed hash of their queue id, never
 * the id itself; the key is the file's own. A message is forgotten after
 * NOTED_LIFE_S, or when its place is needed: then the oldest goes, and is
 * counted. kill -9 at any point leaves a whole file behind.
 */
struct noted;

enum {
	NOTED_SLOTS = 65536,
	NOTED_LIFE_S = 14 * 24 * 60 * 60, /* more than an MTA tries */
	NOTED_EARLY_S = 10 * 60, /* a log may be so much before the note */
	NOTED_QID = 64,          /* bytes of a queue id */
};

/* Counters in the file; they only rise. Append, never renumber. */
enum noted_counter {
	NOTED_NOTES,         /* notes that arrived */
	NOTED_TLS_REQUIREDS, /* messages with TLS-Required: No */
	NOTED_OWN_REPORTS,   /* reports of ours */
	NOTED_DROPPED,       /* notes that the milter could not hand over */
	NOTED_BAD,           /* notes that were malformed */
	NOTED_EVICTED,       /* messages forgotten before their time: full */
	NOTED_STARTS,        /* times that the milter was started */
	NOTED_DAMAGED,       /* entries that were found damaged */
	NOTED_REMADE,        /* times that a damaged file was made anew */
	NOTED_COUNTERS
};

/* "evicted" etc., and one line that says what it means; NULL: no such. */
const char *noted_counter_word(enum noted_counter c);
const char *noted_counter_help(enum noted_counter c);

/*
 * Opens STATE/notes. A writer makes it (0640) where there is none; one that
 * is damaged or of another version is kept as STATE/notes.bad and made anew,
 * with a line in the log. STATE must be there.
 * Returns 0, ERR_BUSY (another writer, or a child of one), -errno; to a reader
 * also -ENOENT, ERR_VERSION, ERR_DAMAGED, ERR_SHORT.
 */
int noted_open(const char *state, bool is_writer, struct noted **out);
void noted_close(struct noted *n); /* NULL is allowed */

/*
 * Notes a message, received at time t, instead of what was noted of an earlier
 * one with this queue id. kinds: bits of enum noted_kind; 0 only forgets the
 * earlier one. An id that is empty or longer than NOTED_QID is not noted. What
 * a reader adds is known to this reader alone, until it closes.
 */
void noted_add(struct noted *n, struct view qid, unsigned kinds, int64_t t);

/* What was noted of a message that the log names at time t: bits, or 0. */
unsigned noted_find(const struct noted *n, struct view qid, int64_t t);

/*
 * At time t the message old_qid went on under new_qid too, which shares what
 * was noted of it. The splits of an envelope may come in any order.
 */
void noted_alias(
    struct noted *n, struct view old_qid, struct view new_qid, int64_t t);

/* The same as callbacks of struct feed_options; ctx is the struct noted. */
unsigned noted_on_find(void *ctx, struct view qid, int64_t t);
void noted_on_alias(
    void *ctx, struct view old_qid, struct view new_qid, int64_t t);
void noted_on_own(void *ctx, struct view qid, int64_t t);

uint64_t noted_get(const struct noted *n, enum noted_counter c);
void noted_bump(struct noted *n, enum noted_counter c, uint64_t by);

/* Waits until all is on disk. Returns 0 or -errno. */
int noted_sync(struct noted *n);

#endif
