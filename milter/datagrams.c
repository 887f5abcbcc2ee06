/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * datagrams.c - from the datagrams of Postfix into the store
 *
 * Datagrams cannot be read again, so the numbers of their events need only
 * rise: they go on behind the last one that any day file has seen.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/postfix_datagram.h"
#include "common/tally.h"
#include "milter/datagrams.h"

enum {
	PATH_BUF = 4096,
	/* events of one datagram: a session and its counter for each policy,
	   and what is counted of the datagram itself */
	EVENTS = 2 * POSTFIX_DATAGRAM_POLICIES + 4
};

struct datagrams {
	struct datagrams_options o;
	struct store *store;
	struct arena *arena;
	uint64_t pos;        /* number of the last event */
	uint64_t pending;    /* datagrams that are not committed */
	uint64_t n_kept;     /* invalid ones, since the start */
	uint64_t left;       /* bytes that the last poll left in the ring */
	bool keeping_failed; /* it was said */
};

/* The last event that a day's file has seen of the feed. */
static int applied_in(const char *path, const char *name, uint64_t *max)
{
	struct tally_feed feed;
	struct tally *t;
	uint64_t cursor = 0;
	int rc = tally_open(path, &t);

	while (rc == 0 && tally_next_feed(t, &cursor, &feed) == 1) {
		if (strcmp(feed.name, name) == 0 && feed.applied > *max) {
			*max = feed.applied;
		}
	}
	if (rc == 0) {
		tally_close(t);
	}
	return rc == -ENOENT ? 0 : rc;
}

static int find_last_event(struct datagrams *d)
{
	int64_t *days = NULL;
	unsigned n = 0;
	int rc = store_days(d->o.state, &days, &n);

	for (unsigned i = 0; i < n && rc == 0; i++) {
		char path[PATH_BUF];

		(void)store_path(d->o.state, days[i], path, sizeof(path));
		rc = applied_in(path, d->o.name, &d->pos);
	}
	free(days);
	return rc;
}

int datagrams_open(struct store *store, const struct datagrams_options *o,
    struct datagrams **out)
{
	struct datagrams *d = xcalloc(1, sizeof(*d));
	struct mark rescan;
	struct mark read;
	int rc;

	*out = NULL;
	d->o = *o;
	d->store = store;
	rc = store_feed(store, o->name, o->mta, &rescan, &read);
	if (rc == 0) {
		rc = find_last_event(d);
	}
	if (rc != 0) {
		free(d);
		return rc;
	}
	d->arena = arena_new();
	*out = d;
	return 0;
}

void datagrams_close(struct datagrams *d)
{
	if (d != NULL) {
		ring_note_lost(d->o.ring, d->pending);
		arena_free(d->arena);
		free(d);
	}
}

static int bump(struct datagrams *d, int64_t now, enum counter c, uint64_t n)
{
	return n == 0 ? 0 : store_bump(d->store, now, ++d->pos, c, n);
}

static int commit(struct datagrams *d)
{
	int rc = store_commit(d->store, NULL, NULL, false);

	if (rc == 0) {
		d->pending = 0;
	}
	return rc;
}

/*
 * The marks only tell how far we are. They may be in another day's file, so
 * they come by themselves: where they fail, the datagrams are counted.
 */
static int commit_all(struct datagrams *d, int64_t now)
{
	const struct mark mark = { .pos = d->pos, .t = now };
	int rc = commit(d);

	return rc == 0 ? store_commit(d->store, &mark, &mark, false) : rc;
}

/* --- what is no datagram of the protocol ---------------------------------- */

