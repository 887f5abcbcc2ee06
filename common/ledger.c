/* SPDX-License-Identifier: BSD-2-Clause */
/* ledger.c - what became of each (day, domain), in SQLite */

#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/ledger.h"
#include "common/ledger_private.h"
#include "common/mem.h"

int ledger_open(const char *path, struct ledger **out)
{
	*out = xcalloc(1, sizeof(**out));
	return db_open(path, &ledger_schema, &(*out)->db);
}

int ledger_open_read(const char *path, struct ledger **out)
{
	*out = xcalloc(1, sizeof(**out));
	return db_open_read(path, &ledger_schema, &(*out)->db);
}

void ledger_close(struct ledger *l)
{
	if (l != NULL) {
		db_close(l->db);
		free(l);
	}
}

const char *ledger_error(const struct ledger *l)
{
	return db_error(l->db);
}

int ledger_begin(struct ledger *l)
{
	return db_begin(l->db);
}

int ledger_commit(struct ledger *l)
{
	memset(l->batch, 0, sizeof(l->batch));
	l->has_since = false;
	return db_commit(l->db);
}

struct db *ledger_use(
    struct ledger *l, enum ledger_statement which, int64_t first)
{
	db_use(l->db, which);
	db_bind_int(l->db, 1, first);
	return l->db;
}

void ledger_bind_rua(struct db *d, int parameter, const struct record_rua *to)
{
	db_bind_text(d, parameter,
	    view_of(to->kind == RECORD_MAILTO ? "mailto" : "https"));
	db_bind_text(d, parameter + 1, view_of(to->target));
}

void ledger_get_rua(struct db *d, int column, struct record_rua *out)
{
	out->kind = view_is(db_text(d, column), "mailto") ? RECORD_MAILTO :
							    RECORD_HTTPS;
	db_copy(d, column + 1, out->target, sizeof(out->target));
}

int ledger_day(struct ledger *l, int64_t day, struct ledger_day *out)
{
	struct db *d = ledger_use(l, LEDGER_DAY, day);
	bool is_there;
	int rc = db_step(d, &is_there);

	memset(out, 0, sizeof(*out));
	if (rc == 0 && is_there) {
		out->is_finished = db_int(d, 0) != 0;
		out->is_released = db_int(d, 1) != 0;
		out->unjudged = (uint64_t)db_int(d, 2);
		out->retries = (uint64_t)db_int(d, 3);
		out->withheld = (uint64_t)db_int(d, 4);
		out->is_begun = db_int(d, 5) != 0;
	}
	if (rc == 0 && out->withheld > 0) {
		d = ledger_use(l, LEDGER_WHY, day);
		rc = db_step(d, &is_there);
		if (rc == 0 && is_there) {
			db_copy(d, 0, out->why, sizeof(out->why));
		}
	}
	db_done(d);
	return rc;
}

int ledger_has_file(
    struct ledger *l, int64_t day, const char *file, bool *has_it)
{
	struct db *d = ledger_use(l, LEDGER_FILE, day);
	int rc;

	db_bind_text(d, 2, view_of(file));
	rc = db_step(d, has_it);
	db_done(d);
	return rc;
}

static enum ledger_state state_of(const char *word)
{
	for (int i = LEDGER_WRITTEN; i <= LEDGER_WITHHELD; i++) {
		if (strcmp(word, ledger_state_word((enum ledger_state)i)) ==
		    0) {
			return (enum ledger_state)i;
		}
	}
	return LEDGER_ABSENT;
}

int ledger_count(struct ledger *l, int64_t day, uint64_t n[LEDGER_WITHHELD + 1])
{
	struct db *d = ledger_use(l, LEDGER_COUNT, day);
	char state[LEDGER_TEXT];
	bool is_row;
	int rc;

	memset(n, 0, (LEDGER_WITHHELD + 1) * sizeof(*n));
	while ((rc = db_step(d, &is_row)) == 0 && is_row) {
		db_copy(d, 0, state, sizeof(state));
		n[state_of(state)] = (uint64_t)db_int(d, 1);
	}
	db_done(d);
	return rc;
}

int ledger_find(
    struct ledger *l, int64_t day, struct view domain, struct ledger_entry *out)
{
	struct db *d = ledger_use(l, LEDGER_FIND, day);
	char state[LEDGER_TEXT];
	bool is_there;
	int rc;

