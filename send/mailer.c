/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailer.c - mails to the site's own MTA
 *
 * What goes to an MTA is looked at once more here, whoever made it: no address
 * and no line of a message may become a command.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/address.h"
#include "common/mem.h"
#include "send/mailer.h"
#include "send/mailer_command.h"
#include "send/mailer_smtp.h"

struct mailer {
	const struct conf *conf;
	struct mailer_smtp *smtp; /* NULL: by the command */
};

int mailer_open(const struct conf *c, struct mailer **out, struct strbuf *error)
{
	struct mailer *m = xcalloc(1, sizeof(*m));
	int rc = 0;

	*out = NULL;
	m->conf = c;
	if (c->mail.via == CONF_MAIL_SMTP) {
		rc = mailer_smtp_open(c, &m->smtp, error);
	}
	if (rc != 0) {
		mailer_close(m);
		return rc;
	}
	*out = m;
	return 0;
}

void mailer_close(struct mailer *m)
{
	if (m != NULL) {
		mailer_smtp_close(m->smtp);
		free(m);
	}
}

/* 7 bit, in lines that end in CRLF, also the last one. */
static bool is_mail(struct view message)
{
	for (size_t i = 0; i < message.len; i++) {
		unsigned char c = (unsigned char)message.s[i];
		bool is_end = c == '\r' && i + 1 < message.len &&
		    message.s[i + 1] == '\n';

		if (is_end) {
			i++;
		} else if (c == '\r' || c == '\n' || c == '\0' || c > 0x7f) {
			return false;
		}
	}
	return message.len > 1 && message.s[message.len - 1] == '\n';
}

void mailer_send(struct mailer *m, const char *from, const char *to,
    struct view message, struct attempt *out)
{
	struct mailer_mail mail = { from, to, message };

	if (!address_is_safe(view_of(to))) {
		attempt_set(out, ATTEMPT_REFUSED, view_of("bad-address"));
	} else if (!address_is_safe(view_of(from))) {
		attempt_set(out, ATTEMPT_OURS, view_of("bad-sender"));
	} else if (!is_mail(message)) {
		attempt_set(out, ATTEMPT_OURS, view_of("bad-message"));
	} else if (m->smtp != NULL) {
		mailer_smtp_send(m->smtp, &mail, out);
	} else if (to[0] == '-' || from[0] == '-') {
		/* "--" says it too, but the command may be any script */
		attempt_set(out, to[0] == '-' ? ATTEMPT_REFUSED : ATTEMPT_OURS,
		    view_of("address begins with '-'"));
	} else {
		mailer_command_send(m->conf, &mail, out);
	}
}
