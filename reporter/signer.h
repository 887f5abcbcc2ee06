/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_SIGNER_H
#define REPORTER_SIGNER_H

#include <stdbool.h>

#include "send/dkim.h"

/*
 * Opens the keys that mails are signed with; logs what is wrong with them. In a
 * dry run mails are written without a signature then. Returns 0, with NULL in
 * *out when mails are not signed by us; or ERR_CONFIG.
 */
int signer_open(const struct conf *c, bool is_dry_run, struct dkim **out);

/* Logs what is worth a warning, for a run that has something to sign. */
void signer_warn(const struct dkim *d);

#endif
