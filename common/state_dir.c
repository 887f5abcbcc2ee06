/* SPDX-License-Identifier: BSD-2-Clause */
/* state_dir.c - what root makes belongs to the user of the programs */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/state_dir.h"

int state_dir_give(const char *parent, int fd)
{
	struct stat st;

	if (geteuid() != 0) {
		return 0;
	}
	if (stat(parent, &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0) {
		return -errno;
	}
	return 0;
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

int state_dir_become_owner(const char *path)
{
	const struct passwd *pw;
	struct stat st;
	gid_t group;

	if (geteuid() != 0) {
		return 0;
	}
	if (stat(path, &st) != 0) {
		return -errno;
	}
	if (st.st_uid == 0) {
		return 0;
	}
	pw = getpwuid(st.st_uid);
	group = pw != NULL ? pw->pw_gid : st.st_gid;
	/* the groups first: afterwards there is no right to it */
	if ((pw != NULL ? initgroups(pw->pw_name, group) :
			  setgroups(1, &group)) != 0 ||
	    setresgid(group, group, group) != 0 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) != 0) {
		return -errno;
	}
	return 0;
}
