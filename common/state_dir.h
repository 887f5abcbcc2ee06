/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_STATE_DIR_H
#define COMMON_STATE_DIR_H

/*
 * Files and folders under the state directory belong to one user, whose
 * programs work on them; root may, too, and must not take them away: what root
 * makes is given to the owner of the folder that it stands in. It must be just
 * made: else the owner could have root give him what he has put there. All
 * return 0 or -errno if nothing else is said.
 */

/*
 * Makes a folder (0750) in one that is there; one that is there already is
 * left as it is.
 */
int state_dir_make(const char *path);

/*
 * Opens a file, which is made (0640) if it is not there; a symbolic link is not
 * followed. Returns a descriptor or -errno.
 */
int state_dir_open(const char *path, int flags);

/*
 * Gives what was just made away, when this process is root; path is its own.
 */
int state_dir_give(const char *path, int fd);

/*
 * For good, root becomes the owner of the folder, with the groups that this
 * user is in, or, where nobody has a name for it, with the folder's. Anybody
 * else, and the owner root, stay what they are. -ENOENT: there is no folder.
 */
int state_dir_become_owner(const char *path);

#endif
