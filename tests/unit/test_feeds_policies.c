/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_feeds_policies.c - tests of milter/feeds_policies.c, and that a seal
 * waits for policies, but not for long
 */

#include "config.h"

#include "tests/unit/feeds_kit.h"

enum {
	LOOK_S = 20, /* between two looks for days to seal */
};

#define SEAL_T (KIT_NEXT + SEALING_AFTER_S)

static void begin(struct site *s)
{
	static const struct hash_key key;

	site_init(s, 1);
	s->policies = policy_table_new(100, 10000, &key);
	site_start(s);
}

static void end(struct site *s)
{
	site_stop(s);
	policy_table_free(s->policies);
	site_release(s);
}

/* Hands all questions that are due to a child; returns how many. */
static unsigned ask_all(struct site *s)
{
	struct view domain;
	struct view mx;
	unsigned n = 0;

	while (policy_table_next(s->policies, s->now, &domain, &mx)) {
		policy_table_asked(s->policies, s->now);
		n++;
	}
	return n;
}

/* The child answers for a session of the kit, by its number. */
static void answer(struct site *s, unsigned n)
{
	char text[200];
	struct network_message m;

	(void)snprintf(text, sizeof(text),
	    "policy d%u.example mx%u.example %" PRId64 " %" PRId64 "\n{}", n, n,
	    s->now, s->now + 3600);
	UNIT_INT(text, network_message_parse(view_of(text), &m), 0);
	feeds_learn(s->feeds, &m, s->now);
}

static unsigned policies_of(const struct site *s, int64_t day)
{
	char path[128];
	struct policy policy;
	struct tally *t;
	uint64_t cursor = 0;
	unsigned n = 0;

	UNIT_INT("open", tally_open(kit_path(&s->kit, day, path), &t), 0);
	while (tally_next_policy(t, &cursor, &policy) == 1) {
		n++;
	}
	tally_close(t);
	return n;
}

/* Two sessions right before the end of the day, of which questions are asked. */
static void late_sessions(struct site *s)
{
	begin(s);
	site_tick(s, KIT_NEXT - 10 - s->now);
	site_session(s, 0, s->now);
	site_session(s, 0, s->now);
	site_tick(s, 1);
	site_tick(s, SEAL_T - 5 - s->now);
	UNIT_UINT("questions", ask_all(s), 4);
}

static void test_seal_waits(void **state)
{
	struct site s;

	(void)state;
	late_sessions(&s);
	site_run(&s, 60, 1);
	UNIT_BOOL("waits", site_is_sealed(&s, KIT_DAY), false);
	answer(&s, 1);
	site_run(&s, LOOK_S, 1);
	UNIT_BOOL("waits for the other", site_is_sealed(&s, KIT_DAY), false);
	UNIT_UINT("policies", policies_of(&s, KIT_DAY), 1);
	{
		struct network_message m = { .kind = NETWORK_LATER,
			.domain = view_of("d2.example"),
			.mx = view_of("mx2.example"),
			.again = s.now + 300 };

		feeds_learn(s.feeds, &m, s.now);
	}
	site_run(&s, LOOK_S, 1);
	UNIT_BOOL(
	    "all is known that can be", site_is_sealed(&s, KIT_DAY), true);
	end(&s);
}

/* A child that hangs, or that does not run at all, keeps no report back. */
static void test_seal_waits_not_long(void **state)
{
	struct site s;

	(void)state;
	late_sessions(&s);
	site_run(&s, SEALING_AWAIT_S - 5, 1);
	UNIT_BOOL("waits", site_is_sealed(&s, KIT_DAY), false);
	(void)ask_all(&s); /* the questions were repeated by then */
	site_run(&s, 2 * LOOK_S + 10, 1);
	UNIT_BOOL("no longer", site_is_sealed(&s, KIT_DAY), true);
	/* and so the day after */
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	site_tick(&s, KIT_NEXT + WHEN_DAY_S + SEALING_AFTER_S - s.now);
	UNIT_BOOL("waits", site_is_sealed(&s, KIT_NEXT), false);
	site_run(&s, SEALING_AWAIT_S + LOOK_S, 1);
	UNIT_BOOL("no longer", site_is_sealed(&s, KIT_NEXT), true);
	end(&s);
}

/* What was asked before the daemon ended is asked again after its start. */
static void test_recall(void **state)
{
	static const struct hash_key key;
	struct site s;

	(void)state;
	begin(&s);
	site_session(&s, 0, s.now);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_UINT("questions", ask_all(&s), 4);
	answer(&s, 1);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	site_stop(&s);
	policy_table_free(s.policies);
	s.policies = policy_table_new(100, 10000, &key);
	site_start(&s);
	UNIT_UINT("not yet", ask_all(&s), 0);
	site_tick(&s, 1);
	UNIT_UINT("questions of all three", ask_all(&s), 6);
	UNIT_UINT("once", ask_all(&s), 0);
	answer(&s, 2);
	answer(&s, 3);
	UNIT_UINT("policies", policies_of(&s, KIT_DAY), 3);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 3);
	/* a reload opens all anew, with the table that there is */
	site_restart(&s);
	site_tick(&s, 1);
	UNIT_UINT("nothing new", ask_all(&s), 0);
	end(&s);
}

/* Answers may be on their way when a reload has switched it off. */
static void test_switched_off(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	answer(&s, 1);
	UNIT_UINT("policies", policies_of(&s, KIT_DAY), 0);
	site_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal_waits),
		cmocka_unit_test(test_seal_waits_not_long),
		cmocka_unit_test(test_recall),
		cmocka_unit_test(test_switched_off),
	};

	return UNIT_RUN(tests);
}
