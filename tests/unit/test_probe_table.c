/* SPDX-License-Identifier: BSD-2-Clause */
/* test_probe_table.c - tests milter/probe_table.c and probe_entry.c */
#include "config.h"

#include "common/policy_probe.h"
#include "milter/probe_table.h"
#include "tests/unit/tally_kit.h"

#define NOON (KIT_DAY + 43200)
#define SIX  POLICY_PROBE_NEAR_S
#define STS                                                              \
 "{\"tlsa\":\"none\",\"sts\":\"found\",\"sts-text\":\"version: STSv1\\n" \
 "mode: enforce\\nmx: *.example\\nmax_age: 86400\\n\"}"
#define NO_STS "{\"tlsa\":\"none\",\"sts\":\"none\"}"

struct site {
	struct kit kit;
	struct policy_table *policies;
	struct probe_table *p;
};

static void site_init(struct site *s, size_t max)
{
	struct probe_table_options o = { .max = max };

	kit_init(&s->kit);
	kit_open(&s->kit, "one");
	s->policies = policy_table_new(1000, 100000, &o.key);
	o.policies = s->policies;
	s->p = probe_table_new(&o);
}

static void site_release(struct site *s)
{
	probe_table_free(s->p);
	policy_table_free(s->policies);
	kit_release(&s->kit);
}

/* A session with TLS of which nothing else was told. */
static struct fact open_fact(const char *domain, const char *mx, int ip)
{
	struct fact fact = { .domain = view_of(domain), .mx = view_of(mx) };

	fact.ip.b[10] = fact.ip.b[11] = 0xff;
	fact.ip.b[12] = 9;
	fact.ip.b[15] = (uint8_t)ip;
	return fact;
}

static void apply(
    struct site *s, const struct fact *fact, int64_t t, int64_t now)
{
	UNIT_INT(
	    "apply", probe_table_apply(s->p, s->kit.store, t, now, fact), 0);
}

static void open_session(struct site *s, const char *domain, int64_t t)
{
	struct fact fact = open_fact(domain, "mx.example", 1);

	apply(s, &fact, t, t);
}

/* The policy of a domain for mx.example. */
static void publish(struct site *s, const char *domain, const char *content)
{
	char text[1024];
	struct network_message m;

	(void)snprintf(text, sizeof(text), "policy %s mx.example %lld %lld\n%s",
	    domain, (long long)KIT_DAY, (long long)KIT_NEXT, content);
	UNIT_INT(text, network_message_parse(view_of(text), &m), 0);
	UNIT_INT(text, policy_table_learn(s->policies, s->kit.store, &m), 0);
	UNIT_INT(text, probe_table_on_policy(s->p, s->kit.store, &m, NOON), 0);
}

/* Takes all questions, as "a.example mx.example 9.0.0.1 ". */
static const char *ask_all(struct site *s, int64_t now)
{
	static char text[4096];
	struct network_message m;
	struct strbuf b;
	size_t len = 0;

	text[0] = '\0';
	while (probe_table_next(s->p, now, &m)) {
		strbuf_init(&b, 1000);
		UNIT_INT("write", network_message_write(&m, &b), 0);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s ",
		    (int)b.len - 7, strbuf_str(&b) + 6);
		strbuf_release(&b);
		probe_table_asked(s->p, now);
	}
	return text;
}

/* The child's answer of 9.0.0.1: a probe at time t, or none. */
static void answer(struct site *s, int64_t t, int64_t now)
{
	char text[256];
	struct network_message m;

	(void)snprintf(text, sizeof(text),
	    "probed a.example mx.example 9.0.0.1 %lld %lld\n"
	    "{\"probed-at\":%lld,\"ip\":\"9.0.0.1\"}",
	    (long long)t, (long long)t, (long long)t);
	UNIT_INT(text, network_message_parse(view_of(text), &m), 0);
	UNIT_INT(text, probe_table_learn(s->p, s->kit.store, &m, now), 0);
}

