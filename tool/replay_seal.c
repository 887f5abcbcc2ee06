/* SPDX-License-Identifier: BSD-2-Clause */
/* replay_seal.c - seals all days behind the logs that were replayed */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/feed.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/mta.h"
#include "common/tally.h"
#include "common/when.h"
#include "tool/replay_seal.h"

enum {
	PATH_BUF = 4096
};

struct day {
	int64_t start;
	bool is_open;
};

struct feed_name {
	char name[TALLY_FEED_NAME];
	char mta[TALLY_MTA_NAME];
};

struct seal {
	const struct tool *tool;
	struct store *store;
	struct day *days;
	unsigned n_days;
	struct feed_name *feeds;
	size_t n_feeds;
};

static void add_feed(struct seal *s, const struct tally_feed *feed)
{
	for (size_t i = 0; i < s->n_feeds; i++) {
		if (strcmp(s->feeds[i].name, feed->name) == 0) {
			return;
		}
	}
	s->feeds = xrealloc_array(s->feeds, s->n_feeds + 1, sizeof(*s->feeds));
	memcpy(s->feeds[s->n_feeds].name, feed->name, TALLY_FEED_NAME);
	memcpy(s->feeds[s->n_feeds].mta, feed->mta, TALLY_MTA_NAME);
	s->n_feeds++;
}

/* Which feeds there are. What cannot be read, store_seal() tells. */
static void look_at_day(struct seal *s, struct day *day)
{
	struct tally_info info;
	struct tally_feed feed;
	struct tally *t = NULL;
	uint64_t cursor = 0;
	char path[PATH_BUF];

	if (tally_open(
		store_path(s->tool->state, day->start, path, sizeof(path)),
		&t) != 0) {
		return;
	}
	tally_info(t, &info);
	day->is_open = info.sealed == 0;
	while (tally_next_feed(t, &cursor, &feed) > 0) {
		add_feed(s, &feed);
	}
	tally_close(t);
}

/* The days in which the feed's open sessions may have begun. */
static int note_days(struct seal *s, struct feed *feed, const char *name)
{
	struct mark from;
	struct mark to;
	unsigned n = 0;
	int rc = 0;

	feed_beginning(feed, &from);
	feed_position(feed, &to);
	for (unsigned i = 0; i < s->n_days && from.pos < to.pos; i++) {
		const struct day *day = &s->days[i];

		if (day->is_open && day->start + WHEN_DAY_S > from.t &&
		    day->start <= to.t && rc == 0) {
			rc = feed_note_open(feed, day->start);
			n++;
		}
	}
	if (n > 0) {
		log_warn("feed=%s has open sessions: its log was not read to "
			 "their end, and they are in no day that is sealed now",
		    name);
	}
	return rc;
}

static int note_feed(struct seal *s, const struct feed_name *name)
{
	const struct feed_options o = {
		.name = name->name,
		.type = mta_find(name->mta),
		.now = s->tool->now,
	};
	struct feed *feed = NULL;
	int rc;

	if (o.type == NULL) {
		return 0; /* of a later version */
	}
	rc = feed_open(s->store, &o, &feed);
	if (rc == 0) {
		rc = note_days(s, feed, name->name);
		feed_close(feed);
	}
	return rc;
}

static void look_at_days(struct seal *s, const int64_t *days, unsigned n)
{
	s->days = xcalloc(n, sizeof(*s->days));
	s->n_days = n;
	for (unsigned i = 0; i < n; i++) {
		s->days[i].start = days[i];
		look_at_day(s, &s->days[i]);
	}
}

int replay_seal(const struct tool *tool, struct store *store, const char *feed)
{
	struct seal s = { .tool = tool, .store = store };
	int64_t *days = NULL;
	unsigned n = 0;
	int rc = store_days(tool->state, &days, &n);

	if (rc == 0) {
		look_at_days(&s, days, n);
	}
	for (size_t i = 0; rc == 0 && i < s.n_feeds; i++) {
		if (strcmp(s.feeds[i].name, feed) != 0) {
			rc = note_feed(&s, &s.feeds[i]);
		}
	}
	for (unsigned i = 0; rc == 0 && i < n; i++) {
		rc = store_seal(store, days[i], tool->now);
	}
	free(days);
	free(s.days);
	free(s.feeds);
	return rc;
}
