/* SPDX-License-Identifier: BSD-2-Clause */
/* day_set.c - the days that the writer knows, and those it has open */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/day_file.h"
#include "common/day_set.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/when.h"

enum {
	PATH_BUF = 4096
};

struct open_day {
	struct day *day; /* owned */
	uint64_t used;   /* tick of its last use */
};

struct day_set {
	char *state; /* the directory; owned */
	struct store_limits limits;
	struct hash_key key;   /* of the indexes; random */
	int64_t *days;         /* that have a file, ascending; owned */
	unsigned n_days;       /* of them */
	struct open_day *open; /* ascending; owned */
	unsigned n_open;       /* of them */
	unsigned cap_open;     /* allocated */
	uint64_t tick;         /* counts uses */
};

static int random_key(struct hash_key *key)
{
	return getrandom(key, sizeof(*key), 0) == (ssize_t)sizeof(*key) ?
	    0 :
	    -errno;
}

int day_set_open(
    const char *state, const struct store_limits *limits, struct day_set **out)
{
	struct day_set *set = xcalloc(1, sizeof(*set));
	int rc;

	*out = NULL;
	set->state = xstrdup(state);
	set->limits = *limits;
	rc = random_key(&set->key);
	if (rc == 0) {
		rc = day_set_refresh(set);
	}
	if (rc != 0) {
		day_set_close(set);
		return rc;
	}
	*out = set;
	return 0;
}

void day_set_close(struct day_set *set)
{
	if (set == NULL) {
		return;
	}
	for (unsigned i = 0; i < set->n_open; i++) {
		day_close(set->open[i].day);
	}
	free(set->open);
	free(set->days);
	free(set->state);
	free(set);
}

int day_set_refresh(struct day_set *set)
{
	int64_t *days;
	unsigned n;
	int rc = store_days(set->state, &days, &n);

	if (rc == 0) {
		free(set->days);
		set->days = days;
		set->n_days = n;
	}
	return rc;
}

const int64_t *day_set_days(const struct day_set *set, unsigned *n)
{
	*n = set->n_days;
	return set->days;
}

const char *day_set_path(
    const struct day_set *set, int64_t day, char *out, size_t size)
{
	return store_path(set->state, day, out, size);
}

/* Place of the first open day that is not before this one. */
static unsigned place_of(const struct day_set *set, int64_t day)
{
	unsigned i = 0;

	while (i < set->n_open && day_start(set->open[i].day) < day) {
		i++;
	}
	return i;
}

static bool is_known(const struct day_set *set, int64_t day)
{
	for (unsigned i = set->n_days; i > 0; i--) {
		if (set->days[i - 1] == day) {
			return true;
		}
	}
	return false;
}

/* Closes the day at a place. */
static void close_at(struct day_set *set, unsigned i)
{
	day_close(set->open[i].day);
	memmove(&set->open[i], &set->open[i + 1],
	    (set->n_open - i - 1) * sizeof(*set->open));
	set->n_open--;
}

/* Closes days until there is room for one more, as far as batches allow. */
static int make_room(struct day_set *set)
{
	while (set->n_open >= DAY_SET_OPEN) {
		unsigned oldest = set->n_open;

		for (unsigned i = 0; i < set->n_open; i++) {
			if (!day_is_active(set->open[i].day) &&
			    (oldest == set->n_open ||
				set->open[i].used < set->open[oldest].used)) {
				oldest = i;
			}
		}
		if (oldest == set->n_open) {
			return 0;
		}
		if (day_is_dirty(set->open[oldest].day)) {
			/* a later commit may have to vouch for it */
			int rc = day_sync(set->open[oldest].day);

			if (rc != 0) {
				return rc;
			}
		}
		close_at(set, oldest);
	}
	return 0;
}

static int create_file(struct day_set *set, int64_t day, const char *path)
{
	char temp[PATH_BUF];
	char date[WHEN_DATE_BUF];
	struct hash_key salt;
	int len;
	int rc;

	if (set->n_days >= STORE_FILES) {
		/* old ones may have been removed */
		rc = day_set_refresh(set);
		if (rc != 0) {
			return rc;
		}
	}
	if (set->n_days >= STORE_FILES) {
		return ERR_FULL;
	}
	len = snprintf(temp, sizeof(temp), "%s/tally/.%s.new", set->state,
	    when_date(day, date));
	if (len < 0 || (size_t)len >= sizeof(temp)) {
		return -ENAMETOOLONG;
	}
	rc = random_key(&salt);
	if (rc == 0) {
		rc = day_file_create(path, temp, day, &salt);
	}
	return rc != 0 ? rc : day_set_refresh(set);
}

static int open_day(
    struct day_set *set, int64_t day, bool create, struct day **out)
{
	char path[PATH_BUF];
	int rc = 0;

	if (store_path(set->state, day, path, sizeof(path))[0] == '\0') {
		return -ENAMETOOLONG;
	}
	if (!is_known(set, day)) {
		rc = create ? create_file(set, day, path) : ERR_NOT_FOUND;
	}
	if (rc == 0) {
		rc = make_room(set);
	}
	return rc != 0 ? rc : day_open(path, day, &set->key, &set->limits, out);
}

int day_set_get(struct day_set *set, int64_t day, bool create, struct day **out)
{
	unsigned at = place_of(set, day);
	int rc;

	if (at < set->n_open && day_start(set->open[at].day) == day) {
		set->open[at].used = ++set->tick;
		*out = set->open[at].day;
		return 0;
	}
	rc = open_day(set, day, create, out);
	if (rc != 0) {
		return rc;
	}
	if (set->n_open == set->cap_open) {
		set->cap_open =
		    set->cap_open == 0 ? 2 * DAY_SET_OPEN : 2 * set->cap_open;
		set->open = xrealloc_array(
		    set->open, set->cap_open, sizeof(*set->open));
	}
	at = place_of(set, day);
	memmove(&set->open[at + 1], &set->open[at],
	    (set->n_open - at) * sizeof(*set->open));
	set->open[at] = (struct open_day){ *out, ++set->tick };
	set->n_open++;
	return 0;
}

void day_set_drop(struct day_set *set, int64_t day)
{
	unsigned at = place_of(set, day);

	if (at < set->n_open && day_start(set->open[at].day) == day) {
		close_at(set, at);
	}
}

struct day *day_set_at(const struct day_set *set, unsigned i)
{
	return i < set->n_open ? set->open[i].day : NULL;
}
