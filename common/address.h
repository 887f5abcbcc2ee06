/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <stdbool.h>

#include "common/view.h"

/*
 * Mail addresses as they may stand in a header of ours: whatever a text
 * holds, what these let through cannot end a header or begin another address
 * (R150).
 */

enum {
	ADDRESS_MAX = 320 /* octets: 64 of local part, '@', 255 (RFC 5321) */
};

/* dot-atom-text of RFC 5322 3.2.3 */
bool address_is_dot_atom(struct view text);

/* quoted-string of RFC 5322 3.2.4, of printable ASCII without blanks (R24) */
bool address_is_quoted(struct view text);

/*
 * "local@domain": one of the above, then a domain in its normal form
 * (domain.h); at most ADDRESS_MAX octets.
 */
bool address_is_safe(struct view text);

/* The same, but the local part needs no quotes, and in exactly this domain. */
bool address_is_plain(struct view text, struct view domain);

#endif