static void answer_none(struct site *s, int64_t again, int64_t now)
{
	char text[256];
	struct network_message m;

	(void)snprintf(text, sizeof(text),
	    "unprobed a.example mx.example 9.0.0.1 0 %lld\n", (long long)again);
	UNIT_INT(text, network_message_parse(view_of(text), &m), 0);
	UNIT_INT(text, probe_table_learn(s->p, s->kit.store, &m, now), 0);
}

/* The probes of a day's file, as their times after noon: "0 21600 ". */
static const char *in_day(struct site *s, int64_t day)
{
	static char text[1024];
	char path[128];
	struct policy policy;
	struct tally *t;
	uint64_t cursor = 0;
	size_t len = 0;

	UNIT_INT("commit", store_commit(s->kit.store, NULL, NULL, false), 0);
	text[0] = '\0';
	if (tally_open(store_path(s->kit.state, day, path, sizeof(path)), &t) !=
	    0) {
		return text;
	}
	while (tally_next_policy(t, &cursor, &policy) == 1) {
		if (policy.source == POLICY_PROBE) {
			UNIT_VIEW("mx", policy.mx, "mx.example");
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "%lld ", (long long)(policy.since - NOON));
		}
	}
	tally_close(t);
	return text;
}

/* A session is probed once, and the result stands in its day. */
static void test_once(void **state)
{
	struct probe_table_counts counts;
	struct site s;

	(void)state;
	site_init(&s, 100);
	publish(&s, "a.example", STS);
	open_session(&s, "a.example", NOON);
	open_session(&s, "a.example", NOON + 1);
	UNIT_BOOL("wanted", probe_table_is_awaited(s.p, KIT_DAY), true);
	UNIT_BOOL(
	    "not of others", probe_table_is_awaited(s.p, KIT_NEXT), false);
	UNIT_STR(
	    "once", ask_all(&s, NOON + 1), "a.example mx.example 9.0.0.1 ");
	open_session(&s, "a.example", NOON + 2);
	UNIT_STR("under way", ask_all(&s, NOON + 2), "");
	UNIT_BOOL("awaited", probe_table_is_awaited(s.p, KIT_DAY), true);
	answer(&s, NOON + 3, NOON + 3);
	UNIT_BOOL("came", probe_table_is_awaited(s.p, KIT_DAY), false);
	UNIT_STR("in the day", in_day(&s, KIT_DAY), "3 ");
	open_session(&s, "a.example", NOON + SIX);
	UNIT_STR("not again", ask_all(&s, NOON + SIX), "");
	open_session(&s, "a.example", NOON + 1 + SIX);
	UNIT_STR("after six hours", ask_all(&s, NOON + 1 + SIX),
	    "a.example mx.example 9.0.0.1 ");
	answer(&s, NOON + 5 + SIX, NOON + 5 + SIX);
	UNIT_STR("both", in_day(&s, KIT_DAY), "3 21605 ");
	probe_table_counts(s.p, &counts);
	UNIT_UINT("seen", counts.seen, 2);
	UNIT_UINT("entries", counts.entries, 1);
	UNIT_UINT("asked", counts.asked, 0);
	UNIT_UINT("waiting", counts.waiting, 0);
	site_release(&s);
}

/* Of whom no probe is made. */
static void test_unwanted(void **state)
{
	struct fact facts[8];
	struct site s;

	(void)state;
	site_init(&s, 100);
	publish(&s, "a.example", STS);
	publish(&s, "plain.example", NO_STS);
	for (size_t i = 0; i < UNIT_LEN(facts); i++) {
		facts[i] = open_fact("a.example", "mx.example", 1);
	}
	facts[0].tls = FACT_TLS_NOT_OFFERED;
	facts[1].mx = view_of("");
	memset(&facts[2].ip, 0, sizeof(facts[2].ip));
	facts[3].chain = FACT_CHAIN_OK;
	facts[3].name = FACT_NAME_MATCH;
	facts[4].chain = FACT_CHAIN_EXPIRED;
	facts[5].domain = view_of("plain.example");
	facts[6].domain = view_of("");
	facts[7].domain = view_of("-");
	for (size_t i = 0; i < UNIT_LEN(facts); i++) {
		apply(&s, &facts[i], NOON, NOON);
	}
	facts[0] = open_fact("a.example", "mx.example", 1);
	apply(&s, &facts[0], NOON - SIX - 1, NOON); /* too old */
	apply(&s, &facts[0], NOON + SIX + 1, NOON);
	UNIT_STR("none", ask_all(&s, NOON), "");
	apply(&s, &facts[0], NOON - SIX, NOON);
	UNIT_STR("just so", ask_all(&s, NOON), "a.example mx.example 9.0.0.1 ");
	site_release(&s);
}

