/* SPDX-License-Identifier: BSD-2-Clause */
/* test_feeds_replay.c - tests of milter/feeds_replay.c: logs handed over */

#include "config.h"

#include <signal.h>
#include <sys/socket.h>

#include "common/control.h"
#include "tests/unit/feeds_kit.h"

/* What the daemon is asked, with files that are opened here. */
struct request {
	struct feeds_replay replay;
	int fds[CONTROL_FILES];
	struct live_result result;
	unsigned shown; /* how often progress was shown */
	unsigned shown_max;
	unsigned last_file;
};

static bool on_progress(void *ctx, unsigned file, uint64_t done, uint64_t size)
{
	struct request *r = ctx;

	UNIT_TRUE("progress", size == 0 || done <= size);
	UNIT_TRUE("in order", file >= r->last_file);
	r->last_file = file;
	r->shown++;
	return r->shown_max == 0 || r->shown < r->shown_max;
}

static void request_init(struct request *r, const char *name, const char *mta)
{
	memset(r, 0, sizeof(*r));
	live_set(r->replay.name, view_of(name));
	live_set(r->replay.mta, view_of(mta));
	r->replay.fds = r->fds;
	r->replay.progress = on_progress;
	r->replay.ctx = r;
}

static void request_add(struct request *r, const char *path, int flags)
{
	int fd = open(path, flags);

	assert_true(fd >= 0);
	r->fds[r->replay.n_fds++] = fd;
}

/* Asks, closes the files, and returns the answer's code. */
static int64_t ask(struct site *s, struct request *r)
{
	int saved = site_listen(s);

	feeds_replay(s->feeds, &r->replay, s->now, &r->result);
	site_heard(s, saved);
	for (unsigned i = 0; i < r->replay.n_fds; i++) {
		UNIT_INT("it is still open", close(r->fds[i]), 0);
	}
	r->replay.n_fds = 0;
	return r->result.code;
}

/* The same with one file. */
static int64_t ask_one(struct site *s, struct request *r, const char *name,
    const char *mta, const char *path)
{
	request_init(r, name, mta);
	request_add(r, path, O_RDONLY);
	return ask(s, r);
}

static void path_in(const struct site *s, const char *name, char out[128])
{
	assert_true(snprintf(out, 128, "%s/%s", s->dir, name) < 128);
}

/* Sessions in a log that nobody follows. */
static void write_log(struct site *s, const char *path, unsigned n, int64_t t)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	for (unsigned i = 0; i < n; i++) {
		char text[1024];

		site_session_text(s, t + i, text, sizeof(text));
		assert_true(fputs(text, f) >= 0);
	}
	assert_int_equal(fclose(f), 0);
	site_touch(s, path);
}

/* A feed that is not configured: twice the same is counted once. */
static void test_new_feed(void **state)
{
	struct request r;
	struct site s;
	char path[128];

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	path_in(&s, "old.log", path);
	write_log(&s, path, 5, s.now);
	UNIT_INT("code", ask_one(&s, &r, "old", "sendmail", path), 0);
	UNIT_UINT("lines", r.result.lines, 10);
	UNIT_UINT("sessions", r.result.sessions, 5);
	UNIT_BOOL("new", r.result.was_new, true);
	UNIT_BOOL("known", r.result.was_known, false);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 5);
	write_log(&s, path, 1, s.now + 5);
	UNIT_INT("again", ask_one(&s, &r, "old", "sendmail", path), 0);
	UNIT_UINT("sessions", r.result.sessions, 1);
	UNIT_BOOL("new", r.result.was_new, false);
	UNIT_BOOL("known", r.result.was_known, true);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 6);
	site_restart(&s);
	UNIT_INT(
	    "after a restart", ask_one(&s, &r, "old", "sendmail", path), 0);
	UNIT_UINT("sessions", r.result.sessions, 0);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 6);
	site_release(&s);
}

