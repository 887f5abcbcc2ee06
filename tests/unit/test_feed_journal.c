/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_feed_journal.c - a journal through a feed into the tally, exactly once
 *
 * The journal is a script (journal_kit.h): here it loses entries, shows more
 * of them than before, and has a clock that was set, as no real one would on
 * demand. Real journals, and kills, are the business of tests/journal/run.py.
 */

#include "config.h"

#include "common/conf.h"
#include "common/feed_private.h" /* see poll_killed() */
#include "common/mem.h"
#include "common/syslog_line.h"
#include "tests/unit/journal_kit.h"

#define SECOND UINT64_C(1000000)
#define NOON   (when_utc(2026, 11, 22, 12, 0, 0))

struct site {
	char state[96];
	struct store *store;
	struct feed *feed;
	struct feed_journal *fj;
	int64_t now;
	int64_t since;
};

static void site_init(struct site *s, const char *name)
{
	*s = (struct site){ .now = UNTIL };
	path_of(s->state, sizeof(s->state), name);
}

static void start(struct site *s)
{
	struct store_limits limits = { 0 };
	struct feed_options o = {
		.name = "sendmail",
		.type = mta_find("sendmail"),
		.now = s->now,
	};

	assert_int_equal(store_open(s->state, &limits, &s->store), 0);
	assert_int_equal(feed_open(s->store, &o, &s->feed), 0);
	UNIT_INT("feed_journal_open",
	    feed_journal_open(s->feed, CONF_JOURNAL_SYSTEM, s->since, &s->fj),
	    0);
}

/* As a kill would: what is not committed is lost. */
static void stop(struct site *s)
{
	feed_journal_close(s->fj);
	feed_close(s->feed);
	store_close(s->store);
}

static uint64_t poll_once(struct site *s)
{
	uint64_t n = 0;

	s->now++;
	UNIT_INT("feed_journal_more", feed_journal_more(s->fj, s->now, &n), 0);
	return n;
}

/*
 * A poll that is killed when all that it counted is in the tally, but not how
 * far it came.
 */
static void poll_killed(struct site *s)
{
	uint64_t known = s->feed->known;

	if (s->feed->is_passing) {
		return; /* it would have to know */
	}
	s->feed->known = UINT64_MAX;
	(void)poll_once(s);
	s->feed->known = known;
	stop(s);
	start(s);
}

static void poll_to_end(struct site *s)
{
	do {
		(void)poll_once(s);
	} while (feed_journal_state(s->fj) != FEED_JOURNAL_AT_END);
}

/* Reads to the end, in one run, and closes what is open. */
static void finish(struct site *s, struct strbuf *out)
{
	start(s);
	poll_to_end(s);
	assert_int_equal(feed_finish(s->feed), 0);
	stop(s);
	dump(s->state, out);
}

static void clear_kit(void)
{
	memset(&kit, 0, sizeof(kit));
}

/* The recorded day as journal entries, some of them of other programs. */
static void load(const struct strbuf *log)
{
	struct view rest = view_make(log->s, log->len);
	uint64_t us = 0;

	clear_kit();
	while (rest.len > 0) {
		struct view line = view_make(rest.s, view_index(rest, '\n'));
		struct kit_entry *e;
		struct syslog_line sl;
		char ident[64];
		char message[KIT_TEXT];

		rest = view_skip(rest, line.len + (line.len < rest.len));
		assert_int_equal(syslog_line_parse(line, UNTIL, &sl), 0);
		assert_true(view_copy(sl.ident, ident, sizeof(ident)));
		assert_true(view_copy(sl.msg, message, sizeof(message)));
		us = (us + 7) % SECOND;
		e = kit_add((uint64_t)sl.t * SECOND + us, ident, message);
		(void)snprintf(e->pid, sizeof(e->pid), "%u", sl.pid);
		assert_true(view_copy(sl.host, e->host, sizeof(e->host)));
		if (kit.n % 5 == 0) {
			(void)kit_add((uint64_t)sl.t * SECOND + us + 1, "cron",
			    "not ours");
		}
	}
	assert_true(kit.n > 1000);
}

