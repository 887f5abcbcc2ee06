/* SPDX-License-Identifier: BSD-2-Clause */
/* test_policies.c - tests common/policies.c: which policy judges a session */
#include "config.h"

#include "common/err.h"
#include "common/policies.h"
#include "common/policy_probe.h"
#include "common/policy_set.h"
#include "common/store.h"
#include "tests/unit/tally_kit.h"
#include "tests/unit/unit.h"

enum {
	ROWS = 10
};

/* A policy; what is found is known by sts_reason. */
struct row {
	const char *name; /* NULL: the end of the table */
	const char *domain;
	const char *mx;
	int since; /* second of the day */
	enum policy_source source;
	bool has_tlsa;
	bool has_sts;
	int failed_at; /* second of the day; 0: no event */
};

#define SET(name, domain, mx, since, source)                 \
 {                                                           \
  (name), (domain), (mx), (since), (source), false, false, 0 \
 }
#define KNOWS(name, domain, mx, since, source, tlsa, sts)     \
 {                                                            \
  (name), (domain), (mx), (since), (source), (tlsa), (sts), 0 \
 }
#define EVENT(name, domain, mx, since, failed_at)                       \
 {                                                                      \
  (name), (domain), (mx), (since), POLICY_OWN, false, true, (failed_at) \
 }

struct ask {
	const char *mx;
	int first;
	const char *want; /* NULL: none */
};

static char dir[64];

