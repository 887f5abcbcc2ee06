/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_REPLAY_DAEMON_H
#define TOOL_REPLAY_DAEMON_H

#include "common/live.h"
#include "tool/tool.h"

/*
 * Hands logs to the running daemon, which holds the writer's lock, and waits
 * until it has applied them. paths as for feed_read(). Returns 0 and
 * the daemon's result; ERR_NOT_FOUND when the daemon of this state does not
 * run (somebody else holds the lock); ERR_FULL for too many files; or -errno,
 * whose file *path tells ("": none).
 */
int replay_daemon(const struct tool *tool, const struct live_ask *ask,
    char *const *paths, size_t n, struct live_result *result,
    const char **path);

#endif