/* Its policy comes after the session. */
static void test_policy_later(void **state)
{
	struct probe_table_counts counts;
	struct site s;

	(void)state;
	site_init(&s, 100);
	open_session(&s, "a.example", NOON);
	UNIT_STR("not yet", ask_all(&s, NOON), "");
	UNIT_BOOL("nobody waits", probe_table_is_awaited(s.p, KIT_DAY), false);
	publish(&s, "b.example", STS);
	UNIT_STR("another's", ask_all(&s, NOON), "");
	publish(&s, "a.example", STS);
	UNIT_BOOL("wanted", probe_table_is_awaited(s.p, KIT_DAY), true);
	UNIT_STR("now", ask_all(&s, NOON), "a.example mx.example 9.0.0.1 ");
	answer(&s, NOON + 1, NOON + 1);
	UNIT_STR("in the day", in_day(&s, KIT_DAY), "1 ");
	/* of one that has none */
	{
		struct fact fact = open_fact("c.example", "mx.example", 2);

		apply(&s, &fact, NOON, NOON);
	}
	publish(&s, "c.example", NO_STS);
	UNIT_STR("none", ask_all(&s, NOON), "");
	probe_table_counts(s.p, &counts);
	UNIT_UINT("waiting", counts.waiting, 0);
	site_release(&s);
}

/* What was seen for the sake of one domain is there for all. */
static void test_shared(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100);
	publish(&s, "a.example", STS);
	open_session(&s, "a.example", NOON);
	(void)ask_all(&s, NOON);
	answer(&s, NOON, NOON);
	open_session(&s, "b.example", NOON + 1); /* not known yet */
	publish(&s, "b.example", STS);
	UNIT_STR("not again", ask_all(&s, NOON + 2), "");
	UNIT_STR("one", in_day(&s, KIT_DAY), "0 ");
	site_release(&s);
}

/* A result is put into each day that has a session so near to it. */
static void test_midnight(void **state)
{
	const int64_t late = KIT_NEXT - 60;
	struct site s;

	(void)state;
	site_init(&s, 100);
	publish(&s, "a.example", STS);
	open_session(&s, "a.example", late);
	(void)ask_all(&s, late);
	open_session(&s, "a.example", KIT_NEXT + 5);
	UNIT_BOOL("day", probe_table_is_awaited(s.p, KIT_DAY), true);
	UNIT_BOOL("next", probe_table_is_awaited(s.p, KIT_NEXT), true);
	answer(&s, KIT_NEXT + 9, KIT_NEXT + 9);
	UNIT_STR("day", in_day(&s, KIT_DAY), "43209 ");
	UNIT_STR("next", in_day(&s, KIT_NEXT), "43209 ");
	site_release(&s);
	site_init(&s, 100);
	publish(&s, "a.example", STS);
	open_session(&s, "a.example", late);
	(void)ask_all(&s, late);
	answer(&s, late, late);
	UNIT_STR("not there yet", in_day(&s, KIT_NEXT), "");
	open_session(&s, "a.example", late + SIX - 1);
	UNIT_STR("near enough", in_day(&s, KIT_NEXT), "43140 ");
	site_release(&s);
}

