/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.c - what became of each (day, domain), in SQLite
 *
 * The only file that knows SQLite.
 */

#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/err.h"
#include "common/ledger.h"
#include "common/ledger_sql.h"
#include "common/mem.h"

struct ledger {
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENT_COUNT];
	bool in_batch;
	char error[LEDGER_TEXT]; /* ours, or a copy of SQLite's */
};

static int fail(struct ledger *l, int code, const char *text)
{
	(void)snprintf(l->error, sizeof(l->error), "%s", text);
	return code;
}

/* Our code for what SQLite returned last. */
static int fail_sqlite(struct ledger *l)
{
	int rc = -EIO;

	switch (sqlite3_errcode(l->db)) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		rc = ERR_DAMAGED;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		rc = ERR_BUSY;
		break;
	case SQLITE_FULL:
		rc = -ENOSPC;
		break;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		rc = -EACCES;
		break;
	default:
		break;
	}
	return fail(l, rc, sqlite3_errmsg(l->db));
}

static int exec(struct ledger *l, const char *text)
{
	return sqlite3_exec(l->db, text, NULL, NULL, NULL) == SQLITE_OK ?
	    0 :
	    fail_sqlite(l);
}

/* One number out of a query; -1 on error. */
static int query_int(struct ledger *l, const char *text)
{
	sqlite3_stmt *s = NULL;
	int value = -1;

	if (sqlite3_prepare_v2(l->db, text, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		value = sqlite3_column_int(s, 0);
	} else {
		(void)fail_sqlite(l);
	}
	(void)sqlite3_finalize(s);
	return value;
}

/* Makes the tables, or those of this version out of older ones. */
static int make_schema(struct ledger *l, int version)
{
	if (version == 0 &&
	    query_int(l, "SELECT count(*) FROM sqlite_master") == 0) {
		return exec(l, schema);
	}
	if (version == 1) {
		return exec(l, upgrade_1);
	}
	return fail(
	    l, ERR_VERSION, "it was made by another version of telltls");
}

static int check_schema(struct ledger *l, bool may_write)
{
	int version = query_int(l, "PRAGMA user_version");
	int rc;

	if (version < 0) {
		return fail_sqlite(l);
	}
	if (version != SCHEMA_VERSION) {
		rc = may_write ? make_schema(l, version) :
				 fail(l, ERR_VERSION,
				     "telltls-report has not made its tables");
		if (rc != 0) {
			return rc;
		}
	}
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		if (sqlite3_prepare_v3(l->db, sql[i], -1,
			SQLITE_PREPARE_PERSISTENT, &l->statement[i],
			NULL) != SQLITE_OK) {
			return fail_sqlite(l);
		}
	}
	return 0;
}

/* SQLite itself would make a file that others may read. */
static int make_file(struct ledger *l, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	int rc = fd < 0 ? -errno : 0;

	if (fd >= 0) {
		(void)close(fd);
	}
	return rc == 0 ? 0 : fail(l, rc, err_text(rc));
}

static int open_file(struct ledger *l, const char *path, int mode)
{
	int rc;

	if (sqlite3_open_v2(path, &l->db,
		mode | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK) {
		return l->db != NULL ? fail_sqlite(l) :
				       fail(l, -ENOMEM, "out of memory");
	}
	/* a file that somebody damaged must not run code of its own */
	(void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_busy_timeout(l->db, 10000); /* a person with sqlite3(1) */
	rc = exec(l, "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;");
	return rc == 0 ? check_schema(l, mode == SQLITE_OPEN_READWRITE) : rc;
}

int ledger_open(const char *path, struct ledger **out)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	int rc;

	*out = l;
	rc = make_file(l, path);
	return rc == 0 ? open_file(l, path, SQLITE_OPEN_READWRITE) : rc;
}

int ledger_open_read(const char *path, struct ledger **out)
{
	struct ledger *l = xcalloc(1, sizeof(*l));

	*out = l;
	if (access(path, F_OK) != 0) {
		return fail(l, -errno, err_text(-errno));
	}
	return open_file(l, path, SQLITE_OPEN_READONLY);
}

void ledger_close(struct ledger *l)
{
	if (l == NULL) {
		return;
	}
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		(void)sqlite3_finalize(l->statement[i]);
	}
	(void)sqlite3_close(l->db); /* rolls back */
	free(l);
}

const char *ledger_error(const struct ledger *l)
{
	return l->error;
}

/*
 * Statements. A binding can only fail for want of memory; it then leaves a
 * NULL, which no column takes.
 */

static sqlite3_stmt *use(struct ledger *l, enum statement which, int64_t day)
{
	sqlite3_stmt *s = l->statement[which];

	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);
	if (sqlite3_bind_parameter_count(s) > 0) {
		(void)sqlite3_bind_int64(s, 1, day);
	}
	return s;
}

static void bind_text(sqlite3_stmt *s, int column, struct view v)
{
	assert(v.len <= INT_MAX);
	(void)sqlite3_bind_text(
	    s, column, v.len > 0 ? v.s : "", (int)v.len, SQLITE_TRANSIENT);
}

/* Runs a statement without rows. */
static int run(struct ledger *l, sqlite3_stmt *s)
{
	int rc = sqlite3_step(s) == SQLITE_DONE ? 0 : fail_sqlite(l);

	(void)sqlite3_reset(s);
	return rc;
}

