/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_WORK_H
#define COMMON_EXIM_WORK_H

#include "common/exim_state.h"

/* One record being worked on, and what the work on each kind shares. */
struct exim_work {
	struct exim *ex;
	const struct exim_record *r;
	struct exim_message *m;
	struct exim_connection *c; /* NULL: the record names none ... */
	struct exim_slot *slot;    /* its entry, also where it is left alone */
	int64_t t;
};

/* The recipient domain that a record names; "" for none, or for several. */
struct view exim_work_domain(const struct exim_record *r);

/* Why the message of a record does not count, or COUNTER_COUNT. */
enum counter exim_work_message_left_out(
    const struct exim *ex, const struct exim_record *r);

/* Why no session of a record counts, whatever its messages say. */
enum counter exim_work_session_left_out(
    const struct exim *ex, const struct exim_record *r);

/* Is the host of a record a smart host? */
bool exim_work_is_smart(const struct exim_record *r);

/* May these two be the same host, as far as they are known? */
bool exim_work_is_host(const struct ip *a, const struct ip *b);

/* What lines just before said of the session of this record; forgets it. */
struct exim_hint exim_work_hint(struct exim_work *w);

/* A new session as the record tells it; its outcome is still to be set. */
int exim_work_new(struct exim_work *w, struct exim_session **out);

/*
 * Another connection of the same process than that of a session: what it gave
 * up before is over.
 */
int exim_work_settle(struct exim_work *w, const struct exim_session *but);

/* Both. */
int exim_work_open(struct exim_work *w, struct exim_session **out);

/* Counts a session for the domain of a record that names its only one. */
int exim_work_exact(struct exim_work *w, struct exim_session *s);

/* tcp:close */
int exim_close(struct exim_work *w);

/* msg:host:defer */
int exim_defer(struct exim_work *w);

/* dane:fail */
int exim_defer_dane(struct exim_work *w);

#endif
