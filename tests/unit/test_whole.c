/* SPDX-License-Identifier: BSD-2-Clause */
/* test_whole.c - tests common/whole.c */
#include "config.h"

#include <sys/wait.h>

#include "common/whole.h"
#include "tests/unit/unit.h"

static void test_pieces(void **state)
{
	static const struct {
		const char *name;
		const char *pieces[3]; /* written one by one */
		size_t size;
		const char *want;
	} rows[] = {
		{ "empty", { NULL }, 8, "" },
		{ "one", { "abc" }, 8, "abc" },
		{ "in pieces", { "ab", "c", "defg" }, 8, "abcdefg" },
		{ "to the last byte", { "abcd", "efgh" }, 8, "abcdefgh" },
		{ "more than there is room for", { "abcd", "efghi" }, 8,
		    "abcdefgh" },
		{ "no room", { "a" }, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		char buf[8];
		ssize_t n;
		int fd[2];

		UNIT_INT(rows[i].name, pipe(fd), 0);
		for (size_t k = 0; k < 3 && rows[i].pieces[k] != NULL; k++) {
			size_t len = strlen(rows[i].pieces[k]);

			UNIT_INT(rows[i].name,
			    write(fd[1], rows[i].pieces[k], len), (ssize_t)len);
		}
		(void)close(fd[1]);
		n = read_all(fd[0], buf, rows[i].size);
		UNIT_TRUE(rows[i].name, n >= 0);
		UNIT_MEM(rows[i].name, buf, (size_t)n, rows[i].want,
		    strlen(rows[i].want));
		(void)close(fd[0]);
	}
}

static void test_error(void **state)
{
	char buf[8];

	(void)state;
	UNIT_INT("no descriptor", read_all(-1, buf, sizeof(buf)), -EBADF);
	UNIT_INT("no descriptor", write_all(-1, "a", 1), -EBADF);
	UNIT_INT("nothing", write_all(-1, "a", 0), 0);
}

/* More than a pipe holds goes through it piece by piece. */
static void test_large(void **state)
{
	enum {
		SIZE = 1 << 20
	};

	char *from = malloc(SIZE);
	char *to = malloc(SIZE + 1);
	int fd[2];
	pid_t pid;

	(void)state;
	assert_non_null(from);
	assert_non_null(to);
	for (size_t i = 0; i < SIZE; i++) {
		from[i] = (char)(i % 251);
	}
	UNIT_INT("pipe", pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		_exit(write_all(fd[1], from, SIZE) == 0 ? 0 : 1);
	}
	(void)close(fd[1]);
	UNIT_INT("read", read_all(fd[0], to, SIZE + 1), SIZE);
	UNIT_TRUE("the same", memcmp(from, to, SIZE) == 0);
	UNIT_INT("writer", waitpid(pid, NULL, 0), pid);
	(void)close(fd[0]);
	free(from);
	free(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_large),
	};

	return UNIT_RUN(tests);
}
