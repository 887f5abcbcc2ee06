/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_ROTATION_H
#define MILTER_ROTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The files of a log that is rotated: its predecessors "NAME.*" and "NAME-*"
 * beside it, the oldest first, and last the one of the name. They are in the
 * order of their last changes, but those with numbers in that of the numbers:
 * NAME.2 is older than NAME.1 and NAME-20261122 than NAME-20261123, also where
 * somebody has unpacked or touched one, or a clock was set. All are open, so
 * that none of them becomes another while they are looked at.
 */
enum rotation_family {
	ROTATION_OTHER,
	ROTATION_COUNTED, /* NAME.1, NAME.2.gz */
	ROTATION_DATED    /* NAME-20261122 */
};

struct rotation_file {
	char *path; /* owned */
	int fd;     /* owned; -1: it could not be opened ... */
	int error;  /* ... for this reason; else 0 */
	dev_t dev;
	ino_t ino;
	int64_t mtime;
	int64_t changed; /* written to, renamed or so (ctime) */
	uint64_t size;
	enum rotation_family family; /* what its number means */
	int64_t rank;                /* within it: the oldest has the lowest */
	bool is_named;               /* the one of the name */
	bool is_compressed;          /* as its first bytes tell */
	bool is_copy;    /* another one of these files begins with the same
	                       lines and is the better one: leave this out */
	char *head;      /* owned: its first whole lines */
	size_t head_len; /* 0: there is none yet */
};

struct rotation {
	struct rotation_file *file; /* owned */
	size_t n;
};

/*
 * Finds and opens them: regular files, the newest max of them. Where the
 * folder cannot be read there is only the one of the name, if that is there.
 * Returns 0, or ERR_TEMP where names change too fast; then there is nothing
 * to release.
 */
int rotation_open(struct rotation *r, const char *path, size_t max);
void rotation_release(struct rotation *r);

/* Is all still as it was, and the file of the name not shorter? */
bool rotation_is_current(
    const struct rotation *r, const char *path, size_t max);

/* The place of a file, or r->n. */
size_t rotation_index(const struct rotation *r, dev_t dev, ino_t ino);

#endif
