/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feed.c - log files through a parser into the store, exactly once
 *
 * Each event gets a number that rises through the whole stream: the position
 * of the line that caused it, and its place among that line's events. A day's
 * file ignores events up to the last number that it has seen, so reading may
 * begin again at any line that is not behind the oldest open session; the
 * feed's marks remember such a line.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/feed_private.h"
#include "common/logfile.h"
#include "common/mem.h"
#include "common/syslog_line.h"
#include "common/when.h"

enum {
	EVENT_BITS = 20,     /* events of one line that can be told apart */
	COMMIT_LINES = 4096, /* at the latest */
	ROOM = 64,           /* events that should fit before a line begins */
	MARK_STEP = 65536,   /* bytes between remembered places */
	RULES_LOOK = 64,     /* bytes of a message that name a record */
};

static int commit_part(struct feed *f)
{
	int rc = 0;

	if (store_batch_room(f->store) < 2) {
		/* in the middle of a line the marks must stay where they are */
		rc = store_commit(f->store, NULL, NULL, false);
	}
	if (rc != 0) {
		f->store_error = rc;
	}
	return rc;
}

/*
 * Too many days have a file already: only a log full of wrong times gets
 * there. The event is counted where the log was before.
 */
static int in_no_day(struct feed *f)
{
	int rc = f->read.t == 0 ?
	    ERR_FULL :
	    store_bump(f->store, f->read.t, f->event++, COUNTER_BAD_TIME, 1);

	return rc == ERR_FULL ? 0 : rc;
}

static int on_counter(void *ctx, int64_t t, enum counter c, uint64_t n)
{
	struct feed *f = ctx;
	int rc;

	if (f->is_passing) {
		return 0;
	}
	rc = commit_part(f);
	if (rc == 0) {
		rc = store_bump(f->store, t, f->event++, c, n);
	}
	if (rc == ERR_FULL) {
		rc = in_no_day(f);
	}
	f->store_error = rc;
	return rc;
}

static int on_session(void *ctx, int64_t t, const struct fact *fact)
{
	struct feed *f = ctx;
	struct fact known = *fact;
	int rc;

	if (f->is_passing) {
		return 0;
	}
	rc = commit_part(f);
	if (rc == 0 && f->o.policy != NULL) {
		rc = f->o.policy(f->o.policy_ctx, f->store, t, &known);
	}
	if (rc == 0) {
		rc = store_session(f->store, t, f->event++, &known);
	}
	if (rc == ERR_FULL) {
		rc = in_no_day(f);
	}
	f->store_error = rc;
	if (f->read.pos >= f->known) {
		f->result.sessions++;
	}
	return rc != 0 ? rc : on_counter(ctx, t, COUNTER_SESSIONS, 1);
}

static void on_bounced(void *ctx, int64_t t, const char *token, struct view dsn)
{
	const struct feed *f = ctx;

	if (!f->is_passing) {
		f->o.bounced(f->o.bounced_ctx, t, token, dsn);
	}
}

int feed_open(
    struct store *store, const struct feed_options *o, struct feed **out)
{
	struct feed *f = xcalloc(1, sizeof(*f));
	struct mta_options mo = {
		.idents = o->idents,
		.own_senders = o->own_senders,
		.delimiter = o->delimiter,
		.has_callouts = o->has_callouts,
		.has_bare_addresses = o->has_bare_addresses,
		.sink = { on_session, on_counter, f },
		.noted = o->noted,
		.noted_alias = o->noted_alias,
		.note_own = o->note_own,
		.noted_ctx = o->noted_ctx,
		.bounces = o->bounces,
		.bounced = on_bounced,
		.bounced_ctx = f,
	};
	int rc =
	    store_feed(store, o->name, mta_name(o->type), &f->rescan, &f->read);

	*out = NULL;
	if (rc != 0) {
		free(f);
		return rc;
	}
	f->store = store;
	f->o = *o;
	f->known = f->read.pos;
	f->known_hash = f->read.hash;
	f->was_met = f->known == 0;
	f->result.was_new = f->known == 0;
	f->mta = mta_new(o->type, &mo);
	*out = f;
	return 0;
}

void feed_close(struct feed *f)
{
	if (f != NULL) {
		mta_free(f->mta);
		free(f->error_path);
		free(f->marks);
		free(f);
	}
}

const char *feed_error_path(const struct feed *f)
{
	return f->error_path != NULL ? f->error_path : "";
}

void feed_set_path(struct feed *f, const char *path)
{
	char *copy = xstrdup(path);

	free(f->error_path);
	f->error_path = copy;
}

