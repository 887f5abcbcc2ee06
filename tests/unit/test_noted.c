/* SPDX-License-Identifier: BSD-2-Clause */
/* test_noted.c - tests common/noted.c: what is noted and found, and for whom */

#include "config.h"

#include "tests/unit/noted_kit.h"

#define A "6AMBWYfV000001"
#define B "6AMBWYfV000002"
#define C "6AMBWYfV000003"
#define D "6AMBWYfV000004"

static void test_find(void **state)
{
	static const struct {
		const char *name;
		const char *qid;
		int after; /* seconds after its note */
		unsigned want;
	} table[] = {
		{ "at once", A, 0, NOTED_TLS_REQUIRED },
		{ "another kind", B, 0, NOTED_OWN_REPORT },
		{ "both kinds", C, 0, NOTED_KINDS },
		{ "never heard of", D, 0, 0 },
		{ "other case", "6ambwyfv000001", 0, 0 },
		{ "a part of it", "6AMBWYfV00000", 0, 0 },
		{ "more than it", A "1", 0, 0 },
		{ "nothing", "", 0, 0 },
		{ "days later", A, 5 * DAY, NOTED_TLS_REQUIRED },
		{ "to the last second", A, NOTED_LIFE_S, NOTED_TLS_REQUIRED },
		{ "too late", A, NOTED_LIFE_S + 1, 0 },
		{ "a clock that is behind", A, -NOTED_EARLY_S,
		    NOTED_TLS_REQUIRED },
		{ "an earlier message", A, -NOTED_EARLY_S - 1, 0 },
	};
	struct noted *n = open_notes(true);

	(void)state;
	noted_add(n, view_of(A), NOTED_TLS_REQUIRED, T0);
	noted_add(n, view_of(B), NOTED_OWN_REPORT, T0);
	noted_add(n, view_of(C), NOTED_KINDS, T0);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < UNIT_LEN(table); i++) {
			UNIT_UINT(table[i].name,
			    noted_find(
				n, view_of(table[i].qid), T0 + table[i].after),
			    table[i].want);
		}
		/* it is the same after a restart */
		noted_close(n);
		n = open_notes(true);
	}
	UNIT_UINT("damaged", noted_get(n, NOTED_DAMAGED), 0);
	noted_close(n);
}

static void test_add(void **state)
{
	char id[NOTED_QID + 2];
	struct noted *n = open_notes(true);

	(void)state;
	noted_add(n, view_of(A), NOTED_TLS_REQUIRED, T0);
	noted_add(n, view_of(A), NOTED_OWN_REPORT, T0 + 1);
	UNIT_UINT("the later one", noted_find(n, view_of(A), T0 + 1),
	    NOTED_OWN_REPORT);
	UNIT_UINT("its time", noted_find(n, view_of(A), T0 + 1 + NOTED_LIFE_S),
	    NOTED_OWN_REPORT);
	noted_add(n, view_of(A), 0, T0 + 2);
	UNIT_UINT("forgotten", noted_find(n, view_of(A), T0 + 2), 0);
	noted_add(n, view_of(A), 0, T0 + 2);
	noted_add(n, view_of(A), NOTED_TLS_REQUIRED | 64, T0 + 3);
	UNIT_UINT("known kinds only", noted_find(n, view_of(A), T0 + 3),
	    NOTED_TLS_REQUIRED);

	memset(id, 'x', sizeof(id));
	noted_add(n, view_make(id, NOTED_QID), NOTED_TLS_REQUIRED, T0);
	UNIT_UINT("long", noted_find(n, view_make(id, NOTED_QID), T0),
	    NOTED_TLS_REQUIRED);
	noted_add(n, view_make(id, NOTED_QID + 1), NOTED_TLS_REQUIRED, T0);
	UNIT_UINT(
	    "too long", noted_find(n, view_make(id, NOTED_QID + 1), T0), 0);
	noted_add(n, view_of(""), NOTED_TLS_REQUIRED, T0);
	UNIT_UINT("empty", noted_find(n, view_of(""), T0), 0);

	noted_add(n, view_of(B), NOTED_TLS_REQUIRED, -5);
	UNIT_UINT(
	    "before 1970", noted_find(n, view_of(B), 0), NOTED_TLS_REQUIRED);
	noted_add(n, view_of(B), NOTED_TLS_REQUIRED, INT64_MAX);
	UNIT_UINT("no such time", noted_find(n, view_of(B), T0), 0);
	UNIT_UINT("evicted", noted_get(n, NOTED_EVICTED), 0);
	noted_close(n);
}

