/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feeds.c - all feeds of the daemon, and the store that they count in
 *
 * An error of the store takes all feeds with it, since what was not committed
 * is lost from memory: they begin again at their marks, and the logs still
 * have it. An error of one log concerns its feed alone.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/envelope.h"
#include "common/err.h"
#include "common/feed.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/noted.h"
#include "milter/feeds_private.h"

static bool on_progress(
    void *ctx, const char *path, uint64_t done, uint64_t size)
{
	struct feeds_one *one = ctx;

	(void)path;
	(void)done;
	(void)size;
	return one->all->o.breathe == NULL ||
	    one->all->o.breathe(one->all->o.ctx);
}

void feeds_options_of(
    struct feeds *f, const struct conf_feed *conf, struct feed_options *o)
{
	*o = (struct feed_options){
		.name = conf->name,
		.type = mta_find(conf->mta),
		.idents = (const char *const *)conf->idents,
		.own_senders = f->own_senders,
		.delimiter = envelope_delimiter(f->o.conf),
		.has_callouts = conf->callouts,
		.has_bare_addresses = conf->bare_addresses,
	};
	o->policy = feeds_policy;
	o->policy_ctx = f;
	if (f->o.noted != NULL) {
		o->noted = noted_on_find;
		o->noted_alias = noted_on_alias;
		o->note_own = noted_on_own;
		o->noted_ctx = f->o.noted;
	}
}

void feeds_close_all(struct feeds *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		feeds_source_close(&f->one[i]);
	}
	store_close(f->store);
	f->store = NULL;
}

static int open_store(struct feeds *f)
{
	const struct store_limits limits = {
		.facts = f->o.conf->tally.facts,
		.facts_per_domain = f->o.conf->tally.facts_per_domain,
	};

	f->is_recalled = false;
	return store_open(f->o.state, &limits, &f->store);
}

static struct feeds_one *add(
    struct feeds *f, const struct conf_feed *conf, const char *more)
{
	struct feeds_one *one = &f->one[f->n++];

	one->all = f;
	one->conf = conf;
	/* a name that is cut is refused by the store, and that is said */
	(void)snprintf(one->name, sizeof(one->name), "%s%s", conf->name, more);
	return one;
}

/*
 * Where a feed has a log and a socket, the log counts; the socket's datagrams
 * tell the policies, and are a feed beside it.
 */
static void add_sources(struct feeds *f, unsigned number)
{
	const struct conf_feed *conf = &f->o.conf->feed[number];
	bool has_log = conf->file != NULL || conf->journal != NULL;

	if (has_log) {
		(void)add(f, conf, "");
	}
	if (conf->socket != NULL) {
		add(f, conf, has_log ? CONF_SOCKET_SUFFIX : "")->ring =
		    f->o.rings[number];
	}
}

int feeds_open(const struct feeds_options *o, struct feeds **out)
{
	struct feeds *f = xcalloc(1, sizeof(*f));
	int rc;

	*out = NULL;
	f->o = *o;
	f->clock = o->clock != NULL ? o->clock : &f->own_clock;
	f->own_senders[0] = o->conf->envelope_from;
	for (unsigned i = 0; i < o->conf->n_feeds; i++) {
		add_sources(f, i);
	}
	rc = open_store(f);
	if (rc != 0) {
		free(f);
		return rc;
	}
	*out = f;
	return 0;
}

void feeds_close(struct feeds *f)
{
	if (f == NULL) {
		return;
	}
	if (f->store != NULL) {
		(void)store_commit(f->store, NULL, NULL, true);
	}
	feeds_close_all(f);
	free(f->sealed);
	free(f);
}

/* An error is said when it is new, and kept. */
static void note_error(
    struct feeds_one *one, int rc, const char *path, int64_t now)
{
	char text[LIVE_TEXT];
	struct strbuf b;

	strbuf_init(&b, sizeof(text) - 1);
	strbuf_addf(&b, "%s: %s", path, err_text(rc));
	live_set(text, view_make(strbuf_str(&b), b.len));
	strbuf_release(&b);
	if (!one->has_error || strcmp(text, one->error) != 0) {
		log_error("cannot count feed=%s error=\"%s\" retry-in=%ds",
		    one->name, text, FEEDS_RETRY_S);
	}
	memcpy(one->error, text, sizeof(text));
	one->error_t = now;
	one->has_error = true;
	one->due = now + FEEDS_RETRY_S;
}

static void note_well(struct feeds_one *one)
{
	if (one->has_error) {
		log_info("counting goes on feed=%s", one->name);
		one->has_error = false;
	}
}

/* A clock that was set back must not make a pause longer. */
static bool is_due(int64_t due, int64_t now)
{
	return now >= due || due - now > FEEDS_RETRY_S;
}

