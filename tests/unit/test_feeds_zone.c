/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_feeds_zone.c - tests of milter/feeds.c on logs with local time, in the
 * nights when clocks are changed
 *
 * Such a log does not tell the first pass of an hour from the second. What is
 * asked for: one of the two times, the same however often the line is read,
 * and every session once.
 */

#include "config.h"

#include <time.h>

#include "tests/unit/feeds_kit.h"

enum {
	AROUND_S = 2 * 3600, /* before and after the change */
	EVERY_S = 600,       /* a session */
	PAUSE_S = 300,       /* between its two lines */
	SESSIONS = 2 * AROUND_S / EVERY_S
};

/* A night: local time goes from T by so many seconds to another. */
struct change {
	const char *name;
	const char *zone;
	int64_t t;      /* of the change */
	int64_t step_s; /* > 0: a gap, < 0: so much comes twice */
};

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static int set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return set_zone("UTC0");
}

static const char *local_stamp(int64_t t, char out[32])
{
	time_t tt = (time_t)t;
	struct tm tm;

	assert_non_null(localtime_r(&tt, &tm));
	assert_true(strftime(out, 32, "%b %e %H:%M:%S", &tm) == 15);
	return out;
}

/* The two lines of session n, which begins at t. */
static void append_begin(struct site *s, unsigned n, int64_t t)
{
	char stamp[32];
	char text[300];

	(void)snprintf(text, sizeof(text),
	    "%s vm sm-mta[%u]: STARTTLS=client, relay=mx.example., "
	    "version=TLSv1.3, verify=OK, cipher=C, bits=256/256\n",
	    local_stamp(t, stamp), n + 1);
	site_append(s, 0, text);
}

static void append_end(struct site *s, unsigned n, int64_t t)
{
	char stamp[32];
	char text[300];

	(void)snprintf(text, sizeof(text),
	    "%s vm sm-mta[%u]: 6AMBWYfV%06u: to=<u@d%u.example>, "
	    "delay=00:05:00, xdelay=00:05:00, mailer=esmtp, pri=30080, "
	    "relay=mx.example. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)\n",
	    local_stamp(t, stamp), n + 1, n + 1, n);
	site_append(s, 0, text);
}

/* The night as it is lived; a new start every so many lines, 0: never. */
static void live(struct site *s, const struct change *c, unsigned restart)
{
	unsigned lines = 0;

	site_init(s, 1);
	s->now = c->t - AROUND_S;
	site_start(s);
	site_tick(s, 0);
	for (unsigned n = 0; n < SESSIONS; n++) {
		int64_t t = c->t - AROUND_S + (int64_t)n * EVERY_S;

		for (int part = 0; part < 2; part++) {
			s->now = part == 0 ? t : t + PAUSE_S;
			if (part == 0) {
				append_begin(s, n, s->now);
			} else {
				append_end(s, n, s->now);
			}
			feeds_poll(s->feeds, s->now);
			if (restart > 0 && ++lines % restart == 0) {
				site_restart(s);
				feeds_poll(s->feeds, s->now);
			}
		}
	}
	site_stop(s);
}

/* A session that was counted at time t: is that when it was? */
static void check_time(const struct change *c, unsigned n, int64_t t)
{
	/* a session has the time of the line that begins it */
	int64_t was = c->t - AROUND_S + (int64_t)n * EVERY_S;
	int64_t twice = c->step_s < 0 ? -c->step_s : 0;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s, session %u", c->name, n);
	if (was < c->t - twice || was >= c->t + twice) {
		UNIT_INT(name, t, was);
	} else {
		UNIT_TRUE(
		    name, t == was || t == was - twice || t == was + twice);
	}
}

