/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_CONF_DKIM_H
#define COMMON_CONF_DKIM_H

#include "common/conf.h"
#include "common/conf_feeds.h"

/* Looks at key number i of dkim.keys beside the ones before it. Values that
   were faulty themselves are NULL. */
void conf_dkim_check(
    const struct conf *c, unsigned i, conf_entry_fn fn, void *ctx);

#endif