struct texts {
	struct strbuf log;
	struct strbuf want;
	struct strbuf got;
};

static void texts_init(struct texts *t)
{
	strbuf_init(&t->log, TEXT_MAX);
	strbuf_init(&t->want, TEXT_MAX);
	strbuf_init(&t->got, TEXT_MAX);
	read_recording(&t->log);
	load(&t->log);
}

static void texts_release(struct texts *t)
{
	strbuf_release(&t->log);
	strbuf_release(&t->want);
	strbuf_release(&t->got);
}

static void truth(struct texts *t)
{
	struct site s;

	site_init(&s, "truth");
	finish(&s, &t->want);
	assert_true(t->want.len > 1000);
}

static unsigned counter(const struct strbuf *dump, const char *word)
{
	const char *p = strstr(strbuf_str(dump), word);

	return p != NULL ? (unsigned)strtoul(p + strlen(word) + 2, NULL, 10) :
			   0;
}

/* A log file with the same lines gives the same. */
static void test_same_as_file(void **state)
{
	struct texts t;
	struct site s;
	struct feed_options o = {
		.name = "sendmail",
		.type = mta_find("sendmail"),
		.now = UNTIL,
		.until = UNTIL,
	};
	struct store_limits limits = { 0 };
	char path[96];
	const char *paths[] = { path };

	(void)state;
	texts_init(&t);
	truth(&t);
	site_init(&s, "file");
	path_of(path, sizeof(path), "mail.log");
	write_file(path, t.log.s, t.log.len, "w");
	assert_int_equal(store_open(s.state, &limits, &s.store), 0);
	assert_int_equal(feed_open(s.store, &o, &s.feed), 0);
	assert_int_equal(feed_read(s.feed, paths, 1, true), 0);
	assert_int_equal(feed_finish(s.feed), 0);
	feed_close(s.feed);
	store_close(s.store);
	dump(s.state, &t.got);
	UNIT_STR("facts", strbuf_str(&t.want), strbuf_str(&t.got));
	texts_release(&t);
}

/* Hides the entries from number n on: they are yet to be written. */
static void show(size_t n)
{
	for (size_t i = 0; i < kit.n; i++) {
		kit.entry[i].is_hidden = i >= n;
	}
}

/* One random life of a journal and of its reader. */
static void live(unsigned seed, struct strbuf *got)
{
	struct site s;
	char name[32];
	unsigned random = seed;
	size_t shown = 0;

	(void)snprintf(name, sizeof(name), "live%u", seed);
	site_init(&s, name);
	show(0);
	start(&s);
	while (shown < kit.n) {
		random = random * 1664525U + 1013904223U;
		switch (random >> 20 & 7) {
		case 0:
			stop(&s);
			start(&s);
			break;
		case 1:
			/* a file has no name for an instant */
			kit.has_moved = true;
			kit.is_lost =
			    feed_journal_state(s.fj) != FEED_JOURNAL_WAITING;
			break;
		case 2:
			poll_killed(&s);
			break;
		case 3:
		case 4:
			(void)poll_once(&s);
			break;
		default:
			shown += random >> 24 & 63;
			show(shown);
			break;
		}
	}
	stop(&s);
	finish(&s, got);
}

static void test_lives(void **state)
{
	struct texts t;

	(void)state;
	texts_init(&t);
	truth(&t);
	for (unsigned seed = 1; seed <= 60; seed++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "seed %u", seed);
		live(seed, &t.got);
		UNIT_STR(name, strbuf_str(&t.got), strbuf_str(&t.want));
	}
	texts_release(&t);
}

/*
 * The clock is set back within a boot, and by the next boot: the order of
 * entries is the journal's, wherever a reader begins again.
 */
static void test_clock(void **state)
{
	struct texts t;

	(void)state;
	texts_init(&t);
	for (size_t i = 0; i < kit.n; i++) {
		uint64_t *us = &kit.entry[i].place.realtime_us;

		*us -= i > 400 ? 5000 * SECOND : 0;
		*us -= i > 900 ? 9000 * SECOND : 0;
		*us += i > 1300 ? 70000 * SECOND : 0;
	}
	truth(&t);
	for (unsigned seed = 1; seed <= 20; seed++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "seed %u", seed);
		live(seed + 100, &t.got);
		UNIT_STR(name, strbuf_str(&t.got), strbuf_str(&t.want));
	}
	texts_release(&t);
}

