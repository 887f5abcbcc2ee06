/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.c - the writer's side of the tallies: which day, in what order
 *
 * The marks of a feed say "begin here again". So they may be in a file only
 * when all that closed before them is in its own: a commit goes from the
 * oldest day to the newest, and the marks come last, in the newest file that
 * there is.
 */

#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/day.h"
#include "common/day_set.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/state_dir.h"
#include "common/store.h"
#include "common/tally_layout.h"
#include "common/when.h"

_Static_assert(
    (int)STORE_BATCH == (int)TALLY_BATCH_FACTS, "one event, one fact");

enum {
	PATH_BUF = 4096
};

/* Facts a day: what the extent directory holds, names as long as can be. */
static const struct store_limits limits_default = { 1000000, 1000 };
static const uint64_t facts_max = 3000000;

static const int64_t time_end = INT64_C(253402300800); /* year 10000 */

/* A feed that was declared. */
struct store_feed {
	char name[TALLY_FEED_NAME];
	char mta[TALLY_MTA_NAME];
	struct day_feed of_day; /* the same, for days */
	struct mark rescan;     /* its marks, as last given */
	struct mark read;
};

struct store {
	int lock; /* descriptor of the writer's lock */
	struct day_set *days;
	struct store_feed known[TALLY_FEEDS];
	unsigned n_known;
	struct store_feed *feed; /* whose events come; NULL: none declared */
	unsigned batch_used;     /* facts in the fullest day's batch */
	unsigned n_active;       /* days in the batch */
	struct day *last;        /* of the last event; NULL: none */
	int error;               /* after it nothing goes any more */
	char error_path[PATH_BUF];
};

/* Takes down an error that ends the store's work. */
static int fail(struct store *s, int64_t day, int rc)
{
	s->error = rc;
	day_set_path(s->days, day, s->error_path, sizeof(s->error_path));
	return rc;
}

/* Makes STATE/tally and takes the lock in it. */
static int take_lock(struct store *s, const char *state)
{
	char path[PATH_BUF];
	int len = snprintf(path, sizeof(path), "%s/tally/lock", state);
	int rc;

	if (len < 0 || (size_t)len >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	memcpy(s->error_path, path, sizeof(path));
	rc = state_dir_make(state);
	path[(size_t)len - strlen("/lock")] = '\0';
	if (rc == 0) {
		rc = state_dir_make(path);
	}
	if (rc != 0) {
		return rc;
	}
	s->lock = state_dir_open(s->error_path, O_RDWR);
	if (s->lock < 0) {
		return s->lock;
	}
	if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
		return errno == EWOULDBLOCK ? ERR_BUSY : -errno;
	}
	s->error_path[0] = '\0';
	return 0;
}

static uint64_t limit(uint64_t value, uint64_t fallback, uint64_t max)
{
	value = value != 0 ? value : fallback;
	return value < max ? value : max;
}

int store_open(
    const char *state, const struct store_limits *limits, struct store **out)
{
	struct store *s = xcalloc(1, sizeof(*s));
	struct store_limits own;
	int rc;

	*out = NULL;
	s->lock = -1;
	own.facts = limit(limits->facts, limits_default.facts, facts_max);
	own.facts_per_domain = limit(limits->facts_per_domain,
	    limits_default.facts_per_domain, facts_max);
	rc = take_lock(s, state);
	if (rc == 0) {
		rc = day_set_open(state, &own, &s->days);
	}
	if (rc != 0) {
		store_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (s == NULL) {
		return;
	}
	day_set_close(s->days);
	if (s->lock >= 0) {
		/* a child of fork() may have it open still */
		(void)flock(s->lock, LOCK_UN);
		(void)close(s->lock);
	}
	free(s);
}

const char *store_error_path(const struct store *s)
{
	return s->error_path;
}

unsigned store_batch_room(const struct store *s)
{
	if (s->n_active >= DAY_SET_OPEN) {
		return 0;
	}
	return STORE_BATCH - s->batch_used;
}

/* What a feed's record in one day file says. */
struct feed_scan {
	const char *name;
	struct mark rescan; /* the furthest so far */
	struct mark read;
	bool is_there; /* in the last file that was read */
	uint64_t n;    /* feeds in that file */
};

static void scan_feed(struct feed_scan *scan, const struct tally_feed *feed)
{
	scan->n++;
	if (strcmp(feed->name, scan->name) != 0) {
		return;
	}
	scan->is_there = true;
	if (feed->rescan.pos > scan->rescan.pos ||
	    (feed->rescan.pos == scan->rescan.pos &&
		feed->read.pos >= scan->read.pos)) {
		scan->rescan = feed->rescan;
		scan->read = feed->read;
	}
}

static int scan_file(struct feed_scan *scan, const char *path, int64_t day)
{
	struct tally_feed feed;
	struct tally_info info;
	struct tally *t;
	uint64_t cursor = 0;
	int rc;

	rc = day_recover(path, day);
	if (rc == 0) {
		rc = tally_open(path, &t);
	}
	if (rc != 0) {
		return rc;
	}
	scan->is_there = false;
	scan->n = 0;
	while (tally_next_feed(t, &cursor, &feed) == 1) {
		scan_feed(scan, &feed);
	}
	tally_info(t, &info);
	tally_close(t);
	return info.damaged_feeds > 0 ? ERR_DAMAGED : 0;
}

/* Looks for the feed in all files, the newest last. */
static int scan_files(struct store *s, struct feed_scan *scan)
{
	const int64_t *days;
	unsigned n;
	int rc = day_set_refresh(s->days);

	if (rc != 0) {
		return rc;
	}
	days = day_set_days(s->days, &n);
	for (unsigned i = 0; i < n; i++) {
		char path[PATH_BUF];

		day_set_path(s->days, days[i], path, sizeof(path));
		rc = scan_file(scan, path, days[i]);
		if (rc != 0 && rc != -ENOENT) {
			memcpy(s->error_path, path, sizeof(path));
			return rc;
		}
	}
	return scan->n == TALLY_FEEDS && !scan->is_there ? ERR_FULL : 0;
}

static bool is_name(const char *s, size_t size)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._-";
	size_t len = strlen(s);

	return len > 0 && len < size && strspn(s, allowed) == len;
}

