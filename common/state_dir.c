/* SPDX-License-Identifier: BSD-2-Clause */
/* state_dir.c - what root makes belongs to the user of the programs */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/state_dir.h"
#include "common/view.h"

/* The front of a path, with its last slash. */
static bool folder_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) + 1 : 0;

	return view_copy(
	    slash != NULL ? view_make(path, len) : view_of("."), out, PATH_MAX);
}

int state_dir_give(const char *path, int fd)
{
	char folder[PATH_MAX];
	struct stat st;

	if (geteuid() != 0) {
		return 0;
	}
	if (!folder_of(path, folder)) {
		return -ENAMETOOLONG;
	}
	if (stat(folder, &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0) {
		return -errno;
	}
	return 0;
}

int state_dir_open(const char *path, int flags)
{
	const int more = O_NOFOLLOW | O_CLOEXEC;
	int fd = open(path, flags | more | O_CREAT | O_EXCL, 0640);
	int rc = 0;

	if (fd >= 0) {
		rc = state_dir_give(path, fd);
	} else if (errno == EEXIST) {
		fd = open(path, flags | more);
	}
	if (fd < 0) {
		return -errno;
	}
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

int state_dir_make(const char *path)
{
	int fd;
	int rc;

	if (mkdir(path, 0750) != 0) {
		return errno == EEXIST ? 0 : -errno;
	}
	/* by descriptor: nothing else can take the place of what was made */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	rc = state_dir_give(path, fd);
	(void)close(fd);
	return rc;
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