/* What was read is vacuumed, the place itself is there: nothing is lost. */
static void test_vacuum_of_old(void **state)
{
	struct texts t;

	(void)state;
	texts_init(&t);
	truth(&t);
	for (size_t cut = 100; cut < 1700; cut += 100) {
		struct site s;
		char name[32];

		(void)snprintf(name, sizeof(name), "old%zu", cut);
		site_init(&s, name);
		show(cut);
		start(&s);
		poll_to_end(&s);
		stop(&s);
		show(kit.n);
		/* of what open sessions began with, all is gone too */
		for (size_t i = 0; i + 1 < cut; i++) {
			kit.entry[i].is_hidden = true;
		}
		finish(&s, &t.got);
		UNIT_UINT(name, counter(&t.got, "gap"), 0);
		UNIT_UINT(
		    name, counter(&t.got, "lines"), counter(&t.want, "lines"));
	}
	texts_release(&t);
}

/* Nor while it runs. */
static void test_vacuum_live(void **state)
{
	struct texts t;
	struct site s;

	(void)state;
	texts_init(&t);
	truth(&t);
	site_init(&s, "vacuum");
	show(0);
	start(&s);
	for (size_t n = 10; n < kit.n + 10; n += 10) {
		show(n);
		for (size_t i = 0; i + 11 < n; i++) {
			kit.entry[i].is_hidden = true;
		}
		kit.has_moved = true;
		(void)poll_once(&s);
	}
	assert_int_equal(feed_finish(s.feed), 0);
	UNIT_UINT("gaps", feed_journal_gaps(s.fj), 0);
	stop(&s);
	dump(s.state, &t.got);
	UNIT_STR("vacuumed", strbuf_str(&t.got), strbuf_str(&t.want));
	texts_release(&t);
}

/* Lines of ours among the entries [from, to). */
static unsigned ours(size_t from, size_t to)
{
	unsigned n = 0;

	for (size_t i = from; i < to && i < kit.n; i++) {
		n += strcmp(kit.entry[i].ident, "cron") != 0;
	}
	return n;
}

/*
 * The place is vacuumed, and something behind it that nobody read: one gap,
 * and all that is left is counted once, whatever comes then.
 */
static void test_vacuum_unread(void **state)
{
	struct texts t;

	(void)state;
	texts_init(&t);
	for (size_t cut = 100; cut < 1500; cut += 100) {
		struct site s;
		char name[32];
		unsigned want = ours(0, cut) + ours(cut + 50, kit.n);

		(void)snprintf(name, sizeof(name), "unread%zu", cut);
		site_init(&s, name);
		show(cut);
		start(&s);
		poll_to_end(&s);
		stop(&s);
		show(cut + 200);
		for (size_t i = 0; i < cut + 50; i++) {
			kit.entry[i].is_hidden = true;
		}
		/* a kill before anything was read changes nothing */
		start(&s);
		stop(&s);
		start(&s);
		poll_to_end(&s);
		UNIT_UINT(name, feed_journal_gaps(s.fj), 1);
		stop(&s);
		for (size_t i = 0; i < kit.n; i++) {
			kit.entry[i].is_hidden = i < cut + 50;
		}
		finish(&s, &t.got);
		UNIT_UINT(name, counter(&t.got, "gap"), 1);
		UNIT_UINT(name, counter(&t.got, "lines"), want);
	}
	texts_release(&t);
}

