/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_systemd.c - the systemd journal, by libsystemd
 *
 * No matches are set: most MTAs have a program name with a pattern among
 * theirs, which no match can express, and then the place moves on with every
 * entry of the journal. A place among mail alone would be lost to a vacuum on
 * a host that sends little of it.
 *
 * libsystemd puts the entries of several boots in order by the clock, unless
 * one file series holds them: after a crash it does not, and if the clock was
 * set back by then, it shows nothing of the new boot to a reader that stands
 * in the old one. So this boot has its turn of its own, after all others: in
 * one boot the order is that of its monotonic clock. Whoever stands in an
 * earlier boot has read nothing of this one. A folder may be of another host,
 * which is in another boot: there libsystemd's order has to do.
 *
 * An entry is known by its cursor, but for the part of it that changes when
 * journald moves its files from /run to /var (journalctl --flush).
 */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "common/hash.h"
#include "common/journal.h"
#include "common/mem.h"

enum {
	SHORT = 256,       /* longer values of short fields are not taken */
	NAME_MAX_LEN = 64, /* more than any name of a field and '=' */
	NEAR = 1000, /* entries of one moment that are looked at for a place */
	ROOTS = 2,
};

/* A folder with journals, which libsystemd takes note of only when it opens. */
struct root {
	const char *path; /* NULL: none */
	dev_t dev;        /* 0, 0: it is not there */
	ino_t ino;
};

struct journal {
	sd_journal *sd;
	const char *path; /* NULL: that of the system */
	struct root root[ROOTS];
	int fd;            /* epoll, of libsystemd's descriptor, which may be
	                      another one after a while */
	bool has_turns;    /* this boot comes last ... */
	bool is_this_boot; /* ... and now only its entries are seen */
	bool is_on_next;   /* libsystemd stands on the next entry already */
	sd_id128_t boot;   /* this one */
	journal_filter filter;
	void *ctx;
	uint64_t start_us; /* where it began, while there is no cursor */
	char *cursor;      /* of the entry that was read last; NULL: none */
	struct journal_entry entry; /* borrows what follows */
	struct journal_fields fields;
	char value[JOURNAL_FIELDS][SHORT];
	char text[SYSLOG_LINE_MAX];
	char message[SYSLOG_LINE_MAX + 1]; /* one more shows that it is long */
};

static struct root look_at(const char *path)
{
	struct root r = { .path = path };
	struct stat st;

	if (path != NULL && stat(path, &st) == 0) {
		r.dev = st.st_dev;
		r.ino = st.st_ino;
	}
	return r;
}

/* From now on only entries of this boot are seen; where it stands it stays. */
static int see_this_boot(struct journal *j)
{
	static const char field[] = "_BOOT_ID=";
	char match[sizeof(field) + SD_ID128_STRING_MAX];
	int rc;

	memcpy(match, field, sizeof(field));
	(void)sd_id128_to_string(j->boot, match + sizeof(field) - 1);
	rc = sd_journal_add_match(j->sd, match, 0);
	j->is_this_boot = rc >= 0;
	return rc;
}

static void see_all(struct journal *j)
{
	sd_journal_flush_matches(j->sd);
	j->is_this_boot = false;
}

/* Opens libsystemd's journal; the one that was open is closed if it works. */
static int open_sd(struct journal *j)
{
	struct epoll_event event = { .events = EPOLLIN };
	sd_journal *sd = NULL;
	int rc = j->path == NULL ? sd_journal_open(&sd, SD_JOURNAL_LOCAL_ONLY) :
				   sd_journal_open_directory(&sd, j->path, 0);

	if (rc >= 0) {
		rc = sd_journal_set_data_threshold(
		    sd, sizeof(j->message) + NAME_MAX_LEN);
	}
	if (rc >= 0) {
		/* from now on it watches the files */
		rc = sd_journal_get_fd(sd);
	}
	if (rc >= 0 && epoll_ctl(j->fd, EPOLL_CTL_ADD, rc, &event) != 0) {
		rc = -errno;
	}
	if (rc < 0) {
		sd_journal_close(sd);
		return rc;
	}
	sd_journal_close(j->sd);
	j->sd = sd;
	return j->is_this_boot ? see_this_boot(j) : 0;
}

int journal_open(
    const char *path, journal_filter filter, void *ctx, struct journal **out)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	int rc;

	*out = NULL;
	j->path = path;
	j->filter = filter;
	j->ctx = ctx;
	j->root[0] = look_at(path != NULL ? path : "/var/log/journal");
	j->root[1] = look_at(path != NULL ? NULL : "/run/log/journal");
	j->has_turns = path == NULL && sd_id128_get_boot(&j->boot) >= 0;
	j->fd = epoll_create1(EPOLL_CLOEXEC);
	rc = j->fd < 0 ? -errno : open_sd(j);
	if (rc >= 0) {
		rc = journal_seek_head(j);
	}
	if (rc < 0) {
		journal_close(j);
		return rc;
	}
	*out = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (j != NULL) {
		sd_journal_close(j->sd);
		if (j->fd >= 0) {
			(void)close(j->fd);
		}
		free(j->cursor);
		free(j);
	}
}

