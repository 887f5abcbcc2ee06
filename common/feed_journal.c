/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feed_journal.c - the systemd journal into the store, exactly once
 *
 * A day's file knows an event by its number, and the number comes from how
 * many entries were taken before. So whoever reads entries again must count
 * as the first time did. From the mark "read" on that is so: what may be
 * counted again is what was committed in the instant before a kill. Before
 * that mark all is counted; it is only read again for the sessions that were
 * open, and its events are dropped before they reach the store. That holds
 * even where the journal has lost entries there, or shows them in another
 * order.
 */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/feed_journal.h"
#include "common/feed_private.h"
#include "common/journal.h"
#include "common/mem.h"

#define SECOND INT64_C(1000000)

enum {
	MARK_STEP = 64,     /* entries between remembered places */
	BREATH_STEP = 4096, /* entries between two breaths */
};

struct feed_journal {
	struct feed *f;
	const char *path;
	struct journal *j;
	struct mark end; /* of what earlier runs have read; is_passing */
	enum feed_journal_state state;
	bool is_astray; /* it does not stand where the feed does */
	bool has_moved; /* files came or went, and we did not resume yet */
	int64_t lost_t; /* since when our entry is not there; 0: it is */
	unsigned gaps;
	struct journal_place place; /* the last one that was committed */
	int64_t place_t;            /* when */
};

static bool filter(void *ctx, struct view ident)
{
	const struct feed *f = ctx;

	return mta_is_ident(f->mta, ident);
}

static struct journal_place place_of(const struct mark *m)
{
	return (struct journal_place){ m->off, m->hash };
}

static bool is_place(const struct mark *m, const struct journal_place *place)
{
	return m->off == place->realtime_us && m->hash == place->id;
}

/* Goes behind the entry of a mark. Returns 1, 0 or an error. */
static int find(struct feed_journal *fj, const struct mark *m)
{
	const struct journal_place place = place_of(m);

	return m->off == 0 ? 0 : journal_find(fj->j, &place);
}

static int count_gap(struct feed_journal *fj)
{
	fj->gaps++;
	fj->f->lines++; /* so that it is committed */
	return feed_count_gap(fj->f);
}

/*
 * The time of a mark. One of a log file, which the feed followed before, has
 * an offset there that is no time of our days: then it is by the second.
 */
static uint64_t time_of(const struct mark *m)
{
	int64_t t = (m->t + 1) * SECOND - 1;

	return m->off >= (uint64_t)(FEED_EARLIEST * SECOND) ? m->off :
	    t > 0                                           ? (uint64_t)t :
							      0;
}

/*
 * To where the feed stands. If that entry is gone, a gap is counted, and the
 * last entry that is not later takes its place: all before it counts as read,
 * so nothing is counted twice. Returns 1, or 0 when all that is there is
 * later, or an error.
 */
static int go_behind(struct feed_journal *fj)
{
	struct mark *m = &fj->f->read;
	struct journal_place place;
	int rc = find(fj, m);
	int rc2;

	if (rc != 0) {
		return rc;
	}
	rc = journal_find_time(fj->j, time_of(m), &place);
	if (rc < 0) {
		return rc;
	}
	if (rc == 1) {
		m->off = place.realtime_us;
		m->hash = place.id;
	}
	rc2 = count_gap(fj);
	return rc2 != 0 ? rc2 : rc;
}

/*
 * To where the feed stands; and from there back, if sessions were open, to
 * the entry that the oldest of them began with.
 */
static int go_back(struct feed_journal *fj)
{
	struct feed *f = fj->f;
	int rc = go_behind(fj);

	f->result.was_known = rc == 1;
	if (rc != 1 || f->rescan.pos == f->read.pos) {
		return rc < 0 ? rc : 0;
	}
	fj->end = f->read;
	f->read = f->rescan;
	f->is_passing = true;
	rc = find(fj, &f->rescan);
	if (rc == 0) {
		/* it is gone: what is left of them is behind the head, and
		   lines whose beginning is missing are counted (orphan) */
		rc = journal_seek_head(fj->j);
	}
	return rc < 0 ? rc : 0;
}

