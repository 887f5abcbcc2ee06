/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logfile.c - reads a log file line by line and finds places in it again
 *
 * The buffer always keeps LOGFILE_WINDOW bytes before the next line, so that
 * the hash of any line's place can be had when it comes by.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/err.h"
#include "common/gzip.h"
#include "common/hash.h"
#include "common/logfile.h"
#include "common/mem.h"
#include "common/syslog_line.h"

enum {
	BUFFER = 4 * SYSLOG_LINE_MAX
};

/* Of the hash of what stands before a place: it is kept in files. */
static const struct hash_key window_key = { 0x74656c6c746c73, 2 };

struct logfile {
	struct gzip *gz;
	uint64_t base; /* offset in the file of the first byte of buf */
	size_t next;   /* in buf: where the next one begins */
	size_t len;    /* bytes in buf */
	bool at_end;
	bool in_long;        /* the next line is the rest of a long one */
	uint64_t long_start; /* of the last line that was too long ... */
	uint64_t long_hash;  /* ... and the hash there: the bytes are gone */
	int64_t mtime;
	uint64_t size;
	char buf[BUFFER];
};

/* Copies standard input to a file without a name; returns its descriptor. */
static int spool(void)
{
	char buf[65536];
	char path[] = "/tmp/telltls.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0) {
		return -errno;
	}
	(void)unlink(path);
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		errno = ENOSPC; /* what a short write, which sets none, means */
		if (write(fd, buf, (size_t)n) != n) {
			n = -1;
			break;
		}
	}
	if (n < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		int rc = -errno;

		(void)close(fd);
		return rc;
	}
	return fd;
}

/* What a file must be to be read. Returns 0 or an error. */
static int check_type(int fd, bool must_be_regular, struct stat *st)
{
	if (fstat(fd, st) != 0) {
		return -errno;
	}
	if (S_ISDIR(st->st_mode)) {
		return -EISDIR;
	}
	return must_be_regular && !S_ISREG(st->st_mode) ? ERR_NOT_FILE : 0;
}

/* Takes the descriptor, also when it fails. */
static int open_take(
    int fd, bool is_spooled, bool must_be_regular, struct logfile **out)
{
	struct logfile *lf;
	struct gzip *gz = NULL;
	struct stat st;
	int rc = check_type(fd, must_be_regular, &st);

	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	rc = gzip_open_take(fd, &gz);
	if (rc != 0) {
		return rc;
	}
	lf = xmalloc(sizeof(*lf));
	lf->gz = gz;
	lf->base = 0;
	lf->next = 0;
	lf->len = 0;
	lf->at_end = false;
	lf->in_long = false;
	lf->long_start = UINT64_MAX;
	lf->long_hash = 0;
	lf->mtime = is_spooled ? 0 : (int64_t)st.st_mtime;
	lf->size = (uint64_t)st.st_size;
	*out = lf;
	return 0;
}

int logfile_open(const char *path, struct logfile **out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? spool() : open(path, O_RDONLY | O_CLOEXEC);

	*out = NULL;
	if (fd < 0) {
		return is_stdin ? fd : -errno;
	}
	return open_take(fd, is_stdin, false, out);
}

int logfile_open_at(int fd, struct logfile **out)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	*out = NULL;
	if (own < 0) {
		return -errno;
	}
	/* what cannot seek is no regular file */
	(void)lseek(own, 0, SEEK_SET);
	return open_take(own, false, true, out);
}

void logfile_close(struct logfile *lf)
{
	if (lf != NULL) {
		gzip_close(lf->gz);
		free(lf);
	}
}

/* Moves what is still needed to the front: the window and the next line. */
static void slide(struct logfile *lf)
{
	size_t drop = lf->next > LOGFILE_WINDOW ? lf->next - LOGFILE_WINDOW : 0;

	memmove(lf->buf, lf->buf + drop, lf->len - drop);
	lf->base += drop;
	lf->next -= drop;
	lf->len -= drop;
}

/* Reads more. Returns 1, 0 at the end of the file, or an error. */
static int fill(struct logfile *lf)
{
	int n;

	if (lf->at_end) {
		return 0;
	}
	if (lf->len == sizeof(lf->buf)) {
		slide(lf);
	}
	n = gzip_read(lf->gz, lf->buf + lf->len, sizeof(lf->buf) - lf->len);
	if (n <= 0) {
		lf->at_end = n == 0;
		return n;
	}
	lf->len += (size_t)n;
	return 1;
}

uint64_t logfile_hash(const struct logfile *lf, uint64_t off)
{
	size_t at = (size_t)(off - lf->base);
	size_t n = at < LOGFILE_WINDOW ? at : LOGFILE_WINDOW;

	if (off == lf->long_start) {
		return lf->long_hash;
	}
	return hash_sip(&window_key, lf->buf + at - n, n);
}

