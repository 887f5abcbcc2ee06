/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_cache.c - the rows of MTA-STS on disk
 *
 * It is a cache: whatever happens to the file, the worst is that policies are
 * fetched again. But nothing is thrown away before somebody could look at it.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/db.h"
#include "common/err.h"
#include "common/log.h"
#include "common/state_dir.h"
#include "lookup/policy_cache.h"

enum {
	SCHEMA_VERSION = 1,
	ROWS = 100000,
	PATH_BUF = 4096
};

#define BYTES ((uint64_t)64 << 20)

/* Texts last: what stands behind a long one is slow to reach. */
static const char schema_sql[] =
    "CREATE TABLE policy ("
    " domain TEXT NOT NULL UNIQUE,"
    " id TEXT NOT NULL,"
    " is_none INTEGER NOT NULL,"
    " fetched INTEGER NOT NULL," /* times are Unix seconds */
    " expires INTEGER NOT NULL,"
    " refresh INTEGER NOT NULL,"
    " failed TEXT NOT NULL," /* policy_sts_word() */
    " failed_id TEXT NOT NULL,"
    " token TEXT NOT NULL,"
    " failed_at INTEGER NOT NULL,"
    " retry INTEGER NOT NULL,"
    " failures INTEGER NOT NULL,"
    " keep_until INTEGER NOT NULL,"
    " size INTEGER NOT NULL," /* of the texts */
    " text BLOB NOT NULL,"    /* as received */
    " bad_text BLOB NOT NULL"
    ");"
    "CREATE INDEX policy_keep ON policy (keep_until);";

enum statement {
	STATEMENT_FIND,
	STATEMENT_PUT,
	STATEMENT_SIZE,
	STATEMENT_DROP,
	STATEMENT_OLDEST,
	STATEMENT_DUE,
	STATEMENT_NEWEST,
	STATEMENT_TOTAL,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[STATEMENT_FIND] =
	    "SELECT id, is_none, fetched, expires, refresh, failed, failed_id,"
	    " token, failed_at, retry, failures, text, bad_text"
	    " FROM policy WHERE domain = ?1",
	[STATEMENT_PUT] =
	    "INSERT OR REPLACE INTO policy (domain, id, is_none, fetched,"
	    " expires, refresh, failed, failed_id, token, failed_at, retry,"
	    " failures, keep_until, size, text, bad_text)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
	    " ?13, ?14, ?15, ?16)",
	[STATEMENT_SIZE] = "SELECT size FROM policy WHERE domain = ?1",
	[STATEMENT_DROP] = "DELETE FROM policy WHERE domain = ?1",
	[STATEMENT_OLDEST] = "SELECT domain FROM policy WHERE domain != ?1"
			     " ORDER BY keep_until LIMIT 1",
	[STATEMENT_DUE] =
	    "SELECT domain FROM policy WHERE fetched > 0 AND refresh <= ?1"
	    " AND expires > ?1 AND retry <= ?1 AND domain > ?2"
	    " ORDER BY domain LIMIT 1",
	[STATEMENT_NEWEST] = "SELECT max(fetched) FROM policy",
	[STATEMENT_TOTAL] = "SELECT count(*), sum(size) FROM policy",
};

static const struct db_schema schema = { .version = SCHEMA_VERSION,
	.create = schema_sql,
	.sql = sql,
	.n_sql = STATEMENT_COUNT };

struct policy_cache {
	struct db *db; /* NULL: it could not be opened again */
	char path[PATH_BUF];
	struct policy_cache_limits limits;
	struct policy_cache_counts counts;
	char error[PATH_BUF];
};

static int fail(struct policy_cache *c, int code, const char *text)
{
	(void)snprintf(c->error, sizeof(c->error), "%s", text);
	return code;
}

/*
 * Files.
 */

static int make_dirs(struct policy_cache *c, const char *state)
{
	int len = snprintf(c->path, sizeof(c->path), "%s/policy", state);
	int rc = len < 0 || (size_t)len >= sizeof(c->path) ? -ENAMETOOLONG : 0;

	rc = rc == 0 ? state_dir_make(state) : rc;
	rc = rc == 0 ? state_dir_make(c->path) : rc;
	len = snprintf(
	    c->path, sizeof(c->path), "%s/policy/mta-sts.sqlite", state);
	if (rc == 0 && (len < 0 || (size_t)len >= sizeof(c->path))) {
		rc = -ENAMETOOLONG;
	}
	return rc == 0 ? 0 : fail(c, rc, err_text(rc));
}

