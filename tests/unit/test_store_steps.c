/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_store_steps.c - tests of common/store.c: killed before every single
 * store into its files
 */

#include "config.h"

#include "tests/unit/crash_kit.h"

#include "common/tally_layout.h"

enum {
	WATCHED = 2,
	WATCH_SIZE = 1 << 20, /* of the mappings: more than the files have */
	EDGE = 2048           /* bytes at each end of an extent */
};

/* The files of both days, as they are and as they were. */
struct watch {
	unsigned char *now[WATCHED]; /* mapped; not all of it is there */
	unsigned char *was[WATCHED];
};

static void watch_init(struct watch *w, const char *state)
{
	for (unsigned i = 0; i < WATCHED; i++) {
		char path[128];
		int fd;

		store_path(
		    state, KIT_DAY + 86400 * (int64_t)i, path, sizeof(path));
		fd = open(path, O_RDONLY);
		assert_true(fd >= 0);
		w->now[i] =
		    mmap(NULL, WATCH_SIZE, PROT_READ, MAP_SHARED, fd, 0);
		assert_true(w->now[i] != MAP_FAILED);
		(void)close(fd);
		w->was[i] = calloc(1, WATCH_SIZE);
		assert_non_null(w->was[i]);
	}
}

static void watch_release(struct watch *w)
{
	for (unsigned i = 0; i < WATCHED; i++) {
		(void)munmap(w->now[i], WATCH_SIZE);
		free(w->was[i]);
	}
}

/* Has a range changed? Takes down how it is now. */
static bool range_changed(struct watch *w, unsigned i, size_t at, size_t size)
{
	if (memcmp(w->was[i] + at, w->now[i] + at, size) == 0) {
		return false;
	}
	memcpy(w->was[i] + at, w->now[i] + at, size);
	return true;
}

/* Looks where something can change in so small a file. */
static bool watch_changed(struct watch *w)
{
	bool changed = false;

	for (unsigned i = 0; i < WATCHED; i++) {
		const struct tally_front *front = (void *)w->now[i];
		uint64_t n = front->word[TALLY_WORD_EXTENTS] & 0xff;

		changed |= range_changed(w, i, 0, 512);
		changed |= range_changed(
		    w, i, offsetof(struct tally_front, extent), 512);
		changed |= range_changed(
		    w, i, offsetof(struct tally_front, feed), 1024);
		changed |=
		    range_changed(w, i, offsetof(struct tally_front, redo),
			offsetof(struct tally_redo, entry) +
			    10 * sizeof(struct tally_redo_entry));
		for (uint64_t e = 0; e < n; e++) {
			size_t at = front->extent[e].offset;

			changed |= range_changed(w, i, at, EDGE);
			changed |= range_changed(
			    w, i, at + front->extent[e].size - EDGE, EDGE);
		}
	}
	return changed;
}

/* Goes on from what stands in the files now, in another folder. */
static void check_image(const char *state, const char *scratch,
    const struct crash_log *log, const char *want)
{
	for (unsigned i = 0; i < WATCHED; i++) {
		int64_t day = KIT_DAY + 86400 * (int64_t)i;
		unsigned char *data;
		char path[128];
		size_t size;
		char *text;

		store_path(state, day, path, sizeof(path));
		data = kit_read(path, &size);
		store_path(scratch, day, path, sizeof(path));
		kit_write(path, data, size);
		free(data);
		text = kit_dump_path(path, false);
		(void)snprintf(path, sizeof(path), "first=%" PRId64 " ", day);
		/* nothing happened at midnight: those times are not set yet */
		UNIT_TRUE("what a reader sees",
		    strstr(text, "damaged") == NULL &&
			strstr(text, "error") == NULL &&
			strstr(text, path) == NULL);
		free(text);
	}
	crash_check_rest("after a store", scratch, log, want);
}

/*
 * Stopped at every store into a file: new facts and names, for which the
 * extents must grow, and a commit to two days.
 */
static void test_each_store(void **state)
{
	const struct crash_log log = { .lines = 6,
		.facts = 1000,
		.commit = 1000000,
		.begin = KIT_NEXT - 3,
		.end = KIT_NEXT + 80,
		.prefill = true };
	struct crash_log begin = log;
	struct crash_log traced = log;
	unsigned images = 0;
	struct watch w;
	pid_t child;
	char *want;
	char dir[64];
	char scratch[64];

	(void)state;
	if (!crash_can_trace()) {
		print_message("# no right to trace: left out\n");
		return;
	}
	begin.lines = 0;
	traced.stop = true;
	want = crash_truth_of(&log);
	unit_tmpdir_make(dir, sizeof(dir));
	unit_tmpdir_make(scratch, sizeof(scratch));
	UNIT_INT("begin", crash_read_log(dir, &begin, NULL), 0);
	UNIT_INT("begin", crash_read_log(scratch, &begin, NULL), 0);
	watch_init(&w, dir);
	(void)watch_changed(&w);
	child = crash_start_traced(dir, &traced);
	while (crash_go_on(child, true)) {
		if (watch_changed(&w)) {
			check_image(dir, scratch, &log, want);
			images++;
		}
	}
	print_message("# %u stores\n", images);
	UNIT_TRUE("images", images > 150);
	crash_check_rest("in the end", dir, &log, want);
	watch_release(&w);
	free(want);
	unit_tmpdir_remove(dir);
	unit_tmpdir_remove(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_store),
	};

	return UNIT_RUN(tests);
}
