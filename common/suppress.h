/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_SUPPRESS_H
#define COMMON_SUPPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/ledger.h"
#include "common/outbox.h"

/*
 * Destinations that nothing is sent to for a time, since what was sent there
 * came back: in the ledger's file, and by the rules of outbox.h. The first
 * bounce is only noted; further ones, on another day each, suppress for 7, 14,
 * 28 ... days, at most SUPPRESS_MAX_S. A report that is accepted, and has not
 * come back a week later, forgets them; and so does the time when no more are
 * sent there.
 */

enum {
	SUPPRESS_MAX_S = 180 * 86400,
	SUPPRESS_FIRST_S = 7 * 86400,
	SUPPRESS_GOOD_S = 7 * 86400, /* accepted for so long: it works again */
	SUPPRESS_FORGET_S = 3 * SUPPRESS_MAX_S /* after the last bounce */
};

struct suppress_entry {
	struct record_rua to;
	unsigned bounces; /* days with a bounce in a row */
	int64_t last;     /* bounce; Unix seconds; 0: added by a person */
	int64_t until;    /* suppressed before this; 0: it never was */
	int64_t accepted; /* the first report after that; 0: none */
	char why[OUTBOX_ANSWER];
};

/* Is it suppressed at now? */
int suppress_find(struct ledger *l, const struct record_rua *to, int64_t now,
    bool *is_suppressed);

/*
 * Takes the news that the message with this token came back: its item is
 * OUTBOX_BOUNCED, its destination has one bounce more. The same news again
 * changes nothing. *is_known is false for a token of no item.
 */
int suppress_bounce(struct ledger *l, const char *token, int64_t now,
    const char *why, bool *is_known);

/* It accepted a report: outbox_update() says so of an OUTBOX_SENT item. */
int suppress_accepted(
    struct ledger *l, const struct record_rua *to, int64_t now);

/*
 * By hand: until a time (what is known of bounces stays), or no longer, with
 * all that is known of it forgotten (*was_there tells if anything was).
 */
int suppress_add(struct ledger *l, const struct record_rua *to, int64_t until,
    const char *why);
int suppress_lift(
    struct ledger *l, const struct record_rua *to, bool *was_there);

/* Forgets what is over: once a day is often enough. */
int suppress_forget(struct ledger *l, int64_t now);

/* One after another, by target; *cursor starts as "". */
int suppress_next(struct ledger *l, struct record_rua *cursor,
    struct suppress_entry *out, bool *found);

#endif
