/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon_milter.c - the milter in a child, and what it notes of messages */

#include "config.h"

#include "milter/daemon_private.h"

void daemon_milter_init(struct daemon *d)
{
	child_init(&d->milter, "milter", NULL, NULL);
	d->milter.is_wanted = false;
}

void daemon_milter_tick(struct daemon *d, int64_t now)
{
	(void)child_tick(&d->milter, now);
}

void daemon_milter_reap(struct daemon *d, int64_t now)
{
	(void)child_reap(&d->milter, now);
}

void daemon_milter_stop(struct daemon *d, unsigned limit_ms)
{
	child_stop(&d->milter);
	child_join(&d->milter, limit_ms);
}

void daemon_milter_reload(struct daemon *d, const struct conf *old)
{
	(void)d;
	(void)old;
}

bool daemon_milter_needs_network(const struct daemon *d)
{
	(void)d;
	return false;
}

void daemon_notes_open(struct daemon *d)
{
	(void)d;
}

void daemon_notes_drain(struct daemon *d)
{
	(void)d;
}

void daemon_notes_close(struct daemon *d)
{
	(void)d;
}
