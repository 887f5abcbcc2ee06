/* SPDX-License-Identifier: BSD-2-Clause */
/* test_store_damage.c - tests of common/store.c: files that cannot be believed */

#include "config.h"

#include "tests/unit/tally_kit.h"

#include "common/tally_layout.h"

/* What a file that cannot be believed does to the writer. */
static void test_bad_file(void **state)
{
	static const struct {
		const char *name;
		size_t offset; /* of the byte that is changed */
		int feed;      /* of store_feed() */
		int session;   /* if that was 0 */
	} table[] = {
		{ "version", offsetof(struct tally_head, version), ERR_VERSION,
		    0 },
		{ "head", offsetof(struct tally_head, created), ERR_DAMAGED,
		    0 },
		{ "word", offsetof(struct tally_front, word), ERR_DAMAGED, 0 },
		{ "feed", offsetof(struct tally_front, feed[0].applied),
		    ERR_DAMAGED, 0 },
		{ "another feed", offsetof(struct tally_front, feed[1].applied),
		    ERR_DAMAGED, 0 },
		{ "redo", offsetof(struct tally_front, redo.state), ERR_DAMAGED,
		    0 },
		{ "extent", offsetof(struct tally_front, extent[0].offset), 0,
		    ERR_DAMAGED },
		{ "extent of names",
		    offsetof(struct tally_front, extent[1].size), 0,
		    ERR_DAMAGED },
		{ "unused", offsetof(struct tally_front, unused_a), 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const struct store_limits limits = { 0, 0 };
		struct kit k;
		struct kit_fact f;
		unsigned char *bytes;
		size_t size;
		char path[128];
		int rc;

		kit_make_day(&k, 5);
		kit_fact_make(&f, 1);
		bytes = kit_map(kit_path(&k, KIT_DAY, path), &size);
		bytes[table[i].offset] ^= 0x10;
		UNIT_INT("open", store_open(k.state, &limits, &k.store), 0);
		rc = store_feed(
		    k.store, "sendmail", "sendmail", &k.rescan, &k.read);
		UNIT_INT(table[i].name, rc, table[i].feed);
		if (rc == 0) {
			rc = store_session(k.store, KIT_DAY, 500, &f.fact);
			UNIT_INT(table[i].name, rc, table[i].session);
			UNIT_INT("it stays",
			    store_commit(k.store, NULL, NULL, false), rc);
		}
		if (rc != 0) {
			UNIT_STR(
			    table[i].name, store_error_path(k.store), path);
		}
		(void)munmap(bytes, size);
		kit_release(&k);
	}
}

/* A fact that is damaged is left alone, and counted anew in another slot. */
static void test_damaged_fact(void **state)
{
	static const size_t offset[] = { offsetof(struct tally_slot, count),
		offsetof(struct tally_slot, ip),
		offsetof(struct tally_slot, column) };

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(offset); i++) {
		struct tally_front *front;
		struct kit k;
		struct kit_sum sum;
		size_t size;
		char path[128];

		kit_make_day(&k, 3);
		front = kit_map(kit_path(&k, KIT_DAY, path), &size);
		((unsigned char *)
			front)[front->extent[1].offset + 96 + offset[i]] ^= 4;
		UNIT_UINT("facts", front->extent[1].kind, TALLY_FACTS);
		kit_open(&k, "sendmail");
		kit_count(&k, KIT_DAY, 200, 0);
		kit_count(&k, KIT_DAY, 201, 1);
		kit_count(&k, KIT_DAY, 202, 1);
		kit_commit(&k, 202, KIT_DAY);
		kit_sum(&k, KIT_DAY, &sum);
		UNIT_UINT("damaged", sum.damaged, 1);
		UNIT_UINT("facts", sum.facts, 4);
		UNIT_UINT("count", sum.count, 7 - 2 + 3);
		(void)munmap(front, size);
		kit_release(&k);
	}
}

/*
 * One byte changed, anywhere: a writer either says so, or adds what it should
 * and nothing that is not true can be read.
 */
static void flip_one(
    const struct kit *model, const unsigned char *data, size_t size, size_t at)
{
	const struct store_limits limits = { 0, 0 };
	struct kit k = *model;
	struct kit_sum sum;
	struct kit_fact f;
	unsigned char *copy = malloc(size + 1);
	char path[128];
	int rc;

	assert_non_null(copy);
	memcpy(copy, data, size);
	copy[at] ^= (unsigned char)(1U << at % 8);
	kit_write(kit_path(&k, KIT_DAY, path), copy, size);
	free(copy);
	UNIT_INT("open", store_open(k.state, &limits, &k.store), 0);
	rc = store_feed(k.store, "sendmail", "sendmail", &k.rescan, &k.read);
	for (unsigned i = 0; i < 300 && rc == 0; i++) {
		kit_fact_make(&f, i);
		rc = store_session(k.store, KIT_DAY, 1000 + i, &f.fact);
	}
	if (rc == 0) {
		rc = store_commit(k.store, NULL, NULL, false);
	}
	if (rc == 0) {
		kit_sum(&k, KIT_DAY, &sum);
		if (sum.count != 11 + 300) {
			UNIT_TRUE("damage", sum.damaged > 0);
			UNIT_TRUE("not more", sum.count < 11 + 300);
			UNIT_TRUE("all new ones", sum.count >= 300);
		}
	}
	kit_close(&k);
}

static void test_flip(void **state)
{
	size_t step = kit_is_slow() ? 1009 : 97;
	unsigned char *data;
	struct kit k;
	char path[128];
	size_t size;

	(void)state;
	kit_make_day(&k, 5);
	data = kit_read(kit_path(&k, KIT_DAY, path), &size);
	for (size_t at = 0; at < size; at += step) {
		flip_one(&k, data, size, at);
	}
	/* the words, and the state of the redo slot */
	for (size_t at = 256; at < 256 + 8 * TALLY_WORDS; at++) {
		flip_one(&k, data, size, at);
	}
	for (size_t at = 0; at < 32; at++) {
		flip_one(
		    &k, data, size, offsetof(struct tally_front, redo) + at);
	}
	free(data);
	kit_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_file),
		cmocka_unit_test(test_damaged_fact),
		cmocka_unit_test(test_flip),
	};

	return UNIT_RUN(tests);
}
