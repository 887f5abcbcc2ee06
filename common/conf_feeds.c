/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_feeds.c - what must hold of the feeds of a configuration
 *
 * The lines of one MTA must reach us once, or its sessions count twice; and a
 * feed is known by its name, in the tallies too.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/conf_feeds.h"

enum {
	TEXT_BUF = 256,
	NAME_MAX_LEN = 63, /* of a feed, in the tallies */
};

static bool is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Beside a log, the socket is a feed NAME.socket: feeds_source.c */
static bool has_two(const struct conf_feed *f)
{
	return f->socket != NULL && (f->file != NULL || f->journal != NULL);
}

/* Is b the name of the other feed of a? */
static bool is_socket_of(const struct conf_feed *a, const char *b)
{
	size_t len = a->name != NULL && b != NULL ? strlen(a->name) : 0;

	return len > 0 && has_two(a) && strncmp(a->name, b, len) == 0 &&
	    strcmp(b + len, CONF_SOCKET_SUFFIX) == 0;
}

static void check_socket_name(
    const struct conf *c, unsigned number, conf_entry_fn fn, void *ctx)
{
	const struct conf_feed *feed = &c->feed[number];
	char text[TEXT_BUF];

	if (has_two(feed) && feed->name != NULL &&
	    strlen(feed->name) + strlen(CONF_SOCKET_SUFFIX) > NAME_MAX_LEN) {
		fn(ctx, number,
		    "a name of more than 56 characters of a feed with a log "
		    "and a socket, expected a shorter one");
	}
	for (unsigned i = 0; i < number; i++) {
		const struct conf_feed *other = &c->feed[i];

		if (is_socket_of(other, feed->name) ||
		    is_socket_of(feed, other->name)) {
			(void)snprintf(text, sizeof(text),
			    "two feeds named \"%s\", which is the name of "
			    "the other's socket, expected a name of its own",
			    is_socket_of(other, feed->name) ? feed->name :
							      other->name);
			fn(ctx, i, text);
			return;
		}
	}
}

/* A day's file has room for so many. */
static void check_number(
    const struct conf *c, unsigned number, conf_entry_fn fn, void *ctx)
{
	unsigned n = 0;

	for (unsigned i = 0; i < number; i++) {
		n += has_two(&c->feed[i]) ? 2 : 1;
	}
	if (n <= CONF_FEEDS &&
	    n + (has_two(&c->feed[number]) ? 2 : 1) > CONF_FEEDS) {
		fn(ctx, number,
		    "more than 32 logs and sockets, expected fewer");
	}
}

static void check_name(
    const struct conf *c, unsigned number, conf_entry_fn fn, void *ctx)
{
	char text[TEXT_BUF];

	for (unsigned i = 0; i < number; i++) {
		if (is_same(c->feed[i].name, c->feed[number].name)) {
			(void)snprintf(text, sizeof(text),
			    "two feeds named \"%s\", expected a name of its "
			    "own",
			    c->feed[i].name);
			fn(ctx, i, text);
			return;
		}
	}
}

/* Which source do two feeds share? NULL: none. */
static const char *shared(const struct conf_feed *a, const struct conf_feed *b)
{
	if (is_same(a->socket, b->socket)) {
		return "socket";
	}
	if (!is_same(a->mta, b->mta)) {
		return NULL; /* several MTAs may log to one file */
	}
	return is_same(a->file, b->file)    ? "file" :
	    is_same(a->journal, b->journal) ? "journal" :
					      NULL;
}

static void check_source(
    const struct conf *c, unsigned number, conf_entry_fn fn, void *ctx)
{
	const struct conf_feed *feed = &c->feed[number];
	char text[TEXT_BUF];

	if (feed->file != NULL && feed->journal != NULL) {
		fn(ctx, number,
		    "a feed with file and journal, expected one of them");
	}
	if (feed->socket != NULL && feed->mta != NULL &&
	    strcmp(feed->mta, "postfix") != 0) {
		fn(ctx, number,
		    "a feed with a socket that is none of postfix, expected "
		    "a log");
	}
	for (unsigned i = 0; i < number; i++) {
		const char *what = shared(&c->feed[i], feed);

		if (what != NULL) {
			(void)snprintf(text, sizeof(text),
			    "two feeds of %s with one %s, expected a %s of "
			    "its own",
			    feed->mta, what, what);
			fn(ctx, i, text);
			return;
		}
	}
}

void conf_feeds_check(
    const struct conf *c, unsigned i, conf_entry_fn fn, void *ctx)
{
	check_name(c, i, fn, ctx);
	check_socket_name(c, i, fn, ctx);
	check_number(c, i, fn, ctx);
	check_source(c, i, fn, ctx);
}
