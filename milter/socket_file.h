/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_SOCKET_FILE_H
#define MILTER_SOCKET_FILE_H

#include <stdbool.h>
#include <sys/types.h>

/* The file of a local socket that we listen on. */
struct socket_file {
	const char *path; /* borrowed; NULL: the socket has no file */
	dev_t dev;        /* of our file, once it is there */
	ino_t ino;
};

/* Who may use it. */
struct socket_rights {
	bool has_group;
	gid_t group; /* as far as this process may give it away */
	mode_t mode;
};

/*
 * Makes room for the file of a socket of this type (SOCK_STREAM etc.): removes
 * one that nobody listens on. path may be NULL: no file. Returns 0,
 * -EADDRINUSE (somebody listens), -ENOTSOCK (a file that is no socket), -errno.
 */
int socket_file_clear(struct socket_file *s, const char *path, int type);

/*
 * The socket is there, for its owner alone: gives it its group and mode. That
 * this process may not give it away is logged, and no error. Returns 0 or
 * -errno.
 */
int socket_file_grant(
    struct socket_file *s, const struct socket_rights *rights);

/* Removes the file, if it is still ours. */
void socket_file_remove(const struct socket_file *s);

#endif