static int set_up(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

static void put_row(
    struct store *s, const struct row *row, uint8_t hash[FACT_POLICY_HASH])
{
	struct policy_set set = { .source = row->source,
		.mx = POLICY_MX_SECURE,
		.tlsa = row->has_tlsa ? POLICY_TLSA_UNUSABLE : POLICY_TLSA_NONE,
		.sts = row->has_sts ? POLICY_STS_FETCH_ERROR : POLICY_STS_NONE,
		.sts_reason = view_of(row->name) };
	struct policy policy = { .domain = view_of(row->domain),
		.mx = view_of(row->mx),
		.since = KIT_DAY + row->since,
		.source = row->source };
	struct strbuf content;

	if (row->failed_at != 0) {
		set.failed_at = KIT_DAY + row->failed_at;
		set.failed = POLICY_STS_FETCH_ERROR;
		set.sts = POLICY_STS_FOUND;
	}
	strbuf_init(&content, POLICY_CONTENT_MAX);
	UNIT_INT(row->name, policy_set_write(&set, &content), 0);
	policy.content = view_make(content.s, content.len);
	UNIT_INT(row->name, store_policy(s, policy.since, &policy), 0);
	if (hash != NULL) {
		memcpy(hash, policy.hash, FACT_POLICY_HASH);
	}
	strbuf_release(&content);
}

static struct tally *seal(struct store *s)
{
	struct tally *t = NULL;
	char path[256];

	UNIT_INT("seal", store_seal(s, KIT_DAY, KIT_NEXT), 0);
	store_close(s);
	UNIT_INT("open",
	    tally_open(store_path(dir, KIT_DAY, path, sizeof(path)), &t), 0);
	return t;
}

static struct store *open_store(void)
{
	const struct store_limits limits = { 0, 0 };
	struct store *s = NULL;

	UNIT_INT("store", store_open(dir, &limits, &s), 0);
	return s;
}

/* A tally with these policies, from the first or from the last. */
static struct tally *make_tally(const struct row *rows, bool is_backwards)
{
	struct store *s = open_store();
	size_t n = 0;

	while (n < ROWS && rows[n].name != NULL) {
		n++;
	}
	for (size_t i = 0; i < n; i++) {
		put_row(s, &rows[is_backwards ? n - 1 - i : i], NULL);
	}
	return seal(s);
}

static void check_choice(
    const char *name, struct policies *p, const struct ask *ask)
{
	struct tally_fact fact = { .count = 1, .first = KIT_DAY + ask->first };
	const struct policy_set *set;
	char got[64] = "none";

	fact.fact.domain = view_of("a.example");
	fact.fact.mx = view_of(ask->mx);
	set = policies_choose(p, &fact);
	if (set != NULL) {
		(void)snprintf(got, sizeof(got), "%.*s",
		    (int)set->sts_reason.len, set->sts_reason.s);
	}
	UNIT_STR(name, got, ask->want != NULL ? ask->want : "none");
}

static const struct {
	const char *name;
	struct row rows[ROWS];
	struct ask asks[ROWS]; /* ended by mx NULL */
} choices[] = {
	{ "nothing is known", { SET("b", "b.example", "", 0, POLICY_OWN) },
	    { { "mx.a.example", 50, NULL }, { "", 50, NULL } } },
	{ "of others only",
	    { SET("b", "b.example", "mx.a.example", 10, POLICY_OWN),
		SET("aa", "aa.example", "", 10, POLICY_OWN),
		SET("mx2", "a.example", "mx2.a.example", 10, POLICY_OWN) },
	    { { "mx.a.example", 5, NULL }, { "", 5, NULL },
		{ "mx2.a.example", 5, "mx2" } } },
	{ "first one at or after, else the last before",
	    { SET("10", "a.example", "m", 10, POLICY_OWN),
		SET("20", "a.example", "m", 20, POLICY_OWN),
		SET("30", "a.example", "m", 30, POLICY_OWN) },
	    { { "m", 0, "10" }, { "m", 10, "10" }, { "m", 11, "20" },
		{ "m", 30, "30" }, { "m", 31, "30" } } },
	{ "of the MX, then of the domain",
	    { SET("m", "a.example", "m", 10, POLICY_OWN),
		SET("d10", "a.example", "", 10, POLICY_OWN),
		SET("d20", "a.example", "", 20, POLICY_OWN) },
	    /* the MX's own, though older, knows its TLSA records */
	    { { "m", 15, "m" }, { "n", 15, "d20" }, { "", 5, "d10" },
		{ "n", 25, "d20" } } },
	{ "ours before the MTA's",
	    { KNOWS("own", "a.example", "m", 40, POLICY_OWN, true, true),
		KNOWS("mta", "a.example", "m", 10, POLICY_MTA, true, false) },
	    { { "m", 5, "own" }, { "m", 50, "own" } } },
	{ "the MTA's where ours is not known",
	    { KNOWS("mta", "a.example", "", 10, POLICY_MTA, false, true) },
	    { { "m", 5, "mta" }, { "", 50, "mta" } } },
	{ "the MTA's of a kind that ours knows nothing of",
	    { KNOWS("own", "a.example", "m", 10, POLICY_OWN, true, false),
		KNOWS("mta", "a.example", "", 40, POLICY_MTA, false, true) },
	    { { "m", 5, "mta" }, { "n", 5, "mta" } } },
	{ "ours knows more",
	    { KNOWS("own", "a.example", "m", 10, POLICY_OWN, true, true),
		KNOWS("mta", "a.example", "", 40, POLICY_MTA, false, true) },
	    { { "m", 5, "own" } } },
	{ "an event is none",
	    { EVENT("e", "a.example", "m", 10, 10),
		KNOWS("s", "a.example", "m", 20, POLICY_OWN, false, true) },
	    { { "m", 5, "s" }, { "m", 50, "s" } } },
};

static void test_choose(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * UNIT_LEN(choices); i++) {
		size_t at = i / 2;
		struct tally *t = make_tally(choices[at].rows, i % 2 == 1);
		struct policies *p = policies_load(t);

		for (size_t k = 0; choices[at].asks[k].mx != NULL; k++) {
			check_choice(choices[at].name, p, &choices[at].asks[k]);
		}
		policies_free(p);
		tally_close(t);
		unit_tmpdir_remove(dir);
		unit_tmpdir_make(dir, sizeof(dir));
	}
	policies_free(NULL);
}

