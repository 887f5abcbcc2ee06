/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_PRIVILEGES_H
#define MILTER_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

enum {
	PRIVILEGES_NICE = -10, /* the first priority that is left to it */
};

/* Who the daemon becomes when it was started as root. */
struct privileges {
	bool is_root; /* started as root: there is something to give up */
	uid_t uid;
	gid_t gid;
};

/*
 * Looks up a user by name. Started by somebody else than root, the daemon
 * stays who it is, and the name is not looked at. Returns 0, ERR_NOT_FOUND or
 * -errno.
 */
int privileges_find(struct privileges *p, const char *user);

/*
 * Makes a folder and the ones above it, if they are missing, with a mode; it is
 * given to the user if it was made now. Only while root; else it must be
 * possible as it is. A folder that is there is left as it is. Returns 0 or
 * -errno.
 */
int privileges_make_folder(
    const struct privileges *p, const char *path, mode_t mode);

/*
 * Becomes the user, with further groups by name, for good: for the rest of
 * the process and all its children no privilege can be had again, but for a
 * priority of up to PRIVILEGES_NICE. Groups that do not exist are left out, and said. Returns 0, or -errno: then the
 * process must end.
 */
int privileges_drop(
    const struct privileges *p, const char *user, const char *const *groups);

#endif
