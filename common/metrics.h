/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/counter.h"
#include "common/fact.h"
#include "common/ledger.h"
#include "common/live.h"
#include "common/outbox.h"
#include "common/strbuf.h"
#include "common/tally.h"

/*
 * The state of an installation as numbers for a monitoring system: OpenMetrics
 * text, which the textfile collector of Prometheus' node_exporter reads as
 * well. What belongs to a day has the day as a label, so that no number falls
 * when an old day goes. Gathered first, then written.
 */

enum {
	METRICS_DAYS = 7 /* the last ones that there are */
};

struct metrics_feed {
	char name[TALLY_FEED_NAME];
	char mta[TALLY_MTA_NAME];
	struct mark read; /* how far, over all days */
	bool is_live;     /* the daemon follows it: live tells */
	struct live_feed live;
};

/* What a feed did in a day. */
struct metrics_counts {
	size_t feed; /* its place in the list */
	uint64_t n[COUNTER_COUNT];
};

struct metrics_day {
	int64_t day;
	bool is_readable; /* otherwise nothing else is known */
	bool is_sealed;
	uint64_t facts;
	uint64_t sessions[FACT_TLS_COUNT];
	uint64_t damaged;              /* facts, policies, feeds left out */
	struct metrics_counts *counts; /* of the feeds that it knows; owned */
	size_t n_counts;
	uint64_t unjudged;
	uint64_t reports[LEDGER_WITHHELD + 1]; /* domains, by state */
};

struct metrics {
	int64_t now;
	bool is_running;            /* the daemon on this state answers */
	struct metrics_feed *feeds; /* owned */
	size_t n_feeds;
	struct metrics_day days[METRICS_DAYS]; /* ascending */
	size_t n_days;
	bool has_ledger; /* the rest, and what the days have of reports */
	bool is_enabled; /* reports may leave */
	struct outbox_counts outbox;
	uint64_t suppressed; /* destinations, once for each domain */
};

/*
 * Reads what there is; l may be NULL. What cannot be read is left out, as the
 * day that is_readable says so of. Asks the daemon, for some seconds at most.
 * Returns 0, or -errno when the state cannot be read at all, or an error of
 * the ledger; *out is good for the other calls in any case.
 */
int metrics_gather(const struct conf *conf, const char *state, struct ledger *l,
    int64_t now, struct metrics *out);
void metrics_release(struct metrics *m);

/* Appends the text. Pure. */
void metrics_format(const struct metrics *m, struct strbuf *out);

/*
 * Replaces a file by the text, at once, readable by all: the reader finds the
 * old or the new one. Returns 0 or -errno.
 */
int metrics_write(const char *path, const struct strbuf *text);

#endif
