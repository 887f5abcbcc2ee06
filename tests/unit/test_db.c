/* SPDX-License-Identifier: BSD-2-Clause */
/* test_db.c - tests common/db.c */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/db.h"
#include "common/err.h"
#include "tests/unit/unit.h"

enum {
	PUT,
	FIND,
	ALL,
	DELETE,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[PUT] = "INSERT OR REPLACE INTO t (name, n, data) VALUES (?1, ?2, ?3)",
	[FIND] = "SELECT n, data FROM t WHERE name = ?1",
	[ALL] = "SELECT name FROM t ORDER BY name",
	[DELETE] = "DELETE FROM t WHERE n > ?1",
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

static int64_t count(struct db *d)
{
	int64_t n = 0;
	bool is_row = true;

	db_use(d, ALL);
	while (is_row) {
		UNIT_INT("all", db_step(d, &is_row), 0);
		n += is_row;
	}
	return n;
}

/* A batch is there as a whole or not at all; others write after it. */
static void test_batch(void **state)
{
	struct db_schema hasty = schema;
	struct db *d = open_db();
	struct db *other = NULL;

	(void)state;
	hasty.busy_ms = 1;
	UNIT_INT("other", db_open(path, &hasty, &other), 0);
	UNIT_INT("nothing", db_commit(d), 0);
	UNIT_INT("begin", db_begin(d), 0);
	UNIT_INT("begin again", db_begin(d), 0);
	UNIT_INT("put", put(d, "a", 1, view_of("")), 0);
	UNIT_INT("put", put(d, "b", 2, view_of("")), 0);
	UNIT_INT("last id", db_last_id(d), 2);
	UNIT_INT("seen by us", count(d), 2);
	UNIT_INT("seen by others", count(other), 0);
	UNIT_INT("others must wait", put(other, "c", 3, view_of("")), ERR_BUSY);
	UNIT_INT("others must wait", db_begin(other), ERR_BUSY);
	UNIT_INT("commit", db_commit(d), 0);
	UNIT_INT("others see it", count(other), 2);
	UNIT_INT("others write", db_begin(other), 0);
	UNIT_INT("others write", put(other, "c", 3, view_of("")), 0);
	db_close(other);
	UNIT_INT("dropped", count(d), 2);
	db_use(d, DELETE);
	db_bind_int(d, 1, 0);
	UNIT_INT("delete", db_run(d), 0);
	UNIT_UINT("changes", db_changes(d), 2);
	db_close(d);
}

/* What an error has ended is no batch any more, and never looks like one. */
static void test_lost_batch(void **state)
{
	struct db_schema dear = schema;
	struct db *d = NULL;

	(void)state;
	dear.create = "CREATE TABLE t (name TEXT PRIMARY KEY ON CONFLICT"
		      " ROLLBACK NOT NULL, n INTEGER NOT NULL"
		      " CHECK (n < 10), data BLOB NOT NULL);"
		      "CREATE TRIGGER no BEFORE INSERT ON t WHEN NEW.n = 9"
		      " BEGIN SELECT RAISE(ROLLBACK, 'lost'); END;";
	UNIT_INT("open", db_open(path, &dear, &d), 0);
	UNIT_INT("begin", db_begin(d), 0);
	UNIT_INT("put", put(d, "a", 1, view_of("")), 0);
	UNIT_TRUE("lost", put(d, "b", 9, view_of("")) < 0);
	UNIT_TRUE("put", put(d, "c", 1, view_of("")) < 0);
	UNIT_TRUE("begin", db_begin(d) < 0);
	UNIT_TRUE("commit", db_commit(d) < 0);
	UNIT_TRUE("error", db_error(d)[0] != '\0');
	db_close(d);
	UNIT_INT("open", db_open(path, &dear, &d), 0);
	UNIT_INT("nothing", count(d), 0);
	db_close(d);
}

/* From each older version; by two at once as well. */
static void test_upgrade(void **state)
{
	static const char *const upgrade[] = {
		"ALTER TABLE t ADD COLUMN two INTEGER NOT NULL DEFAULT 2",
		"ALTER TABLE t ADD COLUMN three INTEGER NOT NULL DEFAULT 3;",
		("ALTER TABLE t ADD COLUMN four INTEGER NOT NULL DEFAULT 4;"
		 "ALTER TABLE t ADD COLUMN five INTEGER NOT NULL DEFAULT 5;"),
	};
	static const char *const sum[] = {
		"SELECT two + three + four + five FROM t"
	};

	(void)state;
	for (int version = 1; version <= 3; version++) {
		struct db_schema old = schema;
		struct db_schema new = { .version = 4,
			.create = "CREATE TABLE t (wrong)",
			.upgrade = upgrade,
			.sql = sum,
			.n_sql = 1,
			.is_durable = true };
		struct db *d = NULL;
		bool is_row;
		char create[200];

		(void)snprintf(create, sizeof(create), "%s%s%s", schema.create,
		    version > 1 ? upgrade[0] : "",
		    version > 2 ? ";ALTER TABLE t ADD COLUMN three DEFAULT 3" :
				  "");
		old.version = version;
		old.create = create;
		UNIT_INT("old", db_open(path, &old, &d), 0);
		UNIT_INT("old", put(d, "a", 1, view_of("x")), 0);
		db_close(d);
		UNIT_INT("read", db_open_read(path, &new, &d), ERR_VERSION);
		db_close(d);
		UNIT_INT("new", db_open(path, &new, &d), 0);
		db_use(d, 0);
		UNIT_INT("row", db_step(d, &is_row), 0);
		UNIT_BOOL("row", is_row, true);
		UNIT_INT("sum", db_int(d, 0), 14);
		db_close(d);
		UNIT_INT("read", db_open_read(path, &new, &d), 0);
		db_close(d);
		UNIT_INT("back", db_open(path, &old, &d), ERR_VERSION);
		db_close(d);
		UNIT_INT("remove", remove(path), 0);
	}
}

/* One process of several that begin at once. Returns its exit status. */
static int open_and_put(const struct db_schema *durable, int go, int64_t n)
{
	struct db *d = NULL;
	char name[16];
	char c;
	int rc;

	(void)snprintf(name, sizeof(name), "%d", (int)n);
	(void)!read(go, &c, 1); /* ends for all at the same time */
	rc = db_open(path, durable, &d);
	rc = rc == 0 ? db_begin(d) : rc;
	rc = rc == 0 ? put(d, name, n, view_of("x")) : rc;
	rc = rc == 0 ? db_commit(d) : rc;
	db_close(d);
	return rc == 0 ? 0 : 1;
}

/* A file that several make at the same time. */
static void test_several(void **state)
{
	enum {
		CHILDREN = 6
	};

	struct db_schema durable = schema;
	struct db *d = NULL;
	pid_t child[CHILDREN];
	int go[2];
	int status = 0;

	(void)state;
	durable.is_durable = true;
	durable.busy_ms = 60000;
	UNIT_INT("pipe", pipe(go), 0);
	for (int i = 0; i < CHILDREN; i++) {
		child[i] = fork();
		UNIT_TRUE("fork", child[i] >= 0);
		if (child[i] == 0) {
			(void)close(go[1]);
			_exit(open_and_put(&durable, go[0], i));
		}
	}
	UNIT_INT("go", close(go[1]), 0);
	for (int i = 0; i < CHILDREN; i++) {
		UNIT_TRUE("wait", waitpid(child[i], &status, 0) == child[i]);
		UNIT_INT("status", status, 0);
	}
	UNIT_INT("close", close(go[0]), 0);
	UNIT_INT("open", db_open(path, &durable, &d), 0);
	UNIT_INT("rows", count(d), CHILDREN);
	db_close(d);
}

/* An upgrade that fails leaves the file as it was. */
static void test_failed_upgrade(void **state)
{
	static const char *const upgrade[] = { "", "",
		"CREATE TABLE u (n); CREATE TABLE t (n)" };

	struct db_schema new = schema;
	struct db *d = open_db();

	(void)state;
	db_close(d);
	new.version = 4;
	new.upgrade = upgrade;
	UNIT_TRUE("new", db_open(path, &new, &d) < 0);
	UNIT_TRUE("new", strstr(db_error(d), "t already exists") != NULL);
	db_close(d);
	d = open_db();
	UNIT_INT("put", put(d, "a", 1, view_of("x")), 0);
	db_close(d);
}

static void test_read(void **state)
{
	struct db_schema durable = schema;
	struct db *d = NULL;
	char cut[4];

	(void)state;
	durable.is_durable = true;
	UNIT_INT("none", db_open_read(path, &durable, &d), -ENOENT);
	db_close(d);
	UNIT_INT("not made", access(path, F_OK), -1);
	UNIT_INT("open", db_open(path, &durable, &d), 0);
	UNIT_INT("put", put(d, "abcdef", 1, view_of("x")), 0);
	db_close(d);
	UNIT_INT("open", db_open_read(path, &durable, &d), 0);
	UNIT_INT("count", count(d), 1);
	UNIT_INT("put", put(d, "b", 1, view_of("x")), -EACCES);
	UNIT_INT("begin", db_begin(d), -EACCES);
	db_use(d, ALL);
	UNIT_INT("all", db_step(d, &(bool){ false }), 0);
	db_copy(d, 0, cut, sizeof(cut));
	UNIT_STR("cut", cut, "abc");
	db_close(d);
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
		cmocka_unit_test_setup_teardown(test_batch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_lost_batch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_upgrade, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_failed_upgrade, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_several, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
	};

	return UNIT_RUN(tests);
}
