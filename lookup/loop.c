/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.c - the event loop of the daemon, on libevent */

#include "config.h"

#include <event2/event.h>
#include <stdlib.h>

#include "common/mem.h"
#include "lookup/loop.h"

struct loop {
	struct event_base *base;
};

struct loop_watch {
	struct event *event;
	loop_fn fn;
	void *ctx;
};

struct loop *loop_new(void)
{
	struct event_base *base = event_base_new();
	struct loop *l;

	if (base == NULL) {
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->base = base;
	return l;
}

void loop_free(struct loop *l)
{
	if (l != NULL) {
		event_base_free(l->base);
		free(l);
	}
}

int loop_run(struct loop *l)
{
	return event_base_dispatch(l->base) < 0 ? -1 : 0;
}

void loop_stop(struct loop *l)
{
	(void)event_base_loopbreak(l->base);
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	const struct loop_watch *w = arg;

	(void)fd;
	(void)what;
	w->fn(w->ctx);
}

static struct loop_watch *add(struct loop *l, evutil_socket_t fd, short what,
    const struct timeval *timeout, const struct loop_watch *call)
{
	struct loop_watch *w = xcalloc(1, sizeof(*w));

	*w = *call;
	w->event =
	    event_new(l->base, fd, (short)(what | EV_PERSIST), on_event, w);
	if (w->event == NULL || event_add(w->event, timeout) != 0) {
		abort();
	}
	return w;
}

struct loop_watch *loop_add_fd(struct loop *l, int fd, loop_fn fn, void *ctx)
{
	const struct loop_watch call = { NULL, fn, ctx };

	return add(l, fd, EV_READ, NULL, &call);
}

struct loop_watch *loop_add_writable(
    struct loop *l, int fd, loop_fn fn, void *ctx)
{
	const struct loop_watch call = { NULL, fn, ctx };

	return add(l, fd, EV_WRITE, NULL, &call);
}

struct loop_watch *loop_add_timer(
    struct loop *l, unsigned ms, loop_fn fn, void *ctx)
{
	const struct loop_watch call = { NULL, fn, ctx };
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	return add(l, -1, 0, &tv, &call);
}

void loop_remove(struct loop_watch *w)
{
	if (w != NULL) {
		event_free(w->event);
		free(w);
	}
}
