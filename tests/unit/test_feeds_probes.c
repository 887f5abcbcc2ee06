/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_feeds_probes.c - that the daemon's sessions are probed, that what was
 * seen is in their day when it is sealed, and that a seal waits not for long
 */

#include "config.h"

#include "tests/unit/feeds_kit.h"

enum {
	LOOK_S = 20, /* between two looks for days to seal */
};

#define SEAL_T (KIT_NEXT + SEALING_AFTER_S)
#define STS                                                              \
 "{\"tlsa\":\"none\",\"sts\":\"found\",\"sts-text\":\"version: STSv1\\n" \
 "mode: enforce\\nmx: *.example\\nmax_age: 86400\\n\"}"

static void make_tables(struct site *s)
{
	struct probe_table_options o = { .count = JUDGE_GOVERNING };

	s->policies = policy_table_new(100, 10000, &o.key);
	o.policies = s->policies;
	s->probes = probe_table_new(&o);
}

static void free_tables(struct site *s)
{
	probe_table_free(s->probes);
	policy_table_free(s->policies);
}

static void begin(struct site *s)
{
	site_init(s, 1);
	make_tables(s);
	site_start(s);
}

static void end(struct site *s)
{
	site_stop(s);
	free_tables(s);
	site_release(s);
}

static void learn(struct site *s, const char *text)
{
	struct network_message m;

	UNIT_INT(text, network_message_parse(view_of(text), &m), 0);
	feeds_learn(s->feeds, &m, s->now);
}

/* All questions for policies are asked, and answered for these sessions. */
static void publish(struct site *s, unsigned first, unsigned last)
{
	struct view domain;
	struct view mx;
	char text[512];

	while (policy_table_next(s->policies, s->now, &domain, &mx)) {
		policy_table_asked(s->policies, s->now);
	}
	for (unsigned n = first; n <= last; n++) {
		(void)snprintf(text, sizeof(text),
		    "policy d%u.example - %lld %lld\n%s", n, (long long)s->now,
		    (long long)s->now + 86400, STS);
		learn(s, text);
		(void)snprintf(text, sizeof(text),
		    "policy d%u.example mx%u.example %lld %lld\n%s", n, n,
		    (long long)s->now, (long long)s->now + 86400, STS);
		learn(s, text);
	}
}

/* Asks for all probes; "mx1.example 192.0.2.1 " each. */
static const char *ask_all(struct site *s)
{
	static char text[512];
	struct network_message m;
	char ip[IP_TEXT_MAX];
	size_t len = 0;

	text[0] = '\0';
	while (probe_table_next(s->probes, s->now, &m)) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%.*s %s ", (int)m.mx.len, m.mx.s, ip_format(&m.ip, ip));
		probe_table_asked(s->probes, s->now);
	}
	return text;
}

static void answer(struct site *s, unsigned n)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "probed d%u.example mx%u.example 192.0.2.1 %lld %lld\n"
	    "{\"probed-at\":%lld,\"ip\":\"192.0.2.1\",\"name\":\"match\"}",
	    n, n, (long long)s->now, (long long)s->now, (long long)s->now);
	learn(s, text);
}

static unsigned probes_of(const struct site *s, int64_t day)
{
	char path[128];
	struct policy policy;
	struct tally *t;
	uint64_t cursor = 0;
	unsigned n = 0;

	UNIT_INT("open", tally_open(kit_path(&s->kit, day, path), &t), 0);
	while (tally_next_policy(t, &cursor, &policy) == 1) {
		n += policy.source == POLICY_PROBE;
	}
	tally_close(t);
	return n;
}

/* A session, its policy, a probe. */
static void test_probe(void **state)
{
	struct site s;

	(void)state;
	begin(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_STR("what was published is not known", ask_all(&s), "");
	publish(&s, 1, 1);
	UNIT_STR("asked", ask_all(&s), "mx1.example 192.0.2.1 ");
	answer(&s, 1);
	UNIT_UINT("in the day", probes_of(&s, KIT_DAY), 1);
	UNIT_STR("no more", ask_all(&s), "");
	end(&s);
}

/* A session right before the end of the day, with its policy. */
static void late_session(struct site *s)
{
	begin(s);
	site_tick(s, KIT_NEXT - 10 - s->now);
	site_session(s, 0, s->now);
	site_tick(s, 1);
	site_tick(s, SEAL_T - 5 - s->now);
	publish(s, 1, 1);
	UNIT_STR("asked", ask_all(s), "mx1.example 192.0.2.1 ");
}

static void test_seal_waits(void **state)
{
	struct site s;

	(void)state;
	late_session(&s);
	site_run(&s, 60, 1);
	UNIT_BOOL("waits", site_is_sealed(&s, KIT_DAY), false);
	answer(&s, 1);
	UNIT_UINT("in the day", probes_of(&s, KIT_DAY), 1);
	site_run(&s, LOOK_S, 1);
	UNIT_BOOL("sealed", site_is_sealed(&s, KIT_DAY), true);
	end(&s);
}

static void test_seal_waits_not_long(void **state)
{
	struct site s;

	(void)state;
	late_session(&s);
	site_run(&s, SEALING_AWAIT_S - 5, 1);
	UNIT_BOOL("waits", site_is_sealed(&s, KIT_DAY), false);
	site_run(&s, 2 * LOOK_S + 10, 1);
	UNIT_BOOL("no longer", site_is_sealed(&s, KIT_DAY), true);
	answer(&s, 1);
	UNIT_UINT("it does not change any more", probes_of(&s, KIT_DAY), 0);
	end(&s);
}

/* After a start: what is in the day is known, what is missing is asked for. */
static void test_recall(void **state)
{
	struct site s;

	(void)state;
	begin(&s);
	site_session(&s, 0, s.now);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	publish(&s, 1, 2);
	UNIT_STR("asked", ask_all(&s),
	    "mx1.example 192.0.2.1 mx2.example 192.0.2.1 ");
	answer(&s, 1);
	site_stop(&s);
	free_tables(&s);
	make_tables(&s);
	site_start(&s);
	site_tick(&s, 1);
	publish(&s, 1, 2);
	UNIT_STR("the other", ask_all(&s), "mx2.example 192.0.2.1 ");
	answer(&s, 2);
	UNIT_UINT("in the day", probes_of(&s, KIT_DAY), 2);
	/* a reload opens all anew, with the tables that there are */
	site_restart(&s);
	site_tick(&s, 1);
	UNIT_STR("nothing new", ask_all(&s), "");
	end(&s);
}

/* Answers may be on their way when a reload has switched it off. */
static void test_switched_off(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, 1);
	s.policies = policy_table_new(100, 10000, &(struct hash_key){ 0, 0 });
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	answer(&s, 1);
	UNIT_UINT("probes", probes_of(&s, KIT_DAY), 0);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_seal_waits),
		cmocka_unit_test(test_seal_waits_not_long),
		cmocka_unit_test(test_recall),
		cmocka_unit_test(test_switched_off),
	};

	return UNIT_RUN(tests);
}
