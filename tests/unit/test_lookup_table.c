/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lookup_table.c - tests lookup/lookup_table.c */
#include "config.h"

#include "common/err.h"
#include "common/mem.h"
#include "lookup/lookup_table.h"
#include "tests/unit/unit.h"

static const struct hash_key key = { 1, 2 };

static void free_node(struct lookup_node *node)
{
	free(node);
}

static struct lookup_node *add(struct lookup_table *t, const char *name)
{
	struct lookup_node *node = xcalloc(1, sizeof(*node));

	UNIT_INT(name, lookup_table_add(t, node, name), 0);
	return node;
}

/* The names that are there, of a to f. */
static const char *names(struct lookup_table *t)
{
	static char out[8];
	size_t n = 0;

	for (const char *c = "abcdef"; *c != '\0'; c++) {
		const char name[2] = { *c, '\0' };

		if (lookup_table_find(t, name) != NULL) {
			out[n++] = *c;
		}
	}
	out[n] = '\0';
	return out;
}

static void test_count(void **state)
{
	struct lookup_table t;
	struct lookup_node *a;
	struct lookup_node *b;
	struct lookup_node *c;
	struct lookup_node extra = { .size_b = 0 };

	(void)state;
	lookup_table_init(&t, &key, 3, 1000, free_node);
	a = add(&t, "a");
	b = add(&t, "b");
	c = add(&t, "c");
	UNIT_INT("all busy", lookup_table_add(&t, &extra, "d"), ERR_FULL);
	lookup_table_idle(&t, b, 10);
	lookup_table_idle(&t, a, 10);
	lookup_table_idle(&t, c, 10);
	lookup_table_touch(&t, b);
	(void)add(&t, "d");
	UNIT_STR("oldest goes", names(&t), "bcd");
	lookup_table_busy(&t, c);
	(void)add(&t, "e");
	UNIT_STR("not the busy one", names(&t), "cde");
	UNIT_UINT("evicted", t.evicted, 2);
	UNIT_UINT("size", t.size_b, 0);
	lookup_table_idle(&t, c, 10);
	lookup_table_clear(&t);
	UNIT_STR("idle ones go", names(&t), "de");
	lookup_table_release(&t);
}

static void test_size(void **state)
{
	struct lookup_table t;

	(void)state;
	lookup_table_init(&t, &key, 100, 100, free_node);
	lookup_table_idle(&t, add(&t, "a"), 60);
	lookup_table_idle(&t, add(&t, "b"), 40);
	UNIT_STR("fit", names(&t), "ab");
	lookup_table_idle(&t, add(&t, "c"), 1);
	UNIT_STR("oldest goes", names(&t), "bc");
	UNIT_UINT("size", t.size_b, 41);
	lookup_table_idle(&t, add(&t, "d"), 101);
	UNIT_STR("too large for all", names(&t), "");
	UNIT_UINT("size", t.size_b, 0);
	lookup_table_release(&t);
}

static void test_many(void **state)
{
	struct lookup_table t;

	(void)state;
	lookup_table_init(&t, &key, 1000, 1000000, free_node);
	for (int i = 0; i < 3000; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%d", i);
		lookup_table_idle(&t, add(&t, name), 1);
	}
	UNIT_UINT("n", t.n, 1000);
	UNIT_TRUE("new", lookup_table_find(&t, "2000") != NULL);
	UNIT_TRUE("old", lookup_table_find(&t, "1999") == NULL);
	lookup_table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_many),
	};

	return UNIT_RUN(tests);
}
