/* SPDX-License-Identifier: BSD-2-Clause */
/* test_feeds_policies.c - tests milter/feeds.c: policies that are looked up */

#include "config.h"

#include "common/local_policy.h"
#include "milter/policy_table.h"
#include "tests/unit/feeds_kit.h"

static void site_init_policies(struct site *s)
{
	site_init(s, 1);
	s->policies = policy_table_new(100, 10000);
	site_start(s);
}

static void site_release_policies(struct site *s)
{
	site_stop(s);
	policy_table_free(s->policies);
	site_release(s);
}

static void learn(struct site *s, const char *text)
{
	struct network_message m;

	UNIT_INT(text, network_message_parse(view_of(text), &m), 0);
	feeds_learn(s->feeds, &m, s->now);
}

static void ask_all(struct site *s)
{
	struct view domain;
	struct view mx;

	while (policy_table_next(s->policies, s->now, &domain, &mx)) {
		policy_table_asked(s->policies, s->now);
	}
}

/* The facts of a day: "d1.example mx1.example +" each; "-": no policy. */
static const char *facts(struct site *s, int64_t day)
{
	static const uint8_t none[FACT_POLICY_HASH];
	static char text[1024];
	struct tally_fact fact;
	char path[128];
	struct tally *t;
	uint64_t cursor = 0;
	size_t len = 0;

	UNIT_INT("open",
	    tally_open(store_path(s->kit.state, day, path, sizeof(path)), &t),
	    0);
	text[0] = '\0';
	while (tally_next_fact(t, &cursor, &fact) == 1) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%.*s %.*s %s\n", (int)fact.fact.domain.len,
		    fact.fact.domain.s, (int)fact.fact.mx.len, fact.fact.mx.s,
		    memcmp(fact.fact.policy, none, sizeof(none)) != 0 ? "+" :
									"-");
	}
	tally_close(t);
	return text;
}

static void test_hash(void **state)
{
	struct site s;

	(void)state;
	site_init_policies(&s);
	learn(&s, "policy d2.example mx2.example 1795348800 1795395600\n{}");
	site_session(&s, 0, s.now);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_STR("facts", facts(&s, KIT_DAY),
	    "d1.example mx1.example -\nd2.example mx2.example +\n");
	site_release_policies(&s);
}

/* R1: what goes through a smart host counts for its domain. */
static void test_smart_host(void **state)
{
	static const char text[] = "smart-host mx2.example isp.example\n";
	struct strbuf error;
	struct site s;

	(void)state;
	site_init(&s, 1);
	strbuf_init(&error, 100);
	UNIT_INT("local",
	    local_policy_parse(view_of(text), "x", &s.conf.local, &error), 0);
	strbuf_release(&error);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_STR("facts", facts(&s, KIT_DAY),
	    "d1.example mx1.example -\nisp.example mx2.example -\n");
	site_release(&s);
}

/* A day is sealed when the answer is there, or will not come any more. */
static void test_seal(void **state)
{
	static const bool answers[] = { false, true };

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(answers); i++) {
		struct site s;

		site_init_policies(&s);
		s.now = KIT_NEXT + 3600;
		site_session(&s, 0, KIT_NEXT - 60);
		site_tick(&s, 1);
		ask_all(&s);
		site_run(&s, 60, 10);
		UNIT_BOOL("asked", site_is_sealed(&s, KIT_DAY), false);
		if (answers[i]) {
			learn(&s,
			    "policy d1.example mx1.example 1795395700 "
			    "1795399300\n{}");
			learn(&s,
			    "policy d1.example - 1795395700 1795399300\n{}");
		} else {
			site_run(&s, POLICY_TABLE_ANSWER_S, 10);
		}
		site_run(&s, 60, 10);
		UNIT_BOOL("sealed", site_is_sealed(&s, KIT_DAY), true);
		site_release_policies(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_smart_host),
		cmocka_unit_test(test_seal),
	};

	return UNIT_RUN(tests);
}
