/* SPDX-License-Identifier: BSD-2-Clause */
/* test_outbox_times.c - tests common/outbox_times.c */
#include "config.h"

#include "common/outbox.h"
#include "common/when.h"
#include "tests/unit/unit.h"

enum {
	DAY = 20779 * WHEN_DAY_S, /* 2026-11-22 */
	MIN = 60
};

/* Golden: a changed value sends a second time on the day of an upgrade. */
static void test_due(void **state)
{
	static const struct {
		const char *name;
		const char *submitter;
		int64_t want;
	} table[] = {
		{ "a.example", "mx.example.org", 7323 },
		{ "a.example", "mx.example.net", 11001 },
		{ "b.example", "mx.example.org", 11031 },
		{ "", "", 4438 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name,
		    outbox_due(
			DAY, view_of(table[i].name), table[i].submitter) -
			DAY - WHEN_DAY_S,
		    table[i].want);
	}
}

/* All over the four hours, and the same each day. */
static void test_spread(void **state)
{
	enum {
		DOMAINS = 4000,
		PARTS = 16,
		EXPECTED = DOMAINS / PARTS
	};

	unsigned n[PARTS] = { 0 };
	char name[32];

	(void)state;
	for (int i = 0; i < DOMAINS; i++) {
		int64_t offset;

		(void)snprintf(name, sizeof(name), "d%d.example", i);
		offset = outbox_due(0, view_of(name), "s.example") - WHEN_DAY_S;
		UNIT_TRUE(name, offset >= 0 && offset < OUTBOX_SPREAD_S);
		UNIT_INT(name,
		    outbox_due(DAY, view_of(name), "s.example") - DAY,
		    offset + WHEN_DAY_S);
		n[offset / (OUTBOX_SPREAD_S / PARTS)]++;
	}
	for (int i = 0; i < PARTS; i++) {
		UNIT_TRUE(
		    "even", n[i] > EXPECTED * 3 / 4 && n[i] < EXPECTED * 5 / 4);
	}
}

/* A destination that is down for good, tried whenever it is due. */
static void test_backoff(void **state)
{
	static const int64_t want[] = { 15, 45, 105, 225, 465, 945, 1440 };

	struct outbox_item item = { .state = OUTBOX_WAITING };

	(void)state;
	item.next_try = DAY;
	for (size_t i = 0; i < UNIT_LEN(want); i++) {
		outbox_failed(&item, item.next_try, 0);
		UNIT_STR("state", outbox_state_word(item.state), "waiting");
		UNIT_INT("next", (item.next_try - DAY) / MIN, want[i]);
		UNIT_UINT("tries", item.tries, i + 1);
	}
	outbox_failed(&item, item.next_try, 0);
	UNIT_STR("end", outbox_state_word(item.state), "given-up");
	UNIT_UINT("tries", item.tries, 8);
	UNIT_INT("first", item.first_try, DAY);
	UNIT_INT("last", item.last_try, DAY + WHEN_DAY_S);
}

static void test_failed(void **state)
{
	static const struct {
		const char *name;
		unsigned tries;
		int64_t first; /* before now */
		int64_t retry_after_s;
		const char *want;
		int64_t next; /* after now */
	} table[] = {
		{ "first", 0, 0, 0, "waiting", 900 },
		{ "less than our time", 0, 0, 60, "waiting", 900 },
		{ "more than our time", 0, 0, 5000, "waiting", 5000 },
		{ "less than the doubled", 2, 3000, 1000, "waiting", 3600 },
		{ "negative", 0, 0, -5, "waiting", 900 },
		{ "smallest", 0, 0, INT64_MIN, "waiting", 900 },
		{ "just in time", 0, 0, 86400, "waiting", 86400 },
		{ "never", 0, 0, 86401, "given-up", 0 },
		{ "largest", 0, 0, INT64_MAX, "given-up", 0 },
		{ "last", 6, 80000, 0, "waiting", 6400 },
		{ "little left", 6, 85500, 0, "waiting", 900 },
		{ "less left", 6, 85501, 0, "given-up", 0 },
		{ "late", 3, 400000, 0, "given-up", 0 },
		{ "clock set back", 3, -90000, 0, "waiting", 7200 },
		{ "many tries", 4000000000, 10, 0, "waiting", 86390 },
		{ "all tries", UINT32_MAX, 10, 0, "waiting", 86390 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct outbox_item item = { .tries = table[i].tries };

		if (table[i].tries > 0) {
			item.first_try = DAY - table[i].first;
		}
		outbox_failed(&item, DAY, table[i].retry_after_s);
		UNIT_STR(table[i].name, outbox_state_word(item.state),
		    table[i].want);
		UNIT_INT(table[i].name, item.last_try, DAY);
		if (item.state == OUTBOX_WAITING) {
			UNIT_INT(
			    table[i].name, item.next_try - DAY, table[i].next);
		}
	}
}

static void test_ends(void **state)
{
	struct outbox_item sent = { .tries = 1, .first_try = 5 };
	struct outbox_item refused = { .tries = 0 };

	(void)state;
	outbox_sent(&sent, 7);
	UNIT_STR("sent", outbox_state_word(sent.state), "sent");
	UNIT_UINT("sent", sent.tries, 2);
	UNIT_INT("sent", sent.first_try, 5);
	UNIT_INT("sent", sent.last_try, 7);
	outbox_refused(&refused, 7);
	UNIT_STR("refused", outbox_state_word(refused.state), "given-up");
	UNIT_UINT("refused", refused.tries, 1);
	UNIT_INT("refused", refused.first_try, 7);
	UNIT_INT("refused", refused.last_try, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_ends),
	};

	return UNIT_RUN(tests);
}