int journal_fd(const struct journal *j)
{
	return j->fd;
}

bool journal_is_empty(const struct journal *j)
{
	uint64_t size_b = 0;

	return sd_journal_get_usage(j->sd, &size_b) < 0 || size_b == 0;
}

/*
 * A copy of a field: what libsystemd gives is gone with the next call. A
 * field that cannot be read is one that is not there.
 */
static struct view get(
    struct journal *j, enum journal_field field, char *buf, size_t size)
{
	const char *name = journal_field_name(field);
	size_t skip = strlen(name) + 1;
	const void *data = NULL;
	size_t len = 0;
	int rc = sd_journal_get_data(j->sd, name, &data, &len);

	if (rc < 0 || len < skip) {
		return view_make(NULL, 0);
	}
	len -= skip;
	if (len > size) {
		if (field != JOURNAL_MESSAGE) {
			return view_make(NULL, 0);
		}
		len = size;
	}
	memcpy(buf, (const char *)data + skip, len);
	return view_make(buf, len);
}

/* What only journald's own words have is not looked for in others. */
static bool is_needed(enum journal_field field, bool is_journald)
{
	return field != JOURNAL_IDENT &&
	    (is_journald || field < JOURNAL_TRANSPORT);
}

static bool read_entry(struct journal *j, uint64_t realtime_us)
{
	struct view ident =
	    get(j, JOURNAL_IDENT, j->value[JOURNAL_IDENT], SHORT);
	bool is_journald = journal_entry_is_journald(ident);
	bool is_wanted = ident.s != NULL && j->filter(j->ctx, ident);

	if (!is_wanted && !is_journald) {
		return false;
	}
	j->fields = (struct journal_fields){ .realtime_us = realtime_us };
	j->fields.value[JOURNAL_IDENT] = ident;
	for (int i = 0; i < JOURNAL_FIELDS; i++) {
		enum journal_field field = (enum journal_field)i;
		bool is_message = field == JOURNAL_MESSAGE;

		if (is_needed(field, is_journald)) {
			j->fields.value[i] =
			    get(j, field, is_message ? j->message : j->value[i],
				is_message ? sizeof(j->message) : SHORT);
		}
	}
	journal_entry_make(&j->fields, j->text, &j->entry);
	return is_wanted || j->entry.kind == JOURNAL_SUPPRESSED;
}

/*
 * The part of a cursor that stays when an entry is moved: its boot, times and
 * content, "b=...;m=...;t=...;x=...". A cursor of another form stays whole.
 */
static const char *lasting(const char *cursor)
{
	const char *p = strstr(cursor, ";b=");

	return p != NULL ? p + 1 : cursor;
}

static uint64_t hash_cursor(const char *cursor)
{
	static const struct hash_key key = { 0x74656c6c746c73, 4 };
	const char *stays = lasting(cursor);

	return hash_sip(&key, stays, strlen(stays));
}

static int seek(struct journal *j, uint64_t realtime_us)
{
	free(j->cursor);
	j->cursor = NULL;
	j->is_on_next = false;
	j->start_us = realtime_us;
	return realtime_us == 0 ?
	    sd_journal_seek_head(j->sd) :
	    sd_journal_seek_realtime_usec(j->sd, realtime_us);
}

/* Is the entry on which libsystemd stands of this boot? */
static bool is_of_this_boot(struct journal *j)
{
	sd_id128_t boot;
	uint64_t us;

	return sd_journal_get_monotonic_usec(j->sd, &us, &boot) >= 0 &&
	    sd_id128_equal(boot, j->boot);
}

/*
 * Goes on by one entry, in our order of boots. Returns 1, 0 at the end, or an
 * error.
 */
static int step(struct journal *j)
{
	for (;;) {
		int rc = j->is_on_next ? 1 : sd_journal_next(j->sd);

		j->is_on_next = false;
		if (rc < 0 || !j->has_turns || j->is_this_boot) {
			return rc;
		}
		if (rc > 0 && !is_of_this_boot(j)) {
			return 1;
		}
		if (rc == 0) {
			/* the others are done; where nothing was read, it
			   began at a time */
			rc = see_this_boot(j);
			if (rc >= 0) {
				rc = seek(
				    j, j->cursor == NULL ? j->start_us : 0);
			}
			if (rc < 0) {
				return rc;
			}
		}
	}
}

int journal_next(
    struct journal *j, struct journal_place *place, bool *is_wanted)
{
	char *cursor = NULL;
	int rc = step(j);

