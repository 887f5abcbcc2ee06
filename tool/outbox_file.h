/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_OUTBOX_FILE_H
#define TOOL_OUTBOX_FILE_H

#include "common/outbox.h"
#include "tool/tool.h"

/*
 * The outbox under the state directory, for commands. telltls-report may be at
 * work on it at the same time: nothing is locked for longer than one batch.
 * Errors are said by the log. All return 0 or an exit code.
 */

enum {
	OUTBOX_FILE_TARGET = 8 + RECORD_URI_MAX + 1 /* "mailto:" and a target */
};

/* To look; *out may be closed in any case. */
int outbox_file_read(const struct tool *tool, struct ledger **out);

/* To change it; it is made if it is not there. */
int outbox_file_change(const struct tool *tool, struct ledger **out);

/* Says what a function of ledger.h, outbox.h or suppress.h returned. */
int outbox_file_check(const struct tool *tool, struct ledger *l, int rc);

/* The destination as in a record. Returns out. */
const char *outbox_file_target(
    const struct record_rua *to, char out[OUTBOX_FILE_TARGET]);

#endif
