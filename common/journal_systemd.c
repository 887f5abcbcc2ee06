/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_systemd.c - the systemd journal, by libsystemd
 *
 * No matches are set: most MTAs have a program name with a pattern among
 * theirs, which no match can express, and then the place moves on with every
 * entry of the journal. A place among mail alone would be lost to a vacuum on
 * a host that sends little of it.
 */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "common/hash.h"
#include "common/journal.h"
#include "common/mem.h"

enum {
	SHORT = 256,       /* longer values of short fields are not taken */
	NAME_MAX_LEN = 64, /* more than any name of a field and '=' */
	NEAR = 1000, /* entries of one moment that are looked at for a place */
};

struct journal {
	sd_journal *sd;
	int fd;
	journal_filter filter;
	void *ctx;
	char *cursor;    /* of the entry that was read last; NULL: none */
	bool is_on_next; /* libsystemd stands on the next entry already */
	struct journal_entry entry; /* borrows what follows */
	struct journal_fields fields;
	char value[JOURNAL_FIELDS][SHORT];
	char message[SYSLOG_LINE_MAX + 1]; /* one more shows that it is long */
	char text[SYSLOG_LINE_MAX];
};

int journal_open(
    const char *path, journal_filter filter, void *ctx, struct journal **out)
{
	struct journal *j;
	sd_journal *sd = NULL;
	int rc = path == NULL ? sd_journal_open(&sd, SD_JOURNAL_LOCAL_ONLY) :
				sd_journal_open_directory(&sd, path, 0);

	*out = NULL;
	if (rc < 0) {
		return rc;
	}
	j = xcalloc(1, sizeof(*j));
	j->sd = sd;
	j->filter = filter;
	j->ctx = ctx;
	rc = sd_journal_set_data_threshold(
	    sd, sizeof(j->message) + NAME_MAX_LEN);
	if (rc >= 0) {
		/* from now on it watches the files */
		rc = j->fd = sd_journal_get_fd(sd);
	}
	if (rc >= 0) {
		rc = sd_journal_seek_head(sd);
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
	return sd_journal_has_runtime_files(j->sd) <= 0 &&
	    sd_journal_has_persistent_files(j->sd) <= 0;
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

static uint64_t hash_cursor(const char *cursor)
{
	static const struct hash_key key = { 0x74656c6c746c73, 4 };

	return hash_sip(&key, cursor, strlen(cursor));
}

int journal_next(
    struct journal *j, struct journal_place *place, bool *is_wanted)
{
	char *cursor = NULL;
	int rc = j->is_on_next ? 1 : sd_journal_next(j->sd);

	j->is_on_next = false;
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

static void forget(struct journal *j)
{
	free(j->cursor);
	j->cursor = NULL;
	j->is_on_next = false;
}

int journal_seek_head(struct journal *j)
{
	forget(j);
	return sd_journal_seek_head(j->sd);
}

int journal_seek_time(struct journal *j, uint64_t realtime_us)
{
	forget(j);
	return sd_journal_seek_realtime_usec(j->sd, realtime_us);
}

/* Does libsystemd stand on this entry? Keeps its cursor then. */
static int is_here(struct journal *j, const struct journal_place *place)
{
	uint64_t realtime_us = 0;
	char *cursor = NULL;
	int rc = sd_journal_get_realtime_usec(j->sd, &realtime_us);

	if (rc < 0 || realtime_us != place->realtime_us) {
		return rc < 0 ? rc : 0;
	}
	rc = sd_journal_get_cursor(j->sd, &cursor);
	if (rc < 0) {
		return rc;
	}
	if (hash_cursor(cursor) != place->id) {
		free(cursor);
		return 0;
	}
	j->cursor = cursor;
	return 1;
}

/*
 * Looks for a place among the next n entries; the entries that cannot be read
 * are others. Returns 1, 0 or an error.
 */
static int look(
    struct journal *j, const struct journal_place *place, uint64_t n)
{
	int rc = 1;

	for (uint64_t i = 0; i < n && rc > 0; i++) {
		rc = sd_journal_next(j->sd);
		if (rc > 0 && is_here(j, place) == 1) {
			return 1;
		}
	}
	return rc < 0 ? rc : 0;
}

int journal_find(struct journal *j, const struct journal_place *place)
{
	int rc = journal_seek_time(j, place->realtime_us);

	if (rc >= 0) {
		rc = look(j, place, NEAR);
	}
	if (rc == 0) {
		/* a clock that was set may have led the search astray */
		rc = journal_seek_head(j);
		rc = rc < 0 ? rc : look(j, place, UINT64_MAX);
	}
	return rc;
}

int journal_process(struct journal *j)
{
	int rc = sd_journal_process(j->sd);

	return rc < 0                   ? rc :
	    rc == SD_JOURNAL_INVALIDATE ? JOURNAL_MOVED :
					  JOURNAL_SAME;
}

int journal_resume(struct journal *j)
{
	int rc;

	j->is_on_next = false;
	if (j->cursor == NULL) {
		return 1; /* nothing was read since it went to its place */
	}
	rc = sd_journal_seek_cursor(j->sd, j->cursor);
	if (rc >= 0) {
		rc = sd_journal_next(j->sd);
	}
	if (rc <= 0) {
		return rc;
	}
	rc = sd_journal_test_cursor(j->sd, j->cursor);
	j->is_on_next = rc == 0;
	return rc;
}