/* How many of the messages with these numbers are known. */
static unsigned count(
    const struct noted *n, unsigned begin, unsigned end, int64_t t)
{
	unsigned found = 0;

	for (unsigned i = begin; i < end; i++) {
		found += find(n, i, t) == 1 + i % 3;
	}
	return found;
}

static void test_full(void **state)
{
	enum {
		FEW = NOTED_SLOTS / 2,
		MANY = NOTED_SLOTS * 2,
	};
	struct noted *n = open_notes(true);
	unsigned found;

	(void)state;
	for (unsigned i = 0; i < FEW; i++) {
		add(n, i, 1 + i % 3, T0 + i);
	}
	UNIT_UINT("half of it fits", count(n, 0, FEW, T0 + FEW), FEW);
	UNIT_UINT("nobody went", noted_get(n, NOTED_EVICTED), 0);
	for (unsigned i = FEW; i < MANY; i++) {
		add(n, i, 1 + i % 3, T0 + i);
	}
	found = count(n, 0, MANY, T0 + MANY);
	UNIT_UINT("all others are counted", found,
	    MANY - noted_get(n, NOTED_EVICTED));
	UNIT_TRUE("nearly full", found > NOTED_SLOTS / 100 * 95);
	UNIT_UINT("the newest are there",
	    count(n, MANY - 1000, MANY, T0 + MANY), 1000);
	UNIT_TRUE("the oldest are not",
	    count(n, 0, FEW / 2, T0 + MANY) < FEW / 2 / 20);
	noted_close(n);
}

/* Those whose time is over make room, and are not missed. */
static void test_expiry(void **state)
{
	enum {
		N = NOTED_SLOTS / 2
	};
	struct noted *n = open_notes(true);
	unsigned i = 0;

	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		int64_t t = T0 + (int64_t)round * (NOTED_LIFE_S + 1);

		for (; i < (round + 1) * N; i++) {
			add(n, i, 1 + i % 3, t);
		}
		UNIT_UINT("known", count(n, 0, i, t), N);
	}
	UNIT_UINT("nobody went", noted_get(n, NOTED_EVICTED), 0);
	noted_close(n);
}

static void test_alias(void **state)
{
	struct noted *n = open_notes(true);
	int64_t end = T0 + NOTED_LIFE_S;

	(void)state;
	noted_add(n, view_of(A), NOTED_TLS_REQUIRED, T0);
	noted_alias(n, view_of(A), view_of(B), T0 + 5);
	UNIT_UINT(
	    "new id", noted_find(n, view_of(B), T0 + 5), NOTED_TLS_REQUIRED);
	UNIT_UINT(
	    "old id", noted_find(n, view_of(A), T0 + 5), NOTED_TLS_REQUIRED);
	UNIT_UINT("both end", noted_find(n, view_of(B), end + 1), 0);
	noted_alias(n, view_of(D), view_of(C), T0);
	UNIT_UINT("of nothing", noted_find(n, view_of(C), T0), 0);
	noted_alias(n, view_of(A), view_of(C), end + 1);
	UNIT_UINT("of what is over", noted_find(n, view_of(C), end + 1), 0);
	noted_alias(n, view_of(A), view_of(""), T0);
	noted_alias(n, view_of(""), view_of(C), T0);
	UNIT_UINT("no ids", noted_find(n, view_of(C), T0), 0);
	noted_close(n);
}

/* Sendmail tells of the split of a part before it tells of the part. */
static void test_alias_order(void **state)
{
	struct noted *n = open_notes(true);

	(void)state;
	noted_add(n, view_of(A), NOTED_OWN_REPORT, T0);
	noted_alias(n, view_of(B), view_of(C), T0);
	noted_alias(n, view_of(B), view_of(D), T0);
	UNIT_UINT("not yet", noted_find(n, view_of(C), T0), 0);
	noted_alias(n, view_of(A), view_of(B), T0);
	UNIT_UINT("part", noted_find(n, view_of(B), T0), NOTED_OWN_REPORT);
	UNIT_UINT(
	    "part of it", noted_find(n, view_of(C), T0), NOTED_OWN_REPORT);
	UNIT_UINT(
	    "other part", noted_find(n, view_of(D), T0), NOTED_OWN_REPORT);
	/* any number of them is no harm */
	for (unsigned i = 0; i < 1000; i++) {
		char from[32];
		char to[32];

		noted_alias(n, qid_of(i, from), qid_of(i + 1, to), T0);
	}
	UNIT_UINT("nothing", find(n, 1000, T0), 0);
	noted_close(n);
}

