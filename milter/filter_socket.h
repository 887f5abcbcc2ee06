/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_FILTER_SOCKET_H
#define MILTER_FILTER_SOCKET_H

#include <sys/types.h>

#include "milter/filter.h"

/* The file of a milter's unix socket; other sockets have none. */
struct filter_socket {
	const char *path; /* borrowed from the options; NULL: no file */
	dev_t dev;        /* of our file, once it is there */
	ino_t ino;
};

/*
 * Makes room for the file: removes a socket that nobody listens on. Returns 0,
 * -EADDRINUSE (somebody does), -ENOTSOCK (a file that is no socket), -errno.
 */
int filter_socket_clear(
    struct filter_socket *s, const struct filter_options *o);

/*
 * The socket is there, for its owner alone: gives it its group and mode. That
 * this process may not give it away is logged, and no error.
 */
int filter_socket_grant(
    struct filter_socket *s, const struct filter_options *o);

/* Removes the file, if it is still ours. */
void filter_socket_remove(const struct filter_socket *s);

#endif
