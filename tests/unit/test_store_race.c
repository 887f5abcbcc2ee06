/* SPDX-License-Identifier: BSD-2-Clause */
/* test_store_race.c - tests of common/store.c: readers beside the writer */

#include "config.h"

#include <sys/wait.h>

#include "tests/unit/tally_kit.h"

enum {
	EVENTS = 300000,
	FACTS = 3000
};

/*
 * Reads again and again until the day is sealed. Returns 0 if all that was
 * read was whole, and never less than before. (A feed is read as it is now;
 * facts that came after the opening are not.)
 */
static int read_until_sealed(const char *path)
{
	struct tally_info info = { 0 };
	uint64_t sessions = 0;
	uint64_t before = 0;
	unsigned rounds = 0;

	while (info.sealed == 0) {
		struct tally_fact fact;
		struct tally_feed feed;
		struct tally *t;
		uint64_t cursor = 0;
		uint64_t sum = 0;

		if (tally_open(path, &t) != 0) {
			return 1;
		}
		while (tally_next_fact(t, &cursor, &fact) == 1) {
			sum += fact.count;
			/* nothing happened in the first second */
			if (fact.first <= KIT_DAY || fact.first > fact.last) {
				return 2;
			}
		}
		/* the facts are of after the last round's feed */
		if (sum < before || sum < sessions) {
			return 3;
		}
		before = sum;
		cursor = 0;
		if (tally_next_feed(t, &cursor, &feed) == 1) {
			sessions = feed.counters[COUNTER_SESSIONS];
			/* they change in one commit */
			if (feed.applied != sessions ||
			    feed.rescan.pos != sessions) {
				return 4;
			}
		}
		tally_info(t, &info);
		tally_close(t);
		if (info.damaged + info.damaged_feeds > 0) {
			return 5;
		}
		rounds++;
	}
	return before == EVENTS && rounds > 1 ? 0 : 6;
}

static void test_readers(void **state)
{
	pid_t child[2];
	struct kit k;
	char path[128];

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	kit_commit(&k, 0, KIT_DAY);
	for (unsigned i = 0; i < 2; i++) {
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (child[i] == 0) {
			_exit(read_until_sealed(kit_path(&k, KIT_DAY, path)));
		}
	}
	for (unsigned i = 0; i < EVENTS; i++) {
		uint64_t pos = 1 + i;

		kit_count(&k, KIT_DAY + 1 + i % 86399, pos,
		    i * 7919 % (1 + i / (EVENTS / FACTS)));
		UNIT_INT("bump",
		    store_bump(k.store, KIT_DAY, pos, COUNTER_SESSIONS, 1), 0);
		if (pos % 100 == 0) {
			kit_commit(&k, pos, KIT_DAY);
		}
	}
	UNIT_INT("seal", store_seal(k.store, KIT_DAY, KIT_NEXT), 0);
	for (unsigned i = 0; i < 2; i++) {
		int status;

		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		UNIT_INT("reader", status, 0);
	}
	kit_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers),
	};

	return UNIT_RUN(tests);
}
