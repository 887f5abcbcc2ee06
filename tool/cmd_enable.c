/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_enable.c - telltls enable, disable: leave to send
 *
 * Nobody gets a report before a person has seen what would go where, and has
 * said yes to it.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/when.h"
#include "tool/enable_sender.h"
#include "tool/outbox_file.h"
#include "tool/table.h"

enum {
	NUMBER_BUF = 24,
	TARGETS = 10,
	SINCE_ALL = 1, /* outbox_enable(): no day is before it */
	MISSING_MAX = 64 * 1024,
	EXIT_DECLINED = 1
};

static void show(const char *name, const char *value)
{
	(void)printf("%-18s  %s\n", name, value);
}

static void show_number(const char *name, uint64_t n)
{
	char buf[NUMBER_BUF];

	(void)snprintf(buf, sizeof(buf), "%" PRIu64, n);
	show(name, buf);
}

/* --- what would go where --- */

/* Prints a row, or measures it when it is not to be printed yet. */
static void show_target(
    struct table *t, const struct outbox_target *target, bool is_printed)
{
	char to[OUTBOX_FILE_TARGET];
	char number[NUMBER_BUF];
	struct view cells[2];

	(void)snprintf(number, sizeof(number), "%" PRIu64, target->items);
	cells[0] = view_of(outbox_file_target(&target->to, to));
	cells[1] = view_of(number);
	if (is_printed) {
		table_row(t, cells, TABLE_PLAIN);
	} else {
		table_measure(t, cells);
	}
}

static int show_targets(
    const struct tool *tool, struct ledger *l, int64_t since, uint64_t all)
{
	static const struct table_column columns[] = { { "destination", false },
		{ "reports", true } };

	struct outbox_target targets[TARGETS];
	struct table t;
	size_t n = 0;
	int rc = outbox_targets(l, since, targets, TARGETS, &n);

	if (rc != 0 || n == 0) {
		return rc;
	}
	table_init(&t, columns, 2, stdout, tool->has_colour);
	for (size_t i = 0; i < n; i++) {
		show_target(&t, &targets[i], false);
	}
	(void)putchar('\n');
	table_header(&t);
	for (size_t i = 0; i < n; i++) {
		show_target(&t, &targets[i], true);
	}
	if (all > n) {
		(void)printf("and %" PRIu64
			     " more: 'telltls outbox' shows all\n",
		    all - n);
	}
	return 0;
}

static void show_days(int64_t since, uint64_t older)
{
	char date[WHEN_DATE_BUF];
	char text[2 * NUMBER_BUF + WHEN_DATE_BUF];

	(void)snprintf(
	    text, sizeof(text), "%s and later", when_date(since, date));
	show("Days", since == SINCE_ALL ? "all" : text);
	if (older > 0) {
		(void)snprintf(text, sizeof(text),
		    "%" PRIu64 ", never sent but with --all", older);
		show("Reports before", text);
	}
}

static int show_plan(const struct tool *tool, struct ledger *l, int64_t since)
{
	struct outbox_summary all;
	struct outbox_summary now;
	int rc = outbox_summary(l, since, &now);

	rc = rc == 0 ? outbox_summary(l, INT64_MIN, &all) : rc;
	if (rc != 0) {
		return rc;
	}
	show_days(since, all.reports - now.reports);
	show_number("Reports that wait", now.reports);
	show_number("Of domains", now.domains);
	show_number("To destinations", now.targets);
	show_number("By mail", now.mails);
	show_number("By HTTPS", now.uploads);
	enable_sender_show(&tool->conf, show);
	return show_targets(tool, l, since, now.targets);
}

/* --- yes or no --- */