/* Is there a row? */
static int has_row(struct ledger *l, sqlite3_stmt *s, bool *out)
{
	int step = sqlite3_step(s);

	*out = step == SQLITE_ROW;
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : fail_sqlite(l);
}

static int begin(struct ledger *l)
{
	int rc;

	if (l->in_batch) {
		return 0;
	}
	rc = run(l, use(l, STATEMENT_BEGIN, 0));
	l->in_batch = rc == 0;
	return rc;
}

int ledger_commit(struct ledger *l)
{
	int rc;

	if (!l->in_batch) {
		return 0;
	}
	rc = run(l, use(l, STATEMENT_COMMIT, 0));
	if (rc == 0) {
		l->in_batch = false;
	}
	return rc;
}

static void copy_text(sqlite3_stmt *s, int column, char out[LEDGER_TEXT])
{
	const unsigned char *text = sqlite3_column_text(s, column);

	(void)snprintf(
	    out, LEDGER_TEXT, "%s", text != NULL ? (const char *)text : "");
}

int ledger_day(struct ledger *l, int64_t day, struct ledger_day *out)
{
	sqlite3_stmt *s = use(l, STATEMENT_DAY, day);
	bool is_there;
	int rc = has_row(l, s, &is_there);

	memset(out, 0, sizeof(*out));
	if (rc == 0 && is_there) {
		out->is_finished = sqlite3_column_int64(s, 0) != 0;
		out->is_released = sqlite3_column_int64(s, 1) != 0;
		out->unjudged = (uint64_t)sqlite3_column_int64(s, 2);
		out->retries = (uint64_t)sqlite3_column_int64(s, 3);
		out->withheld = (uint64_t)sqlite3_column_int64(s, 4);
	}
	(void)sqlite3_reset(s);
	if (rc == 0 && out->withheld > 0) {
		s = use(l, STATEMENT_WHY, day);
		rc = has_row(l, s, &is_there);
		if (rc == 0 && is_there) {
			copy_text(s, 0, out->why);
		}
		(void)sqlite3_reset(s);
	}
	return rc;
}

int ledger_has_file(
    struct ledger *l, int64_t day, const char *file, bool *has_it)
{
	sqlite3_stmt *s = use(l, STATEMENT_FILE, day);
	int rc;

	bind_text(s, 2, view_of(file));
	rc = has_row(l, s, has_it);
	(void)sqlite3_reset(s);
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

int ledger_find(
    struct ledger *l, int64_t day, struct view domain, struct ledger_entry *out)
{
	sqlite3_stmt *s = use(l, STATEMENT_FIND, day);
	char state[LEDGER_TEXT];
	bool is_there;
	int rc;

	memset(out, 0, sizeof(*out));
	bind_text(s, 2, domain);
	rc = has_row(l, s, &is_there);
	if (rc == 0 && is_there) {
		copy_text(s, 0, state);
		out->state = state_of(state);
		out->tries = (unsigned)sqlite3_column_int(s, 1);
		out->first_try = sqlite3_column_int64(s, 2);
		out->last_try = sqlite3_column_int64(s, 3);
		copy_text(s, 4, out->what);
		copy_text(s, 5, out->file);
	}
	(void)sqlite3_reset(s);
	return rc;
}

int ledger_mark(struct ledger *l, int64_t day, struct view domain,
    const struct ledger_entry *entry)
{
	sqlite3_stmt *s;
	int rc = begin(l);

	assert(entry->state != LEDGER_ABSENT);
	if (rc != 0) {
		return rc;
	}
	s = use(l, STATEMENT_MARK, day);
	bind_text(s, 2, domain);
	bind_text(s, 3, view_of(ledger_state_word(entry->state)));
	(void)sqlite3_bind_int64(s, 4, entry->tries);
	(void)sqlite3_bind_int64(s, 5, entry->first_try);
	(void)sqlite3_bind_int64(s, 6, entry->last_try);
	bind_text(s, 7, view_of(entry->what));
	bind_text(s, 8, view_of(entry->file));
	return run(l, s);
}

/* One statement with a number beside the day. */
static int run_number(
    struct ledger *l, enum statement which, int64_t day, int64_t number)
{
	sqlite3_stmt *s;
	int rc = begin(l);

	if (rc == 0) {
		s = use(l, which, day);
		(void)sqlite3_bind_int64(s, 2, number);
		rc = run(l, s);
	}
	return rc;
}

int ledger_finish_day(struct ledger *l, int64_t day, int64_t now)
{
	int rc = run_number(l, STATEMENT_DAY_FINISH, day, now);

	return rc == 0 ? run(l, use(l, STATEMENT_DROP_NONE, day)) : rc;
}

int ledger_set_unjudged(struct ledger *l, int64_t day, uint64_t sessions)
{
	int64_t number = sessions < INT64_MAX ? (int64_t)sessions : INT64_MAX;

	return run_number(l, STATEMENT_DAY_UNJUDGED, day, number);
}

int ledger_release(struct ledger *l, int64_t day, int64_t now, uint64_t *n)
{
	int rc = run_number(l, STATEMENT_DAY_RELEASE, day, now);

	*n = 0;
	if (rc == 0) {
		rc = run(l, use(l, STATEMENT_RELEASE, day));
	}
	if (rc == 0) {
		*n = (uint64_t)sqlite3_changes(l->db);
	}
	return rc;
}

int ledger_forget(struct ledger *l, int64_t before_day)
{
	int rc = begin(l);

	return rc == 0 ? run(l, use(l, STATEMENT_FORGET, before_day)) : rc;
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
