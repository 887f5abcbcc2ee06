/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_FEED_PRIVATE_H
#define COMMON_FEED_PRIVATE_H

#include "common/feed.h"

/* What feed.c and feed_find.c share; nobody else includes this. */
struct feed {
	struct store *store;
	struct feed_options o;
	struct mta *mta;
	struct mark rescan; /* where an earlier run told us to begin */
	uint64_t known;     /* how far earlier runs have read */
	struct mark read;   /* how far we have; it names a place in the file
	                       before as long as nothing of a file is read */
	uint64_t base;      /* position of the current file's beginning */
	/* places where the next run may begin, rising */
	struct mark *marks;
	size_t n_marks;
	size_t cap_marks;
	/* the line being worked on */
	uint64_t event;  /* number of the next event */
	unsigned lines;  /* since the last commit */
	int store_error; /* what the store returned, or 0 */
	const char *error_path;
	struct feed_result result;
};

/* Opens one of the files that feed_read() was given. */
int feed_open_file(struct feed *f, const char *path, struct logfile **out);

/* No line of this file is later. */
int64_t feed_until(const struct feed *f, const struct logfile *lf);

/*
 * The beginning of a stream, where nothing stands before it, is known by its
 * first line: a mark with off 0 has this hash.
 */
uint64_t feed_line_hash(const struct logfile_line *line);

/*
 * Sets *first to the number of the file to begin with and *off to the place
 * in it; moves read and base there. Returns 0 or an error of feed_read().
 */
int feed_find_start(struct feed *f, const char *const *paths, size_t n,
    size_t *first, uint64_t *off);

#endif
