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

int feed_file_open(const struct feed_file *file, struct logfile **out)
{
	return file->fd >= 0 ? logfile_open_at(file->fd, out) :
			       logfile_open(file->path, out);
}

static int holds(struct logfile *lf, const struct mark *m)
{
	struct logfile_line line;
	int rc;

	if (m->off > 0) {
		return logfile_seek(lf, m->off, m->hash);
	}
	rc = logfile_next(lf, &line);
	return rc == 1 ? feed_line_hash(&line) == m->hash : rc;
}

int feed_holds(const struct feed *f, struct logfile *lf)
{
	return holds(lf, &f->read);
}

/*
 * The number of the file that holds a place, n when none does, or an error:
 * that of a file that cannot be read is one only if no other holds the place.
 * Of several, which can only be copies, the newest: an older one would be
 * followed by what it holds itself.
 */
static int locate(struct feed *f, const struct feed_file *files, size_t n,
    const struct mark *m)
{
	int error = 0;

	for (size_t i = n; i > 0; i--) {
		struct logfile *lf = NULL;
		int rc = feed_file_open(&files[i - 1], &lf);

		rc = rc == 0 ? holds(lf, m) : rc;
		logfile_close(lf);
		if (rc == 1) {
			return (int)i - 1;
		}
		if (rc < 0) {
			feed_set_path(f, files[i - 1].path);
			error = rc;
		}
	}
	return error != 0 ? error : (int)n;
}

int feed_is_newer(const struct feed *f, struct logfile *lf)
{
	struct logfile_line line;
	struct syslog_line sl;
	int rc;

	while ((rc = logfile_next(lf, &line)) == 1) {
		if (mta_parse_line(
			f->o.type, line.text, feed_until(f, lf), &sl) == 0) {
			return sl.t >= f->read.t;
		}
	}
	return rc < 0 ? rc : 1;
}

/* None of the files was read before: is the first one a continuation? */
static int check_newer(struct feed *f, const struct feed_file *file)
{
	struct logfile *lf = NULL;
	int rc = feed_file_open(file, &lf);

	feed_set_path(f, file->path);
	rc = rc == 0 ? feed_is_newer(f, lf) : rc;
	logfile_close(lf);
	return rc == 1 ? 0 : rc == 0 ? ERR_OLD : rc;
}

void feed_go_to(struct feed *f, uint64_t pos)
{
	if (f->read.pos > pos) {
		/* the places remembered must rise */
		f->n_marks = 0;
	}
	f->read.pos = pos;
	f->base = pos;
}

int feed_find_start(struct feed *f, const struct feed_file *files, size_t n,
    struct feed_start *out)
{
	uint64_t known_base = f->read.pos - f->read.off;
	int at_read = locate(f, files, n, &f->read);
	int at_rescan = at_read;

	*out = (struct feed_start){ 0 };
	f->base = f->read.pos;
	if (at_read < 0) {
		return at_read;
	}
	if (at_read == (int)n || known_base > f->rescan.pos) {
		at_rescan = locate(f, files, (size_t)at_read, &f->rescan);
	}
	if (at_rescan < 0) {
		return at_rescan;
	}
	out->known = (size_t)at_read;
	out->known_base = known_base;
	if (at_read == (int)n && at_rescan != (int)n - 1) {
		/* what was read last is not there: one may come behind it */
		out->first = at_rescan < (int)n ? (size_t)at_rescan + 1 : 0;
		f->was_met = true;
		return check_newer(f, &files[out->first]);
	}
	f->result.was_known = true;
	out->first = (size_t)at_rescan;
	if (known_base <= f->rescan.pos) {
		/* the same file: known by the later place */
		f->base = known_base;
		out->off = f->rescan.pos - f->base;
		f->read = f->rescan;
	} else if (at_rescan < at_read) {
		f->base = f->rescan.pos - f->rescan.off;
		out->off = f->rescan.off;
		f->read = f->rescan;
	} else {
		/* what an open session began with is gone: take what is left */
		int rc = feed_note_lost(f);

		if (rc != 0) {
			return rc;
		}
		f->base = known_base;
		f->read = (struct mark){ .pos = f->base };
	}
	f->was_met = f->read.pos == f->known;
	f->result.passed = out->off;
	return 0;
}
