/* SPDX-License-Identifier: BSD-2-Clause */
/* test_logfile.c - tests of common/logfile.c but logfile_seek() */

#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "tests/unit/logfile_sample.h"

/* Reads the file to its end; returns the number of lines. */
static unsigned check_lines(
    const char *name, const char *path, const struct strbuf *text)
{
	struct logfile *lf = open_log(path);
	struct logfile_line line;
	size_t start = 0;
	unsigned n = 0;

	while (start < text->len) {
		UNIT_INT(name, logfile_next(lf, &line), 1);
		check_line(name, &line, text, start);
		start = line.end;
		n++;
	}
	UNIT_INT(name, logfile_next(lf, &line), 0);
	UNIT_INT(name, logfile_next(lf, &line), 0);
	logfile_close(lf);
	return n;
}

static void test_small(void **state)
{
	static const struct {
		const char *name;
		const char *in;
		size_t len;
		unsigned want;
	} table[] = {
		{ "empty", "", 0, 0 },
		{ "one line", "abc\n", 4, 1 },
		{ "no line end", "abc", 3, 1 },
		{ "no final line end", "abc\nd", 5, 2 },
		{ "empty lines", "\n\n\n", 3, 3 },
		{ "CRLF", "abc\r\nd\r\n", 8, 2 },
		{ "CRLF, empty lines", "\r\n\r\n", 4, 2 },
		{ "mixed", "a\r\nb\nc\r\n", 8, 3 },
		{ "CR inside", "a\rb\n\rc\n", 7, 2 },
		{ "two CR", "a\r\r\n", 4, 1 },
		{ "NUL", "a\0b\n\0\n", 6, 2 },
		{ "8 bits", "\xff\xfe\n\x80", 4, 2 },
		{ "half a gzip magic", "\x1f", 1, 1 },
	};
	const struct place *p = *state;

	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct strbuf text;

		strbuf_init(&text, TEXT_MAX);
		strbuf_add(&text, table[i].in, table[i].len);
		for (int gz = 0; gz < 2; gz++) {
			write_log(p->path, &text, gz == 1);
			UNIT_UINT(table[i].name,
			    check_lines(table[i].name, p->path, &text),
			    table[i].want);
		}
		strbuf_release(&text);
	}
}

/* Lines around the longest, between short ones, and as the last. */
static void test_long(void **state)
{
	static const size_t lengths[] = { 4095, 4096, 4097, 65534, 65535, 65536,
		65537, 65538, 131071, 196608, 262143, 262144, 262145, 1 << 20 };
	static const char *const ends[] = { "\n", "\r\n", "" };
	const struct place *p = *state;

	for (size_t i = 0; i < 2 * UNIT_LEN(lengths) * UNIT_LEN(ends); i++) {
		size_t len = lengths[i / 2 / UNIT_LEN(ends)];
		const char *end = ends[i / 2 % UNIT_LEN(ends)];
		/* as the first line, it is as long as what is read at once */
		bool is_first = i % 2 == 1;
		char name[64];
		struct strbuf text;

		/* CR counts as long as it is not known to be a line's end */
		if (strcmp(end, "\r\n") == 0 && len == SYSLOG_LINE_MAX) {
			continue;
		}
		(void)snprintf(name, sizeof(name), "%zu bytes, end of %zu", len,
		    strlen(end));
		strbuf_init(&text, TEXT_MAX);
		if (!is_first) {
			add_line(&text, 10, "\n");
		}
		add_line(&text, len, "\n");
		add_line(&text, 20, "\n");
		add_line(&text, len, "\n");
		add_line(&text, len, end);
		for (int gz = 0; gz < 2; gz++) {
			write_log(p->path, &text, gz == 1);
			UNIT_UINT(name, check_lines(name, p->path, &text),
			    is_first ? 4 : 5);
		}
		strbuf_release(&text);
	}
}

