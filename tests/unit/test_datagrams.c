/* SPDX-License-Identifier: BSD-2-Clause */
/* test_datagrams.c - tests milter/datagrams.c: what becomes of datagrams */

#include "config.h"

#include "common/log.h"
#include "tests/unit/datagrams_kit.h"

#define GOOD                                                      \
 "{\"dpv\":\"1\",\"d\":\"D.example\",\"pr\":\"v=TLSRPTv1; "       \
 "rua=mailto:r@d.example\",\"policies\":[{\"policy-type\":1,"     \
 "\"policy-domain\":\"mx.d.example\",\"policy-string\":[\"3 1 1 " \
 "00\"],\"t\":1,\"f\":1,\"failure-details\":[{\"c\":202,\"n\":"   \
 "\"mx.d.example\",\"r\":\"192.0.2.1\",\"s\":\"192.0.2.99\"}]}]}"
#define WITHOUT \
 "{\"d\":\"e.example\",\"policies\":[{\"policy-type\":9,\"f\":0}]}"
#define LITERAL \
 "{\"d\":\"[192.0.2.1]\",\"policies\":[{\"policy-type\":9,\"f\":0}]}"

/* --- facts ------------------------------------------------------------------ */

/* The only fact of a domain. */
static void find_fact(const struct site *s, const char *domain,
    void (*check)(const struct tally_fact *, const struct policy *))
{
	struct policy policy;
	struct tally_fact f;
	struct tally *t;
	uint64_t cursor = 0;
	uint64_t at = 0;
	unsigned n = 0;
	char path[128];
	bool has_policy = false;

	UNIT_INT(
	    "tally_open", tally_open(kit_path(&s->kit, KIT_DAY, path), &t), 0);
	while (!has_policy && tally_next_policy(t, &at, &policy) == 1) {
		has_policy = view_is(policy.domain, domain);
	}
	while (tally_next_fact(t, &cursor, &f) == 1) {
		if (view_is(f.fact.domain, domain)) {
			check(&f, has_policy ? &policy : NULL);
			n++;
		}
	}
	tally_close(t);
	UNIT_UINT(domain, n, 1);
}

static void check_failed(const struct tally_fact *f, const struct policy *p)
{
	char ip[IP_TEXT_MAX];

	UNIT_UINT("count", f->count, 2);
	UNIT_INT("first", f->first, KIT_NOON);
	UNIT_INT("last", f->last, KIT_NOON + 5);
	UNIT_TRUE("feed", view_is(f->fact.feed, "out"));
	UNIT_TRUE("mx", view_is(f->fact.mx, "mx.d.example"));
	UNIT_STR("ip", ip_format(&f->fact.ip, ip), "192.0.2.1");
	UNIT_STR("own", ip_format(&f->fact.sending_ip, ip), "192.0.2.99");
	assert_non_null(p);
	UNIT_TRUE("mx of it", view_is(p->mx, "mx.d.example"));
	UNIT_INT("since", p->since, KIT_NOON);
	UNIT_INT("source", p->source, POLICY_MTA);
	UNIT_MEM("content", p->content.s, p->content.len,
	    "{\"policy-type\":\"tlsa\",\"policy-domain\":\"mx.d.example\","
	    "\"policy-string\":[\"3 1 1 00\"]}",
	    strlen("{\"policy-type\":\"tlsa\",\"policy-domain\":"
		   "\"mx.d.example\",\"policy-string\":[\"3 1 1 00\"]}"));
	UNIT_MEM("hash", f->fact.policy, sizeof(f->fact.policy), p->hash,
	    sizeof(p->hash));
}

static void check_without(const struct tally_fact *f, const struct policy *p)
{
	static const uint8_t none[FACT_POLICY_HASH];

	UNIT_UINT("count", f->count, 1);
	UNIT_INT("tls", f->fact.tls, FACT_TLS_OK);
	UNIT_MEM(
	    "hash", f->fact.policy, sizeof(f->fact.policy), none, sizeof(none));
	UNIT_TRUE("no policy", p == NULL);
}

