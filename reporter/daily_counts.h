/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_DAILY_COUNTS_H
#define REPORTER_DAILY_COUNTS_H

#include <stdint.h>

/* What happened; sums over days. */
struct daily_counts {
	uint64_t domains; /* that had sessions and were looked at now */
	uint64_t records; /* of these: published a valid record */
	uint64_t reports; /* written */
	uint64_t mails;   /* destinations of reports, by kind */
	uint64_t uploads;
	uint64_t excluded; /* domains left out by configuration */
	uint64_t denied;   /* destinations that the rules took away */
	uint64_t retries;  /* lookups that failed, to be tried again */
	uint64_t silent;   /* the same, while our resolver answered nobody */
	uint64_t given_up; /* lookups that failed for too long */
	uint64_t failed;   /* reports that could not be made */
	uint64_t withheld; /* reports that may be our own fault (promise 5) */
	uint64_t unjudged; /* sessions in no report (promise 5) */
	uint64_t nameless; /* sessions of no known domain */
	uint64_t damaged;  /* facts and policies that the file has lost */
};

/* Logs "WHAT WHICH" and all of them. */
void daily_counts_log(
    const char *what, const char *which, const struct daily_counts *c);

void daily_counts_add(struct daily_counts *sum, const struct daily_counts *c);

#endif
