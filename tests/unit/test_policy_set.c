/* SPDX-License-Identifier: BSD-2-Clause */
/* test_policy_set.c - policy sets and their JSON (doc/policies.md) */
#include "config.h"

#include "common/err.h"
#include "common/policy_set.h"
#include "common/postfix_datagram.h"
#include "tests/unit/unit.h"

#define TEXT "version: STSv1\r\nmode: enforce\r\nmx: *.d.example\r\nmax_age: 1"

static const struct view two[] = { { "3 1 1 AB", 8 }, { "2 0 1 CD", 8 } };

/* Each row in both directions. */
static const struct {
	const char *name;
	struct policy_set set;
	const char *json;
} table[] = {
	{ "nothing", { .source = POLICY_OWN }, "{}" },
	{ "mx secure", { .mx = POLICY_MX_SECURE }, "{\"mx\":\"secure\"}" },
	{ "mx insecure", { .mx = POLICY_MX_INSECURE },
	    "{\"mx\":\"insecure\"}" },
	{ "mx none", { .mx = POLICY_MX_NONE }, "{\"mx\":\"none\"}" },
	{ "mx bogus", { .mx = POLICY_MX_BOGUS }, "{\"mx\":\"bogus\"}" },
	{ "mx failed", { .mx = POLICY_MX_FAILED }, "{\"mx\":\"failed\"}" },
	{ "tlsa none", { .tlsa = POLICY_TLSA_NONE }, "{\"tlsa\":\"none\"}" },
	{ "tlsa usable",
	    { .tlsa = POLICY_TLSA_USABLE,
		.base = { "mx.d.example", 12 },
		.records = two,
		.n_records = 1 },
	    "{\"tlsa\":\"usable\",\"tlsa-base\":\"mx.d.example\","
	    "\"tlsa-records\":[\"3 1 1 AB\"]}" },
	{ "tlsa unusable", { .tlsa = POLICY_TLSA_UNUSABLE },
	    "{\"tlsa\":\"unusable\"}" },
	{ "tlsa bogus", { .tlsa = POLICY_TLSA_BOGUS }, "{\"tlsa\":\"bogus\"}" },
	{ "tlsa failed", { .tlsa = POLICY_TLSA_FAILED },
	    "{\"tlsa\":\"failed\"}" },
	{ "demanded", { .is_dane_demanded = true, .is_sts_demanded = true },
	    "{\"dane-demanded\":true,\"sts-demanded\":true}" },
	{ "sts none", { .sts = POLICY_STS_NONE }, "{\"sts\":\"none\"}" },
	{ "sts found",
	    { .sts = POLICY_STS_FOUND, .sts_text = { TEXT, sizeof(TEXT) - 1 } },
	    "{\"sts\":\"found\",\"sts-text\":\"version: STSv1\\r\\nmode: "
	    "enforce\\r\\nmx: *.d.example\\r\\nmax_age: 1\"}" },
	{ "fetch error",
	    { .sts = POLICY_STS_FETCH_ERROR, .sts_reason = { "http-404", 8 } },
	    "{\"sts\":\"fetch-error\",\"sts-reason\":\"http-404\"}" },
	{ "policy invalid",
	    { .sts = POLICY_STS_POLICY_INVALID,
		.sts_text = { "\"<html>\\\t", 9 },
		.sts_reason = { "syntax", 6 } },
	    "{\"sts\":\"policy-invalid\",\"sts-text\":\"\\\"<html>\\\\\\t\","
	    "\"sts-reason\":\"syntax\"}" },
	{ "webpki invalid", { .sts = POLICY_STS_WEBPKI_INVALID },
	    "{\"sts\":\"webpki-invalid\"}" },
	{ "event",
	    { .sts_text = { "x", 1 },
		.sts_reason = { "timeout+cached-policy-used", 26 },
		.failed_at = 4294967295,
		.failed = POLICY_STS_FETCH_ERROR },
	    "{\"sts-text\":\"x\",\"sts-reason\":\"timeout+cached-policy-"
	    "used\",\"failed-at\":4294967295,\"failed\":\"fetch-error\"}" },
	{ "the MTA's domain", { .mta_domain = { "D.example", 9 } },
	    "{\"policy-domain\":\"D.example\"}" },
};

static void check_set(const char *name, const struct policy_set *got,
    const struct policy_set *want)
{
	UNIT_UINT(name, got->source, want->source);
	UNIT_UINT(name, got->mx, want->mx);
	UNIT_UINT(name, got->tlsa, want->tlsa);
	UNIT_MEM(
	    name, got->base.s, got->base.len, want->base.s, want->base.len);
	UNIT_UINT(name, got->n_records, want->n_records);
	for (size_t i = 0; i < want->n_records; i++) {
		UNIT_MEM(name, got->records[i].s, got->records[i].len,
		    want->records[i].s, want->records[i].len);
	}
	UNIT_BOOL(name, got->is_dane_demanded, want->is_dane_demanded);
	UNIT_BOOL(name, got->is_sts_demanded, want->is_sts_demanded);
	UNIT_UINT(name, got->sts, want->sts);
	UNIT_MEM(name, got->sts_text.s, got->sts_text.len, want->sts_text.s,
	    want->sts_text.len);
	UNIT_MEM(name, got->sts_reason.s, got->sts_reason.len,
	    want->sts_reason.s, want->sts_reason.len);
	UNIT_INT(name, got->failed_at, want->failed_at);
	UNIT_UINT(name, got->failed, want->failed);
	UNIT_MEM(name, got->mta_domain.s, got->mta_domain.len,
	    want->mta_domain.s, want->mta_domain.len);
}

