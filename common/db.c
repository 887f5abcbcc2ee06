/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * db.c - an SQLite file with a fixed list of statements
 *
 * All have a write-ahead log. A commit of a file that need not be durable does
 * not wait for the disk, so that it can be made in an event loop; one of a
 * durable file waits once, where a rollback journal waits five times. The log
 * of a durable file stays beside it when it is closed: those who may only read
 * can open one, but not make one.
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
#include "common/state_dir.h"

enum {
	ERROR_SIZE = 300,
	BUSY_MS = 2000, /* a person with sqlite3(1) */
	CACHE_KIB = 256,
	MODE = 0600,
	SQL_SIZE = 128
};

struct db {
	sqlite3 *handle;
	sqlite3_stmt *statement[DB_STATEMENTS];
	unsigned n;
	sqlite3_stmt *current; /* the statement in use, or NULL */
	bool in_batch;
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

/* The tables of the schema, out of none or of those of an older version. */
static int make_tables(
    struct db *d, const struct db_schema *schema, int version, int tables)
{
	int rc = 0;

	if (version == 0 && tables == 0) {
		return exec(d, schema->create);
	}
	if (schema->upgrade == NULL || version < 1 ||
	    version > schema->version) {
		return fail(d, ERR_VERSION,
		    "it was made by another version of telltls");
	}
	for (int v = version; rc == 0 && v < schema->version; v++) {
		rc = exec(d, schema->upgrade[v - 1]);
	}
	return rc;
}

static int find_version(struct db *d, int *version, int *tables)
{
	int rc = query_int(d, "PRAGMA user_version", version);

	return rc == 0 ?
	    query_int(d, "SELECT count(*) FROM sqlite_master", tables) :
	    rc;
}

/*
 * Tables and version are there in one step, or neither. Another process may
 * be about the same: what was seen before it ended is looked at again.
 */
static int make_schema(struct db *d, const struct db_schema *schema)
{
	char text[SQL_SIZE];
	int version;
	int tables;
	int rc = exec(d, "BEGIN IMMEDIATE");

	if (rc != 0) {
		return rc;
	}
	rc = find_version(d, &version, &tables);
	if (rc == 0 && version != schema->version) {
		rc = make_tables(d, schema, version, tables);
	}
	if (rc == 0) {
		(void)snprintf(text, sizeof(text),
		    "PRAGMA user_version = %d; COMMIT", schema->version);
		rc = exec(d, text);
	}
	if (rc != 0) {
		(void)sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
	}
	return rc;
}

static int check_schema(
    struct db *d, const struct db_schema *schema, bool may_write)
{
	int version;
	int rc = query_int(d, "PRAGMA user_version", &version);

	if (rc != 0 || version == schema->version) {
		return rc;
	}
	return may_write ?
	    make_schema(d, schema) :
	    fail(d, ERR_VERSION,
		version < schema->version ?
		    "telltls-report has not made its tables yet" :
		    "it was made by another version of telltls");
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
static int make_file(struct db *d, const char *path, mode_t mode)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags | O_CREAT | O_EXCL, mode != 0 ? mode : MODE);
	int rc = 0;

	if (fd >= 0) {
		/* SQLite does the same with what it puts beside it */
		rc = state_dir_give(path, fd);
	} else if (errno == EEXIST) {
		fd = open(path, flags);
	}
	if (fd < 0) {
		rc = -errno;
	} else {
		(void)close(fd);
	}
	return rc == 0 ? 0 : fail(d, rc, err_text(rc));
}

