/* SPDX-License-Identifier: BSD-2-Clause */
/* test_store_seal.c - tests of common/store.c: sealed days, late sessions */

#include "config.h"

#include "tests/unit/tally_kit.h"

static void test_seal(void **state)
{
	struct policy policy = { .domain = view_of("d.example"),
		.content = view_of("{}") };
	struct kit k;
	struct kit_sum sum;
	struct stat before;
	struct stat after;
	char path[128];

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	UNIT_INT("no such day", store_seal(k.store, KIT_DAY, KIT_NEXT),
	    ERR_NOT_FOUND);
	for (unsigned i = 0; i < 300; i++) {
		kit_count(&k, KIT_DAY, 1 + i, i);
	}
	assert_int_equal(stat(kit_path(&k, KIT_DAY, path), &before), 0);
	UNIT_INT("seal", store_seal(k.store, KIT_DAY, KIT_NEXT + 600), 0);
	UNIT_INT("again", store_seal(k.store, KIT_DAY, KIT_NEXT + 601), 0);
	assert_int_equal(stat(path, &after), 0);
	UNIT_TRUE("cut", after.st_size < before.st_size);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("sealed", sum.sealed, KIT_NEXT + 600);
	UNIT_UINT("the batch was committed", sum.count, 300);

	kit_count(&k, KIT_DAY, 400, 0);
	kit_count(&k, KIT_DAY, 401, 999);
	kit_count(&k, KIT_NEXT, 402, 1);
	UNIT_INT(
	    "bump", store_bump(k.store, KIT_DAY, 403, COUNTER_LINES, 2), 0);
	UNIT_INT("policy", store_policy(k.store, KIT_DAY, &policy), ERR_SEALED);
	kit_commit(&k, 403, KIT_DAY);
	/* and once more from the beginning */
	kit_open(&k, "sendmail");
	for (unsigned i = 0; i < 402; i++) {
		kit_count(&k, KIT_DAY, 1 + i, i);
	}
	kit_commit(&k, 403, KIT_DAY);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("count", sum.count, 300);
	UNIT_UINT("facts", sum.facts, 300);
	UNIT_UINT("late", sum.counters[COUNTER_LATE], 2);
	UNIT_UINT("lines", sum.counters[COUNTER_LINES], 2);
	UNIT_UINT("damaged", sum.damaged, 0);
	kit_sum(&k, KIT_NEXT, &sum);
	UNIT_UINT("next day", sum.count, 1);
	kit_release(&k);
}

/* Nothing that is in use is cut off, whatever stands last in the file. */
static void test_seal_cuts(void **state)
{
	static const struct {
		const char *name;
		unsigned facts;
		size_t verdict; /* bytes of a name in each fact */
		bool policy;
	} table[] = {
		{ "facts last", 300, 1, false },
		{ "names last", 60, 500, false },
		{ "policy last", 3, 1, true },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct policy policy = { .domain = view_of("d.example"),
			.content = view_of("{}") };
		struct fact f = { .domain = view_of("d.example") };
		char text[500];
		struct kit k;
		char *before;
		char *after;

		kit_init(&k);
		kit_open(&k, "sendmail");
		for (unsigned n = 0; n < table[i].facts; n++) {
			memset(text, 'a' + (int)(n % 26), sizeof(text));
			text[0] = (char)('A' + n / 26);
			f.verdict = view_make(text, table[i].verdict);
			f.ip.b[0] = 1;
			f.ip.b[14] = (uint8_t)(n >> 8);
			f.ip.b[15] = (uint8_t)n;
			UNIT_INT("session",
			    store_session(k.store, KIT_DAY, 1 + n, &f), 0);
		}
		if (table[i].policy) {
			UNIT_INT("policy",
			    store_policy(k.store, KIT_DAY, &policy), 0);
		}
		kit_commit(&k, 1000, KIT_DAY);
		before = kit_dump(&k, KIT_DAY, true);
		UNIT_INT("seal", store_seal(k.store, KIT_DAY, 1), 0);
		after = kit_dump(&k, KIT_DAY, true);
		UNIT_TRUE(table[i].name, strstr(after, "damaged") == NULL);
		/* but for the line that tells of the seal */
		UNIT_UINT(table[i].name, strlen(after), strlen(before));
		free(before);
		free(after);
		kit_release(&k);
	}
}

/* A mark may have to go to a day that is sealed. */
static void test_marks_of_sealed(void **state)
{
	struct kit k;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	kit_count(&k, KIT_DAY, 1, 0);
	UNIT_INT("seal", store_seal(k.store, KIT_DAY, KIT_NEXT + 600), 0);
	kit_commit(&k, 50, KIT_NEXT);
	kit_open(&k, "sendmail");
	UNIT_UINT("mark", k.rescan.pos, 50);
	kit_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_seal_cuts),
		cmocka_unit_test(test_marks_of_sealed),
	};

	return UNIT_RUN(tests);
}
