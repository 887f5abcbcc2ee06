/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_FEEDS_PRIVATE_H
#define MILTER_FEEDS_PRIVATE_H

#include "common/feed.h"
#include "common/store.h"
#include "milter/feeds.h"
#include "milter/follow.h"
#include "milter/sealing.h"

/* What the feeds_*.c share; nobody else includes this. */

struct feeds_one {
	struct feeds *all;
	const struct conf_feed *conf;
	struct feed *feed;     /* NULL: it could not be opened */
	struct follow *follow; /* likewise */
	int64_t due;           /* when to try again */
	int64_t error_t;       /* of the last error */
	bool has_error;        /* it stands still */
	char error[LIVE_TEXT];
};

struct feeds {
	struct feeds_options o;
	const char *own_senders[2];
	struct store *store; /* NULL: it broke, and is due to be opened again */
	int64_t due;
	bool is_dirty;  /* something was counted since the disk had it all */
	int64_t synced; /* when that was */
	struct feeds_one one[CONF_FEEDS];
	unsigned n;
	struct sealing_clock clock;
	int64_t clock_step; /* when it was last set; 0: never */
	int64_t looked;     /* for days to seal */
	int64_t *sealed;    /* owned: the days known to be sealed */
	unsigned n_sealed;
};

/* All that a feed's options take from the configuration. */
void feeds_options_of(const struct feeds *f, const struct conf_feed *conf,
    struct feed_options *o);

/* Closes the feeds and the store without another commit. */
void feeds_close_all(struct feeds *f);

#endif
