/* SPDX-License-Identifier: BSD-2-Clause */
/* test_store_limits.c - tests of common/store.c: caps, times, files, the lock */

#include "config.h"

#include "tests/unit/tally_kit.h"

#include "common/when.h"

/* Sessions and facts of one domain, and those of overflow facts. */
struct share {
	uint64_t facts;
	uint64_t count;
	uint64_t over_facts;
	uint64_t over_count;
};

static struct share share_of(const struct kit *k, const char *domain)
{
	struct share s = { 0 };
	struct tally_fact f;
	struct tally *t;
	uint64_t cursor = 0;
	char path[128];

	UNIT_INT("open", tally_open(kit_path(k, KIT_DAY, path), &t), 0);
	while (tally_next_fact(t, &cursor, &f) == 1) {
		if (!view_is(f.fact.domain, domain)) {
			continue;
		}
		s.facts++;
		s.count += f.count;
		if (view_is(f.fact.reason, "overflow")) {
			UNIT_UINT("no mx", f.fact.mx.len, 0);
			UNIT_UINT("no level", f.fact.level.len, 0);
			UNIT_UINT("no verdict", f.fact.verdict.len, 0);
			UNIT_UINT("no helo", f.fact.helo.len, 0);
			UNIT_BOOL("no ip", ip_is_known(&f.fact.ip), false);
			UNIT_BOOL(
			    "no ip", ip_is_known(&f.fact.sending_ip), false);
			UNIT_TRUE("feed", view_is(f.fact.feed, "sendmail"));
			s.over_facts++;
			s.over_count += f.count;
		}
	}
	tally_close(t);
	return s;
}

/* A fact of a domain, made another one by n; of some kind of outcome. */
static void count_of(struct kit *k, uint64_t pos, const char *domain,
    unsigned n, enum fact_tls tls)
{
	struct fact f = { .domain = view_of(domain), .tls = tls };

	f.version = view_of("TLSv1.3");
	f.ip.b[14] = (uint8_t)(n >> 8);
	f.ip.b[15] = (uint8_t)n;
	f.ip.b[0] = 0x20;
	f.helo = view_of("mx.example");
	f.mx = f.helo;
	UNIT_INT("session", store_session(k->store, KIT_DAY, pos, &f), 0);
}

static void test_facts_per_domain(void **state)
{
	struct kit k;
	struct kit_sum sum;
	struct share s;

	(void)state;
	kit_init(&k);
	for (unsigned round = 0; round < 2; round++) {
		/* the caps are the same after opening again */
		kit_open_limits(&k, "sendmail", 0, 10);
		for (unsigned i = 0; i < 100; i++) {
			unsigned n = round * 100 + i;

			count_of(&k, 1 + 2 * n, "a.example", i,
			    i % 2 == 0 ? FACT_TLS_OK : FACT_TLS_REFUSED);
			count_of(
			    &k, 2 + 2 * n, "b.example", i % 10, FACT_TLS_OK);
		}
		kit_commit(&k, 200 + 200 * round, KIT_DAY);
	}
	s = share_of(&k, "a.example");
	UNIT_UINT("a: facts", s.facts, 12);
	UNIT_UINT("a: count", s.count, 200);
	UNIT_UINT("a: overflow facts", s.over_facts, 2);
	UNIT_UINT("a: overflow", s.over_count, 180);
	s = share_of(&k, "b.example");
	UNIT_UINT("b: facts", s.facts, 10);
	UNIT_UINT("b: count", s.count, 200);
	UNIT_UINT("b: overflow", s.over_count, 0);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("count", sum.count, 400);
	UNIT_UINT("counter", sum.counters[COUNTER_OVERFLOW], 180);
	kit_release(&k);
}

