/* SPDX-License-Identifier: BSD-2-Clause */
/* lock.c - one run at a time */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/state_dir.h"
#include "reporter/lock.h"

int lock_take(const char *dir, const char *name, int *fd)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
	int rc;

	*fd = -1;
	if (n < 0 || (size_t)n >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (*fd < 0) {
		return -errno;
	}
	rc = state_dir_give(dir, *fd);
	if (rc == 0 && flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)close(*fd);
		*fd = -1;
	}
	return rc;
}
