/* SPDX-License-Identifier: BSD-2-Clause */
/* test_day_facts.c - tests of common/day_facts.c: facts of one hash */

#include "config.h"

#include "tests/unit/tally_kit.h"

#include "common/day_facts.h"
#include "common/day_file.h"

enum {
	FACTS = 1000
};

static const struct hash_key key = { 1, 2 };
static const struct store_limits limits = { 100000, 1000 };

static void make_key(struct tally_key *out, struct kit_fact *f, unsigned n)
{
	kit_fact_make(f, n);
	out->fact = f->fact;
	out->fact.feed = view_of("sendmail");
	tally_layout_key(out);
}

/* Makes an empty day in a folder. */
static void make_file(const char *dir, struct day_file *f)
{
	const struct hash_key salt = { 3, 4 };
	char path[128];
	char temp[128];

	(void)snprintf(path, sizeof(path), "%s/day", dir);
	(void)snprintf(temp, sizeof(temp), "%s/temp", dir);
	UNIT_INT("create", day_file_create(path, temp, KIT_DAY, &salt), 0);
	UNIT_INT("open", day_file_open(f, path, KIT_DAY), 0);
}

/* If strangers could make all hashes equal, facts would still not mix. */
static void test_one_tag(void **state)
{
	struct day_facts facts;
	struct day_file f;
	char dir[64];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	make_file(dir, &f);
	day_facts_init(&facts, &f, &key, &limits);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < FACTS; i++) {
			struct kit_fact fact;
			struct tally_key k;
			uint32_t slot;
			bool overflow;

			make_key(&k, &fact, i);
			UNIT_INT("slot",
			    day_facts_slot(&facts, &f, 7, &k, &slot, &overflow),
			    0);
			UNIT_UINT("slot", slot, i);
			UNIT_BOOL("overflow", overflow, false);
		}
	}
	UNIT_UINT("facts", f.word[TALLY_WORD_FACTS], FACTS);
	day_facts_release(&facts);
	day_file_release(&f);
	unit_tmpdir_remove(dir);
}

/* What one process wrote another finds, with another key. */
static void test_read_again(void **state)
{
	const struct hash_key other = { 5, 6 };
	struct day_facts facts;
	struct day_file f;
	char dir[64];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	make_file(dir, &f);
	for (unsigned round = 0; round < 2; round++) {
		day_facts_init(&facts, &f, round == 0 ? &key : &other, &limits);
		for (unsigned i = 0; i < FACTS; i++) {
			struct kit_fact fact;
			struct tally_key k;
			uint32_t tag;
			uint32_t slot;
			bool overflow;

			make_key(&k, &fact, i);
			tag = day_facts_tag(&facts, &k);
			for (unsigned s = 0; s < DAY_FACTS_STEPS; s++) {
				day_facts_prefetch(&facts, &f, tag, s);
			}
			UNIT_INT("slot",
			    day_facts_slot(
				&facts, &f, tag, &k, &slot, &overflow),
			    0);
			UNIT_UINT("slot", slot, i);
		}
		if (round == 0) {
			day_facts_release(&facts);
		}
	}
	UNIT_UINT("facts", f.word[TALLY_WORD_FACTS], FACTS);
	day_facts_release(&facts);
	day_file_release(&f);
	unit_tmpdir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_tag),
		cmocka_unit_test(test_read_again),
	};

	return UNIT_RUN(tests);
}
