/* SPDX-License-Identifier: BSD-2-Clause */
/* test_policy_table.c - tests milter/policy_table.c and policy_entry.c */

#include "config.h"

#include "common/when.h"
#include "milter/policy_table.h"
#include "tests/unit/tally_kit.h"

#define NOON (KIT_DAY + 43200)

struct site {
	struct kit kit;
	struct policy_table *p;
};

static void site_init(struct site *s, size_t max, size_t max_bytes)
{
	static const struct hash_key key;

	kit_init(&s->kit);
	kit_open(&s->kit, "one");
	s->p = policy_table_new(max, max_bytes, &key);
}

static void site_release(struct site *s)
{
	policy_table_free(s->p);
	kit_release(&s->kit);
}

/* A fact of time t; returns whether it got a policy. */
static bool apply(struct site *s, const char *domain, const char *mx, int64_t t)
{
	static const uint8_t none[FACT_POLICY_HASH];
	struct fact fact = { .domain = view_of(domain), .mx = view_of(mx) };

	UNIT_INT(
	    domain, policy_table_apply(s->p, s->kit.store, t, t, &fact), 0);
	return memcmp(fact.policy, none, sizeof(none)) != 0;
}

static void learn(struct site *s, const char *text)
{
	struct network_message m;

	UNIT_INT(text, network_message_parse(view_of(text), &m), 0);
	UNIT_INT(text, policy_table_learn(s->p, s->kit.store, &m), 0);
}

/* Takes all questions that are due, as "a.example - b.example mx ". */
static const char *ask_all(struct site *s, int64_t now)
{
	static char text[1024];
	size_t len = 0;
	struct view domain;
	struct view mx;

	text[0] = '\0';
	while (policy_table_next(s->p, now, &domain, &mx)) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%.*s %.*s ", (int)domain.len, domain.s,
		    mx.len > 0 ? (int)mx.len : 1, mx.len > 0 ? mx.s : "-");
		policy_table_asked(s->p, now);
	}
	return text;
}

/* The policies of a day's file: "a.example mx.a.example {} " each. */
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
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%.*s %.*s %.*s ", (int)policy.domain.len, policy.domain.s,
		    (int)policy.mx.len, policy.mx.s, (int)policy.content.len,
		    policy.content.s);
	}
	tally_close(t);
	return text;
}

static void test_ask(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	UNIT_BOOL(
	    "unknown", apply(&s, "a.example", "mx.a.example", NOON), false);
	(void)apply(&s, "a.example", "mx.a.example", NOON);
	UNIT_STR("each once", ask_all(&s, NOON),
	    "a.example - a.example mx.a.example ");
	(void)apply(&s, "a.example", "mx.a.example", NOON + 1);
	UNIT_STR("under way", ask_all(&s, NOON + 1), "");
	(void)apply(
	    &s, "a.example", "mx.a.example", NOON + POLICY_TABLE_ANSWER_S);
	UNIT_STR("no answer came", ask_all(&s, NOON + POLICY_TABLE_ANSWER_S),
	    "a.example - a.example mx.a.example ");
	policy_table_forget_asked(s.p);
	UNIT_STR("a new child", ask_all(&s, NOON + POLICY_TABLE_ANSWER_S),
	    "a.example - a.example mx.a.example ");
	policy_table_hint(s.p, view_of("b.example"), NOON + 130);
	UNIT_STR("a hint", ask_all(&s, NOON + 130), "b.example - ");
	site_release(&s);
}

/* What is known stays in use until there is an answer. */
static void test_ask_again(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	learn(&s, "policy a.example - 1795348800 1795395600\n{}");
	(void)apply(&s, "a.example", "", NOON + 1);
	UNIT_STR("known", ask_all(&s, NOON + 1), "");
	policy_table_ask_again(s.p);
	UNIT_BOOL("in use", apply(&s, "a.example", "", NOON + 2), true);
	UNIT_STR("again", ask_all(&s, NOON + 2), "a.example - ");
	site_release(&s);
}

/* Who asks for no reports is not asked about again until that is due. */
static void test_quiet(void **state)
{
	const int64_t again = NOON + 3600;
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	(void)apply(&s, "a.example", "mx.a.example", NOON);
	(void)ask_all(&s, NOON);
	{
		char text[128];

		(void)snprintf(text, sizeof(text),
		    "quiet a.example mx.a.example 0 %" PRId64 "\n", again);
		learn(&s, text);
	}
	UNIT_BOOL(
	    "quiet", apply(&s, "a.example", "mx2.a.example", NOON + 1), false);
	UNIT_STR("not asked", ask_all(&s, NOON + 1), "");
	UNIT_STR("nothing kept", in_day(&s, KIT_DAY), "");
	(void)apply(&s, "a.example", "mx.a.example", again);
	UNIT_STR("due again", ask_all(&s, again), "a.example - ");
	site_release(&s);
}