static const struct {
	const char *name;
	struct row rows[ROWS];
	struct ask ask;
	enum policies_rule rule;
	bool is_of_domain;
	bool is_mta_first;
} reasons[] = {
	{ "nothing", { SET("b", "b.example", "", 0, POLICY_OWN) },
	    { "m", 50, NULL }, POLICIES_NONE, false, false },
	{ "at that time", { SET("s", "a.example", "m", 50, POLICY_OWN) },
	    { "m", 50, "s" }, POLICIES_AFTER, false, false },
	{ "before", { SET("s", "a.example", "m", 49, POLICY_OWN) },
	    { "m", 50, "s" }, POLICIES_BEFORE, false, false },
	{ "of the domain", { SET("s", "a.example", "", 60, POLICY_OWN) },
	    { "m", 50, "s" }, POLICIES_AFTER, true, false },
	{ "no MX is known", { SET("s", "a.example", "", 40, POLICY_OWN) },
	    { "", 50, "s" }, POLICIES_BEFORE, false, false },
	{ "the MTA's alone", { SET("s", "a.example", "m", 60, POLICY_MTA) },
	    { "m", 50, "s" }, POLICIES_AFTER, false, false },
	{ "the MTA's first",
	    { SET("own", "a.example", "m", 60, POLICY_OWN),
		KNOWS("s", "a.example", "", 40, POLICY_MTA, false, true) },
	    { "m", 50, "s" }, POLICIES_BEFORE, true, true },
};

static void test_explain(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(reasons); i++) {
		struct tally *t = make_tally(reasons[i].rows, false);
		struct policies *p = policies_load(t);
		struct tally_fact fact = { .count = 1,
			.first = KIT_DAY + reasons[i].ask.first };
		struct policies_choice c;

		check_choice(reasons[i].name, p, &reasons[i].ask);
		fact.fact.domain = view_of("a.example");
		fact.fact.mx = view_of(reasons[i].ask.mx);
		policies_explain(p, &fact, &c);
		UNIT_UINT(reasons[i].name, c.rule, reasons[i].rule);
		UNIT_BOOL(
		    reasons[i].name, c.is_of_domain, reasons[i].is_of_domain);
		UNIT_BOOL(
		    reasons[i].name, c.is_mta_first, reasons[i].is_mta_first);
		policies_free(p);
		tally_close(t);
		unit_tmpdir_remove(dir);
		unit_tmpdir_make(dir, sizeof(dir));
	}
}

/* A fact that names its policy has that one or none. */
static void test_named(void **state)
{
	static const struct row rows[] = {
		SET("early", "a.example", "m", 10, POLICY_OWN),
		SET("late", "a.example", "m", 20, POLICY_OWN),
		SET("mta", "a.example", "", 20, POLICY_MTA),
		SET("other", "b.example", "m", 20, POLICY_OWN),
		EVENT("event", "a.example", "m", 20, 7),
	};
	static const char *const want[] = { "early", "late", "mta", NULL, NULL,
		NULL };
	uint8_t hash[UNIT_LEN(rows) + 1][FACT_POLICY_HASH];
	struct store *s = open_store();
	struct policies *p;
	struct tally *t;

	(void)state;
	memset(hash, 0xff, sizeof(hash));
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		put_row(s, &rows[i], hash[i]);
	}
	t = seal(s);
	p = policies_load(t);
	for (size_t i = 0; i < UNIT_LEN(want); i++) {
		struct tally_fact fact = { .count = 1, .first = KIT_DAY };
		const struct policy_set *set;
		struct policies_choice c;

		fact.fact.domain = view_of("a.example");
		fact.fact.mx = view_of("m");
		memcpy(fact.fact.policy, hash[i], FACT_POLICY_HASH);
		set = policies_choose(p, &fact);
		policies_explain(p, &fact, &c);
		UNIT_UINT("rule", c.rule,
		    want[i] != NULL ? POLICIES_NAMED : POLICIES_GONE);
		UNIT_BOOL("hash",
		    memcmp(c.hash, hash[i], FACT_POLICY_HASH) == 0,
		    want[i] != NULL);
		UNIT_BOOL(i < UNIT_LEN(rows) ? rows[i].name : "unknown",
		    set != NULL, want[i] != NULL);
		if (set != NULL) {
			UNIT_TRUE(want[i], view_is(set->sts_reason, want[i]));
		}
	}
	policies_free(p);
	tally_close(t);
}

