/* SPDX-License-Identifier: BSD-2-Clause */
/* test_policy_cache.c - tests lookup/policy_cache.c */
#include "config.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/log.h"
#include "lookup/policy_cache.h"
#include "tests/unit/unit.h"

enum {
	NOW = 1790000000,
	DAY = 24 * 3600,
	LATER = 150
};

static char state_dir[64];
static char path[128];
static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(state_dir, sizeof(state_dir));
	(void)snprintf(
	    path, sizeof(path), "%s/policy/mta-sts.sqlite", state_dir);
	arena = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	unit_tmpdir_remove(state_dir);
	return 0;
}

static struct policy_cache *open_cache(uint64_t rows, uint64_t bytes_b)
{
	const struct policy_cache_limits limits = { rows, bytes_b };
	struct policy_cache *c = NULL;

	UNIT_INT("open", policy_cache_open(state_dir, &limits, &c), 0);
	return c;
}

static struct sts_row row_of(const char *domain, const char *text)
{
	struct sts_row row = { .text = view_of(text),
		.fetched = NOW,
		.expires = NOW + 7 * DAY,
		.refresh = NOW + DAY };

	(void)snprintf(row.domain, sizeof(row.domain), "%s", domain);
	(void)snprintf(row.id, sizeof(row.id), "20260101");
	return row;
}

static void put(struct policy_cache *c, const struct sts_row *row)
{
	UNIT_INT(row->domain, policy_cache_put(c, row), 0);
}

static bool has(struct policy_cache *c, const char *domain)
{
	struct sts_row row;

	UNIT_INT(domain, policy_cache_find(c, domain, arena, &row), 0);
	UNIT_STR("domain", row.domain, domain);
	return !sts_state_is_empty(&row);
}

static void check_row(
    const char *name, const struct sts_row *got, const struct sts_row *want)
{
	UNIT_STR(name, got->domain, want->domain);
	UNIT_STR(name, got->id, want->id);
	UNIT_MEM(
	    name, got->text.s, got->text.len, want->text.s, want->text.len);
	UNIT_BOOL(name, got->is_none, want->is_none);
	UNIT_INT(name, got->fetched, want->fetched);
	UNIT_INT(name, got->expires, want->expires);
	UNIT_INT(name, got->refresh, want->refresh);
	UNIT_INT(name, got->failed, want->failed);
	UNIT_STR(name, got->failed_id, want->failed_id);
	UNIT_STR(name, got->token, want->token);
	UNIT_MEM(name, got->bad_text.s, got->bad_text.len, want->bad_text.s,
	    want->bad_text.len);
	UNIT_INT(name, got->failed_at, want->failed_at);
	UNIT_INT(name, got->retry, want->retry);
	UNIT_UINT(name, got->failures, want->failures);
}

/* All of a row comes back, also in the next life. */
static void test_rows(void **state)
{
	struct sts_row want[POLICY_STS_COUNT + 1];
	struct policy_cache *c = open_cache(0, 0);
	struct sts_row got;
	size_t n = UNIT_LEN(want);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char domain[32];

		(void)snprintf(domain, sizeof(domain), "d%zu.example", i);
		want[i] = row_of(domain, "version: STSv1\r\n");
		if (i < POLICY_STS_COUNT) {
			want[i].failed = (enum policy_sts)i;
			want[i].bad_text = view_make("a\0b\xff\n", 5);
			want[i].failed_at = NOW + 1;
			want[i].retry = NOW + 2;
			want[i].failures = 7;
			want[i].is_none = true;
			(void)snprintf(want[i].failed_id,
			    sizeof(want[i].failed_id),
			    "12345678901234567890123456789012");
			(void)snprintf(want[i].token, sizeof(want[i].token),
			    "certificate-host-mismatch");
		}
		put(c, &want[i]);
	}
	UNIT_UINT("rows", policy_cache_counts(c).rows, n);
	for (int life = 0; life < 2; life++) {
		for (size_t i = 0; i < n; i++) {
			UNIT_INT(want[i].domain,
			    policy_cache_find(c, want[i].domain, arena, &got),
			    0);
			check_row(want[i].domain, &got, &want[i]);
		}
		UNIT_BOOL("another", has(c, "d.example"), false);
		UNIT_BOOL("a part", has(c, "d1"), false);
		UNIT_BOOL("quotes", has(c, "' OR 1 --"), false);
		UNIT_INT("newest", policy_cache_newest(c), NOW);
		policy_cache_close(c);
		c = open_cache(0, 0);
	}
	UNIT_UINT("rows", policy_cache_counts(c).rows, n);
	policy_cache_close(c);
}

