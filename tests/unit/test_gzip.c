/* SPDX-License-Identifier: BSD-2-Clause */
/* test_gzip.c - compressing, and reading what may be compressed */
#include "config.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "common/err.h"
#include "common/gzip.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

enum {
	TEXT_MAX = 8 * 1024 * 1024
};

/* Text of words and numbers: neither all the same nor noise. */
static void fill(struct strbuf *out, size_t len)
{
	unsigned x = 1;

	strbuf_init(out, TEXT_MAX);
	while (out->len < len) {
		x = x * 1103515245U + 12345U;
		strbuf_addf(out, "mx%u.example.net %u\n", x >> 28, x >> 16);
	}
	out->len = len;
}

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Reads to the end or an error, size bytes at a time; returns the last rc. */
static int read_all(struct gzip *g, size_t size, struct strbuf *out)
{
	char *buf = xmalloc(size);
	int n;

	strbuf_init(out, TEXT_MAX);
	while ((n = gzip_read(g, buf, size)) > 0) {
		strbuf_add(out, buf, (size_t)n);
	}
	/* it stays so */
	UNIT_INT("again", gzip_read(g, buf, size), n);
	free(buf);
	return n;
}

static int read_path(const char *path, size_t size, struct strbuf *out)
{
	struct gzip *g;
	int rc;

	UNIT_INT(path, gzip_open(path, &g), 0);
	rc = read_all(g, size, out);
	gzip_close(g);
	return rc;
}

static void test_round_trip(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 9, 511, 512, 513, 1000, 4096,
		32767, 32768, 32769, 65536, 1000000 };
	static const size_t steps[] = { 1, 7, 4096, 100000 };
	char dir[64];
	char path[128];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/a.gz", dir);
	for (size_t i = 0; i < UNIT_LEN(sizes); i++) {
		struct strbuf text;
		struct strbuf gz;
		struct strbuf again;

		fill(&text, sizes[i]);
		strbuf_init(&gz, TEXT_MAX);
		strbuf_init(&again, TEXT_MAX);
		UNIT_INT("compress", gzip_compress(text.s, text.len, &gz), 0);
		UNIT_INT("again", gzip_compress(text.s, text.len, &again), 0);
		UNIT_MEM("same bytes", again.s, again.len, gz.s, gz.len);
		/* RFC 1952: no name, no time */
		UNIT_MEM("header", gz.s, 8, "\x1f\x8b\x08\0\0\0\0\0", 8);
		if (sizes[i] >= 1000) {
			UNIT_TRUE("smaller", gz.len < text.len / 2);
		}
		write_file(path, gz.s, gz.len);
		for (size_t k = 0; k < UNIT_LEN(steps); k++) {
			struct strbuf got;

			UNIT_INT("read", read_path(path, steps[k], &got), 0);
			UNIT_MEM("text", got.s, got.len, text.s, text.len);
			strbuf_release(&got);
		}
		strbuf_release(&text);
		strbuf_release(&gz);
		strbuf_release(&again);
	}
	unit_tmpdir_remove(dir);
}

static void test_bound(void **state)
{
	struct strbuf text;
	struct strbuf gz;

	(void)state;
	fill(&text, 100000);
	strbuf_init(&gz, 1000);
	UNIT_INT("bound", gzip_compress(text.s, text.len, &gz), ERR_TOO_LONG);
	strbuf_release(&gz);
	strbuf_release(&text);
}

/* "hi\n" and "you\n", the first with name and time as gzip(1) does */
static const char one[] =
    "\x1f\x8b\x08\x08\x15\xcd\x5b\x07\x00\x03hi\x00"
    "\xcb\xc8\xe4\x02\x00\x7a\x7a\x6f\xed\x03\x00\x00\x00";
