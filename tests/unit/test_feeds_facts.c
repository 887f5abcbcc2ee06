/* SPDX-License-Identifier: BSD-2-Clause */
/* test_feeds_facts.c - tests milter/feeds_policies.c: what becomes of facts */

#include "config.h"

#include "common/local_policy.h"
#include "milter/policy_table.h"
#include "tests/unit/feeds_kit.h"

static void site_init_policies(struct site *s)
{
	static const struct hash_key key;

	site_init(s, 1);
	s->policies = policy_table_new(100, 10000, &key);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_smart_host),
	};

	return UNIT_RUN(tests);
}