static void test_facts(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, SITE_RING_B);
	site_open(&s);
	site_poll(&s, KIT_NOON - 1, 0);
	UNIT_TRUE("put", site_put(&s, GOOD) && site_put(&s, WITHOUT));
	UNIT_TRUE("put", site_put(&s, LITERAL));
	site_poll(&s, KIT_NOON, 3);
	UNIT_TRUE("put", site_put(&s, GOOD));
	site_poll(&s, KIT_NOON + 5, 1);
	site_check(&s, KIT_DAY, 4, 3, 0);
	UNIT_UINT("literal", site_counter(&s, KIT_DAY, COUNTER_LITERAL), 1);
	UNIT_UINT("bad", site_counter(&s, KIT_DAY, COUNTER_BAD_DATAGRAM), 0);
	find_fact(&s, "d.example", check_failed);
	find_fact(&s, "e.example", check_without);
	site_release(&s);
}

/* A log counts the sessions. */
static void test_only_policies(void **state)
{
	struct site s;
	char *text;

	(void)state;
	site_init(&s, SITE_RING_B);
	s.o.only_policies = true;
	s.o.name = "out.socket";
	site_open(&s);
	UNIT_TRUE("put", site_put(&s, GOOD) && site_put(&s, WITHOUT));
	UNIT_TRUE("put", site_put(&s, GOOD) && site_put(&s, "{}"));
	site_poll(&s, KIT_NOON, 4);
	site_check(&s, KIT_DAY, 4, 0, 0);
	UNIT_UINT("bad", site_counter(&s, KIT_DAY, COUNTER_BAD_DATAGRAM), 1);
	text = kit_dump(&s.kit, KIT_DAY, false);
	UNIT_TRUE(text, strstr(text, "fact ") == NULL);
	UNIT_TRUE(text, strstr(text, "policy since=") != NULL);
	UNIT_TRUE(text, strstr(text, "feed out.socket postfix") != NULL);
	free(text);
	site_release(&s);
}

/* --- what is no datagram ------------------------------------------------------ */

static void check_kept(const struct site *s, const char *name, const char *want)
{
	unsigned char *text;
	struct stat st;
	size_t size;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/invalid/%s", s->kit.state, name);
	if (want == NULL) {
		UNIT_INT(name, lstat(path, &st), -1);
		return;
	}
	UNIT_INT(name, lstat(path, &st), 0);
	UNIT_INT(name, st.st_mode, S_IFREG | 0640);
	text = kit_read(path, &size);
	UNIT_MEM(name, text, size, want, strlen(want));
	free(text);
}

static void test_kept(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, SITE_RING_B);
	s.o.keep_invalid = 3;
	site_open(&s);
	UNIT_TRUE("put",
	    site_put(&s, "a") && site_put(&s, "") && site_put(&s, GOOD) &&
		site_put(&s, LITERAL));
	site_poll(&s, KIT_NOON, 4);
	check_kept(&s, "out.0", "a");
	check_kept(&s, "out.1", "");
	check_kept(&s, "out.2", NULL);
	UNIT_TRUE("put", site_put(&s, "c") && site_put(&s, "d"));
	site_poll(&s, KIT_NOON, 2);
	check_kept(&s, "out.0", "d");
	check_kept(&s, "out.1", "");
	check_kept(&s, "out.2", "c");
	check_kept(&s, "out.3", NULL);
	UNIT_UINT("bad", site_counter(&s, KIT_DAY, COUNTER_BAD_DATAGRAM), 4);
	site_check(&s, KIT_DAY, 6, 1, 0);

	site_close(&s);
	s.o.keep_invalid = 0;
	site_open(&s);
	UNIT_TRUE("put", site_put(&s, "e"));
	site_poll(&s, KIT_NOON, 1);
	check_kept(&s, "out.0", "d");
	UNIT_UINT("bad", site_counter(&s, KIT_DAY, COUNTER_BAD_DATAGRAM), 5);
	site_release(&s);
}

