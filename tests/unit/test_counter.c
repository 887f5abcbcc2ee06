/* SPDX-License-Identifier: BSD-2-Clause */
/* test_counter.c - tests of common/counter.c */

#include "config.h"

#include "common/counter.h"
#include "tests/unit/unit.h"

/* The numbers stand in tally files, the words in status, JSON and metrics. */
static const struct {
	enum counter counter;
	unsigned number;
	const char *word;
} table[] = {
	{ COUNTER_LINES, 0, "lines" },
	{ COUNTER_RECORDS, 1, "records" },
	{ COUNTER_SESSIONS, 2, "sessions" },
	{ COUNTER_BAD_LINE, 3, "bad-line" },
	{ COUNTER_LONG_LINE, 4, "long-line" },
	{ COUNTER_BAD_TIME, 5, "bad-time" },
	{ COUNTER_BAD_RECORD, 6, "bad-record" },
	{ COUNTER_OWN_REPORT, 7, "own-report" },
	{ COUNTER_TLS_REQUIRED, 8, "tls-required-no" },
	{ COUNTER_LITERAL, 9, "address-literal" },
	{ COUNTER_SUBMISSION, 10, "submission" },
	{ COUNTER_LOCAL_POLICY, 11, "local-policy" },
	{ COUNTER_CLEAR_RETRY, 12, "clear-retry" },
	{ COUNTER_ORPHAN, 13, "orphan" },
	{ COUNTER_UNCLEAR, 14, "unclear" },
	{ COUNTER_BAD_DOMAIN, 15, "bad-domain" },
	{ COUNTER_EVICTED, 16, "evicted" },
	{ COUNTER_EXPIRED, 17, "expired" },
	{ COUNTER_OVERFLOW, 18, "overflow" },
	{ COUNTER_LATE, 19, "late" },
	{ COUNTER_GAP, 20, "gap" },
	{ COUNTER_OTHER_PORT, 21, "other-port" },
	{ COUNTER_UNREAD, 22, "unread" },
	{ COUNTER_RULES, 23, "rules" },
	{ COUNTER_RULES_BYTES, 24, "rules-bytes" },
	{ COUNTER_SUPPRESSED, 25, "suppressed" },
	{ COUNTER_CALLOUT, 26, "callout" },
	{ COUNTER_TLS_NOT_LOGGED, 27, "tls-not-logged" },
	{ COUNTER_BAD_DATAGRAM, 28, "bad-datagram" },
	{ COUNTER_DATAGRAMS, 29, "datagrams" },
	{ COUNTER_DATAGRAM_LOST, 30, "datagram-lost" },
};

static void test_words(void **state)
{
	(void)state;
	UNIT_UINT("a row for each", UNIT_LEN(table), COUNTER_COUNT);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_UINT(table[i].word, table[i].counter, table[i].number);
		UNIT_UINT(table[i].word, i, table[i].number);
		UNIT_STR(table[i].word, counter_word(table[i].counter),
		    table[i].word);
	}
}

/* One line each, no two alike. */
static void test_help(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *help = counter_help(table[i].counter);

		assert_non_null(help);
		UNIT_TRUE(table[i].word, strlen(help) > 0);
		UNIT_TRUE(table[i].word, strchr(help, '\n') == NULL);
		for (size_t j = 0; j < i; j++) {
			UNIT_TRUE(table[i].word,
			    strcmp(help, counter_help(table[j].counter)) != 0);
		}
	}
}

static void test_no_such(void **state)
{
	static const unsigned values[] = { COUNTER_COUNT, COUNTER_SLOTS,
		0x7fffffff, 0x80000000, 0xffffffff };

	(void)state;
	UNIT_TRUE("room in the file", COUNTER_COUNT <= COUNTER_SLOTS);
	for (size_t i = 0; i < UNIT_LEN(values); i++) {
		UNIT_STR("word", counter_word((enum counter)values[i]), NULL);
		UNIT_STR("help", counter_help((enum counter)values[i]), NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_no_such),
	};

	return UNIT_RUN(tests);
}
