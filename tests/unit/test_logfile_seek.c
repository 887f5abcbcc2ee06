/* SPDX-License-Identifier: BSD-2-Clause */
/* test_logfile_seek.c - tests of logfile_seek(), _hash() and _begins() */

#include "config.h"

#include "tests/unit/logfile_sample.h"

/* The places of a log: where each of its lines begins, and its end. */
struct places {
	size_t n;
	uint64_t off[LOG_LINES + 1];
	uint64_t hash[LOG_LINES + 1];
};

static void find_places(const char *path, struct places *places)
{
	struct logfile *lf = open_log(path);
	struct logfile_line line = { .end = 0 };
	uint64_t hash = logfile_hash(lf, 0);
	size_t n = 0;

	while (logfile_next(lf, &line) == 1) {
		assert_true(n < LOG_LINES);
		/* where one ends, the next one begins */
		UNIT_UINT("hash", logfile_hash(lf, line.start), hash);
		places->off[n] = line.start;
		places->hash[n++] = hash;
		hash = logfile_hash(lf, line.end);
	}
	places->off[n] = line.start;
	places->hash[n++] = hash;
	places->n = n;
	logfile_close(lf);
}

/* From a place the same line follows. */
static void check_place(const char *path, const struct strbuf *text,
    const struct places *places, size_t i)
{
	size_t off = (size_t)places->off[i];
	struct logfile_line line;
	struct logfile *lf;
	char name[32];

	(void)snprintf(name, sizeof(name), "place %zu", i);
	lf = open_log(path);
	UNIT_INT(name, logfile_seek(lf, off, places->hash[i]), 1);
	UNIT_UINT(name, logfile_hash(lf, off), places->hash[i]);
	UNIT_INT(name, logfile_next(lf, &line), off < text->len ? 1 : 0);
	if (off < text->len) {
		check_line(name, &line, text, off);
		UNIT_UINT(name, logfile_hash(lf, line.start), places->hash[i]);
		UNIT_UINT(
		    name, logfile_hash(lf, line.end), places->hash[i + 1]);
	}
	logfile_close(lf);
	lf = open_log(path);
	UNIT_INT(name, logfile_seek(lf, off, places->hash[i] ^ 1), 0);
	logfile_close(lf);
}

static void test_seek(void **state)
{
	const struct place *p = *state;
	struct places plain = { 0 };
	struct places places = { 0 };
	struct strbuf text;

	make_log(&text);
	write_log(p->path, &text, false);
	find_places(p->path, &plain);
	UNIT_UINT("all lines", plain.n, LOG_LINES + 1);
	for (int gz = 0; gz < 2; gz++) {
		write_log(p->path, &text, gz == 1);
		find_places(p->path, &places);
		UNIT_MEM("the same places", &places, sizeof(places), &plain,
		    sizeof(plain));
		for (size_t i = 0; i < places.n; i++) {
			check_place(p->path, &text, &places, i);
		}
	}
	strbuf_release(&text);
}

static int seek(const char *path, uint64_t off, uint64_t hash)
{
	struct logfile *lf = open_log(path);
	int rc = logfile_seek(lf, off, hash);

	logfile_close(lf);
	return rc;
}

/* A byte that changed in the window before a place: it is not found. */
static void test_seek_changed(void **state)
{
	static const size_t back[] = { 1, 2, 100, LOGFILE_WINDOW - 1,
		LOGFILE_WINDOW };
	const struct place *p = *state;
	struct places places = { 0 };
	struct strbuf text;

	make_log(&text);
	write_log(p->path, &text, false);
	find_places(p->path, &places);
	for (size_t i = 0; i < places.n; i += 3) {
		size_t off = (size_t)places.off[i];

		for (size_t j = 0; j < UNIT_LEN(back); j++) {
			if (back[j] > off) {
				continue;
			}
			text.s[off - back[j]] ^= 1;
			write_log(p->path, &text, false);
			UNIT_INT("changed in the window",
			    seek(p->path, off, places.hash[i]), 0);
			text.s[off - back[j]] ^= 1;
		}
		if (off > LOGFILE_WINDOW) {
			text.s[off - LOGFILE_WINDOW - 1] ^= 1;
			write_log(p->path, &text, false);
			UNIT_INT("changed before the window",
			    seek(p->path, off, places.hash[i]), 1);
			text.s[off - LOGFILE_WINDOW - 1] ^= 1;
		}
	}
	strbuf_release(&text);
}

/* Files that are shorter, longer, others. */
static void test_seek_other(void **state)
{
	const struct place *p = *state;
	struct places places = { 0 };
	struct strbuf text;
	size_t off;
	uint64_t hash;

	make_log(&text);
	write_log(p->path, &text, false);
	find_places(p->path, &places);
	off = (size_t)places.off[places.n - 2];
	hash = places.hash[places.n - 2];
	UNIT_INT("behind the end", seek(p->path, text.len + 1, hash), 0);
	UNIT_INT("far behind the end", seek(p->path, UINT64_MAX, hash), 0);
	UNIT_INT("another place", seek(p->path, off - 1, hash), 0);
	write_file(p->path, text.s, off);
	UNIT_INT("cut there", seek(p->path, off, hash), 1);
	write_file(p->path, text.s, off - 1);
	UNIT_INT("cut before", seek(p->path, off, hash), 0);
	write_file(p->path, text.s + 1, text.len - 1);
	UNIT_INT("moved", seek(p->path, off, hash), 0);
	UNIT_INT("moved, there", seek(p->path, off - 1, hash), 1);
	write_file(p->path, "", 0);
	UNIT_INT("empty", seek(p->path, off, hash), 0);
	UNIT_INT("empty, the beginning", seek(p->path, 0, places.hash[0]), 1);
	UNIT_INT("empty, another hash", seek(p->path, 0, hash), 0);
	strbuf_release(&text);
}

/* What was looked at is what is read, whatever becomes of the file. */
static void test_begins(void **state)
{
	static const char text[] = "first line\nsecond line\nthird";

	static const struct {
		const char *name;
		const char *want;
		int rc;
	} table[] = {
		{ "nothing", "", 1 },
		{ "a line", "first line\n", 1 },
		{ "all", text, 1 },
		{ "another", "first lime\n", 0 },
		{ "more than there is", "first line\nsecond line\nthird\n", 0 },
	};
	const struct place *p = *state;

	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct logfile_line line;
		struct logfile *lf;

		write_file(p->path, text, sizeof(text) - 1);
		lf = open_log(p->path);
		UNIT_INT(table[i].name,
		    logfile_begins(lf, table[i].want, strlen(table[i].want)),
		    table[i].rc);
		if (table[i].want[0] != '\0') {
			write_file(p->path, "", 0);
		}
		UNIT_INT(table[i].name, logfile_next(lf, &line), 1);
		UNIT_MEM(table[i].name, line.text.s, line.text.len,
		    "first line", 10);
		logfile_close(lf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_begins, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seek, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_seek_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_seek_other, setup, teardown),
	};

	return UNIT_RUN(tests);
}
