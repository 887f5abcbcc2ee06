/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DOMAIN_H
#define COMMON_DOMAIN_H

#include <stdbool.h>

#include "common/view.h"

enum {
	DOMAIN_MAX = 253, /* RFC 1035: octets of text, no final dot */
	DOMAIN_BUF = DOMAIN_MAX + 1 + 2 /* with a NUL, rounded */
};

/*
 * Brings a domain or host name into the one form used everywhere (R4):
 * A-labels (U-labels in UTF-8 are converted, RFC 5891), lower case, no final
 * dot. Letters, digits, '-' and '_' only; labels of 1 to 63 octets.
 * Returns the length (> 0), ERR_LITERAL for an address literal "[...]" (R5)
 * or a bare address, ERR_PARSE for anything else. out is NUL-terminated, ""
 * on error.
 */
int domain_normalise(struct view text, char out[DOMAIN_BUF]);

/*
 * The domain of a mail address "local@domain", normalised: quoted local
 * parts and backslash escapes are honoured (RFC 5321 4.1.2), so that no text
 * in the local part can pass for a domain. Exactly one unquoted '@'. Returns
 * as domain_normalise(); ERR_PARSE when the address has no domain.
 */
int domain_of_address(struct view address, char out[DOMAIN_BUF]);

/* Is this text already in the normal form? */
bool domain_is_normal(struct view text);

#endif
