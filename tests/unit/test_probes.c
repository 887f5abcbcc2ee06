/* SPDX-License-Identifier: BSD-2-Clause */
/* test_probes.c - tests common/probes.c: which probe speaks for a session */
#include "config.h"

#include "common/err.h"
#include "common/probes.h"
#include "tests/unit/unit.h"

#define H    3600
#define BASE INT64_C(1795305600)

enum {
	SEEN = 5
};

/* Probes of mx.example at 192.0.2.1: hour, and what was seen. */
struct seen {
	int at; /* seconds of the day + 1; 0: the end */
	enum fact_chain chain;
};

static const struct {
	const char *name;
	struct seen seen[SEEN];
	int first;
	int last;
	uint64_t count;
	int want; /* second of the probe + 1; 0: none */
} rows[] = {
	{ "nothing", { { 0 } }, 0, 0, 1, 0 },
	{ "at once", { { 1, FACT_CHAIN_OK } }, 0, 0, 1, 1 },
	{ "six hours after", { { 6 * H + 1, FACT_CHAIN_OK } }, 0, 0, 1,
	    6 * H + 1 },
	{ "more", { { 6 * H + 2, FACT_CHAIN_OK } }, 0, 0, 1, 0 },
	{ "six hours before", { { 1, FACT_CHAIN_OK } }, 6 * H, 6 * H, 1, 1 },
	{ "more before", { { 1, FACT_CHAIN_OK } }, 6 * H + 1, 6 * H + 1, 1, 0 },
	{ "the nearest, after",
	    { { 1, FACT_CHAIN_OK }, { 5 * H + 1, FACT_CHAIN_EXPIRED } }, 3 * H,
	    3 * H, 1, 5 * H + 1 },
	{ "the nearest, before",
	    { { 1, FACT_CHAIN_OK }, { 5 * H + 1, FACT_CHAIN_EXPIRED } }, 2 * H,
	    2 * H, 1, 1 },
	{ "of two the earlier",
	    { { 4 * H + 1, FACT_CHAIN_OK }, { 1, FACT_CHAIN_EXPIRED } }, 2 * H,
	    2 * H, 1, 1 },
	/* a fact of many */
	{ "the last is too far", { { 1, FACT_CHAIN_OK } }, 0, 7 * H, 2, 0 },
	{ "the first is too far", { { 8 * H + 1, FACT_CHAIN_OK } }, 1 * H,
	    8 * H, 2, 0 },
	{ "one for both", { { 6 * H + 1, FACT_CHAIN_OK } }, 0, 12 * H, 9,
	    6 * H + 1 },
	{ "one for each",
	    { { 1, FACT_CHAIN_OK }, { 12 * H + 1, FACT_CHAIN_OK } }, 0, 12 * H,
	    9, 1 },
	{ "a gap between",
	    { { 1, FACT_CHAIN_OK }, { 12 * H + 2, FACT_CHAIN_OK } }, 0, 13 * H,
	    3, 0 },
	{ "a gap in which none was",
	    { { 1, FACT_CHAIN_OK }, { 20 * H + 1, FACT_CHAIN_OK } }, 0, 20 * H,
	    2, 1 },
	{ "they saw another thing",
	    { { 1, FACT_CHAIN_OK }, { 12 * H + 1, FACT_CHAIN_EXPIRED } }, 0,
	    12 * H, 2, 0 },
	{ "one between did",
	    { { 1, FACT_CHAIN_OK }, { 6 * H + 1, FACT_CHAIN_EXPIRED },
		{ 12 * H + 1, FACT_CHAIN_OK } },
	    0, 12 * H, 3, 0 },
	{ "when none was",
	    { { 1, FACT_CHAIN_OK }, { 6 * H + 1, FACT_CHAIN_EXPIRED },
		{ 12 * H + 1, FACT_CHAIN_OK } },
	    0, 12 * H, 2, 1 },
	{ "what came before and after does not matter",
	    { { 1, FACT_CHAIN_EXPIRED }, { 6 * H + 1, FACT_CHAIN_OK },
		{ 12 * H + 1, FACT_CHAIN_EXPIRED } },
	    5 * H, 7 * H, 9, 6 * H + 1 },
};