/* The log that is followed, its predecessor, and a copy of both. */
static void test_followed_feed(void **state)
{
	struct request r;
	struct site s;
	char old[128];

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	path_in(&s, "mail0.log.1", old);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	/* it has more by now; the replay takes it, the feed goes on behind */
	site_session(&s, 0, s.now);
	UNIT_INT("code", ask_one(&s, &r, "in", "sendmail", s.log[0]), 0);
	UNIT_UINT("sessions", r.result.sessions, 1);
	UNIT_BOOL("known", r.result.was_known, true);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 3);
	/* rotated, not noticed yet: both files are given */
	site_session(&s, 0, s.now);
	site_rotate(&s, 0);
	site_session(&s, 0, s.now);
	request_init(&r, "in", "sendmail");
	request_add(&r, old, O_RDONLY);
	request_add(&r, s.log[0], O_RDONLY);
	UNIT_INT("code", ask(&s, &r), 0);
	UNIT_UINT("sessions", r.result.sessions, 2);
	site_session(&s, 0, s.now);
	site_run(&s, 20, 1);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 6);
	UNIT_UINT("gap", site_counter(&s, KIT_DAY, COUNTER_GAP), 0);
	UNIT_UINT("sessions", site_counter(&s, KIT_DAY, COUNTER_SESSIONS), 6);
	UNIT_STR("said", s.said, "");
	site_release(&s);
}

/* An older log is refused, and the feed goes on as if nothing had been. */
static void test_old_log(void **state)
{
	struct request r;
	struct site s;
	char path[128];

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	path_in(&s, "other.log", path);
	write_log(&s, path, 3, s.now - 7200);
	UNIT_INT("code", ask_one(&s, &r, "in", "sendmail", path), ERR_OLD);
	UNIT_STR("path", r.result.path, "0");
	UNIT_UINT("sessions", r.result.sessions, 0);
	site_session(&s, 0, s.now);
	site_run(&s, 5, 1);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	UNIT_UINT("gap", site_counter(&s, KIT_DAY, COUNTER_GAP), 0);
	site_release(&s);
}

/* Requests that make no sense change nothing, and break nothing. */
static void test_refused(void **state)
{
	static const struct {
		const char *name;
		const char *mta;
		int want;
	} table[] = {
		{ "in", "exim4", ERR_CONFIG },
		{ "in", "", ERR_CONFIG },
		{ "in", "sendmail ", ERR_CONFIG },
		{ "new", "no-such-mta", ERR_CONFIG },
		{ "", "sendmail", ERR_PARSE },
		{ "a/b", "sendmail", ERR_PARSE },
		{ "../../x", "sendmail", ERR_PARSE },
		{ "a b", "sendmail", ERR_PARSE },
		{ "a\\x1b", "sendmail", ERR_PARSE },
		{ "0123456789012345678901234567890123456789"
		  "012345678901234567890123",
		    "sendmail", ERR_PARSE },
	};

	struct request r;
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_INT(table[i].name,
		    ask_one(&s, &r, table[i].name, table[i].mta, s.log[0]),
		    table[i].want);
		UNIT_UINT(table[i].name, r.result.lines, 0);
	}
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	site_release(&s);
}

/* Bug: without a file, a feed that has a place looked into no file's name. */
static void test_no_files(void **state)
{
	struct request r;
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	request_init(&r, "new", "sendmail");
	UNIT_INT("new feed", ask(&s, &r), 0);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	request_init(&r, "in", "sendmail");
	UNIT_INT("known feed", ask(&s, &r), 0);
	UNIT_UINT("sessions", r.result.sessions, 0);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	site_release(&s);
}

/* What is handed over need not be a log. Nothing may wait, or never end. */
static void test_no_logs(void **state)
{
	struct request r;
	struct site s;
	char fifo[128];
	int pair[2];

	(void)state;
	(void)alarm(60);
	site_init(&s, 1);
	site_start(&s);
	path_in(&s, "fifo", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_INT("folder", ask_one(&s, &r, "in", "sendmail", s.dir), -EISDIR);
	UNIT_INT("device", ask_one(&s, &r, "in", "sendmail", "/dev/zero"),
	    ERR_NOT_FILE);
	request_init(&r, "in", "sendmail");
	request_add(&r, s.log[0], O_RDONLY);
	request_add(&r, fifo, O_RDWR);
	UNIT_INT("fifo", ask(&s, &r), ERR_NOT_FILE);
	UNIT_STR("its number", r.result.path, "1");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	request_init(&r, "in", "sendmail");
	r.fds[r.replay.n_fds++] = pair[0];
	UNIT_INT("socket", ask(&s, &r), ERR_NOT_FILE);
	assert_int_equal(close(pair[1]), 0);
	request_init(&r, "in", "sendmail");
	request_add(&r, s.log[0], O_WRONLY);
	UNIT_INT("not for reading", ask(&s, &r), -EBADF);
	site_session(&s, 0, s.now);
	site_tick(&s, 1);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 2);
	site_release(&s);
	(void)alarm(0);
}

