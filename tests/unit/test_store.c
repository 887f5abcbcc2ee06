/* SPDX-License-Identifier: BSD-2-Clause */
/* test_store.c - tests of common/store.c: batches, exactly once, marks */

#include "config.h"

#include "tests/unit/tally_kit.h"

/* Does a day's dump have a line with this text? */
static bool has(const struct kit *k, int64_t day, const char *text)
{
	char *dump = kit_dump(k, day, true);
	bool found = strstr(dump, text) != NULL;

	if (!found) {
		print_error("no \"%s\" in:\n%s", text, dump);
	}
	free(dump);
	return found;
}

/* The position of a feed's marks in one day's file; 0: none. */
static uint64_t marks_in(const struct kit *k, int64_t day, const char *feed)
{
	struct tally_feed f;
	struct tally *t;
	uint64_t cursor = 0;
	uint64_t pos = 0;
	char path[128];

	UNIT_INT("open", tally_open(kit_path(k, day, path), &t), 0);
	while (tally_next_feed(t, &cursor, &f) == 1) {
		if (strcmp(f.name, feed) == 0) {
			UNIT_UINT("a pair", f.read.pos, f.rescan.pos);
			pos = f.rescan.pos;
		}
	}
	tally_close(t);
	return pos;
}

static void test_count(void **state)
{
	struct kit k;
	struct kit_sum sum;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	kit_count(&k, KIT_DAY + 500, 1, 7);
	kit_count(&k, KIT_DAY + 100, 2, 7);
	kit_count(&k, KIT_DAY + 300, 3, 7);
	kit_count(&k, KIT_DAY + 86399, 4, 8);
	kit_commit(&k, 4, KIT_DAY);
	kit_count(&k, KIT_DAY + 99, 5, 7);
	kit_count(&k, KIT_DAY + 86398, 6, 8);
	kit_commit(&k, 6, KIT_DAY);
	UNIT_TRUE(
	    "7", has(&k, KIT_DAY, "count=4 first=1795305699 last=1795306100"));
	UNIT_TRUE(
	    "8", has(&k, KIT_DAY, "count=2 first=1795391998 last=1795391999"));

	kit_open(&k, "sendmail");
	UNIT_UINT("mark", k.rescan.pos, 6);
	kit_count(&k, KIT_DAY, 7, 7);
	kit_count(&k, KIT_DAY, 8, 9);
	kit_commit(&k, 8, KIT_DAY);
	UNIT_TRUE("7 again",
	    has(&k, KIT_DAY, "count=5 first=1795305600 last=1795306100"));
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("facts", sum.facts, 3);
	UNIT_UINT("count", sum.count, 8);
	kit_release(&k);
}

/* Nothing can be seen of a batch before the commit, or without it. */
static void test_not_committed(void **state)
{
	struct kit k;
	struct kit_sum sum;
	struct kit_fact f;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	kit_count(&k, KIT_DAY, 1, 0);
	kit_commit(&k, 1, KIT_DAY);
	for (unsigned i = 0; i < 100; i++) {
		kit_count(&k, KIT_DAY, 2 + i, i);
	}
	UNIT_INT(
	    "bump", store_bump(k.store, KIT_DAY, 102, COUNTER_LINES, 1), 0);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("count before", sum.count, 1);
	UNIT_UINT("lines before", sum.counters[COUNTER_LINES], 0);
	UNIT_UINT("damaged", sum.damaged, 0);

	kit_open(&k, "sendmail");
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("count after close", sum.count, 1);
	for (unsigned i = 0; i < 100; i++) {
		kit_count(&k, KIT_DAY, 2 + i, i);
	}
	/* the caller's texts are not borrowed */
	kit_fact_make(&f, 200);
	UNIT_INT("session", store_session(k.store, KIT_DAY, 103, &f.fact), 0);
	memset(&f, 'x', sizeof(f));
	kit_commit(&k, 103, KIT_DAY);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("count", sum.count, 102);
	UNIT_UINT("facts", sum.facts, 101);
	UNIT_TRUE("own copy", has(&k, KIT_DAY, "domain=d66.example"));
	kit_release(&k);
}