static const char two[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    "\xab\xcc\x2f\xe5\x02\x00\xba\xd8\x65\xc6\x04\x00\x00\x00";

#define LEN(member) (sizeof(member) - 1)

enum {
	ONE_TIME = 123456789
};

static const struct {
	const char *name;
	const char *parts[3];
	size_t lens[3];
	const char *want;
	int64_t mtime;
	int rc;
	bool compressed;
} shapes[] = {
	{ "empty", { "" }, { 0 }, "", 0, 0, false },
	{ "plain", { "plain text\n" }, { 11 }, "plain text\n", 0, 0, false },
	{ "one byte of the magic", { "\x1f" }, { 1 }, "\x1f", 0, 0, false },
	{ "two bytes of it", { "\x1f\x8b" }, { 2 }, "", 0, ERR_SHORT, true },
	{ "another method", { "\x1f\x8b\x07zzzzzzzzz" }, { 12 },
	    "\x1f\x8b\x07zzzzzzzzz", 0, 0, false },
	{ "one member", { one }, { LEN(one) }, "hi\n", ONE_TIME, 0, true },
	{ "no time", { two }, { LEN(two) }, "you\n", 0, 0, true },
	{ "two members", { one, two }, { LEN(one), LEN(two) }, "hi\nyou\n",
	    ONE_TIME, 0, true },
	{ "padding", { one, "\0\0\0\0\0\0\0" }, { LEN(one), 7 }, "hi\n",
	    ONE_TIME, 0, true },
	{ "padding between", { one, "\0\0", two }, { LEN(one), 2, LEN(two) },
	    "hi\nyou\n", ONE_TIME, 0, true },
	{ "text behind", { one, "Nov 21 00:00:00 x\n" }, { LEN(one), 18 },
	    "hi\n", ONE_TIME, ERR_DAMAGED, true },
	{ "second cut short", { one, two }, { LEN(one), 5 }, "hi\n", ONE_TIME,
	    ERR_SHORT, true },
};

/* Files that are no gzip, or gzip and more. */
static void test_shapes(void **state)
{
	char dir[64];
	char path[128];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/a", dir);
	for (size_t i = 0; i < UNIT_LEN(shapes); i++) {
		struct strbuf file;
		struct strbuf got;
		struct gzip *g;

		strbuf_init(&file, TEXT_MAX);
		for (size_t k = 0; k < 3; k++) {
			strbuf_add(
			    &file, shapes[i].parts[k], shapes[i].lens[k]);
		}
		write_file(path, strbuf_str(&file), file.len);
		UNIT_INT(shapes[i].name, gzip_open(path, &g), 0);
		UNIT_BOOL(shapes[i].name, gzip_is_compressed(g),
		    shapes[i].compressed);
		UNIT_INT(shapes[i].name, gzip_mtime(g), shapes[i].mtime);
		UNIT_INT(shapes[i].name, read_all(g, 4, &got), shapes[i].rc);
		UNIT_STR(shapes[i].name, strbuf_str(&got), shapes[i].want);
		gzip_close(g);
		strbuf_release(&file);
		strbuf_release(&got);
	}
	unit_tmpdir_remove(dir);
}

/* Cut at any place: what is whole is given, then ERR_SHORT. */
static void test_cut(void **state)
{
	struct strbuf text;
	struct strbuf gz;
	char dir[64];
	char path[128];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/a.gz", dir);
	fill(&text, 3000);
	strbuf_init(&gz, TEXT_MAX);
	UNIT_INT("compress", gzip_compress(text.s, text.len, &gz), 0);
	for (size_t n = 2; n < gz.len; n++) {
		struct strbuf got;

		write_file(path, gz.s, n);
		UNIT_INT("cut", read_path(path, 512, &got), ERR_SHORT);
		UNIT_TRUE("beginning", got.len <= text.len);
		UNIT_MEM("beginning", got.s, got.len, text.s, got.len);
		if (n > gz.len / 2 + 20) {
			UNIT_TRUE("some of it", got.len > text.len / 3);
		}
		strbuf_release(&got);
	}
	strbuf_release(&text);
	strbuf_release(&gz);
	unit_tmpdir_remove(dir);
}

/* A flipped bit never gives other text as if it were whole. */
static void test_flip(void **state)
{
	struct strbuf text;
	struct strbuf gz;
	unsigned n_damaged = 0;
	char dir[64];
	char path[128];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/a.gz", dir);
	fill(&text, 300);
	strbuf_init(&gz, TEXT_MAX);
	UNIT_INT("compress", gzip_compress(text.s, text.len, &gz), 0);
	for (size_t bit = 24; bit < gz.len * 8; bit++) {
		struct strbuf got;
		int rc;

		gz.s[bit / 8] = (char)(gz.s[bit / 8] ^ (1 << bit % 8));
		write_file(path, gz.s, gz.len);
		rc = read_path(path, 4096, &got);
		if (rc == 0) { /* a bit of the header that means nothing */
			UNIT_TRUE("header", bit < 80);
			UNIT_MEM("text", got.s, got.len, text.s, text.len);
		} else {
			UNIT_TRUE(
			    "error", rc == ERR_DAMAGED || rc == ERR_SHORT);
			n_damaged++;
		}
		gz.s[bit / 8] = (char)(gz.s[bit / 8] ^ (1 << bit % 8));
		strbuf_release(&got);
	}
	UNIT_TRUE("most", n_damaged > (gz.len - 12) * 8);
	strbuf_release(&text);
	strbuf_release(&gz);
	unit_tmpdir_remove(dir);
}

static void test_no_file(void **state)
{
	struct gzip *g;
	char dir[64];
	char path[128];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/none", dir);
	UNIT_INT("none", gzip_open(path, &g), -ENOENT);
	UNIT_TRUE("none", g == NULL);
	UNIT_INT("a folder", gzip_open(dir, &g), -EISDIR);
	UNIT_TRUE("a folder", g == NULL);
	UNIT_INT("bad descriptor", gzip_open_take(-1, &g), -EBADF);
	UNIT_TRUE("bad descriptor", g == NULL);
	gzip_close(NULL);
	unit_tmpdir_remove(dir);
}

/* One octet at a time, as a slow pipe may give them. */
static void test_pieces(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		int64_t mtime;
		const char *want;
	} table[] = {
		{ "Plain text", 10, 0, "Plain text" },
		{ one, LEN(one), ONE_TIME, "hi\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct gzip *g;
		struct strbuf got;
		int fds[2];

		/* keeps what was written apart for the reader */
		assert_int_equal(
		    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
		for (size_t k = 0; k < table[i].len; k++) {
			assert_int_equal(
			    write(fds[1], table[i].data + k, 1), 1);
		}
		(void)close(fds[1]);
		UNIT_INT("open", gzip_open_take(fds[0], &g), 0);
		UNIT_INT("mtime", gzip_mtime(g), table[i].mtime);
		UNIT_INT("read", read_all(g, 3, &got), 0);
		UNIT_STR("text", got.s, table[i].want);
		gzip_close(g);
		UNIT_INT("closed", fcntl(fds[0], F_GETFD), -1);
		strbuf_release(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flip),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_pieces),
	};

	return UNIT_RUN(tests);
}
