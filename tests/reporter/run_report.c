/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_report.c - telltls-report with a clock that is set, and with deaths
 *
 *	run_report [--at SECONDS] [--steps FILE] [--die STEP N] -- OPTIONS
 *
 * --at is the time, in Unix seconds. --steps writes the name of each step of
 * the run into a file, one a line. --die ends the run with SIGKILL when it
 * comes to that step for the Nth time.
 */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "reporter/program.h"

struct script {
	int64_t now;
	FILE *steps;       /* NULL: none */
	const char *death; /* its step; NULL: none */
	unsigned long at;  /* the time of it, from 1 */
	unsigned long n;   /* times so far */
};

static void on_step(void *ctx, const char *name)
{
	struct script *script = ctx;

	if (script->steps != NULL) {
		(void)fprintf(script->steps, "%s\n", name);
	}
	if (script->death != NULL && strcmp(name, script->death) == 0 &&
	    ++script->n == script->at) {
		(void)raise(SIGKILL);
	}
}

/* Returns how many arguments were taken; 0: it is none of ours. */
static int take_option(struct script *script, char **argv)
{
	if (argv[1] != NULL && strcmp(argv[0], "--at") == 0) {
		script->now = strtoll(argv[1], NULL, 10);
		return 2;
	}
	if (argv[1] != NULL && strcmp(argv[0], "--steps") == 0) {
		script->steps = fopen(argv[1], "w");
		return script->steps != NULL ? 2 : 0;
	}
	if (argv[1] != NULL && argv[2] != NULL &&
	    strcmp(argv[0], "--die") == 0) {
		script->death = argv[1];
		script->at = strtoul(argv[2], NULL, 10);
		return 3;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static char name[] = "telltls-report";
	struct script script = { .now = time(NULL) };
	const struct step step = { on_step, &script };
	int i = 1;
	int rc;

	while (i < argc && strcmp(argv[i], "--") != 0) {
		int n = take_option(&script, argv + i);

		if (n == 0) {
			(void)fprintf(
			    stderr, "run_report: bad option %s\n", argv[i]);
			return EX_USAGE;
		}
		i += n;
	}
	if (i == argc) {
		(void)fputs("run_report: no -- OPTIONS\n", stderr);
		return EX_USAGE;
	}
	argv[i] = name;
	rc = program_main(argc - i, argv + i, script.now, &step);
	if (script.steps != NULL && fclose(script.steps) != 0) {
		return EX_IOERR;
	}
	return rc;
}
