/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon_request.c - answers on the control socket */

#include "config.h"

#include <unistd.h>

#include "common/log.h"
#include "milter/daemon_private.h"

static void status(struct daemon *d, struct server_client *c)
{
	int64_t now = daemon_now();
	struct live l = { .kind = LIVE_DAEMON };
	struct live_daemon *out = &l.u.daemon;

	live_set(out->version, view_of(PACKAGE_VERSION));
	live_set(out->state, view_of(daemon_state(d, &d->conf)));
	out->pid = (uint64_t)getpid();
	out->started = d->started;
	out->is_sandboxed = d->is_sandboxed;
	out->clock_step = feeds_clock_step(d->feeds);
	out->has_milter = d->milter.is_wanted;
	live_set(out->milter_socket, view_of(d->conf.milter.socket));
	out->milter_runs = d->milter.pid != 0;
	out->milter_starts = d->milter.starts;
	daemon_network_live(d, out);
	(void)server_reply(c, &l);

	l.kind = LIVE_FEED;
	for (unsigned i = 0; feeds_live(d->feeds, i, now, &l.u.feed); i++) {
		daemon_receivers_live(d, &l.u.feed);
		if (!server_reply(c, &l)) {
			return;
		}
	}
}

struct replay {
	struct daemon *daemon;
	struct server_client *client;
};

static bool on_progress(void *ctx, unsigned file, uint64_t done, uint64_t size)
{
	const struct replay *r = ctx;
	struct live l = { .kind = LIVE_PROGRESS,
		.u.progress = { .done = done, .size = size } };

	(void)file;
	/* one that does not look at it may have its logs applied all the same */
	(void)server_reply(r->client, &l);
	return daemon_breathe(r->daemon);
}

static void replay(struct daemon *d, struct server_client *c,
    const struct live_ask *ask, const int *fds, size_t n_fds)
{
	struct replay ctx = { d, c };
	struct feeds_replay r = { .until = ask->until,
		.fds = fds,
		.n_fds = (unsigned)n_fds,
		.progress = on_progress,
		.ctx = &ctx };
	struct live l = { .kind = LIVE_RESULT };

	live_set(r.name, view_of(ask->feed));
	live_set(r.mta, view_of(ask->mta));
	log_info("applying logs feed=%s files=%zu", r.name, n_fds);
	feeds_replay(d->feeds, &r, daemon_now(), &l.u.result);
	(void)server_reply(c, &l);
}

void daemon_on_request(void *ctx, struct server_client *c,
    const struct live *request, const int *fds, size_t n_fds)
{
	struct daemon *d = ctx;

	if (request->kind == LIVE_ASK_STATUS) {
		status(d, c);
	} else if (request->kind == LIVE_ASK_REPLAY) {
		replay(d, c, &request->u.ask, fds, n_fds);
	}
}
