/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_CONNECTION_H
#define LOOKUP_CONNECTION_H

#include "common/ip.h"

/* A TCP connection that is made without waiting for it. */

/*
 * Begins one; *fd is then the socket, which does not block: when it can be
 * written to, connection_error() tells. Returns 0 or -errno and *fd -1.
 */
int connection_start(const struct ip *ip, unsigned port, int *fd);

/* 0: it stands; else -errno. */
int connection_error(int fd);

/* "connect-refused", "timeout", "connect-unreachable", "connect-failed" */
const char *connection_token(int error);

#endif
