/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon_milter.c - the milter in a child, and what it notes of messages
 *
 * The child sends its notes without waiting for us. A note must be kept before
 * the log's lines of that message are read: so notes are taken first, always.
 */

#include "config.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>

#include "common/envelope.h"
#include "common/err.h"
#include "common/log.h"
#include "common/noted.h"
#include "milter/daemon_private.h"
#include "milter/filter.h"
#include "milter/note_keep.h"

enum {
	NOTES_AT_ONCE = 4096, /* then other things get their turn */
	SYNC_S = 10
};

/* --- the child ------------------------------------------------------------ */

static int run_milter(void *ctx, int channel)
{
	const struct daemon *d = ctx;
	const struct conf *c = &d->conf;
	const char *own_senders[] = { c->envelope_from, NULL };
	const struct group *gr =
	    c->milter.group != NULL ? getgrnam(c->milter.group) : NULL;
	const struct filter_options o = {
		.socket = c->milter.socket,
		.rights = { .has_group = gr != NULL,
		    .group = gr != NULL ? gr->gr_gid : 0,
		    .mode = (mode_t)c->milter.mode },
		.channel = channel,
		.own_senders = own_senders,
		.delimiter = envelope_delimiter(c),
	};

	if (c->milter.group != NULL && gr == NULL) {
		log_warn("group of the milter's socket does not exist group=%s",
		    c->milter.group);
	}
	if (!daemon_milter_needs_network(d)) {
		daemon_forbid_network();
	}
	return filter_run(&o) == 0 ? 0 : 1;
}

static bool is_wanted(const struct conf *c)
{
	return strcmp(c->milter.socket, CONF_MILTER_NONE) != 0;
}

void daemon_milter_init(struct daemon *d)
{
	child_init(&d->milter, "milter", run_milter, d);
	d->milter.is_wanted = is_wanted(&d->conf);
}

static void on_note(void *ctx)
{
	struct daemon *d = ctx;

	daemon_notes_drain(d);
	daemon_network_ask(d); /* before the message is on its way */
}

void daemon_milter_tick(struct daemon *d, int64_t now)
{
	if (child_tick(&d->milter, now)) {
		d->on_note =
		    loop_add_fd(d->loop, d->milter.channel, on_note, d);
		if (d->noted != NULL) {
			noted_bump(d->noted, NOTED_STARTS, 1);
		}
	}
	if (d->noted != NULL && d->has_new_notes &&
	    (now - d->noted_synced >= SYNC_S || now < d->noted_synced)) {
		d->noted_synced = now;
		d->has_new_notes = false;
		(void)noted_sync(d->noted);
	}
}

/* The channel is about to be closed: what is still in it is taken first. */
static void leave_channel(struct daemon *d)
{
	daemon_notes_drain(d);
	loop_remove(d->on_note);
	d->on_note = NULL;
}

void daemon_milter_reap(struct daemon *d, int64_t now)
{
	leave_channel(d);
	if (!child_reap(&d->milter, now) && d->milter.pid != 0) {
		d->on_note =
		    loop_add_fd(d->loop, d->milter.channel, on_note, d);
	}
}

void daemon_milter_stop(struct daemon *d, unsigned limit_ms)
{
	child_stop(&d->milter);
	/* its last word tells what it had to drop */
	child_await(&d->milter, limit_ms);
	leave_channel(d);
	child_join(&d->milter, limit_ms);
}

void daemon_milter_reload(struct daemon *d, const struct conf *old)
{
	const struct conf *c = &d->conf;

	if (conf_is_same(c->milter.socket, old->milter.socket) &&
	    conf_is_same(c->milter.group, old->milter.group) &&
	    conf_is_same(c->envelope_from, old->envelope_from) &&
	    c->recipient_delimiter == old->recipient_delimiter &&
	    c->milter.mode == old->milter.mode) {
		return;
	}
	daemon_warn_of_sandbox(d, daemon_milter_needs_network(d), "milter");
	if (is_wanted(c)) {
		child_restart(&d->milter);
	} else {
		child_stop(&d->milter);
	}
}

bool daemon_milter_needs_network(const struct daemon *d)
{
	return strncmp(d->conf.milter.socket, "inet", 4) == 0;
}

/* --- its notes ------------------------------------------------------------ */

int daemon_notes_open(struct daemon *d)
{
	int rc = noted_open(daemon_state(d, &d->conf), true, &d->noted);

	if (rc != 0 && rc != ERR_BUSY) {
		log_error("cannot keep what the milter notes state=%s "
			  "error=\"%s\"",
		    daemon_state(d, &d->conf), err_text(rc));
		return 0;
	}
	return rc;
}

/* The policies of its recipients will be needed when it is sent on. */
static void hint(struct daemon *d, const struct note *note)
{
	for (unsigned i = 0; i < note->n_domains && d->network.is_wanted; i++) {
		policy_table_hint(
		    d->policies, view_of(note->domain[i]), daemon_now());
	}
}

void daemon_notes_drain(struct daemon *d)
{
	struct note note;
	char buf[NOTE_MAX + 1]; /* one more shows that it is longer */

	if (d->milter.channel < 0) {
		return;
	}
	for (int i = 0; i < NOTES_AT_ONCE; i++) {
		ssize_t n =
		    recv(d->milter.channel, buf, sizeof(buf), MSG_DONTWAIT);

		if (n <= 0) {
			return;
		}
		if (d->noted != NULL) {
			if (note_keep(d->noted, buf, (size_t)n, &note) == 0) {
				hint(d, &note);
			}
			d->has_new_notes = true;
		}
	}
}

void daemon_notes_close(struct daemon *d)
{
	if (d->noted != NULL) {
		(void)noted_sync(d->noted);
		noted_close(d->noted);
		d->noted = NULL;
	}
}