static struct store_feed *find_known(struct store *s, const char *name)
{
	for (unsigned i = 0; i < s->n_known; i++) {
		if (strcmp(s->known[i].name, name) == 0) {
			return &s->known[i];
		}
	}
	return NULL;
}

static struct store_feed *add_known(
    struct store *s, const char *name, const char *mta)
{
	struct store_feed *f = &s->known[s->n_known++];

	memcpy(f->name, name, strlen(name));
	memcpy(f->mta, mta, strlen(mta));
	f->of_day.name = f->name;
	f->of_day.mta = f->mta;
	f->of_day.turn = s->n_known;
	return f;
}

/* Takes up a feed that this store has not seen yet. */
static int declare(struct store *s, const char *name, const char *mta)
{
	struct feed_scan scan = { .name = name };
	int rc = s->n_known < TALLY_FEEDS ? scan_files(s, &scan) : ERR_FULL;

	if (rc == 0) {
		s->feed = add_known(s, name, mta);
		s->feed->rescan = scan.rescan;
		s->feed->read = scan.read;
	}
	return rc;
}

int store_feed(struct store *s, const char *name, const char *mta,
    struct mark *rescan, struct mark *read)
{
	struct store_feed *known = find_known(s, name);
	int rc = 0;

	assert(s->n_active == 0);
	memset(rescan, 0, sizeof(*rescan));
	memset(read, 0, sizeof(*read));
	if (s->error != 0) {
		return s->error;
	}
	if (!is_name(name, sizeof(s->feed->name)) ||
	    !is_name(mta, sizeof(s->feed->mta))) {
		return ERR_PARSE;
	}
	if (known != NULL) {
		s->feed = known;
	} else {
		rc = declare(s, name, mta);
	}
	if (rc == 0) {
		*rescan = s->feed->rescan;
		*read = s->feed->read;
	}
	return rc;
}

void store_use(struct store *s, const char *name)
{
	if (s->feed != NULL && strcmp(s->feed->name, name) == 0) {
		return;
	}
	assert(s->n_active == 0);
	s->feed = find_known(s, name);
	assert(s->feed != NULL);
}

/*
 * The day that holds t. An error ends the store's work, unless it is
 * ERR_PARSE (no such time) or ERR_FULL (too many files).
 */
static int day_of(struct store *s, int64_t t, struct day **out)
{
	int rc;

	if (s->error != 0) {
		return s->error;
	}
	if (t < 0 || t >= time_end) {
		return ERR_PARSE;
	}
	if (s->last != NULL && t >= day_start(s->last) &&
	    t - day_start(s->last) < WHEN_DAY_S) {
		*out = s->last;
		return 0;
	}
	s->last = NULL;
	rc = day_set_get(s->days, when_day(t), true, out);
	if (rc == 0) {
		s->last = *out;
	}
	return rc == 0 || rc == ERR_FULL ? rc : fail(s, when_day(t), rc);
}

