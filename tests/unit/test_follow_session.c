/* SPDX-License-Identifier: BSD-2-Clause */
/* test_follow_session.c - a session that is open while its log is rotated */

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

/* Looks, long after all that was done to the files. */
static void look(struct site *s)
{
	UNIT_TRUE("follow_poll", follow_poll(s->follow, INT32_MAX) >= 0);
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
		struct site s = { 0 };
		struct strbuf got;
		char one[128];

		unit_tmpdir_remove(dir);
		assert_int_equal(mkdir(dir, 0700), 0);
		path_of(s.state, sizeof(s.state), table[i].name);
		path_of(s.log, sizeof(s.log), "mail.log");
		write_file(s.log, begin, strlen(begin), "w");
		start(&s);
		look(&s);
		(void)snprintf(one, sizeof(one), "%s.1", s.log);
		assert_int_equal(rename(s.log, one), 0);
		set_mtime(one, when_utc(2026, 11, 22, 10, 0, 0));
		write_file(s.log, other, strlen(other), "w");
		look(&s);
		stop(&s);
		if (!table[i].is_kept) {
			assert_int_equal(unlink(one), 0);
		}
		start(&s);
		look(&s);
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
		cmocka_unit_test_setup_teardown(
		    test_open_session, setup, teardown),
	};

	return UNIT_RUN(tests);
}