static void test_events(void **state)
{
	static const struct row rows[ROWS] = {
		EVENT("2", "a.example", "", 1, 20),
		EVENT("1", "a.example", "", 2, 10),
		/* one refresh, told for two MX hosts */
		EVENT("3", "a.example", "m", 3, 30),
		EVENT("3", "a.example", "n", 3, 30),
		KNOWS("set", "a.example", "", 4, POLICY_OWN, false, true),
		EVENT("c", "c.example", "", 5, 30),
		KNOWS("none", "b.example", "", 5, POLICY_OWN, false, true),
	};
	static const char *const domains[] = { "a.example", "c.example" };

	struct tally *t = make_tally(rows, false);
	struct policies *p = policies_load(t);
	const struct policy_set *set;
	struct view domain;
	size_t cursor = 0;
	size_t n = 0;

	(void)state;
	while ((set = policies_next_event(p, view_of("a.example"), &cursor)) !=
	    NULL) {
		char want[2] = { (char)('1' + n++), '\0' };

		UNIT_TRUE(want, view_is(set->sts_reason, want));
		UNIT_INT(want, set->failed_at, KIT_DAY + 10 * (int64_t)n);
	}
	UNIT_UINT("events", n, 3);
	for (size_t i = 0; i < 3; i++) {
		static const char *const without[] = { "b.example", "",
			"z.example" };

		cursor = 0;
		UNIT_TRUE(without[i],
		    policies_next_event(p, view_of(without[i]), &cursor) ==
			NULL);
	}
	cursor = 0;
	n = 0;
	while (policies_next_domain(p, &cursor, &domain)) {
		UNIT_TRUE("domain", n < 2 && view_is(domain, domains[n]));
		n++;
	}
	UNIT_UINT("domains", n, 2);
	policies_free(p);
	tally_close(t);
}

/* What is ours and cannot be read stood all the same; nothing else did. */
static void test_unreadable(void **state)
{
	static const struct row good = { "good", "a.example", "m", 20,
		POLICY_OWN, false, false, 0 };
	struct policy own = { .domain = view_of("a.example"),
		.mx = view_of("m"),
		.since = KIT_DAY + 10,
		.source = POLICY_OWN,
		.content = view_of("no JSON") };
	struct policy mta = { .domain = view_of("b.example"),
		.since = KIT_DAY,
		.source = POLICY_MTA,
		.content = view_of("{}}") };
	struct tally_fact fact = { .count = 1, .first = KIT_DAY };
	struct store *s = open_store();
	const struct policy_set *set;
	struct policies *p;
	struct tally *t;

	(void)state;
	UNIT_INT("own", store_policy(s, KIT_DAY, &own), 0);
	UNIT_INT("mta", store_policy(s, KIT_DAY, &mta), 0);
	put_row(s, &good, NULL);
	t = seal(s);
	p = policies_load(t);
	UNIT_UINT("unreadable", policies_unreadable(p), 1);
	fact.fact.domain = view_of("a.example");
	fact.fact.mx = view_of("m");
	set = policies_choose(p, &fact);
	UNIT_TRUE("chosen", set != NULL);
	UNIT_INT("mx", set->mx, POLICY_MX_UNKNOWN);
	UNIT_INT("sts", set->sts, POLICY_STS_UNKNOWN);
	fact.first = KIT_DAY + 11;
	check_choice("later", p, &(const struct ask){ "m", 11, "good" });
	fact.fact.domain = view_of("b.example");
	UNIT_TRUE("the MTA's", policies_choose(p, &fact) == NULL);
	policies_free(p);
	tally_close(t);
}

