/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_BOUNCES_H
#define REPORTER_BOUNCES_H

#include "reporter/daily.h"

/*
 * Takes the news of reports that came back (common/bounce.h) into the ledger,
 * before anything is sent; what is in no batch of the ledger yet is committed
 * with it. What is wrong with the files is logged, and no reason to stop.
 * Returns 0, or the error of the ledger, logged, and exit_code is set.
 */
int bounces_take(struct daily_env *env, const char *state);

#endif
