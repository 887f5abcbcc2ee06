/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_DIGEST_H
#define REPORTER_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "common/groups.h"
#include "common/judge.h"
#include "common/ledger.h"
#include "common/outbox.h"
#include "common/report.h"
#include "common/strbuf.h"
#include "common/suppress.h"

/*
 * What the operator wants to know of a day that was reported: whose TLS fails,
 * what is new, what was withheld, what did not arrive. Gathered, then written;
 * no I/O here.
 */

enum {
	DIGEST_LIST = 20 /* entries of each list */
};

/* A domain with sessions that were judged. */
struct digest_domain {
	struct view domain; /* borrowed from the day's tally */
	uint64_t successes;
	uint64_t failures;
	enum judge_type type; /* of failures, the most frequent one */
};

/* The sessions of a day, judged as for its reports. */
struct digest_day {
	struct digest_domain *judged; /* by domain; owned */
	size_t n_judged;
	size_t n_failing; /* of these: with failures */
	size_t n_domains; /* all */
	uint64_t successes;
	uint64_t failures;
	uint64_t unjudged;
};

/* Judges all of a day. Borrows the groups. */
void digest_load(const struct groups *g, const struct report_sender *sender,
    int64_t day, struct digest_day *out);
void digest_release(struct digest_day *d);

struct digest {
	int64_t day;
	const struct digest_day *today;
	const struct digest_day *yesterday; /* NULL: not known */
	struct report_notes notes;
	uint64_t reports[LEDGER_WITHHELD + 1]; /* of today, by state */
	char why[LEDGER_TEXT];                 /* some are withheld */
	/* the reports of two days before, whose time is over */
	uint64_t items[OUTBOX_SUPPRESSED + 1];
	struct outbox_item lost[DIGEST_LIST]; /* not delivered: the first */
	size_t n_lost;
	struct suppress_entry suppressed[DIGEST_LIST]; /* the first */
	size_t n_suppressed;
	uint64_t all_suppressed;
};

/* Appends the text, lines that end in LF. */
void digest_format(const struct digest *d, struct strbuf *out);

/* "TLS of outgoing mail on 2026-11-21: 3 domains failed, 1 new". */
void digest_subject(const struct digest *d, struct strbuf *out);

#endif
