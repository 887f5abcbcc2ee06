/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_FEEDS_PRIVATE_H
#define MILTER_FEEDS_PRIVATE_H

#include "common/feed.h"
#include "common/store.h"
#include "milter/datagrams.h"
#include "milter/feeds.h"
#include "milter/follow.h"
#include "milter/follow_journal.h"

/* What the feeds_*.c share; nobody else includes this. */

struct feeds_one {
	struct feeds *all;
	const struct conf_feed *conf;
	char name[TALLY_FEED_NAME];     /* of the feed, in the tallies */
	struct ring *ring;              /* of its socket; NULL: it is a log's */
	struct datagrams *datagrams;    /* of a socket; NULL: not open */
	struct feed *feed;              /* NULL: it could not be opened */
	struct follow *follow;          /* of a log file; likewise */
	struct follow_journal *journal; /* of the journal; likewise */
	int64_t due;                    /* when to try again */
	int64_t error_t;                /* of the last error */
	bool has_error;                 /* it stands still */
	char error[LIVE_TEXT];
};

struct feeds {
	struct feeds_options o;
	const char *own_senders[2];
	int64_t now;         /* of the last poll */
	struct store *store; /* NULL: it broke, and is due to be opened again */
	int64_t due;
	bool is_recalled; /* what days wait for is in the table of policies */
	bool is_dirty;    /* something was counted since the disk had it all */
	int64_t synced;   /* when that was */
	struct feeds_one one[2 * CONF_FEEDS]; /* logs and sockets */
	unsigned n;
	struct sealing_clock *clock; /* borrowed, or own_clock */
	struct sealing_clock own_clock;
	bool awaits; /* a day that could be sealed waits for its policies ... */
	int64_t awaits_since; /* ... since then; 0: none does */
	int64_t looked;       /* for days to seal */
	int64_t *sealed;      /* owned: the days known to be sealed */
	unsigned n_sealed;
	int64_t unreadable; /* a day whose file could not be read: said */
};

/* All that a feed's options take from the configuration. */
void feeds_options_of(
    struct feeds *f, const struct conf_feed *conf, struct feed_options *o);

/*
 * feeds_source.c: the log file or the journal of a feed. Open, poll and close
 * as in follow.h; close takes the feed with it.
 */
const char *feeds_source_name(const struct feeds_one *one);
bool feeds_source_is_open(const struct feeds_one *one);
int feeds_source_open(struct feeds_one *one, int64_t now);
void feeds_source_close(struct feeds_one *one);
int64_t feeds_source_poll(struct feeds_one *one, int64_t now);
bool feeds_source_is_at_end(const struct feeds_one *one);

/* Sets how far it is behind: seconds, and bytes where they are known. */
void feeds_source_lag(
    const struct feeds_one *one, int64_t now, struct live_feed *out);

/*
 * Open days may have sessions that wait for a policy, from before we started:
 * these are asked for.
 */
void feeds_recall(struct feeds *f);

/* What policy of struct feed_options is; ctx is a struct feeds. */
int feeds_policy(void *ctx, struct store *s, int64_t t, struct fact *fact);

/* Closes the feeds and the store without another commit. */
void feeds_close_all(struct feeds *f);

#endif
