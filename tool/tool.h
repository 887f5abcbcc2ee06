/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/domain.h"

/*
 * What all commands of telltls share. A command is one row of the table in
 * command.c and one file cmd_NAME.c. Options and operands are taken apart
 * (options.c) and the configuration is read before a command runs, so that
 * a command asks tool_value() for its options and finds only operands in
 * argv.
 */

enum {
	TOOL_OPTIONS = 8
}; /* options of one command, at most */

/* One option of a command; always long: "--name". */
struct tool_option {
	const char *name;  /* without the dashes; NULL ends a list */
	const char *value; /* what stands for its value in help: "DAY"; NULL: it
	                      takes none */
	const char *help;  /* one line */
	bool is_required;  /* without it: usage error */
};

struct tool;

struct command {
	const char *name;
	const char *help;     /* one line */
	const char *operands; /* for the usage line: "LOG..."; "" for none */
	int min_operands;     /* fewer: usage error */
	int max_operands;     /* more: usage error; -1: any number */
	struct tool_option options[TOOL_OPTIONS + 1];
	bool is_lenient; /* without a configuration that can be read, the
	                    defaults do */
	/*
	 * argv holds the argc operands only (argv[0] is the first). Returns an
	 * exit code of sysexits(3). Errors go to log_error(), results to
	 * standard output; output errors are found by main.
	 */
	int (*run)(const struct tool *tool, int argc, char **argv);
};

struct tool {
	struct conf conf;      /* read, or the defaults */
	const char *conf_path; /* the file, for messages */
	const char *state;     /* --state, or what the configuration says */
	int64_t now;           /* the time when the program started */
	bool is_terminal;      /* standard output is a terminal */
	bool has_colour;       /* is_terminal, and NO_COLOR is not set */
	bool has_progress;     /* standard error is a terminal */
	const struct command *command;
	const char *values[TOOL_OPTIONS]; /* use tool_value() */
};

/* The commands, ended by a row whose name is NULL. */
extern const struct command tool_commands[];

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);

/* The command whose name is nearest to a wrong one, or NULL. */
const struct command *command_suggest(const char *name);

/*
 * The value of one of the command's own options: NULL when it was not given,
 * "" for an option without value that was. The last one counts.
 */
const char *tool_value(const struct tool *tool, const char *name);

/*
 * The same as a normalised domain, and as the first second of a day: out stays
 * as it is where the option was not given. Returns EX_OK; EX_USAGE, which was
 * logged.
 */
int tool_domain(
    const struct tool *tool, const char *name, char out[DOMAIN_BUF]);
int tool_day(const struct tool *tool, const char *name, int64_t *out);

int cmd_bounce(const struct tool *tool, int argc, char **argv);
int cmd_check(const struct tool *tool, int argc, char **argv);
int cmd_disable(const struct tool *tool, int argc, char **argv);
int cmd_enable(const struct tool *tool, int argc, char **argv);
int cmd_explain(const struct tool *tool, int argc, char **argv);
int cmd_metrics(const struct tool *tool, int argc, char **argv);
int cmd_outbox(const struct tool *tool, int argc, char **argv);
int cmd_replay(const struct tool *tool, int argc, char **argv);
int cmd_rules(const struct tool *tool, int argc, char **argv);
int cmd_status(const struct tool *tool, int argc, char **argv);
int cmd_suppress(const struct tool *tool, int argc, char **argv);
int cmd_tally(const struct tool *tool, int argc, char **argv);

#endif