/* It is vacuumed while the reader runs, and is behind. */
static void test_vacuum_behind(void **state)
{
	struct texts t;
	struct site s;

	(void)state;
	texts_init(&t);
	site_init(&s, "behind");
	show(500);
	start(&s);
	poll_to_end(&s);
	show(kit.n);
	for (size_t i = 0; i < 600; i++) {
		kit.entry[i].is_hidden = true;
	}
	kit.has_moved = true;
	UNIT_UINT("it waits", poll_once(&s), 0);
	UNIT_INT("it waits", feed_journal_state(s.fj), FEED_JOURNAL_WAITING);
	poll_to_end(&s);
	UNIT_UINT("gaps", feed_journal_gaps(s.fj), 1);
	stop(&s);
	finish(&s, &t.got);
	UNIT_UINT("gap", counter(&t.got, "gap"), 1);
	UNIT_UINT(
	    "lines", counter(&t.got, "lines"), ours(0, 500) + ours(600, kit.n));
	texts_release(&t);
}

/*
 * The end of the journal was lost, as by a power cut, and with it the place:
 * what is left is known, and what is written then is new.
 */
static void test_lost_end(void **state)
{
	struct texts t;

	(void)state;
	texts_init(&t);
	for (size_t cut = 100; cut < 1500; cut += 100) {
		struct site s;
		char name[32];

		(void)snprintf(name, sizeof(name), "lost%zu", cut);
		site_init(&s, name);
		show(cut);
		start(&s);
		poll_to_end(&s);
		stop(&s);
		show(cut - 20);
		if (cut % 200 == 0) {
			/* it is started before there is anything new */
			start(&s);
			poll_to_end(&s);
			stop(&s);
		}
		for (size_t i = cut; i < kit.n; i++) {
			kit.entry[i].is_hidden = false;
		}
		finish(&s, &t.got);
		UNIT_UINT(name, counter(&t.got, "gap"), 1);
		UNIT_UINT(name, counter(&t.got, "lines"), ours(0, kit.n));
	}
	texts_release(&t);
}

/*
 * Entries that were read show up no more, or others show up between them, in
 * the part that is read again: what was counted stays as it is.
 */
static void test_other_past(void **state)
{
	struct texts t;

	(void)state;
	texts_init(&t);
	for (size_t cut = 100; cut < 1700; cut += 100) {
		static const char *const kinds[] = { "fewer", "more" };

		for (size_t k = 0; k < UNIT_LEN(kinds); k++) {
			struct site s;
			char name[32];
			unsigned want = ours(0, kit.n);

			(void)snprintf(
			    name, sizeof(name), "%s%zu", kinds[k], cut);
			site_init(&s, name);
			show(cut);
			for (size_t i = 0; k == 1 && i + 2 < cut; i += 3) {
				kit.entry[i].is_hidden = true;
				want -= ours(i, i + 1);
			}
			start(&s);
			poll_to_end(&s);
			stop(&s);
			show(kit.n);
			for (size_t i = 0; k == 0 && i + 2 < cut; i += 3) {
				kit.entry[i].is_hidden = true;
			}
			finish(&s, &t.got);
			UNIT_UINT(name, counter(&t.got, "gap"), 0);
			UNIT_UINT(name, counter(&t.got, "lines"), want);
		}
	}
	texts_release(&t);
}

/* A feed that followed a log file goes on with the journal, by the second. */
static void test_from_file(void **state)
{
	static const char log[] = "Nov 22 12:00:00 vm sm-mta[1]: one\n"
				  "Nov 22 12:00:01 vm sm-mta[1]: two\n";
	const struct feed_options o = {
		.name = "sendmail",
		.type = mta_find("sendmail"),
		.now = UNTIL,
	};
	const struct store_limits limits = { 0 };
	uint64_t us = (uint64_t)NOON * SECOND;
	char path[96];
	const char *paths[] = { path };
	struct strbuf got;
	struct site s;

	(void)state;
	strbuf_init(&got, TEXT_MAX);
	site_init(&s, "switch");
	path_of(path, sizeof(path), "mail.log");
	write_file(path, log, sizeof(log) - 1, "w");
	assert_int_equal(store_open(s.state, &limits, &s.store), 0);
	assert_int_equal(feed_open(s.store, &o, &s.feed), 0);
	assert_int_equal(feed_read(s.feed, paths, 1, true), 0);
	feed_close(s.feed);
	store_close(s.store);
	clear_kit();
	(void)kit_add(us + 1, "sm-mta", "one");
	(void)kit_add(us + SECOND, "sm-mta", "two");
	(void)kit_add(us + SECOND * 2 - 1, "sm-mta", "in the same second");
	(void)kit_add(us + SECOND * 2, "sm-mta", "three");
	(void)kit_add(us + SECOND * 3, "sm-mta", "four");
	for (int i = 0; i < 3; i++) {
		finish(&s, &got);
		UNIT_STR("once", strbuf_str(&got), "lines: 4\ngap: 1\n");
	}
	strbuf_release(&got);
}

