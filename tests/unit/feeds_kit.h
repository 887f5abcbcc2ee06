/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feeds_kit.h - what the tests of the daemon's feeds share: a site with up to
 * two logs, a clock that the test moves, and what was said.
 */
#ifndef TESTS_UNIT_FEEDS_KIT_H
#define TESTS_UNIT_FEEDS_KIT_H

#include "common/log.h"
#include "common/mem.h"
#include "common/when.h"
#include "milter/feeds.h"
#include "milter/sealing.h"
#include "tests/unit/tally_kit.h"

enum {
	SITE_LOGS = 2,
	SITE_SAID = 1 << 16
};

struct site {
	char dir[64]; /* a scratch folder */
	char log[SITE_LOGS][96];
	struct kit kit; /* the state, for kit_sum() */
	struct conf conf;
	struct feeds *feeds;
	struct policy_table *policies; /* NULL: none are looked up */
	struct probe_table *probes;    /* NULL: nothing is probed */
	struct sealing_clock clock;
	int64_t now;
	int64_t uptime;
	unsigned sessions; /* written so far, over all logs */
	unsigned breaths;
	unsigned breaths_max; /* then it is told to stop; 0: never */
	FILE *out;            /* where the log goes */
	char said[SITE_SAID];
};

static inline bool site_breathe(void *ctx)
{
	struct site *s = ctx;

	s->breaths++;
	return s->breaths_max == 0 || s->breaths < s->breaths_max;
}

static inline void site_set_log(struct site *s, unsigned i)
{
	struct conf_feed *f = &s->conf.feed[i];

	(void)snprintf(
	    s->log[i], sizeof(s->log[i]), "%s/mail%u.log", s->dir, i);
	f->name = xstrdup(i == 0 ? "in" : "out");
	f->mta = xstrdup("sendmail");
	f->file = xstrdup(s->log[i]);
}

/* A site at noon of KIT_DAY, with logs that do not exist yet. */
static inline void site_init(struct site *s, unsigned n_logs)
{
	memset(s, 0, sizeof(*s));
	unit_tmpdir_make(s->dir, sizeof(s->dir));
	assert_true(snprintf(s->kit.state, sizeof(s->kit.state), "%s/state",
			s->dir) < (int)sizeof(s->kit.state));
	conf_init(&s->conf);
	for (unsigned i = 0; i < n_logs; i++) {
		site_set_log(s, i);
	}
	s->conf.n_feeds = n_logs;
	s->now = KIT_DAY + INT64_C(12) * 3600;
	s->uptime = 5000;
	s->out = tmpfile();
	assert_non_null(s->out);
	log_open("unit", false);
	log_set_level(LOG_LEVEL_INFO);
}

static inline int site_try_start(struct site *s)
{
	const struct feeds_options o = { .state = s->kit.state,
		.conf = &s->conf,
		.policies = s->policies,
		.probes = s->probes,
		.clock = &s->clock,
		.breathe = site_breathe,
		.ctx = s };

	return feeds_open(&o, &s->feeds);
}

static inline void site_start(struct site *s)
{
	UNIT_INT("feeds_open", site_try_start(s), 0);
}

static inline void site_stop(struct site *s)
{
	feeds_close(s->feeds);
	s->feeds = NULL;
}

static inline void site_restart(struct site *s)
{
	site_stop(s);
	site_start(s);
}

static inline void site_release(struct site *s)
{
	site_stop(s);
	conf_release(&s->conf);
	(void)fclose(s->out);
	unit_tmpdir_remove(s->dir);
}

/* From here on what is logged is kept; returns what site_heard() takes. */
static inline int site_listen(struct site *s)
{
	int saved = dup(STDERR_FILENO);

	assert_true(saved >= 0);
	(void)fflush(stderr);
	assert_true(dup2(fileno(s->out), STDERR_FILENO) >= 0);
	return saved;
}

static inline void site_heard(struct site *s, int saved)
{
	ssize_t n;

	(void)fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	n = pread(fileno(s->out), s->said, sizeof(s->said) - 1, 0);
	assert_true(n >= 0);
	s->said[n] = '\0';
}

/* Forgets what was said. */
static inline void site_hush(struct site *s)
{
	assert_int_equal(ftruncate(fileno(s->out), 0), 0);
	assert_int_equal(lseek(fileno(s->out), 0, SEEK_SET), 0);
	s->said[0] = '\0';
}

