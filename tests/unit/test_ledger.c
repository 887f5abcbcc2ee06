/* SPDX-License-Identifier: BSD-2-Clause */
/* test_ledger.c - tests common/ledger.c */
#include "config.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/ledger.h"
#include "common/outbox.h"
#include "common/when.h"
#include "tests/unit/unit.h"

enum {
	DAY1 = WHEN_DAY_S,
	DAY2 = 2 * WHEN_DAY_S,
	DAY3 = 3 * WHEN_DAY_S
};

static char dir[64];
static char path[100];

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger.sqlite", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

static struct ledger *open_ledger(void)
{
	struct ledger *l = NULL;

	UNIT_INT("open", ledger_open(path, &l), 0);
	return l;
}

static struct ledger_entry entry_of(enum ledger_state state, const char *file)
{
	struct ledger_entry e = { .state = state,
		.tries = 3,
		.first_try = 1000000000000,
		.last_try = 1000000000900,
		.what = "servfail" };

	(void)snprintf(e.file, sizeof(e.file), "%s", file);
	return e;
}

static void check_state(
    struct ledger *l, int64_t day, const char *domain, const char *want)
{
	struct ledger_entry e;

	UNIT_INT(domain, ledger_find(l, day, view_of(domain), &e), 0);
	UNIT_STR(domain, ledger_state_word(e.state), want);
}

/* Each state comes back as it was written, also in the next run. */
static void test_marks(void **state)
{
	static const struct {
		const char *name;
		int64_t day;
		enum ledger_state state;
		const char *file;
	} table[] = {
		{ "a.example", DAY1, LEDGER_WRITTEN, "s!a.example!1!2!x" },
		{ "b.example", DAY1, LEDGER_NONE, "" },
		{ "c.example", DAY1, LEDGER_RETRY, "" },
		{ "d.example", DAY1, LEDGER_GIVEN_UP, "" },
		{ "e.example", DAY1, LEDGER_WITHHELD, "" },
		{ "a.example", DAY2, LEDGER_RETRY, "" },
	};

	struct ledger *l = open_ledger();
	struct ledger_entry e;

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		e = entry_of(table[i].state, table[i].file);
		UNIT_INT(table[i].name,
		    ledger_mark(l, table[i].day, view_of(table[i].name), &e),
		    0);
	}
	UNIT_INT("commit", ledger_commit(l), 0);
	UNIT_INT("commit of nothing", ledger_commit(l), 0);
	ledger_close(l);
	l = open_ledger();
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name,
		    ledger_find(l, table[i].day, view_of(table[i].name), &e),
		    0);
		UNIT_STR(table[i].name, ledger_state_word(e.state),
		    ledger_state_word(table[i].state));
		UNIT_UINT(table[i].name, e.tries, 3);
		UNIT_INT(table[i].name, e.first_try, 1000000000000);
		UNIT_INT(table[i].name, e.last_try, 1000000000900);
		UNIT_STR(table[i].name, e.what, "servfail");
		UNIT_STR(table[i].name, e.file, table[i].file);
	}
	check_state(l, DAY2, "b.example", "absent");
	check_state(l, DAY1, "", "absent");
	for (int s = LEDGER_ABSENT; s <= LEDGER_WITHHELD; s++) {
		uint64_t n[LEDGER_WITHHELD + 1];

		UNIT_INT("count", ledger_count(l, DAY1, n), 0);
		UNIT_UINT(ledger_state_word((enum ledger_state)s), n[s],
		    s != LEDGER_ABSENT);
		UNIT_INT("count", ledger_count(l, DAY2, n), 0);
		UNIT_UINT("second day", n[s], s == LEDGER_RETRY);
	}
	ledger_close(l);
}

