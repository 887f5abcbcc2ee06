/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.c - a log file as it grows, is rotated, or is truncated
 *
 * The file that is being read is held open: renamed, it is still the same, and
 * what is written to it until the MTA's log daemon takes the new one is read.
 * It is left for the next one only when that has a line, so that we always
 * stand in a file of which something was read: by what stands before our
 * position, the file is known again whatever became of it, also by the next
 * process. Before anything is read from it, these bytes are compared with what
 * they were: that finds a file that was truncated, even if it has grown beyond
 * that position since.
 */

#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/when.h"
#include "milter/follow.h"
#include "milter/rotation.h"

struct follow {
	struct feed *feed;
	const char *path;
	struct logfile *lf; /* the file being read; NULL: there is none */
	struct logfile_id id;
	bool is_copy;        /* nobody writes to the file */
	int64_t changed;     /* as its identity told last ... */
	int64_t quiet_since; /* ... and since when it did; 0: not asked yet */
	/* nothing follows it yet but the file of the name, which is empty: ... */
	bool is_last;
	dev_t last_dev; /* ... this one; 0: there is none */
	ino_t last_ino;
	int64_t now;    /* of this poll */
	uint64_t lines; /* read by it */
};

/*
 * Reads on in this file. is_next: it follows what was read. Returns 0,
 * ERR_TEMP (it was truncated since we looked), or an error.
 */
static int attach(
    struct follow *fl, const struct rotation_file *file, bool is_next)
{
	struct logfile *lf = NULL;
	struct logfile_id id;
	int rc = file->error;

	feed_set_path(fl->feed, file->path);
	if (rc == 0) {
		rc = logfile_open_at(file->fd, &lf);
	}
	if (rc == 0) {
		rc = logfile_identity(lf, &id);
	}
	if (rc == 0 && is_next) {
		rc = logfile_begins(lf, file->head, file->head_len);
		rc = rc == 1 ? 0 : rc == 0 ? ERR_TEMP : rc;
	}
	if (rc == 0) {
		rc = feed_attach(fl->feed, lf, file->path, is_next);
		rc = rc == ERR_NOT_FOUND ? ERR_TEMP : rc;
	}
	if (rc != 0) {
		logfile_close(lf);
		return rc;
	}
	logfile_close(fl->lf);
	fl->lf = lf;
	fl->id = id;
	fl->is_copy = file->is_compressed;
	fl->quiet_since = 0;
	fl->is_last = false;
	return 0;
}

/* No line that a file holds is later: they may be a day ahead of the clock. */
static int64_t latest(const struct rotation_file *file)
{
	return file->mtime + WHEN_DAY_S;
}

/* Does the feed stand in this file? Returns 1, 0 or an error. */
static int is_place(const struct follow *fl, const struct rotation_file *file)
{
	struct logfile *lf = NULL;
	struct mark at;
	int rc = file->error;

	feed_position(fl->feed, &at);
	if (latest(file) < at.t) {
		return 0;
	}
	if (rc == 0) {
		rc = logfile_open_at(file->fd, &lf);
	}
	if (rc == 0) {
		rc = feed_holds(fl->feed, lf);
	}
	logfile_close(lf);
	return rc;
}

/*
 * Sets *out to the number of the file in which the feed stands, r->n when it
 * is none of them. Returns 0, ERR_TEMP (they have changed) or an error.
 */
static int find_place(
    const struct follow *fl, const struct rotation *r, size_t *out)
{
	int error = 0;

	/* a copy only if its original was truncated since we looked at it */
	for (int copies = 0; copies < 2; copies++) {
		for (size_t i = r->n; i > 0; i--) {
			const struct rotation_file *file = &r->file[i - 1];
			int rc = file->is_copy == (copies == 1) ?
			    is_place(fl, file) :
			    0;

			if (rc == 1) {
				*out = i - 1;
				return 0;
			}
			if (rc < 0) {
				feed_set_path(fl->feed, file->path);
				error = rc;
			}
		}
	}
	*out = r->n;
	if (!rotation_is_current(r, fl->path, FOLLOW_FILES)) {
		return ERR_TEMP;
	}
	return error;
}

/* Reads again what open sessions need, up to file number k, and to its end. */
static int read_again(struct follow *fl, const struct rotation *r, size_t k)
{
	struct feed_file *files = xcalloc(k + 1, sizeof(*files));
	struct mark from;
	size_t n = 0;
	int rc;

	feed_beginning(fl->feed, &from);
	for (size_t i = 0; i <= k; i++) {
		const struct rotation_file *file = &r->file[i];

		if (i == k ||
		    (!file->is_copy && file->head_len > 0 &&
			latest(file) >= from.t)) {
			files[n++] = (struct feed_file){ file->path, file->fd };
		}
	}
	rc = feed_resume(fl->feed, files, n);
	free(files);
	return rc;
}

