/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_MAILER_REPLY_H
#define SEND_MAILER_REPLY_H

#include "common/view.h"
#include "send/attempt.h"

/*
 * What a reply to RCPT means, "550 5.1.1 No such user": REFUSED, RETRY; OURS
 * when it is no affair of the recipient: 421, authentication, or that we may
 * not relay. Pure.
 */
enum attempt_end mailer_reply_end(struct view reply);

#endif