/* The operator is told once, also after a kill before the commit. */
static void test_told(void **state)
{
	struct ledger *l = open_ledger();
	bool is_new = false;

	(void)state;
	UNIT_INT("first", ledger_tell(l, DAY1, "digest", &is_new), 0);
	UNIT_BOOL("first", is_new, true);
	ledger_close(l);
	l = open_ledger();
	UNIT_INT("not committed", ledger_tell(l, DAY1, "digest", &is_new), 0);
	UNIT_BOOL("not committed", is_new, true);
	UNIT_INT("commit", ledger_commit(l), 0);
	ledger_close(l);
	l = open_ledger();
	UNIT_INT("again", ledger_tell(l, DAY1, "digest", &is_new), 0);
	UNIT_BOOL("again", is_new, false);
	UNIT_INT("else", ledger_tell(l, DAY1, "clock", &is_new), 0);
	UNIT_BOOL("else", is_new, true);
	UNIT_INT("other day", ledger_tell(l, DAY2, "digest", &is_new), 0);
	UNIT_BOOL("other day", is_new, true);
	UNIT_INT("forget", ledger_forget(l, DAY2), 0);
	UNIT_INT("forgotten", ledger_tell(l, DAY1, "digest", &is_new), 0);
	UNIT_BOOL("forgotten", is_new, true);
	UNIT_INT("kept", ledger_tell(l, DAY2, "digest", &is_new), 0);
	UNIT_BOOL("kept", is_new, false);
	ledger_close(l);
}

/* A mark replaces the one before it; without commit it never was. */
static void test_batch(void **state)
{
	struct ledger *l = open_ledger();
	struct ledger_entry retry = entry_of(LEDGER_RETRY, "");
	struct ledger_entry written = entry_of(LEDGER_WRITTEN, "f");

	(void)state;
	UNIT_INT("1", ledger_mark(l, DAY1, view_of("a"), &retry), 0);
	UNIT_INT("1", ledger_commit(l), 0);
	UNIT_INT("2", ledger_mark(l, DAY1, view_of("a"), &written), 0);
	UNIT_INT("2", ledger_mark(l, DAY1, view_of("b"), &written), 0);
	check_state(l, DAY1, "a", "written");
	ledger_close(l);

	l = open_ledger();
	check_state(l, DAY1, "a", "retry");
	check_state(l, DAY1, "b", "absent");
	UNIT_INT("3", ledger_mark(l, DAY1, view_of("a"), &written), 0);
	UNIT_INT("3", ledger_commit(l), 0);
	ledger_close(l);

	l = open_ledger();
	check_state(l, DAY1, "a", "written");
	ledger_close(l);
}

static void test_files(void **state)
{
	static const struct {
		const char *name;
		int64_t day;
		bool want;
	} table[] = {
		{ "file-a", DAY1, true },
		{ "file-a", DAY2, false },
		{ "file", DAY1, false },
		{ "", DAY1, false },
		{ "file-a' OR 1 --", DAY1, false },
	};

	struct ledger *l = open_ledger();
	struct ledger_entry a = entry_of(LEDGER_WRITTEN, "file-a");
	struct ledger_entry b = entry_of(LEDGER_NONE, "");

	(void)state;
	UNIT_INT("mark", ledger_mark(l, DAY1, view_of("a"), &a), 0);
	UNIT_INT("mark", ledger_mark(l, DAY1, view_of("b"), &b), 0);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		bool has_it = !table[i].want;

		UNIT_INT(table[i].name,
		    ledger_has_file(l, table[i].day, table[i].name, &has_it),
		    0);
		UNIT_BOOL(table[i].name, has_it, table[i].want);
	}
	ledger_close(l);
}

static bool is_finished(struct ledger *l, int64_t day)
{
	struct ledger_day d;

	UNIT_INT("day", ledger_day(l, day, &d), 0);
	return d.is_finished;
}

/* A finished day forgets who got nothing (R27), and in time all the rest. */
static void test_days(void **state)
{
	static const int64_t days[] = { DAY1, DAY2, DAY3 };
	struct ledger *l = open_ledger();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(days); i++) {
		struct ledger_entry none = entry_of(LEDGER_NONE, "");
		struct ledger_entry written = entry_of(LEDGER_WRITTEN, "f");

		UNIT_INT(
		    "none", ledger_mark(l, days[i], view_of("n"), &none), 0);
		UNIT_INT("written",
		    ledger_mark(l, days[i], view_of("w"), &written), 0);
	}
	UNIT_BOOL("done", is_finished(l, DAY1), false);
	UNIT_INT("finish", ledger_finish_day(l, DAY1, 5), 0);
	UNIT_INT("finish again", ledger_finish_day(l, DAY1, 6), 0);
	UNIT_INT("finish", ledger_finish_day(l, DAY3, 5), 0);
	UNIT_INT("commit", ledger_commit(l), 0);
	UNIT_BOOL("done", is_finished(l, DAY1), true);
	UNIT_BOOL("done", is_finished(l, DAY2), false);
	check_state(l, DAY1, "n", "absent");
	check_state(l, DAY1, "w", "written");
	check_state(l, DAY2, "n", "none");

	UNIT_INT("forget", ledger_forget(l, DAY3), 0);
	check_state(l, DAY1, "w", "absent");
	check_state(l, DAY2, "w", "written");
	check_state(l, DAY3, "w", "written");
	UNIT_BOOL("a day stays done", is_finished(l, DAY1), true);
	ledger_close(l);
}