static int open_db(struct policy_cache *c)
{
	bool is_row = false;
	int rc = db_open(c->path, &schema, &c->db);

	rc = rc == 0 ? db_check(c->db) : rc;
	if (rc == 0) {
		db_use(c->db, STATEMENT_TOTAL);
		rc = db_step(c->db, &is_row);
	}
	if (rc == 0 && is_row) {
		c->counts.rows = (uint64_t)db_int(c->db, 0);
		c->counts.bytes_b = (uint64_t)db_int(c->db, 1);
		db_done(c->db);
	}
	if (rc != 0) {
		(void)fail(c, rc, db_error(c->db));
		db_close(c->db);
		c->db = NULL;
	}
	return rc;
}

/* The files that SQLite keeps beside it are of no use without it. */
static void remove_beside(const struct policy_cache *c)
{
	static const char *const suffixes[] = { "-wal", "-shm" };
	char path[PATH_BUF + 8];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s%s", c->path, suffixes[i]);
		(void)unlink(path);
	}
}

/* Puts the file aside for what is wrong with it, and begins anew. */
static int begin_anew(struct policy_cache *c, int why)
{
	char aside[PATH_BUF + 16];
	char text[LOG_ESCAPE_BUF];

	(void)snprintf(aside, sizeof(aside), "%s.%s", c->path,
	    why == ERR_VERSION ? "old" : "damaged");
	db_close(c->db);
	c->db = NULL;
	if (rename(c->path, aside) != 0) {
		return fail(c, -errno, err_text(-errno));
	}
	remove_beside(c);
	log_warn("put the policy cache aside and begin anew file=%s "
		 "error=\"%s\"",
	    aside, log_escape(view_of(c->error), text));
	c->counts.damaged++;
	return open_db(c);
}

static bool is_beyond_use(int rc)
{
	return rc == ERR_DAMAGED || rc == ERR_VERSION;
}

/* Is there a file to work with? One that was lost may be had again by now. */
static int need_db(struct policy_cache *c)
{
	int rc = c->db != NULL ? 0 : open_db(c);

	return is_beyond_use(rc) ? begin_anew(c, rc) : rc;
}

int policy_cache_open(const char *state,
    const struct policy_cache_limits *limits, struct policy_cache **out)
{
	struct policy_cache *c = xcalloc(1, sizeof(*c));
	int rc = make_dirs(c, state);

	*out = c;
	c->limits = *limits;
	c->limits.rows = limits->rows != 0 ? limits->rows : ROWS;
	c->limits.bytes_b = limits->bytes_b != 0 ? limits->bytes_b : BYTES;
	return rc == 0 ? need_db(c) : rc;
}

void policy_cache_close(struct policy_cache *c)
{
	if (c != NULL) {
		db_close(c->db);
		free(c);
	}
}

const char *policy_cache_error(const struct policy_cache *c)
{
	return c->error;
}

struct policy_cache_counts policy_cache_counts(const struct policy_cache *c)
{
	return c->counts;
}

/* What a statement ended with, at the end of each function below. */
static int leave(struct policy_cache *c, int rc)
{
	if (c->db == NULL || rc == 0) {
		return rc;
	}
	(void)fail(c, rc, db_error(c->db));
	return is_beyond_use(rc) ? begin_anew(c, rc) : rc;
}

/*
 * Rows.
 */

static struct view keep(struct arena *a, struct view v)
{
	return v.len > 0 ? arena_view(a, v) : view_of("");
}

static enum policy_sts kind_of(struct view word)
{
	for (int i = 0; i < POLICY_STS_COUNT; i++) {
		const char *w = policy_sts_word((enum policy_sts)i);

		if (w != NULL && view_is(word, w)) {
			return (enum policy_sts)i;
		}
	}
	return POLICY_STS_UNKNOWN;
}

static void read_row(struct db *db, struct arena *a, struct sts_row *out)
{
	(void)view_copy(db_text(db, 0), out->id, sizeof(out->id));
	out->is_none = db_int(db, 1) != 0;
	out->fetched = db_int(db, 2);
	out->expires = db_int(db, 3);
	out->refresh = db_int(db, 4);
	out->failed = kind_of(db_text(db, 5));
	(void)view_copy(db_text(db, 6), out->failed_id, sizeof(out->failed_id));
	(void)view_copy(db_text(db, 7), out->token, sizeof(out->token));
	out->failed_at = db_int(db, 8);
	out->retry = db_int(db, 9);
	out->failures = (unsigned)db_int(db, 10);
	out->text = keep(a, db_text(db, 11));
	out->bad_text = keep(a, db_text(db, 12));
}

int policy_cache_find(struct policy_cache *c, const char *domain,
    struct arena *a, struct sts_row *out)
{
	bool is_row = false;
	int rc = need_db(c);

	memset(out, 0, sizeof(*out));
	(void)view_copy(view_of(domain), out->domain, sizeof(out->domain));
	if (rc != 0) {
		return rc;
	}
	db_use(c->db, STATEMENT_FIND);
	db_bind_text(c->db, 1, view_of(domain));
	rc = db_step(c->db, &is_row);
	if (is_row) {
		read_row(c->db, a, out);
		db_done(c->db);
	}
	return leave(c, rc);
}