/* Sessions wait in their day; those that come later have the policy. */
static void test_learn(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	(void)apply(&s, "a.example", "mx.a.example", NOON);
	(void)ask_all(&s, NOON);
	UNIT_BOOL("awaited", policy_table_is_awaited(s.p, KIT_DAY), true);
	UNIT_BOOL("other day", policy_table_is_awaited(s.p, KIT_NEXT), false);
	learn(&s, "policy a.example mx.a.example 1795348801 1795352400\n{}");
	UNIT_STR("served", in_day(&s, KIT_DAY), "a.example mx.a.example {} ");
	UNIT_BOOL("came", policy_table_is_awaited(s.p, KIT_DAY), false);
	UNIT_BOOL(
	    "known", apply(&s, "a.example", "mx.a.example", NOON + 2), true);
	UNIT_BOOL("before it was found",
	    apply(&s, "a.example", "mx.a.example", NOON), false);
	UNIT_BOOL("due again, and known",
	    apply(&s, "a.example", "mx.a.example", NOON + 7199), true);
	UNIT_STR("asked", ask_all(&s, NOON + 7199),
	    "a.example mx.a.example a.example - ");
	site_release(&s);
}

/*
 * What was found yesterday is no policy of today's session before it was
 * looked at again; it is in the day for the judge, should there be no other.
 */
static void test_stale(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	learn(&s, "policy a.example - 1795348801 1795352400\n{}");
	UNIT_BOOL("stale", apply(&s, "a.example", "", KIT_NEXT + 5), false);
	UNIT_STR("asked", ask_all(&s, KIT_NEXT + 5), "a.example - ");
	UNIT_STR("the last known", in_day(&s, KIT_NEXT), "a.example  {} ");
	UNIT_BOOL("awaited", policy_table_is_awaited(s.p, KIT_NEXT), true);
	learn(&s, "later a.example - 0 1795392300\n");
	UNIT_BOOL("still", apply(&s, "a.example", "", KIT_NEXT + 6), false);
	UNIT_STR("not yet", ask_all(&s, KIT_NEXT + 6), "");
	UNIT_STR("again", ask_all(&s, KIT_NEXT + 300), "a.example - ");
	learn(&s, "policy a.example - 1795392301 1795395900\n{\"b\":1}");
	UNIT_STR("the new one", in_day(&s, KIT_NEXT),
	    "a.example  {} a.example  {\"b\":1} ");
	UNIT_BOOL("known", apply(&s, "a.example", "", KIT_NEXT + 302), true);
	site_release(&s);
}

/* At midnight two days may have sessions that wait. */
static void test_midnight(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	(void)apply(&s, "a.example", "", KIT_NEXT - 1);
	(void)apply(&s, "a.example", "", KIT_NEXT + 1);
	(void)ask_all(&s, KIT_NEXT + 1);
	learn(&s, "policy a.example - 1795392003 1795395600\n{}");
	UNIT_STR("the old day", in_day(&s, KIT_DAY), "a.example  {} ");
	UNIT_STR("the new day", in_day(&s, KIT_NEXT), "a.example  {} ");
	site_release(&s);
}

/* A log that is read late: what was found since goes into its day, too. */
static void test_late_log(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	learn(&s, "policy a.example - 1795392003 1795395600\n{}");
	UNIT_BOOL("older", apply(&s, "a.example", "", NOON), false);
	UNIT_STR("its day", in_day(&s, KIT_DAY), "a.example  {} ");
	site_release(&s);
}

static void test_later_and_event(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	(void)apply(&s, "a.example", "", NOON);
	(void)ask_all(&s, NOON);
	learn(&s, "later a.example - 0 1795349100\n");
	(void)apply(&s, "a.example", "", NOON + 1);
	UNIT_STR("not yet", ask_all(&s, NOON + 1), "");
	UNIT_STR("again, by itself", ask_all(&s, NOON + 300), "a.example - ");
	learn(&s, "event a.example - 1795348800 0\n{\"e\":1}");
	UNIT_STR("event", in_day(&s, KIT_DAY), "a.example  {\"e\":1} ");
	UNIT_BOOL(
	    "is no policy", apply(&s, "a.example", "", NOON + 301), false);
	site_release(&s);
}

/* Sessions wait, and no other one comes. */
static void test_lost_answers(void **state)
{
	struct site s;
	int64_t t = NOON;

	(void)state;
	site_init(&s, 100, 10000);
	(void)apply(&s, "a.example", "", t);
	for (int i = 0; i < 3; i++) {
		UNIT_STR("asked", ask_all(&s, t), "a.example - ");
		UNIT_STR("once", ask_all(&s, t + 1), "");
		t += POLICY_TABLE_ANSWER_S;
	}
	/* a child that was started again, or has other servers */
	(void)ask_all(&s, t);
	learn(&s, "later a.example - 0 1795360000\n");
	UNIT_STR("not yet", ask_all(&s, t + 1), "");
	policy_table_forget_asked(s.p);
	UNIT_STR("at once", ask_all(&s, t + 2), "a.example - ");
	learn(&s, "policy a.example - 1795349000 1795352600\n{}");
	UNIT_STR("served", in_day(&s, KIT_DAY), "a.example  {} ");
	UNIT_STR("enough", ask_all(&s, t + 4000), "");
	site_release(&s);
}

