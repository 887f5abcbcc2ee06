/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_FEED_H
#define COMMON_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/logfile.h"
#include "common/mta.h"
#include "common/store.h"

/*
 * A feed: log files, in order, through the MTA's parser into the store,
 * exactly once (DESIGN). Its position in the stream of all its files is kept
 * in the store; a file is recognised by what stands before that position.
 */
struct feed;

struct feed_options {
	const char *name; /* of the feed */
	const struct mta_type *type;
	const char *const *idents;      /* see struct mta_options */
	const char *const *own_senders; /* see struct mta_options */
	char delimiter;                 /* see struct mta_options */
	bool has_callouts;              /* see struct mta_options */
	bool has_bare_addresses;        /* see struct mta_options */
	int64_t now;   /* no line is later than a day after it */
	int64_t until; /* no line is later than this; 0: when the file was last
	                  changed, or now */
	/* see struct mta_options */
	unsigned (*noted)(void *ctx, struct view qid, int64_t t);
	void (*noted_alias)(
	    void *ctx, struct view old_qid, struct view new_qid, int64_t t);
	void (*note_own)(void *ctx, struct view qid, int64_t t);
	void *noted_ctx;
	struct bounce_log *bounces; /* see struct mta_options */
	/* likewise; not of lines that were read before */
	void (*bounced)(
	    void *ctx, int64_t t, const char *token, struct view dsn);
	void *bounced_ctx;
	/*
	 * Puts the policy that stood into a fact of time t that is about to be
	 * counted in s. Returns 0 or an error of the store. May be NULL
	 */
	int (*policy)(void *ctx, struct store *s, int64_t t, struct fact *fact);
	void *policy_ctx;
	/* shows progress: of a file (its path as given), in bytes of the disk or, where its size is
	   not known, of text; false: stop (ERR_STOPPED). May be NULL */
	bool (*progress)(
	    void *ctx, const char *path, uint64_t done, uint64_t size);
	void *ctx;
};

/*
 * Declares the feed to the store and takes up its position. All is borrowed.
 * Returns 0 or the error of store_feed().
 */
int feed_open(
    struct store *store, const struct feed_options *o, struct feed **out);
void feed_close(
    struct feed *f); /* drops what is not committed; NULL is allowed */

/*
 * Reads files, the oldest first, "-" for standard input. What was read in an
 * earlier run is recognised and passed; where none of the files holds the
 * feed's position, the first is taken for its continuation, unless it begins
 * earlier than what was read: ERR_OLD, and nothing is done. is_final: a last
 * line without line end is whole. All that was read is committed, also on
 * error, as far as the store allows.
 * Returns 0 or an error, whose file feed_error_path() tells; after an error
 * of the store, and after ERR_TEMP (a file changed while it was looked at),
 * the feed must be closed.
 */
int feed_read(
    struct feed *f, const char *const *paths, size_t n, bool is_final);

/* The same for files that somebody else has opened, and keeps. */
struct feed_file {
	const char *path; /* for people */
	int fd;           /* -1: to be opened by its path */
};

int feed_read_open(
    struct feed *f, const struct feed_file *files, size_t n, bool is_final);

/*
 * The same where the last file is known to hold the feed's position, and to
 * be still written to. Returns ERR_TEMP if it changed meanwhile: then the feed
 * must be closed.
 */
int feed_resume(struct feed *f, const struct feed_file *files, size_t n);

/*
 * Following a file that grows. feed_attach() says which file comes now: the
 * one that follows what was read (is_next), or the one in which the feed
 * stands, which is looked for in it: ERR_NOT_FOUND if it does not. lf must be
 * fresh from logfile_open(). feed_more() reads what is there by now, commits
 * it, and shows in *n how many lines that were; is_final as above. It returns
 * 0 or an error as feed_read().
 */
int feed_attach(
    struct feed *f, struct logfile *lf, const char *path, bool is_next);
int feed_more(struct feed *f, struct logfile *lf, int64_t now, bool is_final,
    uint64_t *n);

/*
 * Passes what the attached file, of which nothing was read, holds by now: it
 * is never counted. Returns 0 or an error as feed_read().
 */
int feed_skip(struct feed *f, struct logfile *lf);

/*
 * Does a file hold the feed's position? lf must be fresh, and is fresh no
 * more. Returns 1, 0 or an error.
 */
int feed_holds(const struct feed *f, struct logfile *lf);

/*
 * Does a file begin at or after the time of what was read? Likewise; 1 also
 * where its lines tell no time.
 */
int feed_is_newer(const struct feed *f, struct logfile *lf);

/*
 * Is what was read of the attached file still in it? Returns 1, 0 (it was
 * truncated or written anew) or -errno.
 */
int feed_is_there(const struct feed *f, const struct logfile *lf);

/* Bytes read of the attached file. */
uint64_t feed_offset(const struct feed *f);

/*
 * A part of the log is missing between what was read and what comes: counted
 * as COUNTER_GAP. Returns 0 or the error of the store.
 */
int feed_note_gap(struct feed *f);

/*
 * A day that the feed has not read to its end is about to be sealed: counted
 * in that day as COUNTER_UNREAD. Likewise.
 */
int feed_note_unread(struct feed *f, int64_t day);

/*
 * The same of a feed of which nothing was read since it was opened, and that
 * has open sessions: they stay open, as its marks stay where they are.
 */
int feed_note_open(struct feed *f, int64_t day);

/* How far the feed has read. */
void feed_position(const struct feed *f, struct mark *out);

/* Where this run began to read, or will: what open sessions need is there. */
void feed_beginning(const struct feed *f, struct mark *out);

/*
 * The logs end here for good: closes the open sessions and commits. Returns 0
 * or the error of the store.
 */
int feed_finish(struct feed *f);

/*
 * The file that the last error is about; "" when none. Borrowed until the next
 * call. The caller may name one that it could not open itself.
 */
const char *feed_error_path(const struct feed *f);
void feed_set_path(struct feed *f, const char *path);

/* What the calls so far did, for people. */
struct feed_result {
	uint64_t lines;    /* read and not passed */
	uint64_t sessions; /* counted anew */
	uint64_t passed;   /* bytes that an earlier run had read */
	unsigned open;     /* sessions still open */
	bool was_known;    /* the feed's position was found in a file */
	bool was_new;      /* the feed had no position */
};

void feed_result(const struct feed *f, struct feed_result *out);

#endif