/* How often a text was said. */
static inline unsigned site_said(const struct site *s, const char *text)
{
	unsigned n = 0;

	for (const char *p = strstr(s->said, text); p != NULL;
	     p = strstr(p + 1, text)) {
		n++;
	}
	return n;
}

/* What the daemon does every second, some seconds later. */
static inline void site_tick(struct site *s, int64_t seconds)
{
	int saved = site_listen(s);

	s->now += seconds;
	s->uptime += seconds;
	feeds_poll(s->feeds, s->now);
	feeds_seal(s->feeds, s->now, s->uptime);
	site_heard(s, saved);
}

/* The same every second, or every step seconds, for a while. */
static inline void site_run(struct site *s, int64_t seconds, int64_t step)
{
	for (; seconds > 0; seconds -= step) {
		site_tick(s, seconds < step ? seconds : step);
	}
}

/* As if it were changed now, by the clock of the site. */
static inline void site_touch(const struct site *s, const char *path)
{
	const struct timespec t[2] = { { .tv_sec = (time_t)s->now },
		{ .tv_sec = (time_t)s->now } };

	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static inline void site_append(struct site *s, unsigned log, const char *text)
{
	FILE *f = fopen(s->log[log], "a");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	site_touch(s, s->log[log]);
}

/* Renames a log to NAME.1. */
static inline void site_rotate(const struct site *s, unsigned log)
{
	char old[128];

	(void)snprintf(old, sizeof(old), "%s.1", s->log[log]);
	assert_int_equal(rename(s->log[log], old), 0);
}

/*
 * From here on to the end of the test we are a user who is not root and owns
 * the site; site_as_before() is a teardown.
 */
static inline void site_as_nobody(const struct site *s)
{
	if (geteuid() == 0) {
		assert_int_equal(chown(s->dir, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
}

static inline int site_as_before(void **state)
{
	(void)state;
	return seteuid(getuid());
}

/* The two lines of a session of time t. */
static inline void site_session_text(
    struct site *s, int64_t t, char *out, size_t size)
{
	char stamp[WHEN_RFC3339_BUF];
	unsigned n = ++s->sessions;

	(void)when_rfc3339(t, stamp);
	assert_true(
	    snprintf(out, size,
		"%s vm sm-mta[%u]: STARTTLS=client, relay=mx%u.example., "
		"version=TLSv1.3, verify=OK, cipher=C, bits=256/256\n"
		"%s vm sm-mta[%u]: 6AMBWYfV%06u: to=<u@d%u.example>, "
		"delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30080, "
		"relay=mx%u.example. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)\n",
		stamp, n, n, stamp, n, n, n, n) < (int)size);
}

/* Logs a session of time t. */
static inline void site_session(struct site *s, unsigned log, int64_t t)
{
	char text[1024];

	site_session_text(s, t, text, sizeof(text));
	site_append(s, log, text);
}

/* Something of time t that is no session: time goes on in the log. */
static inline void site_note(struct site *s, unsigned log, int64_t t)
{
	char stamp[WHEN_RFC3339_BUF];
	char text[100];

	(void)snprintf(text, sizeof(text), "%s vm cron[1]: nothing\n",
	    when_rfc3339(t, stamp));
	site_append(s, log, text);
}

static inline bool site_has_day(const struct site *s, int64_t day)
{
	char path[128];

	return access(kit_path(&s->kit, day, path), F_OK) == 0;
}

/* Sessions of a day, by facts and by the counter. */
static inline uint64_t site_count(const struct site *s, int64_t day)
{
	struct kit_sum sum;

	if (!site_has_day(s, day)) {
		return 0;
	}
	kit_sum(&s->kit, day, &sum);
	UNIT_UINT("damaged", sum.damaged, 0);
	return sum.count;
}

static inline uint64_t site_counter(
    const struct site *s, int64_t day, enum counter c)
{
	struct kit_sum sum;

	if (!site_has_day(s, day)) {
		return 0;
	}
	kit_sum(&s->kit, day, &sum);
	return sum.counters[c];
}

static inline bool site_is_sealed(const struct site *s, int64_t day)
{
	struct kit_sum sum;

	kit_sum(&s->kit, day, &sum);
	return sum.sealed != 0;
}

static inline void site_live(
    const struct site *s, unsigned feed, struct live_feed *out)
{
	assert_true(feeds_live(s->feeds, feed, s->now, out));
}

#endif