/* What is not an answer to the question is not believed. */
static void test_nonsense(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} table[] = {
		{ "another address",
		    "probed a.example mx.example 9.0.0.2 1795348800 0\n"
		    "{\"probed-at\":1795348800,\"ip\":\"9.0.0.2\"}" },
		{ "another host",
		    "probed a.example mx2.example 9.0.0.1 1795348800 0\n"
		    "{\"probed-at\":1795348800,\"ip\":\"9.0.0.1\"}" },
		{ "another address inside",
		    "probed a.example mx.example 9.0.0.1 1795348800 0\n"
		    "{\"probed-at\":1795348800,\"ip\":\"9.0.0.2\"}" },
		{ "another time inside",
		    "probed a.example mx.example 9.0.0.1 1795348800 0\n"
		    "{\"probed-at\":1795348801,\"ip\":\"9.0.0.1\"}" },
		{ "long ago",
		    "probed a.example mx.example 9.0.0.1 1795345199 0\n"
		    "{\"probed-at\":1795345199,\"ip\":\"9.0.0.1\"}" },
		{ "in the future",
		    "probed a.example mx.example 9.0.0.1 1795352401 0\n"
		    "{\"probed-at\":1795352401,\"ip\":\"9.0.0.1\"}" },
		{ "no probe",
		    "probed a.example mx.example 9.0.0.1 1795348800 0\n{}" },
		{ "of another",
		    "unprobed a.example mx.example 9.0.0.2 0 1795348800\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct probe_table_counts counts;
		struct network_message m;
		struct site s;

		site_init(&s, 100);
		publish(&s, "a.example", STS);
		open_session(&s, "a.example", NOON);
		(void)ask_all(&s, NOON);
		UNIT_INT(table[i].name,
		    network_message_parse(view_of(table[i].text), &m), 0);
		UNIT_INT(table[i].name,
		    probe_table_learn(s.p, s.kit.store, &m, NOON), 0);
		probe_table_counts(s.p, &counts);
		UNIT_UINT(table[i].name, counts.nonsense, 1);
		UNIT_UINT(table[i].name, counts.asked, 1);
		UNIT_STR(table[i].name, in_day(&s, KIT_DAY), "");
		answer(&s, NOON, NOON);
		answer(&s, NOON + 1, NOON); /* nobody asked for this */
		UNIT_STR(table[i].name, in_day(&s, KIT_DAY), "0 ");
		site_release(&s);
	}
}

/* A probe that settles nothing; the child says when to ask again. */
static void test_unprobed(void **state)
{
	static const struct {
		const char *name;
		int64_t again; /* after noon */
		int64_t want;
	} table[] = {
		{ "at once", 0, 300 },
		{ "soon", 900, 900 },
		{ "as ever", SIX, SIX },
		{ "never", INT64_MAX - NOON, SIX },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const int64_t due = NOON + table[i].want;
		struct site s;

		site_init(&s, 100);
		publish(&s, "a.example", STS);
		open_session(&s, "a.example", NOON);
		(void)ask_all(&s, NOON);
		answer_none(&s, NOON + table[i].again, NOON);
		UNIT_BOOL(
		    table[i].name, probe_table_is_awaited(s.p, KIT_DAY), false);
		open_session(&s, "a.example", due - 1);
		UNIT_STR(table[i].name, ask_all(&s, due - 1), "");
		open_session(&s, "a.example", due);
		UNIT_STR(table[i].name, ask_all(&s, due),
		    "a.example mx.example 9.0.0.1 ");
		UNIT_STR(table[i].name, in_day(&s, KIT_DAY), "");
		site_release(&s);
	}
}

/* No answer comes; a new child is asked again. */
static void test_child(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100);
	publish(&s, "a.example", STS);
	open_session(&s, "a.example", NOON);
	(void)ask_all(&s, NOON);
	probe_table_forget_asked(s.p);
	UNIT_STR("a new child", ask_all(&s, NOON + 1),
	    "a.example mx.example 9.0.0.1 ");
	UNIT_STR("nothing", ask_all(&s, NOON + 1 + PROBE_TABLE_ANSWER_S), "");
	UNIT_BOOL("given up", probe_table_is_awaited(s.p, KIT_DAY), false);
	site_release(&s);
}