/* What a session's process logs, with our rules. */
static void add_session_line(uint64_t us, char kind, unsigned pid)
{
	char text[KIT_TEXT];
	struct kit_entry *e;

	if (kind == 't') {
		(void)snprintf(text, sizeof(text),
		    "6AMB%010u: to=<u@d%u.example>, delay=00:00:00, "
		    "xdelay=00:00:00, mailer=esmtp, pri=30080, "
		    "relay=mx.d%u.example. [192.0.2.1], dsn=2.0.0, "
		    "stat=Sent (ok)",
		    pid, pid, pid);
	} else if (kind == 'F') {
		/* its handshake fails, and to= is the end of it */
		(void)snprintf(text, sizeof(text),
		    "6AMB%010u: TLSRPT1^S^i:6AMB%010u^v:SOFTWARE^p:^c:^b:"
		    "^n:nomatch^a:192.0.2.1^f:^o:^q:^k:1^h:mx.d%u.example"
		    "^d:d%u.example.^s:s@x.example^r:u@d%u.example^cn:^ci:",
		    pid, pid, pid, pid, pid);
	} else if (kind == 'S') {
		(void)snprintf(text, sizeof(text),
		    "6AMB%010u: TLSRPT1^S^i:6AMB%010u^v:OK^p:TLSv1.3^c:^b:"
		    "^n:match^a:192.0.2.1^f:^o:^q:^k:1^h:mx.d%u.example"
		    "^d:d%u.example.^s:s@x.example^r:u@d%u.example^cn:^ci:",
		    pid, pid, pid, pid, pid);
	} else {
		(void)snprintf(text, sizeof(text),
		    "6AMB%010u: TLSRPT1^R^i:6AMB%010u^v:OK^p:TLSv1.3"
		    "^a:192.0.2.1^q:^h:mx.d%u.example^d:d%u.example."
		    "^s:s@x.example^r:u@d%u.example",
		    pid, pid, pid, pid, pid);
	}
	e = kit_add(us, "sm-mta", text);
	(void)snprintf(e->pid, sizeof(e->pid), "%u", pid);
}

/*
 * Two sessions are open, and so many other entries show up between their
 * beginnings that to count them would lead behind what was read. The place
 * to begin with next is still before the second session.
 */
static void test_more_past(void **state)
{
	uint64_t us = (uint64_t)NOON * SECOND;
	struct strbuf got;
	struct site s;

	(void)state;
	strbuf_init(&got, TEXT_MAX);
	clear_kit();
	add_session_line(us, 'F', 1);
	for (unsigned i = 0; i < 300; i++) {
		kit_add(us + 1 + i, "sm-mta", "more")->is_hidden = true;
	}
	add_session_line(us + 400, 'S', 2);
	site_init(&s, "more");
	start(&s);
	UNIT_UINT("two beginnings", poll_once(&s), 2);
	stop(&s);
	show(kit.n);
	add_session_line(us + 401, 't', 1);
	/* the process of the first is over then, that of the second is not */
	us += 1000 * SECOND;
	(void)kit_add(us, "sm-mta", "later");
	start(&s);
	poll_to_end(&s);
	stop(&s);
	add_session_line(us + 1, 'R', 2);
	add_session_line(us + 2, 't', 2);
	finish(&s, &got);
	UNIT_UINT("lines", counter(&got, "lines"), 6);
	UNIT_UINT("sessions", counter(&got, "sessions"), 2);
	UNIT_UINT("orphan", counter(&got, "orphan"), 0);
	strbuf_release(&got);
}

