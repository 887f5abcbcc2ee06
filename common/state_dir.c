/* SPDX-License-Identifier: BSD-2-Clause */
/* state_dir.c - what root makes belongs to the user of the programs */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/state_dir.h"

int state_dir_give_in(int parent, int fd)
{
	struct stat st;

	if (geteuid() != 0) {
		return 0;
	}
	if (fstat(parent, &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0) {
		return -errno;
	}
	return 0;
}

int state_dir_give(const char *parent, int fd)
{
	int dir;
	int rc;

	if (geteuid() != 0) {
		return 0;
	}
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		return -errno;
	}
	rc = state_dir_give_in(dir, fd);
	(void)close(dir);
	return rc;
}

/* By descriptor: no other file can take the place of what was made. */
static int give_dir(const char *parent, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc;

	if (fd < 0) {
		return -errno;
	}
	rc = state_dir_give(parent, fd);
	(void)close(fd);
	return rc;
}

int state_dir_make(const char *parent, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", parent, name);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	if (mkdir(path, 0750) != 0) {
		return errno == EEXIST ? 0 : -errno;
	}
	return give_dir(parent, path);
}
