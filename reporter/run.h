/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_RUN_H
#define REPORTER_RUN_H

#include <stdint.h>

#include "common/conf.h"
#include "reporter/options.h"

/*
 * One run of telltls-report: the reports of all days that want them. The
 * configuration has passed conf_check_reports(). Returns an exit code of
 * sysexits(3).
 */
int run(const struct options *o, const struct conf *conf, int64_t now);

#endif
