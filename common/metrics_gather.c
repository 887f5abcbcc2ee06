/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics_gather.c - reads the numbers that a monitoring system wants */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/store.h"
#include "common/suppress.h"

enum {
	PATH_BUF = 4096,
	DAEMON_WAIT_S = 5 /* for its answer */
};

/* --- feeds --- */

/* The place of a feed in the list, to which it is added. */
static size_t feed_of(struct metrics *m, const char *name, const char *mta)
{
	struct metrics_feed *feed;

	for (size_t i = 0; i < m->n_feeds; i++) {
		if (strcmp(m->feeds[i].name, name) == 0) {
			return i;
		}
	}
	m->feeds = xrealloc_array(m->feeds, m->n_feeds + 1, sizeof(*feed));
	feed = &m->feeds[m->n_feeds];
	*feed = (struct metrics_feed){ 0 };
	(void)snprintf(feed->name, sizeof(feed->name), "%s", name);
	(void)snprintf(feed->mta, sizeof(feed->mta), "%s", mta);
	return m->n_feeds++;
}

/* One that never told anything is to be seen, too. */
static void add_configured(struct metrics *m, const struct conf *c)
{
	for (unsigned i = 0; i < c->n_feeds; i++) {
		const struct conf_feed *feed = &c->feed[i];
		bool has_log = feed->file != NULL || feed->journal != NULL;
		char name[TALLY_FEED_NAME];

		if (has_log || feed->socket == NULL) {
			(void)feed_of(m, feed->name, feed->mta);
		}
		if (feed->socket != NULL) {
			(void)snprintf(name, sizeof(name), "%s%s", feed->name,
			    has_log ? CONF_SOCKET_SUFFIX : "");
			(void)feed_of(m, name, feed->mta);
		}
	}
}

static void add_feed(
    struct metrics *m, struct metrics_day *day, const struct tally_feed *from)
{
	struct metrics_counts *counts;
	size_t place = feed_of(m, from->name, from->mta);

	/* the newest mark stands in one of the days, not in each */
	if (from->read.pos >= m->feeds[place].read.pos) {
		m->feeds[place].read = from->read;
	}
	day->counts =
	    xrealloc_array(day->counts, day->n_counts + 1, sizeof(*counts));
	counts = &day->counts[day->n_counts++];
	counts->feed = place;
	memcpy(counts->n, from->counters, sizeof(counts->n));
}

/* What the daemon is asked for; one on another state is none. */
struct asked {
	struct metrics *m;
	const char *state;
};

static bool take_live(void *ctx, const struct live *l)
{
	const struct asked *asked = ctx;
	struct metrics *m = asked->m;

	if (l->kind == LIVE_DAEMON) {
		m->is_running = strcmp(l->u.daemon.state, asked->state) == 0;
		return m->is_running;
	}
	for (size_t i = 0; l->kind == LIVE_FEED && i < m->n_feeds; i++) {
		if (strcmp(m->feeds[i].name, l->u.feed.name) == 0) {
			m->feeds[i].is_live = true;
			m->feeds[i].live = l->u.feed;
		}
	}
	return true;
}

static void ask_daemon(
    struct metrics *m, const struct conf *conf, const char *state)
{
	const struct live request = { .kind = LIVE_ASK_STATUS };
	struct asked asked = { m, state };

	(void)control_ask(
	    conf->run, &request, NULL, DAEMON_WAIT_S, take_live, &asked);
}

/* --- days --- */

static void add_tally(
    struct metrics *m, struct metrics_day *day, struct tally *tally)
{
	struct tally_fact fact;
	struct tally_feed feed;
	struct tally_info info;
	struct policy policy;
	uint64_t cursor = 0;

	while (tally_next_feed(tally, &cursor, &feed) == 1) {
		add_feed(m, day, &feed);
	}
	cursor = 0;
	while (tally_next_fact(tally, &cursor, &fact) == 1) {
		day->facts++;
		day->sessions[fact.fact.tls] += fact.count;
	}
	/* read for their damage only */
	cursor = 0;
	while (tally_next_policy(tally, &cursor, &policy) == 1) {
	}
	tally_info(tally, &info);
	day->is_readable = true;
	day->is_sealed = info.sealed != 0;
	day->damaged = info.damaged + info.damaged_feeds;
}

static void gather_day(struct metrics *m, const char *state, int64_t t)
{
	struct metrics_day *day = &m->days[m->n_days++];
	struct tally *tally = NULL;
	char path[PATH_BUF];

	*day = (struct metrics_day){ .day = t };
	(void)store_path(state, t, path, sizeof(path));
	if (tally_open(path, &tally) == 0) {
		add_tally(m, day, tally);
		tally_close(tally);
	}
}

static int gather_days(struct metrics *m, const char *state)
{
	int64_t *days = NULL;
	unsigned n = 0;
	int rc = store_days(state, &days, &n);

	if (rc != 0) {
		return rc == -ENOENT ? 0 : rc; /* nothing was counted yet */
	}
	for (unsigned i = n > METRICS_DAYS ? n - METRICS_DAYS : 0; i < n; i++) {
		gather_day(m, state, days[i]);
	}
	free(days);
	return 0;
}

/* --- the ledger --- */

static int count_suppressed(struct metrics *m, struct ledger *l)
{
	struct suppress_entry entry = { .domain = "" };
	bool found = true;
	int rc = suppress_next(l, &entry, &found);

	while (rc == 0 && found) {
		m->suppressed += entry.until > m->now;
		rc = suppress_next(l, &entry, &found);
	}
	return rc;
}

static int gather_ledger(struct metrics *m, struct ledger *l)
{
	int64_t since = 0;
	int rc = outbox_count(l, m->now, &m->outbox);

	for (size_t i = 0; i < m->n_days && rc == 0; i++) {
		struct ledger_day day;

		rc = ledger_day(l, m->days[i].day, &day);
		m->days[i].unjudged = day.unjudged;
		if (rc == 0) {
			rc =
			    ledger_count(l, m->days[i].day, m->days[i].reports);
		}
	}
	if (rc == 0) {
		rc = count_suppressed(m, l);
	}
	if (rc == 0) {
		rc = outbox_enabled(l, &since);
	}
	m->is_enabled = since != 0;
	m->has_ledger = rc == 0;
	return rc;
}

int metrics_gather(const struct conf *conf, const char *state, struct ledger *l,
    int64_t now, struct metrics *out)
{
	int rc;

	*out = (struct metrics){ .now = now };
	add_configured(out, conf);
	rc = gather_days(out, state);
	ask_daemon(out, conf, state);
	if (rc == 0 && l != NULL) {
		rc = gather_ledger(out, l);
	}
	return rc;
}

void metrics_release(struct metrics *m)
{
	for (size_t i = 0; i < m->n_days; i++) {
		free(m->days[i].counts);
	}
	free(m->feeds);
	*m = (struct metrics){ 0 };
}
