/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_MAILER_SMTP_H
#define SEND_MAILER_SMTP_H

#include "common/conf.h"
#include "common/strbuf.h"
#include "common/view.h"
#include "send/attempt.h"
#include "send/mailer_mail.h"

/*
 * Mails to the site's MTA by SMTP: one connection for all, made with the first
 * and again when it was lost.
 */
struct mailer_smtp;

/*
 * Connects to nothing yet. ERR_CONFIG with text: a user without password or
 * with one that would go over the network in clear, a file that cannot be
 * read; -ENOMEM.
 */
int mailer_smtp_open(
    const struct conf *c, struct mailer_smtp **out, struct strbuf *error);
void mailer_smtp_close(struct mailer_smtp *m); /* NULL is allowed */

void mailer_smtp_send(
    struct mailer_smtp *m, const struct mailer_mail *mail, struct attempt *out);

#endif