/* A row replaces the one before; one that is empty is gone. */
static void test_replace(void **state)
{
	struct policy_cache *c = open_cache(0, 0);
	struct sts_row row = row_of("a.example", "12345");
	struct sts_row none = { .domain = "a.example" };

	(void)state;
	put(c, &row);
	row.text = view_of("123");
	put(c, &row);
	UNIT_UINT("rows", policy_cache_counts(c).rows, 1);
	UNIT_UINT("bytes", policy_cache_counts(c).bytes_b, 3);
	put(c, &none);
	UNIT_UINT("rows", policy_cache_counts(c).rows, 0);
	UNIT_UINT("bytes", policy_cache_counts(c).bytes_b, 0);
	UNIT_BOOL("gone", has(c, "a.example"), false);
	put(c, &none);
	UNIT_INT("newest", policy_cache_newest(c), 0);
	policy_cache_close(c);
}

/* Where there is no room, what is of use the shortest time goes. */
static void test_limits(void **state)
{
	static const struct {
		const char *name;
		uint64_t rows, bytes_b;
	} table[] = {
		{ "rows", 3, 0 },
		{ "bytes", 0, 30 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct policy_cache *c =
		    open_cache(table[i].rows, table[i].bytes_b);
		struct sts_row a = row_of("a.example", "0123456789");
		struct sts_row b = row_of("b.example", "0123456789");
		struct sts_row d = row_of("d.example", "0123456789");
		struct sts_row e = row_of("e.example", "0123456789");

		b.expires = NOW + DAY;
		put(c, &a);
		put(c, &b);
		put(c, &d);
		e.expires = NOW;
		put(c, &e);
		UNIT_UINT(table[i].name, policy_cache_counts(c).rows, 3);
		UNIT_UINT(table[i].name, policy_cache_counts(c).bytes_b, 30);
		UNIT_UINT(table[i].name, policy_cache_counts(c).evicted, 1);
		UNIT_BOOL(table[i].name, has(c, "a.example"), true);
		UNIT_BOOL(table[i].name, has(c, "b.example"), false);
		UNIT_BOOL(table[i].name, has(c, "d.example"), true);
		/* not the one that the room is made for */
		UNIT_BOOL(table[i].name, has(c, "e.example"), true);
		policy_cache_close(c);
		(void)unlink(path);
	}
}

static void test_due(void **state)
{
	static const char *const want[] = { "a.example", "c.example", "" };
	struct policy_cache *c = open_cache(0, 0);
	struct sts_row row = row_of("c.example", "x");
	char domain[DOMAIN_BUF] = "";

	(void)state;
	put(c, &row);
	row = row_of("a.example", "x");
	put(c, &row);
	row = row_of("later.example", "x");
	row.refresh++;
	put(c, &row);
	row = row_of("expired.example", "x");
	row.expires = NOW + DAY;
	put(c, &row);
	row = row_of("paused.example", "x");
	row.retry = NOW + DAY + 1;
	put(c, &row);
	row = (struct sts_row){ .domain = "failed.example", .token = "x" };
	put(c, &row);
	for (size_t i = 0; i < UNIT_LEN(want); i++) {
		UNIT_INT(
		    want[i], policy_cache_due(c, NOW + DAY, domain, domain), 0);
		UNIT_STR("due", domain, want[i]);
	}
	UNIT_INT("early", policy_cache_due(c, NOW, "", domain), 0);
	UNIT_STR("early", domain, "");
	policy_cache_close(c);
}

static void test_modes(void **state)
{
	struct policy_cache *c = open_cache(0, 0);
	struct sts_row row = row_of("a.example", "x");
	char name[160];
	struct stat st;

	(void)state;
	put(c, &row);
	UNIT_INT("file", stat(path, &st), 0);
	UNIT_INT("file", st.st_mode & 0777, 0600);
	(void)snprintf(name, sizeof(name), "%s-wal", path);
	UNIT_INT("log", stat(name, &st), 0);
	UNIT_INT("log", st.st_mode & 0777, 0600);
	(void)snprintf(name, sizeof(name), "%s/policy", state_dir);
	UNIT_INT("folder", stat(name, &st), 0);
	UNIT_INT("folder", st.st_mode & 0777, 0750);
	policy_cache_close(c);
}

/* Overwrites bytes of the file. */
static void write_at(off_t at, const char *data, size_t len)
{
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, at), len);
	(void)close(fd);
}

