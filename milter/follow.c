/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.c - a log file as it grows, is rotated, or is truncated
 *
 * The file that is being read is held open: renamed, it is still the same, and
 * what is written to it until the MTA's log daemon takes the new one is read.
 * Before anything is read from it, the bytes before our position are compared
 * with what they were: that finds a file that was truncated, even if it has
 * grown beyond that position since.
 */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/when.h"
#include "milter/follow.h"
#include "milter/predecessors.h"

struct follow {
	struct feed *feed;
	const char *path;
	struct logfile *lf; /* the file being read; NULL: there is none */
	struct logfile_id id;
	int64_t
	    quiet_since; /* renamed, and nothing read since; 0: not renamed */
};

static void drop(struct follow *fl)
{
	logfile_close(fl->lf);
	fl->lf = NULL;
	fl->quiet_since = 0;
}

/* Opens the file under its name. is_next: it follows what was read. */
static int take(struct follow *fl, bool is_next)
{
	struct logfile *lf = NULL;
	int rc = feed_open_file(fl->feed, fl->path, &lf);

	if (rc == 0) {
		rc = feed_attach(fl->feed, lf, is_next);
	}
	if (rc == 0) {
		rc = logfile_identity(lf, &fl->id);
	}
	if (rc != 0) {
		logfile_close(lf);
		return rc == -ENOENT ? 0 : rc;
	}
	drop(fl);
	fl->lf = lf;
	return 0;
}

/* Reads a predecessor to its end. Returns lines or an error. */
static int64_t read_whole(
    struct follow *fl, const char *path, bool is_next, int64_t now)
{
	struct logfile *lf = NULL;
	uint64_t n = 0;
	int rc = feed_open_file(fl->feed, path, &lf);

	if (rc == 0) {
		rc = feed_attach(fl->feed, lf, is_next);
	}
	if (rc == 0) {
		rc = feed_more(fl->feed, lf, now, true, &n);
	}
	logfile_close(lf);
	return rc != 0 ? rc : (int64_t)n;
}

/*
 * The predecessors that may hold the feed's marks. A line may be stamped up to
 * a day later than it was written (feed.h); an open session, which the other
 * mark is for, began less than a day ago.
 */
static void find_old(const struct follow *fl, struct predecessors *old)
{
	struct mark at;

	feed_position(fl->feed, &at);
	predecessors_find(old, fl->path, FOLLOW_FILES, at.t - WHEN_DAY_S);
}

/* Says that the place is gone where we stood, and counts it. */
static int note_lost_place(struct follow *fl, const char *what)
{
	log_warn("lost the place in a log file=%s: %s", fl->path, what);
	return feed_note_gap(fl->feed);
}

/* Was none of what was read before in the files that were read now? */
static bool is_lost(const struct follow *fl)
{
	struct feed_result result;

	feed_result(fl->feed, &result);
	return !result.was_new && !result.was_known;
}

/* All that was logged before the daemon ran. */
static int catch_up(struct follow *fl)
{
	struct predecessors old;
	const char *paths[FOLLOW_FILES + 1];
	struct mark at;
	struct stat st;
	size_t n = 0;
	int rc;

	feed_position(fl->feed, &at);
	find_old(fl, &old);
	for (size_t i = 0; at.pos > 0 && i < old.n; i++) {
		paths[n++] = old.file[i].path;
	}
	if (stat(fl->path, &st) == 0) {
		paths[n++] = fl->path;
	}
	rc = n > 0 ? feed_read(fl->feed, paths, n, false) : 0;
	if (rc == ERR_OLD) {
		/* what is there we may know already */
		rc = note_lost_place(fl, "going on behind its end");
		rc = rc == 0 ? ERR_OLD : rc;
	} else if (rc == 0 && n > 0 && is_lost(fl)) {
		rc = note_lost_place(fl, "what came before may be missing");
	}
	predecessors_release(&old);
	return rc;
}

