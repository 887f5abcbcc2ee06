/* SPDX-License-Identifier: BSD-2-Clause */
/* feed_find.c - finds the place in the files where a feed stands */

#include "config.h"

#include "common/err.h"
#include "common/feed_private.h"
#include "common/hash.h"

int64_t feed_until(const struct feed *f, const struct logfile *lf)
{
	int64_t mtime = logfile_mtime(lf);

	if (f->o.until != 0) {
		return f->o.until;
	}
	return mtime != 0 && mtime < f->o.now ? mtime : f->o.now;
}

uint64_t feed_line_hash(const struct logfile_line *line)
{
	static const struct hash_key key = { 0x74656c6c746c73, 3 };

	return hash_sip(&key, line->text.s, line->text.len);
}

int feed_open_file(struct feed *f, const char *path, struct logfile **out)
{
	feed_set_path(f, path);
	return f->o.open != NULL ? f->o.open(f->o.ctx, path, out) :
				   logfile_open(path, out);
}

/* Does a file hold a place? Returns 1, 0, or an error. */
static int holds(struct feed *f, const char *path, const struct mark *m)
{
	struct logfile *lf = NULL;
	struct logfile_line line;
	int rc = feed_open_file(f, path, &lf);

	if (rc == 0 && m->off > 0) {
		rc = logfile_seek(lf, m->off, m->hash);
	} else if (rc == 0) {
		rc = logfile_next(lf, &line);
		rc = rc == 1 ? feed_line_hash(&line) == m->hash : rc;
	}
	logfile_close(lf);
	return rc;
}

/*
 * The number of the file that holds a place, n when none does, or an error:
 * that of a file that cannot be read is one only if no other holds the place.
 */
static int locate(
    struct feed *f, const char *const *paths, size_t n, const struct mark *m)
{
	int error = 0;
	size_t bad = 0;

	for (size_t i = 0; i < n; i++) {
		int rc = holds(f, paths[i], m);

		if (rc == 1) {
			return (int)i;
		}
		if (rc < 0 && error == 0) {
			bad = i;
			error = rc;
		}
	}
	if (error == 0) {
		return (int)n;
	}
	feed_set_path(f, paths[bad]);
	return error;
}

/* The time of the first line of a file that has one; 0: none. */
static int first_time(struct feed *f, const char *path, int64_t *t)
{
	struct logfile *lf = NULL;
	struct logfile_line line;
	struct syslog_line sl;
	int rc = feed_open_file(f, path, &lf);

	*t = 0;
	while (rc == 0 && (rc = logfile_next(lf, &line)) == 1) {
		if (mta_parse_line(
			f->o.type, line.text, feed_until(f, lf), &sl) == 0) {
			*t = sl.t;
			break;
		}
		rc = 0;
	}
	logfile_close(lf);
	return rc < 0 ? rc : 0;
}

/* None of the files was read before: is the first one a continuation? */
static int check_newer(struct feed *f, const char *path)
{
	int64_t t = 0;
	int rc = first_time(f, path, &t);

	return rc != 0 ? rc : t != 0 && t < f->read.t ? ERR_OLD : 0;
}

int feed_find_start(struct feed *f, const char *const *paths, size_t n,
    size_t *first, uint64_t *off)
{
	int at_read = locate(f, paths, n, &f->read);
	int at_rescan = at_read;

	*off = 0;
	*first = 0;
	f->base = f->read.pos;
	if (at_read < 0) {
		return at_read;
	}
	if (at_read == (int)n || f->read.pos - f->read.off > f->rescan.pos) {
		at_rescan = locate(f, paths, (size_t)at_read, &f->rescan);
	}
	if (at_rescan < 0) {
		return at_rescan;
	}
	if (at_rescan == (int)n) {
		return check_newer(f, paths[0]);
	}
	f->result.was_known = true;
	*first = (size_t)at_rescan;
	if (f->read.pos - f->read.off <= f->rescan.pos) {
		/* the same file: known by the later place */
		f->base = f->read.pos - f->read.off;
		*off = f->rescan.pos - f->base;
		f->read = f->rescan;
	} else if (at_rescan < at_read) {
		f->base = f->rescan.pos - f->rescan.off;
		*off = f->rescan.off;
		f->read = f->rescan;
	} else {
		/* what an open session began with is gone: take what is left */
		int rc = feed_note_lost(f);

		if (rc != 0) {
			return rc;
		}
		f->base = f->read.pos - f->read.off;
		f->read = (struct mark){ .pos = f->base };
	}
	f->result.passed = *off;
	return 0;
}
