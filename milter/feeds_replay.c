/* SPDX-License-Identifier: BSD-2-Clause */
/* feeds_replay.c - logs that "telltls replay" hands over to the daemon */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/err.h"
#include "common/when.h"
#include "milter/feeds_private.h"

/* The "path" of a file is its number in decimal. */
enum {
	NUMBER_BUF = 12
};

static unsigned number_of(const char *path)
{
	unsigned long long n = 0;

	(void)view_number(view_of(path), CONTROL_FILES, &n);
	return (unsigned)n;
}

static bool on_progress(
    void *ctx, const char *path, uint64_t done, uint64_t size)
{
	const struct feeds_replay *r = ctx;

	return r->progress == NULL ||
	    r->progress(r->ctx, number_of(path), done, size);
}

static int apply(struct feeds *f, const struct feed_options *o,
    const struct feeds_replay *r, struct live_result *result)
{
	char number[CONTROL_FILES][NUMBER_BUF];
	struct feed_file files[CONTROL_FILES];
	struct feed_result done;
	struct feed *feed = NULL;
	int rc = feed_open(f->store, o, &feed);

	for (unsigned i = 0; i < r->n_fds && i < CONTROL_FILES; i++) {
		(void)snprintf(number[i], NUMBER_BUF, "%u", i);
		files[i] = (struct feed_file){ number[i], r->fds[i] };
	}
	if (rc == 0) {
		rc = feed_read_open(feed, files, r->n_fds, false);
		live_set(result->path, view_of(feed_error_path(feed)));
		feed_result(feed, &done);
		result->lines = done.lines;
		result->sessions = done.sessions;
		result->open = done.open;
		result->was_known = done.was_known;
		result->was_new = done.was_new;
	}
	feed_close(feed);
	return rc;
}

/* The feed may be configured without a file to follow. */
static const struct conf_feed *find_conf(const struct conf *c, const char *name)
{
	for (unsigned i = 0; i < c->n_feeds; i++) {
		if (strcmp(c->feed[i].name, name) == 0) {
			return &c->feed[i];
		}
	}
	return NULL;
}

static struct feeds_one *find(struct feeds *f, const char *name)
{
	for (unsigned i = 0; i < f->n; i++) {
		if (strcmp(f->one[i].name, name) == 0) {
			return &f->one[i];
		}
	}
	return NULL;
}

/* A time that there is; what is asked for comes from another process. */
static bool is_time(int64_t t)
{
	return t >= 0 && t <= when_utc(9999, 12, 31, 0, 0, 0);
}

void feeds_replay(struct feeds *f, const struct feeds_replay *r, int64_t now,
    struct live_result *result)
{
	const struct conf_feed *known = find_conf(f->o.conf, r->name);
	struct conf_feed conf = { 0 };
	struct feeds_replay copy = *r;
	struct feeds_one *one = find(f, r->name);
	struct probe_table *probes = f->o.probes;
	struct feed_options o;

	*result = (struct live_result){ 0 };
	conf.name = copy.name;
	conf.mta = copy.mta;
	conf.idents = known != NULL ? known->idents : NULL;
	if (f->store == NULL || mta_find(copy.mta) == NULL ||
	    (known != NULL && strcmp(known->mta, copy.mta) != 0)) {
		result->code = f->store == NULL ? ERR_TEMP : ERR_CONFIG;
		return;
	}
	if (!is_time(r->until)) {
		result->code = ERR_PARSE;
		return;
	}
	/* it begins again behind these at its next turn */
	if (one != NULL) {
		feeds_source_close(one);
		one->due = now;
	}
	feeds_options_of(f, &conf, &o);
	o.now = now;
	o.until = r->until;
	o.progress = on_progress;
	o.ctx = &copy;
	f->o.probes = NULL; /* nothing is probed for what is replayed */
	result->code = apply(f, &o, &copy, result);
	f->o.probes = probes;
	if (store_error_path(f->store)[0] != '\0') {
		live_set(result->path, view_of(store_error_path(f->store)));
		feeds_close_all(f);
		f->due = now + FEEDS_RETRY_S;
	}
}
