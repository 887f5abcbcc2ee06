/* SPDX-License-Identifier: BSD-2-Clause */
/* test_tally.c - tests of common/tally.c: what is read, what is refused */

#include "config.h"

#include <stdatomic.h>

#include "tests/unit/tally_kit.h"

#include "common/hash.h"
#include "common/tally_layout.h"

static struct hash_key salt_of(const struct tally_front *front)
{
	return (struct hash_key){ front->head.salt[0], front->head.salt[1] };
}

static void set_word(
    struct tally_front *front, enum tally_word word, uint64_t value)
{
	struct hash_key salt = salt_of(front);

	atomic_store(&front->word[word], tally_layout_word(&salt, word, value));
}

/* Every value of every enum, every name present and empty, comes back. */
static void test_round_trip(void **state)
{
	struct kit k;
	struct tally_fact got;
	struct tally *t;
	uint64_t cursor = 0;
	char path[128];
	unsigned n = 0;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	for (unsigned i = 0; i < 1000; i++) {
		kit_count(&k, KIT_DAY + 10 + i, 1 + i, i);
	}
	kit_commit(&k, 1000, KIT_DAY);
	UNIT_INT("open", tally_open(kit_path(&k, KIT_DAY, path), &t), 0);
	for (; tally_next_fact(t, &cursor, &got) == 1; n++) {
		struct kit_fact want;

		/* facts come in the order in which they were first seen */
		kit_fact_make(&want, n);
		UNIT_UINT("count", got.count, 1);
		UNIT_INT("first", got.first, KIT_DAY + 10 + n);
		UNIT_INT("last", got.last, KIT_DAY + 10 + n);
		UNIT_TRUE("domain", view_eq(got.fact.domain, want.fact.domain));
		UNIT_TRUE("mx", view_eq(got.fact.mx, want.fact.mx));
		UNIT_TRUE("reason", view_eq(got.fact.reason, want.fact.reason));
		UNIT_TRUE("level", view_eq(got.fact.level, want.fact.level));
		UNIT_TRUE(
		    "verdict", view_eq(got.fact.verdict, want.fact.verdict));
		UNIT_TRUE(
		    "version", view_eq(got.fact.version, want.fact.version));
		UNIT_TRUE("helo", view_eq(got.fact.helo, want.fact.helo));
		UNIT_TRUE("feed", view_is(got.fact.feed, "sendmail"));
		UNIT_MEM("ip", got.fact.ip.b, 16, want.fact.ip.b, 16);
		UNIT_MEM("sending ip", got.fact.sending_ip.b, 16,
		    want.fact.sending_ip.b, 16);
		UNIT_INT("tls", got.fact.tls, want.fact.tls);
		UNIT_INT("chain", got.fact.chain, want.fact.chain);
		UNIT_INT("name", got.fact.name, want.fact.name);
		UNIT_INT("dane", got.fact.dane, want.fact.dane);
		UNIT_MEM("policy", got.fact.policy, FACT_POLICY_HASH,
		    want.fact.policy, FACT_POLICY_HASH);
	}
	UNIT_UINT("facts", n, 1000);
	UNIT_INT("the end stays", tally_next_fact(t, &cursor, &got), 0);
	tally_close(t);
	kit_release(&k);
}

/*
 * A file that version 1 wrote long ago: whoever changes the format so that it
 * reads otherwise must change TALLY_VERSION.
 */
static void test_golden(void **state)
{
	const uint16_t one = 1;
	unsigned char *want;
	char path[4096];
	size_t size;
	char *got;

	(void)state;
	if (*(const unsigned char *)&one != 1) {
		print_message("# another byte order: left out\n");
		return;
	}
	unit_src_path(path, sizeof(path), "data/tally/version-1.txt");
	want = kit_read(path, &size);
	unit_src_path(path, sizeof(path), "data/tally/version-1");
	got = kit_dump_path(path, true);
	UNIT_MEM("golden", got, strlen(got), want, size);
	free(got);
	free(want);
}

