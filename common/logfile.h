/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_LOGFILE_H
#define COMMON_LOGFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/view.h"

/*
 * A log file read line by line, plain or gzip, with the means to find a place
 * in it again: an offset in the uncompressed text and a hash of what stands
 * before it.
 */
struct logfile;

/* One line, without its line end. The view is valid until the next call. */
struct logfile_line {
	struct view text;
	uint64_t start; /* offset of its first byte */
	uint64_t end;   /* offset behind its line end */
	bool is_long;   /* over SYSLOG_LINE_MAX: text is empty */
	bool
	    is_complete; /* has a line end; false: the last bytes of the file */
};

/*
 * Opens a file; "-" is standard input, which is copied to a temporary file
 * first. Returns 0 or -errno; *out is NULL then.
 */
int logfile_open(const char *path, struct logfile **out);
void logfile_close(struct logfile *lf); /* NULL is allowed */

/*
 * The same for a file that somebody else has opened, and keeps: from its
 * beginning, one at a time. It must be regular: else ERR_NOT_FILE.
 */
int logfile_open_at(int fd, struct logfile **out);

/*
 * Returns 1 and the next line, 0 at the end, -errno, or ERR_SHORT and
 * ERR_DAMAGED of gzip.h.
 */
int logfile_next(struct logfile *lf, struct logfile_line *line);

/*
 * The file may have grown: goes on behind its end. last is what
 * logfile_next() returned last, if that was the last bytes of the file and no
 * whole line: it will be returned again, with what came to it. Else NULL.
 */
void logfile_again(struct logfile *lf, const struct logfile_line *last);

/*
 * A hash of up to LOGFILE_WINDOW bytes that stand before an offset: where the
 * line that logfile_next() returned last begins or ends.
 */
enum {
	LOGFILE_WINDOW = 4096
};

uint64_t logfile_hash(const struct logfile *lf, uint64_t off);

/*
 * Goes to a place: off bytes from the beginning, where the hash must be the
 * same. Only for a file from which nothing was read. Returns 1 when it is
 * there, 0 when this is another file (which must then be opened again), or an
 * error as above. The next line begins at off.
 */
int logfile_seek(struct logfile *lf, uint64_t off, uint64_t hash);

/*
 * Does it begin with these bytes (at most LOGFILE_WINDOW)? Only for a file
 * from which nothing was read; its first lines will come from what was looked
 * at, whatever becomes of the file. Returns 1, 0 or an error as above.
 */
int logfile_begins(struct logfile *lf, const char *s, size_t len);

/*
 * Do the bytes before an offset still have the hash? Asks the file itself,
 * not what was read of it; for files that are not compressed. Returns 1, 0 or
 * -errno.
 */
int logfile_verify(const struct logfile *lf, uint64_t off, uint64_t hash);

/* Which file it is, whatever its name is by now. */
struct logfile_id {
	dev_t dev;
	ino_t ino;
	time_t changed; /* written to, renamed or so (ctime) */
	time_t mtime;
	off_t size; /* now */
};

/* Returns 0 or -errno. */
int logfile_identity(const struct logfile *lf, struct logfile_id *out);

/* When the text was last changed; 0: not known. */
int64_t logfile_mtime(const struct logfile *lf);

/* Bytes of the file as it lies on the disk, for showing progress; 0: unknown */
uint64_t logfile_size(const struct logfile *lf);

bool logfile_is_compressed(const struct logfile *lf);

#endif
