/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_ENQUEUE_H
#define REPORTER_ENQUEUE_H

#include <stdint.h>

#include "common/ledger.h"
#include "common/record.h"
#include "reporter/write.h"

/* A report whose files are in a batch of its day's directory. Borrowed. */
struct enqueue_report {
	int64_t day; /* its first second */
	struct view domain;
	const char *submitter;
	const struct write_result *files;
};

/*
 * Puts one item into the outbox for each destination that can be used, as part
 * of the ledger's batch. to: the destinations in the order in which the files
 * were written. Returns what functions of ledger.h do.
 */
int enqueue_report(struct ledger *l, const struct enqueue_report *report,
    const struct record *to);

#endif
