/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logfile_sample.h - logs on the disk, and what must be read from them; for
 * test_logfile.c and test_logfile_seek.c.
 */
#ifndef TESTS_UNIT_LOGFILE_SAMPLE_H
#define TESTS_UNIT_LOGFILE_SAMPLE_H

#include "common/err.h"
#include "common/gzip.h"
#include "common/logfile.h"
#include "common/strbuf.h"
#include "common/syslog_line.h"
#include "tests/unit/unit.h"

enum {
	PATH_BUF = 128,
	TEXT_MAX = 1 << 24
};

/* A folder for each test, and the file in it. */
struct place {
	char dir[64];
	char path[PATH_BUF];
};

static inline int setup(void **state)
{
	struct place *p = malloc(sizeof(*p));

	assert_non_null(p);
	unit_tmpdir_make(p->dir, sizeof(p->dir));
	(void)snprintf(p->path, sizeof(p->path), "%s/log", p->dir);
	*state = p;
	return 0;
}

static inline int teardown(void **state)
{
	struct place *p = *state;

	unit_tmpdir_remove(p->dir);
	free(p);
	return 0;
}

static inline void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_true(fwrite(data, 1, len, f) == len);
	assert_int_equal(fclose(f), 0);
}

/* The same text, plain or compressed; in two members, as after an append. */
static inline void write_log(
    const char *path, const struct strbuf *text, bool compressed)
{
	size_t half = text->len / 2;
	struct strbuf out;

	if (!compressed) {
		write_file(path, strbuf_str(text), text->len);
		return;
	}
	strbuf_init(&out, TEXT_MAX);
	assert_int_equal(gzip_compress(strbuf_str(text), half, &out), 0);
	assert_int_equal(
	    gzip_compress(strbuf_str(text) + half, text->len - half, &out), 0);
	write_file(path, out.s, out.len);
	strbuf_release(&out);
}

/* Adds a line of len bytes: "abc...". */
static inline void add_line(struct strbuf *b, size_t len, const char *end)
{
	for (size_t i = 0; i < len; i++) {
		strbuf_addc(b, (char)('a' + (i + b->len) % 26));
	}
	strbuf_adds(b, end);
}

static inline struct logfile *open_log(const char *path)
{
	struct logfile *lf = NULL;
	int rc = logfile_open(path, &lf);

	if (rc != 0) {
		fail_msg("%s: %s", path, err_text(rc));
	}
	assert_non_null(lf);
	return lf;
}

/* What the next line must be, from the text alone. */
static inline void check_line(const char *name, const struct logfile_line *line,
    const struct strbuf *text, size_t start)
{
	const char *s = strbuf_str(text) + start;
	const char *end = memchr(s, '\n', text->len - start);
	size_t len = end != NULL ? (size_t)(end - s) : text->len - start;
	bool is_long = len > SYSLOG_LINE_MAX;

	UNIT_UINT(name, line->start, start);
	UNIT_UINT(name, line->end, start + len + (end != NULL ? 1 : 0));
	UNIT_BOOL(name, line->is_complete, end != NULL);
	UNIT_BOOL(name, line->is_long, is_long);
	if (is_long) {
		UNIT_UINT(name, line->text.len, 0);
		return;
	}
	if (len > 0 && s[len - 1] == '\r') {
		len--;
	}
	UNIT_MEM(name, line->text.s, line->text.len, s, len);
}

enum {
	LOG_LINES = 29
};

/* A log of lines of all kinds, 1 MB. */
static inline void make_log(struct strbuf *text)
{
	static const size_t lengths[] = { 0, 1, 80, 950, 4000, 200, 65535,
		65536, 70000, 30, 100000, 65537, 5 };
	unsigned long seed = 1;

	strbuf_init(text, TEXT_MAX);
	for (size_t i = 0; i < LOG_LINES - 3; i++) {
		seed = (seed * 1103515245 + 12345) & 0x7fffffff;
		add_line(text,
		    lengths[i % UNIT_LEN(lengths)] +
			(i % 7 == 0 ? seed % 9 : 0),
		    i % 5 == 0 ? "\r\n" : "\n");
	}
	add_line(text, 300000, "\n");
	add_line(text, 77, "\n");
	add_line(text, 33, "");
}

#endif
