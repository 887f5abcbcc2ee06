/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include <stddef.h>

#include "common/live.h"

/*
 * The control socket of the daemon, RUN/control: a local SOCK_SEQPACKET
 * socket for root and the daemon's own user. One request (LIVE_ASK_*), then
 * packets of live.h until the daemon closes.
 */
enum {
	CONTROL_FILES = 64 /* descriptors in a request, at most */
};

/* Open files that go with a request. */
struct control_files {
	const int *fd;
	size_t n; /* CONTROL_FILES at most */
};

/* Takes a packet. false: hang up. */
typedef bool (*control_fn)(void *ctx, const struct live *l);

/*
 * Asks the daemon, with files or NULL; waits at most timeout_s for each packet. Returns 0 when it
 * closed, or -errno: -ENOENT and -ECONNREFUSED mean that no daemon runs,
 * -EACCES that we may not ask, -EAGAIN that it did not answer in time.
 */
int control_ask(const char *run, const struct live *request,
    const struct control_files *files, unsigned timeout_s, control_fn fn,
    void *ctx);

/* The path of the socket; "" if it does not fit. Returns out. */
const char *control_path(const char *run, char *out, size_t size);

#endif
