/* SPDX-License-Identifier: BSD-2-Clause */
/* test_tally_damage.c - tests of common/tally.c: files cut short, bytes changed */

#include "config.h"

#include "tests/unit/tally_kit.h"

#include "common/hash.h"
#include "common/tally_layout.h"

/* Between two bytes that are changed one at a time: sanitizers are slow. */
#if defined(__SANITIZE_ADDRESS__)
enum {
	FLIP_STEP = 5
};
#else
enum {
	FLIP_STEP = 1
};
#endif

/* A file cut short anywhere: what is read is true, what is missing counted. */
static void test_cut(void **state)
{
	struct kit k;
	struct kit_sum whole;
	unsigned char *data;
	char path[128];
	size_t size;
	char *want;

	(void)state;
	kit_make_day(&k, 700);
	kit_sum(&k, KIT_DAY, &whole);
	data = kit_read(kit_path(&k, KIT_DAY, path), &size);
	want = kit_dump_path(path, true);
	for (size_t cut = 0; cut <= size; cut += cut % 4096 == 0 ? 1 :
		 cut % 4096 == 1                                 ? 1234 :
								   2861) {
		struct kit_sum sum = { 0 };
		struct tally *t;
		char *got;
		int rc;

		kit_write(path, data, cut);
		rc = tally_open(path, &t);
		tally_close(t);
		if (cut < sizeof(struct tally_front)) {
			UNIT_INT("front cut", rc, ERR_SHORT);
			continue;
		}
		UNIT_INT("cut", rc, 0);
		got = kit_dump_path(path, true);
		UNIT_TRUE("part of the truth", kit_is_part(got, want));
		kit_sum(&k, KIT_DAY, &sum);
		UNIT_UINT("facts", sum.facts + sum.damaged, whole.facts);
		UNIT_TRUE("nothing silent",
		    strcmp(got, want) == 0 || strstr(got, "damaged ") != NULL);
		free(got);
	}
	free(want);
	free(data);
	kit_release(&k);
}

/* A number for all that a file tells, or 0 when it tells of damage. */
static uint64_t quick(const char *path)
{
	static const struct hash_key key = { 1, 2 };
	struct tally_info info;
	struct tally_fact f;
	struct tally_feed feed;
	struct policy p;
	struct tally *t;
	uint64_t cursor = 0;
	uint64_t sum = 0;

	if (tally_open(path, &t) != 0) {
		return 0;
	}
	while (tally_next_fact(t, &cursor, &f) == 1) {
		struct tally_key k = { .fact = f.fact };

		tally_layout_key(&k);
		sum = sum * 31 + hash_sip(&key, k.b, k.len);
		sum =
		    sum * 31 + f.count * 77 + (uint64_t)(f.first * 3 + f.last);
	}
	cursor = 0;
	while (tally_next_feed(t, &cursor, &feed) == 1) {
		sum = sum * 31 + hash_sip(&key, &feed, sizeof(feed));
	}
	cursor = 0;
	while (tally_next_policy(t, &cursor, &p) == 1) {
		sum = sum * 31 + hash_sip(&key, p.hash, sizeof(p.hash));
		sum = sum * 31 + hash_sip(&key, p.content.s, p.content.len);
		sum = sum * 31 + (uint64_t)p.since + p.domain.len + p.mx.len +
		    (uint64_t)p.source;
	}
	tally_info(t, &info);
	tally_close(t);
	sum = sum * 31 + (uint64_t)(info.day * 3 + info.sealed);
	return info.damaged + info.damaged_feeds > 0 ? 0 : sum | 1;
}

/*
 * Is what a changed file tells right? Either it says that it is damaged, and
 * what can be read is true, or nothing has changed that matters. Counts what
 * was noticed.
 */
static bool is_right(
    const char *path, uint64_t truth, const char *want, size_t *noticed)
{
	uint64_t got = quick(path);
	char *text;
	bool right;

	if (got == truth) {
		return true;
	}
	text = kit_dump_path(path, true);
	right = got == 0 &&
	    (strncmp(text, "error", 5) == 0 || kit_is_part(text, want));
	++*noticed;
	free(text);
	return right;
}

