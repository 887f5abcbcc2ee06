/* SPDX-License-Identifier: BSD-2-Clause */
/* test_policy_probe.c - tests common/policy_probe.c */
#include "config.h"

#include "common/err.h"
#include "common/policy_probe.h"
#include "tests/unit/unit.h"

#define V(s)         \
 {                   \
  (s), sizeof(s) - 1 \
 }
#define IP4(d)                                                       \
 {                                                                   \
  {                                                                  \
   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, (uint8_t)(d) \
  }                                                                  \
 }

static const struct view records[] = { V("3 1 1 BB"), V("2 0 1 AA") };

/* Written as text, and read again the same. */
static const struct {
	const char *name;
	struct policy_probe probe;
	const char *text;
} good[] = {
	{ "all that it can hold",
	    { .at = 1795305600,
		.ip = IP4(1),
		.chain = FACT_CHAIN_UNTRUSTED,
		.chain_reason = V("unknown-issuer"),
		.name = FACT_NAME_MATCH,
		.dane = FACT_DANE_MISMATCH,
		.dane_chain = FACT_CHAIN_EXPIRED,
		.dane_reason = V("certificate-too-weak"),
		.dane_name = FACT_NAME_MISMATCH,
		.base = V("mx.d.example"),
		.records = records,
		.n_records = 2 },
	    "{\"probed-at\":1795305600,\"ip\":\"192.0.2.1\","
	    "\"chain\":\"untrusted\",\"chain-reason\":\"unknown-issuer\","
	    "\"name\":\"match\",\"dane\":\"mismatch\","
	    "\"dane-chain\":\"expired\","
	    "\"dane-reason\":\"certificate-too-weak\","
	    "\"dane-name\":\"mismatch\",\"tlsa-base\":\"mx.d.example\","
	    "\"tlsa-records\":[\"2 0 1 AA\",\"3 1 1 BB\"]}" },
	{ "what is not known is left out", { .at = 5, .ip = IP4(2) },
	    "{\"probed-at\":5,\"ip\":\"192.0.2.2\"}" },
};

static void put_probe(const struct policy_probe *p, char out[1024])
{
	struct strbuf b;

	strbuf_init(&b, 1023);
	UNIT_INT("write", policy_probe_write(p, &b), 0);
	(void)snprintf(out, 1024, "%s", strbuf_str(&b));
	strbuf_release(&b);
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(good); i++) {
		struct arena *a = arena_new();
		struct policy_probe again;
		char text[1024];

		put_probe(&good[i].probe, text);
		UNIT_STR(good[i].name, text, good[i].text);
		UNIT_INT(good[i].name,
		    policy_probe_read(view_of(good[i].text), a, &again), 0);
		put_probe(&again, text);
		UNIT_STR(good[i].name, text, good[i].text);
		arena_free(a);
	}
}

#define HEAD "{\"probed-at\":5,\"ip\":\"192.0.2.2\""

/* What is not known to us says nothing. */
static void test_unknown(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} table[] = {
		{ "a member", HEAD ",\"more\":[{\"a\":1}]}" },
		{ "words",
		    HEAD ",\"chain\":\"odd\",\"name\":\"odd\","
			 "\"dane\":\"odd\"}" },
		{ "a reason that is no token",
		    HEAD ",\"chain-reason\":\"Raw text\","
			 "\"dane-reason\":\"a b\"}" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct arena *a = arena_new();
		struct policy_probe p;
		char text[1024];

		UNIT_INT(table[i].name,
		    policy_probe_read(view_of(table[i].text), a, &p), 0);
		put_probe(&p, text);
		UNIT_STR(table[i].name, text, good[1].text);
		arena_free(a);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} table[] = {
		{ "nothing", "" },
		{ "no object", "[]" },
		{ "empty", "{}" },
		{ "no time", "{\"ip\":\"192.0.2.2\"}" },
		{ "time 0", "{\"probed-at\":0,\"ip\":\"192.0.2.2\"}" },
		{ "no address", "{\"probed-at\":5}" },
		{ "no such address", "{\"probed-at\":5,\"ip\":\"192.0.2\"}" },
		{ "negative", "{\"probed-at\":-5,\"ip\":\"192.0.2.2\"}" },
		{ "cut", HEAD },
		{ "a number for a word", HEAD ",\"chain\":5}" },
		{ "a word for a list", HEAD ",\"tlsa-records\":\"3 1 1 AA\"}" },
		{ "a policy", "{\"sts\":\"found\",\"sts-text\":\"x\"}" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct arena *a = arena_new();
		struct policy_probe p;

		UNIT_INT(table[i].name,
		    policy_probe_read(view_of(table[i].text), a, &p),
		    ERR_PARSE);
		UNIT_INT(table[i].name, p.at, 0);
		arena_free(a);
	}
}

static void test_bounds(void **state)
{
	static char hex[POLICY_PROBE_MAX + 1];
	struct view record = view_make(hex, POLICY_PROBE_MAX);
	struct policy_probe p = {
		.at = 5, .ip = IP4(1), .records = &record, .n_records = 1
	};
	struct arena *a = arena_new();
	struct strbuf b;

	(void)state;
	memset(hex, 'A', POLICY_PROBE_MAX);
	strbuf_init(&b, (size_t)2 * POLICY_PROBE_MAX);
	UNIT_INT("too long", policy_probe_write(&p, &b), ERR_TOO_LONG);
	UNIT_UINT("nothing is written", b.len, 0);
	strbuf_release(&b);
	memset(hex, ' ', POLICY_PROBE_MAX);
	memcpy(hex, good[1].text, strlen(good[1].text));
	UNIT_INT("longest",
	    policy_probe_read(view_make(hex, POLICY_PROBE_MAX), a, &p), 0);
	hex[POLICY_PROBE_MAX] = ' ';
	UNIT_INT("longer",
	    policy_probe_read(view_make(hex, POLICY_PROBE_MAX + 1), a, &p),
	    ERR_PARSE);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
	};

	return UNIT_RUN(tests);
}
