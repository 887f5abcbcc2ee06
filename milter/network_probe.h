/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_NETWORK_PROBE_H
#define MILTER_NETWORK_PROBE_H

#include "common/conf.h"
#include "lookup/loop.h"
#include "lookup/published.h"
#include "milter/network_message.h"

/*
 * The probes of the network child: of the address of an MX host that the parent
 * named, if the domain has a policy that asks for a certificate, and at most
 * once in POLICY_PROBE_NEAR_S for each host and address. Lookups go on
 * meanwhile.
 */
struct network_probe;

enum {
	NETWORK_PROBE_PARALLEL = 10, /* connections at once */
	NETWORK_PROBE_OPEN = 200     /* questions without an answer */
};

struct network_probe_options {
	struct loop *loop;           /* borrowed, likewise below */
	struct published *published; /* answers what the policies are */
	const struct conf *conf;
	unsigned port; /* 0: 25 */
	/* each question is answered by one call, perhaps before _ask() returns;
	   *m is borrowed */
	void (*tell)(void *ctx, const struct network_message *m);
	void *ctx;
};

/* Returns 0 or -ENOMEM. */
int network_probe_new(
    const struct network_probe_options *o, struct network_probe **out);

/* After published_free(). What is under way ends unanswered. NULL is allowed. */
void network_probe_free(struct network_probe *p);

/* A question of the kind NETWORK_PROBE. */
void network_probe_ask(
    struct network_probe *p, const struct network_message *m);

#endif
