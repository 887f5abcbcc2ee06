/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_REPLAY_SEAL_H
#define TOOL_REPLAY_SEAL_H

#include "common/store.h"
#include "tool/tool.h"

/*
 * Seals all days of the state directory. Sessions that another feed than this
 * has left open, since its log was not read to their end, can be counted in
 * none of them any more: it is said, and counted in each such day as
 * COUNTER_UNREAD of that feed. Returns 0 or an error of the store.
 */
int replay_seal(const struct tool *tool, struct store *store, const char *feed);

#endif
