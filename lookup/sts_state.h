/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_STS_STATE_H
#define LOOKUP_STS_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/domain.h"
#include "common/mem.h"
#include "common/policy_set.h"
#include "common/sts_record.h"
#include "common/view.h"

/*
 * What MTA-STS has for one domain (RFC 8461 3.3, 5.1; R200-R226): a row that
 * is kept, and two pure functions that answer from it. No I/O, no clock.
 */

enum {
	STS_TOKEN = 40,               /* a token, with its NUL */
	STS_REASON = STS_TOKEN + 24,  /* with "+cached-policy-used" */
	STS_TEXT_MAX = 64 * 1024,     /* a policy (R215) */
	STS_BAD_TEXT_MAX = 16 * 1024, /* what is kept of one that is none */

	STS_HOLD_S = 300,            /* a policy holds so long without a look
	                               at its host, even with max_age 0 */
	STS_FLOOR_S = 60,            /* between two fetches of any id */
	STS_RETRY_S = 300,           /* after a failure (R216); doubled */
	STS_RETRY_MAX_S = 3600,      /* with nothing to fall back on, or if
	                               it may be our own fault */
	STS_RETRY_USED_S = 6 * 3600, /* with a policy in force */
	STS_REFRESH_S = 24 * 3600,   /* R219 */
	STS_AGAIN_MAX_S = 3600,      /* records are looked at that often */
	STS_MAX_AGE_S = 31557600     /* R223: more is taken as this */
};

/* What is kept of a domain. All zero: nothing. */
struct sts_row {
	char domain[DOMAIN_BUF];

	char id[STS_RECORD_ID_MAX +
	    1];           /* of the record that the policy came with */
	struct view text; /* the policy; empty: none */
	bool is_none;     /* its mode is "none" */
	int64_t fetched;  /* Unix seconds; 0: never */
	int64_t expires;  /* from then on it is not in force */
	int64_t refresh;  /* from then on it is to be fetched again */

	enum policy_sts failed; /* how the last attempt failed; UNKNOWN
	                             with a token: our own fault */
	char failed_id[STS_RECORD_ID_MAX +
	    1];                /* id then; "" when there was none */
	char token[STS_TOKEN]; /* "": it did not fail */
	struct view bad_text;  /* with POLICY_INVALID: what did not parse */
	int64_t failed_at;
	int64_t retry;     /* not before */
	unsigned failures; /* in a row, of this id */
};

/* The _mta-sts record as it was found. */
struct sts_seen {
	bool is_known; /* false: SERVFAIL, timeout, forged: nothing is known */
	struct sts_record record;
};

/* What a fetch gave; see fetch.h. */
struct sts_fetched {
	enum policy_sts kind; /* FOUND, FETCH_ERROR, WEBPKI_INVALID, UNKNOWN */
	const char *token;
	struct view body;
};

/* What follows. */
enum sts_next {
	STS_NEXT_ANSWER, /* the answer is final for now */
	STS_NEXT_FETCH,  /* fetch, then call sts_state_fetched() */
};

struct sts_answer {
	enum policy_sts sts;
	struct view text;        /* borrows the row, or the fetch's body */
	char reason[STS_REASON]; /* policy_set.h: sts_reason */
	enum policy_sts failed;  /* not UNKNOWN: an event, of this time */
	int64_t again;           /* when to look at the record again */
	bool is_row_changed;     /* keep the row; an empty one: forget it */
	const char *ours;        /* NULL, or the token of our own fault */
};

/*
 * Answers from the row and the record. With STS_NEXT_FETCH the answer is what
 * holds until the fetch is done: FOUND, or UNKNOWN.
 */
enum sts_next sts_state_look(struct sts_row *row, const struct sts_seen *seen,
    int64_t now, struct sts_answer *out);

/*
 * Puts into the row what a fetch gave that began with this record's id. The
 * row then borrows the fetch's body, and the arena is used for parsing.
 */
void sts_state_fetched(struct sts_row *row, const char *id,
    const struct sts_fetched *fetched, int64_t now, struct arena *a,
    struct sts_answer *out);

/* Is there a policy that still holds? */
bool sts_state_is_in_force(const struct sts_row *row, int64_t now);

/* Until when a row is of use: cleaners take the least first. */
int64_t sts_state_keep_until(const struct sts_row *row);

/* Nothing in it but the domain. */
bool sts_state_is_empty(const struct sts_row *row);

/*
 * The MTA-STS members of a policy set. As an event: only if out->failed is
 * not UNKNOWN; at is its time. Views borrow the answer.
 */
void sts_state_fill(const struct sts_answer *answer, struct policy_set *set);
void sts_state_fill_event(
    const struct sts_answer *answer, int64_t at, struct policy_set *set);

#endif
