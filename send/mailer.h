/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_MAILER_H
#define SEND_MAILER_H

#include "common/conf.h"
#include "common/strbuf.h"
#include "common/view.h"
#include "send/attempt.h"

/*
 * Hands mails to the site's own MTA (R184): over one SMTP connection, which is
 * opened with the first mail and used for all (submission or port 25, TLS and
 * AUTH by configuration), or by the sendmail command, without a shell.
 */
struct mailer;

/* Connects to nothing yet. The process ignores SIGPIPE. ERR_CONFIG with text,
   -ENOMEM. Borrows c. */
int mailer_open(
    const struct conf *c, struct mailer **out, struct strbuf *error);
void mailer_close(struct mailer *m); /* NULL is allowed */

/*
 * Sends one message (CRLF line ends) to one recipient; blocks, for a bounded
 * time. from and to are addresses (no "<>", checked again here: R150).
 * A recipient that is refused is that recipient's affair (5xx: REFUSED, 4xx:
 * RETRY). A mail that our MTA does not take for its size or its text is
 * ATTEMPT_THIS; whatever else fails is ATTEMPT_OURS.
 */
void mailer_send(struct mailer *m, const char *from, const char *to,
    struct view message, struct attempt *out);

#endif
