/* SPDX-License-Identifier: BSD-2-Clause */
/* test_store_policies.c - tests of common/store.c: a day of many policies */

#include "config.h"

#include "common/tally_layout.h"
#include "tests/unit/tally_kit.h"

enum {
	/* more than the file has a number for */
	MANY = TALLY_POLICIES_TOLD + 100
};

static void add(struct kit *k, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		char domain[32];
		struct policy policy = { .since = KIT_DAY,
			.mx = view_of("mx.example"),
			.content = view_of("{}") };

		(void)snprintf(domain, sizeof(domain), "d%u.example", i);
		policy.domain = view_of(domain);
		UNIT_INT(domain, store_policy(k->store, KIT_DAY, &policy), 0);
	}
}

/* All are found again, by readers and by the writer after a restart. */
static void test_many(void **state)
{
	char path[128];
	struct tally_info info;
	struct policy policy;
	struct tally *t;
	uint64_t cursor = 0;
	unsigned n = 0;
	struct kit k;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	add(&k, 0, MANY);
	kit_open(&k, "sendmail");
	add(&k, MANY - 10, MANY + 10);
	kit_close(&k);

	UNIT_INT("open",
	    tally_open(store_path(k.state, KIT_DAY, path, sizeof(path)), &t),
	    0);
	while (tally_next_policy(t, &cursor, &policy) == 1) {
		n++;
	}
	UNIT_UINT("policies", n, MANY + 10);
	tally_info(t, &info);
	UNIT_UINT("damaged", info.damaged, 0);
	tally_close(t);
	kit_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
	};

	return UNIT_RUN(tests);
}
