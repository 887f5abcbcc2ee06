/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_PROGRAM_H
#define REPORTER_PROGRAM_H

#include <stdint.h>

#include "reporter/step.h"

/*
 * All of telltls-report but the clock: reads the command line and the
 * configuration, and makes a run at the time now. step: NULL, or who is told
 * of the run's steps (a test). Returns an exit code of sysexits(3).
 */
int program_main(int argc, char **argv, int64_t now, const struct step *step);

#endif
