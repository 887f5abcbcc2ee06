/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_FETCH_RESOLVE_H
#define LOOKUP_FETCH_RESOLVE_H

#include <sys/queue.h>

#include "common/dns.h"
#include "lookup/fetch.h"

/* The addresses of policy hosts, by A and AAAA. */

/* As dns_ask(). */
typedef void (*fetch_ask_fn)(
    void *dns, const char *name, int type, dns_callback cb, void *ctx);

struct fetch_host; /* one under way */

struct fetch_resolver {
	fetch_ask_fn ask;
	void *dns; /* its first argument; borrowed */
	LIST_HEAD(, fetch_host) hosts;
};

void fetch_resolver_init(struct fetch_resolver *r, fetch_ask_fn ask, void *dns);

/* No answer may come any more: dns_free() comes first. */
void fetch_resolver_release(struct fetch_resolver *r);

/* A fetch_resolve_fn; resolver is a struct fetch_resolver. */
void fetch_resolve(
    void *resolver, const char *host, fetch_resolved_fn done, void *job);

#endif
