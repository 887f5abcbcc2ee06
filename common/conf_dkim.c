/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_dkim.c - what must hold of the DKIM keys of a configuration
 *
 * A selector is a name in the DNS, and a name has one key.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/conf_dkim.h"

enum {
	TEXT_BUF = 256
};

void conf_dkim_check(
    const struct conf *c, unsigned i, conf_entry_fn fn, void *ctx)
{
	const char *selector = c->dkim.key[i].selector;
	char text[TEXT_BUF];

	if (c->dkim.elsewhere && i == 0) {
		fn(ctx, i,
		    "dkim.keys beside \"elsewhere: true\", expected one of "
		    "them");
	}
	for (unsigned k = 0; k < i && selector != NULL; k++) {
		if (conf_is_same(c->dkim.key[k].selector, selector)) {
			(void)snprintf(text, sizeof(text),
			    "two keys with the selector \"%s\", expected one "
			    "of its own",
			    selector);
			fn(ctx, k, text);
			return;
		}
	}
}