static void test_table(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct policy policy = { .content = view_of(table[i].json) };
		struct policy_set set;
		struct strbuf out;

		strbuf_init(&out, POLICY_CONTENT_MAX);
		UNIT_INT(
		    table[i].name, policy_set_write(&table[i].set, &out), 0);
		UNIT_STR(table[i].name, strbuf_str(&out), table[i].json);
		strbuf_release(&out);
		UNIT_INT(table[i].name, policy_set_read(&policy, a, &set), 0);
		check_set(table[i].name, &set, &table[i].set);
	}
	arena_free(a);
}

/* What is written once for the same set in another order. */
static void test_sorted(void **state)
{
	struct policy_set set = { .records = two, .n_records = 2 };
	struct strbuf out;

	(void)state;
	strbuf_init(&out, POLICY_CONTENT_MAX);
	UNIT_INT("sorted", policy_set_write(&set, &out), 0);
	UNIT_STR("sorted", strbuf_str(&out),
	    "{\"tlsa-records\":[\"2 0 1 CD\",\"3 1 1 AB\"]}");
	strbuf_release(&out);
}

static void test_read(void **state)
{
	static const struct {
		const char *name;
		const char *json;
		int want;
		struct policy_set set;
	} rows[] = {
		{ "members of a later version",
		    "{\"x\":[1,{\"mx\":\"secure\"}],\"mx\":\"bogus\"}", 0,
		    { .mx = POLICY_MX_BOGUS } },
		{ "words of a later version",
		    "{\"mx\":\"x\",\"tlsa\":\"\",\"sts\":\"USABLE\"}", 0,
		    { .mx = POLICY_MX_UNKNOWN } },
		{ "unknown, by its word",
		    "{\"mx\":\"unknown\",\"tlsa\":\"unknown\","
		    "\"sts\":\"unknown\",\"dane-demanded\":false}",
		    0, { .mx = POLICY_MX_UNKNOWN } },
		{ "nothing", "", ERR_PARSE, { .source = POLICY_OWN } },
		{ "no object", "[]", ERR_PARSE, { .source = POLICY_OWN } },
		{ "cut", "{\"mx\":\"secure\"", ERR_PARSE,
		    { .source = POLICY_OWN } },
		{ "member twice", "{\"mx\":\"secure\",\"mx\":\"secure\"}",
		    ERR_PARSE, { .source = POLICY_OWN } },
		{ "number for a word", "{\"tlsa\":\"usable\",\"mx\":1}",
		    ERR_PARSE, { .source = POLICY_OWN } },
		{ "word for a list", "{\"tlsa-records\":\"3 1 1 AB\"}",
		    ERR_PARSE, { .source = POLICY_OWN } },
		{ "list of numbers", "{\"tlsa-records\":[1]}", ERR_PARSE,
		    { .source = POLICY_OWN } },
		{ "null for a flag", "{\"dane-demanded\":null}", ERR_PARSE,
		    { .source = POLICY_OWN } },
		{ "negative time", "{\"failed-at\":-1}", ERR_PARSE,
		    { .source = POLICY_OWN } },
	};

	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct policy policy = { .content = view_of(rows[i].json) };
		struct policy_set set;

		UNIT_INT(rows[i].name, policy_set_read(&policy, a, &set),
		    rows[i].want);
		check_set(rows[i].name, &set, &rows[i].set);
	}
	arena_free(a);
}

#define GRAM(type, domain, more)                                   \
 "{\"dpv\":\"1\",\"d\":\"d.example\",\"pr\":\"x\",\"policies\":[{" \
 "\"policy-type\":" type ",\"policy-domain\":\"" domain "\"," more \
 "\"t\":0,\"f\":0}]}"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH_UP \
 "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"

