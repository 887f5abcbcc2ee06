/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_CHOICES_H
#define REPORTER_CHOICES_H

#include "reporter/daily.h"

/* What this site decides of domains and destinations, for all days of a run. */

/*
 * Sets exclude and rules of env from its configuration. Returns 0; or -1, and
 * then it is logged, and exit_code is set. choices_release() in any case.
 */
int choices_load(struct daily_env *env);
void choices_release(struct daily_env *env);

#endif
