/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_PREDECESSORS_H
#define MILTER_PREDECESSORS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The rotated predecessors of a log file: "NAME.*" and "NAME-*" beside it, the
 * oldest first by the time of the last change.
 */
struct predecessor {
	char *path; /* owned */
	dev_t dev;
	ino_t ino;
	int64_t mtime;
};

struct predecessors {
	struct predecessor *file; /* owned */
	size_t n;
};

/*
 * Finds those that were changed at or after a time, the newest max of them;
 * none where the folder cannot be read. Regular files only.
 */
void predecessors_find(
    struct predecessors *p, const char *path, size_t max, int64_t since);
void predecessors_release(struct predecessors *p);

/* The place of a file, or p->n. */
size_t predecessors_index(const struct predecessors *p, dev_t dev, ino_t ino);

#endif