/* As many files as a request can have; of some, none is left behind. */
static void test_many_files(void **state)
{
	struct request r;
	struct site s;

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	request_init(&r, "many", "sendmail");
	for (int i = 0; i < CONTROL_FILES; i++) {
		char name[32];
		char path[128];

		(void)snprintf(name, sizeof(name), "many%d.log", i);
		path_in(&s, name, path);
		write_log(&s, path, 2, s.now + INT64_C(10) * i);
		request_add(&r, path, O_RDONLY);
	}
	UNIT_INT("code", ask(&s, &r), 0);
	UNIT_UINT("sessions", r.result.sessions, UINT64_C(2) * CONTROL_FILES);
	UNIT_UINT(
	    "count", site_count(&s, KIT_DAY), UINT64_C(2) * CONTROL_FILES);
	site_release(&s);
}

/* Progress is shown, and says when to stop; the next request goes on. */
static void test_progress(void **state)
{
	const unsigned sessions = 9000;
	struct request r;
	struct site s;
	char path[128];

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	path_in(&s, "old.log", path);
	write_log(&s, path, sessions, s.now);
	request_init(&r, "old", "sendmail");
	request_add(&r, path, O_RDONLY);
	r.shown_max = 2;
	UNIT_INT("stopped", ask(&s, &r), ERR_STOPPED);
	UNIT_UINT("shown", r.shown, 2);
	UNIT_TRUE("some", r.result.sessions > 0);
	UNIT_UINT("counted", site_count(&s, KIT_DAY), r.result.sessions);
	UNIT_INT("the rest", ask_one(&s, &r, "old", "sendmail", path), 0);
	UNIT_UINT("all", site_count(&s, KIT_DAY), sessions);
	UNIT_TRUE("shown", r.shown > 0);
	site_release(&s);
}

/* Until when: what a stamp without a year means. */
static void test_until(void **state)
{
	static const int64_t odd[] = { INT64_MAX, -INT64_MAX, -1, INT64_MIN,
		INT64_C(253402300800) };
	struct request r;
	struct site s;
	char path[128];

	(void)state;
	site_init(&s, 1);
	site_start(&s);
	path_in(&s, "old.log", path);
	kit_write(path,
	    "Nov 20 10:00:00 vm sm-mta[1]: x: nothing\n"
	    "Nov 22 10:00:00 vm sm-mta[1]: x: nothing\n",
	    82);
	site_touch(&s, path);
	request_init(&r, "old", "sendmail");
	request_add(&r, path, O_RDONLY);
	r.replay.until = when_utc(2025, 11, 21, 0, 0, 0) - 1;
	UNIT_INT("code", ask(&s, &r), 0);
	UNIT_BOOL(
	    "2025", site_has_day(&s, when_utc(2025, 11, 20, 0, 0, 0)), true);
	UNIT_BOOL(
	    "2024", site_has_day(&s, when_utc(2024, 11, 22, 0, 0, 0)), true);
	for (size_t i = 0; i < UNIT_LEN(odd); i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "odd%zu", i);
		request_init(&r, name, "sendmail");
		request_add(&r, path, O_RDONLY);
		r.replay.until = odd[i];
		UNIT_INT(name, ask(&s, &r), ERR_PARSE);
	}
	site_release(&s);
}

/* While the store is broken there is nothing to apply a log to. */
static void test_broken_store(void **state)
{
	struct request r;
	struct site s;
	char path[128];
	char tally[128];

	(void)state;
	site_init(&s, 1);
	site_as_nobody(&s);
	site_start(&s);
	path_in(&s, "old.log", path);
	path_in(&s, "state/tally", tally);
	write_log(&s, path, 3, s.now);
	assert_int_equal(chmod(tally, 0500), 0);
	UNIT_INT("broken", ask_one(&s, &r, "old", "sendmail", path), -EACCES);
	UNIT_TRUE("its file",
	    strstr(r.result.path, "state/tally/2026-11-22") != NULL);
	UNIT_INT(
	    "not open", ask_one(&s, &r, "old", "sendmail", path), ERR_TEMP);
	assert_int_equal(chmod(tally, 0700), 0);
	site_run(&s, FEEDS_RETRY_S, 1);
	UNIT_INT("again", ask_one(&s, &r, "old", "sendmail", path), 0);
	UNIT_UINT("count", site_count(&s, KIT_DAY), 3);
	site_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_feed),
		cmocka_unit_test(test_followed_feed),
		cmocka_unit_test(test_old_log),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_files),
		cmocka_unit_test(test_no_logs),
		cmocka_unit_test(test_many_files),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_until),
		cmocka_unit_test_teardown(test_broken_store, site_as_before),
	};

	return UNIT_RUN(tests);
}
