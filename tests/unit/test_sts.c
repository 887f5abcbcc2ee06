/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sts.c - tests lookup/sts.c
 *
 * Without a network: DNS has no address for any host, so that all fetches
 * fail, and policies that are cached were put there.
 */
#include "config.h"

#include <event2/event.h>
#include <sys/stat.h>
#include <time.h>

#include "common/log.h"
#include "lookup/fetch.h"
#include "lookup/policy_cache.h"
#include "lookup/sts.h"
#include "tests/unit/unit.h"

#define DAY ((int64_t)24 * 3600)

static const char policy[] = "version: STSv1\nmode: enforce\n"
			     "mx: mx.d.example\nmax_age: 604800\n";

/* What one question heard. */
struct heard {
	unsigned times;
	enum policy_sts sts;
	enum policy_sts failed;
	char reason[STS_REASON];
	char text[200];
	const char *ours;
	int64_t again;
};

struct world {
	char dir[64];
	struct event_base *base;
	struct policy_cache *cache;
	struct fetch *fetch;
	struct sts *sts;
	unsigned resolved; /* questions for addresses */
	int64_t now;
};

static void resolve(
    void *ctx, const char *host, fetch_resolved_fn done, void *job)
{
	static const struct fetch_addresses none = { .token = "dns-nxdomain",
		.fault = FETCH_THEIRS };
	struct world *w = ctx;

	assert_int_equal(strncmp(host, "mta-sts.", 8), 0);
	w->resolved++;
	done(job, &none);
}

static void start(struct world *w)
{
	char roots[1024];
	const struct policy_cache_limits limits = { 0, 0 };
	const struct fetch_options o = { .resolve = resolve,
		.resolve_ctx = w,
		.ca_file = roots,
		.waiting = 2 };

	unit_src_path(roots, sizeof(roots), "data/trust/root.pem");
	w->base = event_base_new();
	assert_non_null(w->base);
	assert_int_equal(policy_cache_open(w->dir, &limits, &w->cache), 0);
	assert_int_equal(fetch_new(w->base, &o, &w->fetch), 0);
	w->sts = sts_new(w->cache, w->fetch);
	w->now = time(NULL);
}