/* What lies in the way is neither followed nor waited for. */
static void test_kept_elsewhere(void **state)
{
	struct site s;
	char path[128];
	char other[128];
	size_t size;
	unsigned char *text;

	(void)state;
	site_init(&s, SITE_RING_B);
	s.o.keep_invalid = 9;
	site_open(&s);
	(void)snprintf(other, sizeof(other), "%s/other", s.kit.state);
	kit_write(other, "mine", 4);
	(void)snprintf(path, sizeof(path), "%s/invalid", s.kit.state);
	assert_int_equal(mkdir(path, 0750), 0);
	(void)snprintf(path, sizeof(path), "%s/invalid/out.0", s.kit.state);
	assert_int_equal(symlink(other, path), 0);
	(void)snprintf(path, sizeof(path), "%s/invalid/out.1", s.kit.state);
	assert_int_equal(link(other, path), 0);
	(void)snprintf(path, sizeof(path), "%s/invalid/out.2", s.kit.state);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)snprintf(path, sizeof(path), "%s/invalid/out.3", s.kit.state);
	assert_int_equal(mkdir(path, 0700), 0);
	for (unsigned i = 0; i < 5; i++) {
		UNIT_TRUE("put", site_put(&s, "bad"));
	}
	site_poll(&s, KIT_NOON, 5);
	UNIT_UINT("bad", site_counter(&s, KIT_DAY, COUNTER_BAD_DATAGRAM), 5);
	text = kit_read(other, &size);
	UNIT_MEM("another file", text, size, "mine", 4);
	free(text);
	check_kept(&s, "out.0", "bad");
	check_kept(&s, "out.1", "bad");
	check_kept(&s, "out.2", "bad");
	check_kept(&s, "out.4", "bad");

	/* nor a folder that is a link */
	(void)snprintf(path, sizeof(path), "%s/invalid", s.kit.state);
	(void)snprintf(other, sizeof(other), "%s/away", s.kit.state);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	UNIT_TRUE("put", site_put(&s, "bad"));
	site_poll(&s, KIT_NOON, 1);
	check_kept(&s, "out.5", NULL);
	UNIT_UINT("bad", site_counter(&s, KIT_DAY, COUNTER_BAD_DATAGRAM), 6);
	site_release(&s);
}

/* --- time ---------------------------------------------------------------------- */

/* Whatever the clock does, each counts, after a restart as before. */
static void test_clock(void **state)
{
	static const int64_t times[] = { KIT_NOON, KIT_NEXT + 60, KIT_NOON,
		KIT_NEXT, KIT_DAY, KIT_NEXT + 86399 };
	struct site s;
	unsigned n = 0;

	(void)state;
	site_init(&s, SITE_RING_B);
	for (unsigned turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < UNIT_LEN(times); i++) {
			site_open(&s);
			UNIT_TRUE("put", site_put(&s, WITHOUT));
			site_poll(&s, times[i], 1);
			UNIT_TRUE("put", site_put(&s, "{"));
			site_poll(&s, times[i], 1);
			site_close(&s);
			n++;
		}
	}
	UNIT_UINT("sessions",
	    site_counter(&s, KIT_DAY, COUNTER_SESSIONS) +
		site_counter(&s, KIT_NEXT, COUNTER_SESSIONS),
	    n);
	UNIT_UINT("bad",
	    site_counter(&s, KIT_DAY, COUNTER_BAD_DATAGRAM) +
		site_counter(&s, KIT_NEXT, COUNTER_BAD_DATAGRAM),
	    n);
	UNIT_UINT("late",
	    site_counter(&s, KIT_DAY, COUNTER_LATE) +
		site_counter(&s, KIT_NEXT, COUNTER_LATE),
	    0);
	site_release(&s);
}

static void test_sealed(void **state)
{
	struct site s;
	char *text;

	(void)state;
	site_init(&s, SITE_RING_B);
	site_open(&s);
	UNIT_TRUE("put", site_put(&s, WITHOUT));
	site_poll(&s, KIT_NOON, 1);
	UNIT_INT("seal", store_seal(s.kit.store, KIT_DAY, KIT_NEXT + 3600), 0);
	UNIT_TRUE("put", site_put(&s, GOOD) && site_put(&s, "{"));
	site_poll(&s, KIT_NOON, 2);
	UNIT_UINT("all", site_counter(&s, KIT_DAY, COUNTER_DATAGRAMS), 3);
	UNIT_UINT("bad", site_counter(&s, KIT_DAY, COUNTER_BAD_DATAGRAM), 1);
	UNIT_UINT("late", site_counter(&s, KIT_DAY, COUNTER_LATE), 1);
	text = kit_dump(&s.kit, KIT_DAY, false);
	UNIT_TRUE(text, strstr(text, "policy since=") == NULL);
	free(text);
	site_release(&s);
}

