/* SPDX-License-Identifier: BSD-2-Clause */
/* test_nearest.c - tests of the distance between words */

#include "config.h"

#include "common/nearest.h"
#include "tests/unit/unit.h"

static void test_distance(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		unsigned want;
		bool is_near;
	} table[] = {
		{ "", "", 0, true },
		{ "", "abc", 3, false },
		{ "status", "status", 0, true },
		{ "statu", "status", 1, true },
		{ "sttaus", "status", 1, true },
		{ "stauts", "status", 1, true },
		{ "tally", "talley", 1, true },
		{ "relpay", "replay", 1, true },
		{ "reply", "replay", 1, true },
		{ "rpely", "replay", 2, false },
		{ "kitten", "sitting", 3, false },
		{ "ca", "abc", 3, false },
		{ "organisation", "organization", 1, true },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct view a = view_of(table[i].a);
		struct view b = view_of(table[i].b);

		UNIT_UINT(table[i].a, nearest_distance(a, b), table[i].want);
		UNIT_UINT(table[i].a, nearest_distance(b, a), table[i].want);
		UNIT_BOOL(table[i].a,
		    nearest_is_near(nearest_distance(a, b), a),
		    table[i].is_near);
	}
}

static void test_bound(void **state)
{
	char a[NEAREST_MAX + 1] = "";
	struct view most = view_make(a, NEAREST_MAX);
	struct view more = view_make(a, NEAREST_MAX + 1);

	(void)state;
	memset(a, 'a', sizeof(a));
	UNIT_UINT("most", nearest_distance(most, most), 0);
	UNIT_UINT("more", nearest_distance(more, most), NEAREST_MAX);
	UNIT_UINT("more", nearest_distance(most, more), NEAREST_MAX);
	UNIT_BOOL("more", nearest_is_near(NEAREST_MAX, more), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_bound),
	};

	return UNIT_RUN(tests);
}
