/* SPDX-License-Identifier: BSD-2-Clause */
/* test_store_full.c - tests of common/store.c: full disks and limits of the system */

#include "config.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/unit/tally_kit.h"

/* Counts new facts until an error; commits now and then. */
static int fill(struct kit *k, uint64_t from, uint64_t to)
{
	for (uint64_t pos = from; pos <= to; pos++) {
		const struct mark mark = { pos, 0, 0, KIT_DAY };
		struct kit_fact f;
		int rc;

		kit_fact_make(&f, (unsigned)pos);
		rc = store_session(k->store, KIT_DAY, pos, &f.fact);
		if (rc == 0 && pos % 100 == 0) {
			rc = store_commit(k->store, &mark, &mark, false);
		}
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

/*
 * Fills until there is no room, makes room by more_room(), and goes on from
 * the mark: in the end all is there, once.
 */
static void fill_up(struct kit *k, int want, void (*more_room)(struct kit *k))
{
	const uint64_t n = 20000;
	struct kit_sum sum;
	uint64_t committed;
	int rc;

	kit_open(k, "sendmail");
	rc = fill(k, 1, n);
	UNIT_INT("no room", rc, want);
	UNIT_INT("it stays", fill(k, n, n), want);
	kit_sum(k, KIT_DAY, &sum);
	UNIT_UINT("damaged", sum.damaged, 0);
	UNIT_UINT("what was committed", sum.count % 100, 0);
	committed = sum.count;

	kit_open(k, "sendmail");
	UNIT_UINT("mark", k->rescan.pos, committed);
	rc = fill(k, committed + 1, n);
	UNIT_INT("still no room", rc, want);

	more_room(k);
	kit_open(k, "sendmail");
	UNIT_INT("room", fill(k, k->rescan.pos + 1, n), 0);
	kit_sum(k, KIT_DAY, &sum);
	UNIT_UINT("count", sum.count, n);
	UNIT_UINT("facts", sum.facts, n);
	UNIT_UINT("damaged", sum.damaged, 0);
}

static void remount(struct kit *k)
{
	assert_int_equal(
	    mount("tmpfs", k->state, "tmpfs", MS_REMOUNT, "size=64m"), 0);
}

static void test_full_disk(void **state)
{
	/* from no room for the front, to some for facts or for names */
	static const char *const size[] = { "size=260k", "size=400k",
		"size=700k", "size=1m", "size=1500k" };

	(void)state;
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0) {
		print_message("# no right to mount: left out\n");
		return;
	}
	for (size_t i = 0; i < UNIT_LEN(size); i++) {
		struct kit k;

		kit_init(&k);
		assert_int_equal(
		    mount("tmpfs", k.state, "tmpfs", 0, size[i]), 0);
		fill_up(&k, -ENOSPC, remount);
		kit_close(&k);
		assert_int_equal(umount(k.state), 0);
		kit_release(&k);
	}
}

/* Not even a file for the day. */
static void test_no_room_at_all(void **state)
{
	const struct store_limits limits = { 0, 0 };
	struct kit k;
	struct kit_fact f;
	struct kit_sum sum;

	(void)state;
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0) {
		print_message("# no right to mount: left out\n");
		return;
	}
	kit_init(&k);
	assert_int_equal(mount("tmpfs", k.state, "tmpfs", 0, "size=64k"), 0);
	kit_fact_make(&f, 1);
	kit_open(&k, "sendmail");
	UNIT_INT(
	    "session", store_session(k.store, KIT_DAY, 1, &f.fact), -ENOSPC);
	kit_close(&k);
	UNIT_INT("open", store_open(k.state, &limits, &k.store), 0);
	remount(&k);
	kit_open(&k, "sendmail");
	kit_count(&k, KIT_DAY, 1, 1);
	kit_commit(&k, 1, KIT_DAY);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("count", sum.count, 1);
	kit_close(&k);
	assert_int_equal(umount(k.state), 0);
	kit_release(&k);
}

static void set_file_limit(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void no_file_limit(struct kit *k)
{
	(void)k;
	set_file_limit(RLIM_INFINITY);
}

static void test_file_limit(void **state)
{
	static const rlim_t size[] = { 150000, 300000, 777777, 1000000 };
	struct rlimit was;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	if (was.rlim_max != RLIM_INFINITY) {
		print_message("# files are limited already: left out\n");
		return;
	}
	(void)signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < UNIT_LEN(size); i++) {
		struct kit k;

		kit_init(&k);
		set_file_limit(size[i]);
		fill_up(&k, -EFBIG, no_file_limit);
		kit_release(&k);
	}
	(void)signal(SIGXFSZ, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_no_room_at_all),
		cmocka_unit_test(test_file_limit),
	};

	return UNIT_RUN(tests);
}
