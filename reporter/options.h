/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_OPTIONS_H
#define REPORTER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/domain.h"

/* The command line of telltls-report. Texts borrow argv. */
struct options {
	const char *config;      /* -c; CONF_FILE when not given */
	const char *state;       /* --state; NULL: as the configuration says */
	const char *dry_run;     /* --dry-run: a directory; NULL: not given */
	char domain[DOMAIN_BUF]; /* --domain, normalised; "" when not given */
	int64_t day;             /* --day: its first second */
	bool has_day;
	bool is_release; /* --release: of that day, and has_day */
	bool is_now;     /* --now */
	bool is_resend;  /* --resend; has_day or a domain */
	bool is_verbose;
};

/*
 * Reads the command line. Returns -1 when the program shall go on, or the
 * exit code with which it is done: after --help, --version (on standard
 * output), or a usage error (on standard error).
 */
int options_parse(struct options *o, int argc, char **argv);

#endif
