/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_PLAIN_H
#define COMMON_EXIM_PLAIN_H

#include "common/exim_entry.h"
#include "common/exim_state.h"

/*
 * Works on a plain entry of a message without records. Nothing of it is counted
 * before the message is done (exim_plain_done()) or has been silent: records
 * may follow. Returns 0 or what the sink returned.
 */
int exim_plain_entry(struct exim *ex, struct exim_message *m,
    const struct syslog_line *line, const struct exim_entry *e);

/* The message is done: counts what its plain entries told. */
int exim_plain_done(struct exim *ex, struct exim_message *m);

/* The key of the connections to a host, over which later messages may go. */
void exim_plain_key(
    const struct syslog_line *line, const struct ip *ip, struct exim_key *out);

#endif
