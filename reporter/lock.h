/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_LOCK_H
#define REPORTER_LOCK_H

/*
 * Takes the lock that lets one run work at a time; the file dir/name is made if
 * it is not there, and stays (see common/state_dir.h). *fd holds the lock until it is closed, and is -1 on
 * error. Returns 0, -EWOULDBLOCK (another run has it), -errno.
 */
int lock_take(const char *dir, const char *name, int *fd);

#endif