/* Names as long as they can be. */
static void test_long_names(void **state)
{
	struct fact f = { .tls = FACT_TLS_OK };
	struct kit k;
	struct tally_fact got;
	struct tally *t;
	uint64_t cursor = 0;
	char text[512];
	char domain[253];
	char path[128];

	(void)state;
	memset(text, 'x', sizeof(text));
	memset(domain, 'a', sizeof(domain));
	for (size_t i = 60; i < sizeof(domain); i += 61) {
		domain[i] = '.';
	}
	f.domain = view_make(domain, sizeof(domain));
	f.mx = f.domain;
	f.reason = view_make(text, 64);
	f.level = view_make(text, 32);
	f.verdict = view_make(text, 512);
	f.version = view_make(text, 16);
	f.helo = view_make(text, 255);
	memset(f.policy, 0xff, sizeof(f.policy));
	kit_init(&k);
	kit_open(&k,
	    "a-feed-with-a-name-as-long-as-they-can-be-0123456789-0123456789");
	UNIT_INT("session", store_session(k.store, KIT_DAY, 1, &f), 0);
	kit_commit(&k, 1, KIT_DAY);
	UNIT_INT("open", tally_open(kit_path(&k, KIT_DAY, path), &t), 0);
	UNIT_INT("next", tally_next_fact(t, &cursor, &got), 1);
	UNIT_MEM("domain", got.fact.domain.s, got.fact.domain.len, domain, 253);
	UNIT_MEM("mx", got.fact.mx.s, got.fact.mx.len, domain, 253);
	UNIT_MEM(
	    "verdict", got.fact.verdict.s, got.fact.verdict.len, text, 512);
	UNIT_MEM("helo", got.fact.helo.s, got.fact.helo.len, text, 255);
	UNIT_UINT("feed", got.fact.feed.len, 63);
	tally_close(t);
	kit_release(&k);
}

/* What a later version keeps among the policies is no damage. */
static void test_other_source(void **state)
{
	static const int sources[] = { POLICY_OWN, POLICY_SOURCES, POLICY_MTA,
		200, POLICY_PROBE };
	struct kit k;
	struct policy policy = { .domain = view_of("d.example"),
		.content = view_of("{}") };
	struct tally_info info;
	struct tally *t;
	uint64_t cursor = 0;
	char mx[32];
	char path[128];

	(void)state;
	kit_init(&k);
	kit_open(&k, "one");
	for (size_t i = 0; i < UNIT_LEN(sources); i++) {
		(void)snprintf(mx, sizeof(mx), "mx%zu.example", i);
		policy.mx = view_of(mx);
		policy.source = (enum policy_source)sources[i];
		UNIT_INT(mx, store_policy(k.store, KIT_DAY, &policy), 0);
	}
	UNIT_INT("open", tally_open(kit_path(&k, KIT_DAY, path), &t), 0);
	for (size_t i = 0; i < UNIT_LEN(sources); i += 2) {
		UNIT_INT("next", tally_next_policy(t, &cursor, &policy), 1);
		UNIT_INT("source", policy.source, sources[i]);
	}
	UNIT_INT("no more", tally_next_policy(t, &cursor, &policy), 0);
	tally_info(t, &info);
	UNIT_UINT("damaged", info.damaged, 0);
	tally_close(t);
	kit_release(&k);
}

static void test_feeds_and_policies(void **state)
{
	struct kit k;
	struct tally_feed feed;
	struct policy policy;
	struct tally *t;
	uint64_t cursor = 0;
	char path[128];

	(void)state;
	kit_make_day(&k, 3);
	UNIT_INT("open", tally_open(kit_path(&k, KIT_DAY, path), &t), 0);
	UNIT_INT("feed 1", tally_next_feed(t, &cursor, &feed), 1);
	UNIT_STR("name", feed.name, "sendmail");
	UNIT_STR("mta", feed.mta, "sendmail");
	UNIT_UINT("applied", feed.applied, 99);
	UNIT_UINT("rescan", feed.rescan.pos, 99);
	UNIT_UINT("hash", feed.read.hash, 693);
	UNIT_INT("t", feed.read.t, KIT_DAY);
	UNIT_UINT("lines", feed.counters[COUNTER_LINES], 7);
	UNIT_INT("feed 2", tally_next_feed(t, &cursor, &feed), 1);
	UNIT_STR("name", feed.name, "other");
	UNIT_INT("no feed 3", tally_next_feed(t, &cursor, &feed), 0);

	cursor = 0;
	UNIT_INT("policy 1", tally_next_policy(t, &cursor, &policy), 1);
	UNIT_TRUE("domain", view_is(policy.domain, "d1.example"));
	UNIT_TRUE("mx", view_is(policy.mx, "mx1.example"));
	UNIT_TRUE(
	    "content", view_is(policy.content, "{\"tlsa\":[\"3 1 1 00\"]}"));
	UNIT_INT("since", policy.since, KIT_DAY + 5);
	UNIT_INT("source", policy.source, POLICY_MTA);
	UNIT_INT("policy 2", tally_next_policy(t, &cursor, &policy), 1);
	UNIT_TRUE("no mx", view_is(policy.mx, ""));
	UNIT_INT("source", policy.source, POLICY_OWN);
	UNIT_INT("no policy 3", tally_next_policy(t, &cursor, &policy), 0);
	UNIT_INT("the end stays", tally_next_policy(t, &cursor, &policy), 0);
	tally_close(t);
	kit_release(&k);
}