/* Adds a probe; the text must live on. */
static void add(struct probes *p, const char *mx, const char *ip, int64_t at,
    const char *more, char text[256])
{
	struct policy policy = { .source = POLICY_PROBE, .mx = view_of(mx) };

	(void)snprintf(text, 256, "{\"probed-at\":%lld,\"ip\":\"%s\"%s}",
	    (long long)at, ip, more);
	policy.content = view_of(text);
	policy.hash[0] = (uint8_t)at;
	UNIT_INT(text, probes_add(p, &policy), 0);
}

static const struct policy_probe *find(const struct probes *p, const char *mx,
    const char *ip, int64_t first, int64_t last, uint64_t count)
{
	struct tally_fact fact = {
		.count = count, .first = first, .last = last
	};

	fact.fact.mx = view_of(mx);
	UNIT_INT(ip, ip_parse(view_of(ip), &fact.fact.ip), 0);
	return probes_find(p, &fact);
}

static void test_times(void **state)
{
	char text[SEEN][256];
	char more[64];

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct probes *p = probes_new();
		const struct policy_probe *got;

		for (int k = 0; k < SEEN && rows[i].seen[k].at != 0; k++) {
			(void)snprintf(more, sizeof(more), ",\"chain\":\"%s\"",
			    fact_chain_word(rows[i].seen[k].chain));
			add(p, "mx.example", "192.0.2.1",
			    BASE + rows[i].seen[k].at - 1, more, text[k]);
		}
		probes_sort(p);
		got = find(p, "mx.example", "192.0.2.1", BASE + rows[i].first,
		    BASE + rows[i].last, rows[i].count);
		UNIT_INT(rows[i].name, got != NULL ? got->at - BASE + 1 : 0,
		    rows[i].want);
		probes_free(p);
	}
}

/* Only the very host and address. */
static void test_places(void **state)
{
	static const char *const hosts[] = { "a.example", "mx.example",
		"mx.example.org", "z.example" };
	struct probes *p = probes_new();
	char text[4][256];

	(void)state;
	for (int i = 0; i < 4; i++) {
		add(p, hosts[i], i % 2 == 0 ? "192.0.2.1" : "2001:db8::1",
		    BASE + i, "", text[i]);
	}
	probes_sort(p);
	for (int i = 0; i < 4; i++) {
		const struct policy_probe *got = find(p, hosts[i],
		    i % 2 == 0 ? "192.0.2.1" : "2001:db8::1", BASE, BASE, 1);

		UNIT_TRUE(hosts[i], got != NULL && got->at == BASE + i);
		UNIT_TRUE("another address",
		    find(p, hosts[i], "192.0.2.9", BASE, BASE, 1) == NULL);
	}
	UNIT_TRUE("another host",
	    find(p, "b.example", "192.0.2.1", BASE, BASE, 1) == NULL);
	UNIT_TRUE("no host", find(p, "", "192.0.2.1", BASE, BASE, 1) == NULL);
	probes_free(p);
}

/* All that the judge takes from it must be the same. */
static void test_same(void **state)
{
	static const char *const others[] = {
		",\"name\":\"match\"",
		",\"dane\":\"match\"",
		",\"dane-chain\":\"ok\"",
		",\"dane-name\":\"match\"",
		",\"chain-reason\":\"x\"",
		",\"dane-reason\":\"x\"",
		",\"tlsa-base\":\"x\"",
		",\"tlsa-records\":[\"3 1 1 AA\"]",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(others); i++) {
		struct probes *p = probes_new();
		char text[2][256];

		add(p, "mx.example", "192.0.2.1", BASE, "", text[0]);
		add(p, "mx.example", "192.0.2.1", BASE + 6 * H, others[i],
		    text[1]);
		probes_sort(p);
		UNIT_TRUE(others[i],
		    find(p, "mx.example", "192.0.2.1", BASE, BASE + 6 * H, 2) ==
			NULL);
		probes_free(p);
	}
}

static void test_bad(void **state)
{
	struct probes *p = probes_new();
	struct policy policy = { .source = POLICY_PROBE,
		.content = view_of("{}") };

	(void)state;
	UNIT_INT("no probe", probes_add(p, &policy), ERR_PARSE);
	probes_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_bad),
	};

	return UNIT_RUN(tests);
}
