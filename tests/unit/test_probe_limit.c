/* SPDX-License-Identifier: BSD-2-Clause */
/* test_probe_limit.c - tests milter/probe_limit.c */
#include "config.h"

#include "common/policy_probe.h"
#include "milter/probe_limit.h"
#include "tests/unit/unit.h"

#define NOW INT64_C(1795305600)

static int64_t take(
    struct probe_limit *l, const char *mx, const char *text, int64_t now)
{
	struct ip ip;

	UNIT_INT(text, ip_parse(view_of(text), &ip), 0);
	return probe_limit_take(l, view_of(mx), &ip, now);
}

static void test_once(void **state)
{
	static const struct hash_key key = { 1, 2 };
	struct probe_limit *l = probe_limit_new(&key);
	const int64_t again = NOW + POLICY_PROBE_NEAR_S;
	struct ip ip;

	(void)state;
	UNIT_INT("first", take(l, "mx.example", "192.0.2.1", NOW), 0);
	UNIT_INT("at once", take(l, "mx.example", "192.0.2.1", NOW), again);
	UNIT_INT("just before", take(l, "mx.example", "192.0.2.1", again - 1),
	    again);
	UNIT_INT("another host", take(l, "mx2.example", "192.0.2.1", NOW), 0);
	UNIT_INT(
	    "another address", take(l, "mx.example", "2001:db8::1", NOW), 0);
	UNIT_INT("again", take(l, "mx.example", "192.0.2.1", again), 0);
	UNIT_INT("from then on", take(l, "mx.example", "192.0.2.1", again),
	    again + POLICY_PROBE_NEAR_S);
	UNIT_INT("address", ip_parse(view_of("192.0.2.1"), &ip), 0);
	probe_limit_give_back(l, view_of("mx.example"), &ip);
	UNIT_INT("given back", take(l, "mx.example", "192.0.2.1", again), 0);
	UNIT_INT("the clock was set back",
	    take(l, "mx.example", "192.0.2.1", NOW - 5), 0);
	probe_limit_free(l);
}

/* Where there is no more room, nothing is probed, rather than too often. */
static void test_full(void **state)
{
	static const struct hash_key key = { 3, 4 };
	struct probe_limit *l = probe_limit_new(&key);
	struct ip ip = { { 0x20 } };
	unsigned taken = 0;
	unsigned again = 0;

	(void)state;
	for (unsigned i = 0; i < PROBE_LIMIT_PLACES * 3 / 2; i++) {
		memcpy(&ip.b[8], &i, sizeof(i));
		taken +=
		    probe_limit_take(l, view_of("mx.example"), &ip, NOW) == 0;
	}
	UNIT_TRUE("most places", taken > PROBE_LIMIT_PLACES / 4 * 3);
	UNIT_TRUE("no more", taken <= PROBE_LIMIT_PLACES);
	for (unsigned i = 0; i < PROBE_LIMIT_PLACES / 8; i++) {
		memcpy(&ip.b[8], &i, sizeof(i));
		again +=
		    probe_limit_take(l, view_of("mx.example"), &ip, NOW) == 0;
	}
	UNIT_UINT("none is forgotten", again, 0);
	probe_limit_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_full),
	};

	return UNIT_RUN(tests);
}
