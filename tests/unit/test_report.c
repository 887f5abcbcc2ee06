/* SPDX-License-Identifier: BSD-2-Clause */
/* test_report.c - grouping, counting, and the JSON body */
#include "config.h"

#include "common/err.h"
#include "common/report.h"
#include "tests/unit/report_golden.h"
#include "tests/unit/report_policies.h"
#include "tests/unit/report_sample.h"
#include "tests/unit/unit.h"

static void test_golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct report *r = sample_report(&samples[i], 0);
		struct strbuf json;

		get_json(samples[i].name, r, &json);
		golden_check(samples[i].name, ".json", &json);
		strbuf_release(&json);
		report_free(r);
	}
}

/* Elements of each type, policy strings of any octets (R47, R87-R93, R104). */
static void test_golden_policies(void **state)
{
	struct report *r = sample_report(&samples[1], 0);
	struct report_policy bare = { .type = JUDGE_STS, .domain = r->domain };
	struct report_element *e;
	struct strbuf json;

	(void)state;
	sample_add_policies(r);
	e = report_find_element(r, &bare);
	e->failures = 5;
	sample_add_failure(r, e, JUDGE_STS_POLICY_FETCH_ERROR, "http-404", 3);
	sample_add_failure(r, e, JUDGE_STS_WEBPKI_INVALID, "", 5);
	get_json("policies", r, &json);
	golden_check("policies", ".json", &json);
	strbuf_release(&json);
	report_free(r);
}

/* What comes of facts under policies, whatever their order. */
static void test_golden_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < POLICY_SAMPLES; i++) {
		const struct policy_sample *s = &policy_samples[i];
		struct report *r = policy_report(s, false);
		struct report *other = policy_report(s, true);
		struct report_totals got;
		struct strbuf json;
		struct strbuf again;

		get_json(s->name, r, &json);
		golden_check(s->name, ".json", &json);
		get_json(s->name, other, &again);
		UNIT_MEM(s->name, again.s, again.len, json.s, json.len);
		report_totals(r, &got);
		UNIT_UINT(s->name, got.successes, s->want.successes);
		UNIT_UINT(s->name, got.failures, s->want.failures);
		UNIT_UINT(s->name, got.unjudged, s->want.unjudged);
		strbuf_release(&json);
		strbuf_release(&again);
		report_free(r);
		report_free(other);
	}
}

/* An event is a report's content without any session (R55). */
static void test_event_alone(void **state)
{
	static const struct policy_set event = { .sts = POLICY_STS_FOUND,
		.sts_text = TEXT(STS_ENFORCE),
		.sts_reason = TEXT("timeout+cached-policy-used"),
		.failed_at = SAMPLE_DAY,
		.failed = POLICY_STS_FETCH_ERROR };
	struct report *r = new_report("example.net");
	struct report_failure failure;
	size_t cursor = 0;

	(void)state;
	report_add_event(r, &event);
	UNIT_BOOL("worth", report_worth(r), true);
	UNIT_BOOL("failure", report_next_failure(r, &cursor, &failure), true);
	UNIT_STR(
	    "type", judge_type_word(failure.type), "sts-policy-fetch-error");
	UNIT_TRUE(
	    "reason", view_is(failure.reason, "timeout+cached-policy-used"));
	UNIT_BOOL("end", report_next_failure(r, &cursor, &failure), false);
	report_free(r);
}

/* The same facts in any order are the same bytes. */
static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct report *first = sample_report(&samples[i], 0);
		struct strbuf want;

		get_json(samples[i].name, first, &want);
		for (size_t t = 1; t < (size_t)2 * SAMPLE_FACTS; t++) {
			struct report *r = sample_report(&samples[i], t);
			struct strbuf got;

			get_json(samples[i].name, r, &got);
			UNIT_MEM(
			    samples[i].name, got.s, got.len, want.s, want.len);
			strbuf_release(&got);
			report_free(r);
		}
		strbuf_release(&want);
		report_free(first);
	}
}

