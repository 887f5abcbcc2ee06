/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DB_H
#define COMMON_DB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/view.h"

/*
 * One SQLite file with a fixed list of statements, of which one is in use at
 * a time. kill -9 is never felt. Any number of processes may have it open.
 *
 * Functions that return an int return 0, or ERR_DAMAGED, ERR_VERSION,
 * ERR_BUSY (another process writes, and did not end within busy_ms), -ENOSPC,
 * -EACCES, -ENOMEM, -EIO; db_error() then says more.
 */
struct db;

enum {
	DB_STATEMENTS = 48
};

struct db_schema {
	int version;        /* PRAGMA user_version; not 0 */
	const char *create; /* makes a new file's tables */
	/* version - 1 texts, the first makes the tables of version 2 out of
	   those of 1; NULL: older files are ERR_VERSION */
	const char *const *upgrade;
	const char *const *sql; /* the statements; borrowed, like all of this */
	unsigned n_sql;         /* DB_STATEMENTS at most */
	mode_t mode;            /* of a new file; 0: 0600 */
	/*
	 * A commit waits for the disk. If not, a power cut may take what was
	 * written last, and leaves the file whole.
	 */
	bool is_durable;
	unsigned busy_ms;   /* how long to wait for others; 0: 2000 */
	unsigned cache_kib; /* memory for pages; 0: 256 */
};

/*
 * Opens the file, or makes it; root gives it to the owner of its directory. A
 * file of an older version becomes one of the schema's, if the schema has
 * upgrades; of any other version it is ERR_VERSION. A file that is damaged may
 * be found out only later. On error *out is still something to ask db_error()
 * of and to close.
 */
int db_open(const char *path, const struct db_schema *schema, struct db **out);

/*
 * The same to read only: -ENOENT if it is not there, and ERR_VERSION if it is
 * not of the schema's version.
 */
int db_open_read(
    const char *path, const struct db_schema *schema, struct db **out);
void db_close(struct db *d); /* drops an open batch; NULL is allowed */

/* What went wrong last; borrowed, until the next call. */
const char *db_error(const struct db *d);

/*
 * A batch becomes permanent as a whole, with db_commit(), or not at all. It
 * locks out other writers. Within a batch db_begin() does nothing; without
 * one, each statement is its own. A commit of nothing costs nothing; one that
 * is ERR_BUSY may be tried again. An error that ends the batch (no space, a
 * broken disk) is met again by all that follows, up to db_close().
 */
int db_begin(struct db *d);
int db_commit(struct db *d);

/* Reads all of the file: ERR_DAMAGED if it is not in order. */
int db_check(struct db *d);

/*
 * Begins with a statement, and ends the one before; its parameters are NULL.
 * What is bound is borrowed until the last db_run() or db_step().
 * A binding can fail only for want of memory and leaves a NULL: declare the
 * columns NOT NULL. Parameters and columns are numbered as SQLite does, from
 * 1 and from 0.
 */
void db_use(struct db *d, unsigned which);
void db_bind_int(struct db *d, int parameter, int64_t value);
void db_bind_text(struct db *d, int parameter, struct view value);

/* Binds bytes of any kind; a column of these needs no encoding. */
void db_bind_blob(struct db *d, int parameter, struct view value);

/* Runs a statement that has no rows. */
int db_run(struct db *d);

/* Of the last statement that wrote: how many rows, and the id of a new one. */
uint64_t db_changes(const struct db *d);
int64_t db_last_id(const struct db *d);

/* Goes to the first, or next, row; false in *is_row: there is none left. */
int db_step(struct db *d, bool *is_row);

/*
 * Columns of the row; borrowed until the next db_step() or db_use(). Text is
 * followed by a NUL. NULL gives 0 and "".
 */
int64_t db_int(struct db *d, int column);
struct view db_text(struct db *d, int column);

/* The text, cut to fit into size bytes with its NUL. */
void db_copy(struct db *d, int column, char *out, size_t size);

/* Ends the statement in use: its rows may not be looked at any more. */
void db_done(struct db *d);

#endif