/*
 * The file in which we stood is gone. Goes on with what is newer for certain,
 * or else behind the end of the file of the name.
 */
static int go_on_anywhere(struct follow *fl, const struct rotation *r)
{
	const struct rotation_file *named = &r->file[r->n - 1];
	int rc;

	log_warn("lost the place in a log: what was not read yet is missing "
		 "file=%s",
	    fl->path);
	rc = feed_note_gap(fl->feed);
	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		const struct rotation_file *file = &r->file[i];
		struct logfile *lf = NULL;

		if (file->is_copy || file->head_len == 0) {
			continue;
		}
		rc = logfile_open_at(file->fd, &lf);
		if (rc == 0) {
			rc = feed_is_newer(fl->feed, lf);
		}
		logfile_close(lf);
		if (rc == 1) {
			return attach(fl, file, true);
		}
	}
	if (rc == 0) {
		rc = attach(fl, named, true);
	}
	return rc != 0 ? rc : feed_skip(fl->feed, fl->lf);
}

/*
 * Goes where an earlier run has stopped, or to the beginning. Returns 0,
 * ERR_TEMP (the files have changed) or an error; likewise below.
 */
static int take_up(struct follow *fl, const struct rotation *r)
{
	bool is_named = r->n > 0 && r->file[r->n - 1].is_named;
	struct mark at;
	size_t k;
	int rc;

	feed_position(fl->feed, &at);
	if (at.pos == 0) {
		return is_named ? attach(fl, &r->file[r->n - 1], true) : 0;
	}
	rc = find_place(fl, r, &k);
	if (rc != 0 || k == r->n) {
		return rc != 0 || !is_named ? rc : go_on_anywhere(fl, r);
	}
	rc = read_again(fl, r, k);
	return rc != 0 ? rc : attach(fl, &r->file[k], false);
}

/* Calls fn with the files of the log. */
static int with_files(
    struct follow *fl, int (*fn)(struct follow *fl, const struct rotation *r))
{
	struct rotation r;
	int rc = rotation_open(&r, fl->path, FOLLOW_FILES);

	if (rc != 0) {
		feed_set_path(fl->feed, fl->path);
		return rc;
	}
	rc = fn(fl, &r);
	rotation_release(&r);
	return rc;
}

int follow_open(struct feed *feed, const char *path, struct follow **out)
{
	struct follow *fl = xcalloc(1, sizeof(*fl));
	int rc;

	*out = NULL;
	fl->feed = feed;
	fl->path = path;
	rc = with_files(fl, take_up);
	if (rc != 0) {
		follow_close(fl);
		return rc;
	}
	*out = fl;
	return 0;
}

void follow_close(struct follow *fl)
{
	if (fl != NULL) {
		logfile_close(fl->lf);
		free(fl);
	}
}

/*
 * The file was cut: what we did not read of it is in a copy, or gone. Then
 * the file is read from its new beginning. Returns 1, 0 (not yet) or an error.
 */
static int on_truncated(struct follow *fl, const struct rotation *r)
{
	bool is_named = r->n > 0 && r->file[r->n - 1].is_named;
	size_t k;
	int rc = find_place(fl, r, &k);

	if (rc == 0 && k < r->n) {
		rc = attach(fl, &r->file[k], false);
		if (rc == 0) {
			fl->is_copy = !r->file[k].is_named;
		}
		return rc != 0 ? rc : 1;
	}
	if (rc != 0 || !is_named) {
		return rc;
	}
	log_warn("log file was truncated and no copy holds what was not read "
		 "file=%s",
	    fl->path);
	rc = feed_note_gap(fl->feed);
	if (rc == 0) {
		rc = attach(fl, &r->file[r->n - 1], true);
	}
	return rc != 0 ? rc : 1;
}

/* The number of the first file that comes after the one being read. */
static int find_next(struct follow *fl, const struct rotation *r, size_t *out)
{
	size_t k = rotation_index(r, fl->id.dev, fl->id.ino);
	struct logfile_id id;
	int rc = 0;

	if (k == r->n) {
		/* by now it may be there in compressed form only */
		rc = find_place(fl, r, &k);
	}
	if (rc == 0 && k == r->n) {
		rc = logfile_identity(fl->lf, &id);
		for (k = 0; k < r->n && r->file[k].mtime < (int64_t)id.mtime;) {
			k++;
		}
		*out = k;
		return rc;
	}
	*out = k + 1;
	return rc;
}

/*
 * Is a file to be read next? Returns 1; 0: it has nothing to read; ERR_TEMP:
 * that cannot be told yet. One that has no line may get one, and may turn out
 * to be a copy.
 */
