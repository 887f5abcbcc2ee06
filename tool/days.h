/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_DAYS_H
#define TOOL_DAYS_H

#include <stdint.h>

#include "common/tally.h"
#include "tool/tool.h"

/*
 * The tallies under the state directory, for commands that only read. No lock
 * is taken. What is wrong is said by the log.
 */

/* The exit code for an error of store_days() or tally_open(). */
int days_exit_code(int rc);

/*
 * Opens the tally of a day. Returns 0, or an exit code; then *out is NULL.
 */
int days_open(const struct tool *tool, int64_t day, struct tally **out);

/*
 * Says what of a tally had to be left out; its facts have been read to their
 * end. Returns 0 or EX_DATAERR.
 */
int days_check(const struct tool *tool, struct tally *tally);

#endif
