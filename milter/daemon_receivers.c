/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon_receivers.c - the children that receive datagrams, one a socket */

#include "config.h"

#include <errno.h>
#include <grp.h>
#include <string.h>

#include "common/log.h"
#include "milter/daemon_private.h"
#include "milter/receiver.h"

enum {
	/* more than a million datagrams; taken is what bursts need */
	RING_B = 512 << 20,
	RING_LEAST_B = 32 << 20,
	SOCKET_MODE = 0660,
};

const char *daemon_receiver_group(const struct conf_feed *feed)
{
	return feed->group != NULL ? feed->group : "postfix";
}

static int run_receiver(void *ctx, int channel)
{
	const struct daemon_receiver *r = ctx;
	const struct conf_feed *feed = &r->daemon->conf.feed[r->number];
	const char *name = daemon_receiver_group(feed);
	const struct group *gr = getgrnam(name);
	const struct receiver_options o = {
		.path = feed->socket,
		.rights = { .has_group = gr != NULL,
		    .group = gr != NULL ? gr->gr_gid : 0,
		    .mode = SOCKET_MODE },
		.channel = channel,
		.ring = r->ring,
	};

	if (gr == NULL) {
		log_warn("group of a socket does not exist group=%s socket=%s",
		    name, feed->socket);
	}
	daemon_forbid_network();
	return receiver_run(&o) == 0 ? 0 : 1;
}

/* Something is in the ring: it is looked at soon, with all else. */
static void on_datagrams(void *ctx)
{
	struct daemon_receiver *r = ctx;

	ring_acknowledge(r->ring);
	daemon_look_soon(r->daemon);
}

static int start(struct daemon *d, unsigned number)
{
	struct daemon_receiver *r = &d->receiver[number];

	*r = (struct daemon_receiver){ .daemon = d, .number = number };
	/* a small system may have no room for the numbers of so many pages */
	for (size_t b = RING_B; b >= RING_LEAST_B && r->ring == NULL; b /= 2) {
		r->ring = ring_new(b);
	}
	if (r->ring == NULL) {
		log_error(
		    "no memory for datagrams error=\"%s\"", strerror(errno));
		return -ENOMEM;
	}
	d->rings[number] = r->ring;
	child_init(&r->child, "receiver", run_receiver, r);
	r->child.keep = ring_fd(r->ring); /* it wakes us */
	r->watch = loop_add_fd(d->loop, ring_fd(r->ring), on_datagrams, r);
	return 0;
}

int daemon_receivers_start(struct daemon *d)
{
	int rc = 0;

	for (unsigned i = 0; i < d->conf.n_feeds && rc == 0; i++) {
		if (d->conf.feed[i].socket != NULL) {
			rc = start(d, i);
		}
	}
	return rc;
}

void daemon_receivers_tick(struct daemon *d, int64_t now)
{
	for (unsigned i = 0; i < CONF_FEEDS; i++) {
		if (d->receiver[i].ring != NULL) {
			(void)child_tick(&d->receiver[i].child, now);
		}
	}
}

void daemon_receivers_reap(struct daemon *d, int64_t now)
{
	for (unsigned i = 0; i < CONF_FEEDS; i++) {
		if (d->receiver[i].ring != NULL) {
			(void)child_reap(&d->receiver[i].child, now);
		}
	}
}

void daemon_receivers_stop(struct daemon *d, unsigned limit_ms)
{
	for (unsigned i = 0; i < CONF_FEEDS; i++) {
		if (d->receiver[i].ring != NULL) {
			child_stop(&d->receiver[i].child);
			child_join(&d->receiver[i].child, limit_ms);
		}
	}
}

/* Nobody can count these any more. */
static void say_lost(const struct daemon_receiver *r)
{
	struct ring_losses lost;
	struct view packet;
	uint64_t n = 0;

	while (ring_next(r->ring, &packet)) {
		ring_drop(r->ring);
		n++;
	}
	ring_losses(r->ring, &lost);
	n += lost.full + lost.oversized + lost.later;
	if (n > 0) {
		log_warn("datagrams are lost, and not counted number=%llu",
		    (unsigned long long)n);
	}
}

void daemon_receivers_live(const struct daemon *d, struct live_feed *feed)
{
	for (unsigned i = 0; i < CONF_FEEDS; i++) {
		const struct daemon_receiver *r = &d->receiver[i];

		if (r->ring != NULL && r->child.pid == 0 &&
		    strcmp(d->conf.feed[i].socket, feed->source) == 0) {
			feed->is_open = false;
			feed->has_error = true;
			live_set(feed->error,
			    view_of("nobody receives at the socket: the log "
				    "of the daemon says why"));
		}
	}
}

void daemon_receivers_free(struct daemon *d)
{
	for (unsigned i = 0; i < CONF_FEEDS; i++) {
		if (d->receiver[i].ring != NULL) {
			say_lost(&d->receiver[i]);
		}
		loop_remove(d->receiver[i].watch);
		ring_free(d->receiver[i].ring);
		d->receiver[i] = (struct daemon_receiver){ 0 };
		d->rings[i] = NULL;
	}
}

bool daemon_receivers_differ(const struct conf *a, const struct conf *b)
{
	for (unsigned i = 0; i < CONF_FEEDS; i++) {
		if (!conf_is_same(a->feed[i].socket, b->feed[i].socket) ||
		    !conf_is_same(a->feed[i].group, b->feed[i].group)) {
			return true;
		}
	}
	return false;
}
