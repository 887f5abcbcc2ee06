/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_DAILY_H
#define REPORTER_DAILY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/dns.h"
#include "common/ledger.h"
#include "common/report.h"
#include "common/rules.h"
#include "common/tally.h"
#include "reporter/daily_counts.h"
#include "reporter/step.h"
#include "send/dkim.h"

/* What all days of a run share. */
struct daily_env {
	const struct conf *conf;
	struct report_sender sender;
	struct dns *dns;
	struct dkim *dkim;       /* that mails are signed with, or NULL */
	struct ledger *ledger;   /* NULL: a dry run */
	struct rules *rules;     /* for destinations; NULL: none */
	const char *state;       /* directory */
	const char *out;         /* dry run: its directory; else the outbox, in
	                            which each day has a directory */
	const char *only_domain; /* NULL: all */
	const char **exclude; /* domains left out, sorted by strcmp(); owned */
	size_t n_exclude;
	bool is_verbose;         /* the log tells each step */
	const struct step *step; /* NULL: nobody is told of them */
	int64_t now;             /* when the run began */
	bool is_answered;        /* our resolver has answered something */
	bool is_ledger_bad;      /* the ledger has failed */
	unsigned n_finished;     /* days that nothing is left to do about */
	int exit_code;           /* of sysexits(3), set by what went wrong */
};

/*
 * Makes the reports of one sealed day, those that the ledger does not know
 * yet, and marks the day as finished when no domain is left. Counts are
 * added. Returns 0, or the error that ended it; it is logged then, and
 * exit_code is set.
 */
int daily_report(
    struct daily_env *env, struct tally *t, struct daily_counts *counts);

/*
 * Asks our resolver for the root's name servers, which every resolver knows,
 * and sets is_answered. Returns and logs likewise; no answer is no error.
 */
int daily_probe(struct daily_env *env);

/* Logs that the ledger failed, sets exit_code; returns rc. */
int daily_ledger_failed(struct daily_env *env, int rc);

#endif
