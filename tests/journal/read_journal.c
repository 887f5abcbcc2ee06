/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_journal.c - a reader of a journal that may be killed at any instant
 *
 *	read_journal MODE STATE JOURNAL
 *
 *	follow	until it is killed; tells after each poll how many lines it
 *		has read in all
 *	wait	the same, but wakes up only when the descriptor says so
 *	end	to the end; then closes all open sessions
 *
 * The feed is of Sendmail and called so. Exit: 0; 69: built without the
 * journal; 1: another error.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/err.h"
#include "common/store.h"
#include "milter/follow_journal.h"

enum {
	POLL_MS = 50
};

static int said(const char *what, int rc)
{
	(void)fprintf(stderr, "read_journal: %s: %s\n", what, err_text(rc));
	return rc == ERR_NOT_BUILT ? EX_UNAVAILABLE : 1;
}

static int tell(struct feed *feed)
{
	struct feed_result r;

	feed_result(feed, &r);
	(void)printf("%" PRIu64 "\n", r.lines);
	return fflush(stdout) == 0 ? 0 : 1;
}

static int follow(struct feed *feed, struct follow_journal *fl, int timeout_ms)
{
	struct pollfd fd = { .fd = follow_journal_fd(fl), .events = POLLIN };

	for (;;) {
		int64_t n;

		if (tell(feed) != 0) {
			return 0;
		}
		if (poll(&fd, 1, timeout_ms) < 0) {
			return said("poll", -errno);
		}
		n = follow_journal_poll(fl, time(NULL));
		if (n < 0) {
			return said("follow_journal_poll", (int)n);
		}
	}
}

static int to_end(struct feed *feed, struct follow_journal *fl)
{
	int64_t n = 0;

	while (n >= 0 && !follow_journal_is_at_end(fl)) {
		n = follow_journal_poll(fl, time(NULL));
	}
	if (n < 0) {
		return said("follow_journal_poll", (int)n);
	}
	n = feed_finish(feed);
	return n == 0 ? tell(feed) : said("feed_finish", (int)n);
}

static int run(struct store *store, const char *mode, const char *path)
{
	const struct feed_options o = { .name = "sendmail",
		.type = mta_find("sendmail"),
		.now = time(NULL) };
	struct follow_journal *fl = NULL;
	struct feed *feed = NULL;
	int rc = feed_open(store, &o, &feed);

	if (rc != 0) {
		return said("feed_open", rc);
	}
	rc = follow_journal_open(feed, path, 0, o.now, &fl);
	if (rc != 0) {
		rc = said("follow_journal_open", rc);
	} else if (strcmp(mode, "end") == 0) {
		rc = to_end(feed, fl);
	} else {
		rc = follow(feed, fl, strcmp(mode, "wait") == 0 ? -1 : POLL_MS);
	}
	follow_journal_close(fl);
	feed_close(feed);
	return rc;
}

int main(int argc, char **argv)
{
	const struct store_limits limits = { 0 };
	struct store *store = NULL;
	int rc;

	if (argc != 4) {
		(void)fprintf(
		    stderr, "usage: read_journal MODE STATE JOURNAL\n");
		return EX_USAGE;
	}
	rc = store_open(argv[2], &limits, &store);
	if (rc != 0) {
		return said("store_open", rc);
	}
	rc = run(store, argv[1], argv[3]);
	store_close(store);
	return rc;
}
