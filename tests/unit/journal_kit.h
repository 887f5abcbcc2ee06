/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_kit.h - a journal of the test's own making, in place of libsystemd:
 * what stands here is linked before common/journal_*.c. Its order is that of
 * the array; entries can be hidden (vacuumed) and shown again.
 */
#ifndef TESTS_UNIT_JOURNAL_KIT_H
#define TESTS_UNIT_JOURNAL_KIT_H

#include "common/err.h"
#include "common/feed_journal.h"
#include "common/journal.h"
#include "tests/unit/feed_kit.h"

enum {
	KIT_ENTRIES = 8192,
	KIT_TEXT = 1024
};

struct kit_entry {
	struct journal_place place;
	bool is_hidden; /* not in the journal, or not any more */
	char ident[64];
	char host[64];
	char pid[16];
	char message[KIT_TEXT];
	char unit[64];       /* not empty: journald dropped ... */
	char dropped[16];    /* ... so many of its messages */
	const char *instead; /* of the message; NULL: none */
	size_t instead_len;
};

static struct {
	struct kit_entry entry[KIT_ENTRIES];
	size_t n;
	bool has_moved;   /* files came or went */
	unsigned is_lost; /* so many calls of journal_resume() fail */
	int error;        /* of the next journal_next() */
	unsigned finds;   /* calls of journal_find() */
} kit;

struct journal {
	journal_filter filter;
	void *ctx;
	size_t at; /* number of the next one */
	struct journal_entry entry;
	struct journal_fields fields;
	char text[SYSLOG_LINE_MAX];
};

static inline struct kit_entry *kit_add(
    uint64_t realtime_us, const char *ident, const char *message)
{
	struct kit_entry *e = &kit.entry[kit.n];

	assert_true(kit.n < KIT_ENTRIES);
	memset(e, 0, sizeof(*e));
	e->place.realtime_us = realtime_us;
	e->place.id = ++kit.n * UINT64_C(0x9e3779b97f4a7c15);
	assert_true(snprintf(e->ident, sizeof(e->ident), "%s", ident) > 0);
	assert_true(
	    snprintf(e->message, sizeof(e->message), "%s", message) < KIT_TEXT);
	return e;
}

int journal_open(
    const char *path, journal_filter filter, void *ctx, struct journal **out)
{
	assert_true(path == NULL || path[0] == '/');
	*out = calloc(1, sizeof(**out));
	assert_non_null(*out);
	(*out)->filter = filter;
	(*out)->ctx = ctx;
	return 0;
}

void journal_close(struct journal *j)
{
	free(j);
}

static inline void kit_read(struct journal *j, const struct kit_entry *e)
{
	struct view *value = j->fields.value;
	bool is_journald = e->unit[0] != '\0';

	j->fields =
	    (struct journal_fields){ .realtime_us = e->place.realtime_us };
	value[JOURNAL_IDENT] =
	    view_of(is_journald ? "systemd-journald" : e->ident);
	value[JOURNAL_HOST] = view_of(e->host);
	value[JOURNAL_SYSLOG_PID] = view_of(e->pid);
	value[JOURNAL_MESSAGE] = e->instead != NULL ?
	    view_make(e->instead, e->instead_len) :
	    view_of(e->message);
	if (is_journald) {
		value[JOURNAL_TRANSPORT] = view_of("driver");
		value[JOURNAL_MESSAGE_ID] =
		    view_of("a596d6fe7bfa4994828e72309e95d61e");
		value[JOURNAL_UNIT] = view_of(e->unit);
		value[JOURNAL_N_DROPPED] = view_of(e->dropped);
	}
	journal_entry_make(&j->fields, j->text, &j->entry);
}

int journal_next(
    struct journal *j, struct journal_place *place, bool *is_wanted)
{
	const struct kit_entry *e;
	size_t at = j->at;

	if (kit.error != 0) {
		int rc = kit.error;

		kit.error = 0;
		return rc;
	}
	while (at < kit.n && kit.entry[at].is_hidden) {
		at++;
	}
	if (at == kit.n) {
		return 0;
	}
	j->at = at + 1;
	e = &kit.entry[at];
	*place = e->place;
	*is_wanted = e->unit[0] != '\0' || j->filter(j->ctx, view_of(e->ident));
	kit_read(j, e);
	return 1;
}

const struct journal_entry *journal_entry(const struct journal *j)
{
	return &j->entry;
}

int journal_seek_head(struct journal *j)
{
	j->at = 0;
	return 0;
}

int journal_seek_time(struct journal *j, uint64_t realtime_us)
{
	for (j->at = 0; j->at < kit.n; j->at++) {
		if (kit.entry[j->at].place.realtime_us >= realtime_us) {
			break;
		}
	}
	return 0;
}

int journal_find(struct journal *j, const struct journal_place *place)
{
	kit.finds++;
	for (j->at = 0; j->at < kit.n; j->at++) {
		const struct kit_entry *e = &kit.entry[j->at];

		if (!e->is_hidden && e->place.id == place->id &&
		    e->place.realtime_us == place->realtime_us) {
			j->at++;
			return 1;
		}
	}
	return 0;
}

int journal_find_time(
    struct journal *j, uint64_t realtime_us, struct journal_place *place)
{
	j->at = 0;
	for (size_t i = 0; i < kit.n; i++) {
		const struct kit_entry *e = &kit.entry[i];

		if (!e->is_hidden && e->place.realtime_us <= realtime_us) {
			j->at = i + 1;
			*place = e->place;
		}
	}
	return j->at > 0;
}

int journal_process(struct journal *j)
{
	bool has_moved = kit.has_moved;

	(void)j;
	kit.has_moved = false;
	return has_moved ? JOURNAL_MOVED : JOURNAL_SAME;
}

int journal_resume(struct journal *j)
{
	if (kit.is_lost > 0) {
		kit.is_lost--;
		return 0;
	}
	return j->at == 0 || !kit.entry[j->at - 1].is_hidden;
}

int journal_fd(const struct journal *j)
{
	(void)j;
	return 0;
}

bool journal_is_empty(const struct journal *j)
{
	(void)j;
	return kit.n == 0;
}

#endif
