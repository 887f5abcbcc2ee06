/* SPDX-License-Identifier: BSD-2-Clause */
/* status.c - what an installation holds */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/mem.h"
#include "common/store.h"
#include "common/suppress.h"
#include "tool/status.h"

enum {
	PATH_BUF = 4096,
	DAEMON_WAIT_S = 5, /* for its answer */
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

/* Beside a log, the datagrams of a socket are a feed of their own. */
static void gather_socket(struct status *s, const struct conf_feed *conf)
{
	bool has_log = conf->file != NULL || conf->journal != NULL;
	char name[TALLY_FEED_NAME];
	struct status_feed *feed;

	(void)snprintf(name, sizeof(name), "%s%s", conf->name,
	    has_log ? CONF_SOCKET_SUFFIX : "");
	feed = feed_of(s, name, conf->mta);
	feed->socket = conf->socket;
	feed->is_configured = true;
}

static void gather_configured(struct status *s)
{
	const struct conf *c = &s->tool->conf;

	for (unsigned i = 0; i < c->n_feeds; i++) {
		struct status_feed *feed =
		    feed_of(s, c->feed[i].name, c->feed[i].mta);

		feed->file = c->feed[i].file;
		feed->journal = c->feed[i].journal;
		feed->is_configured = true;
		if (c->feed[i].socket != NULL) {
			gather_socket(s, &c->feed[i]);
		}
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

/* What the log did not tell of a fact's sessions. */
static void add_untold(struct status *s, const struct tally_fact *tf)
{
	const struct fact *fact = &tf->fact;

	for (size_t i = 0; i < s->n_feeds && fact->tls == FACT_TLS_OK; i++) {
		if (view_is(fact->feed, s->feeds[i].name)) {
			s->feeds[i].no_name +=
			    fact->name == FACT_NAME_UNKNOWN ? tf->count : 0;
			s->feeds[i].no_chain +=
			    fact->chain == FACT_CHAIN_BAD ? tf->count : 0;
		}
	}
}

static void add_tally(
    struct status *s, struct status_day *day, struct tally *tally)
{
	struct tally_fact fact;
	struct tally_feed feed;
	struct tally_info info;
	struct policy policy;
	uint64_t cursor = 0;

	while (tally_next_feed(tally, &cursor, &feed) == 1) {
		add_feed(s, day, &feed);
	}
	cursor = 0;
	while (tally_next_fact(tally, &cursor, &fact) == 1) {
		day->facts++;
		day->sessions += fact.count;
		add_untold(s, &fact);
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

static bool take_live(void *ctx, const struct live *l)
{
	struct status *s = ctx;

	if (l->kind == LIVE_DAEMON) {
		s->daemon = l->u.daemon;
		s->is_running = strcmp(s->daemon.state, s->tool->state) == 0;
		return s->is_running; /* else it is about another state */
	}
	for (size_t i = 0; l->kind == LIVE_FEED && i < s->n_feeds; i++) {
		if (strcmp(s->feeds[i].name, l->u.feed.name) == 0) {
			s->feeds[i].is_live = true;
			s->feeds[i].live = l->u.feed;
		}
	}
	return true;
}

void status_ask_daemon(struct status *s)
{
	const struct live request = { .kind = LIVE_ASK_STATUS };

	s->daemon_error = control_ask(
	    s->tool->conf.run, &request, NULL, DAEMON_WAIT_S, take_live, s);
}

static void gather_notes(struct status *s)
{
	struct noted *n = NULL;

	s->notes_error = noted_open(s->tool->state, false, &n);
	s->has_notes = s->notes_error == 0;
	for (int c = 0; s->has_notes && c < NOTED_COUNTERS; c++) {
		s->notes[c] = noted_get(n, (enum noted_counter)c);
	}
	noted_close(n);
}

static int gather_suppressed(struct status *s, struct ledger *l)
{
	struct suppress_entry e = { .domain = "" };
	bool found = true;
	int rc = 0;

	while (rc == 0 && found) {
		rc = suppress_next(l, &e, &found);
		s->suppressed += rc == 0 && found && s->tool->now < e.until;
	}
	return rc;
}

static int gather_outbox(struct status *s, struct ledger *l)
{
	int rc = outbox_count(l, s->tool->now, &s->outbox);

	rc = rc == 0 ? outbox_enabled(l, &s->outbox_since) : rc;
	rc = rc == 0 ? gather_suppressed(s, l) : rc;
	s->has_outbox = rc == 0;
	return rc;
}

/* What became of the days' reports. */
static void gather_reports(struct status *s)
{
	struct ledger *l = NULL;
	char path[PATH_BUF];

	(void)snprintf(
	    path, sizeof(path), "%s/outbox/ledger.sqlite", s->tool->state);
	s->ledger_error = ledger_open_read(path, &l);
	for (size_t i = 0; s->ledger_error == 0 && i < s->n_days; i++) {
		s->ledger_error =
		    ledger_day(l, s->days[i].day, &s->days[i].reports);
	}
	if (s->ledger_error == 0) {
		s->ledger_error = gather_outbox(s, l);
	}
	ledger_close(l);
}

/* What a socket gets that is made now; the daemon's may be older. */
static uint64_t queue_max(void)
{
	FILE *f = fopen("/proc/sys/net/unix/max_dgram_qlen", "re");
	char text[32] = "";
	uint64_t n;

	if (f == NULL) {
		return 0;
	}
	n = fgets(text, sizeof(text), f) != NULL ? strtoull(text, NULL, 10) : 0;
	(void)fclose(f);
	return n;
}

int status_gather(const struct tool *tool, struct status *out)
{
	int64_t *days = NULL;
	unsigned n = 0;
	int rc;

	*out = (struct status){ .tool = tool, .queue_max = queue_max() };
	gather_configured(out);
	gather_notes(out);
	rc = store_days(tool->state, &days, &n);
	if (rc != 0 && rc != -ENOENT) {
		return rc;
	}
	out->days = xcalloc(n, sizeof(*out->days));
	out->n_days = n;
	for (unsigned i = 0; i < n; i++) {
		gather_day(out, &out->days[i], days[i]);
	}
	free(days);
	gather_reports(out);
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
