/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_noted_feed.c - tests common/noted.c behind a feed: what was noted is
 * left out of the tally, once, wherever the reading of the log was broken off
 */

#include "config.h"

#include "common/noted.h"
#include "tests/unit/feed_kit.h"

#define P(pid) "Nov 22 12:00:00 vm sm-mta[" pid "]: "
#define UP(pid, mx)                            \
 P(pid)                                        \
 "STARTTLS=client, relay=mx." mx ".example., " \
 "version=TLSv1.3, verify=OK, cipher=C, bits=256/256\n"
#define TO(pid, qid, mx)                                 \
 P(pid)                                                  \
 qid ": to=<u@" mx ".example>, delay=00:00:01, "         \
     "xdelay=00:00:01, mailer=esmtp, pri=30080, "        \
     "relay=mx." mx ".example. [192.0.2.1], dsn=2.0.0, " \
     "stat=Sent (ok)\n"

/* QID1 says TLS-Required: No, QID2 is a report of ours, QID3 is neither. */
#define QID1 "6AMBWYfV000001"
#define QID2 "6AMBWYfV000002"
#define QID3 "6AMBWYfV000003"
#define QID4 "6AMBWYfV000004" /* a part of QID1 */

static const char text[] = UP("1", "a") UP("2", "b") TO("1", QID1, "a")
    UP("3", "c") TO("2", QID2, "b") P("4") QID1
    ": split: maxrcpts=1, rcpts=2, count=1, id=" QID4 "\n" UP("5", "e")
	TO("3", QID3, "c") UP("4", "d") TO("5", QID4, "e") TO("4", QID3, "d")
	    TO("3", QID1, "c");

static void open_notes(const char *state, struct noted **notes)
{
	int64_t t = when_utc(2026, 11, 22, 12, 0, 0);

	assert_int_equal(noted_open(state, true, notes), 0);
	noted_add(*notes, view_of(QID1), NOTED_TLS_REQUIRED, t);
	noted_add(*notes, view_of(QID2), NOTED_OWN_REPORT, t);
}

/* Reads what there is of the log, in a process of its own as it were. */
static void read_log(const char *state, size_t len, bool is_end)
{
	struct store_limits limits = { 0, 0 };
	struct store *store = NULL;
	struct noted *notes = NULL;
	struct feed *feed = NULL;
	char path[128];
	const char *paths[] = { path };

	path_of(path, sizeof(path), "log");
	write_file(path, text, len, "wb");
	assert_int_equal(store_open(state, &limits, &store), 0);
	open_notes(state, &notes);
	{
		struct feed_options o = {
			.name = "sendmail",
			.type = mta_find("sendmail"),
			.now = UNTIL,
			.until = UNTIL,
			.noted = noted_on_find,
			.noted_alias = noted_on_alias,
			.noted_ctx = notes,
		};

		assert_int_equal(feed_open(store, &o, &feed), 0);
	}
	UNIT_INT("read", feed_read(feed, paths, 1, is_end), 0);
	if (is_end) {
		UNIT_INT("finish", feed_finish(feed), 0);
	}
	feed_close(feed);
	store_close(store);
	noted_close(notes);
}

static void test_left_out(void **state)
{
	char one[128];
	char two[128];
	struct strbuf want;
	struct strbuf got;

	(void)state;
	strbuf_init(&want, TEXT_MAX);
	strbuf_init(&got, TEXT_MAX);
	path_of(one, sizeof(one), "one");
	read_log(one, strlen(text), true);
	dump(one, &want);
	UNIT_TRUE("two sessions",
	    strstr(strbuf_str(&want), "\nsessions: 2\n") != NULL);
	UNIT_TRUE("one is a report",
	    strstr(strbuf_str(&want), "\nown-report: 1\n") != NULL);
	UNIT_TRUE("two say No",
	    strstr(strbuf_str(&want), "\ntls-required-no: 2\n") != NULL);
	for (size_t cut = 1; cut < strlen(text); cut += 37) {
		char name[32];

		(void)snprintf(name, sizeof(name), "two-%zu", cut);
		path_of(two, sizeof(two), name);
		read_log(two, cut, false);
		read_log(two, strlen(text), true);
		dump(two, &got);
		UNIT_STR(name, strbuf_str(&got), strbuf_str(&want));
	}
	strbuf_release(&want);
	strbuf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_left_out, setup, teardown),
	};

	return UNIT_RUN(tests);
}
