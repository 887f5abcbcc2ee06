/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_GZIP_H
#define COMMON_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"

/*
 * Appends buf as one gzip member without name and time, so that the same
 * input gives the same bytes (RFC 1952). Returns 0, or ERR_TOO_LONG when it
 * does not fit under out's bound.
 */
int gzip_compress(const void *buf, size_t len, struct strbuf *out);

/*
 * A file that is read from its beginning to its end, whether it is compressed
 * with gzip (one or more members) or not: a log, rotated or not.
 */
struct gzip;

/*
 * Opens a file. Returns 0 or -errno. On error *out is NULL.
 */
int gzip_open(const char *path, struct gzip **out);

/* The same for a descriptor, which gzip_close() closes; also on error. */
int gzip_open_take(int fd, struct gzip **out);

void gzip_close(struct gzip *g); /* NULL is allowed */

/*
 * Reads up to size (> 0, at most INT_MAX) uncompressed bytes. Returns their
 * number, 0 at the end, -errno, ERR_SHORT (the compressed data are cut short)
 * or ERR_DAMAGED (they are corrupt, or something else follows them). What
 * could be read before the fault is returned before the error. NUL bytes
 * behind the last member are padding, as for gzip(1).
 */
int gzip_read(struct gzip *g, void *buf, size_t size);

/*
 * A file that is not compressed may have grown: the next gzip_read() looks
 * behind what was its end. Nothing for a compressed one.
 */
void gzip_again(struct gzip *g);

/* The descriptor that it reads; borrowed. */
int gzip_fd(const struct gzip *g);

/* Is it compressed? */
bool gzip_is_compressed(const struct gzip *g);

/*
 * The time in the first member's header: when the original was last changed,
 * Unix seconds; 0 when there is none or the file is not compressed.
 */
int64_t gzip_mtime(const struct gzip *g);

#endif