/* One message for each line of the text. */
static void show_missing(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		log_error("%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static int check_missing(const struct tool *tool)
{
	struct strbuf missing;
	int code = EX_OK;

	strbuf_init(&missing, MISSING_MAX);
	enable_sender_missing(&tool->conf, tool->conf_path, &missing);
	if (missing.len > 0) {
		(void)fflush(stdout);
		show_missing(strbuf_str(&missing));
		log_error("nothing is enabled while this is missing");
		code = EX_CONFIG;
	}
	strbuf_release(&missing);
	return code;
}

static int confirm(const struct tool *tool)
{
	char answer[16] = "";

	if (tool_value(tool, "yes") != NULL) {
		return EX_OK;
	}
	if (isatty(STDIN_FILENO) != 1 || !tool->is_terminal) {
		(void)fflush(stdout);
		log_error("nothing is enabled: there is no terminal to ask "
			  "on; --yes confirms it");
		return EX_USAGE;
	}
	(void)fputs("\nSend these, and from now on each report when it is "
		    "due? [y/N] ",
	    stdout);
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
	    (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0)) {
		return EX_OK;
	}
	(void)puts("Nothing is enabled.");
	return EXIT_DECLINED;
}

static int set(const struct tool *tool, struct ledger *l, int64_t since)
{
	int rc = outbox_enable(l, since);

	rc = rc == 0 ? ledger_commit(l) : rc;
	return outbox_file_check(tool, l, rc);
}

/* --- commands --- */

static int enable(const struct tool *tool, struct ledger *l, int64_t since)
{
	int code = outbox_file_check(tool, l, show_plan(tool, l, since));

	if (code == EX_OK) {
		code = check_missing(tool);
	}
	if (code == EX_OK) {
		code = confirm(tool);
	}
	if (code == EX_OK) {
		code = set(tool, l, since);
	}
	if (code == EX_OK) {
		(void)puts("\nSending is enabled: the next run of "
			   "telltls-report sends what is due.");
	}
	return code;
}

/* The first day whose reports are to be sent. */
static int parse_since(const struct tool *tool, int64_t *out)
{
	const char *day = tool_value(tool, "since");
	bool is_all = tool_value(tool, "all") != NULL;
	char buf[LOG_ESCAPE_BUF];

	*out = is_all ? SINCE_ALL : when_day(tool->now) - WHEN_DAY_S;
	if (day == NULL) {
		return EX_OK;
	}
	if (is_all) {
		log_error("enable: expected one of --all and --since");
		return EX_USAGE;
	}
	if (when_parse_date(view_of(day), out) != 0 || *out < SINCE_ALL) {
		log_error("--since %s: expected a day like 2026-11-22",
		    log_escape(view_of(day), buf));
		return EX_USAGE;
	}
	return EX_OK;
}

/* Has it been said already? Without a day that is named, any will do. */
static bool is_enabled(const struct tool *tool, int64_t is, int64_t wanted)
{
	bool is_named = tool_value(tool, "all") != NULL ||
	    tool_value(tool, "since") != NULL;

	return is != 0 && (!is_named || is == wanted);
}

int cmd_enable(const struct tool *tool, int argc, char **argv)
{
	struct ledger *l = NULL;
	char date[WHEN_DATE_BUF];
	int64_t since = 0;
	int64_t wanted;
	int code = parse_since(tool, &wanted);

	(void)argc;
	(void)argv;
	if (code == EX_OK) {
		code = outbox_file_change(tool, &l);
	}
	if (code == EX_OK) {
		code = outbox_file_check(tool, l, outbox_enabled(l, &since));
	}
	if (code == EX_OK && is_enabled(tool, since, wanted)) {
		(void)printf(
		    "Sending is enabled already, for reports of %s%s.\n",
		    since == SINCE_ALL ? "all days" : when_date(since, date),
		    since == SINCE_ALL ? "" : " and later days");
	} else if (code == EX_OK) {
		code = enable(tool, l, wanted);
	}
	ledger_close(l);
	return code;
}

int cmd_disable(const struct tool *tool, int argc, char **argv)
{
	struct outbox_counts counts = { .due = 0 };
	struct ledger *l = NULL;
	int64_t since = 0;
	int code = outbox_file_change(tool, &l);

	(void)argc;
	(void)argv;
	if (code == EX_OK) {
		code = outbox_file_check(tool, l, outbox_enabled(l, &since));
	}
	if (code == EX_OK && since != 0) {
		code = set(tool, l, 0);
	}
	if (code == EX_OK) {
		code = outbox_file_check(
		    tool, l, outbox_count(l, tool->now, &counts));
	}
	if (code == EX_OK) {
		(void)printf("Sending %s. Waiting: %" PRIu64 ".\n",
		    since != 0 ? "is disabled now" : "was not enabled",
		    counts.n[OUTBOX_WAITING]);
	}
	ledger_close(l);
	return code;
}
