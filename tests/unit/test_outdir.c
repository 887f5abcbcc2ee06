/* SPDX-License-Identifier: BSD-2-Clause */
/* test_outdir.c - tests reporter/outdir.c */
#include "config.h"

#include <dirent.h>
#include <sys/stat.h>

#include "common/err.h"
#include "reporter/outdir.h"
#include "tests/unit/unit.h"

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

static unsigned n_files(void)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	unsigned n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		n += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	}
	assert_int_equal(closedir(d), 0);
	return n;
}

static void write_bytes(const char *name, const char *bytes, size_t len)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static struct strbuf text_of(const char *text)
{
	struct strbuf b;

	strbuf_init(&b, 1000);
	strbuf_adds(&b, text);
	return b;
}

static bool has(const char *name)
{
	char file[400];

	(void)snprintf(file, sizeof(file), "%s/%s", dir, name);
	return access(file, F_OK) == 0;
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		int want;
	} table[] = {
		{ "a!b.example!1!2!x1.json.gz", 0 },
		{ "a_b-c~d", 0 },
		{ "", ERR_PARSE },
		{ ".hidden", ERR_PARSE },
		{ "..", ERR_PARSE },
		{ "a/b", ERR_PARSE },
		{ "../a", ERR_PARSE },
		{ "a b", ERR_PARSE },
		{ "a\nb", ERR_PARSE },
		{ "a\xe4", ERR_PARSE },
		{ "a;b", ERR_PARSE },
	};

	struct strbuf b = text_of("x");
	struct outdir *o = NULL;

	(void)state;
	UNIT_INT("open", outdir_open(dir, 0, &o), 0);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name, outdir_put(o, table[i].name, &b),
		    table[i].want);
	}
	outdir_close(o);
	strbuf_release(&b);
}

static void test_base(void **state)
{
	char name[600];
	char other[OUTDIR_NAME];
	char out[OUTDIR_NAME];

	(void)state;
	UNIT_STR("short", outdir_base("s!d!1!2!x.json.gz", out), "s!d!1!2!x");
	UNIT_STR("no ending", outdir_base("s!d", out), "s!d");
	memset(name, 'a', sizeof(name));
	name[500] = '\0';
	(void)outdir_base(name, out);
	UNIT_UINT("long", strlen(out), 230);
	UNIT_TRUE("long", strncmp(out, name, 200) == 0);
	name[400] = 'b';
	UNIT_TRUE("another", strcmp(outdir_base(name, other), out) != 0);
}

/* No name appears before the flush, and none without it. */
static void test_flush(void **state)
{
	struct strbuf b = text_of("text");
	struct outdir *o = NULL;

	(void)state;
	UNIT_INT("not there", outdir_open("/nonexistent/x", 0, &o), -ENOENT);
	UNIT_INT("open", outdir_open(dir, OUTDIR_CREATE | OUTDIR_SYNC, &o), 0);
	UNIT_INT("put", outdir_put(o, "a.eml", &b), 0);
	UNIT_INT("put", outdir_put(o, "b.eml", &b), 0);
	UNIT_BOOL("before", has("a.eml"), false);
	UNIT_INT("flush", outdir_flush(o), 0);
	UNIT_BOOL("after", has("a.eml") && has("b.eml"), true);
	UNIT_INT("flush of nothing", outdir_flush(o), 0);
	UNIT_INT("put", outdir_put(o, "c.eml", &b), 0);
	outdir_close(o);
	UNIT_BOOL("dropped", has("c.eml"), false);
	UNIT_UINT("nothing is left of it", n_files(), 2);
	strbuf_release(&b);
}

