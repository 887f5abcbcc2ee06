/* SPDX-License-Identifier: BSD-2-Clause */
/* send_mails.c - reports that leave by mail */

#include "config.h"

#include <stdio.h>
#include <sysexits.h>

#include "common/envelope.h"
#include "common/err.h"
#include "common/log.h"
#include "reporter/send_private.h"
#include "send/mailer.h"

struct mails {
	struct send *s;
	struct mailer *mailer; /* NULL until there is a mail */
};

/* A fault of the configuration is none that passes: nothing is tried. */
static bool open_mailer(struct mails *m)
{
	struct strbuf error;
	int rc;

	if (m->mailer != NULL) {
		return true;
	}
	strbuf_init(&error, 4096);
	rc = mailer_open(m->s->env->conf, &m->mailer, &error);
	if (rc != 0) {
		log_error("cannot send mails: %s",
		    error.len > 0 ? strbuf_str(&error) : err_text(rc));
		send_failed(m->s->env, rc == ERR_CONFIG ? EX_CONFIG : EX_OSERR);
		m->s->n_ours = SEND_OURS;
		mailer_close(m->mailer);
		m->mailer = NULL;
	}
	strbuf_release(&error);
	return rc == 0;
}

static void try_mail(
    struct mails *m, const struct outbox_item *item, struct view message)
{
	struct send *s = m->s;
	char from[ENVELOPE_BUF];
	struct attempt a;

	if (envelope_sender(s->env->conf, item->token, from, sizeof(from)) !=
	    0) {
		attempt_set(&a, ATTEMPT_OURS,
		    view_of("the envelope sender is too long"));
		send_settle(s, item, &a);
		return;
	}
	send_commit(s);
	if (s->rc != 0) {
		return;
	}
	step_at(s->env->step, "mail-begun");
	mailer_send(m->mailer, from, item->to.target, message, &a);
	step_at(s->env->step, "mail-ended");
	send_settle(s, item, &a);
}

static void send_mail(void *ctx, const struct outbox_item *item)
{
	struct mails *m = ctx;
	struct strbuf message;

	if (!open_mailer(m)) {
		return;
	}
	strbuf_init(&message, WRITE_MAIL_MAX);
	if (send_read(m->s, item, &message)) {
		try_mail(m, item, view_make(strbuf_str(&message), message.len));
	}
	strbuf_release(&message);
}

void send_mails(struct send *s)
{
	struct mails m = { .s = s };

	send_each(s, RECORD_MAILTO, send_mail, &m);
	mailer_close(m.mailer);
}
