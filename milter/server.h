/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_SERVER_H
#define MILTER_SERVER_H

#include <stddef.h>

#include "common/live.h"
#include "lookup/loop.h"

/*
 * The daemon's side of its control socket (common/control.h). A client that
 * sends nothing, or does not read, is never waited for.
 */
struct server;
struct server_client;

/* A request, and the descriptors that came with it: all are borrowed. */
typedef void (*server_fn)(void *ctx, struct server_client *c,
    const struct live *request, const int *fds, size_t n_fds);

/*
 * Makes the socket RUN/control; one that a dead daemon left is replaced.
 * Returns 0 or -errno.
 */
int server_open(struct loop *loop, const char *run, server_fn fn, void *ctx,
    struct server **out);
void server_close(struct server *s); /* removes it too; NULL is allowed */

/* Sends a packet; false: the client has gone, or does not read. */
bool server_reply(struct server_client *c, const struct live *l);

#endif