/* A new file in any case: what has its name is none that we follow. */
static bool write_file(int folder, const char *name, struct view text)
{
	bool is_good;
	int fd;

	(void)unlinkat(folder, name, 0);
	fd = openat(folder, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	is_good = fd >= 0 && write(fd, text.s, text.len) == (ssize_t)text.len;
	if (fd >= 0) {
		is_good = close(fd) == 0 && is_good;
	}
	return is_good;
}

/* STATE/invalid; -1: it cannot be had. */
static int open_folder(const struct datagrams *d)
{
	char path[PATH_BUF];
	int n = snprintf(path, sizeof(path), "%s/invalid", d->o.state);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	(void)mkdir(path, 0750);
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Keeps one to be looked at: STATE/invalid/NAME.NUMBER. */
static void keep(struct datagrams *d, struct view text)
{
	char name[TALLY_FEED_NAME + 24];
	bool is_good = false;
	int folder;

	if (d->o.keep_invalid == 0) {
		return;
	}
	(void)snprintf(name, sizeof(name), "%s.%llu", d->o.name,
	    (unsigned long long)(d->n_kept % d->o.keep_invalid));
	d->n_kept++;
	folder = open_folder(d);
	if (folder >= 0) {
		is_good = write_file(folder, name, text);
	}
	if (!is_good && !d->keeping_failed) {
		log_warn("cannot keep an invalid datagram "
			 "file=%s/invalid/%s error=\"%s\"",
		    d->o.state, name, strerror(errno));
		d->keeping_failed = true;
	}
	if (folder >= 0) {
		(void)close(folder);
	}
}

/* --- one datagram --------------------------------------------------------- */

/* Its policy, as far as there is room for it. */
static int take_policy(
    struct datagrams *d, struct postfix_reported *r, int64_t now)
{
	int rc;

	if (r->policy.content.len == 0) {
		return 0;
	}
	rc = store_policy(d->store, now, &r->policy);
	if (rc == ERR_FULL || rc == ERR_SEALED || rc == ERR_TOO_LONG) {
		return 0; /* the session counts without it */
	}
	if (rc == 0) {
		memcpy(r->fact.policy, r->policy.hash, sizeof(r->fact.policy));
	}
	return rc;
}

static int take_reported(
    struct datagrams *d, struct postfix_reported *r, int64_t now)
{
	int rc = take_policy(d, r, now);

	if (rc == 0 && r->policy.content.len == 0 && d->o.policy != NULL) {
		rc = d->o.policy(d->o.policy_ctx, d->store, now, &r->fact);
	}
	if (rc == 0 && !d->o.only_policies) {
		rc = store_session(d->store, now, ++d->pos, &r->fact);
		if (rc == 0) {
			rc = bump(d, now, COUNTER_SESSIONS, 1);
		}
	}
	return rc;
}

static int take(struct datagrams *d, struct view text, int64_t now)
{
	struct postfix_datagram datagram;
	int rc = 0;
	int bad;

	d->pending++;
	arena_reset(d->arena);
	bad = postfix_datagram_parse(text, now, d->arena, &datagram);
	if (bad == ERR_LITERAL) {
		return bump(d, now, COUNTER_LITERAL, 1);
	}
	if (bad != 0) {
		keep(d, text);
		return bump(d, now, COUNTER_BAD_DATAGRAM, 1);
	}
	for (size_t i = 0; i < datagram.n && rc == 0; i++) {
		rc = take_reported(d, &datagram.reported[i], now);
	}
	return rc;
}

/* What never came to us, or did not live to be counted. */
static int count_losses(struct datagrams *d, int64_t now)
{
	struct ring_losses lost;
	uint64_t n;
	int rc;

	ring_losses(d->o.ring, &lost);
	n = lost.full + lost.oversized + lost.later;
	rc = bump(d, now, COUNTER_DATAGRAM_LOST, n);
	if (rc == 0) {
		d->pending += n;
	} else {
		ring_note_lost(d->o.ring, n);
	}
	return rc;
}

/*
 * Counts the datagram that is next in the ring. Where not even the first count
 * of it goes, it stays there.
 */
static int take_next(struct datagrams *d, struct view text, int64_t now)
{
	int rc = 0;

	if (store_batch_room(d->store) < EVENTS) {
		rc = commit(d);
	}
	rc = rc == 0 ? bump(d, now, COUNTER_DATAGRAMS, 1) : rc;
	if (rc == 0) {
		rc = take(d, text, now);
		ring_drop(d->o.ring);
	}
	return rc;
}

/* So many are counted by this poll. */
static int64_t how_many(const struct datagrams *d)
{
	uint64_t used = ring_used(d->o.ring);

	if (ring_is_filling(d->o.ring)) {
		return DATAGRAMS_AT_ONCE;
	}
	return used > d->left && used - d->left > DATAGRAMS_BURST_B ?
	    0 :
	    DATAGRAMS_GENTLY;
}

int64_t datagrams_poll(struct datagrams *d, int64_t now)
{
	const int64_t max = how_many(d);
	struct view text;
	int64_t n = 0;
	int rc;

	store_use(d->store, d->o.name);
	rc = count_losses(d, now);
	while (rc == 0 && n < max && ring_next(d->o.ring, &text)) {
		rc = take_next(d, text, now);
		n++;
	}
	if (rc == 0 && d->pending > 0) {
		rc = commit_all(d, now);
	}
	d->left = ring_used(d->o.ring);
	ring_ask(d->o.ring);
	return rc != 0 ? rc : n;
}
