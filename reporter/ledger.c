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
#include "common/mem.h"
#include "reporter/ledger.h"

enum {
	SCHEMA_VERSION = 1 /* PRAGMA user_version */
};

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE day ("
    " day INTEGER PRIMARY KEY," /* its first second */
    " finished INTEGER NOT NULL"
    ");"
    "CREATE TABLE report ("
    " day INTEGER NOT NULL,"
    " domain TEXT NOT NULL,"
    " state TEXT NOT NULL"
    "  CHECK (state IN ('written', 'none', 'retry', 'given-up')),"
    " tries INTEGER NOT NULL,"
    " first_try INTEGER NOT NULL,"
    " last_try INTEGER NOT NULL,"
    " what TEXT NOT NULL,"
    " file TEXT NOT NULL,"
    " PRIMARY KEY (day, domain)"
    ") WITHOUT ROWID;"
    "CREATE INDEX report_file ON report (day, file) WHERE file != '';"
    "PRAGMA user_version = 1;"
    "COMMIT;";

enum statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_DAY_FIND,
	STATEMENT_DAY_FINISH,
	STATEMENT_FIND,
	STATEMENT_FILE,
	STATEMENT_MARK,
	STATEMENT_DROP_NONE,
	STATEMENT_FORGET,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_DAY_FIND] = "SELECT 1 FROM day WHERE day = ?1",
	[STATEMENT_DAY_FINISH] =
	    "INSERT OR IGNORE INTO day (day, finished) VALUES (?1, ?2)",
	[STATEMENT_FIND] =
	    "SELECT state, tries, first_try, last_try, what, file"
	    " FROM report WHERE day = ?1 AND domain = ?2",
	[STATEMENT_FILE] = "SELECT 1 FROM report"
			   " WHERE day = ?1 AND file = ?2 AND file != ''",
	[STATEMENT_MARK] =
	    "INSERT OR REPLACE INTO report"
	    " (day, domain, state, tries, first_try, last_try, what, file)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[STATEMENT_DROP_NONE] =
	    "DELETE FROM report WHERE day = ?1 AND state = 'none'",
	[STATEMENT_FORGET] = "DELETE FROM report WHERE day < ?1"
			     " AND day IN (SELECT day FROM day WHERE day < ?1)",
};

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

static int check_schema(struct ledger *l)
{
	int version = query_int(l, "PRAGMA user_version");
	int rc;

	if (version < 0) {
		return fail_sqlite(l);
	}
	if (version == 0 &&
	    query_int(l, "SELECT count(*) FROM sqlite_master") == 0) {
		rc = exec(l, schema);
		if (rc != 0) {
			return rc;
		}
	} else if (version != SCHEMA_VERSION) {
		return fail(l, ERR_VERSION,
		    "it was made by another version of telltls");
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

int ledger_open(const char *path, struct ledger **out)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	int rc;

	*out = l;
	rc = make_file(l, path);
	if (rc != 0) {
		return rc;
	}
	if (sqlite3_open_v2(path, &l->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE |
		    SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK) {
		return l->db != NULL ? fail_sqlite(l) :
				       fail(l, -ENOMEM, "out of memory");
	}
	/* a file that somebody damaged must not run code of its own */
	(void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_busy_timeout(l->db, 10000); /* a person with sqlite3(1) */
	rc = exec(l, "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;");
	return rc == 0 ? check_schema(l) : rc;
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

int ledger_day_is_done(struct ledger *l, int64_t day, bool *is_done)
{
	sqlite3_stmt *s = use(l, STATEMENT_DAY_FIND, day);
	int rc = has_row(l, s, is_done);

	(void)sqlite3_reset(s);
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

static void copy_text(sqlite3_stmt *s, int column, char out[LEDGER_TEXT])
{
	const unsigned char *text = sqlite3_column_text(s, column);

	(void)snprintf(
	    out, LEDGER_TEXT, "%s", text != NULL ? (const char *)text : "");
}

static enum ledger_state state_of(const char *word)
{
	for (int i = LEDGER_WRITTEN; i <= LEDGER_GIVEN_UP; i++) {
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

int ledger_finish_day(struct ledger *l, int64_t day, int64_t now)
{
	sqlite3_stmt *s;
	int rc = begin(l);

	if (rc == 0) {
		s = use(l, STATEMENT_DAY_FINISH, day);
		(void)sqlite3_bind_int64(s, 2, now);
		rc = run(l, s);
	}
	return rc == 0 ? run(l, use(l, STATEMENT_DROP_NONE, day)) : rc;
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
	}
	return "unknown";
}