	*is_wanted = false;
	if (rc <= 0) {
		return rc;
	}
	rc = sd_journal_get_realtime_usec(j->sd, &place->realtime_us);
	if (rc >= 0) {
		rc = sd_journal_get_cursor(j->sd, &cursor);
	}
	if (rc < 0) {
		return rc;
	}
	free(j->cursor);
	j->cursor = cursor;
	place->id = hash_cursor(cursor);
	*is_wanted = read_entry(j, place->realtime_us);
	return 1;
}

const struct journal_entry *journal_entry(const struct journal *j)
{
	return &j->entry;
}

int journal_seek_head(struct journal *j)
{
	see_all(j);
	return seek(j, 0);
}

int journal_seek_time(struct journal *j, uint64_t realtime_us)
{
	see_all(j);
	return seek(j, realtime_us);
}

/* Does libsystemd stand on this entry? Keeps its cursor then. */
static bool is_here(struct journal *j, const struct journal_place *place)
{
	uint64_t realtime_us = 0;
	char *cursor = NULL;

	if (sd_journal_get_realtime_usec(j->sd, &realtime_us) < 0 ||
	    realtime_us != place->realtime_us ||
	    sd_journal_get_cursor(j->sd, &cursor) < 0) {
		return false;
	}
	if (hash_cursor(cursor) != place->id) {
		free(cursor);
		return false;
	}
	j->cursor = cursor;
	return true;
}

/*
 * Looks for a place among n entries, from a time on; one that cannot be read
 * is another. Returns 1, 0 or an error.
 */
static int look(struct journal *j, const struct journal_place *place,
    uint64_t from_us, uint64_t n)
{
	int rc = seek(j, from_us);

	for (uint64_t i = 0; i < n && rc >= 0; i++) {
		rc = sd_journal_next(j->sd);
		if (rc <= 0) {
			break;
		}
		if (is_here(j, place)) {
			return 1;
		}
	}
	return rc < 0 ? rc : 0;
}

int journal_find(struct journal *j, const struct journal_place *place)
{
	int rc;

	see_all(j);
	rc = look(j, place, place->realtime_us, NEAR);
	if (rc == 0) {
		/* a clock that was set may have led the search astray */
		rc = look(j, place, 0, UINT64_MAX);
	}
	if (rc == 1 && j->has_turns && is_of_this_boot(j)) {
		rc = see_this_boot(j);
		return rc < 0 ? rc : 1;
	}
	return rc;
}

/* All entries are looked at, since clocks may have been set. */
int journal_find_time(
    struct journal *j, uint64_t realtime_us, struct journal_place *place)
{
	uint64_t us = 0;
	char *last = NULL;
	char *cursor = NULL;
	int rc = journal_seek_head(j);

	while (rc >= 0 && (rc = step(j)) == 1) {
		if (sd_journal_get_realtime_usec(j->sd, &us) >= 0 &&
		    us <= realtime_us &&
		    sd_journal_get_cursor(j->sd, &cursor) >= 0) {
			free(last);
			last = cursor;
			place->realtime_us = us;
		}
	}
	if (rc == 0) {
		rc = journal_seek_head(j);
	}
	if (rc >= 0 && last != NULL) {
		place->id = hash_cursor(last);
		rc = journal_find(j, place);
	}
	free(last);
	return rc < 0 ? rc : last != NULL;
}

/* Have the folders come, gone, or been made anew? */
static bool has_other_roots(const struct journal *j, struct root now[ROOTS])
{
	bool is_other = false;

	for (size_t i = 0; i < ROOTS; i++) {
		now[i] = look_at(j->root[i].path);
		is_other = is_other || now[i].dev != j->root[i].dev ||
		    now[i].ino != j->root[i].ino;
	}
	return is_other;
}

int journal_process(struct journal *j)
{
	struct root now[ROOTS];
	int rc;

	if (has_other_roots(j, now)) {
		rc = open_sd(j);
		if (rc < 0) {
			return rc;
		}
		memcpy(j->root, now, sizeof(now));
		return JOURNAL_MOVED;
	}
	rc = sd_journal_process(j->sd);
	return rc < 0                   ? rc :
	    rc == SD_JOURNAL_INVALIDATE ? JOURNAL_MOVED :
					  JOURNAL_SAME;
}

int journal_resume(struct journal *j)
{
	int rc;

	j->is_on_next = false;
	if (j->cursor == NULL) {
		/* nothing was read since it went to its place */
		rc = seek(j, j->start_us);
		return rc < 0 ? rc : 1;
	}
	rc = sd_journal_seek_cursor(j->sd, j->cursor);
	if (rc >= 0) {
		rc = sd_journal_next(j->sd);
	}
	if (rc <= 0) {
		return rc;
	}
	rc = sd_journal_test_cursor(j->sd, lasting(j->cursor));
	j->is_on_next = rc == 0;
	return rc;
}
