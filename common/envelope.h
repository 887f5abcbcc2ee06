/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_ENVELOPE_H
#define COMMON_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"
#include "common/conf.h"
#include "common/view.h"

/*
 * The envelope senders of our reports: envelope-from of the configuration,
 * and, where the site's MTA delivers "local<delimiter>anything" to "local"
 * (recipient-delimiter), one of its own for each report, so that a bounce
 * tells which report came back: "local<delimiter><token>@domain".
 */

enum {
	ENVELOPE_TOKEN = 32, /* hexadecimal digits, lower case */
	ENVELOPE_LOCAL = 31, /* octets of a local part that a token fits behind:
	                        64 in all (RFC 5321 4.5.3.1.1) */
	ENVELOPE_BUF = ADDRESS_MAX + 1
};

/* The recipient-delimiter of the configuration; '\0' for none. */
char envelope_delimiter(const struct conf *c);

/* Does a token fit behind envelope-from, if there is to be one? */
bool envelope_has_room(const struct conf *c);

/*
 * Writes the sender of the report with this token: the plain envelope-from
 * when there is no delimiter, or token is NULL. Returns 0; ERR_CONFIG without
 * an envelope-from, ERR_PARSE for what is no token, ERR_FULL when it does not
 * fit out or has no room for the token: *out is then "".
 */
int envelope_sender(
    const struct conf *c, const char *token, char *out, size_t size);

/* Is it a token, in capitals or not? */
bool envelope_is_token(struct view text);

/*
 * Is this address own, or own with the delimiter and anything behind it? An
 * own without '@' is no address, NULL none. Case does not matter, nor do quotes
 * round the local part. "+" is always a delimiter: reports may have been sent
 * before the configuration changed.
 */
bool envelope_is_own(const char *own, char delimiter, struct view address);

/*
 * The token that an address of ours carries; it points into the address.
 * Returns false when it is none of ours or carries none. An alias may have
 * turned its letters into capitals.
 */
bool envelope_token(
    const char *own, char delimiter, struct view address, struct view *token);

#endif