/* Commits lines at once, and a place alone now and then. */
static int commit(struct feed_journal *fj)
{
	struct feed *f = fj->f;
	int64_t age = f->o.now - fj->place_t;
	bool is_due = !f->is_passing && !is_place(&f->read, &fj->place) &&
	    (age < 0 || age >= FEED_JOURNAL_PLACE_S);

	if (f->store_error != 0 || (f->lines == 0 && !is_due)) {
		return 0;
	}
	fj->place = place_of(&f->read);
	fj->place_t = f->o.now;
	return feed_commit(f, false);
}

int feed_journal_open(
    struct feed *f, const char *path, int64_t since, struct feed_journal **out)
{
	struct feed_journal *fj = xcalloc(1, sizeof(*fj));
	bool is_system = strcmp(path, CONF_JOURNAL_SYSTEM) == 0;
	int rc = journal_open(is_system ? NULL : path, filter, f, &fj->j);
	int rc2;

	*out = NULL;
	fj->f = f;
	fj->path = path;
	fj->place = place_of(&f->read);
	feed_set_path(f, path);
	store_use(f->store, f->o.name);
	if (rc == 0 && f->read.pos == 0) {
		/* not 0: the gap behind it must have a number too */
		f->read = (struct mark){ .pos = 1 };
		rc = journal_seek_time(
		    fj->j, since > 0 ? (uint64_t)(since * SECOND) : 0);
	} else if (rc == 0) {
		rc = go_back(fj);
	}
	/* no other feed may find a batch of ours */
	rc2 = commit(fj);
	rc = rc < 0 ? rc : rc2;
	if (rc < 0) {
		feed_journal_close(fj);
		return rc;
	}
	*out = fj;
	return 0;
}

void feed_journal_close(struct feed_journal *fj)
{
	if (fj != NULL) {
		journal_close(fj->j);
		free(fj);
	}
}

enum feed_journal_state feed_journal_state(const struct feed_journal *fj)
{
	return fj->state;
}

unsigned feed_journal_gaps(const struct feed_journal *fj)
{
	return fj->gaps;
}

int feed_journal_fd(const struct feed_journal *fj)
{
	return journal_fd(fj->j);
}

bool feed_journal_is_empty(const struct feed_journal *fj)
{
	return journal_is_empty(fj->j);
}

static int64_t until_of(const struct feed *f)
{
	return f->o.until != 0 ? f->o.until : f->o.now;
}

/* The time of what is no line; one that cannot be leaves the last one. */
static void set_time(struct feed *f, int64_t t)
{
	if (t >= FEED_EARLIEST && t <= until_of(f) + WHEN_DAY_S) {
		f->read.t = t;
	}
}

static int take_suppressed(struct feed *f, const struct journal_entry *e)
{
	/* sendmail.service, exim4.service, postfix@-.service */
	if (view_find(e->unit, mta_name(f->o.type)) == e->unit.len) {
		return 0;
	}
	return feed_count(f, f->read.t != 0 ? f->read.t : until_of(f),
	    COUNTER_SUPPRESSED, e->dropped);
}

static int take_entry(struct feed *f, const struct journal_entry *e)
{
	int64_t until = until_of(f);

	if (e->kind == JOURNAL_LINE) {
		return feed_take(f, &e->line, COUNTER_LINES, until);
	}
	set_time(f, e->line.t);
	if (e->kind == JOURNAL_SUPPRESSED) {
		return take_suppressed(f, e);
	}
	return feed_take(f, NULL,
	    e->kind == JOURNAL_LONG ? COUNTER_LONG_LINE : COUNTER_BAD_LINE,
	    until);
}

/* Behind an entry that was taken: counts on, remembers, commits. */
static int between_entries(struct feed *f)
{
	if (f->is_passing && f->read.pos + 1 >= f->known) {
		return 0; /* more than there were: the place is still before */
	}
	f->read.pos++;
	if (f->read.pos - f->marks[f->n_marks - 1].pos >= MARK_STEP &&
	    mta_may_begin(f->mta)) {
		feed_remember(f);
	}
	return !f->is_passing && feed_is_due(f) ? feed_commit(f, false) : 0;
}

