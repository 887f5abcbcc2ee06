/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_PUBLISH_H
#define REPORTER_PUBLISH_H

#include "reporter/daily.h"

/*
 * Writes the numbers of the installation (metrics.h) into metrics.file, if the
 * configuration names one; env->ledger may be NULL. What goes wrong is logged,
 * and sets env->exit_code if that is not set.
 */
void publish_metrics(struct daily_env *env, const char *state);

#endif
