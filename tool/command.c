/* SPDX-License-Identifier: BSD-2-Clause */
/* command.c - the table of commands */

#include "config.h"

#include <assert.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/nearest.h"
#include "common/when.h"
#include "tool/tool.h"

/* In the order of the help. A test compares the manual page with it. */
const struct command tool_commands[] = {
	{ .name = "bounce",
	    .help = "take a mail that came back from an alias",
	    .operands = "",
	    .options = { { "recipient", "ADDRESS",
			     "whom it was delivered to; default: as it says",
			     false },
		{ "run", "DIR", "directory of the daemon's sockets", false } },
	    .is_lenient = true,
	    .run = cmd_bounce },
	{ .name = "check",
	    .help = "the transport security of a domain, as senders see it",
	    .operands = "[DOMAIN]",
	    .max_operands = 1,
	    .options = { { "json", NULL, "one JSON object a line", false },
		{ "no-probe", NULL, "connect to no mail server", false },
		{ "sender", NULL,
		    "instead of a domain: is this site ready to send reports?",
		    false } },
	    .run = cmd_check },
	{ .name = "disable",
	    .help = "send no more reports",
	    .operands = "",
	    .run = cmd_disable },
	{ .name = "enable",
	    .help = "show what would be sent where, and begin to send",
	    .operands = "",
	    .options = { { "all", NULL, "also reports of days before yesterday",
			     false },
		{ "since", "DAY", "reports of this day and later ones", false },
		{ "yes", NULL, "do not ask", false } },
	    .run = cmd_enable },
	{ .name = "explain",
	    .help = "a domain's day, from what was seen to its report",
	    .operands = "DOMAIN",
	    .min_operands = 1,
	    .max_operands = 1,
	    .options = { { "day", "DAY",
			     "that day, like 2026-11-22; default: the domain's "
			     "last",
			     false },
		{ "offline", NULL, "do not look up the domain's record",
		    false },
		{ "json", NULL, "one JSON object", false } },
	    .run = cmd_explain },
	{ .name = "metrics",
	    .help = "the state as numbers, for a monitoring system",
	    .operands = "",
	    .run = cmd_metrics },
	{ .name = "outbox",
	    .help = "reports on their way: what waits, what failed and why",
	    .operands = "",
	    .options = { { "day", "DAY", "all of this day, like 2026-11-22",
			     false },
		{ "domain", "DOMAIN", "all of this domain", false },
		{ "json", NULL, "one JSON object a line", false } },
	    .run = cmd_outbox },
	{ .name = "replay",
	    .help = "apply logs to the tally, exactly once",
	    .operands = "LOG...",
	    .min_operands = 1,
	    .max_operands = -1,
	    .options = { { "mta", "NAME", "MTA that wrote the logs", true },
		{ "feed", "NAME", "feed to apply them to; default: the MTA's",
		    false },
		{ "last", NULL,
		    "no line follows: what is open at the end is over", false },
		{ "no-lookup", NULL, "look up no policies: judge nothing",
		    false },
		{ "seal", NULL, "seal every day after the logs", false },
		{ "until", "DAY",
		    "day of the last line, for stamps without "
		    "a year",
		    false } },
	    .run = cmd_replay },
	{ .name = "rules",
	    .help = "what the rules for destinations come to for a domain",
	    .operands = "test DOMAIN",
	    .min_operands = 2,
	    .max_operands = 2,
	    .options = { { "record", "TEXT",
		"as if the domain had this record; nothing is looked up",
		false } },
	    .run = cmd_rules },
	{ .name = "status",
	    .help = "what each feed and each day holds, and what is wrong",
	    .operands = "",
	    .options = { { "json", NULL, "one JSON object a line", false } },
	    .run = cmd_status },
	{ .name = "suppress",
	    .help = "destinations that get no reports for a time",
	    .operands = "list | add DEST | lift DEST",
	    .min_operands = 1,
	    .max_operands = 2,
	    .options = { { "days", "N", "add: for so many days; default: 180",
			     false },
		{ "domain", "DOMAIN", "only for reports of this domain",
		    false },
		{ "json", NULL, "list: one JSON object a line", false } },
	    .run = cmd_suppress },
	{ .name = "tally",
	    .help = "what was counted: facts and their sessions",
	    .operands = "",
	    .options = { { "day", "DAY", "only this day, like 2026-11-22",
			     false },
		{ "domain", "DOMAIN", "only this recipient domain", false },
		{ "json", NULL, "one JSON object a line", false } },
	    .run = cmd_tally },
	{ .name = NULL },
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = tool_commands; c->name != NULL; c++) {
		if (strcmp(c->name, name) == 0) {
			return c;
		}
	}
	return NULL;
}

const struct command *command_suggest(const char *name)
{
	const struct command *best = NULL;
	unsigned least = NEAREST_MAX;

	for (const struct command *c = tool_commands; c->name != NULL; c++) {
		unsigned d = nearest_distance(view_of(name), view_of(c->name));

		if (nearest_is_near(d, view_of(name)) && d < least) {
			best = c;
			least = d;
		}
	}
	return best;
}

const char *tool_value(const struct tool *tool, const char *name)
{
	const struct tool_option *options = tool->command->options;

	for (size_t i = 0; i < TOOL_OPTIONS; i++) {
		if (options[i].name != NULL &&
		    strcmp(options[i].name, name) == 0) {
			return tool->values[i];
		}
	}
	assert(false); /* the command has no such option */
	return NULL;
}

int tool_domain(const struct tool *tool, const char *name, char out[DOMAIN_BUF])
{
	const char *value = tool_value(tool, name);
	char buf[LOG_ESCAPE_BUF];

	if (value != NULL && domain_normalise(view_of(value), out) < 0) {
		log_error("--%s %s: expected a domain", name,
		    log_escape(view_of(value), buf));
		return EX_USAGE;
	}
	return EX_OK;
}

int tool_day(const struct tool *tool, const char *name, int64_t *out)
{
	const char *value = tool_value(tool, name);
	char buf[LOG_ESCAPE_BUF];

	if (value != NULL && when_parse_date(view_of(value), out) != 0) {
		log_error("--%s %s: expected a day like 2026-11-22", name,
		    log_escape(view_of(value), buf));
		return EX_USAGE;
	}
	return EX_OK;
}
