/* SPDX-License-Identifier: BSD-2-Clause */
/* test_db.c - tests common/db.c */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/db.h"
#include "common/err.h"
#include "tests/unit/unit.h"

enum {
	PUT,
	FIND,
	ALL,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[PUT] = "INSERT OR REPLACE INTO t (name, n, data) VALUES (?1, ?2, ?3)",
	[FIND] = "SELECT n, data FROM t WHERE name = ?1",
	[ALL] = "SELECT name FROM t ORDER BY name",
};

static const struct db_schema schema = { .version = 3,
	.create = "CREATE TABLE t (name TEXT PRIMARY KEY NOT NULL, n INTEGER"
		  " NOT NULL, data BLOB NOT NULL);",
	.sql = sql,
	.n_sql = STATEMENTS };

static char dir[64];
static char path[100];

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/t.sqlite", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

static struct db *open_db(void)
{
	struct db *d = NULL;

	UNIT_INT("open", db_open(path, &schema, &d), 0);
	return d;
}

static int put(struct db *d, const char *name, int64_t n, struct view data)
{
	db_use(d, PUT);
	db_bind_text(d, 1, view_of(name));
	db_bind_int(d, 2, n);
	db_bind_blob(d, 3, data);
	return db_run(d);
}

static void test_values(void **state)
{
	static const struct {
		const char *name;
		int64_t n;
		struct view data;
	} table[] = {
		{ "", 0, { "", 0 } },
		{ "a", INT64_MAX, { "\0\1\2\xff", 4 } },
		{ "b'; DROP TABLE t; --", INT64_MIN, { "text", 4 } },
	};

	struct db *d = open_db();
	bool is_row;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(
		    "put", put(d, table[i].name, table[i].n, table[i].data), 0);
	}
	db_close(d);
	d = open_db();
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view data;

		db_use(d, FIND);
		db_bind_text(d, 1, view_of(table[i].name));
		UNIT_INT("find", db_step(d, &is_row), 0);
		UNIT_BOOL("find", is_row, true);
		UNIT_INT("n", db_int(d, 0), table[i].n);
		data = db_text(d, 1);
		UNIT_MEM("data", data.s, data.len, table[i].data.s,
		    table[i].data.len);
	}
	db_use(d, ALL);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view name;

		UNIT_INT("all", db_step(d, &is_row), 0);
		UNIT_BOOL("all", is_row, true);
		name = db_text(d, 0);
		UNIT_MEM("all", name.s, name.len, table[i].name,
		    strlen(table[i].name));
	}
	UNIT_INT("end", db_step(d, &is_row), 0);
	UNIT_BOOL("end", is_row, false);
	UNIT_INT("check", db_check(d), 0);
	db_close(d);
	db_close(NULL);
}

/* A parameter that was left out is NULL, which no column takes. */
static void test_null(void **state)
{
	struct db *d = open_db();

	(void)state;
	db_use(d, PUT);
	db_bind_text(d, 1, view_of("a"));
	UNIT_TRUE("put", db_run(d) < 0);
	UNIT_TRUE("error", db_error(d)[0] != '\0');
	UNIT_INT("put", put(d, "a", 1, view_of("x")), 0);
	db_close(d);
}

static void test_version(void **state)
{
	struct db_schema other = schema;
	struct db *d = open_db();

	(void)state;
	db_close(d);
	other.version = 4;
	UNIT_INT("version", db_open(path, &other, &d), ERR_VERSION);
	UNIT_TRUE("version", db_error(d)[0] != '\0');
	db_close(d);
	db_close(open_db());
}

static void test_files(void **state)
{
	struct stat st;
	struct db *d = open_db();
	FILE *f;

	(void)state;
	db_close(d);
	UNIT_INT("mode", stat(path, &st), 0);
	UNIT_INT("mode", st.st_mode & 0777, 0600);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("this is no database, whatever it is", f) >= 0);
	assert_int_equal(fclose(f), 0);
	UNIT_INT("junk", db_open(path, &schema, &d), ERR_DAMAGED);
	db_close(d);
	UNIT_INT("link", unlink(path), 0);
	UNIT_INT("link", symlink("other", path), 0);
	UNIT_INT("link", db_open(path, &schema, &d), -ELOOP);
	db_close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_null, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_version, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
	};

	return UNIT_RUN(tests);
}
