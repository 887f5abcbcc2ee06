/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_MAILER_COMMAND_H
#define SEND_MAILER_COMMAND_H

#include "common/conf.h"
#include "send/attempt.h"
#include "send/mailer_mail.h"

/*
 * Hands one mail to the sendmail command: as its arguments and on its standard
 * input, without a shell, with an environment that is always the same. After
 * mail.timeout it is ended, with all that it has started.
 */
void mailer_command_send(
    const struct conf *c, const struct mailer_mail *mail, struct attempt *out);

/*
 * What the exit status of a sendmail command means (sysexits(3)): a recipient
 * that does not exist, or data that it does not take, is REFUSED; a temporary
 * failure RETRY; whatever else there is, our own fault.
 */
enum attempt_end mailer_command_end(int status);

#endif
