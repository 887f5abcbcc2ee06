/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_LOCK_H
#define REPORTER_LOCK_H

/*
 * Takes the lock that lets one run work at a time; the file is made if it is
 * not there, and stays. *fd holds the lock until it is closed, and is -1 on
 * error. Returns 0, -EWOULDBLOCK (another run has it), -errno.
 */
int lock_take(const char *path, int *fd);

#endif