int follow_open(struct feed *feed, const char *path, struct follow **out)
{
	struct follow *fl = xcalloc(1, sizeof(*fl));
	int rc;

	*out = NULL;
	fl->feed = feed;
	fl->path = path;
	rc = catch_up(fl);
	if (rc == 0) {
		rc = take(fl, false);
		if (rc == ERR_NOT_FOUND) {
			/* its predecessor is where we stand */
			rc = take(fl, true);
		}
	} else if (rc == ERR_OLD) {
		rc = take(fl, true);
		if (rc == 0 && fl->lf != NULL) {
			rc = logfile_seek(fl->lf, (uint64_t)fl->id.size, 0);
			rc = rc < 0 ? rc : 0;
		}
	}
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
		drop(fl);
		free(fl);
	}
}

/*
 * The file was cut: what we did not read of it is in a copy, or gone. Then
 * the file is read from its new beginning.
 */
static int64_t on_truncated(struct follow *fl, int64_t now)
{
	struct predecessors old;
	int64_t n = ERR_NOT_FOUND;
	int rc = 0;

	find_old(fl, &old);
	for (size_t i = old.n; n == ERR_NOT_FOUND && i > 0; i--) {
		n = read_whole(fl, old.file[i - 1].path, false, now);
	}
	predecessors_release(&old);
	if (n == ERR_NOT_FOUND) {
		log_warn(
		    "log file was truncated and no copy holds what was not "
		    "read file=%s",
		    fl->path);
		rc = feed_note_gap(fl->feed);
		n = 0;
	}
	if (n >= 0 && rc == 0) {
		drop(fl);
		rc = take(fl, true);
	}
	return n < 0 ? n : rc != 0 ? rc : n;
}

/* Reads the files between the one that was renamed and the one of the name. */
static int64_t read_between(struct follow *fl, int64_t now)
{
	struct predecessors old;
	int64_t sum = 0;
	size_t i;

	predecessors_find(&old, fl->path, FOLLOW_FILES, 0);
	i = predecessors_index(&old, fl->id.dev, fl->id.ino);
	for (i = i < old.n ? i + 1 : old.n; sum >= 0 && i < old.n; i++) {
		int64_t n = read_whole(fl, old.file[i].path, true, now);

		sum = n < 0 ? n : sum + n;
	}
	predecessors_release(&old);
	return sum;
}

/* Has another file taken the name? */
static bool is_renamed(const struct follow *fl)
{
	struct stat st;

	return stat(fl->path, &st) == 0 &&
	    (st.st_dev != fl->id.dev || st.st_ino != fl->id.ino);
}

/* A renamed file is done when nothing comes any more. */
static int64_t on_renamed(struct follow *fl, int64_t now, uint64_t just_read)
{
	uint64_t n = 0;
	int64_t between;
	int rc;

	if (fl->quiet_since == 0 || just_read > 0 || now < fl->quiet_since) {
		fl->quiet_since = now;
	}
	if (now - fl->quiet_since < FOLLOW_GRACE_S) {
		return 0;
	}
	rc = feed_more(fl->feed, fl->lf, now, true, &n);
	if (rc != 0) {
		return rc;
	}
	between = read_between(fl, now);
	if (between < 0) {
		return between;
	}
	drop(fl);
	rc = take(fl, true);
	return rc != 0 ? rc : (int64_t)n + between;
}

int64_t follow_poll(struct follow *fl, int64_t now)
{
	uint64_t n = 0;
	int64_t more = 0;
	int rc = 0;

	if (fl->lf == NULL) {
		rc = take(fl, true);
	}
	if (rc != 0 || fl->lf == NULL) {
		return rc;
	}
	rc = feed_is_there(fl->feed, fl->lf);
	if (rc == 0) {
		return on_truncated(fl, now);
	}
	if (rc > 0) {
		rc = feed_more(fl->feed, fl->lf, now, false, &n);
	}
	if (rc == 0 && is_renamed(fl)) {
		more = on_renamed(fl, now, n);
	}
	return rc != 0 ? rc : more < 0 ? more : (int64_t)n + more;
}

uint64_t follow_lag(const struct follow *fl)
{
	struct logfile_id id;
	uint64_t off = feed_offset(fl->feed);

	if (fl->lf == NULL || logfile_identity(fl->lf, &id) != 0) {
		return 0;
	}
	return (uint64_t)id.size > off ? (uint64_t)id.size - off : 0;
}

bool follow_is_at_end(const struct follow *fl)
{
	return fl->lf != NULL && follow_lag(fl) == 0;
}