/* Each byte changed, one at a time. */
static void flip_all(struct kit *k, size_t step)
{
	unsigned char *bytes;
	char path[128];
	uint64_t truth;
	size_t noticed = 0;
	size_t size;
	char *want;

	truth = quick(kit_path(k, KIT_DAY, path));
	want = kit_dump_path(path, true);
	bytes = kit_map(path, &size);
	for (size_t i = 0; i < size; i += step) {
		unsigned char was = bytes[i];

		bytes[i] ^= (unsigned char)(i % 9 == 8 ? 0xff : 1U << i % 9);
		if (!is_right(path, truth, want, &noticed)) {
			fail_msg("byte %zu went unnoticed", i);
		}
		bytes[i] = was;
	}
	UNIT_UINT("all is as before", quick(path), truth);
	/* facts and policies, with their names, feeds, head, words, extents */
	UNIT_TRUE("most of what is used", noticed * step > 2500);
	(void)munmap(bytes, size);
	free(want);
}

static void test_flip(void **state)
{
	struct kit k;

	(void)state;
	kit_make_day(&k, 4);
	flip_all(&k, kit_is_slow() ? 41 : FLIP_STEP);
	kit_release(&k);
}

static void test_flip_sealed(void **state)
{
	struct kit k;

	(void)state;
	kit_make_day(&k, 3);
	kit_open(&k, "sendmail");
	UNIT_INT("seal", store_seal(k.store, KIT_DAY, KIT_NEXT + 700), 0);
	kit_close(&k);
	flip_all(&k, kit_is_slow() ? 41 : 3 * FLIP_STEP);
	kit_release(&k);
}

/* Where the records of a kind begin, and their entry in the directory. */
static size_t extent_of(
    const struct tally_front *front, enum tally_kind kind, size_t *entry)
{
	uint32_t i = 0;

	while (front->extent[i].kind != kind) {
		i++;
	}
	*entry =
	    offsetof(struct tally_front, extent) + i * sizeof(front->extent[i]);
	return front->extent[i].offset;
}

/*
 * In records that a reader needs, every single bit is seen. (It does not need
 * to know the extents of names.)
 */
static void test_flip_bits(void **state)
{
	struct kit k;
	char path[128];
	size_t file_size;
	size_t facts;
	size_t policies;
	unsigned char *bytes;
	uint64_t truth;

	(void)state;
	kit_make_day(&k, 4);
	bytes = kit_map(kit_path(&k, KIT_DAY, path), &file_size);
	truth = quick(path);

	const struct tally_front *front = (const void *)bytes;
	const size_t facts_at = extent_of(front, TALLY_FACTS, &facts);
	const size_t policies_at = extent_of(front, TALLY_POLICY, &policies);
	const size_t names_at = extent_of(front, TALLY_NAMES, &(size_t){ 0 });

	const struct {
		const char *name;
		size_t offset;
		size_t size;
	} range[] = {
		{ "head", 0, sizeof(struct tally_head) },
		{ "words", offsetof(struct tally_front, word),
		    sizeof(uint64_t) * TALLY_WORDS },
		{ "extent of facts", facts, sizeof(struct tally_extent) },
		{ "extent of policies", policies, sizeof(struct tally_extent) },
		{ "feeds", offsetof(struct tally_front, feed),
		    2 * sizeof(struct tally_feed_slot) },
		{ "facts", facts_at, 4 * sizeof(struct tally_slot) },
		{ "name", names_at, 2 + strlen("d0.example") },
		{ "policy", policies_at,
		    sizeof(struct tally_policy_head) + 20 },
	};

	for (size_t i = 0; i < UNIT_LEN(range); i++) {
		size_t step = kit_is_slow() ? 13 : FLIP_STEP;

		for (size_t bit = 0; bit < range[i].size * 8; bit += step) {
			unsigned char *b = bytes + range[i].offset + bit / 8;

			*b ^= (unsigned char)(1U << bit % 8);
			UNIT_UINT(range[i].name, quick(path), 0);
			*b ^= (unsigned char)(1U << bit % 8);
		}
	}
	UNIT_UINT("all is as before", quick(path), truth);
	(void)munmap(bytes, file_size);
	kit_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flip),
		cmocka_unit_test(test_flip_sealed),
		cmocka_unit_test(test_flip_bits),
	};

	return UNIT_RUN(tests);
}
