/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_noted_damage.c - tests common/noted_file.c: files that are damaged, of
 * another version, or no files; and that no queue id stands in a file
 */

#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/log.h"
#include "tests/unit/noted_kit.h"

#define AT(member) offsetof(struct noted_layout, member)

/* Changes one byte of the file. */
static void change(const char *path, size_t at)
{
	unsigned char c;
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
	c ^= 0x10;
	assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
	assert_int_equal(close(fd), 0);
}

static void path_of(char out[128], const char *name)
{
	assert_true(snprintf(out, 128, "%s/%s", dir, name) < 128);
}

static void make(void)
{
	struct noted *n = open_notes(true);

	for (unsigned i = 0; i < 1000; i++) {
		add(n, i, NOTED_TLS_REQUIRED, T0);
	}
	noted_bump(n, NOTED_NOTES, 1000);
	noted_close(n);
}

/* The file is bad: a reader says so, a writer makes it anew. */
static void check_bad(const char *name, int want)
{
	struct noted *n = NULL;
	struct stat st;
	char bad[128];

	path_of(bad, "notes.bad");
	UNIT_INT(name, noted_open(dir, false, &n), want);
	UNIT_INT(name, noted_open(dir, true, &n), 0);
	UNIT_UINT(name, find(n, 1, T0), 0);
	UNIT_UINT(name, noted_get(n, NOTED_NOTES), 0);
	UNIT_UINT(name, noted_get(n, NOTED_REMADE), 1);
	add(n, 1, NOTED_OWN_REPORT, T0);
	UNIT_UINT(name, find(n, 1, T0), NOTED_OWN_REPORT);
	noted_close(n);
	UNIT_INT(name, lstat(bad, &st), 0);
}

static void test_head(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		int want;
	} table[] = {
		{ "magic", AT(head.magic), ERR_DAMAGED },
		{ "byte order", AT(head.byte_order), ERR_VERSION },
		{ "version", AT(head.version), ERR_VERSION },
		{ "slots", AT(head.slots), ERR_DAMAGED },
		{ "key", AT(head.key[3]) + 7, ERR_DAMAGED },
		{ "salt", AT(head.salt), ERR_DAMAGED },
		{ "check", AT(head.check), ERR_DAMAGED },
		{ "a counter", AT(counter[NOTED_NOTES]), ERR_DAMAGED },
		{ "a counter that is not used",
		    AT(counter[NOTED_COUNTER_ROOM - 1]), ERR_DAMAGED },
	};

	char path[128];

	(void)state;
	path_of(path, "notes");
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		(void)unlink(path);
		make();
		change(path, table[i].at);
		check_bad(table[i].name, table[i].want);
	}
}

static void test_no_file(void **state)
{
	char path[128];

	(void)state;
	path_of(path, "notes");
	make();
	assert_int_equal(
	    truncate(path, (off_t)sizeof(struct noted_layout) - 1), 0);
	check_bad("cut short", ERR_SHORT);
	assert_int_equal(truncate(path, 0), 0);
	check_bad("empty", ERR_SHORT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	check_bad("a pipe", ERR_DAMAGED);
}

/* Left by one that died: it is in nobody's way. */
static void test_left_over(void **state)
{
	struct noted *n;
	char path[128];
	FILE *f;

	(void)state;
	path_of(path, "notes.new");
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	n = open_notes(true);
	UNIT_UINT("not remade", noted_get(n, NOTED_REMADE), 0);
	noted_close(n);
	UNIT_INT("gone", access(path, F_OK), -1);
}

/* A bad slot loses its message and no other. */
static void test_slots(void **state)
{
	unsigned changed = 0;
	unsigned known = 0;
	struct noted *n;
	char path[128];

	(void)state;
	path_of(path, "notes");
	make();
	for (unsigned i = 0; i < NOTED_SLOTS; i += 3) {
		/* the word, the key, the check; 4 bytes are never all zero */
		change(path,
		    AT(slot) + i * sizeof(struct noted_slot) +
			(size_t)(i / 3 % 8) * 4 + 1);
		changed++;
	}
	for (unsigned round = 0; round < 2; round++) {
		/* first a reader, then the writer */
		n = open_notes(round == 1);
		known = 0;
		for (unsigned i = 0; i < 1000; i++) {
			unsigned kinds = find(n, i, T0);

			UNIT_TRUE("as it was or nothing",
			    kinds == 0 || kinds == NOTED_TLS_REQUIRED);
			known += kinds != 0;
		}
		UNIT_TRUE("most are known", known > 600 && known < 720);
		noted_close(n);
	}
	n = open_notes(true);
	UNIT_TRUE("counted",
	    noted_get(n, NOTED_DAMAGED) >= 1000 - known &&
		noted_get(n, NOTED_DAMAGED) <= changed);
	UNIT_UINT("not remade", noted_get(n, NOTED_REMADE), 0);
	for (unsigned i = 0; i < 1000; i++) {
		add(n, i, NOTED_OWN_REPORT, T0);
		UNIT_UINT("again", find(n, i, T0), NOTED_OWN_REPORT);
	}
	noted_close(n);
}

/* Nobody learns from a file which messages there were. */
static void test_no_ids(void **state)
{
	static char text[2][sizeof(struct noted_layout)];
	char path[128];

	(void)state;
	path_of(path, "notes");
	for (unsigned i = 0; i < 2; i++) {
		FILE *f;

		(void)unlink(path);
		make();
		f = fopen(path, "rb");
		assert_non_null(f);
		assert_int_equal(
		    fread(text[i], 1, sizeof(text[i]), f), sizeof(text[i]));
		assert_int_equal(fclose(f), 0);
	}
	UNIT_TRUE("no id",
	    view_find(view_make(text[0], sizeof(text[0])), "6AMBWY") ==
		sizeof(text[0]));
	UNIT_TRUE("another key",
	    memcmp(text[0] + AT(head.key), text[1] + AT(head.key), 48) != 0);
	UNIT_TRUE("other places",
	    memcmp(text[0] + AT(slot), text[1] + AT(slot),
		sizeof(text[0]) - AT(slot)) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_head, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_left_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_ids, setup, teardown),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return UNIT_RUN(tests);
}
