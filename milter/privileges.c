/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privileges.c - the daemon gives up being root
 *
 * Root is needed for nothing but this: to make the folders that the daemon's
 * user shall own, and to become that user with the groups that may read logs.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "milter/privileges.h"

enum {
	GROUPS_MAX = 64
};

int privileges_find(struct privileges *p, const char *user)
{
	const struct passwd *pw;

	*p = (struct privileges){ .uid = geteuid(), .gid = getegid() };
	if (p->uid != 0) {
		return 0;
	}
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL) {
		return errno != 0 ? -errno : ERR_NOT_FOUND;
	}
	p->is_root = true;
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
	return 0;
}

/*
 * Where the folder above belongs to somebody else, a link may have the name by
 * now: what it points to must not be given away.
 */
static int make_one(const struct privileges *p, const char *path, mode_t mode)
{
	int fd;
	int rc = 0;

	if (mkdir(path, mode) != 0) {
		return errno == EEXIST ? 0 : -errno;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	/* it is to have this mode, whatever our umask is */
	if (fchmod(fd, mode) != 0 ||
	    (p->is_root && fchown(fd, p->uid, p->gid) != 0)) {
		rc = -errno;
	}
	(void)close(fd);
	return rc;
}

/* "/a/b//" is "/a/b", and its mode the one that is asked for. */
static char *without_last_slashes(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/') {
		n--;
	}
	return xstrndup(path, n);
}

int privileges_make_folder(
    const struct privileges *p, const char *path, mode_t mode)
{
	char *copy = without_last_slashes(path);
	int rc = 0;

	for (char *s = strchr(copy + 1, '/'); s != NULL && rc == 0;
	     s = strchr(s + 1, '/')) {
		struct stat st;

		*s = '\0';
		if (stat(copy, &st) != 0) {
			rc = make_one(p, copy, 0755);
		}
		*s = '/';
	}
	if (rc == 0) {
		rc = make_one(p, copy, mode);
	}
	free(copy);
	return rc;
}

/* The user's own groups, and those of the configuration. */
static int set_groups(
    const struct privileges *p, const char *user, const char *const *names)
{
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX / 2;

	if (getgrouplist(user, p->gid, groups, &n) < 0) {
		n = GROUPS_MAX / 2; /* as many as fit */
	}
	for (; names != NULL && *names != NULL; names++) {
		const struct group *gr = getgrnam(*names);

		if (gr == NULL) {
			log_info("group does not exist group=%s", *names);
		} else if (n < GROUPS_MAX) {
			groups[n++] = gr->gr_gid;
		}
	}
	return setgroups((size_t)n, groups) == 0 ? 0 : -errno;
}

/* RLIMIT_NICE counts from 20, the last, up to 0, the first. */
static void allow_nice(void)
{
	const rlim_t want = 20 - PRIVILEGES_NICE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NICE, &limit) == 0 && limit.rlim_cur < want) {
		limit.rlim_cur = want;
		limit.rlim_max = limit.rlim_max < want ? want : limit.rlim_max;
		(void)setrlimit(RLIMIT_NICE, &limit);
	}
}

int privileges_drop(
    const struct privileges *p, const char *user, const char *const *groups)
{
	int rc = 0;

	if (p->is_root) {
		allow_nice();
		rc = set_groups(p, user, groups);
		if (rc == 0 &&
		    (setresgid(p->gid, p->gid, p->gid) != 0 ||
			setresuid(p->uid, p->uid, p->uid) != 0)) {
			rc = -errno;
		}
		/* the user may be root itself by a mistake of the operator */
		if (rc == 0 && (setuid(0) == 0 || geteuid() == 0)) {
			rc = -EPERM;
		}
	}
	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		rc = -errno;
	}
	return rc;
}