/* "-" is standard input: a file, a pipe, compressed, empty. */
static void check_stdin(
    const char *path, const struct strbuf *text, bool compressed)
{
	int saved = dup(STDIN_FILENO);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct logfile *lf;

	assert_true(saved >= 0 && fd >= 0);
	assert_true(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	(void)close(fd);
	lf = open_log("-");
	UNIT_BOOL("compressed", logfile_is_compressed(lf), compressed);
	UNIT_INT("no time", logfile_mtime(lf), 0);
	logfile_close(lf);
	/* once more from its beginning */
	assert_int_equal(lseek(STDIN_FILENO, 0, SEEK_SET), 0);
	UNIT_TRUE("lines", check_lines("-", "-", text) <= LOG_LINES);
	assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
	(void)close(saved);
}

static void test_stdin(void **state)
{
	const struct place *p = *state;
	struct strbuf text;

	make_log(&text);
	for (int gz = 0; gz < 2; gz++) {
		write_log(p->path, &text, gz == 1);
		check_stdin(p->path, &text, gz == 1);
	}
	strbuf_clear(&text);
	write_log(p->path, &text, false);
	check_stdin(p->path, &text, false);
	strbuf_release(&text);
}

/* A pipe cannot be read twice, but what was read of it can. */
static void test_pipe(void **state)
{
	static const char in[] = "abc\ndef\n";
	int saved = dup(STDIN_FILENO);
	struct logfile_line line;
	struct logfile *lf;
	int fds[2];

	(void)state;
	assert_true(saved >= 0);
	assert_int_equal(pipe(fds), 0);
	assert_true(write(fds[1], in, strlen(in)) == (ssize_t)strlen(in));
	(void)close(fds[1]);
	assert_true(dup2(fds[0], STDIN_FILENO) == STDIN_FILENO);
	(void)close(fds[0]);
	lf = open_log("-");
	assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
	(void)close(saved);
	UNIT_UINT("size", logfile_size(lf), strlen(in));
	UNIT_INT("first", logfile_next(lf, &line), 1);
	UNIT_MEM("first", line.text.s, line.text.len, "abc", 3);
	UNIT_INT("second", logfile_next(lf, &line), 1);
	UNIT_MEM("second", line.text.s, line.text.len, "def", 3);
	UNIT_INT("end", logfile_next(lf, &line), 0);
	logfile_close(lf);
}

/* What cannot be opened, and compressed files that are broken. */
static void test_errors(void **state)
{
	const struct place *p = *state;
	struct logfile_line line;
	struct logfile *lf = (struct logfile *)(void *)&line; /* not NULL */
	struct strbuf text;
	struct strbuf gz;

	UNIT_INT("no file", logfile_open(p->path, &lf), -ENOENT);
	UNIT_TRUE("no file", lf == NULL);
	UNIT_INT("folder", logfile_open(p->dir, &lf), -EISDIR);
	UNIT_TRUE("folder", lf == NULL);
	logfile_close(NULL);
	make_log(&text);
	strbuf_init(&gz, TEXT_MAX);
	assert_int_equal(gzip_compress(text.s, text.len, &gz), 0);
	for (int k = 0; k < 2; k++) {
		int want = k == 0 ? ERR_SHORT : ERR_DAMAGED;
		int rc;

		/* without its last byte; with a wrong sum */
		if (k == 1) {
			gz.s[gz.len - 5] = gz.s[gz.len - 5] == 'a' ? 'b' : 'a';
		}
		write_file(p->path, gz.s, gz.len - (k == 0 ? 1 : 0));
		lf = open_log(p->path);
		while ((rc = logfile_next(lf, &line)) == 1) {
			check_line("before", &line, &text, line.start);
		}
		UNIT_INT("next", rc, want);
		UNIT_INT("next, again", logfile_next(lf, &line), want);
		logfile_close(lf);
		lf = open_log(p->path);
		UNIT_INT("seek", logfile_seek(lf, text.len + 1, 0), want);
		logfile_close(lf);
	}
	strbuf_release(&gz);
	strbuf_release(&text);
}

/* The time of the file, or of the text where the header of gzip tells it. */
static void test_mtime(void **state)
{
	static const struct timeval times[2] = { { .tv_sec = 1795347154 },
		{ .tv_sec = 1795347154 } };
	const struct place *p = *state;
	struct strbuf out;
	struct logfile *lf;

	write_file(p->path, "x\n", 2);
	assert_int_equal(utimes(p->path, times), 0);
	lf = open_log(p->path);
	UNIT_INT("plain", logfile_mtime(lf), 1795347154);
	UNIT_UINT("size", logfile_size(lf), 2);
	UNIT_BOOL("plain", logfile_is_compressed(lf), false);
	logfile_close(lf);

	strbuf_init(&out, TEXT_MAX);
	assert_int_equal(gzip_compress("x\n", 2, &out), 0);
	write_file(p->path, out.s, out.len);
	assert_int_equal(utimes(p->path, times), 0);
	lf = open_log(p->path);
	UNIT_INT("no time in the header", logfile_mtime(lf), 1795347154);
	UNIT_UINT("size", logfile_size(lf), out.len);
	UNIT_BOOL("compressed", logfile_is_compressed(lf), true);
	logfile_close(lf);

	/* 2026-11-22 00:00:00 */
	memcpy(out.s + 4, "\x80\x30\x02\x6b", 4);
	write_file(p->path, out.s, out.len);
	lf = open_log(p->path);
	UNIT_INT("time in the header", logfile_mtime(lf), 1795305600);
	logfile_close(lf);
	strbuf_release(&out);
}

/* How a log is opened: by name, or as a descriptor. */
static int open_by(int way, const char *path, struct logfile **out)
{
	int rc;
	int fd;

	if (way == 0) {
		return logfile_open(path, out);
	}
	fd = open(path, O_RDWR | O_NONBLOCK);
	if (fd < 0) {
		fd = open(path, O_RDONLY);
	}
	if (fd < 0) {
		return -errno;
	}
	rc = logfile_open_at(fd, out);
	(void)close(fd);
	return rc;
}

/*
 * What has a log's name need not be one. None of these may wait, or be read
 * for ever.
 */
static void test_types(void **state)
{
	static const struct {
		const char *name;
		int want[2]; /* of each way; 1: not tried, it would wait */
	} table[] = {
		{ "file", { 0, 0 } },
		{ "link", { 0, 0 } },
		{ "folder", { -EISDIR, -EISDIR } },
		{ "fifo", { 1, ERR_NOT_FILE } },
		{ "device", { 0, ERR_NOT_FILE } },
		{ "loop", { -ELOOP, -ELOOP } },
		{ "nothing", { -ENOENT, -ENOENT } },
	};
	const struct place *p = *state;

	assert_int_equal(chdir(p->dir), 0);
	assert_int_equal(close(open("file", O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(symlink("/dev/zero", "device"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		for (int way = 0; way < 2; way++) {
			struct logfile *lf = NULL;

			if (table[i].want[way] == 1) {
				continue;
			}
			UNIT_INT(table[i].name,
			    open_by(way, table[i].name, &lf),
			    table[i].want[way]);
			UNIT_BOOL(
			    table[i].name, lf != NULL, table[i].want[way] == 0);
			logfile_close(lf);
		}
	}
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_small, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stdin, setup, teardown),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mtime, setup, teardown),
		cmocka_unit_test_setup_teardown(test_types, setup, teardown),
	};

	return UNIT_RUN(tests);
}