/* What is withheld stays so, day finished or not, until it is released. */
static void test_release(void **state)
{
	struct ledger *l = open_ledger();
	struct ledger_entry withheld = entry_of(LEDGER_WITHHELD, "");
	struct ledger_entry written = entry_of(LEDGER_WRITTEN, "f");
	struct ledger_entry e;
	struct ledger_day d;
	uint64_t n = 9;

	(void)state;
	(void)snprintf(withheld.what, sizeof(withheld.what), "why");
	UNIT_INT("nothing", ledger_set_unjudged(l, DAY1, 7), 0);
	UNIT_INT("nothing", ledger_day(l, DAY1, &d), 0);
	UNIT_BOOL("nothing", d.is_begun, false);
	UNIT_INT("b", ledger_mark(l, DAY1, view_of("b"), &withheld), 0);
	UNIT_INT("a", ledger_mark(l, DAY1, view_of("a"), &withheld), 0);
	UNIT_INT("w", ledger_mark(l, DAY1, view_of("w"), &written), 0);
	UNIT_INT("other", ledger_mark(l, DAY2, view_of("a"), &withheld), 0);
	UNIT_INT("unjudged", ledger_set_unjudged(l, DAY1, 7), 0);
	UNIT_INT("day", ledger_day(l, DAY1, &d), 0);
	UNIT_BOOL("unjudged finishes no day", d.is_finished, false);
	UNIT_BOOL("begun", d.is_begun, true);
	UNIT_INT("finish", ledger_finish_day(l, DAY1, 5), 0);
	UNIT_INT("unjudged again", ledger_set_unjudged(l, DAY1, 8), 0);
	UNIT_INT("commit", ledger_commit(l), 0);
	UNIT_INT("day", ledger_day(l, DAY1, &d), 0);
	UNIT_BOOL("finished", d.is_finished, true);
	UNIT_BOOL("released", d.is_released, false);
	UNIT_UINT("withheld", d.withheld, 2);
	UNIT_UINT("retries", d.retries, 0);
	UNIT_UINT("unjudged", d.unjudged, 8);
	UNIT_STR("why", d.why, "why");

	UNIT_INT("release", ledger_release(l, DAY1, 6, &n), 0);
	UNIT_UINT("released", n, 2);
	UNIT_INT("release again", ledger_release(l, DAY1, 7, &n), 0);
	UNIT_UINT("released again", n, 0);
	UNIT_INT("release of no day", ledger_release(l, DAY3, 7, &n), 0);
	UNIT_UINT("released of no day", n, 0);
	UNIT_INT("commit", ledger_commit(l), 0);
	ledger_close(l);

	UNIT_INT("read only", ledger_open_read(path, &l), 0);
	UNIT_INT("day", ledger_day(l, DAY1, &d), 0);
	UNIT_BOOL("finished", d.is_finished, true);
	UNIT_BOOL("released", d.is_released, true);
	UNIT_UINT("withheld", d.withheld, 0);
	UNIT_UINT("retries", d.retries, 2);
	UNIT_STR("why", d.why, "");
	check_state(l, DAY1, "a", "retry");
	check_state(l, DAY1, "w", "written");
	check_state(l, DAY2, "a", "withheld");
	UNIT_INT("find", ledger_find(l, DAY1, view_of("a"), &e), 0);
	UNIT_INT("its time begins anew", e.first_try, 0);
	UNIT_TRUE("write", ledger_mark(l, DAY1, view_of("x"), &written) != 0);
	ledger_close(l);
	UNIT_INT("none", ledger_open_read("/nonexistent/l", &l), -ENOENT);
	ledger_close(l);
}

static void write_bytes(const char *name, const char *bytes, size_t len)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/*
 * Files as older versions made them. What is written here was in use: it is
 * not to be changed.
 */