static void test_get(void **state)
{
	struct strbuf b = text_of("text");
	struct strbuf got;
	struct outdir *o = NULL;
	char file[400];

	(void)state;
	UNIT_INT("open", outdir_open(dir, 0, &o), 0);
	UNIT_INT("put", outdir_put(o, "a.eml", &b), 0);
	strbuf_init(&got, 4);
	UNIT_INT("before the flush", outdir_get(o, "a.eml", &got), -ENOENT);
	UNIT_BOOL("before the flush", outdir_has(o, "a.eml"), false);
	UNIT_INT("flush", outdir_flush(o), 0);
	UNIT_BOOL("has", outdir_has(o, "a.eml"), true);
	UNIT_INT("get", outdir_get(o, "a.eml", &got), 0);
	UNIT_STR("got", strbuf_str(&got), "text");
	strbuf_release(&got);
	strbuf_init(&got, 3);
	UNIT_INT("too long", outdir_get(o, "a.eml", &got), ERR_TOO_LONG);
	strbuf_release(&got);
	strbuf_init(&got, 100);
	UNIT_INT("bad name", outdir_get(o, "../a.eml", &got), ERR_PARSE);
	UNIT_BOOL("bad name", outdir_has(o, "../a.eml"), false);
	(void)snprintf(file, sizeof(file), "%s/link.eml", dir);
	assert_int_equal(symlink("a.eml", file), 0);
	UNIT_INT("link", outdir_get(o, "link.eml", &got), -ELOOP);
	strbuf_release(&got);
	strbuf_release(&b);
	outdir_close(o);
}

/* Takes down the names of steps. */
static void note_step(void *ctx, const char *name)
{
	struct strbuf *steps = ctx;

	strbuf_addf(steps, "%s ", name);
}

/* A kill between any two of these is what send.py tries out. */
static void test_steps(void **state)
{
	struct strbuf b = text_of("text");
	struct strbuf steps;
	const struct step step = { note_step, &steps };
	struct outdir *o = NULL;

	(void)state;
	strbuf_init(&steps, 1000);
	UNIT_INT("open", outdir_open(dir, OUTDIR_SYNC, &o), 0);
	outdir_watch(o, &step);
	UNIT_INT("put", outdir_put(o, "a.eml", &b), 0);
	UNIT_INT("put", outdir_put(o, "b.eml", &b), 0);
	UNIT_INT("flush", outdir_flush(o), 0);
	UNIT_STR("steps", strbuf_str(&steps),
	    "file-written file-written files-synced file-named file-named ");
	outdir_close(o);
	strbuf_release(&steps);
	strbuf_release(&b);
}

static int keeps(void *ctx, const char *base)
{
	(void)ctx;
	if (strcmp(base, "error") == 0) {
		return -EIO;
	}
	return strcmp(base, "s!keep.example!1!2!x") == 0;
}

static void test_sweep(void **state)
{
	static const struct {
		const char *name;
		bool stays;
	} table[] = {
		{ "s!keep.example!1!2!x.json.gz", true },
		{ "s!keep.example!1!2!x.0.eml", true },
		{ "s!keep.example!1!2!x.12.eml", true },
		{ "s!gone.example!1!2!x.json.gz", false },
		{ "s!gone.example!1!2!x.0.eml", false },
		{ ".tmp.77.1", false },
		{ "notes.txt", true },
		{ "draft.eml", true },
		{ ".json.gz", true },
		{ "0.eml", true },
	};

	struct outdir *o = NULL;
	char file[400];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", dir, table[i].name);
		write_bytes(file, "x", 1);
	}
	UNIT_INT("open", outdir_open(dir, 0, &o), 0);
	UNIT_INT("sweep", outdir_sweep(o, keeps, NULL), 0);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_BOOL(table[i].name, has(table[i].name), table[i].stays);
	}
	(void)snprintf(file, sizeof(file), "%s/error.json.gz", dir);
	write_bytes(file, "x", 1);
	UNIT_INT("error", outdir_sweep(o, keeps, NULL), -EIO);
	UNIT_BOOL("error", has("error.json.gz"), true);
	outdir_close(o);
	outdir_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_base),
		TEST(test_flush),
		TEST(test_get),
		TEST(test_steps),
		TEST(test_sweep),
	};

	return UNIT_RUN(tests);
}