/*
 * What an error of one feed means. Where the store is broken all feeds are
 * closed, and begin again.
 */
static void failed(struct feeds_one *one, int rc, int64_t now)
{
	struct feeds *f = one->all;
	const char *path = store_error_path(f->store);

	if (rc == ERR_STOPPED) {
		feeds_source_close(one); /* we are about to end */
		return;
	}
	if (path[0] != '\0') {
		note_error(one, rc, path, now);
		feeds_close_all(f);
		f->due = now + FEEDS_RETRY_S;
		return;
	}
	note_error(one, rc,
	    one->feed != NULL ? feed_error_path(one->feed) :
				feeds_source_name(one),
	    now);
}

static int open_feed(struct feeds_one *one, int64_t now)
{
	struct feed_options o;
	int rc;

	if (one->ring != NULL) {
		return feeds_source_open(one, now);
	}
	feeds_options_of(one->all, one->conf, &o);
	o.now = now;
	o.bounces = one->all->o.bounces;
	o.bounced = one->all->o.bounced;
	o.bounced_ctx = one->all->o.ctx;
	o.progress = on_progress;
	o.ctx = one;
	rc = feed_open(one->all->store, &o, &one->feed);
	if (rc == 0) {
		rc = feeds_source_open(one, now);
	}
	return rc;
}

static void open_one(struct feeds_one *one, int64_t now)
{
	int rc = open_feed(one, now);

	if (rc == 0) {
		return; /* whether all is well, the first poll tells */
	}
	/* what changes just now is looked at again at the next turn */
	if (rc != ERR_TEMP) {
		failed(one, rc, now);
	}
	feeds_source_close(one);
}

static void poll_one(struct feeds_one *one, int64_t now)
{
	int64_t n;

	if (!feeds_source_is_open(one) && is_due(one->due, now)) {
		open_one(one, now);
	}
	if (!feeds_source_is_open(one)) {
		return;
	}
	n = feeds_source_poll(one, now);
	if (n == ERR_TEMP) {
		feeds_source_close(one);
	} else if (n < 0) {
		failed(one, (int)n, now);
	} else {
		note_well(one);
	}
	one->all->is_dirty = one->all->is_dirty || n > 0;
}

static void open_again(struct feeds *f, int64_t now)
{
	int rc = is_due(f->due, now) ? open_store(f) : ERR_TEMP;

	if (rc == 0 || rc == ERR_TEMP) {
		return;
	}
	for (unsigned i = 0; i < f->n; i++) {
		note_error(&f->one[i], rc, f->o.state, now);
	}
	f->due = now + FEEDS_RETRY_S;
}

static void sync_if_due(struct feeds *f, int64_t now)
{
	if (!f->is_dirty ||
	    (now - f->synced < FEEDS_SYNC_S && now >= f->synced)) {
		return;
	}
	f->synced = now;
	f->is_dirty = false;
	if (f->store != NULL && store_commit(f->store, NULL, NULL, true) != 0) {
		log_error("cannot write file=%s", store_error_path(f->store));
		feeds_close_all(f);
		f->due = now + FEEDS_RETRY_S;
	}
}

void feeds_poll(struct feeds *f, int64_t now)
{
	f->now = now;
	if (f->store == NULL) {
		open_again(f, now);
	}
	for (unsigned i = 0; i < f->n && f->store != NULL; i++) {
		poll_one(&f->one[i], now);
	}
	if (f->o.policies != NULL && !f->is_recalled && f->store != NULL) {
		feeds_recall(f);
	}
	sync_if_due(f, now);
}

void feeds_drain(struct feeds *f, int64_t now)
{
	f->now = now;
	for (unsigned i = 0; i < f->n && f->store != NULL; i++) {
		struct feeds_one *one = &f->one[i];
		int64_t n = 0;

		while (one->datagrams != NULL && n >= 0 &&
		    !ring_is_empty(one->ring)) {
			n = datagrams_poll(one->datagrams, now);
		}
		if (n < 0) {
			failed(one, (int)n, now);
		}
	}
}

bool feeds_live(
    const struct feeds *f, unsigned i, int64_t now, struct live_feed *out)
{
	const struct feeds_one *one = &f->one[i];
	struct feed_result result;

	if (i >= f->n) {
		return false;
	}
	*out = (struct live_feed){ .error_t = one->error_t,
		.has_error = one->has_error };
	live_set(out->name, view_of(one->name));
	live_set(out->source, view_of(feeds_source_name(one)));
	live_set(out->error, view_of(one->error));
	if (!feeds_source_is_open(one)) {
		return true;
	}
	out->is_open = true;
	out->is_at_end = feeds_source_is_at_end(one);
	feeds_source_lag(one, now, out);
	if (one->feed != NULL) {
		feed_result(one->feed, &result);
		out->open_sessions = result.open;
	}
	return true;
}