void feed_result(const struct feed *f, struct feed_result *out)
{
	*out = f->result;
	out->open = mta_open_sessions(f->mta);
}

void feed_remember(struct feed *f)
{
	if (f->n_marks > 0 && f->marks[f->n_marks - 1].pos == f->read.pos) {
		return;
	}
	if (f->n_marks == f->cap_marks) {
		f->cap_marks = f->cap_marks == 0 ? 64 : f->cap_marks * 2;
		f->marks =
		    xrealloc_array(f->marks, f->cap_marks, sizeof(*f->marks));
	}
	f->marks[f->n_marks++] = f->read;
}

/* The last remembered place that no open session lies before. */
static const struct mark *rescan_mark(struct feed *f)
{
	uint64_t oldest = mta_oldest(f->mta);
	size_t keep = 0;

	if (oldest == UINT64_MAX) {
		return &f->read;
	}
	while (keep + 1 < f->n_marks && f->marks[keep + 1].pos <= oldest) {
		keep++;
	}
	memmove(
	    f->marks, f->marks + keep, (f->n_marks - keep) * sizeof(*f->marks));
	f->n_marks -= keep;
	return &f->marks[0];
}

int feed_commit(struct feed *f, bool sync)
{
	/* what was read before, read again, moves no mark back */
	bool is_new = f->read.pos >= f->known;
	int rc = store_commit(f->store, is_new ? rescan_mark(f) : NULL,
	    is_new ? &f->read : NULL, sync);

	f->lines = 0;
	f->store_error = rc;
	return rc;
}

/* What our rules add to the log: for people, so a look is enough. */
static int count_rules(struct feed *f, const struct syslog_line *sl)
{
	size_t len = sl->msg.len < RULES_LOOK ? sl->msg.len : RULES_LOOK;
	int rc = 0;

	if (view_find(view_make(sl->msg.s, len), "TLSRPT1") < len) {
		rc = on_counter(f, sl->t, COUNTER_RULES, 1);
		if (rc == 0) {
			rc = on_counter(
			    f, sl->t, COUNTER_RULES_BYTES, sl->msg.len);
		}
	}
	return rc;
}

int feed_count(struct feed *f, int64_t t, enum counter c, uint64_t n)
{
	f->event = f->read.pos << EVENT_BITS | 1;
	return on_counter(f, t, c, n);
}

int feed_take(struct feed *f, const struct syslog_line *sl, enum counter fault,
    int64_t until)
{
	int64_t t = f->read.t != 0 ? f->read.t : until;
	int rc;

	f->event = f->read.pos << EVENT_BITS | 1;
	if (sl == NULL) {
		rc = on_counter(f, t, fault, 1);
	} else if (sl->t < FEED_EARLIEST || sl->t > until + WHEN_DAY_S) {
		rc = on_counter(f, t, COUNTER_BAD_TIME, 1);
	} else {
		t = sl->t;
		rc = mta_line(f->mta, f->read.pos, sl);
		rc = rc == 0 ? count_rules(f, sl) : rc;
	}
	if (rc == 0) {
		rc = on_counter(f, t, COUNTER_LINES, 1);
	}
	f->read.t = t;
	if (f->read.pos >= f->known) {
		f->result.lines++;
	}
	return rc;
}

bool feed_is_due(struct feed *f)
{
	return ++f->lines >= COMMIT_LINES || store_batch_room(f->store) < ROOM;
}

static int take_line(
    struct feed *f, const struct logfile_line *line, int64_t until)
{
	struct syslog_line sl = { 0 };
	enum counter fault = COUNTER_LONG_LINE;
	int rc = ERR_PARSE;

	if (!line->is_long) {
		fault = COUNTER_BAD_LINE;
		rc = mta_parse_line(f->o.type, line->text, until, &sl);
	}
	if (rc == ERR_PARTIAL) {
		/* its stamp stands in the line before */
		sl.t = f->read.t != 0 ? f->read.t : until;
		rc = 0;
	}
	/*
	 * A line that was read before only brings the parser back to where it
	 * was. Without what stands before it, it may give other events, and
	 * more of them, than it gave then.
	 */
	f->is_passing = f->read.pos < f->known;
	rc = feed_take(f, rc == 0 ? &sl : NULL, fault, until);
	f->is_passing = false;
	return rc;
}

/* Behind a line: commits, shows progress, remembers, each in its time. */
static int between_lines(
    struct feed *f, const struct logfile *lf, const char *path)
{
	bool is_due = feed_is_due(f);
	bool is_mark =
	    f->read.pos - f->marks[f->n_marks - 1].pos >= MARK_STEP &&
	    mta_may_begin(f->mta);
	int rc = 0;