/* After a start: what stands in the day. */
static void test_recall(void **state)
{
	struct policy policy = { .domain = view_of("a.example"),
		.mx = view_of("mx.example"),
		.source = POLICY_PROBE };
	char text[128];
	struct site s;

	(void)state;
	site_init(&s, 100);
	publish(&s, "a.example", STS);
	(void)snprintf(text, sizeof(text),
	    "{\"probed-at\":%lld,\"ip\":\"9.0.0.1\"}", (long long)NOON);
	policy.content = view_of(text);
	policy.since = NOON;
	UNIT_INT("store", store_policy(s.kit.store, KIT_DAY, &policy), 0);
	probe_table_recall(s.p, &policy, KIT_DAY);
	policy.content = view_of("{}");
	probe_table_recall(s.p, &policy, KIT_DAY);
	open_session(&s, "a.example", NOON + 60);
	UNIT_STR("not again", ask_all(&s, NOON + 60), "");
	UNIT_STR("once", in_day(&s, KIT_DAY), "0 ");
	open_session(&s, "a.example", NOON + SIX);
	UNIT_STR("in six hours", ask_all(&s, NOON + SIX),
	    "a.example mx.example 9.0.0.1 ");
	site_release(&s);
}

/* A new store does not have what the old one had. */
static void test_days(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100);
	publish(&s, "a.example", STS);
	open_session(&s, "a.example", NOON);
	(void)ask_all(&s, NOON);
	answer(&s, NOON, NOON);
	kit_close(&s.kit);
	kit_open(&s.kit, "one");
	probe_table_forget_days(s.p);
	open_session(&s, "a.example", NOON + 1);
	UNIT_STR("once", in_day(&s, KIT_DAY), "0 ");
	site_release(&s);
}

static void test_bounds(void **state)
{
	struct probe_table_counts counts;
	struct site s;
	char domain[64];
	unsigned n = 0;

	(void)state;
	site_init(&s, 10);
	publish(&s, "a.example", STS);
	for (int i = 0; i < 30; i++) {
		struct fact fact = open_fact("a.example", "mx.example", i + 1);

		apply(&s, &fact, NOON, NOON);
	}
	probe_table_counts(s.p, &counts);
	UNIT_UINT("entries", counts.entries, 10);
	UNIT_UINT("dropped", counts.dropped, 20);
	site_release(&s);

	site_init(&s, 0);
	publish(&s, "a.example", STS);
	for (int i = 0; i < PROBE_TABLE_ASKED + 5; i++) {
		struct fact fact = open_fact("a.example", "mx.example", i + 1);

		apply(&s, &fact, NOON, NOON);
	}
	for (struct network_message m; probe_table_next(s.p, NOON, &m); n++) {
		probe_table_asked(s.p, NOON);
	}
	UNIT_UINT("asked at once", n, PROBE_TABLE_ASKED);
	for (int i = 0; i < PROBE_TABLE_WAITING + 7; i++) {
		struct fact fact;

		(void)snprintf(domain, sizeof(domain), "d%d.example", i);
		fact = open_fact(domain, "mx2.example", 1);
		fact.ip.b[13] = (uint8_t)(i >> 8);
		fact.ip.b[14] = (uint8_t)i;
		apply(&s, &fact, NOON, NOON);
	}
	probe_table_counts(s.p, &counts);
	UNIT_UINT("waiting", counts.waiting, PROBE_TABLE_WAITING + 5);
	UNIT_UINT("dropped", counts.dropped, 7);
	UNIT_STR("old ones", ask_all(&s, NOON + SIX) != NULL ? "" : "", "");
	probe_table_counts(s.p, &counts);
	UNIT_UINT("given up", counts.waiting, 0);
	site_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_unwanted),
		cmocka_unit_test(test_policy_later),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_midnight),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_unprobed),
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_recall),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_bounds),
	};

	return UNIT_RUN(tests);
}