/* A time that gets no file: they stay, until there is one that does. */
static void test_no_day(void **state)
{
	struct site s;

	(void)state;
	site_init(&s, SITE_RING_B);
	site_open(&s);
	UNIT_TRUE("put", site_put(&s, WITHOUT) && site_put(&s, GOOD));
	site_poll(&s, -1, ERR_PARSE);
	site_poll(&s, INT64_C(253402300800), ERR_PARSE);
	site_poll(&s, KIT_NOON, 2);
	site_check(&s, KIT_DAY, 2, 2, 0);
	site_release(&s);
}

/* --- much ----------------------------------------------------------------------- */

static void test_many(void **state)
{
	const unsigned n = kit_is_slow() ? 300 : 4096;
	struct site s;

	(void)state;
	site_init(&s, 32 << 20);
	site_open(&s);
	for (unsigned i = 0; i < n; i++) {
		UNIT_TRUE("put", site_put_good(&s, i, 16));
	}
	UNIT_INT("poll", site_poll_all(&s, KIT_NOON), 0);
	site_check(&s, KIT_DAY, n, 16 * (uint64_t)n, 0);
	site_release(&s);
}

/* More than one poll takes: the ring wakes us for the rest. */
static void test_in_parts(void **state)
{
	struct site s;
	uint64_t wakes;

	(void)state;
	site_init(&s, SITE_RING_B);
	site_open(&s);
	for (unsigned i = 0; i < DATAGRAMS_GENTLY + 10; i++) {
		UNIT_TRUE("put", site_put(&s, WITHOUT));
	}
	ring_wake(s.ring);
	ring_acknowledge(s.ring);
	site_poll(&s, KIT_NOON, DATAGRAMS_GENTLY);
	UNIT_INT("woken", read(ring_fd(s.ring), &wakes, sizeof(wakes)),
	    sizeof(wakes));
	site_poll(&s, KIT_NOON, 10);
	UNIT_INT("not woken", read(ring_fd(s.ring), &wakes, sizeof(wakes)), -1);
	UNIT_TRUE("put", site_put(&s, WITHOUT));
	ring_wake(s.ring);
	UNIT_INT("woken", read(ring_fd(s.ring), &wakes, sizeof(wakes)),
	    sizeof(wakes));
	site_release(&s);
}

/* While a burst goes on nothing is counted, unless the ring is filling. */
static void test_burst(void **state)
{
	const size_t rest = DATAGRAMS_BURST_B / 32;
	struct site s;
	unsigned n = 0;

	(void)state;
	site_init(&s, SITE_RING_B);
	site_open(&s);
	for (; ring_used(s.ring) < DATAGRAMS_BURST_B + rest; n++) {
		UNIT_TRUE("put", site_put_good(&s, n % 10, 64));
	}
	site_poll(&s, KIT_NOON, 0);
	for (unsigned more = 0; more < n; more++) {
		UNIT_TRUE("put", site_put_good(&s, more % 10, 64));
	}
	site_poll(&s, KIT_NOON, 0);
	/* a few only: it is over */
	UNIT_TRUE("put", site_put(&s, WITHOUT));
	site_poll(&s, KIT_NOON, 2 * n + 1);
	/* too much to wait */
	for (n = 0; !ring_is_filling(s.ring); n++) {
		UNIT_TRUE("put", site_put_good(&s, n % 10, 64));
	}
	site_poll(&s, KIT_NOON, n);
	site_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_only_policies),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_kept_elsewhere),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_no_day),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_in_parts),
		cmocka_unit_test(test_burst),
	};

	log_open("unit", false);
	return UNIT_RUN(tests);
}
