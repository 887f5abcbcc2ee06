/* SPDX-License-Identifier: BSD-2-Clause */
/* lock.c - one run at a time */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/state_dir.h"
#include "reporter/lock.h"

int lock_take(const char *path, int *fd)
{
	int rc = state_dir_open(path, O_RDWR);

	*fd = rc;
	if (rc < 0) {
		*fd = -1;
		return rc;
	}
	rc = 0;
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		rc = -errno;
		(void)close(*fd);
		*fd = -1;
	}
	return rc;
}