#define REPORT(states)                                              \
 "CREATE TABLE report (day INTEGER NOT NULL, domain TEXT NOT NULL," \
 " state TEXT NOT NULL CHECK (state IN (" states ")),"              \
 " tries INTEGER NOT NULL, first_try INTEGER NOT NULL,"             \
 " last_try INTEGER NOT NULL, what TEXT NOT NULL,"                  \
 " file TEXT NOT NULL, PRIMARY KEY (day, domain)) WITHOUT ROWID;"   \
 "CREATE INDEX report_file ON report (day, file) WHERE file != '';"

static const char *const older[] = {
	"CREATE TABLE day (day INTEGER PRIMARY KEY,"
	" finished INTEGER NOT NULL);" REPORT(
	    "'written', 'none', 'retry', 'given-up'") "INSERT INTO day VALUES (86400, 5);"
						      "INSERT INTO report VALUES (86400, 'a', 'written', 1, 2, 3, '', 'f');"
						      "PRAGMA user_version = 1;",
	"CREATE TABLE day (day INTEGER PRIMARY KEY, finished INTEGER NOT NULL,"
	" unjudged INTEGER NOT NULL DEFAULT 0,"
	" released INTEGER NOT NULL DEFAULT 0);" REPORT(
	    "'written', 'none', 'retry', 'given-up', 'withheld'") "CREATE INDEX report_open ON report (day, state)"
								  " WHERE state IN ('retry', 'withheld');"
								  "INSERT INTO day (day, finished) VALUES (86400, 5);"
								  "INSERT INTO report VALUES (86400, 'a', 'written', 1, 2, 3, '', 'f');"
								  "PRAGMA user_version = 2;",
};

static void test_upgrades(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(older); i++) {
		struct ledger_entry e = entry_of(LEDGER_WITHHELD, "");
		struct outbox_item item = { .day = DAY1, .domain = "a" };
		struct ledger_day day;
		struct ledger *l = NULL;
		sqlite3 *db = NULL;

		UNIT_INT("open", sqlite3_open(path, &db), SQLITE_OK);
		UNIT_INT("make", sqlite3_exec(db, older[i], NULL, NULL, NULL),
		    SQLITE_OK);
		UNIT_INT("close", sqlite3_close(db), SQLITE_OK);
		UNIT_INT("read", ledger_open_read(path, &l), ERR_VERSION);
		UNIT_STR("read", ledger_error(l),
		    "telltls-report has not made its tables yet");
		ledger_close(l);
		l = open_ledger();
		check_state(l, DAY1, "a", "written");
		UNIT_INT("day", ledger_day(l, DAY1, &day), 0);
		UNIT_BOOL("finished", day.is_finished, true);
		UNIT_INT("mark", ledger_mark(l, DAY1, view_of("b"), &e), 0);
		UNIT_INT("add", outbox_add(l, &item), 0);
		UNIT_INT("commit", ledger_commit(l), 0);
		ledger_close(l);
		UNIT_INT("read", ledger_open_read(path, &l), 0);
		check_state(l, DAY1, "b", "withheld");
		ledger_close(l);
		UNIT_INT("remove", remove(path), 0);
	}
}

static void test_bad_files(void **state)
{
	static char garbage[4096];
	struct ledger *l = NULL;
	struct stat st;

	(void)state;
	/* made with no rights for others */
	ledger_close(open_ledger());
	assert_int_equal(stat(path, &st), 0);
	UNIT_UINT("mode", st.st_mode & 0777, 0640);

	memset(garbage, 'x', sizeof(garbage));
	write_bytes(path, garbage, sizeof(garbage));
	UNIT_INT("garbage", ledger_open(path, &l), ERR_DAMAGED);
	UNIT_TRUE("garbage", ledger_error(l)[0] != '\0');
	ledger_close(l);

	/* an empty file is a new one */
	write_bytes(path, "", 0);
	ledger_close(open_ledger());

	assert_int_equal(remove(path), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
	UNIT_INT("symlink", ledger_open(path, &l), -ELOOP);
	ledger_close(l);
	UNIT_INT("no directory", ledger_open("/nonexistent/l", &l), -ENOENT);
	ledger_close(l);
	ledger_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_marks),
		TEST(test_told),
		TEST(test_batch),
		TEST(test_files),
		TEST(test_days),
		TEST(test_release),
		TEST(test_upgrades),
		TEST(test_bad_files),
	};

	return UNIT_RUN(tests);
}
