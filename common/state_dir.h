/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_STATE_DIR_H
#define COMMON_STATE_DIR_H

/*
 * Files and folders under the state directory belong to one user, whose
 * programs work on them; root may, too, and must not take them away: what root
 * makes is given to the owner of the folder that it stands in. All return 0 or
 * -errno.
 */

/*
 * Makes a folder (0750) in one that is there; one that is there already is
 * left as it is.
 */
int state_dir_make(const char *parent, const char *name);

/* Gives what was just made in the folder away, when this process is root. */
int state_dir_give(const char *parent, int fd);
int state_dir_give_in(int parent, int fd); /* parent: the folder, open */

#endif