/* What datagrams say that the MTA applied. */
static void test_mta(void **state)
{
	static const struct view ee[] = { { "3 1 1 " HASH_UP, 70 } };
	static const struct view mixed[] = { { "1 1 1 00", 8 },
		{ "2 0 1 " HASH_UP, 70 }, { "any text", 8 } };
	static const struct view unusable[] = { { "1 1 1 00", 8 } };

	static const struct {
		const char *name;
		const char *datagram;
		struct policy_set set;
	} rows[] = {
		{ "tlsa",
		    GRAM("1", "MX.d.example.",
			"\"policy-string\":[\"3 1 1 " HASH "\"],"),
		    { .tlsa = POLICY_TLSA_USABLE,
			.base = { "mx.d.example", 12 },
			.records = ee,
			.n_records = 1,
			.mta_domain = { "mx.d.example", 12 } } },
		{ "tlsa, of any kind",
		    GRAM("1", "mx.d.example",
			"\"policy-string\":[\"any text\",\"2 0 1 " HASH "\","
			"\"1 1 1 00\"],"),
		    { .tlsa = POLICY_TLSA_USABLE,
			.base = { "mx.d.example", 12 },
			.records = mixed,
			.n_records = 3,
			.mta_domain = { "mx.d.example", 12 } } },
		{ "tlsa, unusable",
		    GRAM("1", "mx.d.example",
			"\"policy-string\":[\"1 1 1 00\"],"),
		    { .tlsa = POLICY_TLSA_UNUSABLE,
			.base = { "mx.d.example", 12 },
			.records = unusable,
			.n_records = 1,
			.mta_domain = { "mx.d.example", 12 } } },
		{ "tlsa without records", GRAM("1", "mx.d.example", ""),
		    { .base = { "mx.d.example", 12 },
			.mta_domain = { "mx.d.example", 12 } } },
		{ "sts",
		    GRAM("2", "d.example",
			"\"policy-string\":[\"version: STSv1\","
			"\"mode: testing\"],\"mx-host\":[\"*.d.example\"],"),
		    { .sts = POLICY_STS_FOUND,
			.sts_text = { "version: STSv1\nmode: testing\n", 29 },
			.mta_domain = { "d.example", 9 } } },
		{ "sts without text", GRAM("2", "d.example", ""),
		    { .sts = POLICY_STS_FOUND,
			.mta_domain = { "d.example", 9 } } },
	};

	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		struct policy_set want = rows[i].set;
		struct postfix_datagram d;
		struct policy_set set;

		want.source = POLICY_MTA;
		UNIT_INT(rows[i].name,
		    postfix_datagram_parse(view_of(rows[i].datagram), 0, a, &d),
		    0);
		UNIT_INT(rows[i].name,
		    policy_set_read(&d.reported[0].policy, a, &set), 0);
		check_set(rows[i].name, &set, &want);
	}
	arena_free(a);
}

/* A stranger's text: what cannot stand in JSON, and too much of it. */
static void test_hostile(void **state)
{
	static char text[64 * 1024];
	struct policy_set set = { .sts = POLICY_STS_POLICY_INVALID,
		.sts_text = { "a\0b\xff\0", 5 } };
	struct arena *a = arena_new();
	struct policy policy = { .source = POLICY_OWN };
	struct policy_set again;
	struct strbuf out;

	(void)state;
	strbuf_init(&out, POLICY_CONTENT_MAX);
	UNIT_INT("NUL", policy_set_write(&set, &out), 0);
	policy.content = view_of(strbuf_str(&out));
	UNIT_INT("NUL", policy_set_read(&policy, a, &again), 0);
	UNIT_MEM("NUL", again.sts_text.s, again.sts_text.len,
	    "a\xef\xbf\xbd"
	    "b\xef\xbf\xbd\xef\xbf\xbd",
	    11);
	memset(text, 1, sizeof(text));
	set.sts_text = view_make(text, sizeof(text));
	strbuf_clear(&out);
	UNIT_INT("cut", policy_set_write(&set, &out), 0);
	policy.content = view_of(strbuf_str(&out));
	UNIT_INT("cut", policy_set_read(&policy, a, &again), 0);
	UNIT_UINT("cut", again.sts_text.len, 16384);
	set.sts = POLICY_STS_FOUND;
	strbuf_clear(&out);
	UNIT_INT(
	    "a policy is whole", policy_set_write(&set, &out), ERR_TOO_LONG);
	UNIT_UINT("nothing is written", out.len, 0);
	strbuf_release(&out);
	strbuf_init(&out, 10);
	set = (struct policy_set){ .mx = POLICY_MX_SECURE };
	UNIT_INT("no room", policy_set_write(&set, &out), ERR_TOO_LONG);
	strbuf_release(&out);
	arena_free(a);
}

static void test_words(void **state)
{
	(void)state;
	UNIT_STR("mx", policy_mx_word(POLICY_MX_UNKNOWN), "unknown");
	UNIT_STR("mx", policy_mx_word(POLICY_MX_COUNT), NULL);
	UNIT_STR("tlsa", policy_tlsa_word(POLICY_TLSA_UNKNOWN), "unknown");
	UNIT_STR("tlsa", policy_tlsa_word(POLICY_TLSA_COUNT), NULL);
	UNIT_STR("sts", policy_sts_word(POLICY_STS_UNKNOWN), "unknown");
	UNIT_STR("sts", policy_sts_word(POLICY_STS_COUNT), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_mta),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_words),
	};

	return UNIT_RUN(tests);
}
