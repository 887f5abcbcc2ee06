/* SPDX-License-Identifier: BSD-2-Clause */
/* test_feeds_sockets.c - tests of milter/feeds.c: feeds with a socket */

#include "config.h"

#include <signal.h>
#include <sys/resource.h>

#include "milter/datagrams.h"
#include "milter/ring.h"
#include "tests/unit/feeds_kit.h"

enum {
	RING_B = 4 << 20
};

#define WITHOUT \
 "{\"d\":\"e.example\",\"policies\":[{\"policy-type\":9,\"f\":0}]}"

struct sockets {
	struct site site;
	struct ring *rings[CONF_FEEDS];
};

static void open_feeds(struct sockets *s)
{
	const struct feeds_options o = { .state = s->site.kit.state,
		.conf = &s->site.conf,
		.clock = &s->site.clock,
		.rings = s->rings,
		.breathe = site_breathe,
		.ctx = &s->site };

	site_stop(&s->site);
	UNIT_INT("feeds_open", feeds_open(&o, &s->site.feeds), 0);
}

/* n feeds with a socket each; the first n_logs have a log, too. */
static void sockets_init(struct sockets *s, unsigned n_logs, unsigned n)
{
	memset(s, 0, sizeof(*s));
	site_init(&s->site, 0);
	for (unsigned i = 0; i < n; i++) {
		struct conf_feed *f = &s->site.conf.feed[i];
		char text[128];

		(void)snprintf(text, sizeof(text), "f%u", i);
		f->name = xstrdup(text);
		f->mta = xstrdup("postfix");
		(void)snprintf(
		    text, sizeof(text), "%s/f%u.log", s->site.dir, i);
		f->file = i < n_logs ? xstrdup(text) : NULL;
		(void)snprintf(
		    text, sizeof(text), "%s/f%u.sock", s->site.dir, i);
		f->socket = xstrdup(text);
		s->rings[i] = ring_new(RING_B);
		assert_non_null(s->rings[i]);
	}
	s->site.conf.n_feeds = n;
	open_feeds(s);
}

static void sockets_release(struct sockets *s)
{
	site_release(&s->site);
	for (unsigned i = 0; i < CONF_FEEDS; i++) {
		ring_free(s->rings[i]);
	}
}

static void put(struct sockets *s, unsigned feed, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		UNIT_BOOL("put",
		    ring_put(s->rings[feed], WITHOUT, strlen(WITHOUT)), true);
	}
}

static void test_names(void **state)
{
	struct sockets s;
	struct live_feed live;
	char *text;

	(void)state;
	sockets_init(&s, 1, 2);
	put(&s, 0, 3);
	put(&s, 1, 2);
	site_tick(&s.site, 1); /* opens */
	site_tick(&s.site, 1);
	site_live(&s.site, 0, &live);
	UNIT_STR("log", live.name, "f0");
	site_live(&s.site, 1, &live);
	UNIT_STR("its socket", live.name, "f0.socket");
	UNIT_STR("source", live.source, s.site.conf.feed[0].socket);
	UNIT_BOOL("open", live.is_open && live.is_at_end, true);
	site_live(&s.site, 2, &live);
	UNIT_STR("socket", live.name, "f1");
	UNIT_BOOL(
	    "no more", feeds_live(s.site.feeds, 3, s.site.now, &live), false);
	UNIT_UINT("sessions", site_count(&s.site, KIT_DAY), 2);
	UNIT_UINT(
	    "datagrams", site_counter(&s.site, KIT_DAY, COUNTER_DATAGRAMS), 5);
	text = kit_dump(&s.site.kit, KIT_DAY, false);
	UNIT_TRUE(text, strstr(text, "feed f0.socket postfix") != NULL);
	UNIT_TRUE(text, strstr(text, "feed f1 postfix") != NULL);
	free(text);
	sockets_release(&s);
}

/*
 * Bug: with datagrams in the ring at each look no day was sealed for six
 * hours.
 */
static void test_seal_under_load(void **state)
{
	struct sockets s;

	(void)state;
	sockets_init(&s, 0, 1);
	put(&s, 0, 1);
	site_tick(&s.site, 1);
	site_tick(&s.site, 1);
	s.site.clock = (struct sealing_clock){ 0 };
	s.site.now = KIT_NEXT + SEALING_AFTER_S;
	s.site.uptime += 1000000;
	put(&s, 0, DATAGRAMS_GENTLY + 100);
	site_tick(&s.site, 1);
	UNIT_BOOL("rest", ring_is_empty(s.rings[0]), false);
	UNIT_BOOL("sealed", site_is_sealed(&s.site, KIT_DAY), true);
	feeds_drain(s.site.feeds, s.site.now);
	UNIT_UINT("of the day", site_count(&s.site, KIT_DAY), 1);
	UNIT_UINT("of the next", site_count(&s.site, KIT_NEXT),
	    DATAGRAMS_GENTLY + 100);
	sockets_release(&s);
}

/* Bug: there was room for 32 sources only where a day is sealed. */
static void test_many(void **state)
{
	struct sockets s;

	(void)state;
	sockets_init(&s, CONF_FEEDS, CONF_FEEDS);
	put(&s, 0, 1);
	site_tick(&s.site, 1);
	site_tick(&s.site, 1);
	s.site.clock = (struct sealing_clock){ 0 };
	s.site.now = KIT_NEXT + SEALING_LATEST_S;
	s.site.uptime += 1000000;
	site_tick(&s.site, 1);
	/* nothing is forced right after a start */
	s.site.now += SEALING_HOLD_S;
	s.site.uptime += SEALING_HOLD_S;
	site_tick(&s.site, 1);
	UNIT_BOOL("sealed", site_is_sealed(&s.site, KIT_DAY), true);
	sockets_release(&s);
}

static void test_drain(void **state)
{
	const unsigned n = 5 * DATAGRAMS_GENTLY + 7;
	struct sockets s;

	(void)state;
	sockets_init(&s, 0, 2);
	site_tick(&s.site, 1);
	put(&s, 0, n);
	put(&s, 1, n);
	feeds_drain(s.site.feeds, s.site.now);
	UNIT_UINT("sessions", site_count(&s.site, KIT_DAY), 2UL * n);
	UNIT_BOOL("empty",
	    ring_is_empty(s.rings[0]) && ring_is_empty(s.rings[1]), true);
	sockets_release(&s);
}

static void set_file_limit(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Bug: what was lost while the store was broken was forgotten by a reload. */
static void test_lost_over_reload(void **state)
{
	struct sockets s;
	struct rlimit was;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	if (was.rlim_max != RLIM_INFINITY) {
		print_message("# files are limited already: left out\n");
		return;
	}
	(void)signal(SIGXFSZ, SIG_IGN);
	sockets_init(&s, 0, 1);
	site_tick(&s.site, 1);
	set_file_limit(1000);
	ring_note_long(s.rings[0]);
	put(&s, 0, 3);
	site_tick(&s.site, 1);
	open_feeds(&s);
	site_tick(&s.site, 1);
	set_file_limit(RLIM_INFINITY);
	open_feeds(&s);
	site_run(&s.site, 3L * FEEDS_RETRY_S, 1);
	UNIT_UINT(
	    "lost", site_counter(&s.site, KIT_DAY, COUNTER_DATAGRAM_LOST), 1);
	UNIT_UINT("sessions", site_count(&s.site, KIT_DAY), 3);
	sockets_release(&s);
	(void)signal(SIGXFSZ, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_seal_under_load),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_lost_over_reload),
	};

	return UNIT_RUN(tests);
}