/* What a changed front does; the check is made anew where there is one. */
static void test_front(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		uint32_t value;
		bool recheck;
		int want;
	} table[] = {
		{ "magic", 0, 0x12345678, true, ERR_DAMAGED },
		{ "byte order", offsetof(struct tally_head, byte_order),
		    0x04030201, true, ERR_VERSION },
		{ "version", offsetof(struct tally_head, version), 2, true,
		    ERR_VERSION },
		{ "version, no check", offsetof(struct tally_head, version), 2,
		    false, ERR_VERSION },
		{ "slot size", offsetof(struct tally_head, slot_size), 104,
		    true, ERR_VERSION },
		{ "slot size, no check", offsetof(struct tally_head, slot_size),
		    104, false, ERR_DAMAGED },
		{ "feeds", offsetof(struct tally_head, n_feeds), 64, true,
		    ERR_VERSION },
		{ "reserved", offsetof(struct tally_head, reserved), 1, true,
		    ERR_VERSION },
		{ "no day's begin", offsetof(struct tally_head, day), 1, true,
		    ERR_DAMAGED },
		{ "salt", offsetof(struct tally_head, salt), 1, false,
		    ERR_DAMAGED },
		{ "salt, checked", offsetof(struct tally_head, salt), 1, true,
		    ERR_DAMAGED },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const struct hash_key key = { 0x74656c6c746c7331,
			0x68656164206b6579 };
		struct tally_front *front;
		struct tally *t;
		struct kit k;
		char path[128];
		size_t size;

		kit_make_day(&k, 1);
		front = kit_map(kit_path(&k, KIT_DAY, path), &size);
		memcpy((char *)front + table[i].offset, &table[i].value,
		    sizeof(table[i].value));
		if (table[i].recheck) {
			front->head.check = hash_sip(&key, &front->head,
			    offsetof(struct tally_head, check));
		}
		UNIT_INT(table[i].name, tally_open(path, &t), table[i].want);
		UNIT_TRUE(table[i].name, t == NULL);
		(void)munmap(front, size);
		kit_release(&k);
	}
}

static void test_no_tally(void **state)
{
	char dir[64];
	char path[128];
	struct tally *t;

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/x", dir);
	UNIT_INT("no file", tally_open(path, &t), -ENOENT);
	kit_write(path, "", 0);
	UNIT_INT("empty", tally_open(path, &t), ERR_SHORT);
	kit_write(path, "TELLTLS\n", 8);
	UNIT_INT("magic alone", tally_open(path, &t), ERR_SHORT);
	UNIT_INT("folder", tally_open(dir, &t), ERR_SHORT);
	tally_close(NULL);
	unit_tmpdir_remove(dir);
}

