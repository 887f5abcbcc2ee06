/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_DAILY_PRIVATE_H
#define REPORTER_DAILY_PRIVATE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "common/groups.h"
#include "common/policies.h"
#include "common/when.h"
#include "reporter/daily.h"
#include "reporter/is_it_us.h"
#include "reporter/outdir.h"
#include "reporter/progress.h"
#include "reporter/write.h"

/* What daily.c and settle.c share: a day being reported on. */
struct daily {
	struct daily_env *env;
	struct daily_counts *counts;
	struct tally *tally;
	int64_t start; /* first second of the UTC day */
	int64_t sealed;
	char date[WHEN_DATE_BUF];
	char path[PATH_MAX]; /* of out */
	struct outdir *out;  /* NULL until there is a report */
	struct write_buffers buffers;
	struct policies *policies;
	struct groups groups;
	struct ledger_day ledger_day; /* as it was; zero in a dry run */
	struct is_it_us us;
	unsigned to_tell; /* the operator, a bit for each way (tell.h) */
	struct report_notes notes;
	struct progress progress;
	size_t next;       /* entry that begins the next group */
	size_t end;        /* entries from here on are not looked at */
	size_t n_domains;  /* to be looked at */
	size_t n_done;     /* domains, for the progress */
	size_t in_flight;  /* questions */
	size_t window;     /* questions at most */
	unsigned n_files;  /* reports since the last flush */
	unsigned n_marks;  /* marks likewise */
	uint64_t n_silent; /* counts->silent of this day */
	uint64_t n_retries;
	int rc; /* the error that ended it */
};

/* One question under way. */
struct ask {
	struct daily *day;
	size_t begin; /* the group */
	size_t end;
	struct ledger_entry entry; /* what the ledger had */
};

/*
 * Looks at all sessions of the day before the first of its reports is made:
 * what fails everywhere, and what cannot be judged; tells of it. Returns 0, or
 * the error of the ledger (logged).
 */
int survey_day(struct daily *day);

/*
 * What an answer means for its domain: a report, an entry in the ledger, or
 * both. Returns 0, or the error that ends the day (logged).
 */
int settle_answer(struct ask *ask, const struct dns_answer *a);

/* The same for a domain that is too long to have a record. */
int settle_without_name(struct ask *ask);

/* Logs that files cannot be written, sets exit_code; returns rc. */
int daily_output_failed(struct daily *day, int rc);

#endif
