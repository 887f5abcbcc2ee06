/* SPDX-License-Identifier: BSD-2-Clause */
/* lookup_loop.c - the DNS and what is looked up in it, on an event loop */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "lookup/lookup_loop.h"

enum {
	TICK_MS = 1000
};

struct lookup_loop {
	struct dns *dns;
	struct lookup *lookup;
	struct loop_watch *on_fd;
	struct loop_watch *on_tick;
};

int64_t lookup_loop_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec;
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return lookup_loop_now();
}

static void ask(
    void *dns, const char *name, int type, dns_callback cb, void *ctx)
{
	dns_ask(dns, name, type, cb, ctx);
}

static void work(void *ctx)
{
	struct lookup_loop *ll = ctx;
	int rc = dns_work(ll->dns);

	if (rc != 0) {
		log_error("cannot ask the DNS: %s", err_text(rc));
	}
}

static void tick(void *ctx)
{
	struct lookup_loop *ll = ctx;

	work(ll);
	lookup_tick(ll->lookup);
}

int lookup_loop_new(struct loop *loop, const struct dns_options *dns,
    const struct lookup_options *sizes, struct lookup_loop **out,
    struct strbuf *error)
{
	struct lookup_loop *ll = xcalloc(1, sizeof(*ll));
	struct lookup_options o = *sizes;
	int rc;

	*out = NULL;
	rc = dns_new(dns, &ll->dns, error);
	if (rc == 0 &&
	    getrandom(&o.key, sizeof(o.key), 0) != (ssize_t)sizeof(o.key)) {
		rc = -errno;
		strbuf_addf(error, "getrandom: %s", err_text(rc));
	}
	if (rc != 0) {
		lookup_loop_free(ll);
		return rc;
	}
	o.ask = ask;
	o.dns = ll->dns;
	o.anchor = dns_anchor(ll->dns);
	o.now = now;
	o.now_ctx = NULL;
	ll->lookup = lookup_new(&o);
	ll->on_fd = loop_add_fd(loop, dns_fd(ll->dns), work, ll);
	ll->on_tick = loop_add_timer(loop, TICK_MS, tick, ll);
	*out = ll;
	return 0;
}

void lookup_loop_free(struct lookup_loop *ll)
{
	if (ll == NULL) {
		return;
	}
	loop_remove(ll->on_tick);
	loop_remove(ll->on_fd);
	dns_free(ll->dns);
	lookup_free(ll->lookup);
	free(ll);
}

struct lookup *lookup_loop_lookup(struct lookup_loop *ll)
{
	return ll->lookup;
}

void lookup_loop_ask(
    void *ctx, const char *name, int type, dns_callback cb, void *cb_ctx)
{
	const struct lookup_loop *ll = ctx;

	dns_ask(ll->dns, name, type, cb, cb_ctx);
}