/* What the log did not tell, must not become a failure where room is short. */
static void test_untold(void **state)
{
	struct tally_fact f;
	struct tally *t;
	uint64_t cursor = 0;
	uint64_t untold = 0;
	uint64_t others = 0;
	char path[128];
	struct kit k;

	(void)state;
	kit_init(&k);
	kit_open_limits(&k, "postfix", 0, 10);
	for (unsigned i = 0; i < 40; i++) {
		struct fact fact = { .domain = view_of("a.example"),
			.tls = FACT_TLS_NOT_OFFERED };

		fact.reason = view_of(
		    i % 2 == 0 ? "tls-not-logged" : "starttls-not-offered");
		fact.ip.b[0] = (uint8_t)(i + 1);
		UNIT_INT("session",
		    store_session(k.store, KIT_DAY, i + 1, &fact), 0);
	}
	kit_commit(&k, 41, KIT_DAY);
	UNIT_INT("open", tally_open(kit_path(&k, KIT_DAY, path), &t), 0);
	while (tally_next_fact(t, &cursor, &f) == 1) {
		*(fact_is_untold(&f.fact) ? &untold : &others) += f.count;
	}
	tally_close(t);
	UNIT_UINT("untold", untold, 20);
	UNIT_UINT("others", others, 20);
	kit_release(&k);
}

static void test_facts(void **state)
{
	struct kit k;
	struct kit_sum sum;
	struct share s;
	uint64_t pos = 0;
	char domain[32];

	(void)state;
	kit_init(&k);
	kit_open_limits(&k, "sendmail", 50, 1000);
	for (unsigned i = 0; i < 40; i++) {
		count_of(&k, ++pos, "a.example", i, FACT_TLS_OK);
	}
	for (unsigned i = 0; i < 400; i++) {
		/* the first ten have room, the others no domain any more */
		(void)snprintf(domain, sizeof(domain), "d%u.example", i);
		count_of(&k, ++pos, domain, i, FACT_TLS_FAILED);
	}
	for (unsigned i = 0; i < 100; i++) {
		/* a domain with facts gets overflow facts of its own */
		count_of(&k, ++pos, "a.example", i,
		    i % 2 == 0 ? FACT_TLS_OK : FACT_TLS_REFUSED);
	}
	kit_commit(&k, pos, KIT_DAY);
	s = share_of(&k, "a.example");
	UNIT_UINT("a: facts", s.facts, 42);
	UNIT_UINT("a: count", s.count, 140);
	UNIT_UINT("a: overflow", s.over_count, 80);
	s = share_of(&k, "");
	UNIT_UINT("none: facts", s.facts, 1);
	UNIT_UINT("none: count", s.count, 390);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("facts", sum.facts, 53);
	UNIT_UINT("count", sum.count, 540);
	UNIT_UINT("counter", sum.counters[COUNTER_OVERFLOW], 390 + 80);
	kit_release(&k);
}

/* Overflow facts of domains end at twice the limit; the last one never. */
static void test_twice_facts(void **state)
{
	struct kit k;
	struct kit_sum sum;
	struct share s;
	uint64_t pos = 0;
	char domain[32];

	(void)state;
	kit_init(&k);
	kit_open_limits(&k, "sendmail", 50, 1000);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 50; i++) {
			(void)snprintf(
			    domain, sizeof(domain), "d%u.example", i);
			count_of(&k, ++pos, domain, round * 100 + i,
			    (enum fact_tls)round);
		}
	}
	kit_commit(&k, pos, KIT_DAY);
	s = share_of(&k, "d49.example");
	UNIT_UINT("d49: a fact and an overflow", s.facts, 2);
	s = share_of(&k, "");
	UNIT_UINT("none: facts", s.facts, 2);
	UNIT_UINT("none: count", s.count, 100);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("facts", sum.facts, 102);
	UNIT_UINT("count", sum.count, 200);
	UNIT_UINT("counter", sum.counters[COUNTER_OVERFLOW], 150);
	kit_release(&k);
}

static void touch(const struct kit *k, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/tally/%s", k->state, name);
	kit_write(path, "", 0);
}

