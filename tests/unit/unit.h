/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit.h - what every unit test includes: cmocka, and checks over tables.
 *
 * A test is one program of one group; its output is TAP, so a second call of
 * UNIT_RUN would spoil it:
 *
 *	static void test_parse(void **state)
 *	{
 *		static const struct {
 *			const char *name;
 *			const char *in;
 *			int want;
 *		} table[] = {
 *			{ "empty", "", ERR_PARSE },
 *			{ "one", "1", 1 },
 *		};
 *
 *		(void)state;
 *		for (size_t i = 0; i < UNIT_LEN(table); i++) {
 *			UNIT_INT(table[i].name, foo_parse(table[i].in),
 *			    table[i].want);
 *		}
 *	}
 *
 *	int main(void)
 *	{
 *		const struct CMUnitTest tests[] = {
 *			cmocka_unit_test(test_parse),
 *		};
 *
 *		return UNIT_RUN(tests);
 *	}
 *
 * A check that does not hold says "NAME: got X, want Y" and ends its test;
 * cmocka adds the file and the line. Each check evaluates its arguments once.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/view.h"

/* cmocka does not say it, and the analysers follow what cannot happen. */
/* NOLINTNEXTLINE(readability-redundant-declaration) */
void _fail(const char *file, int line) __attribute__((noreturn));

/* Number of elements of an array. */
#define UNIT_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Runs an array of struct CMUnitTest; main returns its value. */
#define UNIT_RUN(tests) cmocka_run_group_tests((tests), NULL, NULL)

/*
 * The checks. NAME is the name of the row of the table. Strings end in NUL,
 * and NULL is equal to NULL only; UNIT_MEM takes views (pointer, length);
 * UNIT_TRUE is for what the others cannot say.
 */
#define UNIT_INT(name, got, want)  UNIT_CHECK(unit_int((name), (got), (want)))
#define UNIT_UINT(name, got, want) UNIT_CHECK(unit_uint((name), (got), (want)))
#define UNIT_BOOL(name, got, want) UNIT_CHECK(unit_bool((name), (got), (want)))
#define UNIT_STR(name, got, want)  UNIT_CHECK(unit_str((name), (got), (want)))
#define UNIT_MEM(name, got, got_len, want, want_len) \
 UNIT_CHECK(unit_mem((name), (got), (got_len), (want), (want_len)))
#define UNIT_VIEW(name, got, want) UNIT_CHECK(unit_view((name), (got), (want)))
#define UNIT_TRUE(name, holds)     UNIT_CHECK(unit_true((name), (holds), #holds))

/* Ends the running test at the line of the check. */
#define UNIT_CHECK(holds) ((holds) ? (void)0 : _fail(__FILE__, __LINE__))

/* What follows compares, says what differs, and returns whether it is equal. */

static inline bool unit_int(const char *name, intmax_t got, intmax_t want)
{
	if (got != want) {
		print_error("%s: got %jd, want %jd\n", name, got, want);
	}
	return got == want;
}

static inline bool unit_uint(const char *name, uintmax_t got, uintmax_t want)
{
	if (got != want) {
		print_error("%s: got %ju, want %ju\n", name, got, want);
	}
	return got == want;
}

static inline bool unit_bool(const char *name, bool got, bool want)
{
	if (got != want) {
		print_error("%s: got %s, want %s\n", name,
		    got ? "true" : "false", want ? "true" : "false");
	}
	return got == want;
}

/* Control characters are escaped, so that no value can break the TAP. */
static inline void unit_print_bytes(const unsigned char *bytes, size_t len)
{
	print_error("\"");
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] >= 0x20 && bytes[i] < 0x7f) {
			print_error("%c", bytes[i]);
		} else {
			print_error("\\x%02x", bytes[i]);
		}
	}
	print_error("\"");
}

static inline void unit_print_str(const char *str)
{
	if (str == NULL) {
		print_error("NULL");
	} else {
		unit_print_bytes((const unsigned char *)str, strlen(str));
	}
}

static inline bool unit_str(const char *name, const char *got, const char *want)
{
	if (got == want ||
	    (got != NULL && want != NULL && strcmp(got, want) == 0)) {
		return true;
	}
	print_error("%s: got ", name);
	unit_print_str(got);
	print_error(", want ");
	unit_print_str(want);
	print_error("\n");
	return false;
}

static inline bool unit_mem(const char *name, const void *got, size_t got_len,
    const void *want, size_t want_len)
{
	if (got_len == want_len &&
	    (got_len == 0 || memcmp(got, want, got_len) == 0)) {
		return true;
	}
	print_error("%s: got ", name);
	unit_print_bytes(got, got_len);
	print_error(", want ");
	unit_print_bytes(want, want_len);
	print_error(" (%zu and %zu bytes)\n", got_len, want_len);
	return false;
}

static inline bool unit_view(
    const char *name, struct view got, const char *want)
{
	return unit_mem(name, got.s, got.len, want, strlen(want));
}

static inline bool unit_true(const char *name, bool holds, const char *text)
{
	if (!holds) {
		print_error("%s: does not hold: %s\n", name, text);
	}
	return holds;
}

/* What cannot be tried under valgrind is left out there. */
static inline bool unit_is_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

/* Writes the path of a file shipped in tests/ ("data/x") into buf. */
static inline void unit_src_path(char *buf, size_t size, const char *name)
{
	const char *top = getenv("TESTS_SRC");
	int len;

	len = snprintf(buf, size, "%s/%s", top == NULL ? "tests" : top, name);
	assert_true(len > 0 && (size_t)len < size);
}

/*
 * Where files are kept in memory, with more room than any test needs. Stores
 * wait for the disk often, and no unit test can pull its plug.
 */
static inline const char *unit_tmpdir_parent(void)
{
	static const char shm[] = "/dev/shm";
	struct statvfs fs;

	return access(shm, W_OK | X_OK) == 0 && statvfs(shm, &fs) == 0 &&
		(fs.f_bavail >> 20) * fs.f_frsize >= 1024 ?
	    shm :
	    "/tmp";
}

/*
 * Makes an empty directory for this test and writes its path into buf (64
 * bytes are enough). unit_tmpdir_remove removes it with all that is in it.
 */
static inline void unit_tmpdir_make(char *buf, size_t size)
{
	int len;

	len =
	    snprintf(buf, size, "%s/telltls-unit-XXXXXX", unit_tmpdir_parent());
	assert_true(len > 0 && (size_t)len < size);
	if (mkdtemp(buf) == NULL) {
		fail_msg("mkdtemp %s: %s", buf, strerror(errno));
	}
}

static inline int unit_tmpdir_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void unit_tmpdir_remove(const char *path)
{
	if (nftw(path, unit_tmpdir_remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0) {
		fail_msg("cannot remove %s: %s", path, strerror(errno));
	}
}

#endif
