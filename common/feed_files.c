/* SPDX-License-Identifier: BSD-2-Clause */
/* feed_files.c - log files, one after the other, through a feed */

#include "config.h"

#include <stdlib.h>

#include "common/err.h"
#include "common/feed_private.h"
#include "common/mem.h"

/* Reads a file from an offset on; off 0: it follows what was read before. */
static int read_file(
    struct feed *f, const struct feed_file *file, uint64_t off, bool is_whole)
{
	struct logfile *lf = NULL;
	int rc = feed_file_open(file, &lf);

	feed_set_path(f, file->path);
	if (rc == 0 && off > 0) {
		rc = logfile_seek(lf, off, f->read.hash);
		/* this was the file a moment ago */
		rc = rc == 1 ? 0 : rc == 0 ? ERR_TEMP : rc;
	}
	if (rc == 0) {
		rc = feed_read_lines(
		    f, lf, file->path, feed_until(f, lf), is_whole);
	}
	logfile_close(lf);
	return rc;
}

/* Reads the files from a place on, and commits. */
static int read_files(struct feed *f, const struct feed_file *files, size_t n,
    bool is_final, const struct feed_start *start)
{
	int rc = 0;
	int rc2;

	store_use(f->store, f->o.name);
	for (size_t i = start->first; rc == 0 && i < n; i++) {
		if (i == start->known && i > start->first) {
			feed_go_to(f, start->known_base);
		}
		rc = read_file(f, &files[i], i == start->first ? start->off : 0,
		    is_final || i + 1 < n);
		f->base = f->read.pos;
	}
	if (f->store_error != 0 || rc == ERR_TEMP) {
		return rc;
	}
	rc2 = feed_commit(f, true);
	return rc != 0 ? rc : rc2;
}

int feed_read_open(
    struct feed *f, const struct feed_file *files, size_t n, bool is_final)
{
	struct feed_start start = { 0 };
	int rc =
	    f->read.pos > 0 && n > 0 ? feed_find_start(f, files, n, &start) : 0;

	return rc != 0 ? rc : read_files(f, files, n, is_final, &start);
}

int feed_resume(struct feed *f, const struct feed_file *files, size_t n)
{
	struct feed_start start;
	int rc = feed_find_start(f, files, n, &start);

	if (rc == ERR_OLD || (rc == 0 && start.known + 1 != n)) {
		return ERR_TEMP;
	}
	if (rc == 0) {
		rc = read_files(f, files, n, false, &start);
	}
	return rc == 0 && !f->was_met ? ERR_TEMP : rc;
}

int feed_read(struct feed *f, const char *const *paths, size_t n, bool is_final)
{
	struct feed_file *files = xcalloc(n, sizeof(*files));
	int rc;

	for (size_t i = 0; i < n; i++) {
		files[i] = (struct feed_file){ paths[i], -1 };
	}
	rc = feed_read_open(f, files, n, is_final);
	free(files);
	return rc;
}

int feed_skip(struct feed *f, struct logfile *lf)
{
	struct logfile_line line;
	int rc;

	store_use(f->store, f->o.name);
	while ((rc = logfile_next(lf, &line)) == 1) {
		if (!line.is_complete) {
			logfile_again(lf, &line);
			rc = 0;
			break;
		}
		f->read.off = line.end;
		f->read.pos = f->base + line.end;
		f->read.hash = logfile_hash(lf, line.end);
	}
	return rc != 0 ? rc : feed_commit(f, true);
}
