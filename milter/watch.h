/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_WATCH_H
#define MILTER_WATCH_H

/*
 * Tells when something changes in a folder, so that a log need not be asked
 * for news all the time. It is a help and no promise: folders that cannot be
 * watched (too many watches, some network file systems) are polled.
 */
struct watch;

/* Never NULL. Without the system's help watch_fd() is -1. */
struct watch *watch_new(void);
void watch_free(struct watch *w); /* NULL is allowed */

/* Watches the folder of a file from now on; it may be asked for twice. */
void watch_add_folder_of(struct watch *w, const char *path);

/* Can be read when something has changed; -1: never. */
int watch_fd(const struct watch *w);

/* Takes down all news. */
void watch_drain(struct watch *w);

#endif
