/* SPDX-License-Identifier: BSD-2-Clause */
/* enable_sender.c - from which address and by which route reports leave */

#include "config.h"

#include "common/log.h"
#include "tool/enable_sender.h"

void enable_sender_missing(
    const struct conf *c, const char *path, struct strbuf *out)
{
	(void)conf_check_reports(c, path, out);
}

static const char *or_none(const char *text, char out[LOG_ESCAPE_BUF])
{
	return text != NULL ? log_escape(view_of(text), out) : "(not set)";
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
	show("Route of mail", "the MTA of this host");
}
