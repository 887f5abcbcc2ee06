/* SPDX-License-Identifier: BSD-2-Clause */
/* status.c - what an installation holds */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/store.h"
#include "tool/status.h"

enum {
	PATH_BUF = 4096
};

/* Finds a feed by its name, or adds it. */
static struct status_feed *feed_of(
    struct status *s, const char *name, const char *mta)
{
	struct status_feed *feed;

	for (size_t i = 0; i < s->n_feeds; i++) {
		if (strcmp(s->feeds[i].name, name) == 0) {
			return &s->feeds[i];
		}
	}
	s->feeds = xrealloc_array(s->feeds, s->n_feeds + 1, sizeof(*s->feeds));
	feed = &s->feeds[s->n_feeds++];
	*feed = (struct status_feed){ 0 };
	(void)snprintf(feed->name, sizeof(feed->name), "%s", name);
	(void)snprintf(feed->mta, sizeof(feed->mta), "%s", mta);
	return feed;
}

static void gather_configured(struct status *s)
{
	const struct conf *c = &s->tool->conf;

	for (unsigned i = 0; i < c->n_feeds; i++) {
		struct status_feed *feed =
		    feed_of(s, c->feed[i].name, c->feed[i].mta);

		feed->file = c->feed[i].file;
		feed->is_configured = true;
	}
}

static void add_feed(
    struct status *s, struct status_day *day, const struct tally_feed *from)
{
	struct status_feed *feed = feed_of(s, from->name, from->mta);

	feed->was_read = true;
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		feed->counters[i] += from->counters[i];
	}
	/* the newest mark stands in one of the days, not in each */
	if (from->read.pos >= feed->read.pos) {
		feed->read = from->read;
	}
	day->late += from->counters[COUNTER_LATE];
}

static void add_tally(
    struct status *s, struct status_day *day, struct tally *tally)
{
	struct tally_fact fact;
	struct tally_feed feed;
	struct tally_info info;
	struct policy policy;
	uint64_t cursor = 0;

	while (tally_next_fact(tally, &cursor, &fact) == 1) {
		day->facts++;
		day->sessions += fact.count;
	}
	cursor = 0;
	while (tally_next_feed(tally, &cursor, &feed) == 1) {
		add_feed(s, day, &feed);
	}
	/* read for their damage only */
	cursor = 0;
	while (tally_next_policy(tally, &cursor, &policy) == 1) {
	}
	tally_info(tally, &info);
	day->sealed = info.sealed;
	day->size = info.size;
	day->damaged = info.damaged + info.damaged_feeds;
}

static void gather_day(struct status *s, struct status_day *day, int64_t t)
{
	char path[PATH_BUF];
	struct tally *tally = NULL;

	*day = (struct status_day){ .day = t };
	(void)store_path(s->tool->state, t, path, sizeof(path));
	day->error = tally_open(path, &tally);
	if (day->error == 0) {
		add_tally(s, day, tally);
		tally_close(tally);
	}
}

int status_gather(const struct tool *tool, struct status *out)
{
	int64_t *days = NULL;
	unsigned n = 0;
	int rc;

	*out = (struct status){ .tool = tool };
	gather_configured(out);
	rc = store_days(tool->state, &days, &n);
	if (rc == -ENOENT) {
		return 0;
	}
	if (rc != 0) {
		return rc;
	}
	out->days = xcalloc(n, sizeof(*out->days));
	out->n_days = n;
	for (unsigned i = 0; i < n; i++) {
		gather_day(out, &out->days[i], days[i]);
	}
	free(days);
	return 0;
}

bool status_is_wrong(const struct status *s)
{
	for (size_t i = 0; i < s->n_advice; i++) {
		if (s->advice[i].is_wrong) {
			return true;
		}
	}
	return false;
}

void status_release(struct status *s)
{
	for (size_t i = 0; i < s->n_advice; i++) {
		free(s->advice[i].text);
	}
	free(s->advice);
	free(s->days);
	free(s->feeds);
	*s = (struct status){ 0 };
}