/*
 * Passes the rest of a line that is too long, of which none is kept but the
 * window. Returns as fill().
 */
static int pass_long(struct logfile *lf, struct logfile_line *line)
{
	for (;;) {
		struct view rest =
		    view_make(lf->buf + lf->next, lf->len - lf->next);
		size_t n = view_index(rest, '\n');
		int rc;

		line->is_complete = n < rest.len;
		lf->next += line->is_complete ? n + 1 : n;
		if (line->is_complete) {
			return 1;
		}
		slide(lf);
		rc = fill(lf);
		if (rc <= 0) {
			return rc;
		}
	}
}

static int next_long(struct logfile *lf, struct logfile_line *line)
{
	int rc = pass_long(lf, line);

	line->is_long = true;
	line->end = lf->base + lf->next;
	lf->in_long = false;
	return rc < 0 ? rc : 1;
}

int logfile_next(struct logfile *lf, struct logfile_line *line)
{
	size_t n;
	size_t seen = 0;
	int rc = 1;

	*line = (struct logfile_line){ .start = lf->base + lf->next };
	if (lf->in_long) {
		line->start = lf->long_start;
		return next_long(lf, line);
	}
	for (;;) {
		struct view rest =
		    view_make(lf->buf + lf->next, lf->len - lf->next);

		n = seen + view_index(view_skip(rest, seen), '\n');
		if (n < rest.len) {
			line->is_complete = true;
			break;
		}
		seen = n;
		if (n > SYSLOG_LINE_MAX) {
			break;
		}
		rc = fill(lf);
		if (rc < 0 || (rc == 0 && n == 0)) {
			return rc;
		}
		if (rc == 0) {
			break;
		}
	}
	if (n > SYSLOG_LINE_MAX) {
		lf->long_hash = logfile_hash(lf, line->start);
		lf->long_start = line->start;
		return next_long(lf, line);
	}
	line->text = view_make(lf->buf + lf->next, n);
	lf->next += n + (line->is_complete ? 1 : 0);
	line->end = lf->base + lf->next;
	if (n > 0 && line->text.s[n - 1] == '\r') {
		line->text.len--;
	}
	return 1;
}

void logfile_again(struct logfile *lf, const struct logfile_line *last)
{
	lf->at_end = false;
	gzip_again(lf->gz);
	if (last == NULL || last->is_complete) {
		return;
	}
	lf->in_long = last->is_long;
	if (!last->is_long) {
		lf->next = (size_t)(last->start - lf->base);
	}
}

int logfile_identity(const struct logfile *lf, struct logfile_id *out)
{
	struct stat st;

	if (fstat(gzip_fd(lf->gz), &st) != 0) {
		return -errno;
	}
	*out = (struct logfile_id){ st.st_dev, st.st_ino, st.st_ctime,
		st.st_mtime, st.st_size };
	return 0;
}

int logfile_verify(const struct logfile *lf, uint64_t off, uint64_t hash)
{
	char buf[LOGFILE_WINDOW];
	size_t want = off < sizeof(buf) ? (size_t)off : sizeof(buf);
	size_t got = 0;

	while (got < want) {
		ssize_t n = pread(gzip_fd(lf->gz), buf + got, want - got,
		    (off_t)(off - want + got));

		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n == 0) {
			return 0;
		}
		got += n > 0 ? (size_t)n : 0;
	}
	return hash_sip(&window_key, buf, want) == hash ? 1 : 0;
}

int logfile_seek(struct logfile *lf, uint64_t off, uint64_t hash)
{
	while (lf->base + lf->len < off) {
		int rc;

		lf->next = lf->len;
		rc = fill(lf);
		if (rc <= 0) {
			return rc;
		}
	}
	lf->next = (size_t)(off - lf->base);
	return logfile_hash(lf, off) == hash ? 1 : 0;
}

int logfile_begins(struct logfile *lf, const char *s, size_t len)
{
	while (lf->len < len) {
		int rc = fill(lf);

		if (rc <= 0) {
			return rc;
		}
	}
	return len == 0 || memcmp(lf->buf, s, len) == 0 ? 1 : 0;
}

int64_t logfile_mtime(const struct logfile *lf)
{
	int64_t t = gzip_mtime(lf->gz);

	return t != 0 ? t : lf->mtime;
}

uint64_t logfile_size(const struct logfile *lf)
{
	return lf->size;
}

bool logfile_is_compressed(const struct logfile *lf)
{
	return gzip_is_compressed(lf->gz);
}
