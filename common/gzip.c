/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gzip.c - gzip members: written for reports, read for rotated logs
 *
 * The only file that knows zlib. Reading does not go through gzread(), which
 * takes a first member followed by anything else for the whole file and says
 * nothing: what cannot be read must be said.
 */

#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZLIB_CONST
#include <zlib.h>

#include "common/err.h"
#include "common/gzip.h"
#include "common/mem.h"

enum {
	WRAP_GZIP = 16,  /* added to the window bits: zlib's sign for it */
	WINDOW_MAX = 15, /* bits */
	WINDOW_MIN = 9,
	MEMORY_MAX = 8, /* zlib's default memLevel */
	READ_SIZE = 64 * 1024,
	HEADER_SIZE = 10, /* of a member, without its optional fields */
};

/* zlib's own failures are want of memory and our misuse. */
static void check(int rc)
{
	if (rc != Z_OK) {
		(void)fputs("zlib failed\n", stderr);
		abort();
	}
}

/*
 * Tables that just hold the input compress as well and spare zlib the
 * clearing of 256 KiB, which would be seven eighths of the work for a report
 * of the usual size.
 */
static int window_bits(size_t len)
{
	int bits = WINDOW_MIN;

	while (bits < WINDOW_MAX && (size_t)1 << bits < len) {
		bits++;
	}
	return bits;
}

int gzip_compress(const void *buf, size_t len, struct strbuf *out)
{
	int bits = window_bits(len);
	z_stream z = { .next_in = buf };
	unsigned char chunk[4096];
	int rc = Z_OK;

	check(deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, bits + WRAP_GZIP,
	    bits - 6 < MEMORY_MAX ? bits - 6 : MEMORY_MAX, Z_DEFAULT_STRATEGY));
	while (rc != Z_STREAM_END) {
		if (z.avail_in == 0) {
			z.avail_in = len < UINT_MAX ? (unsigned)len : UINT_MAX;
			len -= z.avail_in;
		}
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		rc = deflate(&z, len == 0 ? Z_FINISH : Z_NO_FLUSH);
		if (rc != Z_STREAM_END) {
			check(rc);
		}
		strbuf_add(out, chunk, sizeof(chunk) - z.avail_out);
	}
	(void)deflateEnd(&z);
	return out->failed ? ERR_TOO_LONG : 0;
}

struct gzip {
	int fd;
	bool is_compressed;
	bool is_inside; /* of a member */
	bool is_at_end; /* of the file */
	int fault;      /* met after the bytes that were returned */
	int64_t mtime;
	z_stream z; /* next_in, avail_in: what was read and not yet used */
	unsigned char in[READ_SIZE];
};

/* Reads more behind what is not yet used. Returns 0 or -errno. */
static int fill(struct gzip *g)
{
	ssize_t n;

	if (g->z.avail_in > 0) {
		memmove(g->in, g->z.next_in, g->z.avail_in);
	}
	g->z.next_in = g->in;
	do {
		n = read(g->fd, g->in + g->z.avail_in,
		    sizeof(g->in) - g->z.avail_in);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return -errno;
	}
	g->z.avail_in += (unsigned)n;
	g->is_at_end = n == 0;
	return 0;
}

/* Looks whether the file is compressed. A header cut short is one, too. */
static int look(struct gzip *g)
{
	static const unsigned char magic[] = { 0x1f, 0x8b, 8 };
	size_t n = 0;
	int rc = 0;

	while (rc == 0 && !g->is_at_end && g->z.avail_in < HEADER_SIZE) {
		rc = fill(g);
	}
	if (rc != 0) {
		return rc;
	}
	n = g->z.avail_in < sizeof(magic) ? g->z.avail_in : sizeof(magic);
	g->is_compressed = n >= 2 && memcmp(g->in, magic, n) == 0;
	if (g->is_compressed) {
		check(inflateInit2(&g->z, WINDOW_MAX + WRAP_GZIP));
		g->is_inside = true;
	}
	if (g->is_compressed && g->z.avail_in >= HEADER_SIZE) {
		g->mtime = (int64_t)g->in[4] | (int64_t)g->in[5] << 8 |
		    (int64_t)g->in[6] << 16 | (int64_t)g->in[7] << 24;
	}
	return 0;
}

int gzip_open_take(int fd, struct gzip **out)
{
	struct gzip *g = xcalloc(1, sizeof(*g));
	int rc;

	g->fd = fd;
	rc = look(g);
	if (rc != 0) {
		gzip_close(g);
		g = NULL;
	}
	*out = g;
	return rc;
}

int gzip_open(const char *path, struct gzip **out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	*out = NULL;
	return fd < 0 ? -errno : gzip_open_take(fd, out);
}

void gzip_close(struct gzip *g)
{
	if (g == NULL) {
		return;
	}
	if (g->is_compressed) {
		(void)inflateEnd(&g->z);
	}
	(void)close(g->fd);
	free(g);
}

/* Behind a member: the next one, padding, the end. Returns 0 or an error. */
static int next_member(struct gzip *g)
{
	int rc = 0;

	while (rc == 0) {
		while (g->z.avail_in > 0 && *g->z.next_in == 0) {
			g->z.next_in++;
			g->z.avail_in--;
		}
		if (g->z.avail_in > 0 || g->is_at_end) {
			break;
		}
		rc = fill(g);
	}
	if (rc == 0 && g->z.avail_in > 0) {
		check(inflateReset(&g->z));
		g->is_inside = true;
	}
	return rc;
}

/* One step of inflation into next_out. Returns 0 or an error. */
static int inflate_more(struct gzip *g)
{
	int rc;

	if (g->z.avail_in == 0 && !g->is_at_end) {
		rc = fill(g);
		if (rc != 0) {
			return rc;
		}
	}
	rc = inflate(&g->z, Z_NO_FLUSH);
	switch (rc) {
	case Z_OK:
		return 0;
	case Z_STREAM_END:
		g->is_inside = false;
		return next_member(g);
	case Z_BUF_ERROR: /* no progress: it wants input, or room */
		return g->is_at_end && g->z.avail_in == 0 &&
			g->z.avail_out > 0 ?
		    ERR_SHORT :
		    0;
	case Z_MEM_ERROR:
		check(rc);
		return -ENOMEM;
	default:
		return ERR_DAMAGED;
	}
}

static int read_plain(struct gzip *g, unsigned char *buf, size_t size)
{
	size_t n;
	int rc;

	if (g->z.avail_in == 0) {
		rc = fill(g);
		if (rc != 0) {
			return rc;
		}
	}
	n = g->z.avail_in < size ? g->z.avail_in : size;
	memcpy(buf, g->z.next_in, n);
	g->z.next_in += n;
	g->z.avail_in -= (unsigned)n;
	return (int)n;
}

int gzip_read(struct gzip *g, void *buf, size_t size)
{
	assert(size > 0 && size <= INT_MAX);
	if (!g->is_compressed) {
		return read_plain(g, buf, size);
	}
	g->z.next_out = buf;
	g->z.avail_out = (unsigned)size;
	while (g->fault == 0 && g->is_inside && g->z.avail_out > 0) {
		g->fault = inflate_more(g);
	}
	if (g->z.avail_out < size) {
		return (int)(size - g->z.avail_out);
	}
	return g->fault;
}

void gzip_again(struct gzip *g)
{
	if (!g->is_compressed) {
		g->is_at_end = false;
	}
}

int gzip_fd(const struct gzip *g)
{
	return g->fd;
}

bool gzip_is_compressed(const struct gzip *g)
{
	return g->is_compressed;
}

int64_t gzip_mtime(const struct gzip *g)
{
	return g->mtime;
}
