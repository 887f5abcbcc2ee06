/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_SMTP_REPLY_H
#define LOOKUP_SMTP_REPLY_H

#include <stdbool.h>

#include "common/view.h"

/* A server's reply (RFC 5321 4.2), of one line or of many. */
struct smtp_reply {
	unsigned code;    /* 200 to 599 */
	struct view text; /* all its lines with their ends; borrowed */
};

enum {
	SMTP_REPLY_MAX = 16 * 1024 /* octets of one */
};

/*
 * Takes the first reply off what came so far; any octets. Returns the octets
 * that it has; ERR_PARTIAL: more must come; ERR_PARSE: it is none, or longer
 * than SMTP_REPLY_MAX.
 */
int smtp_reply_parse(struct view in, struct smtp_reply *out);

/*
 * Does an answer to EHLO offer this extension? The first line, which is the
 * server's name, offers nothing.
 */
bool smtp_reply_offers(const struct smtp_reply *reply, const char *keyword);

/*
 * The first word of the reply's text: in answers to EHLO, the server's name.
 * May be any octets but blanks and line ends. Borrowed.
 */
struct view smtp_reply_name(const struct smtp_reply *reply);

#endif
