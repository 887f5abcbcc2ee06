/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_table.c - tests common/exim_table.c */

#include "config.h"

#include "common/exim_table.h"
#include "tests/unit/unit.h"

enum {
	CAP = 8,
	KEYS = 20,
};

static struct exim_key key_of(unsigned n)
{
	/* all in one bucket, two at a time of the same first word */
	return (struct exim_key){ { (uint64_t)(n / 2) * CAP, n } };
}

static struct exim_slot *put(
    struct exim_table *t, struct exim_slot *slots, unsigned n, uint64_t pos)
{
	struct exim_key key = key_of(n);

	exim_table_add(t, &slots[n], &key, pos);
	return &slots[n];
}

static void test_find(void **state)
{
	struct exim_table t;
	struct exim_slot slots[KEYS] = { 0 };

	(void)state;
	exim_table_init(&t, CAP);
	UNIT_TRUE("empty",
	    exim_table_first(&t) == NULL && exim_table_surplus(&t) == NULL &&
		exim_table_oldest(&t) == UINT64_MAX);
	for (unsigned n = 0; n < CAP; n++) {
		struct exim_key key = key_of(n);

		UNIT_TRUE("not yet", exim_table_find(&t, &key) == NULL);
		(void)put(&t, slots, n, 100 + n);
		UNIT_TRUE("now", exim_table_find(&t, &key) == &slots[n]);
	}
	UNIT_UINT("oldest", exim_table_oldest(&t), 100);
	for (unsigned n = 0; n < CAP; n++) {
		struct exim_key key = key_of(n);

		exim_table_remove(&t, &slots[n]);
		UNIT_TRUE("gone", exim_table_find(&t, &key) == NULL);
		UNIT_UINT("oldest", exim_table_oldest(&t),
		    n + 1 < CAP ? 101 + n : UINT64_MAX);
	}
	exim_table_release(&t);
}

/* The first to end comes first, whatever the order of the touches. */
static void test_deadlines(void **state)
{
	static const int limits[] = { 50, 10, 40, 10, 30, 60, 20, 10 };
	struct exim_table t;
	struct exim_slot slots[KEYS] = { 0 };
	int64_t last = 0;

	(void)state;
	exim_table_init(&t, CAP);
	for (unsigned n = 0; n < CAP; n++) {
		exim_table_touch(&t, put(&t, slots, n, n), 1000, limits[n]);
	}
	/* touched once more: later than all */
	exim_table_touch(&t, &slots[1], 1100, 5);
	UNIT_INT("last line", slots[1].last, 1100);
	for (unsigned n = 0; n < CAP; n++) {
		struct exim_slot *first = exim_table_first(&t);

		UNIT_TRUE("in order", first->deadline >= last);
		last = first->deadline;
		exim_table_remove(&t, first);
	}
	UNIT_INT("the last one", last, 1105);
	exim_table_release(&t);
}

/* Of equal deadlines, the key decides: it does not matter who came first. */
static void test_ties(void **state)
{
	struct exim_table a;
	struct exim_table b;
	struct exim_slot in_a[KEYS] = { 0 };
	struct exim_slot in_b[KEYS] = { 0 };

	(void)state;
	exim_table_init(&a, CAP);
	exim_table_init(&b, CAP);
	for (unsigned n = 0; n < CAP; n++) {
		exim_table_touch(&a, put(&a, in_a, n, n), 1, 1);
		exim_table_touch(&b, put(&b, in_b, CAP - 1 - n, n), 1, 1);
	}
	for (unsigned n = 0; n < CAP; n++) {
		struct exim_slot *first = exim_table_first(&a);
		struct exim_slot *other = exim_table_first(&b);

		UNIT_UINT("the same", other->key.word[1], first->key.word[1]);
		exim_table_remove(&a, first);
		exim_table_remove(&b, other);
	}
	exim_table_release(&a);
	exim_table_release(&b);
}

/* One too many: the one that was not touched for the longest time. */
static void test_surplus(void **state)
{
	struct exim_table t;
	struct exim_slot slots[KEYS] = { 0 };

	(void)state;
	exim_table_init(&t, CAP);
	for (unsigned n = 0; n < CAP; n++) {
		exim_table_touch(&t, put(&t, slots, n, n), (int64_t)n, 100);
	}
	exim_table_touch(&t, &slots[0], 50, 1);
	UNIT_TRUE("just full", exim_table_surplus(&t) == NULL);
	(void)put(&t, slots, CAP, CAP);
	UNIT_TRUE("too many", exim_table_surplus(&t) == &slots[1]);
	exim_table_remove(&t, &slots[1]);
	UNIT_TRUE("fits", exim_table_surplus(&t) == NULL);
	while (exim_table_first(&t) != NULL) {
		exim_table_remove(&t, exim_table_first(&t));
	}
	exim_table_release(&t);
}

/* Many steps at random, against a list that is searched. */
static void test_random(void **state)
{
	struct exim_table t;
	struct exim_slot slots[KEYS] = { 0 };
	bool is_in[KEYS] = { false };
	uint32_t random = 1;
	unsigned n_in = 0;

	(void)state;
	exim_table_init(&t, KEYS);
	for (int64_t step = 0; step < 20000; step++) {
		unsigned n;
		struct exim_slot *first;

		random = random * 1664525 + 1013904223;
		n = (random >> 16) % KEYS;
		if (!is_in[n]) {
			slots[n] = (struct exim_slot){ 0 };
			exim_table_touch(&t, put(&t, slots, n, (uint64_t)step),
			    step, (random >> 8) % 50);
			n_in++;
		} else if ((random >> 24) % 2 == 0) {
			exim_table_touch(
			    &t, &slots[n], step, (random >> 8) % 50);
		} else {
			exim_table_remove(&t, &slots[n]);
			n_in--;
		}
		is_in[n] = is_in[n] && (random >> 24) % 2 != 0 ? false : true;
		UNIT_UINT("n", t.n, n_in);
		first = exim_table_first(&t);
		for (unsigned i = 0; i < KEYS; i++) {
			UNIT_TRUE("first",
			    !is_in[i] || slots[i].deadline >= first->deadline);
			UNIT_TRUE("oldest",
			    !is_in[i] || slots[i].pos >= exim_table_oldest(&t));
		}
	}
	while (exim_table_first(&t) != NULL) {
		exim_table_remove(&t, exim_table_first(&t));
	}
	exim_table_release(&t);
}

/* It begins small: what is in it stays, and comes in the same order. */
static void test_grows(void **state)
{
	enum {
		MANY = 300
	};
	static struct exim_slot slots[MANY];
	struct exim_table t;

	(void)state;
	exim_table_init(&t, MANY);
	for (unsigned n = 0; n < MANY; n++) {
		struct exim_key k = { { (uint64_t)n * 7, n } };

		exim_table_add(&t, &slots[n], &k, n);
		exim_table_touch(&t, &slots[n], 1000 - (int64_t)n, 1);
	}
	for (unsigned n = 0; n < MANY; n++) {
		struct exim_key k = { { (uint64_t)n * 7, n } };

		UNIT_TRUE("found", exim_table_find(&t, &k) == &slots[n]);
	}
	for (unsigned n = MANY; n > 0; n--) {
		UNIT_TRUE("first", exim_table_first(&t) == &slots[n - 1]);
		exim_table_remove(&t, &slots[n - 1]);
	}
	exim_table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_surplus),
		cmocka_unit_test(test_random),
	};

	return UNIT_RUN(tests);
}