/* What closed at or before "applied" of its day and feed is ignored. */
static void test_applied(void **state)
{
	struct kit k;
	struct kit_sum sum;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	kit_count(&k, KIT_DAY, 10, 0);
	kit_count(&k, KIT_NEXT, 20, 0);
	kit_commit(&k, 20, KIT_DAY);
	for (unsigned round = 0; round < 2; round++) {
		kit_open(&k, "sendmail");
		for (unsigned pos = 1; pos <= 20; pos++) {
			/* of the first day only 11 and more are news */
			kit_count(&k, pos <= 15 ? KIT_DAY : KIT_NEXT, pos, 1);
			UNIT_INT("bump",
			    store_bump(k.store, pos <= 15 ? KIT_DAY : KIT_NEXT,
				pos, COUNTER_LINES, 3),
			    0);
		}
		kit_commit(&k, 20, KIT_DAY);
	}
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("day 1", sum.count, 6);
	UNIT_UINT("day 1, lines", sum.counters[COUNTER_LINES], 15);
	kit_sum(&k, KIT_NEXT, &sum);
	UNIT_UINT("day 2", sum.count, 1);
	UNIT_UINT("day 2, lines", sum.counters[COUNTER_LINES], 0);

	/* another feed has positions of its own */
	kit_open(&k, "other");
	UNIT_UINT("new feed", k.rescan.pos, 0);
	kit_count(&k, KIT_DAY, 3, 0);
	kit_commit(&k, 3, KIT_DAY);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("day 1", sum.count, 7);
	UNIT_UINT("a fact of its own", sum.facts, 3);
	kit_release(&k);
}

/* Several events of one position, in one batch, all count. */
static void test_same_position(void **state)
{
	struct kit k;
	struct kit_sum sum;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	for (unsigned i = 0; i < 50; i++) {
		kit_count(&k, KIT_DAY, 5, i);
		UNIT_INT("bump",
		    store_bump(k.store, KIT_DAY, 5, COUNTER_SESSIONS, 1), 0);
	}
	kit_commit(&k, 5, KIT_DAY);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("count", sum.count, 50);
	UNIT_UINT("sessions", sum.counters[COUNTER_SESSIONS], 50);
	kit_release(&k);
}

/* The marks stand in the newest file, whatever the batch was about. */
static void test_marks(void **state)
{
	struct kit k;
	const struct mark mark = { 77, 7, 1, KIT_DAY + 5 };
	const struct mark no_time = { 5, 5, 5, 0 };

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	/* there is no file, and no day for one */
	UNIT_INT("no day", store_commit(k.store, &no_time, &no_time, false), 0);
	kit_open(&k, "sendmail");
	UNIT_UINT("not stored", k.rescan.pos, 0);
	/* there is no file, but the marks name a day */
	UNIT_INT("a day", store_commit(k.store, &mark, &mark, false), 0);
	UNIT_UINT("stored", marks_in(&k, KIT_DAY, "sendmail"), 77);

	kit_count(&k, KIT_DAY, 100, 0);
	kit_count(&k, KIT_NEXT, 101, 0);
	kit_commit(&k, 101, KIT_DAY);
	UNIT_UINT("not in the older", marks_in(&k, KIT_DAY, "sendmail"), 77);
	UNIT_UINT("in the newer", marks_in(&k, KIT_NEXT, "sendmail"), 101);

	/* a batch for the older day alone */
	kit_count(&k, KIT_DAY, 102, 0);
	kit_commit(&k, 102, KIT_DAY);
	UNIT_UINT("not in the older", marks_in(&k, KIT_DAY, "sendmail"), 77);
	UNIT_UINT("in the newer", marks_in(&k, KIT_NEXT, "sendmail"), 102);

	/* another feed's batch */
	kit_open(&k, "other");
	kit_count(&k, KIT_DAY, 5, 0);
	kit_commit(&k, 5, KIT_DAY);
	UNIT_UINT("other", marks_in(&k, KIT_NEXT, "other"), 5);
	kit_open(&k, "sendmail");
	UNIT_UINT("read back", k.rescan.pos, 102);
	UNIT_UINT("read back", k.read.hash, UINT64_C(102) * 7);

	/* one mark alone */
	UNIT_INT("read", store_commit(k.store, NULL, &mark, false), 0);
	kit_open(&k, "sendmail");
	UNIT_UINT("rescan stays", k.rescan.pos, 102);
	UNIT_UINT("read changed", k.read.pos, 77);
	kit_release(&k);
}

static void test_feed_names(void **state)
{
	static const struct {
		const char *name;
		const char *mta;
		int want;
	} table[] = {
		{ "a", "b", 0 },
		{ "A-z_0.9", "sendmail", 0 },
		{ "", "sendmail", ERR_PARSE },
		{ "a b", "sendmail", ERR_PARSE },
		{ "a/b", "sendmail", ERR_PARSE },
		{ "\xc3\xa4", "sendmail", ERR_PARSE },
		{ "a", "", ERR_PARSE },
		{ "a", "an-mta-name-of-1", ERR_PARSE },
		{ "a", "an-mta-name-of1", 0 },
		{ "a-feed-with-a-name-as-long-as-they-can-be-0123456789-"
		  "0123456789x",
		    "sendmail", ERR_PARSE },
	};
	struct kit k;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name,
		    store_feed(k.store, table[i].name, table[i].mta, &k.rescan,
			&k.read),
		    table[i].want);
	}
	kit_release(&k);
}

