/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_PRIVATE_H
#define COMMON_EXIM_PRIVATE_H

#include "common/exim_state.h"

/* What the files of the state share; nobody else includes this. */

/* A user of a session is over; with the last one it is closed and freed. */
int exim_session_leave(struct exim *ex, struct exim_session *s);

/* The last chance for sessions of records, and of plain lines, to count. */
int exim_rules_settle(struct exim *ex, struct exim_message *m);
int exim_plain_settle(struct exim *ex, struct exim_message *m);

/* Records came: what plain lines told of the message is told better. */
void exim_plain_forget(struct exim_message *m);

#endif
