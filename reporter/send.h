/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_SEND_H
#define REPORTER_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/ledger.h"
#include "reporter/step.h"

/* What a sending run works with; all borrowed. The caller has the lock. */
struct send_env {
	const struct conf *conf;
	struct ledger *ledger;   /* without a batch begun */
	const char *outbox;      /* its directory, with one for each day */
	const char *only_domain; /* NULL: all */
	bool has_day;
	int64_t only_day;        /* if has_day */
	int64_t now;             /* when the run began */
	bool is_now;             /* what waits is due, whatever its time */
	bool is_verbose;         /* the log tells each step */
	const struct step *step; /* NULL: nobody is told of them */
	int exit_code;           /* of sysexits(3), set by what went wrong
	                            first */
};

/*
 * Brings all that is due to its destinations, mails before uploads. What
 * became of each is in the ledger as soon as it is known: a run that dies
 * before sends the same bytes again, and loses nothing. Not
 * enabled: nothing leaves, and the log tells how much waits. What goes wrong
 * is logged, and sets exit_code.
 */
void send_due(struct send_env *env);

/*
 * Lets all items of a day or domain (or both) wait anew, to be sent now,
 * whatever became of them. Those whose files are gone stay as they are.
 * Returns 0, or -1 when nothing is to be sent (logged, exit_code).
 */
int send_again(struct send_env *env);

/*
 * Removes the files of days of which nothing waits any more and nothing will
 * be tried again (R197), gives up what has waited for longer than the ledger
 * remembers, and forgets items before that. Logs, sets exit_code.
 */
void send_tidy(struct send_env *env, int64_t forget_before);

#endif