/* All that comes now is new. */
static void end_passing(struct feed_journal *fj)
{
	fj->f->read = fj->end;
	fj->f->is_passing = false;
}

/* One entry; *n counts those that were taken. */
static int take(struct feed_journal *fj, const struct journal_place *place,
    bool is_wanted, uint64_t *n)
{
	struct feed *f = fj->f;
	int rc = 0;

	if (is_wanted) {
		rc = take_entry(f, journal_entry(fj->j));
	} else {
		set_time(f, (int64_t)(place->realtime_us / (uint64_t)SECOND));
	}
	if (rc != 0) {
		return rc;
	}
	f->read.off = place->realtime_us;
	f->read.hash = place->id;
	if (is_wanted) {
		*n += f->is_passing ? 0 : 1;
		rc = between_entries(f);
	}
	if (f->is_passing && is_place(&fj->end, place)) {
		end_passing(fj);
	}
	return rc;
}

/* The place before the next entry; of two with one number, the later one. */
static void remember(struct feed *f)
{
	feed_remember(f);
	if (!f->is_passing) {
		f->marks[f->n_marks - 1] = f->read;
	}
}

static int read_entries(struct feed_journal *fj, uint64_t *n)
{
	struct feed *f = fj->f;
	struct journal_place place;
	bool is_wanted;
	int rc = 0;

	remember(f);
	for (unsigned i = 0; i < FEED_JOURNAL_ENTRIES; i++) {
		rc = journal_next(fj->j, &place, &is_wanted);
		if (rc == 0) {
			fj->state = FEED_JOURNAL_AT_END;
		}
		if (rc != 1) {
			break;
		}
		rc = take(fj, &place, is_wanted, n);
		if (rc == 0 && i % BREATH_STEP == 0 && f->o.progress != NULL &&
		    !f->o.progress(f->o.ctx, f->error_path, i, 0)) {
			rc = ERR_STOPPED;
		}
		if (rc != 0) {
			break;
		}
	}
	if (fj->state == FEED_JOURNAL_AT_END && f->is_passing) {
		/* the place did not come by: the journal has another order
		   than it had; what is new is behind the place all the same */
		end_passing(fj);
		fj->is_astray = true;
		fj->state = FEED_JOURNAL_MORE;
	}
	return rc;
}

/*
 * Files came or went. Is the entry that we stand behind still there? While a
 * file is being renamed it has no name for an instant, so a second look is
 * taken later. Returns 1; 0: wait; or an error.
 */
static int resume(struct feed_journal *fj)
{
	int64_t now = fj->f->o.now;
	int rc = journal_resume(fj->j);

	if (rc < 0) {
		return rc;
	}
	if (rc == 0 && (fj->lost_t == 0 || now < fj->lost_t)) {
		fj->lost_t = now;
	}
	if (rc == 0 && now - fj->lost_t < FEED_JOURNAL_LOST_S) {
		fj->state = FEED_JOURNAL_WAITING;
		return 0;
	}
	fj->has_moved = false;
	fj->lost_t = 0;
	if (rc == 0) {
		rc = count_gap(fj);
		return rc != 0 ? rc : 1;
	}
	return 1;
}

int feed_journal_more(struct feed_journal *fj, int64_t now, uint64_t *n)
{
	struct feed *f = fj->f;
	int rc;
	int rc2;

	*n = 0;
	store_use(f->store, f->o.name);
	feed_set_path(f, fj->path);
	f->o.now = now;
	fj->state = FEED_JOURNAL_MORE;
	rc = journal_process(fj->j);
	if (rc == JOURNAL_MOVED) {
		fj->has_moved = true;
	}
	if (rc >= 0 && fj->is_astray) {
		rc = go_behind(fj);
		fj->is_astray = rc < 0;
	}
	if (rc >= 0) {
		rc = fj->has_moved ? resume(fj) : 1;
	}
	if (rc == 1) {
		rc = read_entries(fj, n);
	}
	rc2 = commit(fj);
	return rc != 0 ? rc : rc2;
}
