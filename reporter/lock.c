/* SPDX-License-Identifier: BSD-2-Clause */
/* lock.c - one run at a time */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "reporter/lock.h"

int lock_take(const char *path, int *fd)
{
	int rc = 0;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (*fd < 0) {
		return -errno;
	}
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		rc = -errno;
		(void)close(*fd);
		*fd = -1;
	}
	return rc;
}
