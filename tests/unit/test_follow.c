/* SPDX-License-Identifier: BSD-2-Clause */
/* test_follow.c - a log that grows, is rotated and truncated, exactly once */

#include "config.h"

#include <sys/stat.h>

#include "milter/follow.h"
#include "tests/unit/feed_kit.h"

struct site {
	char state[96];
	char log[96];
	struct store *store;
	struct feed *feed;
	struct follow *follow;
	int64_t now;
};

static void start(struct site *s)
{
	struct store_limits limits = { 0 };
	struct feed_options o = {
		.name = "sendmail",
		.type = mta_find("sendmail"),
		.now = UNTIL,
		.until = UNTIL,
	};

	assert_int_equal(store_open(s->state, &limits, &s->store), 0);
	assert_int_equal(feed_open(s->store, &o, &s->feed), 0);
	UNIT_INT("follow_open", follow_open(s->feed, s->log, &s->follow), 0);
}

static void stop(struct site *s)
{
	follow_close(s->follow);
	feed_close(s->feed);
	store_close(s->store);
}

static void poll_once(struct site *s)
{
	s->now++;
	UNIT_TRUE("follow_poll", follow_poll(s->follow, s->now) >= 0);
}

/* Until a renamed file may be left for the new one. */
static void poll_long(struct site *s)
{
	for (int i = 0; i <= FOLLOW_GRACE_S + 1; i++) {
		poll_once(s);
	}
}

static void truth(const struct strbuf *log, struct strbuf *out)
{
	struct site s = { .now = UNTIL };

	path_of(s.state, sizeof(s.state), "truth");
	path_of(s.log, sizeof(s.log), "truth.log");
	write_file(s.log, log->s, log->len, "w");
	start(&s);
	assert_int_equal(feed_finish(s.feed), 0);
	stop(&s);
	dump(s.state, out);
	assert_true(out->len > 1000);
}

enum {
	KEPT = 60
}; /* what open sessions began with must not go */

/* NAME.1 becomes NAME.2, and so on. */
static void shift(const struct site *s)
{
	char from[128];
	char to[128];

	for (int i = KEPT; i > 0; i--) {
		(void)snprintf(from, sizeof(from), "%s.%03d", s->log, i);
		(void)snprintf(to, sizeof(to), "%s.%03d", s->log, i + 1);
		(void)rename(from, to);
	}
}

static void rename_old(const struct site *s)
{
	char one[128];

	shift(s);
	(void)snprintf(one, sizeof(one), "%s.001", s->log);
	assert_int_equal(rename(s->log, one), 0);
}

/* Copies the file to NAME.1 and cuts it, as copytruncate does. */
static void copy_truncate(const struct site *s)
{
	char command[320];

	shift(s);
	(void)snprintf(
	    command, sizeof(command), "cp %s %s.001", s->log, s->log);
	assert_int_equal(system(command), 0);
	assert_int_equal(truncate(s->log, 0), 0);
}

/* Appends up to n bytes of the log to a file; returns how many. */
static size_t append_to(
    const char *path, const struct strbuf *log, size_t at, size_t n)
{
	n = n > log->len - at ? log->len - at : n;
	write_file(path, log->s + at, n, "a");
	return n;
}

static size_t append(
    const struct site *s, const struct strbuf *log, size_t at, size_t n)
{
	return append_to(s->log, log, at, n);
}

static size_t append_old(
    const struct site *s, const struct strbuf *log, size_t at, size_t n)
{
	char one[128];

	(void)snprintf(one, sizeof(one), "%s.001", s->log);
	return append_to(one, log, at, n);
}

/* Bytes up to and with the next line end. */
static size_t line_of(const struct strbuf *log, size_t at)
{
	const char *end = memchr(log->s + at, '\n', log->len - at);

	return end != NULL ? (size_t)(end - (log->s + at)) + 1 : 0;
}

enum step {
	APPEND,
	POLL,
	RENAME,
	TRUNCATE,
	RESTART
};

static enum step pick(unsigned random)
{
	static const enum step steps[16] = { APPEND, APPEND, APPEND, APPEND,
		APPEND, POLL, POLL, POLL, POLL, POLL, RESTART, RESTART, RESTART,
		APPEND, RENAME, TRUNCATE };

	return steps[random >> 8 & 15];
}

/* One random life of a log. */
static void live(unsigned seed, const struct strbuf *log, struct strbuf *got)
{
	struct site s = { .now = UNTIL };
	char name[32];
	unsigned random = seed;
	size_t at = 0;

	(void)snprintf(name, sizeof(name), "live%u", seed);
	path_of(s.state, sizeof(s.state), name);
	path_of(s.log, sizeof(s.log), "mail.log");
	unit_tmpdir_remove(dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	write_file(s.log, "", 0, "w");
	start(&s);
	/* a new feed begins with the file that is there */
	at += append(&s, log, at, line_of(log, at));
	poll_once(&s);
	while (at < log->len) {
		random = random * 1664525U + 1013904223U;
		switch (pick(random)) {
		case RENAME:
			/* the old one is still written to for a while */
			rename_old(&s);
			at += append_old(&s, log, at, line_of(log, at));
			write_file(s.log, "", 0, "w");
			if ((random & 0x10000) != 0) {
				/* the daemon is told of it by its next start */
				stop(&s);
				start(&s);
			}
			poll_long(&s);
			break;
		case TRUNCATE:
			/* of the file something was read, or the copy could not
			   be told from any other file; the writer pauses, at
			   the end of a line */
			at += append(&s, log, at, line_of(log, at));
			poll_once(&s);
			at += append(&s, log, at, line_of(log, at));
			copy_truncate(&s);
			poll_once(&s);
			break;
		case RESTART:
			stop(&s);
			start(&s);
			break;
		case POLL:
			poll_once(&s);
			break;
		case APPEND:
			at += append(&s, log, at, random % 9000);
			break;
		}
	}
	poll_long(&s);
	UNIT_BOOL(name, follow_is_at_end(s.follow), true);
	assert_int_equal(feed_finish(s.feed), 0);
	stop(&s);
	dump(s.state, got);
}

static void test_lives(void **state)
{
	struct strbuf log;
	struct strbuf want;
	struct strbuf got;

	(void)state;
	strbuf_init(&log, TEXT_MAX);
	strbuf_init(&want, TEXT_MAX);
	strbuf_init(&got, TEXT_MAX);
	read_recording(&log);
	truth(&log, &want);
	for (unsigned seed = 1; seed <= 60; seed++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "seed %u", seed);
		live(seed, &log, &got);
		UNIT_STR(name, strbuf_str(&got), strbuf_str(&want));
	}
	strbuf_release(&log);
	strbuf_release(&want);
	strbuf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lives, setup, teardown),
	};

	return UNIT_RUN(tests);
}
