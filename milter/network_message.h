/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_NETWORK_MESSAGE_H
#define MILTER_NETWORK_MESSAGE_H

#include <stdint.h>

#include "common/ip.h"
#include "common/policy.h"
#include "common/strbuf.h"
#include "common/view.h"

/*
 * What the daemon's parent and its network child say to each other, one
 * message a datagram of their channel:
 *
 *	want DOMAIN MX			the parent asks; MX may be "-"
 *	policy DOMAIN MX SINCE AGAIN	and below it the content
 *	event DOMAIN - SINCE 0		likewise (policy_set.h: failed_at)
 *	quiet DOMAIN - 0 AGAIN		it asks for no reports
 *	later DOMAIN MX 0 AGAIN		it could not be found out
 *	health WORD			how well we can look things up
 *	probe DOMAIN MX IP		the parent asks for a probe
 *	probed DOMAIN MX IP SINCE AGAIN	and below it the content
 *	unprobed DOMAIN MX IP 0 AGAIN	it settles nothing
 *
 * SINCE is when it was found, AGAIN when it should be asked for again, both in
 * Unix seconds. To the parent it is hostile input: the child talks to
 * strangers.
 */
enum network_kind {
	NETWORK_WANT,
	NETWORK_POLICY,
	NETWORK_EVENT,
	NETWORK_QUIET,
	NETWORK_LATER,
	NETWORK_HEALTH,
	NETWORK_PROBE,
	NETWORK_PROBED,
	NETWORK_UNPROBED
};

enum {
	NETWORK_MESSAGE_MAX = POLICY_CONTENT_MAX + 1024,
	NETWORK_WORD_MAX = 32 /* of health: a-z and "-" */
};

struct network_message {
	enum network_kind kind;
	struct view domain; /* normalised */
	struct view mx;     /* normalised, "" for the domain itself; of probes
	                       never "" */
	struct ip ip;       /* of probes: known; in its canonical text */
	int64_t since;
	int64_t again;
	struct view content; /* of POLICY, EVENT and PROBED: JSON, not looked
	                        into */
	struct view word;    /* of HEALTH */
};

/* Returns 0 or ERR_PARSE; views borrow the text. */
int network_message_parse(struct view text, struct network_message *out);

/* Appends it. Returns 0 or ERR_TOO_LONG (NETWORK_MESSAGE_MAX, out's bound). */
int network_message_write(
    const struct network_message *message, struct strbuf *out);

#endif
