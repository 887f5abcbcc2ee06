/* SPDX-License-Identifier: BSD-2-Clause */
/* test_report_details.c - failure-details: keys, and too many of them */
#include "config.h"

#include "common/report_details.h"
#include "tests/unit/report_golden.h"

/* Each member of the key (R48) makes a detail of its own; others do not. */
static void test_detail_key(void **state)
{
	static const struct {
		const char *name;
		struct sample_fact fact;
		unsigned want; /* details beside the first fact */
	} table[] = {
		{ "the same",
		    { FACT_TLS_FAILED, "a.example", "192.0.2.1", "192.0.2.9",
			"x", "h", 1 },
		    1 },
		{ "type",
		    { FACT_TLS_REFUSED, "a.example", "192.0.2.1", "192.0.2.9",
			"x", "h", 1 },
		    2 },
		{ "mx",
		    { FACT_TLS_FAILED, "b.example", "192.0.2.1", "192.0.2.9",
			"x", "h", 1 },
		    2 },
		{ "ip",
		    { FACT_TLS_FAILED, "a.example", "192.0.2.2", "192.0.2.9",
			"x", "h", 1 },
		    2 },
		{ "sending ip",
		    { FACT_TLS_FAILED, "a.example", "192.0.2.1", "192.0.2.8",
			"x", "h", 1 },
		    2 },
		{ "reason",
		    { FACT_TLS_FAILED, "a.example", "192.0.2.1", "192.0.2.9",
			"y", "h", 1 },
		    2 },
		{ "helo",
		    { FACT_TLS_FAILED, "a.example", "192.0.2.1", "192.0.2.9",
			"x", "i", 1 },
		    2 },
		{ "longer helo",
		    { FACT_TLS_FAILED, "a.example", "192.0.2.1", "192.0.2.9",
			"x", "hh", 1 },
		    2 },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct report *r = new_report("example.net");
		struct strbuf json;

		add_fact(r, &table[0].fact);
		add_fact(r, &table[i].fact);
		get_json("key", r, &json);
		UNIT_UINT(table[i].name, count_of(json.s, "\"result-type\""),
		    table[i].want);
		UNIT_UINT(table[i].name,
		    sum_of(json.s, "\"failed-session-count\":"), 2);
		strbuf_release(&json);
		report_free(r);
	}
}

/* Text of the given length that depends on n. */
static void fill(char *out, size_t len, unsigned n)
{
	(void)snprintf(out, len + 1, "h%u", n);
	for (size_t i = strlen(out); i < len; i++) {
		out[i] = "abcdefghij.-\"\\"[(n + i) % 14];
	}
	out[len] = '\0';
}

/* Long names make a report too large with fewer details, which is quick. */
#define LONG_LABEL "a-label-of-sixty-octets-0123456789-0123456789-0123456789-mx"

/* n details; each mx and helo its own if so wished. */
static struct report *many_details(
    unsigned n, unsigned n_mx, size_t helo_len, uint64_t *failures)
{
	const char *label = n_mx == n ? LONG_LABEL "." LONG_LABEL "." : "";
	struct report *r = new_report("example.net");
	char helo[256];
	char mx[256];
	char ip[IP_TEXT_MAX];

	*failures = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned k = i * 7919U % n; /* in no order */
		struct sample_fact f = { FACT_TLS_FAILED, mx, ip,
			"198.51.100.1", "not-tls", helo, 1 + k % 1000 };

		fill(helo, helo_len, k);
		(void)snprintf(
		    mx, sizeof(mx), "mx%u.%sexample.net", k % n_mx, label);
		(void)snprintf(ip, sizeof(ip), "10.%u.%u.%u", k >> 16,
		    k >> 8 & 255, k & 255);
		add_fact(r, &f);
		*failures += f.count;
	}
	return r;
}

/* R105: under the bound, totals exact, the frequent ones kept as they are. */
static void test_too_many(void **state)
{
	static const struct {
		const char *name;
		unsigned n;
		unsigned n_mx;
		size_t helo_len;
		bool fits;      /* without merging */
		bool has_hosts; /* in what was merged */
	} table[] = {
		{ "few", 5000, 10, 20, true, true },
		{ "few MX, 60,000 details", 60000, 10, 20, false, true },
		{ "25,000 MX", 25000, 25000, 250, false, false },
		{ "long greetings", 30000, 3, 250, false, true },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		uint64_t failures;
		struct report *r = many_details(
		    table[i].n, table[i].n_mx, table[i].helo_len, &failures);
		struct report_totals totals;
		struct strbuf json;
		unsigned shown;
		unsigned with_ip;
		unsigned with_mx;

		get_json("many", r, &json);
		UNIT_TRUE(table[i].name, json.len <= REPORT_JSON_MAX);
		report_totals(r, &totals);
		UNIT_UINT(table[i].name, totals.failures, failures);
		UNIT_UINT(table[i].name,
		    sum_of(json.s, "\"failed-session-count\":"), failures);
		UNIT_UINT(table[i].name,
		    sum_of(json.s, "\"total-failure-session-count\":"),
		    failures);
		shown = count_of(json.s, "\"result-type\"");
		with_ip = count_of(json.s, "\"receiving-ip\"");
		with_mx = count_of(json.s, "\"receiving-mx-hostname\"");
		UNIT_BOOL(table[i].name, shown == table[i].n, table[i].fits);
		UNIT_BOOL(table[i].name, with_mx == shown, table[i].has_hosts);
		if (!table[i].fits) {
			/* what fits is used, and every frequent one is there */
			UNIT_TRUE(table[i].name,
			    json.len > (size_t)9 * (REPORT_JSON_MAX / 10));
			UNIT_TRUE(table[i].name, with_ip < shown);
			UNIT_UINT(table[i].name,
			    count_of(json.s, "\"failed-session-count\":1000,"),
			    table[i].n / 1000);
		}
		strbuf_release(&json);
		report_free(r);
	}
}

/*
 * When even type and reason are too many, the type is left; sessions with
 * several results of one type still count once (R43).
 */
static void test_type_only(void **state)
{
	enum {
		SESSIONS = 1000,
		DETAILS = 80000
	};
	struct report *r = new_report("example.net");
	struct report_policy key = { .type = JUDGE_STS, .domain = r->domain };
	struct report_element *e = report_find_element(r, &key);
	struct strbuf json;

	(void)state;
	e->failures = SESSIONS;
	for (unsigned i = 0; i < DETAILS; i++) {
		char *reason = arena_alloc(r->arena, JUDGE_REASON_MAX + 1);

		(void)snprintf(reason, JUDGE_REASON_MAX + 1, "reason-%050u", i);
		sample_add_failure(r, e, JUDGE_VALIDATION_FAILURE, reason, 1);
	}
	sample_add_failure(
	    r, e, JUDGE_VALIDATION_FAILURE, "mta-sts-mx-mismatch", SESSIONS);
	get_json("type-only", r, &json);
	UNIT_TRUE("bound", json.len <= REPORT_JSON_MAX);
	UNIT_UINT("without reason",
	    count_of(json.s, "\"failed-session-count\":1000}"), 1);
	UNIT_UINT("frequent one",
	    count_of(json.s,
		"\"failed-session-count\":1000,\"failure-reason-"
		"code\":\"mta-sts-mx-mismatch\"}"),
	    1);
	UNIT_UINT("more often than there were sessions",
	    count_of(json.s, "\"failed-session-count\":1") -
		count_of(json.s, "\"failed-session-count\":1,"),
	    2);
	strbuf_release(&json);
	report_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_detail_key),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_type_only),
	};

	return UNIT_RUN(tests);
}