/* A probe is no policy; the set that is chosen has the one of the session. */
static void test_probe(void **state)
{
	static const struct row row =
	    SET("own", "a.example", "mx.example", 10, POLICY_OWN);

	static const struct {
		const char *name;
		const char *mx;
		int first;
		const char *ip;
		int want; /* second of the day; 0: none */
	} table[] = {
		{ "near", "mx.example", 100, "192.0.2.1", 200 },
		{ "far", "mx.example", 200 + POLICY_PROBE_NEAR_S + 1,
		    "192.0.2.1", 0 },
		{ "another address", "mx.example", 100, "192.0.2.2", 0 },
	};
	struct store *s = open_store();
	struct policy policy = { .domain = view_of("b.example"),
		.mx = view_of("mx.example"),
		.since = KIT_DAY + 200,
		.source = POLICY_PROBE };
	struct policies *p;
	struct tally *t;
	char text[128];

	(void)state;
	put_row(s, &row, NULL);
	(void)snprintf(text, sizeof(text),
	    "{\"probed-at\":%" PRId64 ",\"ip\":\"192.0.2.1\"}", policy.since);
	policy.content = view_of(text);
	UNIT_INT("probe", store_policy(s, KIT_DAY, &policy), 0);
	policy.content = view_of("{}");
	UNIT_INT("broken", store_policy(s, KIT_DAY, &policy), 0);
	t = seal(s);
	p = policies_load(t);
	UNIT_UINT("unreadable", policies_unreadable(p), 1);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct tally_fact fact = { .count = 1,
			.first = KIT_DAY + table[i].first,
			.last = KIT_DAY + table[i].first };
		const struct policy_set *set;

		fact.fact.domain = view_of("a.example");
		fact.fact.mx = view_of(table[i].mx);
		UNIT_INT(table[i].name,
		    ip_parse(view_of(table[i].ip), &fact.fact.ip), 0);
		set = policies_choose(p, &fact);
		UNIT_TRUE(table[i].name, set != NULL);
		UNIT_VIEW(table[i].name, set->sts_reason, "own");
		UNIT_INT(table[i].name,
		    set->probe != NULL ? set->probe->at - KIT_DAY : 0,
		    table[i].want);
		/* of the domain that it was made for nothing is known */
		fact.fact.domain = view_of("b.example");
		UNIT_TRUE(table[i].name, policies_choose(p, &fact) == NULL);
	}
	policies_free(p);
	tally_close(t);
}

/* Domains are found in whatever order they are asked for. */
static void test_order(void **state)
{
	enum {
		DOMAINS = 41 /* a prime: every step visits all */
	};

	static const unsigned steps[] = { 1, 40, 7, 20 };
	struct store *s = open_store();
	struct policies *p;
	struct tally *t;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < DOMAINS; i += 2) {
		(void)snprintf(name, sizeof(name), "d%02u.example", i);
		put_row(
		    s, &(struct row)SET(name, name, "", 0, POLICY_OWN), NULL);
	}
	t = seal(s);
	p = policies_load(t);
	for (size_t k = 0; k < UNIT_LEN(steps) * DOMAINS; k++) {
		unsigned i =
		    (unsigned)(k % DOMAINS) * steps[k / DOMAINS] % DOMAINS;
		struct tally_fact fact = { .count = 1, .first = KIT_DAY };
		const struct policy_set *set;

		(void)snprintf(name, sizeof(name), "d%02u.example", i);
		fact.fact.domain = view_of(name);
		set = policies_choose(p, &fact);
		UNIT_BOOL(name, set != NULL, i % 2 == 0);
		if (set != NULL) {
			UNIT_BOOL(name, view_is(set->sts_reason, name), true);
		}
	}
	policies_free(p);
	tally_close(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_choose),
		TEST(test_order),
		TEST(test_explain),
		TEST(test_named),
		TEST(test_events),
		TEST(test_unreadable),
		TEST(test_probe),
	};

	return UNIT_RUN(tests);
}
