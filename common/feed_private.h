/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_FEED_PRIVATE_H
#define COMMON_FEED_PRIVATE_H

#include "common/feed.h"
#include "common/syslog_line.h"
#include "common/when.h"

/* What the files feed*.c share; nobody else includes this. */
struct feed {
	struct store *store;
	struct feed_options o;
	struct mta *mta;
	struct mark rescan;  /* where an earlier run told us to begin */
	uint64_t known;      /* how far earlier runs have read ... */
	uint64_t known_hash; /* ... and what stands before it */
	bool was_met;        /* we came by there, or began behind it */
	struct mark read;    /* how far we have; it names a place in the file
	                       before as long as nothing of a file is read */
	uint64_t base;       /* position of the current file's beginning */
	/* places where the next run may begin, rising */
	struct mark *marks;
	size_t n_marks;
	size_t cap_marks;
	/* the line being worked on */
	uint64_t event;   /* number of the next event */
	unsigned lines;   /* since the last commit */
	int store_error;  /* what the store returned, or 0 */
	bool is_passing;  /* all of it was counted before: no event counts */
	char *error_path; /* owned; NULL: none */
	struct feed_result result;
};

/* RFC 8460 is of 2018: nobody has older sessions to report. */
#define FEED_EARLIEST when_utc(2018, 1, 1, 0, 0, 0)

/*
 * What each line is worth, at f->read, the place before it: the parser's
 * work, or where sl is NULL a fault, counted at the time f->read.t, which is
 * the line's afterwards. Returns 0 or an error of the store.
 */
int feed_take(struct feed *f, const struct syslog_line *sl, enum counter fault,
    int64_t until);

/* What is no line, but is worth n of a counter; likewise. */
int feed_count(struct feed *f, int64_t t, enum counter c, uint64_t n);

/*
 * An event of no line, behind those of the line that ends at a position. Of
 * one position each has its place, so that none is taken for another.
 */
enum feed_place {
	FEED_PLACE_FINISH = 1, /* what the end of the logs closes */
	FEED_PLACE_GAP,
	FEED_PLACE_UNREAD,
	FEED_PLACE_LOST,
	FEED_PLACE_OPEN
};

int feed_count_behind(struct feed *f, uint64_t pos, int64_t t, enum counter c,
    enum feed_place place);

/* --- feed_note.c --- */

/* feed_note_gap() without the commit. */
int feed_count_gap(struct feed *f);

/* What an open session began with is gone: counted as COUNTER_GAP. */
int feed_note_lost(struct feed *f);

/* Behind a line: is it time to commit? */
bool feed_is_due(struct feed *f);

/* Remembers the place before the next line, where a run may begin again. */
void feed_remember(struct feed *f);

/* Commits, and the marks with it unless all was read before. */
int feed_commit(struct feed *f, bool sync);

/*
 * Reads the lines that are there from where lf stands; is_whole: the last one
 * too, if it has no line end. Returns 0, an error, or ERR_TEMP where the file
 * is not the one that it was taken for.
 */
int feed_read_lines(struct feed *f, struct logfile *lf, const char *path,
    int64_t until, bool is_whole);

/* Returns as logfile_open(). */
int feed_file_open(const struct feed_file *file, struct logfile **out);

/* No line of this file is later. */
int64_t feed_until(const struct feed *f, const struct logfile *lf);

/*
 * The beginning of a stream, where nothing stands before it, is known by its
 * first line: a mark with off 0 has this hash.
 */
uint64_t feed_line_hash(const struct logfile_line *line);

/* Where reading begins. */
struct feed_start {
	size_t first; /* file */
	uint64_t off; /* in it */
	size_t known; /* file that holds the feed's position; n: none does */
	uint64_t known_base; /* position of its beginning: told by the mark, as
	                        the files before it may not all be there */
};

/*
 * Finds out where to begin, and moves read and base there. Returns 0 or an
 * error of feed_read().
 */
int feed_find_start(struct feed *f, const struct feed_file *files, size_t n,
    struct feed_start *out);

/* The next file begins at this position, whatever was read before it. */
void feed_go_to(struct feed *f, uint64_t pos);

#endif
