/* SPDX-License-Identifier: BSD-2-Clause */
/* follow_journal.c - the systemd journal as it grows */

#include "config.h"

#include <stdlib.h>

#include "common/feed_journal.h"
#include "common/log.h"
#include "common/mem.h"
#include "milter/follow_journal.h"

struct follow_journal {
	struct feed *feed;
	const char *path;
	struct feed_journal *fj;
	unsigned gaps; /* that were told */
};

static void tell_gaps(struct follow_journal *fl)
{
	unsigned gaps = feed_journal_gaps(fl->fj);

	if (gaps != fl->gaps) {
		log_warn("lost the place in the journal, entries may have been "
			 "removed before they were read journal=%s",
		    fl->path);
		fl->gaps = gaps;
	}
}

/* Until the end, or until there is something to wait for. */
static int catch_up(struct follow_journal *fl, int64_t now)
{
	uint64_t n;
	int rc;

	do {
		rc = feed_journal_more(fl->fj, now, &n);
	} while (rc == 0 && feed_journal_state(fl->fj) == FEED_JOURNAL_MORE);
	return rc;
}

int follow_journal_open(struct feed *feed, const char *path, int64_t since,
    int64_t now, struct follow_journal **out)
{
	struct follow_journal *fl = xcalloc(1, sizeof(*fl));
	int rc;

	*out = NULL;
	fl->feed = feed;
	fl->path = path;
	rc = feed_journal_open(feed, path, since, &fl->fj);
	if (rc == 0 && feed_journal_is_empty(fl->fj)) {
		log_warn("found no journal file that may be read (is there "
			 "one, and is our user in the group "
			 "systemd-journal?) journal=%s",
		    path);
	}
	if (rc == 0) {
		rc = catch_up(fl, now);
	}
	if (rc != 0) {
		follow_journal_close(fl);
		return rc;
	}
	tell_gaps(fl);
	*out = fl;
	return 0;
}

void follow_journal_close(struct follow_journal *fl)
{
	if (fl != NULL) {
		feed_journal_close(fl->fj);
		free(fl);
	}
}

int64_t follow_journal_poll(struct follow_journal *fl, int64_t now)
{
	uint64_t n = 0;
	int rc = feed_journal_more(fl->fj, now, &n);

	tell_gaps(fl);
	return rc != 0 ? rc : (int64_t)n;
}

bool follow_journal_is_at_end(const struct follow_journal *fl)
{
	return feed_journal_state(fl->fj) == FEED_JOURNAL_AT_END;
}

int64_t follow_journal_lag_s(const struct follow_journal *fl, int64_t now)
{
	struct mark at;

	feed_position(fl->feed, &at);
	if (follow_journal_is_at_end(fl) || at.t == 0 || now < at.t) {
		return 0;
	}
	return now - at.t;
}

int follow_journal_fd(const struct follow_journal *fl)
{
	return feed_journal_fd(fl->fj);
}
