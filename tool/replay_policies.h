/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_REPLAY_POLICIES_H
#define TOOL_REPLAY_POLICIES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/store.h"

/*
 * Looks up what the recipients of replayed days publish, and writes it into
 * those days: without, nothing in them is judged. What stood on a day of old
 * is not known any more; this is what stands now.
 */

enum replay_policies_end {
	REPLAY_POLICIES_DONE,
	REPLAY_POLICIES_INTERRUPTED, /* by SIGINT or SIGTERM */
	REPLAY_POLICIES_NO_ANSWER,   /* nothing was answered at all */
	REPLAY_POLICIES_NO_DNS       /* cannot start: the log says why */
};

struct replay_policies_options {
	const struct conf *conf;
	const char *state;
	struct store *store; /* of that state; all is committed */
	const char *feed;    /* only days that it counted in; NULL: all */
	bool has_progress;   /* shown on standard error */
};

struct replay_policies_result {
	enum replay_policies_end end;
	size_t domains; /* that something had to be looked up for */
	size_t asking;  /* of them, that ask for reports */
	size_t failed;  /* of them, of which not all could be found out */
	size_t full;    /* policies that their day had no room for */
	size_t events;  /* refreshes that failed on a day that was not replayed:
	                   no report of these days can have them */
};

/*
 * Returns 0 or the error of the store, as store_policy() and store_days(); that
 * the lookups did not get to their end is no error. SIGINT and SIGTERM end the
 * lookups, not the program.
 */
int replay_policies(const struct replay_policies_options *o,
    struct replay_policies_result *out);

#endif