static void test_too_many_feeds(void **state)
{
	struct kit k;
	char name[16];

	(void)state;
	kit_init(&k);
	for (unsigned i = 0; i < TALLY_FEEDS; i++) {
		(void)snprintf(name, sizeof(name), "feed%u", i);
		kit_open(&k, name);
		kit_count(&k, KIT_DAY, 1, 0);
		kit_commit(&k, 1 + i, KIT_DAY);
	}
	UNIT_INT("one more",
	    store_feed(k.store, "feed32", "exim", &k.rescan, &k.read),
	    ERR_FULL);
	UNIT_INT("a known one",
	    store_feed(k.store, "feed9", "exim", &k.rescan, &k.read), 0);
	UNIT_UINT("its mark", k.rescan.pos, 10);
	kit_release(&k);
}

/* Two feeds take turns on one store: each keeps its own counts and marks. */
static void test_turns(void **state)
{
	static const char *const names[] = { "one", "two" };
	struct kit_sum sum;
	struct kit k;

	(void)state;
	kit_init(&k);
	kit_open(&k, "one");
	for (unsigned i = 0; i < UNIT_LEN(names); i++) {
		UNIT_INT(names[i],
		    store_feed(k.store, names[i], "exim", &k.rescan, &k.read),
		    0);
	}
	for (uint64_t turn = 1; turn <= 6; turn++) {
		store_use(k.store, names[turn % 2]);
		kit_count(&k, KIT_DAY, 10 * turn, (unsigned)(turn % 2));
		kit_commit(&k, 10 * turn, KIT_DAY);
	}
	/* what is applied is passed, of the own feed only */
	store_use(k.store, "one");
	kit_count(&k, KIT_DAY, 60, 0);
	kit_count(&k, KIT_DAY, 61, 0);
	kit_commit(&k, 61, KIT_DAY);
	store_use(k.store, "two");
	kit_count(&k, KIT_DAY, 50, 1);
	kit_commit(&k, 50, KIT_DAY);
	for (unsigned i = 0; i < UNIT_LEN(names); i++) {
		UNIT_INT(names[i],
		    store_feed(k.store, names[i], "exim", &k.rescan, &k.read),
		    0);
		UNIT_UINT(names[i], k.read.pos, i == 0 ? 61 : 50);
	}
	kit_sum(&k, KIT_DAY, &sum);
	/* 6 turns, and 61 of "one"; 60 and 50 were counted before */
	UNIT_UINT("sessions", sum.count, 7);
	kit_release(&k);
}

static void test_policies(void **state)
{
	/* sha256sum of "d.example\0mx.d.example\0{"a":1}" */
	static const uint8_t want[FACT_POLICY_HASH] = { 0x7c, 0xec, 0xab, 0xc9,
		0xa0, 0x8c, 0x75, 0xae, 0xbf, 0xde, 0x00, 0xec, 0x3a, 0x5a,
		0x92, 0x4d };
	static char big[POLICY_CONTENT_MAX + 1];
	struct policy p = {
		.domain = view_of("d.example"),
		.mx = view_of("mx.d.example"),
		.since = KIT_DAY + 1,
		.content = view_of("{\"a\":1}"),
	};
	struct kit k;
	char *text;

	(void)state;
	memset(big, ' ', sizeof(big));
	kit_init(&k);
	kit_open(&k, "sendmail");
	UNIT_INT("first", store_policy(k.store, KIT_DAY + 1, &p), 0);
	UNIT_MEM("hash", p.hash, sizeof(p.hash), want, sizeof(want));
	p.since = KIT_DAY + 9;
	UNIT_INT("the same", store_policy(k.store, KIT_DAY + 9, &p), 0);
	kit_open(&k, "sendmail");
	UNIT_INT("the same later", store_policy(k.store, KIT_DAY + 9, &p), 0);
	p.mx = view_of("");
	UNIT_INT("another", store_policy(k.store, KIT_DAY + 9, &p), 0);
	/* what is one row of bytes for both is not the same */
	p.domain = view_of("d.examplem");
	p.mx = view_of("x.d.example");
	UNIT_INT("another", store_policy(k.store, KIT_DAY + 9, &p), 0);
	p.content = view_make(big, sizeof(big));
	UNIT_INT(
	    "too long", store_policy(k.store, KIT_DAY + 9, &p), ERR_TOO_LONG);
	p.content.len--;
	UNIT_INT("not too long", store_policy(k.store, KIT_DAY + 9, &p), 0);
	UNIT_INT("next day", store_policy(k.store, KIT_NEXT, &p), 0);
	text = kit_dump(&k, KIT_DAY, false);
	UNIT_TRUE("since when it came first",
	    strstr(text, "policy since=1795305601") != NULL);
	for (unsigned n = 0;; n++) {
		char *at = strstr(text, "policy since");

		if (at == NULL) {
			UNIT_UINT("policies", n, 4);
			break;
		}
		*at = 'P';
	}
	UNIT_TRUE("whole", strstr(text, "damaged") == NULL);
	free(text);
	kit_release(&k);
}

