/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DB_H
#define COMMON_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"

/*
 * One SQLite file with a fixed list of statements, of which one is in use at
 * a time. kill -9 is never felt; a power cut may take what was written last,
 * and leaves the file whole.
 *
 * Functions that return an int return 0, or ERR_DAMAGED, ERR_VERSION,
 * ERR_BUSY, -ENOSPC, -EACCES, -ENOMEM, -EIO; db_error() then says more.
 */
struct db;

enum {
	DB_STATEMENTS = 32
};

struct db_schema {
	int version;            /* PRAGMA user_version; not 0 */
	const char *create;     /* makes a new file's tables */
	const char *const *sql; /* the statements; borrowed, like all of this */
	unsigned n_sql;         /* DB_STATEMENTS at most */
};

/*
 * Opens the file, or makes it (0600). A file of another version than the
 * schema's is ERR_VERSION; a file that is damaged may be found out only later.
 * On error *out is still something to ask db_error() of and to close.
 */
int db_open(const char *path, const struct db_schema *schema, struct db **out);
void db_close(struct db *d); /* NULL is allowed */

/* What went wrong last; borrowed, until the next call. */
const char *db_error(const struct db *d);

/* Reads all of the file: ERR_DAMAGED if it is not in order. */
int db_check(struct db *d);

/*
 * Begins with a statement, and ends the one before; its parameters are NULL.
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

/* Goes to the first, or next, row; false in *is_row: there is none left. */
int db_step(struct db *d, bool *is_row);

/*
 * Columns of the row; borrowed until the next db_step() or db_use(). Text is
 * followed by a NUL. NULL gives 0 and "".
 */
int64_t db_int(struct db *d, int column);
struct view db_text(struct db *d, int column);

/* Ends the statement in use: its rows may not be looked at any more. */
void db_done(struct db *d);

#endif
