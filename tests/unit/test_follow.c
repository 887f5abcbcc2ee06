/* SPDX-License-Identifier: BSD-2-Clause */
/* test_follow.c - a log that grows, is rotated and truncated, exactly once */

#include "config.h"

#include <fcntl.h>
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

/* A session of a message with TLS-Required: No: counted when it is over. */
static const char begin[] =
    "Nov 22 10:00:00 vm sm-mta[100]: 6AMBWhpO004987: TLSRPT1^S"
    "^i:6AMBWhpO004987^v:OK^p:TLSv1.3^c:C^b:256^n:match^a:192.0.2.1^f:^o:^q:no"
    "^k:1^h:mx.a.example^d:a.example.^s:s@s.example^r:r@a.example^cn:^ci:\n"
    "Nov 22 10:00:00 vm sm-mta[100]: 6AMBWhpO004987: TLSRPT1^R"
    "^i:6AMBWhpO004987^v:OK^p:TLSv1.3^a:192.0.2.1^q:no^h:mx.a.example"
    "^d:a.example.^s:s@s.example^r:r@a.example\n";
static const char other[] = "Nov 22 10:30:00 vm sm-mta[200]: starting\n";

/* The file was last changed when its last line was written. */
static void set_mtime(const char *path, int64_t t)
{
	const struct timespec times[2] = { { .tv_sec = (time_t)t },
		{ .tv_sec = (time_t)t } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/*
 * The log is rotated while a session is open, and the daemon starts again
 * behind that: what the session began with is found in the old log. If that
 * is gone, it is a gap.
 */
static void test_open_session(void **state)
{
	static const struct {
		const char *name;
		bool is_kept;
		const char *want;
	} table[] = {
		{ "kept", true, "tls-required-no: 1\n" },
		{ "gone", false, "gap: 1\n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct site s = { .now = UNTIL };
		struct strbuf got;
		char one[128];

		unit_tmpdir_remove(dir);
		assert_int_equal(mkdir(dir, 0700), 0);
		path_of(s.state, sizeof(s.state), table[i].name);
		path_of(s.log, sizeof(s.log), "mail.log");
		write_file(s.log, begin, strlen(begin), "w");
		start(&s);
		(void)snprintf(one, sizeof(one), "%s.1", s.log);
		assert_int_equal(rename(s.log, one), 0);
		set_mtime(one, when_utc(2026, 11, 22, 10, 0, 0));
		write_file(s.log, other, strlen(other), "w");
		poll_long(&s);
		stop(&s);
		if (!table[i].is_kept) {
			assert_int_equal(unlink(one), 0);
		}
		start(&s);
		assert_int_equal(feed_finish(s.feed), 0);
		stop(&s);
		strbuf_init(&got, TEXT_MAX);
		dump(s.state, &got);
		UNIT_TRUE(table[i].name,
		    strstr(strbuf_str(&got), table[i].want) != NULL);
		strbuf_release(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lives, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_open_session, setup, teardown),
	};

	return UNIT_RUN(tests);
}