/* Asking twice, and adding after asking, change nothing but the counts. */
static void test_again(void **state)
{
	static const struct sample_fact fact = { FACT_TLS_NOT_OFFERED,
		"mx.example.net", "192.0.2.1", "", "", "", 2 };
	struct report *r = new_report("example.net");
	struct strbuf one;
	struct strbuf two;

	(void)state;
	add_fact(r, &fact);
	get_json("again-1", r, &one);
	get_json("again-2", r, &two);
	UNIT_MEM("twice", two.s, two.len, one.s, one.len);
	strbuf_release(&two);
	add_fact(r, &fact);
	get_json("again-3", r, &two);
	UNIT_UINT("details", count_of(two.s, "result-type"), 1);
	UNIT_UINT("count", sum_of(two.s, "\"failed-session-count\":"), 4);
	UNIT_UINT(
	    "total", sum_of(two.s, "\"total-failure-session-count\":"), 4);
	strbuf_release(&one);
	strbuf_release(&two);
	report_free(r);
}

static void test_totals(void **state)
{
	static const struct {
		const char *name;
		uint64_t successes;
		uint64_t failures;
		uint64_t unjudged;
	} table[] = {
		{ "success", 12, 0, 0 },
		{ "mixed", 1200, 64, 9 },
		{ "private", 0, 1, 0 },
		{ "hostile", 0, 8, 0 },
		{ "long", 1, 1, 0 },
		{ "overflow", 100, 60, 40 },
		{ "saturated", REPORT_COUNT_MAX, REPORT_COUNT_MAX, 0 },
	};

	(void)state;
	UNIT_UINT("rows", UNIT_LEN(table), SAMPLES);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct report *r = sample_report(&samples[i], 0);
		struct report_totals got;

		report_totals(r, &got);
		UNIT_STR("sample", samples[i].name, table[i].name);
		UNIT_UINT(table[i].name, got.successes, table[i].successes);
		UNIT_UINT(table[i].name, got.failures, table[i].failures);
		UNIT_UINT(table[i].name, got.unjudged, table[i].unjudged);
		report_free(r);
	}
}

/* R55: a report needs a session that was judged. */
static void test_worth(void **state)
{
	static const struct sample_fact unjudged = { FACT_TLS_NO_SESSION,
		"mx.example.net", "", "", "", "", 5 };
	static const struct sample_fact none = { FACT_TLS_OK, "", "", "", "",
		"", 0 };
	static const struct sample_fact one = { FACT_TLS_OK, "", "", "", "", "",
		1 };
	struct report *r = new_report("example.net");

	(void)state;
	UNIT_BOOL("empty", report_worth(r), false);
	add_fact(r, &unjudged);
	UNIT_BOOL("unjudged", report_worth(r), false);
	add_fact(r, &none);
	UNIT_BOOL("count 0", report_worth(r), false);
	add_fact(r, &one);
	UNIT_BOOL("one success", report_worth(r), true);
	report_free(r);
	report_free(NULL);
}

static void test_names(void **state)
{
	struct report *r = new_report("example.net");
	struct report *again = new_report("example.net");
	struct report *other = new_report("example.com");
	struct report *next = report_new(&unit_sender, view_of("example.net"),
	    SAMPLE_DAY + 86400, SAMPLE_MADE);
	struct report *late = report_new(&unit_sender, view_of("example.net"),
	    SAMPLE_DAY + 5, SAMPLE_MADE + 1);
	struct report *longest = sample_report(&samples[4], 0);

	(void)state;
	UNIT_STR("id", report_id(r), "20261121.1806a4b8d029d059@example.org");
	UNIT_STR("file", report_filename(r),
	    "example.org!example.net!1795219200!1795305599!1806a4b8d029d059"
	    ".json.gz");
	UNIT_STR("again", report_id(again), report_id(r));
	UNIT_STR("made later", report_id(late), report_id(r));
	UNIT_TRUE("domain", strcmp(report_id(other), report_id(r)) != 0);
	UNIT_TRUE("day", strcmp(report_id(next), report_id(r)) != 0);
	/* R124: without the id; R85: no longer than receivers take */
	UNIT_STR("long file", report_filename(longest),
	    SAMPLE_LONG("a") "!" SAMPLE_LONG(
		"b") "!1795219200!1795305599.json.gz");
	UNIT_TRUE("long id", strlen(report_id(longest)) <= REPORT_TEXT_MAX);
	report_free(r);
	report_free(again);
	report_free(other);
	report_free(next);
	report_free(late);
	report_free(longest);
}