/* Accounts for what an event did to the batch. */
static int took(struct store *s, const struct day *d, bool was_active, int rc)
{
	unsigned used = day_batch_used(d);

	if (rc != 0) {
		return fail(s, day_start(d), rc);
	}
	s->n_active += !was_active && day_is_active(d) ? 1 : 0;
	s->batch_used = used > s->batch_used ? used : s->batch_used;
	return 0;
}

int store_session(
    struct store *s, int64_t t, uint64_t pos, const struct fact *fact)
{
	const struct day_event event = { t, pos };
	struct day *d;
	bool was_active;
	int rc = day_of(s, t, &d);

	assert(s->feed != NULL && pos > 0);
	if (rc != 0) {
		return rc;
	}
	was_active = day_is_active(d);
	rc = day_session(d, &s->feed->of_day, &event, fact);
	return took(s, d, was_active, rc);
}

int store_bump(
    struct store *s, int64_t t, uint64_t pos, enum counter counter, uint64_t n)
{
	const struct day_event event = { t, pos };
	struct day *d;
	bool was_active;
	int rc = day_of(s, t, &d);

	assert(s->feed != NULL && pos > 0 && (unsigned)counter < COUNTER_SLOTS);
	if (rc != 0) {
		return rc;
	}
	was_active = day_is_active(d);
	rc = day_bump(d, &s->feed->of_day, &event, counter, n);
	return took(s, d, was_active, rc);
}

int store_policy(struct store *s, int64_t t, struct policy *policy)
{
	struct day *d;
	int rc = day_of(s, t, &d);

	if (rc == 0) {
		rc = day_policy(d, policy);
		if (rc != 0 && rc != ERR_SEALED && rc != ERR_FULL &&
		    rc != ERR_TOO_LONG) {
			rc = fail(s, day_start(d), rc);
		}
	}
	return rc;
}

/* The day that the marks go to; NULL: there is none, and no time for one. */
static int day_of_marks(struct store *s, struct day **out)
{
	int64_t t = s->feed->read.t != 0 ? s->feed->read.t : s->feed->rescan.t;
	const int64_t *days;
	unsigned n;
	int rc;

	*out = NULL;
	days = day_set_days(s->days, &n);
	if (n == 0 && t <= 0) {
		return 0;
	}
	t = n > 0 ? days[n - 1] : when_day(t);
	rc = day_set_get(s->days, t, true, out);
	s->last = NULL;
	return rc != 0 ? fail(s, t, rc) : 0;
}

/* Commits all days of the batch but one, and waits for the disk. */
static int commit_others(struct store *s, const struct day *but, bool sync)
{
	struct day *d;
	int rc = 0;

	for (unsigned i = 0; (d = day_set_at(s->days, i)) != NULL; i++) {
		if (d == but) {
			continue;
		}
		if (day_is_active(d)) {
			rc = day_commit(d, &s->feed->of_day, NULL, NULL, sync);
		}
		if (rc == 0 && sync && day_is_dirty(d)) {
			rc = day_sync(d);
		}
		if (rc != 0) {
			return fail(s, day_start(d), rc);
		}
	}
	return 0;
}

int store_commit(struct store *s, const struct mark *rescan,
    const struct mark *read, bool sync)
{
	struct day *newest = NULL;
	int rc = s->error;

	if (rc == 0 && (rescan != NULL || read != NULL)) {
		assert(s->feed != NULL);
		s->feed->rescan = rescan != NULL ? *rescan : s->feed->rescan;
		s->feed->read = read != NULL ? *read : s->feed->read;
		rc = day_of_marks(s, &newest);
	}
	if (rc == 0) {
		rc = commit_others(s, newest, sync);
	}
	if (rc == 0 && newest != NULL) {
		rc = day_commit(newest, &s->feed->of_day, &s->feed->rescan,
		    &s->feed->read, sync);
		if (rc != 0) {
			rc = fail(s, day_start(newest), rc);
		}
	}
	if (rc == 0) {
		s->n_active = 0;
		s->batch_used = 0;
	}
	return rc;
}

int store_seal(struct store *s, int64_t day, int64_t now)
{
	struct day *d;
	int rc = store_commit(s, NULL, NULL, false);

	if (rc != 0) {
		return rc;
	}
	s->last = NULL;
	rc = day_set_get(s->days, when_day(day), false, &d);
	if (rc == 0 && !day_is_sealed(d)) {
		rc = day_seal(d, now);
		day_set_drop(s->days, when_day(day));
	}
	return rc == 0 || rc == ERR_NOT_FOUND ? rc : fail(s, when_day(day), rc);
}
