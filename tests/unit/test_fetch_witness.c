/* SPDX-License-Identifier: BSD-2-Clause */
/* test_fetch_witness.c - tests lookup/fetch_witness.c */
#include "config.h"

#include "lookup/fetch_witness.h"
#include "tests/unit/unit.h"

enum {
	NOW = 1790000000,
	LAST = FETCH_WITNESS_HOSTS - 1
};

/* When a success speaks for us. */
static void test_time(void **state)
{
	static const struct {
		const char *name;
		int64_t good_at;
		bool want;
	} table[] = {
		{ "never", 0, false },
		{ "now", NOW, true },
		{ "a day ago", NOW - FETCH_WITNESS_S, true },
		{ "longer ago", NOW - FETCH_WITNESS_S - 1, false },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct fetch_witness w = { .good_at = table[i].good_at };

		UNIT_BOOL(table[i].name, fetch_witness_blames(&w, 1, NOW),
		    table[i].want);
	}
}

/* Too many hosts cannot all be wrong; one of them may be, ever so often. */
static void test_hosts(void **state)
{
	struct fetch_witness w = { 0 };

	(void)state;
	fetch_witness_good(&w, NOW);
	for (unsigned i = 0; i < 100; i++) {
		UNIT_BOOL("one", fetch_witness_blames(&w, 1, NOW), true);
	}
	for (unsigned i = 2; i <= LAST; i++) {
		UNIT_BOOL("some", fetch_witness_blames(&w, i, NOW), true);
	}
	UNIT_BOOL("many", fetch_witness_blames(&w, LAST + 1, NOW), false);
	UNIT_BOOL("more", fetch_witness_blames(&w, LAST + 2, NOW), false);
	UNIT_BOOL("the first of them", fetch_witness_blames(&w, 1, NOW), false);
	fetch_witness_good(&w, NOW + 1);
	UNIT_BOOL("all is well", fetch_witness_blames(&w, 1, NOW + 1), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_hosts),
	};

	return UNIT_RUN(tests);
}
