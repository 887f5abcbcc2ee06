/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_DATAGRAMS_H
#define MILTER_DATAGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/store.h"
#include "milter/ring.h"

/*
 * The datagrams of one socket, from the ring into the store. They come once:
 * what is lost is counted. Each is one session, or, where a log counts the
 * sessions, tells only which policy stood.
 */
struct datagrams;

struct datagrams_options {
	const char *name; /* of the feed; borrowed, like all here */
	const char *mta;
	const char *state;     /* directory: invalid ones are kept below it */
	uint64_t keep_invalid; /* so many of them; older ones go */
	bool only_policies;    /* sessions are counted elsewhere */
	/* as in struct feed_options; for what tells no policy. May be NULL */
	int (*policy)(void *ctx, struct store *s, int64_t t, struct fact *fact);
	void *policy_ctx;
	struct ring *ring;
};

enum {
	/* Of one poll. What comes in a burst is received first, and counted
	   later: the work on it would cost datagrams. */
	DATAGRAMS_GENTLY = 2000,
	DATAGRAMS_AT_ONCE = 20000, /* where the ring is filling */
	/* The ring has grown by so much since the last poll: the burst goes
	   on, and nothing is counted before it ends or the ring is filling. */
	DATAGRAMS_BURST_B = 1 << 20,
};

/*
 * Declares the feed to the store. Returns 0, or the error of store_feed() or
 * of reading a day file.
 */
int datagrams_open(struct store *store, const struct datagrams_options *o,
    struct datagrams **out);

/*
 * What was taken from the ring, but not counted when the store broke, is
 * given to ring_note_lost(). NULL is allowed.
 */
void datagrams_close(struct datagrams *d);

/*
 * Counts what is in the ring at time now, up to a bound from above, and commits
 * it; the ring wakes us for the next. Returns how many datagrams that were;
 * ERR_FULL or ERR_PARSE where the time gets no day file, and they stay in the
 * ring; or an error of the store, after which it must be closed.
 */
int64_t datagrams_poll(struct datagrams *d, int64_t now);

#endif
