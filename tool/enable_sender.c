/* SPDX-License-Identifier: BSD-2-Clause */
/* enable_sender.c - from which address and by which route reports leave */

#include "config.h"

#include <stdio.h>

#include "common/log.h"
#include "send/dkim.h"
#include "tool/enable_sender.h"

enum {
	TEXT_BUF = 2 * LOG_ESCAPE_BUF
};

typedef void (*shower)(const char *name, const char *value);

void enable_sender_missing(
    const struct conf *c, const char *path, struct strbuf *out)
{
	struct dkim *d = NULL;

	(void)conf_check_reports(c, path, out);
	if (conf_check_dkim(c, path, out) == 0 && c->dkim.n_keys > 0 &&
	    dkim_open(c, &d, out) != 0) {
		strbuf_addc(out, '\n');
	}
	dkim_close(d);
}

static const char *or_none(const char *text, char out[LOG_ESCAPE_BUF])
{
	return text != NULL ? log_escape(view_of(text), out) : "(not set)";
}

static void show_keys(const struct conf *c, shower show)
{
	char buf[LOG_ESCAPE_BUF];

	if (c->dkim.n_keys == 0) {
		show("DKIM",
		    c->dkim.elsewhere ? "signed elsewhere" : "(no key)");
	}
	for (unsigned i = 0; i < c->dkim.n_keys; i++) {
		show(i == 0 ? "DKIM keys" : "",
		    or_none(c->dkim.key[i].selector, buf));
	}
}

static void show_route(const struct conf *c, shower show)
{
	static const char *const tls[] = {
		[CONF_MAIL_NONE] = "in clear",
		[CONF_MAIL_MAY] = "TLS if offered",
		[CONF_MAIL_REQUIRE] = "TLS",
		[CONF_MAIL_WRAPPED] = "TLS from the start",
	};

	char buf[LOG_ESCAPE_BUF];
	char text[TEXT_BUF];

	if (c->mail.via == CONF_MAIL_SMTP) {
		(void)snprintf(text, sizeof(text), "SMTP to %s, %s%s",
		    or_none(c->mail.server, buf), tls[c->mail.tls],
		    c->mail.user != NULL ? ", with a password" : "");
	} else {
		(void)snprintf(
		    text, sizeof(text), "%s", or_none(c->mail.command, buf));
	}
	show("Route of mail", text);
}

void enable_sender_show(
    const struct conf *c, void (*show)(const char *name, const char *value))
{
	char buf[LOG_ESCAPE_BUF];

	show("Organization", or_none(c->organization, buf));
	show("Contact", or_none(c->contact, buf));
	show("From", or_none(c->from != NULL ? c->from : c->contact, buf));
	show("Envelope sender",
	    or_none(c->envelope_from != NULL ? c->envelope_from :
		    c->from != NULL          ? c->from :
					       c->contact,
		buf));
	show_keys(c, show);
	show_route(c, show);
}