/* Days without end: what is not in the batch makes room. */
static void test_many_days(void **state)
{
	struct kit k;
	struct kit_sum sum;
	unsigned commits = 0;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	for (unsigned i = 0; i < 200; i++) {
		kit_count(&k, KIT_DAY + 86400 * (int64_t)(i % 25), 1 + i, i);
		if (store_batch_room(k.store) == 0) {
			kit_commit(&k, 1 + i, KIT_DAY);
			commits++;
			UNIT_UINT(
			    "room", store_batch_room(k.store), STORE_BATCH);
		}
	}
	kit_commit(&k, 200, KIT_DAY);
	UNIT_TRUE("commits", commits >= 10 && commits <= 40);
	for (unsigned i = 0; i < 25; i++) {
		kit_sum(&k, KIT_DAY + 86400 * (int64_t)i, &sum);
		UNIT_UINT("count", sum.count, 8);
	}
	/* a batch may hold more days than are open as a rule */
	for (unsigned i = 0; i < 25; i++) {
		kit_count(&k, KIT_DAY + 86400 * (int64_t)i, 201 + i, i);
	}
	UNIT_UINT("room", store_batch_room(k.store), 0);
	kit_commit(&k, 225, KIT_DAY);
	for (unsigned i = 0; i < 25; i++) {
		kit_sum(&k, KIT_DAY + 86400 * (int64_t)i, &sum);
		UNIT_UINT("count", sum.count, 9);
	}
	kit_release(&k);
}

static void test_batch_room(void **state)
{
	struct kit k;
	struct kit_sum sum;
	uint64_t pos = 0;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	UNIT_UINT("empty", store_batch_room(k.store), STORE_BATCH);
	for (unsigned i = 0; i < STORE_BATCH; i++) {
		UNIT_TRUE("room", store_batch_room(k.store) >= STORE_BATCH - i);
		kit_count(&k, KIT_DAY, ++pos, i);
	}
	UNIT_UINT("full", store_batch_room(k.store), 0);
	UNIT_INT("sync", store_commit(k.store, NULL, NULL, true), 0);
	for (unsigned i = 0; i < 10000; i++) {
		/* a fact takes its place once */
		kit_count(&k, KIT_DAY, ++pos, i % 100);
		UNIT_TRUE("room", store_batch_room(k.store) > 1900);
	}
	kit_commit(&k, pos, KIT_DAY);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("count", sum.count, pos);
	kit_release(&k);
}

/* The daemon goes on with what root has replayed. */
static void test_owner(void **state)
{
	static const char *const names[] = { "", "/lock", "/2026-11-22" };

	enum {
		SOMEBODY = 65534
	};
	struct kit k;

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	kit_init(&k);
	UNIT_INT("chown", chown(k.state, SOMEBODY, SOMEBODY), 0);
	kit_open(&k, "sendmail");
	kit_count(&k, KIT_DAY, 1, 1);
	kit_commit(&k, 1, KIT_DAY);
	for (size_t i = 0; i < UNIT_LEN(names); i++) {
		char path[128];
		struct stat st;

		(void)snprintf(
		    path, sizeof(path), "%s/tally%s", k.state, names[i]);
		UNIT_INT(names[i], stat(path, &st), 0);
		UNIT_UINT(names[i], st.st_uid, SOMEBODY);
		UNIT_UINT(names[i], st.st_gid, SOMEBODY);
	}
	kit_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_not_committed),
		cmocka_unit_test(test_applied),
		cmocka_unit_test(test_same_position),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_feed_names),
		cmocka_unit_test(test_too_many_feeds),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_many_days),
		cmocka_unit_test(test_batch_room),
		cmocka_unit_test(test_owner),
	};

	return UNIT_RUN(tests);
}
