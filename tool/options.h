/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdio.h>

#include "tool/tool.h"

/* The command line, taken apart by the table of commands. */

enum tool_options_what {
	TOOL_OPTIONS_RUN,  /* run the command */
	TOOL_OPTIONS_HELP, /* show the help of the command, or of all (NULL) */
	TOOL_OPTIONS_VERSION, /* show the version */
};

/* All pointers borrow argv. */
struct tool_options {
	enum tool_options_what what;
	const struct command *command;
	const char *conf_path;            /* -c; NULL: not given */
	const char *state;                /* --state; NULL: not given */
	const char *values[TOOL_OPTIONS]; /* as in struct tool */
	int argc;                         /* operands */
	char **argv;                      /* the first of them */
};

/*
 * Reads main's arguments; argv is reordered. Returns 0, or EX_USAGE: what is
 * wrong has been said on standard error.
 */
int tool_options_parse(int argc, char **argv, struct tool_options *out);

/* Prints the help of a command, or of telltls (NULL). */
void tool_options_help(const struct command *command, FILE *stream);

#endif