/* Questions that nobody answers do not keep others from being asked. */
static void test_many_asked(void **state)
{
	struct policy_table_counts counts;
	struct view domain;
	struct view mx;
	struct site s;
	char name[64];

	(void)state;
	site_init(&s, 2 * POLICY_TABLE_ASKED + 10, 10000);
	for (unsigned i = 0; i < POLICY_TABLE_ASKED + 1; i++) {
		(void)snprintf(name, sizeof(name), "d%u.example", i);
		policy_table_hint(s.p, view_of(name), NOON);
		if (policy_table_next(s.p, NOON, &domain, &mx)) {
			policy_table_asked(s.p, NOON);
		}
	}
	policy_table_counts(s.p, &counts);
	UNIT_UINT("asked", counts.asked, POLICY_TABLE_ASKED);
	UNIT_UINT("waiting", counts.waiting, 1);
	UNIT_BOOL("enough",
	    policy_table_next(
		s.p, NOON + POLICY_TABLE_ANSWER_S - 1, &domain, &mx),
	    false);
	UNIT_BOOL("the next one",
	    policy_table_next(s.p, NOON + POLICY_TABLE_ANSWER_S, &domain, &mx),
	    true);
	UNIT_VIEW("the oldest wish", domain, "d2000.example");
	site_release(&s);
}

/* A store that is opened anew has what is put into it, and no more. */
static void test_other_store(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	learn(&s, "policy a.example - 1795348801 1795352400\n{}");
	UNIT_BOOL("known", apply(&s, "a.example", "", NOON + 2), true);
	kit_release(&s.kit);
	kit_init(&s.kit);
	kit_open(&s.kit, "one");
	policy_table_forget_days(s.p);
	UNIT_BOOL("known", apply(&s, "a.example", "", NOON + 3), true);
	UNIT_STR("there too", in_day(&s, KIT_DAY), "a.example  {} ");
	site_release(&s);
}

/* No room but for one: neither of two names may go while it is needed. */
static void test_little_room(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1, 10000);
	learn(&s, "policy a.example mx.a.example 1795348801 1795352400\n{}");
	learn(&s, "quiet b.example mx.b.example 0 1795352400\n");
	learn(&s, "later c.example mx.c.example 0 1795352400\n");
	(void)apply(&s, "d.example", "mx.d.example", NOON);
	site_release(&s);
}

static void test_sealed(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 100, 10000);
	kit_count(&s.kit, NOON, 1, 1);
	UNIT_INT("seal", store_seal(s.kit.store, KIT_DAY, KIT_NEXT + 600), 0);
	learn(&s, "policy a.example - 1795348800 1795395600\n{}");
	UNIT_BOOL("sealed", apply(&s, "a.example", "", NOON + 1), false);
	learn(&s, "event a.example - 1795348800 0\n{}");
	site_release(&s);
}

/* What strangers fill is bounded, by number and by bytes. */
static void test_bounds(void **state)
{
	char text[256];
	char name[64];
	struct policy_table_counts counts;
	struct site s;

	(void)state;
	site_init(&s, 50, 400);
	for (unsigned i = 0; i <= 200; i++) {
		(void)snprintf(name, sizeof(name), "d%u.example", i);
		(void)apply(&s, name, "", NOON);
		if (i % 2 == 0) {
			(void)ask_all(&s, NOON);
			(void)snprintf(text, sizeof(text),
			    "policy %s - %" PRId64 " %" PRId64
			    "\n{\"filler\":\"0123456789\"}",
			    name, NOON, NOON + 3600);
			learn(&s, text);
		}
		policy_table_counts(s.p, &counts);
		UNIT_TRUE(name, counts.entries <= 50);
		UNIT_TRUE(name, counts.bytes <= 400);
	}
	UNIT_TRUE("dropped", counts.dropped >= 150);
	UNIT_BOOL("the latest is there",
	    apply(&s, "d200.example", "", NOON + 1), true);
	UNIT_BOOL(
	    "the first is not", apply(&s, "d0.example", "", NOON + 1), false);
	site_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_ask_again),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_learn),
		cmocka_unit_test(test_midnight),
		cmocka_unit_test(test_late_log),
		cmocka_unit_test(test_later_and_event),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_lost_answers),
		cmocka_unit_test(test_many_asked),
		cmocka_unit_test(test_other_store),
		cmocka_unit_test(test_little_room),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_bounds),
	};

	return UNIT_RUN(tests);
}