	memset(out, 0, sizeof(*out));
	db_bind_text(d, 2, domain);
	rc = db_step(d, &is_there);
	if (rc == 0 && is_there) {
		db_copy(d, 0, state, sizeof(state));
		out->state = state_of(state);
		out->tries = (unsigned)db_int(d, 1);
		out->first_try = db_int(d, 2);
		out->last_try = db_int(d, 3);
		db_copy(d, 4, out->what, sizeof(out->what));
		db_copy(d, 5, out->file, sizeof(out->file));
	}
	db_done(d);
	return rc;
}

int ledger_mark(struct ledger *l, int64_t day, struct view domain,
    const struct ledger_entry *entry)
{
	struct db *d;
	int rc = ledger_begin(l);

	assert(entry->state != LEDGER_ABSENT);
	if (rc != 0) {
		return rc;
	}
	d = ledger_use(l, LEDGER_MARK, day);
	db_bind_text(d, 2, domain);
	db_bind_text(d, 3, view_of(ledger_state_word(entry->state)));
	db_bind_int(d, 4, entry->tries);
	db_bind_int(d, 5, entry->first_try);
	db_bind_int(d, 6, entry->last_try);
	db_bind_text(d, 7, view_of(entry->what));
	db_bind_text(d, 8, view_of(entry->file));
	return db_run(d);
}

/* One statement with a number beside the day. */
static int run_number(
    struct ledger *l, enum ledger_statement which, int64_t day, int64_t number)
{
	struct db *d;
	int rc = ledger_begin(l);

	if (rc == 0) {
		d = ledger_use(l, which, day);
		db_bind_int(d, 2, number);
		rc = db_run(d);
	}
	return rc;
}

int ledger_finish_day(struct ledger *l, int64_t day, int64_t now)
{
	int rc = run_number(l, LEDGER_DAY_FINISH, day, now);

	return rc == 0 ? db_run(ledger_use(l, LEDGER_DROP_NONE, day)) : rc;
}

int ledger_set_unjudged(struct ledger *l, int64_t day, uint64_t sessions)
{
	int64_t number = sessions < INT64_MAX ? (int64_t)sessions : INT64_MAX;

	return run_number(l, LEDGER_DAY_UNJUDGED, day, number);
}

int ledger_release(struct ledger *l, int64_t day, int64_t now, uint64_t *n)
{
	int rc = run_number(l, LEDGER_DAY_RELEASE, day, now);

	*n = 0;
	if (rc == 0) {
		rc = db_run(ledger_use(l, LEDGER_RELEASE, day));
	}
	if (rc == 0) {
		*n = db_changes(l->db);
	}
	return rc;
}

int ledger_forget(struct ledger *l, int64_t before_day)
{
	int rc = ledger_begin(l);

	if (rc == 0) {
		rc = db_run(ledger_use(l, LEDGER_FORGET_TOLD, before_day));
	}
	return rc == 0 ? db_run(ledger_use(l, LEDGER_FORGET, before_day)) : rc;
}

int ledger_tell(struct ledger *l, int64_t day, const char *what, bool *is_new)
{
	struct db *d;
	int rc = ledger_begin(l);

	*is_new = false;
	if (rc == 0) {
		d = ledger_use(l, LEDGER_TELL, day);
		db_bind_text(d, 2, view_of(what));
		rc = db_run(d);
	}
	if (rc == 0) {
		*is_new = db_changes(l->db) > 0;
	}
	return rc;
}

int ledger_try(struct ledger *l)
{
	const int64_t no_day = INT64_MIN;
	bool is_new;
	int rc = ledger_tell(l, no_day, "try", &is_new);

	if (rc == 0) {
		rc = db_run(ledger_use(l, LEDGER_FORGET_TOLD, no_day + 1));
	}
	return rc == 0 ? ledger_commit(l) : rc;
}

const char *ledger_state_word(enum ledger_state s)
{
	switch (s) {
	case LEDGER_ABSENT:
		return "absent";
	case LEDGER_WRITTEN:
		return "written";
	case LEDGER_NONE:
		return "none";
	case LEDGER_RETRY:
		return "retry";
	case LEDGER_GIVEN_UP:
		return "given-up";
	case LEDGER_WITHHELD:
		return "withheld";
	}
	return "unknown";
}