static void check_aside(const char *name, const char *suffix)
{
	char aside[160];
	struct stat st;

	(void)snprintf(aside, sizeof(aside), "%s.%s", path, suffix);
	UNIT_INT(name, stat(aside, &st), 0);
	UNIT_INT(name, unlink(aside), 0);
}

static void fill(unsigned n)
{
	struct policy_cache *c = open_cache(0, 0);
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < n; i++) {
		char domain[32];
		struct sts_row row;

		(void)snprintf(domain, sizeof(domain), "d%u.example", i);
		row = row_of(domain, text);
		put(c, &row);
	}
	policy_cache_close(c);
}

/* A file that is damaged is put aside, and all goes on. */
static void test_damage(void **state)
{
	static const struct {
		const char *name;
		off_t at;
		size_t len;
	} table[] = {
		{ "no database", 0, 16 },
		{ "the schema", 100, 200 },
		{ "a page", 4096, 4096 },
		{ "all of it", 0, 16384 },
	};

	static char junk[16384];

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	memset(junk, 0xa5, sizeof(junk));
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct sts_row row = row_of("new.example", "x");
		struct policy_cache *c;

		fill(20);
		write_at(table[i].at, junk, table[i].len);
		c = open_cache(0, 0);
		UNIT_UINT(table[i].name, policy_cache_counts(c).damaged, 1);
		UNIT_UINT(table[i].name, policy_cache_counts(c).rows, 0);
		UNIT_BOOL(table[i].name, has(c, "d1.example"), false);
		put(c, &row);
		policy_cache_close(c);
		check_aside(table[i].name, "damaged");
		c = open_cache(0, 0);
		UNIT_BOOL(table[i].name, has(c, "new.example"), true);
		policy_cache_close(c);
		(void)unlink(path);
	}
}

/* The same while it is open. */
static void test_damage_later(void **state)
{
	static char junk[65536];
	struct sts_row row = row_of("new.example", "x");
	struct policy_cache *c;
	struct stat st;

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	memset(junk, 0xa5, sizeof(junk));
	fill(LATER); /* more than what is kept in memory */
	assert_int_equal(stat(path, &st), 0);
	c = open_cache(0, 0);
	for (off_t at = 4096; at < st.st_size; at += 4096) {
		write_at(at, junk, 4096);
	}
	for (unsigned i = 0; i < LATER; i++) {
		char domain[32];

		(void)snprintf(domain, sizeof(domain), "d%u.example", i);
		(void)has(c, domain);
	}
	put(c, &row);
	UNIT_UINT("damage", policy_cache_counts(c).damaged, 1);
	UNIT_BOOL("new", has(c, "new.example"), true);
	policy_cache_close(c);
	check_aside("damage", "damaged");
}

static void test_version(void **state)
{
	struct policy_cache *c;
	sqlite3 *db = NULL;

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	fill(1);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL),
	    SQLITE_OK);
	(void)sqlite3_close(db);
	c = open_cache(0, 0);
	UNIT_BOOL("begun anew", has(c, "d0.example"), false);
	policy_cache_close(c);
	check_aside("version", "old");
}

/* What cannot be opened is an error, now and later, and no more than that. */
static void test_refused(void **state)
{
	const struct policy_cache_limits limits = { 0, 0 };
	struct policy_cache *c = NULL;
	struct sts_row row = row_of("a.example", "x");

	(void)state;
	fill(0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	UNIT_TRUE("open", policy_cache_open(state_dir, &limits, &c) < 0);
	UNIT_TRUE("open", policy_cache_error(c)[0] != '\0');
	UNIT_TRUE("put", policy_cache_put(c, &row) < 0);
	UNIT_TRUE("find", policy_cache_find(c, "a.example", arena, &row) < 0);
	UNIT_BOOL("find", sts_state_is_empty(&row), true);
	assert_int_equal(rmdir(path), 0);
	row = row_of("a.example", "x");
	put(c, &row);
	UNIT_BOOL("later", has(c, "a.example"), true);
	policy_cache_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_replace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_due, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_damage_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_version, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_refused, set_up, tear_down),
	};

	return UNIT_RUN(tests);
}
