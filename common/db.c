/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db.c - an SQLite file with a fixed list of statements
 *
 * Write-ahead log and synchronous=NORMAL: a commit does not wait for the disk,
 * so that it can be made in an event loop.
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

#include "common/db.h"
#include "common/err.h"
#include "common/mem.h"

enum {
	ERROR_SIZE = 300,
	BUSY_MS = 2000, /* a person with sqlite3(1) */
	SQL_SIZE = 64
};

struct db {
	sqlite3 *handle;
	sqlite3_stmt *statement[DB_STATEMENTS];
	unsigned n;
	sqlite3_stmt *current; /* the statement in use, or NULL */
	char error[ERROR_SIZE];
};

static int fail(struct db *d, int code, const char *text)
{
	(void)snprintf(d->error, sizeof(d->error), "%s", text);
	return code;
}

/* Our code for what SQLite returned last. */
static int fail_sqlite(struct db *d)
{
	int rc = -EIO;

	switch (sqlite3_errcode(d->handle)) {
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
	case SQLITE_NOMEM:
		rc = -ENOMEM;
		break;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		rc = -EACCES;
		break;
	default:
		break;
	}
	return fail(d, rc, sqlite3_errmsg(d->handle));
}

static int exec(struct db *d, const char *text)
{
	return sqlite3_exec(d->handle, text, NULL, NULL, NULL) == SQLITE_OK ?
	    0 :
	    fail_sqlite(d);
}

static int query_int(struct db *d, const char *text, int *out)
{
	sqlite3_stmt *s = NULL;
	int rc = 0;

	*out = 0;
	if (sqlite3_prepare_v2(d->handle, text, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		*out = sqlite3_column_int(s, 0);
	} else {
		rc = fail_sqlite(d);
	}
	(void)sqlite3_finalize(s);
	return rc;
}

/* A new file gets its tables and its version in one step, or neither. */
static int create(struct db *d, const struct db_schema *schema)
{
	char version[SQL_SIZE];
	int rc = exec(d, "BEGIN IMMEDIATE");

	(void)snprintf(version, sizeof(version),
	    "PRAGMA user_version = %d; COMMIT;", schema->version);
	rc = rc == 0 ? exec(d, schema->create) : rc;
	return rc == 0 ? exec(d, version) : rc;
}

static int check_schema(struct db *d, const struct db_schema *schema)
{
	int version;
	int tables;
	int rc = query_int(d, "PRAGMA user_version", &version);

	if (rc == 0) {
		rc =
		    query_int(d, "SELECT count(*) FROM sqlite_master", &tables);
	}
	if (rc == 0 && version == 0 && tables == 0) {
		rc = create(d, schema);
	} else if (rc == 0 && version != schema->version) {
		rc = fail(d, ERR_VERSION,
		    "it was made by another version of telltls");
	}
	return rc;
}

static int prepare(struct db *d, const struct db_schema *schema)
{
	d->n = schema->n_sql;
	for (unsigned i = 0; i < d->n; i++) {
		if (sqlite3_prepare_v3(d->handle, schema->sql[i], -1,
			SQLITE_PREPARE_PERSISTENT, &d->statement[i],
			NULL) != SQLITE_OK) {
			return fail_sqlite(d);
		}
	}
	return 0;
}

/* SQLite itself would make a file that others may read. */
static int make_file(struct db *d, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd < 0 ? -errno : 0;

	if (fd >= 0) {
		(void)close(fd);
	}
	return rc == 0 ? 0 : fail(d, rc, err_text(rc));
}

int db_open(const char *path, const struct db_schema *schema, struct db **out)
{
	struct db *d = xcalloc(1, sizeof(*d));
	int rc;

	assert(schema->version != 0 && schema->n_sql <= DB_STATEMENTS);
	*out = d;
	rc = make_file(d, path);
	if (rc != 0) {
		return rc;
	}
	if (sqlite3_open_v2(path, &d->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE |
		    SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK) {
		return d->handle != NULL ? fail_sqlite(d) :
					   fail(d, -ENOMEM, "out of memory");
	}
	/* a file that somebody damaged must not run code of its own */
	(void)sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(
	    d->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_busy_timeout(d->handle, BUSY_MS);
	rc = exec(d,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -256;"
	    "PRAGMA journal_size_limit = 4194304;");
	rc = rc == 0 ? check_schema(d, schema) : rc;
	return rc == 0 ? prepare(d, schema) : rc;
}

void db_close(struct db *d)
{
	if (d == NULL) {
		return;
	}
	for (unsigned i = 0; i < d->n; i++) {
		(void)sqlite3_finalize(d->statement[i]);
	}
	(void)sqlite3_close(d->handle); /* rolls back */
	free(d);
}

const char *db_error(const struct db *d)
{
	return d->error;
}

int db_check(struct db *d)
{
	sqlite3_stmt *s = NULL;
	int rc = 0;

	db_done(d);
	if (sqlite3_prepare_v2(d->handle, "PRAGMA quick_check(1)", -1, &s,
		NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW) {
		rc = fail_sqlite(d);
	} else {
		const unsigned char *text = sqlite3_column_text(s, 0);

		if (text == NULL || strcmp((const char *)text, "ok") != 0) {
			rc = fail(d, ERR_DAMAGED,
			    text != NULL ? (const char *)text : "damaged");
		}
	}
	(void)sqlite3_finalize(s);
	return rc;
}

void db_done(struct db *d)
{
	if (d->current != NULL) {
		(void)sqlite3_reset(d->current);
		(void)sqlite3_clear_bindings(d->current);
		d->current = NULL;
	}
}

void db_use(struct db *d, unsigned which)
{
	assert(which < d->n);
	db_done(d);
	d->current = d->statement[which];
}

void db_bind_int(struct db *d, int parameter, int64_t value)
{
	(void)sqlite3_bind_int64(d->current, parameter, value);
}

void db_bind_text(struct db *d, int parameter, struct view value)
{
	assert(value.len <= INT_MAX);
	(void)sqlite3_bind_text(d->current, parameter,
	    value.len > 0 ? value.s : "", (int)value.len, SQLITE_TRANSIENT);
}

void db_bind_blob(struct db *d, int parameter, struct view value)
{
	assert(value.len <= INT_MAX);
	(void)sqlite3_bind_blob(d->current, parameter,
	    value.len > 0 ? value.s : "", (int)value.len, SQLITE_TRANSIENT);
}

int db_run(struct db *d)
{
	int rc = sqlite3_step(d->current) == SQLITE_DONE ? 0 : fail_sqlite(d);

	db_done(d);
	return rc;
}

int db_step(struct db *d, bool *is_row)
{
	int step = sqlite3_step(d->current);
	int rc = 0;

	*is_row = step == SQLITE_ROW;
	if (step != SQLITE_ROW && step != SQLITE_DONE) {
		rc = fail_sqlite(d);
	}
	if (step != SQLITE_ROW) {
		db_done(d);
	}
	return rc;
}

int64_t db_int(struct db *d, int column)
{
	return sqlite3_column_int64(d->current, column);
}

struct view db_text(struct db *d, int column)
{
	const unsigned char *text = sqlite3_column_text(d->current, column);
	int len = sqlite3_column_bytes(d->current, column);

	return text == NULL ? view_of("") :
			      view_make((const char *)text, (size_t)len);
}
