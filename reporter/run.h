/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_RUN_H
#define REPORTER_RUN_H

#include <stdint.h>

#include "common/conf.h"
#include "reporter/options.h"
#include "reporter/step.h"

/*
 * One run of telltls-report: makes the reports of all days that want them, and
 * sends what is due. The configuration has passed conf_check_reports(). step:
 * as of program.h. Returns an exit code of sysexits(3).
 */
int run(const struct options *o, const struct conf *conf, int64_t now,
    const struct step *step);

#endif