/*
 * The journal shows what was read in another order, with the place before the
 * one to begin with: what is behind it is new all the same.
 */
static void test_other_order(void **state)
{
	uint64_t us = (uint64_t)NOON * SECOND;
	struct journal_place begin;
	struct journal_place read;
	struct strbuf got;
	struct site s;

	(void)state;
	strbuf_init(&got, TEXT_MAX);
	clear_kit();
	begin = kit_add(us, "cron", "not ours")->place;
	site_init(&s, "order");
	start(&s);
	UNIT_UINT("none", poll_once(&s), 0);
	add_session_line(us + 1, 'S', 1);
	add_session_line(us + 2, 'R', 1);
	read = kit.entry[2].place;
	UNIT_UINT("two", poll_once(&s), 2);
	stop(&s);
	clear_kit();
	kit_add(us, "cron", "not ours")->place = read;
	kit_add(us, "cron", "not ours")->place = begin;
	(void)kit_add(us, "cron", "not ours");
	add_session_line(us + 3, 't', 1);
	for (int i = 0; i < 3; i++) {
		finish(&s, &got);
		UNIT_UINT("lines", counter(&got, "lines"), 3);
		UNIT_UINT("gap", counter(&got, "gap"), 0);
	}
	strbuf_release(&got);
}

/*
 * Where no mail is sent for long, the place moves on with the other entries,
 * so that a vacuum of the old ones is no gap.
 */
static void test_quiet(void **state)
{
	uint64_t us = (uint64_t)NOON * SECOND;
	struct strbuf got;
	struct site s;

	(void)state;
	strbuf_init(&got, TEXT_MAX);
	clear_kit();
	(void)kit_add(us, "sm-mta", "mail");
	site_init(&s, "quiet");
	start(&s);
	UNIT_UINT("one", poll_once(&s), 1);
	for (unsigned i = 1; i < 10; i++) {
		(void)kit_add(us + i * SECOND, "cron", "not ours");
	}
	s.now += FEED_JOURNAL_PLACE_S;
	UNIT_UINT("none", poll_once(&s), 0);
	stop(&s);
	for (size_t i = 0; i + 1 < kit.n; i++) {
		kit.entry[i].is_hidden = true;
	}
	(void)kit_add(us + 10 * SECOND, "sm-mta", "mail");
	finish(&s, &got);
	UNIT_STR("no gap", strbuf_str(&got), "lines: 2\n");
	strbuf_release(&got);
}

static void test_counters(void **state)
{
	static char longer[SYSLOG_LINE_MAX + 1];
	static const char text[] = "\x01\xff";
	struct site s;
	struct strbuf got;
	uint64_t us = (uint64_t)NOON * SECOND;
	struct kit_entry *e;

	(void)state;
	strbuf_init(&got, TEXT_MAX);
	clear_kit();
	memset(longer, 'x', sizeof(longer));
	(void)kit_add(us, "sm-mta", "hello");
	(void)kit_add(us + 1, "cron", "not ours");
	e = kit_add(us + 2, "sm-mta", "");
	e->instead = longer;
	e->instead_len = sizeof(longer);
	e = kit_add(us + 3, "sm-mta", "");
	e->instead = text;
	e->instead_len = sizeof(text);
	(void)kit_add(us + 4, "sm-mta-x y", "no program has this name");
	(void)kit_add(1000, "sm-mta", "in 1970");
	(void)kit_add(UINT64_MAX, "sm-mta", "never");
	e = kit_add(us + 5, "systemd-journald", "");
	(void)snprintf(e->unit, sizeof(e->unit), "sendmail.service");
	(void)snprintf(e->dropped, sizeof(e->dropped), "4825");
	e = kit_add(us + 6, "systemd-journald", "");
	(void)snprintf(e->unit, sizeof(e->unit), "my-sendmail@2.service");
	(void)snprintf(e->dropped, sizeof(e->dropped), "1");
	e = kit_add(us + 7, "systemd-journald", "");
	(void)snprintf(e->unit, sizeof(e->unit), "apache2.service");
	(void)snprintf(e->dropped, sizeof(e->dropped), "99");
	site_init(&s, "counters");
	for (int i = 0; i < 3; i++) {
		finish(&s, &got);
		UNIT_STR("counters", strbuf_str(&got),
		    "lines: 6\nbad-line: 1\nlong-line: 1\nbad-time: 2\n"
		    "suppressed: 4826\n");
	}
	strbuf_release(&got);
}

