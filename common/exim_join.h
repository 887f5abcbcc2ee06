/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_JOIN_H
#define COMMON_EXIM_JOIN_H

#include "common/exim_state.h"

/*
 * Whose session is it? Exim names the domain only if a connection serves a
 * single one; else the recipients that are logged later tell.
 */
struct exim_join {
	struct view domain;    /* of a recipient */
	enum counter left_out; /* why it does not count, or COUNTER_COUNT */
	struct ip ip;          /* of the host that took or refused it */
	struct view mx;        /* its name */
	bool is_smart;         /* it is a smart host */
	enum counter host_left_out; /* why no session with it counts */
	bool is_delivered;          /* taken, or else refused */
	bool is_clear;              /* ... without TLS */
	bool is_taken;              /* out, too: a session was found */
	uint32_t pid;               /* out: its process */
};

/*
 * Finds the session over which a message's recipient went, and counts it for
 * his domain; so are connections that the same process gave up before. Returns
 * 0 or what the sink returned.
 */
int exim_join_domain(
    struct exim *ex, struct exim_message *m, struct exim_join *join);

/* The same where there was no connection at all. */
int exim_join_no_session(
    struct exim *ex, struct exim_message *m, const struct exim_join *join);

#endif