static void test_too_many_files(void **state)
{
	struct kit k;
	struct kit_sum sum;
	struct kit_fact f;
	int64_t *days;
	unsigned n;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	kit_count(&k, KIT_DAY, 1, 1);
	for (unsigned i = 1; i < STORE_FILES; i++) {
		char date[WHEN_DATE_BUF];

		touch(&k, when_date(KIT_DAY + 86400 * (int64_t)i, date));
	}
	kit_fact_make(&f, 1);
	/* it looks when it makes the next */
	UNIT_INT("the last", store_session(k.store, 0, 500, &f.fact), 0);
	UNIT_INT(
	    "one more", store_session(k.store, 86400, 501, &f.fact), ERR_FULL);
	kit_count(&k, KIT_DAY, 502, 2);
	UNIT_INT("commit", store_commit(k.store, NULL, NULL, false), 0);
	kit_sum(&k, KIT_DAY, &sum);
	UNIT_UINT("the work goes on", sum.count, 2);
	UNIT_INT("days", store_days(k.state, &days, &n), 0);
	UNIT_UINT("days", n, STORE_FILES + 1);
	UNIT_INT("ascending", days[0], 0);
	for (unsigned i = 1; i < n; i++) {
		UNIT_INT(
		    "ascending", days[i], KIT_DAY + 86400 * (int64_t)(i - 1));
	}
	free(days);
	kit_release(&k);
}

static void test_bad_times(void **state)
{
	static const int64_t table[] = { -1, INT64_MIN, INT64_MAX,
		INT64_C(253402300800) };
	struct kit k;
	struct kit_fact f;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	kit_fact_make(&f, 1);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT("session",
		    store_session(k.store, table[i], 1, &f.fact), ERR_PARSE);
		UNIT_INT("bump",
		    store_bump(k.store, table[i], 1, COUNTER_LINES, 1),
		    ERR_PARSE);
	}
	UNIT_INT("first", store_session(k.store, 0, 1, &f.fact), 0);
	UNIT_INT("last",
	    store_session(k.store, INT64_C(253402300799), 2, &f.fact), 0);
	UNIT_INT("commit", store_commit(k.store, NULL, NULL, true), 0);
	kit_release(&k);
}

static void test_lock(void **state)
{
	const struct store_limits limits = { 0, 0 };
	struct store *second;
	struct kit k;

	(void)state;
	kit_init(&k);
	kit_open(&k, "sendmail");
	UNIT_INT("busy", store_open(k.state, &limits, &second), ERR_BUSY);
	UNIT_TRUE("none", second == NULL);
	kit_close(&k);
	UNIT_INT("free", store_open(k.state, &limits, &second), 0);
	store_close(second);
	UNIT_INT("no such folder",
	    store_open("/nonexistent/folder", &limits, &second), -ENOENT);
	kit_release(&k);
}

static void test_files(void **state)
{
	struct kit k;
	struct stat st;
	int64_t *days;
	unsigned n;
	char path[128];
	char small[8];

	(void)state;
	kit_init(&k);
	UNIT_INT("no folder", store_days(k.state, &days, &n), -ENOENT);
	kit_open(&k, "sendmail");
	/* left by a writer that was killed */
	touch(&k, ".2026-11-22.new");
	touch(&k, "2026-02-30");
	touch(&k, "2026-11-22.gz");
	touch(&k, "2026-1-2");
	kit_count(&k, KIT_DAY, 1, 1);
	kit_commit(&k, 1, KIT_DAY);
	UNIT_INT("days", store_days(k.state, &days, &n), 0);
	UNIT_UINT("days", n, 1);
	UNIT_INT("day", days[0], KIT_DAY);
	free(days);

	UNIT_STR("path", kit_path(&k, KIT_DAY, path) + strlen(k.state),
	    "/tally/2026-11-22");
	assert_int_equal(stat(path, &st), 0);
	UNIT_UINT("others may not read", st.st_mode & 07137, 0);
	UNIT_STR("too long", store_path(k.state, KIT_DAY, small, 8), "");
	(void)snprintf(path, sizeof(path), "%s/tally/.2026-11-22.new", k.state);
	UNIT_INT("no rest", access(path, F_OK), -1);
	kit_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts_per_domain),
		cmocka_unit_test(test_untold),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_twice_facts),
		cmocka_unit_test(test_too_many_files),
		cmocka_unit_test(test_bad_times),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_files),
	};

	return UNIT_RUN(tests);
}
