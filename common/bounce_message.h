/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_BOUNCE_MESSAGE_H
#define COMMON_BOUNCE_MESSAGE_H

#include <stdbool.h>

#include "common/bounce.h"
#include "common/view.h"

/*
 * A mail that came to the address which is the envelope sender of our reports,
 * as an MTA hands it over: which report it is about, and whether that failed
 * for good. Reports of failures follow RFC 3464; what does not (an answer from
 * a person, or from a program in words of its own) tells nothing.
 */

enum {
	BOUNCE_MESSAGE_MAX = 64 << 10 /* octets looked at; what follows is the
	                                 returned message */
};

struct bounce_message {
	char token[ENVELOPE_TOKEN + 1]; /* "": it tells none */
	bool is_failed;       /* a recipient failed for good: no delay,
	                                   no success */
	char dsn[BOUNCE_DSN]; /* of that; "" not known */
};

/* Takes the front of such a mail apart; at most BOUNCE_MESSAGE_MAX. Pure. */
void bounce_message_parse(struct view text, struct bounce_message *out);

/*
 * The token of an address, or of a local part alone ("local<delimiter><token>"),
 * whoever's it is and whatever the delimiter: only whoever made it can tell.
 */
bool bounce_message_token(struct view address, char token[ENVELOPE_TOKEN + 1]);

#endif
