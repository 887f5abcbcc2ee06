/* SPDX-License-Identifier: BSD-2-Clause */
/* test_feed.c - logs through a feed into the tally, exactly once */

#include "config.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/err.h"
#include "common/feed.h"
#include "common/gzip.h"
#include "common/logfile.h"
#include "common/strbuf.h"
#include "common/when.h"
#include "tests/unit/feed_kit.h"

struct outcome {
	int rc;
	struct feed_result result;
};

static struct outcome replay(
    const char *state, const char *const *paths, size_t n, bool is_final)
{
	struct store_limits limits = { 0 };
	struct feed_options o = {
		.name = "sendmail",
		.type = mta_find("sendmail"),
		.now = UNTIL,
		.until = UNTIL,
	};
	struct store *store = NULL;
	struct feed *feed = NULL;
	struct outcome out;

	assert_int_equal(store_open(state, &limits, &store), 0);
	assert_int_equal(feed_open(store, &o, &feed), 0);
	out.rc = feed_read(feed, paths, n, is_final);
	if (out.rc == 0 && is_final) {
		out.rc = feed_finish(feed);
	}
	feed_result(feed, &out.result);
	feed_close(feed);
	store_close(store);
	return out;
}

static struct outcome replay_one(
    const char *state, const char *path, bool is_final)
{
	return replay(state, &path, 1, is_final);
}

/* The truth: the whole recording in one run. */
static void truth(const struct strbuf *log, struct strbuf *out)
{
	char state[96];
	char path[96];

	path_of(state, sizeof(state), "truth");
	path_of(path, sizeof(path), "truth.log");
	write_file(path, log->s, log->len, "w");
	assert_int_equal(replay_one(state, path, true).rc, 0);
	dump(state, out);
	assert_true(out->len > 1000);
}

static void test_twice(void **unused)
{
	char state[96];
	char path[96];
	struct strbuf log;
	struct strbuf want;
	struct strbuf got;
	struct outcome o;

	(void)unused;
	strbuf_init(&log, TEXT_MAX);
	strbuf_init(&want, TEXT_MAX);
	strbuf_init(&got, TEXT_MAX);
	read_recording_often(&log);
	truth(&log, &want);
	path_of(state, sizeof(state), "state");
	path_of(path, sizeof(path), "mail.log");
	write_file(path, log.s, log.len, "w");
	for (int i = 0; i < 3; i++) {
		o = replay_one(state, path, true);
		UNIT_INT("rc", o.rc, 0);
		UNIT_BOOL("was new", o.result.was_new, i == 0);
		UNIT_BOOL("was known", o.result.was_known, i > 0);
		UNIT_BOOL("new sessions", o.result.sessions > 0, i == 0);
		dump(state, &got);
		UNIT_STR("facts", strbuf_str(&got), strbuf_str(&want));
	}
	strbuf_release(&log);
	strbuf_release(&want);
	strbuf_release(&got);
}

/* The file grows between runs, also in the middle of lines. */
static void test_growing(void **unused)
{
	struct strbuf log;
	struct strbuf want;
	struct strbuf got;

	(void)unused;
	strbuf_init(&log, TEXT_MAX);
	strbuf_init(&want, TEXT_MAX);
	strbuf_init(&got, TEXT_MAX);
	read_recording_often(&log);
	truth(&log, &want);
	for (unsigned seed = 1; seed <= (unit_is_valgrind() ? 5U : 20U);
	     seed++) {
		char name[32];
		char state[96];
		char path[96];
		size_t at = 0;
		unsigned random = seed * 2654435761U;

		(void)snprintf(name, sizeof(name), "grow%u", seed);
		path_of(state, sizeof(state), name);
		path_of(path, sizeof(path), "grow.log");
		write_file(path, "", 0, "w");
		while (at < log.len) {
			size_t n;

			random = random * 1664525U + 1013904223U;
			n = random % (log.len / 4);
			n = n > log.len - at ? log.len - at : n;
			write_file(path, log.s + at, n, "a");
			at += n;
			UNIT_INT(
			    name, replay_one(state, path, at == log.len).rc, 0);
		}
		dump(state, &got);
		UNIT_STR(name, strbuf_str(&got), strbuf_str(&want));
	}
	strbuf_release(&log);
	strbuf_release(&want);
	strbuf_release(&got);
}