static int is_worth(const struct rotation_file *file, int64_t now)
{
	if (file->is_copy) {
		return 0;
	}
	if (file->error != 0 || file->head_len > 0) {
		return 1;
	}
	if (file->is_named ||
	    (file->changed <= now && now - file->changed < FOLLOW_GRACE_S)) {
		return ERR_TEMP;
	}
	return file->size > 0 ? 1 : 0;
}

/* Leaves the file for the next one. Returns 1, 0 (not yet) or an error. */
static int go_to_next(struct follow *fl, const struct rotation *r)
{
	const struct rotation_file *file;
	uint64_t n = 0;
	size_t i;
	int rc = find_next(fl, r, &i);
	int worth = 0;

	while (rc == 0 && i < r->n &&
	    (worth = is_worth(&r->file[i], fl->now)) == 0) {
		i++;
	}
	if (rc != 0) {
		return rc;
	}
	file = i < r->n ? &r->file[i] : NULL;
	if (file == NULL || worth != 1) {
		fl->is_last =
		    file == NULL || (file->is_named && file->size == 0);
		fl->last_dev = file != NULL ? file->dev : 0;
		fl->last_ino = file != NULL ? file->ino : 0;
		return 0;
	}
	/* its last line is whole now, with or without a line end */
	rc = feed_more(fl->feed, fl->lf, fl->now, true, &n);
	fl->lines += n;
	if (rc == 0) {
		rc = attach(fl, file, true);
	}
	return rc != 0 ? rc : 1;
}

/* Has nothing been done to the file for a while? */
static bool is_quiet(struct follow *fl, bool has_read)
{
	struct logfile_id id;

	if (logfile_identity(fl->lf, &id) != 0) {
		return false;
	}
	if (fl->quiet_since == 0) {
		/* an earlier process may have waited for it already */
		fl->quiet_since = (int64_t)id.changed < fl->now ?
		    (int64_t)id.changed :
		    fl->now;
	} else if (has_read || (int64_t)id.changed != fl->changed ||
	    fl->now < fl->quiet_since) {
		fl->quiet_since = fl->now;
	}
	fl->changed = (int64_t)id.changed;
	return fl->now - fl->quiet_since >= FOLLOW_GRACE_S;
}

/* Is the file being read the one of the name? */
static bool is_named(const struct follow *fl)
{
	struct stat st;

	return stat(fl->path, &st) == 0 && st.st_dev == fl->id.dev &&
	    st.st_ino == fl->id.ino;
}

/* Is it still so that nothing follows the file? */
static bool is_last(const struct follow *fl)
{
	struct stat st;

	if (!fl->is_last) {
		return false;
	}
	if (stat(fl->path, &st) != 0) {
		return fl->last_ino == 0;
	}
	return st.st_size == 0 && st.st_dev == fl->last_dev &&
	    st.st_ino == fl->last_ino;
}

/* What changes just now is looked at by the next poll. */
static int unless_changing(int rc)
{
	return rc == ERR_TEMP ? 0 : rc;
}

/*
 * Reads what is there, and leaves the file if there is a reason to. Returns 1
 * if another file comes now, 0, or an error.
 */
static int step(struct follow *fl)
{
	uint64_t n = 0;
	int rc = 1;

	if (!logfile_is_compressed(fl->lf)) {
		rc = feed_is_there(fl->feed, fl->lf);
	}
	if (rc == 0) {
		return unless_changing(with_files(fl, on_truncated));
	}
	if (rc > 0) {
		rc = feed_more(fl->feed, fl->lf, fl->now, false, &n);
		fl->lines += n;
	}
	if (rc != 0 || is_named(fl) || (!fl->is_copy && !is_quiet(fl, n > 0)) ||
	    is_last(fl)) {
		return rc;
	}
	return unless_changing(with_files(fl, go_to_next));
}

int64_t follow_poll(struct follow *fl, int64_t now)
{
	int rc = 0;

	fl->now = now;
	fl->lines = 0;
	if (fl->lf == NULL) {
		rc = with_files(fl, take_up);
	}
	if (rc != 0 || fl->lf == NULL) {
		return rc;
	}
	do {
		rc = step(fl);
	} while (rc == 1);
	return rc != 0 ? rc : (int64_t)fl->lines;
}

uint64_t follow_lag(const struct follow *fl)
{
	struct logfile_id id;
	uint64_t off = feed_offset(fl->feed);

	if (fl->lf == NULL || logfile_is_compressed(fl->lf) ||
	    logfile_identity(fl->lf, &id) != 0) {
		return 0;
	}
	return (uint64_t)id.size > off ? (uint64_t)id.size - off : 0;
}

bool follow_is_at_end(const struct follow *fl)
{
	return fl->lf != NULL && follow_lag(fl) == 0 &&
	    (is_named(fl) || is_last(fl));
}