/* A new feed begins at a time; its place is kept though there was no line. */
static void test_new(void **state)
{
	struct site s;
	struct strbuf got;
	uint64_t us = (uint64_t)NOON * SECOND;

	(void)state;
	strbuf_init(&got, TEXT_MAX);
	clear_kit();
	(void)kit_add(us - 1, "sm-mta", "too old");
	(void)kit_add(us, "cron", "not ours");
	site_init(&s, "new");
	s.since = NOON;
	start(&s);
	UNIT_UINT("nothing", poll_once(&s), 0);
	UNIT_INT("state", feed_journal_state(s.fj), FEED_JOURNAL_AT_END);
	stop(&s);
	(void)kit_add(us + 1, "sm-mta", "new");
	s.since = NOON + 3600;
	start(&s);
	UNIT_UINT("one", poll_once(&s), 1);
	stop(&s);
	finish(&s, &got);
	UNIT_STR("once", strbuf_str(&got), "lines: 1\n");
	strbuf_release(&got);
}

/* Nothing there yet, nothing there any more. */
static void test_empty(void **state)
{
	struct site s;
	struct strbuf got;
	uint64_t us = (uint64_t)NOON * SECOND;

	(void)state;
	strbuf_init(&got, TEXT_MAX);
	clear_kit();
	site_init(&s, "empty");
	start(&s);
	UNIT_BOOL("empty", feed_journal_is_empty(s.fj), true);
	poll_to_end(&s);
	(void)kit_add(us, "sm-mta", "one");
	(void)kit_add(us + 1, "sm-mta", "two");
	UNIT_UINT("two", poll_once(&s), 2);
	stop(&s);
	kit.entry[0].is_hidden = kit.entry[1].is_hidden = true;
	for (int i = 0; i < 3; i++) {
		finish(&s, &got);
		UNIT_STR("gone", strbuf_str(&got), "lines: 2\ngap: 1\n");
	}
	(void)kit_add(us + 2, "sm-mta", "three");
	finish(&s, &got);
	UNIT_STR("three", strbuf_str(&got), "lines: 3\ngap: 1\n");
	strbuf_release(&got);
}

/* An entry that cannot be read is an error, and reading goes on behind it. */
static void test_error(void **state)
{
	struct site s;
	struct strbuf got;
	uint64_t us = (uint64_t)NOON * SECOND;
	uint64_t n = 0;

	(void)state;
	strbuf_init(&got, TEXT_MAX);
	clear_kit();
	(void)kit_add(us, "sm-mta", "one");
	(void)kit_add(us + 1, "sm-mta", "two");
	site_init(&s, "error");
	start(&s);
	kit.error = -EBADMSG;
	UNIT_INT("error", feed_journal_more(s.fj, s.now, &n), -EBADMSG);
	UNIT_STR("path", feed_error_path(s.feed), CONF_JOURNAL_SYSTEM);
	UNIT_UINT("goes on", poll_once(&s), 2);
	stop(&s);
	finish(&s, &got);
	UNIT_STR("once", strbuf_str(&got), "lines: 2\n");
	strbuf_release(&got);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_as_file),
		TEST(test_lives),
		TEST(test_clock),
		TEST(test_vacuum_of_old),
		TEST(test_vacuum_live),
		TEST(test_vacuum_unread),
		TEST(test_vacuum_behind),
		TEST(test_lost_end),
		TEST(test_other_past),
		TEST(test_from_file),
		TEST(test_more_past),
		TEST(test_other_order),
		TEST(test_quiet),
		TEST(test_counters),
		TEST(test_new),
		TEST(test_empty),
		TEST(test_error),
	};

	return UNIT_RUN(tests);
}