static void compress_file(const char *path, const char *text, size_t len)
{
	struct strbuf gz;

	strbuf_init(&gz, TEXT_MAX);
	assert_int_equal(gzip_compress(text, len, &gz), 0);
	write_file(path, gz.s, gz.len, "w");
	strbuf_release(&gz);
}

/* End of the line at or behind an offset. */
static size_t line_end(const struct strbuf *log, size_t at)
{
	const char *nl = memchr(log->s + at, '\n', log->len - at);

	return nl != NULL ? (size_t)(nl - log->s) + 1 : log->len;
}

/* Rotation: the first part becomes a .gz, the rest is another file. */
static void test_rotation(void **unused)
{
	struct strbuf log;
	struct strbuf want;
	struct strbuf got;

	(void)unused;
	strbuf_init(&log, TEXT_MAX);
	strbuf_init(&want, TEXT_MAX);
	strbuf_init(&got, TEXT_MAX);
	read_recording_often(&log);
	truth(&log, &want);
	for (unsigned i = 1; i < 16; i++) {
		size_t cut = line_end(&log, log.len / 16 * i);
		size_t part = cut / 3 * 2;
		char name[32];
		char state[96];
		char live[96];
		char old[96];
		const char *both[2] = { old, live };

		(void)snprintf(name, sizeof(name), "rotate%u", i);
		path_of(state, sizeof(state), name);
		path_of(live, sizeof(live), "mail.log");
		path_of(old, sizeof(old), "mail.log.1.gz");
		write_file(live, log.s, part, "w");
		UNIT_INT(name, replay_one(state, live, false).rc, 0);
		compress_file(old, log.s, cut);
		write_file(live, log.s + cut, log.len - cut, "w");
		UNIT_INT(name, replay(state, both, 2, true).rc, 0);
		dump(state, &got);
		UNIT_STR(name, strbuf_str(&got), strbuf_str(&want));
		/* the older one again is passed, alone and with the newer */
		UNIT_INT(name, replay(state, both, 2, true).rc, 0);
		dump(state, &got);
		UNIT_STR(name, strbuf_str(&got), strbuf_str(&want));
	}
	strbuf_release(&log);
	strbuf_release(&want);
	strbuf_release(&got);
}

static void test_old_log(void **unused)
{
	static const char newer[] = "Nov 22 12:00:00 vm sm-mta[1]: hello\n";
	static const char older[] = "Nov 22 11:00:00 vm sm-mta[1]: hello\n";
	char state[96];
	char path[96];
	struct strbuf got;

	(void)unused;
	strbuf_init(&got, TEXT_MAX);
	path_of(state, sizeof(state), "old");
	path_of(path, sizeof(path), "a.log");
	write_file(path, newer, sizeof(newer) - 1, "w");
	UNIT_INT("newer", replay_one(state, path, false).rc, 0);
	write_file(path, older, sizeof(older) - 1, "w");
	UNIT_INT("older", replay_one(state, path, false).rc, ERR_OLD);
	dump(state, &got);
	UNIT_STR("untouched", strbuf_str(&got), "lines: 1\n");
	strbuf_release(&got);
}