static uint64_t size_of(const struct sts_row *row)
{
	return row->text.len + row->bad_text.len;
}

/* Takes a row out, if it is there, and out of the counts. */
static int drop(struct policy_cache *c, const char *domain, bool *was_there)
{
	uint64_t size = 0;
	int rc;

	db_use(c->db, STATEMENT_SIZE);
	db_bind_text(c->db, 1, view_of(domain));
	rc = db_step(c->db, was_there);
	if (rc != 0 || !*was_there) {
		return rc;
	}
	size = (uint64_t)db_int(c->db, 0);
	db_use(c->db, STATEMENT_DROP);
	db_bind_text(c->db, 1, view_of(domain));
	rc = db_run(c->db);
	if (rc == 0) {
		c->counts.rows--;
		c->counts.bytes_b -=
		    size < c->counts.bytes_b ? size : c->counts.bytes_b;
	}
	return rc;
}

/* Makes room, but not of the row that it is made for. */
static int evict(struct policy_cache *c, const char *spare)
{
	int rc = 0;

	while (rc == 0 &&
	    (c->counts.rows > c->limits.rows ||
		c->counts.bytes_b > c->limits.bytes_b)) {
		char domain[DOMAIN_BUF];
		bool is_row = false;

		db_use(c->db, STATEMENT_OLDEST);
		db_bind_text(c->db, 1, view_of(spare));
		rc = db_step(c->db, &is_row);
		if (!is_row) {
			break;
		}
		(void)view_copy(db_text(c->db, 0), domain, sizeof(domain));
		rc = drop(c, domain, &is_row);
		if (!is_row) {
			break; /* no name of ours: not worth a loop */
		}
		c->counts.evicted++;
	}
	return rc;
}

static int insert(struct policy_cache *c, const struct sts_row *row)
{
	struct db *db = c->db;

	db_use(db, STATEMENT_PUT);
	db_bind_text(db, 1, view_of(row->domain));
	db_bind_text(db, 2, view_of(row->id));
	db_bind_int(db, 3, row->is_none);
	db_bind_int(db, 4, row->fetched);
	db_bind_int(db, 5, row->expires);
	db_bind_int(db, 6, row->refresh);
	db_bind_text(db, 7, view_of(policy_sts_word(row->failed)));
	db_bind_text(db, 8, view_of(row->failed_id));
	db_bind_text(db, 9, view_of(row->token));
	db_bind_int(db, 10, row->failed_at);
	db_bind_int(db, 11, row->retry);
	db_bind_int(db, 12, row->failures);
	db_bind_int(db, 13, sts_state_keep_until(row));
	db_bind_int(db, 14, (int64_t)size_of(row));
	db_bind_blob(db, 15, row->text);
	db_bind_blob(db, 16, row->bad_text);
	return db_run(db);
}

int policy_cache_put(struct policy_cache *c, const struct sts_row *row)
{
	bool was_there = false;
	uint64_t old = 0;
	int rc = need_db(c);

	if (rc != 0) {
		return rc;
	}
	if (sts_state_is_empty(row)) {
		return leave(c, drop(c, row->domain, &was_there));
	}
	db_use(c->db, STATEMENT_SIZE);
	db_bind_text(c->db, 1, view_of(row->domain));
	rc = db_step(c->db, &was_there);
	if (was_there) {
		old = (uint64_t)db_int(c->db, 0);
	}
	rc = rc == 0 ? insert(c, row) : rc;
	if (rc == 0) {
		c->counts.rows += !was_there;
		c->counts.bytes_b += size_of(row);
		c->counts.bytes_b -= old;
		rc = evict(c, row->domain);
	}
	rc = leave(c, rc);
	return rc;
}

int policy_cache_due(struct policy_cache *c, int64_t now, const char *after,
    char domain[DOMAIN_BUF])
{
	bool is_row = false;
	int rc = need_db(c);

	if (rc != 0) {
		domain[0] = '\0';
		return rc;
	}
	db_use(c->db, STATEMENT_DUE);
	db_bind_int(c->db, 1, now);
	db_bind_text(c->db, 2, view_of(after));
	rc = db_step(c->db, &is_row);
	/* domain may be the same as after, which was borrowed until now */
	(void)view_copy(
	    is_row ? db_text(c->db, 0) : view_of(""), domain, DOMAIN_BUF);
	db_done(c->db);
	return leave(c, rc);
}

int64_t policy_cache_newest(struct policy_cache *c)
{
	bool is_row = false;
	int64_t newest = 0;

	if (need_db(c) != 0) {
		return 0;
	}
	db_use(c->db, STATEMENT_NEWEST);
	if (leave(c, db_step(c->db, &is_row)) == 0 && is_row) {
		newest = db_int(c->db, 0);
		db_done(c->db);
	}
	return newest;
}
