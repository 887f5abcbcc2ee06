/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c - the command line, taken apart by the table of commands */

#include "config.h"

#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "tool/options.h"

/* What getopt_long() returns for long options; the command's follow. */
enum {
	OPTION_STATE = 256,
	OPTION_VERSION,
	OPTION_OF_COMMAND,
};

enum {
	GLOBAL = 4,                       /* long options of all commands */
	LONG = GLOBAL + TOOL_OPTIONS + 1, /* and a command's, and the end */
};

/* The long options that may stand with a command, or before one (NULL). */
static void fill_long(const struct command *command, struct option out[LONG])
{
	size_t n = 0;

	out[n++] = (struct option){ "config", required_argument, NULL, 'c' };
	out[n++] =
	    (struct option){ "state", required_argument, NULL, OPTION_STATE };
	out[n++] = (struct option){ "help", no_argument, NULL, 'h' };
	out[n++] =
	    (struct option){ "version", no_argument, NULL, OPTION_VERSION };
	for (int i = 0; command != NULL && command->options[i].name != NULL;
	     i++) {
		const struct tool_option *o = &command->options[i];

		out[n++] = (struct option){ o->name,
			o->value != NULL ? required_argument : no_argument,
			NULL, OPTION_OF_COMMAND + i };
	}
	out[n] = (struct option){ NULL, 0, NULL, 0 };
}

static int fail(const struct command *command)
{
	(void)fprintf(stderr, "Try 'telltls %s%s--help'.\n",
	    command != NULL ? command->name : "", command != NULL ? " " : "");
	return EX_USAGE;
}

/* An option that is not known or has no value. */
static int fail_option(const struct command *command, int c, const char *word)
{
	char buf[LOG_ESCAPE_BUF];
	char shown[3] = { '-', (char)optopt, '\0' };
	bool is_long = strncmp(word, "--", 2) == 0;

	(void)log_escape(view_of(is_long ? word : shown), buf);
	if (c == ':') {
		log_error("%s needs a value", buf);
	} else if (is_long && strchr(word, '=') != NULL && optopt != 0) {
		log_error("%s takes no value", buf);
	} else {
		log_error("unknown option %s", buf);
	}
	return fail(command);
}

/*
 * Takes options up to the first operand (no command yet) or all of them.
 * Returns 0 or EX_USAGE; optind is where operands begin.
 */