static void test_bad_lines(void **unused)
{
	char state[96];
	char path[96];
	struct strbuf log;
	struct strbuf got;

	(void)unused;
	strbuf_init(&log, TEXT_MAX);
	strbuf_init(&got, TEXT_MAX);
	strbuf_adds(&log, "Nov 22 12:00:00 vm sm-mta[1]: hello\n");
	strbuf_adds(&log, "no stamp\n\n");
	strbuf_adds(&log, "2016-11-22T12:00:00Z vm sm-mta[1]: too old\n");
	strbuf_adds(&log, "2036-11-22T12:00:00Z vm sm-mta[1]: too new\n");
	strbuf_adds(&log, "Nov 22 12:00:01 vm sm-mta[1]: ");
	for (size_t i = 0; i < SYSLOG_LINE_MAX; i++) {
		strbuf_addc(&log, 'x');
	}
	strbuf_adds(&log, "\nNov 22 12:00:02 vm sm-mta[1]: \x01\xff\n");
	strbuf_adds(&log, "Nov 22 12:00:03 vm cron[1]: not ours\n");
	strbuf_adds(&log, "Nov 22 12:00:04 vm sm-mta[1]: unfinished");
	path_of(state, sizeof(state), "bad");
	path_of(path, sizeof(path), "bad.log");
	write_file(path, log.s, log.len, "w");
	UNIT_INT("rc", replay_one(state, path, false).rc, 0);
	dump(state, &got);
	UNIT_STR("counters", strbuf_str(&got),
	    "lines: 8\nbad-line: 2\nlong-line: 1\nbad-time: 2\n");
	/* the line that was being written is read when it is whole */
	write_file(path, "\n", 1, "a");
	UNIT_INT("rc", replay_one(state, path, false).rc, 0);
	dump(state, &got);
	UNIT_STR("counters", strbuf_str(&got),
	    "lines: 9\nbad-line: 2\nlong-line: 1\nbad-time: 2\n");
	/* one that is too long, and unfinished too */
	strbuf_clear(&log);
	for (size_t i = 0; i < (size_t)5 * SYSLOG_LINE_MAX; i++) {
		strbuf_addc(&log, 'y');
	}
	write_file(path, log.s, log.len, "a");
	UNIT_INT("rc", replay_one(state, path, false).rc, 0);
	write_file(path, log.s, log.len, "a");
	UNIT_INT("rc", replay_one(state, path, false).rc, 0);
	dump(state, &got);
	UNIT_STR("counters", strbuf_str(&got),
	    "lines: 9\nbad-line: 2\nlong-line: 1\nbad-time: 2\n");
	write_file(path, "\n", 1, "a");
	UNIT_INT("rc", replay_one(state, path, false).rc, 0);
	dump(state, &got);
	UNIT_STR("counters", strbuf_str(&got),
	    "lines: 10\nbad-line: 2\nlong-line: 2\nbad-time: 2\n");
	strbuf_release(&log);
	strbuf_release(&got);
}

static void test_missing(void **unused)
{
	char state[96];
	char path[96];

	(void)unused;
	path_of(state, sizeof(state), "missing");
	path_of(path, sizeof(path), "nowhere.log");
	UNIT_INT("missing", replay_one(state, path, false).rc, -ENOENT);
	UNIT_INT("directory", replay_one(state, dir, false).rc, -EISDIR);
}

/* A replay that may be killed at any instant; what it returns, or fails in. */
static int replay_in_child(const char *state, const char *path)
{
	struct store_limits limits = { 0 };
	struct feed_options o = {
		.name = "sendmail",
		.type = mta_find("sendmail"),
		.now = UNTIL,
		.until = UNTIL,
	};
	struct store *store = NULL;
	struct feed *feed = NULL;
	int rc = store_open(state, &limits, &store);

	if (rc != 0) {
		(void)fprintf(stderr, "# store_open: %s\n", err_text(rc));
		return 2;
	}
	rc = feed_open(store, &o, &feed);
	if (rc != 0) {
		(void)fprintf(stderr, "# feed_open: %s\n", err_text(rc));
		return 3;
	}
	rc = feed_read(feed, &path, 1, false);
	if (rc != 0) {
		(void)fprintf(stderr, "# feed_read: %s\n", err_text(rc));
		return 4;
	}
	return 0;
}

/* Runs a replay in a child and kills it after a while. */
static void replay_killed(const char *state, const char *path, unsigned us)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(replay_in_child(state, path));
	}
	(void)usleep(us);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status)) {
		UNIT_INT("exit status", WEXITSTATUS(status), 0);
	}
}

/* kill -9 in the middle of replays: afterwards all is counted, once. */
static void test_kill(void **unused)
{
	struct strbuf log;
	struct strbuf want;
	struct strbuf got;
	char path[96];
	unsigned random = 42;

	(void)unused;
	strbuf_init(&log, TEXT_MAX);
	strbuf_init(&want, TEXT_MAX);
	strbuf_init(&got, TEXT_MAX);
	read_recording_often(&log);
	truth(&log, &want);
	path_of(path, sizeof(path), "mail.log");
	write_file(path, log.s, log.len, "w");
	for (unsigned i = 0; i < (unit_is_valgrind() ? 4U : 20U); i++) {
		char name[32];
		char state[96];

		(void)snprintf(name, sizeof(name), "kill%u", i);
		path_of(state, sizeof(state), name);
		for (unsigned j = 0; j < 5; j++) {
			random = random * 1664525U + 1013904223U;
			replay_killed(state, path, random % 30000);
		}
		UNIT_INT(name, replay_one(state, path, true).rc, 0);
		dump(state, &got);
		UNIT_STR(name, strbuf_str(&got), strbuf_str(&want));
	}
	strbuf_release(&log);
	strbuf_release(&want);
	strbuf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_growing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_log, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_bad_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill, setup, teardown),
	};

	return UNIT_RUN(tests);
}