/* Words that lie, with good checks: no crash, and an end. */
static void test_words_that_lie(void **state)
{
	static const struct {
		const char *name;
		enum tally_word word;
		uint64_t value;
		uint64_t damaged; /* at least; UINT64_MAX: cannot be opened */
	} table[] = {
		{ "facts beyond extents", TALLY_WORD_FACTS, UINT32_MAX, 1000 },
		{ "too many facts", TALLY_WORD_FACTS, UINT64_C(1) << 40,
		    UINT64_MAX },
		{ "no names", TALLY_WORD_NAMES, 0, 5 },
		{ "names beyond the file", TALLY_WORD_NAMES, UINT32_MAX, 0 },
		{ "policies beyond the file", TALLY_WORD_POLICIES,
		    UINT64_C(9) << 32 | UINT32_MAX, 7 },
		{ "no extents", TALLY_WORD_EXTENTS, 0, 5 },
		{ "extents that are none", TALLY_WORD_EXTENTS, TALLY_EXTENTS,
		    0 },
		{ "too many extents", TALLY_WORD_EXTENTS, TALLY_EXTENTS + 1,
		    UINT64_MAX },
		{ "feeds that are none", TALLY_WORD_FEEDS, TALLY_FEEDS, 30 },
		{ "too many feeds", TALLY_WORD_FEEDS, TALLY_FEEDS + 1,
		    UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct tally_front *front;
		struct tally *t;
		struct kit k;
		char path[128];
		size_t size;

		kit_make_day(&k, 5);
		front = kit_map(kit_path(&k, KIT_DAY, path), &size);
		set_word(front, table[i].word, table[i].value);
		if (table[i].damaged == UINT64_MAX) {
			UNIT_INT(
			    table[i].name, tally_open(path, &t), ERR_DAMAGED);
		} else {
			char *text = kit_dump_path(path, true);
			struct kit_sum sum;

			free(text);
			kit_sum(&k, KIT_DAY, &sum);
			/* policies are counted when they are read */
			UNIT_TRUE(table[i].name,
			    table[i].word == TALLY_WORD_POLICIES ||
				sum.damaged >= table[i].damaged);
		}
		(void)munmap(front, size);
		kit_release(&k);
	}
}

/* A reader keeps what it saw, while the file grows and is sealed and cut. */
static void test_growth(void **state)
{
	struct kit k;
	struct kit_sum sum;
	struct tally_info info;
	struct tally_fact fact;
	struct tally *early;
	uint64_t cursor = 0;
	uint64_t facts = 0;
	char path[128];

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	for (unsigned i = 0; i < 100; i++) {
		kit_count(&k, KIT_DAY + i, 1 + i, i);
	}
	kit_commit(&k, 100, KIT_DAY);
	UNIT_INT("early", tally_open(kit_path(&k, KIT_DAY, path), &early), 0);
	for (unsigned i = 100; i < 20000; i++) {
		kit_count(&k, KIT_DAY + i, 1 + i, i);
		if (i % 1000 == 999) {
			kit_commit(&k, 1 + i, KIT_DAY);
		}
	}
	kit_count(&k, KIT_DAY + 5, 30000, 5);
	kit_commit(&k, 30000, KIT_DAY);
	UNIT_INT("seal", store_seal(k.store, KIT_DAY, KIT_NEXT + 1), 0);

	while (tally_next_fact(early, &cursor, &fact) == 1) {
		struct kit_fact want;

		kit_fact_make(&want, (unsigned)facts);
		UNIT_TRUE(
		    "domain", view_eq(fact.fact.domain, want.fact.domain));
		UNIT_UINT("count", fact.count, facts == 5 ? 2 : 1);
		facts++;
	}
	UNIT_UINT("early facts", facts, 100);
	tally_info(early, &info);
	UNIT_UINT("early facts", info.facts, 100);
	UNIT_UINT("damaged", info.damaged, 0);
	UNIT_INT("not sealed then", info.sealed, 0);
	tally_close(early);

	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("facts", sum.facts, 20000);
	UNIT_UINT("count", sum.count, 20001);
	UNIT_UINT("damaged", sum.damaged, 0);
	UNIT_UINT("sealed", sum.sealed, KIT_NEXT + 1);
	kit_release(&k);
}

/* A feed's record that is half-written is read from the redo slot. */
static void test_torn_feed(void **state)
{
	struct tally_front *front;
	struct hash_key salt;
	struct kit k;
	char path[128];
	char *want;
	char *got;
	size_t size;

	(void)state;
	kit_make_day(&k, 4);
	want = kit_dump(&k, KIT_DAY, true);
	front = kit_map(kit_path(&k, KIT_DAY, path), &size);
	salt = salt_of(front);
	UNIT_UINT("the last batch was the second feed's", front->redo.feed, 1);
	front->feed[1].applied++;
	got = kit_dump(&k, KIT_DAY, true);
	UNIT_TRUE("damage", strstr(got, "damaged 0 1\n") != NULL);
	free(got);
	/* armed: it was on its way */
	atomic_store(&front->redo.state,
	    tally_layout_word(
		&salt, TALLY_ID_REDO, front->redo.sequence << 1 | 1));
	got = kit_dump(&k, KIT_DAY, true);
	UNIT_STR("from the redo slot", got, want);
	free(got);
	/* but not for another feed */
	front->feed[0].applied++;
	got = kit_dump(&k, KIT_DAY, true);
	UNIT_TRUE("damage", strstr(got, "damaged 0 1\n") != NULL);
	free(got);
	(void)munmap(front, size);
	free(want);
	kit_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_other_source),
		cmocka_unit_test(test_feeds_and_policies),
		cmocka_unit_test(test_front),
		cmocka_unit_test(test_no_tally),
		cmocka_unit_test(test_words_that_lie),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_torn_feed),
	};

	return UNIT_RUN(tests);
}
