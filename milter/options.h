/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_OPTIONS_H
#define MILTER_OPTIONS_H

#include <stdbool.h>

/* The command line of telltls-milter. All pointers borrow argv. */
struct options {
	const char *config; /* file */
	const char *state;  /* NULL: as configured */
	bool is_foreground; /* stay, and log to standard error */
	bool is_verbose;
	bool only_check; /* of the configuration */
};

/*
 * Reads main's arguments. Returns -1 to go on, else the exit code: help and
 * version were shown, or what is wrong was said.
 */
int options_parse(struct options *o, int argc, char **argv);

#endif