static int take(int argc, char **argv, struct tool_options *o)
{
	struct option known[LONG];
	int c;

	fill_long(o->command, known);
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while (
	    (c = getopt_long(argc, argv, o->command == NULL ? "+:c:h" : ":c:h",
		 known, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->conf_path = optarg;
			break;
		case 'h':
			o->what = TOOL_OPTIONS_HELP;
			break;
		case OPTION_STATE:
			o->state = optarg;
			break;
		case OPTION_VERSION:
			o->what = TOOL_OPTIONS_VERSION;
			break;
		case '?':
		case ':':
			return fail_option(o->command, c, argv[optind - 1]);
		default:
			o->values[c - OPTION_OF_COMMAND] =
			    optarg != NULL ? optarg : "";
			break;
		}
	}
	return 0;
}

static int unknown_command(const char *name)
{
	const struct command *best = command_suggest(name);
	char buf[LOG_ESCAPE_BUF];

	(void)log_escape(view_of(name), buf);
	if (best != NULL) {
		log_error(
		    "unknown command %s: did you mean %s?", buf, best->name);
	} else {
		log_error("unknown command %s", buf);
	}
	(void)fputs("Commands:\n", stderr);
	for (const struct command *c = tool_commands; c->name != NULL; c++) {
		(void)fprintf(stderr, "  %-8s  %s\n", c->name, c->help);
	}
	return EX_USAGE;
}

/* "telltls help [COMMAND]" is "telltls [COMMAND] --help". */
static int parse_help(int argc, char **argv, struct tool_options *out)
{
	out->what = TOOL_OPTIONS_HELP;
	out->command = NULL;
	if (argc > 1) {
		out->command = command_find(argv[1]);
		if (out->command == NULL) {
			return unknown_command(argv[1]);
		}
	}
	return 0;
}

static int check_command(const struct tool_options *o)
{
	const struct command *command = o->command;

	for (size_t i = 0; i < TOOL_OPTIONS; i++) {
		if (command->options[i].is_required && o->values[i] == NULL) {
			log_error("%s needs --%s %s", command->name,
			    command->options[i].name,
			    command->options[i].value);
			return fail(command);
		}
	}
	if (o->argc < command->min_operands) {
		log_error("%s needs %s", command->name, command->operands);
		return fail(command);
	}
	if (command->max_operands >= 0 && o->argc > command->max_operands) {
		char buf[LOG_ESCAPE_BUF];

		log_error("%s: %s is too much", command->name,
		    log_escape(view_of(o->argv[command->max_operands]), buf));
		return fail(command);
	}
	return 0;
}

int tool_options_parse(int argc, char **argv, struct tool_options *out)
{
	int rc;

	*out = (struct tool_options){ .what = TOOL_OPTIONS_RUN };
	rc = take(argc, argv, out);
	if (rc != 0 || out->what != TOOL_OPTIONS_RUN) {
		return rc;
	}
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		tool_options_help(NULL, stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[0], "help") == 0) {
		return parse_help(argc, argv, out);
	}
	out->command = command_find(argv[0]);
	if (out->command == NULL) {
		return unknown_command(argv[0]);
	}
	rc = take(argc, argv, out);
	if (rc != 0 || out->what != TOOL_OPTIONS_RUN) {
		return rc;
	}
	out->argc = argc - optind;
	out->argv = argv + optind;
	return check_command(out);
}

static void help_row(
    const char *name, const char *value, const char *text, FILE *stream)
{
	int width =
	    (int)strlen(name) + (value != NULL ? (int)strlen(value) : -1);

	(void)fprintf(stream, "  --%s%s%s%*s  %s\n", name,
	    value != NULL ? " " : "", value != NULL ? value : "",
	    width < 16 ? 16 - width : 0, "", text);
}

static void help_globals(FILE *stream)
{
	(void)fprintf(stream,
	    "  -c FILE              configuration; default: %s\n", CONF_FILE);
	help_row("state", "DIR", "directory of the tallies", stream);
	help_row("help", NULL, "show this", stream);
}

static void help_all(FILE *stream)
{
	(void)fputs("Usage: telltls [-c FILE] [--state DIR] COMMAND ...\n"
		    "Looks into what telltls has counted.\n\nCommands:\n",
	    stream);
	for (const struct command *c = tool_commands; c->name != NULL; c++) {
		(void)fprintf(stream, "  %-8s  %s\n", c->name, c->help);
	}
	(void)fputs("\nOptions, before or after the command:\n", stream);
	help_globals(stream);
	help_row("version", NULL, "show the version", stream);
	(void)fputs(
	    "\n'telltls COMMAND --help' says more. See telltls(1).\n", stream);
}

void tool_options_help(const struct command *command, FILE *stream)
{
	if (command == NULL) {
		help_all(stream);
		return;
	}
	(void)fprintf(stream, "Usage: telltls %s", command->name);
	for (const struct tool_option *o = command->options; o->name != NULL;
	     o++) {
		(void)fprintf(stream, " %s--%s%s%s%s",
		    o->is_required ? "" : "[", o->name,
		    o->value != NULL ? " " : "",
		    o->value != NULL ? o->value : "",
		    o->is_required ? "" : "]");
	}
	(void)fprintf(stream, "%s%s\n%s: %s.\n\nOptions:\n",
	    command->operands[0] != '\0' ? " " : "", command->operands,
	    command->name, command->help);
	for (const struct tool_option *o = command->options; o->name != NULL;
	     o++) {
		help_row(o->name, o->value, o->help, stream);
	}
	help_globals(stream);
}