	if (is_due || is_mark) {
		f->read.hash = logfile_hash(lf, f->read.off);
	}
	if (is_mark) {
		feed_remember(f);
	}
	if (is_due) {
		rc = feed_commit(f, false);
	}
	if (rc == 0 && is_due && f->o.progress != NULL &&
	    !f->o.progress(f->o.ctx, path, f->read.off,
		logfile_is_compressed(lf) ? 0 : logfile_size(lf))) {
		rc = ERR_STOPPED;
	}
	return rc;
}

/*
 * Where earlier runs have stopped, we must come by. Else the file has changed
 * since it was recognised, and is not what we took it for.
 */
static int meet_known(struct feed *f, const struct logfile *lf)
{
	if (f->was_met || f->read.pos < f->known) {
		return 0;
	}
	f->was_met = f->read.pos == f->known &&
	    logfile_hash(lf, f->read.off) == f->known_hash;
	return f->was_met ? 0 : ERR_TEMP;
}

int feed_read_lines(struct feed *f, struct logfile *lf, const char *path,
    int64_t until, bool is_whole)
{
	struct logfile_line line;
	bool has_moved = false;
	int rc;

	feed_remember(f);
	while ((rc = logfile_next(lf, &line)) == 1) {
		if (!line.is_complete && !is_whole) {
			logfile_again(lf, &line);
			rc = 0;
			break;
		}
		rc = take_line(f, &line, until);
		if (rc != 0) {
			break;
		}
		if (f->read.off == 0) {
			/* of this very place: it was remembered above */
			f->marks[f->n_marks - 1].hash = feed_line_hash(&line);
		}
		f->read.pos = f->base + line.end;
		f->read.off = line.end;
		has_moved = true;
		rc = meet_known(f, lf);
		rc = rc == 0 ? between_lines(f, lf, path) : rc;
		if (rc != 0) {
			break;
		}
	}
	if (has_moved && f->store_error == 0) {
		f->read.hash = logfile_hash(lf, f->read.off);
	}
	return rc;
}

int feed_attach(
    struct feed *f, struct logfile *lf, const char *path, bool is_next)
{
	int rc = 1;

	feed_set_path(f, path);
	if (is_next) {
		f->base = f->read.pos;
	} else {
		rc = logfile_seek(lf, f->read.off, f->read.hash);
	}
	if (rc != 1) {
		return rc < 0 ? rc : ERR_NOT_FOUND;
	}
	if (!is_next) {
		f->base = f->read.pos - f->read.off;
	}
	f->was_met = f->was_met || f->read.pos >= f->known;
	return 0;
}

int feed_more(
    struct feed *f, struct logfile *lf, int64_t now, bool is_final, uint64_t *n)
{
	uint64_t before = f->result.lines;
	int rc;

	store_use(f->store, f->o.name);
	f->o.now = now;
	logfile_again(lf, NULL);
	rc = feed_read_lines(f, lf, feed_error_path(f),
	    f->o.until != 0 ? f->o.until : now, is_final);
	*n = f->result.lines - before;
	if (f->store_error == 0 && f->lines > 0) {
		int rc2 = feed_commit(f, false);

		rc = rc != 0 ? rc : rc2;
	}
	return rc;
}

uint64_t feed_offset(const struct feed *f)
{
	return f->read.pos - f->base;
}

int feed_is_there(const struct feed *f, const struct logfile *lf)
{
	uint64_t off = feed_offset(f);

	return off == 0 ? 1 : logfile_verify(lf, off, f->read.hash);
}

int feed_count_behind(struct feed *f, uint64_t pos, int64_t t, enum counter c,
    enum feed_place place)
{
	store_use(f->store, f->o.name);
	f->event = (pos << EVENT_BITS) - (1U << (EVENT_BITS - (unsigned)place));
	return on_counter(f, t, c, 1);
}

void feed_position(const struct feed *f, struct mark *out)
{
	*out = f->read;
}

void feed_beginning(const struct feed *f, struct mark *out)
{
	*out = f->rescan;
}

int feed_finish(struct feed *f)
{
	int rc;

	store_use(f->store, f->o.name);
	/* behind all events of the last line, before those of the next */
	f->event = (f->read.pos << EVENT_BITS) - (1U << (EVENT_BITS - 1));
	rc = mta_flush(f->mta);
	return rc != 0 ? rc : feed_commit(f, true);
}
