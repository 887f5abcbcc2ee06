/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_RECEIVER_H
#define MILTER_RECEIVER_H

#include "milter/ring.h"
#include "milter/socket_file.h"

/*
 * A process that does nothing but receive: datagrams from a local socket, into
 * a ring. The kernel holds only a few that nobody has received yet (sysctl
 * net.unix.max_dgram_qlen), and the sender throws away the next.
 */
struct receiver_options {
	const char *path; /* of the socket; absolute */
	struct socket_rights rights;
	int channel; /* closed by the parent: the end */
	struct ring *ring;
};

/*
 * Receives until SIGTERM, or until the parent has closed its end of the
 * channel, with the priority PRIVILEGES_NICE if it may: the work of others, also
 * of its own parent, must not cost datagrams. A socket file that nobody listens on is replaced, and removed at
 * the end. Returns 0 when it was asked to end; -EADDRINUSE, -ENOTSOCK, or
 * another -errno, which was logged.
 */
int receiver_run(const struct receiver_options *o);

#endif