/* All sessions, each once, at its time. */
static void check_all(const struct site *s, const struct change *c)
{
	int64_t days[2] = { when_day(c->t - AROUND_S), 0 };
	bool seen[SESSIONS] = { false };
	unsigned n_seen = 0;

	days[1] = days[0] + WHEN_DAY_S;
	for (unsigned i = 0; i < 2; i++) {
		struct tally_fact tf;
		struct tally *t;
		uint64_t cursor = 0;
		char path[128];

		if (!site_has_day(s, days[i])) {
			continue;
		}
		UNIT_INT(c->name,
		    tally_open(kit_path(&s->kit, days[i], path), &t), 0);
		while (tally_next_fact(t, &cursor, &tf) == 1) {
			unsigned n =
			    (unsigned)strtoul(tf.fact.domain.s + 1, NULL, 10);

			UNIT_TRUE(c->name, n < SESSIONS && !seen[n]);
			UNIT_UINT(c->name, tf.count, 1);
			UNIT_INT(c->name, when_day(tf.first), days[i]);
			check_time(c, n, tf.first);
			seen[n] = true;
			n_seen++;
		}
		tally_close(t);
	}
	UNIT_UINT(c->name, n_seen, SESSIONS);
}

/* Are the files of both sites equal? */
static void check_same(
    const struct site *a, const struct site *b, const struct change *c)
{
	int64_t first = when_day(c->t - AROUND_S);

	for (int64_t day = first; day <= first + WHEN_DAY_S;
	     day += WHEN_DAY_S) {
		char *x = kit_dump(&a->kit, day, false);
		char *y = kit_dump(&b->kit, day, false);

		UNIT_STR(c->name, x, y);
		free(x);
		free(y);
	}
}

static const struct change changes[] = {
	{ "Berlin, autumn 2026", BERLIN, 1792890000, -3600 },
	/* the same day a year later is in winter time: the other pass */
	{ "Berlin, autumn 2027", BERLIN, 1824944400, -3600 },
	{ "Berlin, spring 2026", BERLIN, 1774746000, 3600 },
	{ "New York, autumn 2026", "EST5EDT,M3.2.0,M11.1.0", 1793512800,
	    -3600 },
	{ "New York, spring 2026", "EST5EDT,M3.2.0,M11.1.0", 1772953200, 3600 },
	{ "Auckland, autumn 2026", "NZST-12NZDT,M9.5.0,M4.1.0/3", 1775311200,
	    -3600 },
	{ "Lord Howe, autumn 2026", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
	    1775314800, -1800 },
	/* the hour that comes twice ends and begins at midnight UTC */
	{ "midnight, autumn 2026", "AAA0BBB,M3.5.0/1,M10.5.0/1", 1792886400,
	    -3600 },
	{ "midnight, autumn 2027", "AAA0BBB,M3.5.0/1,M10.5.0/1", 1824940800,
	    -3600 },
	{ "midnight, spring 2026", "AAA0BBB,M3.5.0/0,M10.5.0/1", 1774742400,
	    3600 },
};

/* That the table is right: local time steps there, and by that much. */
static void check_change(const struct change *c)
{
	time_t before = (time_t)c->t - 1;
	time_t behind = (time_t)c->t;
	struct tm x;
	struct tm y;

	assert_non_null(localtime_r(&before, &x));
	assert_non_null(localtime_r(&behind, &y));
	UNIT_INT(c->name, y.tm_gmtoff - x.tm_gmtoff, c->step_s);
}

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(changes); i++) {
		const struct change *c = &changes[i];
		struct site once;
		struct site again;

		(void)set_zone(c->zone);
		check_change(c);
		live(&once, c, 0);
		check_all(&once, c);
		/* between sessions, and in the middle of them */
		live(&again, c, 3);
		check_same(&again, &once, c);
		site_release(&again);
		site_release(&once);
	}
}

/* A month later, by a feed that reads it all for the first time. */
static void test_later(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(changes); i++) {
		const struct change *c = &changes[i];
		struct site then;
		struct site later;

		(void)set_zone(c->zone);
		live(&then, c, 0);
		site_init(&later, 1);
		(void)snprintf(
		    later.log[0], sizeof(later.log[0]), "%s", then.log[0]);
		free(later.conf.feed[0].file);
		later.conf.feed[0].file = xstrdup(then.log[0]);
		later.now = c->t + 30 * (int64_t)WHEN_DAY_S;
		site_start(&later);
		feeds_poll(later.feeds, later.now);
		check_same(&later, &then, c);
		site_release(&later);
		site_release(&then);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_changes, teardown),
		cmocka_unit_test_teardown(test_later, teardown),
	};

	return UNIT_RUN(tests);
}
