/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mem.c - tests of common/mem.c */

#include "config.h"

#include <signal.h>
#include <sys/wait.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

static bool is_zero(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] != 0) {
			return false;
		}
	}
	return true;
}

static void test_heap(void **state)
{
	char *p = xmalloc(0);
	unsigned char *zeros;

	(void)state;
	assert_non_null(p);
	free(p);
	p = xcalloc(0, 0);
	assert_non_null(p);
	free(p);
	zeros = xcalloc(3, 100);
	UNIT_TRUE("calloc", is_zero(zeros, 300));
	memset(zeros, 'x', 300);
	zeros = xrealloc_array(zeros, 1000, 3);
	UNIT_MEM("realloc keeps", zeros, 4, "xxxx", 4);
	UNIT_INT("realloc keeps the last", zeros[299], 'x');
	zeros[2999] = 1;
	free(zeros);
	p = xrealloc_array(NULL, 0, 8);
	assert_non_null(p);
	free(p);
}

static void test_strings(void **state)
{
	char *p = xstrdup("abc");

	(void)state;
	UNIT_STR("strdup", p, "abc");
	free(p);
	p = xstrndup("abc", 2);
	UNIT_STR("strndup", p, "ab");
	free(p);
	/* it copies len bytes, whatever they are */
	p = xstrndup("a\0b", 3);
	UNIT_MEM("strndup, NUL", p, 4, "a\0b\0", 4);
	free(p);
	p = xstrndup(NULL, 0);
	UNIT_STR("strndup, nothing", p, "");
	free(p);
}

static void malloc_too_much(void)
{
	free(xmalloc(SIZE_MAX / 2));
}

static void calloc_overflow(void)
{
	free(xcalloc(SIZE_MAX / 4, 8));
}

static void realloc_overflow(void)
{
	free(xrealloc_array(NULL, SIZE_MAX / 4, 8));
}

static void arena_too_much(void)
{
	/* rounded up to the alignment, it is 0 */
	(void)arena_alloc(arena_new(), SIZE_MAX - 3);
}

/*
 * What cannot be had ends the program, here a child. By SIGABRT; but
 * AddressSanitizer exits before we see the NULL.
 */
static void test_abort(void **state)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} table[] = {
		{ "malloc", malloc_too_much },
		{ "calloc", calloc_overflow },
		{ "realloc", realloc_overflow },
		{ "arena", arena_too_much },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		int status = 0;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			/* neither cmocka nor the test's log is the child's */
			(void)signal(SIGABRT, SIG_DFL);
			if (freopen("/dev/null", "w", stderr) != NULL) {
				table[i].run();
			}
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		UNIT_TRUE(table[i].name,
		    WIFSIGNALED(status) ? WTERMSIG(status) == SIGABRT :
					  WEXITSTATUS(status) != 0);
	}
}

/* Sizes around the alignment and the block, twice round with a reset. */
static void test_arena(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 31, 4096, 16383,
		16384, 16385, 1, 100000, 7, 16000, 384, 385 };
	struct arena *a = arena_new();

	(void)state;
	for (int round = 0; round < 3; round++) {
		unsigned char *p[UNIT_LEN(sizes)];

		for (size_t i = 0; i < UNIT_LEN(sizes); i++) {
			p[i] = arena_alloc(a, sizes[i]);
			assert_non_null(p[i]);
			UNIT_UINT("alignment", (uintptr_t)p[i] % 16, 0);
			UNIT_TRUE("zeroed", is_zero(p[i], sizes[i]));
			memset(p[i], (int)i + 1, sizes[i]);
		}
		/* nobody wrote into another's bytes */
		for (size_t i = 0; i < UNIT_LEN(sizes); i++) {
			for (size_t j = 0; j < sizes[i]; j++) {
				UNIT_UINT("own bytes", p[i][j], i + 1);
			}
		}
		arena_reset(a);
	}
	arena_free(a);
}

/* A reset gives back the memory; more of them cost nothing. */
static void test_arena_reset(void **state)
{
	struct arena *a = arena_new();
	void *first;

	(void)state;
	arena_reset(a);
	first = arena_alloc(a, 8);
	for (int i = 0; i < 1000; i++) {
		arena_reset(a);
		arena_reset(a);
		UNIT_TRUE("same place", arena_alloc(a, 8) == first);
		(void)arena_alloc(a, 1 << 20);
	}
	arena_free(a);
	arena_free(arena_new());
	arena_free(NULL);
}

static void test_arena_copies(void **state)
{
	struct arena *a = arena_new();
	char text[] = "abc";
	struct view v;
	char *p;

	(void)state;
	p = arena_strndup(a, text, 2);
	v = arena_view(a, view_make(text, 3));
	memset(text, 'x', 3);
	UNIT_STR("strndup", p, "ab");
	UNIT_MEM("view", v.s, v.len, "abc", 3);
	p = arena_strndup(a, NULL, 0);
	UNIT_STR("nothing", p, "");
	v = arena_view(a, view_of(NULL));
	UNIT_UINT("empty view", v.len, 0);
	p = arena_strndup(a, "a\0b", 3);
	UNIT_MEM("NUL inside", p, 4, "a\0b\0", 4);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_arena_reset),
		cmocka_unit_test(test_arena_copies),
	};

	return UNIT_RUN(tests);
}