/* R85: what two hosts of one organization report has two names. */
static void test_names_of_sites(void **state)
{
	static const struct {
		const char *name;
		const char *site;
		const char *id;
	} table[] = {
		{ "none", NULL, "1806a4b8d029d059" },
		{ "one", "mx1", "b5fb9f0919b4e6ba" },
		{ "the same again", "mx1", "b5fb9f0919b4e6ba" },
		{ "another", "mx2", "e28c788cdf1b07e2" },
		{ "in other letters", "MX1", "144b4a9eea844438" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct report_sender s = unit_sender;
		struct report *r;
		char want[128];

		s.site = table[i].site;
		r = report_new(
		    &s, view_of("example.net"), SAMPLE_DAY, SAMPLE_MADE);
		(void)snprintf(
		    want, sizeof(want), "20261121.%s@example.org", table[i].id);
		UNIT_STR(table[i].name, report_id(r), want);
		(void)snprintf(want, sizeof(want),
		    "example.org!example.net!1795219200!1795305599!%s.json.gz",
		    table[i].id);
		UNIT_STR(table[i].name, report_filename(r), want);
		report_free(r);
	}
}

/* The longest of all that goes into an id. */
static void test_names_longest(void **state)
{
	static const char site[] = SAMPLE_LABEL("s");
	struct report_sender s = samples[4].sender;
	struct report *r;

	(void)state;
	UNIT_UINT("site", strlen(site), REPORT_SITE_MAX);
	s.site = site;
	r = report_new(&s, view_of(samples[4].domain), SAMPLE_DAY, SAMPLE_MADE);
	UNIT_TRUE("id", strlen(report_id(r)) <= REPORT_TEXT_MAX);
	report_free(r);
}

/* R84, R92, R121, R143: what may not stand in a report makes none. */
static const struct {
	const char *name;
	const char *organization;
	const char *contact;
	const char *submitter;
	const char *domain;
	int want;
} refused[] = {
	{ "good", "X", "a@example.org", "example.org", "example.net", 0 },
	{ "single label", "X", "a@org", "org", "net", 0 },
	{ "underscore", "X", "a@x.org", "x.org", "_a.b_.net", 0 },
	{ "domain with a line end", "X", "a@x.org", "x.org",
	    "x.net\r\nBcc: a@b", ERR_PARSE },
	{ "domain with a path", "X", "a@x.org", "x.org", "../x.net",
	    ERR_PARSE },
	{ "domain with !", "X", "a@x.org", "x.org", "a!b.net", ERR_PARSE },
	{ "no domain", "X", "a@x.org", "x.org", "", ERR_PARSE },
	{ "final dot", "X", "a@x.org", "x.org", "x.net.", ERR_PARSE },
	{ "capitals", "X", "a@x.org", "x.org", "X.net", ERR_PARSE },
	{ "U-label", "X", "a@x.org", "x.org", "b\xc3\xbc.net", ERR_PARSE },
	{ "leading hyphen", "X", "a@x.org", "x.org", "-x.net", ERR_PARSE },
	{ "hyphen before a dot", "X", "a@x.org", "x.org", "x-.net", ERR_PARSE },
	{ "hyphen after a dot", "X", "a@x.org", "x.org", "x.-net", ERR_PARSE },
	{ "final hyphen", "X", "a@x.org", "x.org", "x.net-", ERR_PARSE },
	{ "contact elsewhere", "X", "a@x.net", "x.org", "x.net", ERR_PARSE },
	{ "contact below", "X", "a@b.x.org", "x.org", "x.net", ERR_PARSE },
	{ "contact with a name", "X", "A <a@x.org>", "x.org", "x.net",
	    ERR_PARSE },
	{ "contact with a scheme", "X", "mailto:a@x.org", "x.org", "x.net",
	    ERR_PARSE },
	{ "quoted contact", "X", "\"a\"@x.org", "x.org", "x.net", ERR_PARSE },
	{ "no contact", "X", "", "x.org", "x.net", ERR_PARSE },
	{ "no local part", "X", "@x.org", "x.org", "x.net", ERR_PARSE },
	{ "submitter with _", "X", "a@_x.org", "_x.org", "x.net", ERR_PARSE },
	{ "submitter with a line end", "X", "a@x\r\n.org", "x\r\n.org", "x.net",
	    ERR_PARSE },
	{ "no organization", "", "a@x.org", "x.org", "x.net", ERR_PARSE },
	{ "organization with a line end", "X\nY", "a@x.org", "x.org", "x.net",
	    ERR_PARSE },
	{ "organization too long", SAMPLE_LONG("x") "xyz", "a@x.org", "x.org",
	    "x.net", ERR_PARSE },
};

static void test_refused(void **state)
{
	static const struct sample_fact fact = { FACT_TLS_OK, "", "", "", "",
		"", 1 };

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(refused); i++) {
		struct report_sender s = { refused[i].organization,
			refused[i].contact, "a@x.org", refused[i].submitter,
			NULL, false, JUDGE_GOVERNING };
		struct report *r = report_new(
		    &s, view_of(refused[i].domain), SAMPLE_DAY, SAMPLE_MADE);
		struct tally_fact t =
		    sample_tally_fact(refused[i].domain, &fact);
		struct strbuf json;

		strbuf_init(&json, SAMPLE_MAX);
		report_add(r, &t, &sample_nothing);
		UNIT_INT(
		    refused[i].name, report_json(r, &json), refused[i].want);
		if (refused[i].want != 0) {
			UNIT_UINT(refused[i].name, json.len, 0);
		} else {
			sample_keep("refused-good", ".json", &json);
		}
		strbuf_release(&json);
		report_free(r);
	}
}

