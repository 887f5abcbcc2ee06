/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_FILTER_H
#define MILTER_FILTER_H

#include "milter/socket_file.h"

/*
 * The milter itself: libmilter, in a process of its own. It tells its parent
 * of each message that an MTA received (note.h) and never changes, delays or
 * refuses one: the MTA is asked not to wait for answers, but at the end of a
 * message, where one datagram is sent that nothing waits for.
 */
struct filter_options {
	const char *socket;          /* "unix:/PATH", "inet:PORT@HOST",
	                       "inet6:PORT@HOST" */
	struct socket_rights rights; /* of a unix socket */
	int channel; /* SOCK_SEQPACKET to the parent; what it does not
	                       take at once is dropped and counted */
	const char *const *own_senders; /* see struct mta_options */
	char delimiter;                 /* likewise */
};

/*
 * Serves until SIGTERM or SIGINT, or until the parent closed its end of the
 * channel; SIGHUP is ignored. A socket file that nobody listens on is
 * replaced, and removed at the end.
 *
 * To be called once, in a process without other threads, which must end by
 * _exit() afterwards: connections may still be open, and threads of libmilter
 * use what *o points to. libmilter writes to syslog(3) on its own. Takes over
 * the handlers of these signals and of SIGPIPE.
 *
 * Returns 0 when it was asked to end; -EADDRINUSE when somebody else listens
 * on the socket, -ENOTSOCK when a file that is none has its name, or another
 * -errno; errors are logged.
 */
int filter_run(const struct filter_options *o);

#endif