static void test_counters(void **state)
{
	struct noted *n = open_notes(true);

	(void)state;
	for (unsigned c = 0; c < NOTED_COUNTERS; c++) {
		UNIT_UINT("at first", noted_get(n, c), 0);
		noted_bump(n, c, c + 1);
		noted_bump(n, c, 10);
		UNIT_TRUE("word", noted_counter_word(c) != NULL);
		UNIT_TRUE("help", noted_counter_help(c) != NULL);
	}
	noted_close(n);
	n = open_notes(true);
	for (unsigned c = 0; c < NOTED_COUNTERS; c++) {
		UNIT_UINT("after a restart", noted_get(n, c), c + 11);
	}
	noted_bump(n, NOTED_NOTES, UINT64_MAX);
	UNIT_UINT("no overflow", noted_get(n, NOTED_NOTES), NOTED_VALUE_MAX);
	noted_bump(n, NOTED_NOTES, 1);
	UNIT_UINT("nor later", noted_get(n, NOTED_NOTES), NOTED_VALUE_MAX);
	UNIT_STR("no such", noted_counter_word(NOTED_COUNTERS), NULL);
	UNIT_STR("no such", noted_counter_help(NOTED_COUNTERS), NULL);
	noted_close(n);
}

static void test_reader(void **state)
{
	struct noted *writer;
	struct noted *reader = NULL;
	struct noted *other = NULL;

	(void)state;
	UNIT_INT("no file", noted_open(dir, false, &reader), -ENOENT);
	UNIT_TRUE("nothing to close", reader == NULL);
	writer = open_notes(true);
	reader = open_notes(false);
	UNIT_INT("two writers", noted_open(dir, true, &other), ERR_BUSY);
	UNIT_TRUE("nothing to close", other == NULL);

	noted_add(writer, view_of(A), NOTED_TLS_REQUIRED, T0);
	noted_bump(writer, NOTED_NOTES, 1);
	UNIT_UINT("seen at once", noted_find(reader, view_of(A), T0),
	    NOTED_TLS_REQUIRED);
	UNIT_UINT("counted", noted_get(reader, NOTED_NOTES), 1);
	noted_alias(reader, view_of(A), view_of(B), T0);
	UNIT_UINT("a reader's own", noted_find(reader, view_of(B), T0),
	    NOTED_TLS_REQUIRED);
	UNIT_UINT("his alone", noted_find(writer, view_of(B), T0), 0);
	UNIT_INT("sync", noted_sync(reader), 0);
	noted_close(reader);
	reader = open_notes(false);
	UNIT_UINT("not kept", noted_find(reader, view_of(B), T0), 0);
	noted_close(reader);
	noted_close(writer);

	writer = open_notes(true);
	noted_close(writer);
	UNIT_INT(
	    "no state", noted_open("/nonexistent", true, &writer), -ENOENT);
	noted_close(NULL);
}

/* What a log tells goes beside what the milter noted. */
static void test_own(void **state)
{
	struct noted *n = open_notes(true);

	(void)state;
	noted_add(n, view_of(A), NOTED_TLS_REQUIRED, T0);
	noted_on_own(n, view_of(A), T0 + 5);
	UNIT_UINT("both", noted_find(n, view_of(A), T0 + 5), NOTED_KINDS);
	noted_on_own(n, view_of(B), T0);
	UNIT_UINT(
	    "alone", noted_find(n, view_of(B), T0 + DAY), NOTED_OWN_REPORT);
	/* the log is read again */
	noted_on_own(n, view_of(B), T0);
	UNIT_UINT(
	    "again", noted_find(n, view_of(B), T0 + DAY), NOTED_OWN_REPORT);
	UNIT_UINT("another", noted_find(n, view_of(C), T0), 0);
	noted_close(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_add, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alias, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_alias_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own, setup, teardown),
	};

	return UNIT_RUN(tests);
}
