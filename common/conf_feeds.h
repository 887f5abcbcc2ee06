/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_CONF_FEEDS_H
#define COMMON_CONF_FEEDS_H

#include "common/conf.h"

/* What must hold of a feed beside the ones before it. */

/*
 * Told of a fault: what is wrong, and what was expected. other is the number
 * of the entry that it is wrong beside, or the entry's own.
 */
typedef void (*conf_entry_fn)(void *ctx, unsigned other, const char *what);

/* Looks at feed number i. Values that were faulty themselves are NULL. */
void conf_feeds_check(
    const struct conf *c, unsigned i, conf_entry_fn fn, void *ctx);

#endif
