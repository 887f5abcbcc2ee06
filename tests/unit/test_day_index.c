/* SPDX-License-Identifier: BSD-2-Clause */
/* test_day_index.c - tests of common/day_index.c */

#include "config.h"

#include "tests/unit/unit.h"

#include "common/day_index.h"

/* Counts how often a number comes for a tag. */
static unsigned times(
    const struct day_index *index, uint32_t tag, uint32_t number)
{
	size_t probe = 0;
	unsigned n = 0;
	uint32_t found;

	while (day_index_next(index, tag, &probe, &found)) {
		n += found == number ? 1 : 0;
	}
	return n;
}

static unsigned length(const struct day_index *index, uint32_t tag)
{
	size_t probe = 0;
	unsigned n = 0;
	uint32_t found;

	while (day_index_next(index, tag, &probe, &found)) {
		n++;
	}
	return n;
}

static void test_empty(void **state)
{
	struct day_index index;

	(void)state;
	day_index_init(&index);
	UNIT_UINT("empty", length(&index, 0), 0);
	day_index_prefetch(&index, 7);
	day_index_release(&index);
}

/* Different things of one tag all come, and only they. */
static void test_same_tag(void **state)
{
	struct day_index index;

	(void)state;
	day_index_init(&index);
	for (uint32_t i = 0; i < 500; i++) {
		day_index_add(&index, 0xffffffff, i);
		day_index_add(&index, 0, 1000 + i);
	}
	UNIT_UINT("last tag", length(&index, 0xffffffff), 500);
	UNIT_UINT("first tag", length(&index, 0), 500);
	UNIT_UINT("other tag", length(&index, 1), 0);
	for (uint32_t i = 0; i < 500; i++) {
		UNIT_UINT("number", times(&index, 0xffffffff, i), 1);
		UNIT_UINT("number", times(&index, 0, 1000 + i), 1);
	}
	day_index_release(&index);
}

/* It grows by itself, and keeps all. */
static void test_growth(void **state)
{
	struct day_index index;
	uint32_t n = 100000;

	(void)state;
	day_index_init(&index);
	for (uint32_t i = 0; i < n; i++) {
		day_index_add(&index, i * 2654435761U, i);
	}
	UNIT_UINT("used", index.used, n);
	UNIT_TRUE("not too full", index.used <= index.size / 3 * 2 + 1);
	for (uint32_t i = 0; i < n; i++) {
		UNIT_UINT("number", times(&index, i * 2654435761U, i), 1);
	}
	day_index_release(&index);
}

static void test_reserve(void **state)
{
	struct day_index index;
	size_t size;

	(void)state;
	day_index_init(&index);
	day_index_reserve(&index, 5000);
	size = index.size;
	for (uint32_t i = 0; i < 5000; i++) {
		day_index_add(&index, i, i);
	}
	UNIT_UINT("size", index.size, size);
	day_index_release(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_same_tag),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_reserve),
	};

	return UNIT_RUN(tests);
}
