/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_LOOKUP_LOOP_H
#define LOOKUP_LOOKUP_LOOP_H

#include "common/dns.h"
#include "common/strbuf.h"
#include "lookup/lookup.h"
#include "lookup/loop.h"

/* The DNS and what is looked up in it, on an event loop. */
struct lookup_loop;

/*
 * sizes: its bounds and on_health are taken, all else is filled in. The loop is
 * borrowed. Returns as dns_new(): *error says what is wrong.
 */
int lookup_loop_new(struct loop *loop, const struct dns_options *dns,
    const struct lookup_options *sizes, struct lookup_loop **out,
    struct strbuf *error);

/* Drops all that is under way. NULL is allowed. */
void lookup_loop_free(struct lookup_loop *ll);

struct lookup *lookup_loop_lookup(struct lookup_loop *ll);

/* As dns_ask() of its DNS; ctx is a struct lookup_loop. */
void lookup_loop_ask(
    void *ctx, const char *name, int type, dns_callback cb, void *cb_ctx);

/* Its clock: Unix seconds. */
int64_t lookup_loop_now(void);

#endif