static int set_up(struct db *d, const struct db_schema *schema)
{
	int keep = schema->is_durable ? 1 : 0;
	char text[SQL_SIZE];
	int rc;

	/* a file that somebody damaged must not run code of its own */
	(void)sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(
	    d->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_busy_timeout(
	    d->handle, schema->busy_ms != 0 ? (int)schema->busy_ms : BUSY_MS);
	(void)snprintf(text, sizeof(text),
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%u;",
	    schema->cache_kib != 0 ? schema->cache_kib : (unsigned)CACHE_KIB);
	rc = exec(d, text);
	if (rc != 0) {
		return rc;
	}
	(void)sqlite3_file_control(
	    d->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	/* EXTRA: where there is a journal still, for its folder as well, or a
	   power cut may bring it back, and with it what was before */
	return exec(d,
	    schema->is_durable ? "PRAGMA synchronous = EXTRA;" :
				 "PRAGMA synchronous = NORMAL;");
}

/*
 * A file of an older version had another journal; while somebody reads it, it
 * keeps that, which is as good but slow.
 */
static int set_log(struct db *d, const struct db_schema *schema)
{
	int rc = exec(d, "PRAGMA journal_size_limit = 4194304;");

	if (rc == 0) {
		rc = exec(d, "PRAGMA journal_mode = WAL;");
	}
	return rc == ERR_BUSY && schema->is_durable ? 0 : rc;
}

static int open_file(struct db *d, const char *path,
    const struct db_schema *schema, bool may_write)
{
	int rc;

	assert(schema->version != 0 && schema->n_sql <= DB_STATEMENTS);
	/* what a killed writer left is mended by any that may write */
	if (sqlite3_open_v2(path, &d->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE |
		    SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK) {
		return d->handle != NULL ? fail_sqlite(d) :
					   fail(d, -ENOMEM, "out of memory");
	}
	rc = set_up(d, schema);
	if (rc == 0) {
		rc = may_write ? set_log(d, schema) :
				 exec(d, "PRAGMA query_only = ON");
	}
	rc = rc == 0 ? check_schema(d, schema, may_write) : rc;
	return rc == 0 ? prepare(d, schema) : rc;
}

int db_open(const char *path, const struct db_schema *schema, struct db **out)
{
	struct db *d = xcalloc(1, sizeof(*d));
	int rc;

	*out = d;
	rc = make_file(d, path, schema->mode);
	return rc == 0 ? open_file(d, path, schema, true) : rc;
}

int db_open_read(
    const char *path, const struct db_schema *schema, struct db **out)
{
	struct db *d = xcalloc(1, sizeof(*d));

	*out = d;
	if (access(path, F_OK) != 0) {
		return fail(d, -errno, err_text(-errno));
	}
	return open_file(d, path, schema, false);
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

/* SQLite drops a batch by itself when it cannot keep it. */
static int check_batch(struct db *d)
{
	return d->in_batch && sqlite3_get_autocommit(d->handle) != 0 ?
	    fail(d, -EIO, "an error ended the batch") :
	    0;
}

int db_begin(struct db *d)
{
	int rc = check_batch(d);

	if (rc == 0 && !d->in_batch) {
		db_done(d);
		rc = exec(d, "BEGIN IMMEDIATE");
		d->in_batch = rc == 0;
	}
	return rc;
}

int db_commit(struct db *d)
{
	int rc = check_batch(d);

	if (rc == 0 && d->in_batch) {
		db_done(d);
		rc = exec(d, "COMMIT");
		d->in_batch = rc != 0;
	}
	return rc;
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
	    value.len > 0 ? value.s : "", (int)value.len, SQLITE_STATIC);
}

void db_bind_blob(struct db *d, int parameter, struct view value)
{
	assert(value.len <= INT_MAX);
	(void)sqlite3_bind_blob(d->current, parameter,
	    value.len > 0 ? value.s : "", (int)value.len, SQLITE_STATIC);
}

int db_run(struct db *d)
{
	int rc = check_batch(d);

	if (rc == 0 && sqlite3_step(d->current) != SQLITE_DONE) {
		rc = fail_sqlite(d);
	}
	db_done(d);
	return rc;
}

uint64_t db_changes(const struct db *d)
{
	return (uint64_t)sqlite3_changes(d->handle);
}

int64_t db_last_id(const struct db *d)
{
	return sqlite3_last_insert_rowid(d->handle);
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

void db_copy(struct db *d, int column, char *out, size_t size)
{
	struct view text = db_text(d, column);

	(void)snprintf(out, size, "%.*s",
	    text.len < size ? (int)text.len : (int)size - 1, text.s);
}