/* The size that R105 is decided by is that of the JSON text. */
static void test_detail_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct report *r = sample_report(&samples[i], 0);
		struct strbuf json;
		const char *details;
		size_t size = 0;

		get_json(samples[i].name, r, &json);
		for (size_t d = 0; d < r->details.n; d++) {
			size += report_json_detail_size(r->details.v[d]);
		}
		details = strstr(json.s, "\"failure-details\":[");
		if (details != NULL) {
			/* with a comma behind the last, which has none */
			UNIT_UINT(samples[i].name, size,
			    strlen(details) - strlen("\"failure-details\":[") -
				strlen("]}]}") + 1);
		} else {
			UNIT_UINT(samples[i].name, size, 0);
		}
		strbuf_release(&json);
		report_free(r);
	}
}

/* Texts of policies that are too long for a report (R105). */
enum {
	LINE_MAX_LEN = 65536
};

static void test_too_long(void **state)
{
	struct report *r = new_report("example.net");
	char *line = xmalloc(LINE_MAX_LEN);
	struct strbuf json;

	(void)state;
	memset(line, 0x7f, LINE_MAX_LEN); /* six octets each in JSON */
	for (unsigned i = 0; i < 30; i++) {
		struct view list[] = { view_make(line, LINE_MAX_LEN - i) };
		struct report_policy key = { .type = JUDGE_STS,
			.domain = r->domain,
			.strings = list,
			.n_strings = 1 };

		/* the last ones are the most frequent: their texts stay */
		report_find_element(r, &key)->successes = 1 + i;
		report_find_element(r, &key)->failures = 1;
		sample_add_failure(r, report_find_element(r, &key),
		    JUDGE_VALIDATION_FAILURE, "not-tls", 1);
	}
	get_json("too-long", r, &json);
	UNIT_TRUE("short enough", json.len < REPORT_JSON_MAX / 2 + 10000);
	UNIT_UINT("elements", count_of(json.s, "\"summary\""), 12 + 1);
	UNIT_UINT("successes",
	    sum_of(json.s, "\"total-successful-session-count\":"), 465);
	UNIT_UINT(
	    "failures", sum_of(json.s, "\"total-failure-session-count\":"), 30);
	UNIT_UINT("details", sum_of(json.s, "\"failed-session-count\":"), 30);
	UNIT_UINT("merged", count_of(json.s, ":18,"), 1);
	strbuf_release(&json);
	report_free(r);
	free(line);
}

static void test_bounds_of_out(void **state)
{
	struct report *r = sample_report(&samples[1], 0);
	struct strbuf json;

	(void)state;
	strbuf_init(&json, 100);
	UNIT_INT("small buffer", report_json(r, &json), ERR_TOO_LONG);
	strbuf_release(&json);
	report_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_golden_policies),
		cmocka_unit_test(test_golden_judged),
		cmocka_unit_test(test_event_alone),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_worth),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_of_sites),
		cmocka_unit_test(test_names_longest),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_detail_size),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_bounds_of_out),
	};

	return UNIT_RUN(tests);
}
