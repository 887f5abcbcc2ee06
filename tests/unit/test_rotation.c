/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rotation.c - which files of a log there are, in what order */

#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/gzip.h"
#include "milter/rotation.h"
#include "tests/unit/unit.h"

enum {
	MAX = 8,
	LINES = 300 /* more than tell one file from another */
};

static char dir[64];
static char log_path[96];

static int setup(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(log_path, sizeof(log_path), "%s/mail.log", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

/*
 * Makes a file: text number n, so many of its lines; compressed where the name
 * says so, and then cut to a share of its bytes.
 */
static void make(
    const char *name, int n, int lines, unsigned percent, int mtime)
{
	struct timespec times[2] = { { mtime, 0 }, { mtime, 0 } };
	struct strbuf text;
	struct strbuf gz;
	struct strbuf *out = &text;
	char path[160];
	FILE *f;

	strbuf_init(&text, 1 << 20);
	strbuf_init(&gz, 1 << 20);
	for (int i = 0; i < lines; i++) {
		strbuf_addf(&text, "Nov 22 12:%02d:%02d vm sm-mta[%d]: x%d\n",
		    n, i % 60, i, n * i);
	}
	if (strstr(name, ".gz") != NULL) {
		assert_int_equal(gzip_compress(text.s, text.len, &gz), 0);
		out = &gz;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fwrite(strbuf_str(out), 1, out->len * percent / 100, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	strbuf_release(&text);
	strbuf_release(&gz);
}

/* The files' names, the copies in brackets. */
static const char *names(const struct rotation *r, char out[512])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < r->n; i++) {
		const struct rotation_file *file = &r->file[i];
		const char *name = file->path + strlen(dir) + 1;

		len += (size_t)snprintf(out + len, 512 - len,
		    file->is_copy ? "%s(%s)" : "%s%s", i > 0 ? " " : "", name);
		assert_true(len < 512);
	}
	return out;
}

static void check(const char *name, size_t max, const char *want)
{
	struct rotation r;
	char got[512] = "";

	UNIT_INT(name, rotation_open(&r, log_path, max), 0);
	UNIT_STR(name, names(&r, got), want);
	for (size_t i = 0; i < r.n; i++) {
		UNIT_BOOL(name, r.file[i].is_named, i + 1 == r.n);
		UNIT_TRUE(name, r.file[i].fd >= 0);
		UNIT_UINT(
		    name, rotation_index(&r, r.file[i].dev, r.file[i].ino), i);
	}
	UNIT_UINT(name, rotation_index(&r, 0, 0), r.n);
	rotation_release(&r);
}

static void test_order(void **state)
{
	char path[160];

	(void)state;
	make("mail.log", 1, 9, 100, 50);
	make("mail.log.1", 2, 9, 100, 40);
	make("mail.log.2.gz", 3, 9, 100, 40);
	make("mail.log.10.gz", 4, 9, 100, 40);
	make("mail.log-20261122", 5, 9, 100, 60);
	make("mail.log.old", 6, 9, 100, 10);
	make("mail.logs", 7, 9, 100, 10);
	make("mail.log.", 8, 9, 100, 10);
	make("xmail.log.1", 9, 9, 100, 10);
	(void)snprintf(path, sizeof(path), "%s/mail.log.d", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/mail.log.l", dir);
	assert_int_equal(symlink("mail.log.1", path), 0);
	check("all", 64,
	    "mail.log.old mail.log.10.gz mail.log.2.gz mail.log.1 "
	    "mail.log-20261122 mail.log");
	check("the newest", 3, "mail.log.1 mail.log-20261122 mail.log");
}

/*
 * Numbers tell more than times, which may have been changed.
 * NOLINTNEXTLINE(readability-function-size): most of it is a table
 */
static void test_numbers(void **state)
{
	static const struct {
		const char *name;
		const char *file[MAX]; /* by their times */
		const char *want;
	} table[] = {
		{ "counted", { "mail.log.2.gz", "mail.log.3.gz", "mail.log.1" },
		    "mail.log.3.gz mail.log.2.gz mail.log.1" },
		{ "many", { "mail.log.1", "mail.log.9", "mail.log.10" },
		    "mail.log.10 mail.log.9 mail.log.1" },
		{ "from 0", { "mail.log.0", "mail.log.1.gz" },
		    "mail.log.1.gz mail.log.0" },
		{ "one number, two files",
		    { "mail.log.2.gz", "mail.log.1.gz", "mail.log.1" },
		    "mail.log.2.gz mail.log.1.gz mail.log.1" },
		{ "dates",
		    { "mail.log-20261123.gz", "mail.log-20261122.gz",
			"mail.log-20261124" },
		    "mail.log-20261122.gz mail.log-20261123.gz "
		    "mail.log-20261124" },
		{ "dates behind a point",
		    { "mail.log.20261123", "mail.log.20261122" },
		    "mail.log.20261122 mail.log.20261123" },
		{ "others keep their places",
		    { "mail.log.1", "mail.log.bak", "mail.log.2" },
		    "mail.log.2 mail.log.bak mail.log.1" },
		{ "both, each in its places",
		    { "mail.log.1", "mail.log-20261123", "mail.log.2",
			"mail.log-20261122" },
		    "mail.log.2 mail.log-20261122 mail.log.1 "
		    "mail.log-20261123" },
		{ "no number is so long",
		    { "mail.log.99999999999999999999", "mail.log.1" },
		    "mail.log.99999999999999999999 mail.log.1" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct rotation r;
		char got[512];

		unit_tmpdir_remove(dir);
		assert_int_equal(mkdir(dir, 0700), 0);
		for (int k = 0; k < MAX && table[i].file[k] != NULL; k++) {
			make(table[i].file[k], k + 1, 9, 100, 10 + k);
		}
		assert_int_equal(rotation_open(&r, log_path, 64), 0);
		UNIT_STR(table[i].name, names(&r, got), table[i].want);
		rotation_release(&r);
	}
}

/* NOLINTNEXTLINE(readability-function-size): most of it is a table */
static void test_copies(void **state)
{
	static const struct {
		const char *name;

		struct {
			const char *name; /* NULL: no more */
			int text;
			int lines;
			unsigned percent;
		} file[MAX];

		const char *want;
	} table[] = {
		{ "none", { { "mail.log", 0, 0, 100 } }, "mail.log" },
		{ "all differ",
		    { { "mail.log.2.gz", 1, LINES, 100 },
			{ "mail.log.1", 2, LINES, 100 },
			{ "mail.log", 3, LINES, 100 } },
		    "mail.log.2.gz mail.log.1 mail.log" },
		{ "empty ones do not",
		    { { "mail.log.2", 1, 0, 100 }, { "mail.log.1", 1, 0, 100 },
			{ "mail.log", 1, 0, 100 } },
		    "mail.log.2 mail.log.1 mail.log" },
		{ "one line, and that is not whole",
		    { { "mail.log.1", 1, 1, 100 }, { "mail.log", 1, 1, 90 } },
		    "mail.log.1 mail.log" },
		{ "one line in both",
		    { { "mail.log.1", 1, 1, 100 }, { "mail.log", 1, 1, 100 } },
		    "(mail.log.1) mail.log" },
		{ "being copied",
		    { { "mail.log.1", 1, LINES, 30 },
			{ "mail.log", 1, LINES, 100 } },
		    "(mail.log.1) mail.log" },
		{ "copied",
		    { { "mail.log.1", 1, LINES, 100 },
			{ "mail.log", 1, LINES, 100 } },
		    "(mail.log.1) mail.log" },
		{ "copied, and grown since",
		    { { "mail.log.1", 1, LINES, 100 },
			{ "mail.log", 1, LINES + 9, 100 } },
		    "(mail.log.1) mail.log" },
		{ "truncated",
		    { { "mail.log.1", 1, LINES, 100 },
			{ "mail.log", 1, 0, 100 } },
		    "mail.log.1 mail.log" },
		{ "being compressed",
		    { { "mail.log.1", 1, LINES, 100 },
			{ "mail.log.1.gz", 1, LINES, 60 },
			{ "mail.log", 2, 9, 100 } },
		    "mail.log.1 (mail.log.1.gz) mail.log" },
		{ "compressed",
		    { { "mail.log.1.gz", 1, LINES, 100 },
			{ "mail.log.1", 1, LINES, 100 },
			{ "mail.log", 2, 9, 100 } },
		    "(mail.log.1.gz) mail.log.1 mail.log" },
		{ "of a renamed one",
		    { { "mail.log.bak", 1, LINES, 100 },
			{ "mail.log.1", 1, LINES + 9, 100 },
			{ "mail.log", 2, 9, 100 } },
		    "(mail.log.bak) mail.log.1 mail.log" },
		{ "all at once",
		    { { "mail.log.1.gz", 1, LINES, 100 },
			{ "mail.log.1", 1, LINES, 100 },
			{ "mail.log.bak", 2, 200, 100 },
			{ "mail.log.new", 2, 250, 100 },
			{ "mail.log", 2, LINES, 100 } },
		    "(mail.log.1.gz) mail.log.1 (mail.log.bak) (mail.log.new) "
		    "mail.log" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		unit_tmpdir_remove(dir);
		assert_int_equal(mkdir(dir, 0700), 0);
		for (int k = 0; k < MAX && table[i].file[k].name != NULL; k++) {
			make(table[i].file[k].name, table[i].file[k].text,
			    table[i].file[k].lines, table[i].file[k].percent,
			    10 + k);
		}
		check(table[i].name, 64, table[i].want);
	}
}

static void test_nothing(void **state)
{
	struct rotation r;

	(void)state;
	UNIT_INT("no file", rotation_open(&r, log_path, 64), 0);
	UNIT_UINT("no file", r.n, 0);
	rotation_release(&r);
	UNIT_INT("no folder", rotation_open(&r, "/nonexistent/log", 64), 0);
	UNIT_UINT("no folder", r.n, 0);
	rotation_release(&r);
	make("mail.log.1", 1, 9, 100, 10);
	UNIT_INT("no name", rotation_open(&r, log_path, 64), 0);
	UNIT_UINT("no name", r.n, 1);
	UNIT_BOOL("no name", r.file[0].is_named, false);
	rotation_release(&r);
}

static void test_current(void **state)
{
	static const struct {
		const char *name;
		const char *command;
		bool want;
	} table[] = {
		{ "nothing", ":", true },
		{ "grows", "echo >>mail.log", true },
		{ "truncated", ": >mail.log", false },
		{ "one more", "cp mail.log mail.log.new", false },
		{ "one less", "rm mail.log.1", false },
		{ "renamed", "mv mail.log.1 mail.log.2", false },
		{ "another", "cp mail.log x; mv x mail.log", false },
		{ "others", "cp mail.log other.log", true },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct rotation r;
		char command[192];

		unit_tmpdir_remove(dir);
		assert_int_equal(mkdir(dir, 0700), 0);
		make("mail.log", 1, 9, 100, 10);
		make("mail.log.1", 2, 9, 100, 10);
		assert_int_equal(rotation_open(&r, log_path, 64), 0);
		(void)snprintf(command, sizeof(command), "cd %s && { %s; }",
		    dir, table[i].command);
		assert_int_equal(system(command), 0);
		UNIT_BOOL(table[i].name, rotation_is_current(&r, log_path, 64),
		    table[i].want);
		rotation_release(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_current, setup, teardown),
	};

	return UNIT_RUN(tests);
}
