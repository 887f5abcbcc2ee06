/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_SUPPRESS_H
#define COMMON_SUPPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/ledger.h"
#include "common/outbox.h"

/*
 * Destinations that nothing is sent to for a time, since what was sent there
 * came back: in the ledger's file, and by the rules of outbox.h. A bounce tells
 * something of reports of its domain only: a mailbox may take those of the
 * domains that it serves, and a stranger may name it for his own. The first
 * bounce is only noted; further ones, on another day each, suppress for 7, 14,
 * 28 ... days, at most SUPPRESS_MAX_S. A report that is accepted, and has not
 * come back a week later, forgets them; and so does the time when no more are
 * sent there.
 *
 * A domain is in its normal form; "" stands for all of them, by hand only.
 */

enum {
	SUPPRESS_MAX_S = 180 * 86400,
	SUPPRESS_FIRST_S = 7 * 86400,
	SUPPRESS_GOOD_S = 7 * 86400, /* accepted for so long: it works again */
	SUPPRESS_FORGET_S = 3 * SUPPRESS_MAX_S /* after the last bounce */
};

struct suppress_entry {
	struct record_rua to;
	char domain[DOMAIN_BUF]; /* whose reports */
	unsigned bounces;        /* days with a bounce in a row */
	int64_t last;     /* bounce; Unix seconds; 0: added by a person */
	int64_t until;    /* suppressed before this; 0: it never was */
	int64_t accepted; /* the first report after that; 0: none */
	char why[OUTBOX_ANSWER];
};

/* Is it suppressed at now for this domain, or for all? */
int suppress_find(struct ledger *l, const struct record_rua *to,
    const char *domain, int64_t now, bool *is_suppressed);

/*
 * Takes the news that the message with this token came back: its item is
 * OUTBOX_BOUNCED, its destination has one bounce more for the item's domain.
 * The same news again changes nothing. *is_known is false for a token of no item.
 */
int suppress_bounce(struct ledger *l, const char *token, int64_t now,
    const char *why, bool *is_known);

/* It accepted a domain's report: outbox_update() says so of an OUTBOX_SENT item.
 */
int suppress_accepted(struct ledger *l, const struct record_rua *to,
    const char *domain, int64_t now);

/*
 * By hand: until a time (what is known of bounces stays), or no longer, with
 * all that is known of it forgotten (*was_there tells if anything was): for one
 * domain or for "", or, with NULL, for each of them.
 */
int suppress_add(struct ledger *l, const struct record_rua *to,
    const char *domain, int64_t until, const char *why);
int suppress_lift(struct ledger *l, const struct record_rua *to,
    const char *domain, bool *was_there);

/* Forgets what is over: once a day is often enough. */
int suppress_forget(struct ledger *l, int64_t now);

/*
 * One after another, by target and domain: puts the entry after *e there. It
 * starts as zeros, and is left alone when there is no other.
 */
int suppress_next(struct ledger *l, struct suppress_entry *e, bool *found);

#endif