static void stop(struct world *w)
{
	sts_free(w->sts);
	fetch_free(w->fetch);
	policy_cache_close(w->cache);
	event_base_free(w->base);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	log_set_level(LOG_LEVEL_ERROR);
	unit_tmpdir_make(w->dir, sizeof(w->dir));
	start(w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	stop(w);
	unit_tmpdir_remove(w->dir);
	free(w);
	return 0;
}

static void hear(void *ctx, const struct sts_answer *answer, int64_t at)
{
	struct heard *h = ctx;

	h->times++;
	h->sts = answer->sts;
	h->failed = answer->failed;
	h->ours = answer->ours;
	h->again = answer->again - at;
	(void)snprintf(h->reason, sizeof(h->reason), "%s", answer->reason);
	(void)snprintf(h->text, sizeof(h->text), "%.*s", (int)answer->text.len,
	    answer->text.len > 0 ? answer->text.s : "");
}

static struct sts_seen seen_of(const char *id)
{
	struct sts_seen seen = { .is_known = true };

	seen.record.status = id != NULL ? STS_RECORD_VALID : STS_RECORD_NONE;
	(void)snprintf(
	    seen.record.id, sizeof(seen.record.id), "%s", id != NULL ? id : "");
	return seen;
}

static void ask(struct world *w, const char *domain, const char *id,
    int64_t after, struct heard *h)
{
	struct sts_seen seen = seen_of(id);

	memset(h, 0, sizeof(*h));
	sts_ask(w->sts, domain, &seen, w->now + after, hear, h);
}

/* Until nothing is under way. */
static void run(struct world *w)
{
	while (fetch_open(w->fetch) > 0) {
		assert_true(event_base_loop(w->base, EVLOOP_ONCE) >= 0);
	}
}

static void put_policy(struct world *w, const char *domain, int64_t fetched)
{
	struct sts_row row = { .id = "a",
		.text = view_of(policy),
		.fetched = w->now + fetched,
		.expires = w->now + fetched + 7 * DAY,
		.refresh = w->now + fetched + DAY };

	(void)snprintf(row.domain, sizeof(row.domain), "%s", domain);
	assert_int_equal(policy_cache_put(w->cache, &row), 0);
}

static void check(const char *name, const struct heard *h, enum policy_sts sts,
    const char *reason, enum policy_sts failed)
{
	UNIT_UINT(name, h->times, 1);
	UNIT_INT(name, h->sts, sts);
	UNIT_STR(name, h->reason, reason);
	UNIT_INT(name, h->failed, failed);
}

/* One fetch for all who ask, and none for a while after a failure. */
static void test_fetch(void **state)
{
	struct world *w = *state;
	struct heard a, b, c;

	ask(w, "d.example", "a", 0, &a);
	ask(w, "d.example", "a", 0, &b);
	UNIT_UINT("not yet", a.times + b.times, 0);
	run(w);
	check("first", &a, POLICY_STS_FETCH_ERROR, "dns-nxdomain",
	    POLICY_STS_UNKNOWN);
	check("second", &b, POLICY_STS_FETCH_ERROR, "dns-nxdomain",
	    POLICY_STS_UNKNOWN);
	UNIT_UINT("one fetch", w->resolved, 1);
	ask(w, "d.example", "a", 10, &c);
	check("at once", &c, POLICY_STS_FETCH_ERROR, "dns-nxdomain",
	    POLICY_STS_UNKNOWN);
	stop(w);
	start(w);
	ask(w, "d.example", "a", 10, &c);
	check("in the next life", &c, POLICY_STS_FETCH_ERROR, "dns-nxdomain",
	    POLICY_STS_UNKNOWN);
	ask(w, "d.example", NULL, 10, &c);
	check("no record", &c, POLICY_STS_NONE, "", POLICY_STS_UNKNOWN);
	UNIT_UINT("one fetch", w->resolved, 1);
	ask(w, "d.example", "a", 1000, &c);
	run(w);
	check("later", &c, POLICY_STS_FETCH_ERROR, "dns-nxdomain",
	    POLICY_STS_UNKNOWN);
	UNIT_UINT("another fetch", w->resolved, 2);
}

/* A refresh that fails is one event, whoever waits. */
static void test_event(void **state)
{
	struct world *w = *state;
	struct heard a, b;

	put_policy(w, "d.example", 0);
	ask(w, "d.example", "a", 10, &a);
	check("fresh", &a, POLICY_STS_FOUND, "", POLICY_STS_UNKNOWN);
	UNIT_STR("fresh", a.text, policy);
	put_policy(w, "d.example", -2 * DAY);
	ask(w, "d.example", "a", 10, &a);
	ask(w, "d.example", "a", 10, &b);
	run(w);
	check("first", &a, POLICY_STS_FOUND, "dns-nxdomain+cached-policy-used",
	    POLICY_STS_FETCH_ERROR);
	check("second", &b, POLICY_STS_FOUND, "dns-nxdomain+cached-policy-used",
	    POLICY_STS_UNKNOWN);
	UNIT_STR("text", a.text, policy);
	ask(w, "d.example", "a", 20, &a);
	check("later", &a, POLICY_STS_FOUND, "dns-nxdomain+cached-policy-used",
	    POLICY_STS_UNKNOWN);
	UNIT_UINT("one fetch", w->resolved, 1);
}

/* More than can wait are told to come again. */
static void test_busy(void **state)
{
	struct world *w = *state;
	struct heard a, b, c;

	ask(w, "a.example", "a", 0, &a);
	ask(w, "b.example", "a", 0, &b);
	ask(w, "c.example", "a", 0, &c);
	check("third", &c, POLICY_STS_UNKNOWN, "", POLICY_STS_UNKNOWN);
	UNIT_STR("third", c.ours, "busy");
	UNIT_INT("third", c.again, 60);
	run(w);
	UNIT_UINT("first and second", a.times + b.times, 2);
	ask(w, "c.example", "a", 0, &c);
	run(w);
	check("third again", &c, POLICY_STS_FETCH_ERROR, "dns-nxdomain",
	    POLICY_STS_UNKNOWN);
}

/* Without a cache nothing is fetched, and nothing is said of anybody. */
static void test_no_cache(void **state)
{
	struct world *w = *state;
	char path[128];
	struct heard a;

	stop(w);
	(void)snprintf(path, sizeof(path), "%s/policy/mta-sts.sqlite", w->dir);
	assert_int_equal(unlink(path), 0);
	start(w);
	policy_cache_close(w->cache);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	UNIT_TRUE("open",
	    policy_cache_open(
		w->dir, &(struct policy_cache_limits){ 0, 0 }, &w->cache) < 0);
	sts_free(w->sts);
	w->sts = sts_new(w->cache, w->fetch);
	ask(w, "d.example", "a", 0, &a);
	check("no cache", &a, POLICY_STS_UNKNOWN, "", POLICY_STS_UNKNOWN);
	UNIT_STR("no cache", a.ours, "no-cache");
	UNIT_INT("no cache", a.again, STS_CLOSED_S);
	assert_int_equal(rmdir(path), 0);
	ask(w, "d.example", "a", 1, &a);
	check("too early", &a, POLICY_STS_UNKNOWN, "", POLICY_STS_UNKNOWN);
	UNIT_STR("too early", a.ours, "no-cache");
	UNIT_UINT("no fetch", w->resolved, 0);
	ask(w, "d.example", "a", STS_CLOSED_S, &a);
	run(w);
	check("again", &a, POLICY_STS_FETCH_ERROR, "dns-nxdomain",
	    POLICY_STS_UNKNOWN);
}

struct asker {
	struct world *w;
	struct heard second;
	char text[200];
};

/* Asks inside of an answer, and looks at the answer after that. */
static void hear_and_ask(void *ctx, const struct sts_answer *answer, int64_t at)
{
	struct asker *a = ctx;

	(void)at;
	ask(a->w, "e.example", "a", 10, &a->second);
	(void)snprintf(a->text, sizeof(a->text), "%.*s", (int)answer->text.len,
	    answer->text.s);
}

static void test_ask_inside(void **state)
{
	struct world *w = *state;
	struct asker a = { .w = w };
	struct sts_seen seen = seen_of("a");

	put_policy(w, "d.example", 0);
	put_policy(w, "e.example", 0);
	sts_ask(w->sts, "d.example", &seen, w->now + 10, hear_and_ask, &a);
	UNIT_STR("first", a.text, policy);
	UNIT_STR("second", a.second.text, policy);
}

/* What is under way when all ends is not heard of. */
static void test_end(void **state)
{
	struct world *w = *state;
	struct heard a;

	ask(w, "d.example", "a", 0, &a);
	stop(w);
	UNIT_UINT("not told", a.times, 0);
	start(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fetch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_event, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_busy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_no_cache, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_ask_inside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end, set_up, tear_down),
	};

	return UNIT_RUN(tests);
}
