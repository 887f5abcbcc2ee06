/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_suppress.c - telltls suppress: destinations that get nothing */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/json_out.h"
#include "common/log.h"
#include "common/record_uri.h"
#include "common/suppress.h"
#include "common/when.h"
#include "tool/outbox_file.h"
#include "tool/table.h"

enum {
	NUMBER_BUF = 24,
	COLUMNS = 6,
	DAYS_MAX = 3650
};

typedef void (*entry_taker)(
    const struct tool *tool, struct table *t, const struct suppress_entry *e);

static int each(const struct tool *tool, struct ledger *l, struct table *t,
    entry_taker take)
{
	struct record_rua cursor = { .target = "" };
	struct suppress_entry e;
	bool found = true;
	int rc = 0;

	while (rc == 0 && found) {
		rc = suppress_next(l, &cursor, &e, &found);
		if (rc == 0 && found) {
			take(tool, t, &e);
		}
	}
	return rc;
}

/* --- list --- */

static const char *state_of(
    const struct tool *tool, const struct suppress_entry *e)
{
	return tool->now < e->until ? "suppressed" : "watched";
}

/* What is not is an empty cell. */
static struct view few(unsigned n, char out[NUMBER_BUF])
{
	(void)snprintf(out, NUMBER_BUF, "%u", n);
	return view_of(n > 0 ? out : "");
}

static void show_row(const struct tool *tool, struct table *t,
    const struct suppress_entry *e, bool is_measured)
{
	char to[OUTBOX_FILE_TARGET];
	char until[WHEN_RFC3339_BUF];
	char last[WHEN_RFC3339_BUF];
	char bounces[NUMBER_BUF];
	const struct view cells[COLUMNS] = {
		view_of(outbox_file_target(&e->to, to)),
		view_of(state_of(tool, e)),
		view_of(e->until != 0 ? when_rfc3339(e->until, until) : ""),
		few(e->bounces, bounces),
		view_of(e->last != 0 ? when_rfc3339(e->last, last) : ""),
		view_of(e->why),
	};

	if (is_measured) {
		table_measure(t, cells);
	} else {
		table_row(
		    t, cells, tool->now < e->until ? TABLE_WARN : TABLE_PLAIN);
	}
}

static void measure(
    const struct tool *tool, struct table *t, const struct suppress_entry *e)
{
	show_row(tool, t, e, true);
}

static void print(
    const struct tool *tool, struct table *t, const struct suppress_entry *e)
{
	show_row(tool, t, e, false);
}

static void print_json(
    const struct tool *tool, struct table *t, const struct suppress_entry *e)
{
	char to[OUTBOX_FILE_TARGET];
	struct json_out j;

	(void)t;
	json_out_init(&j);
	json_out_begin(&j);
	json_out_text(&j, "kind", view_of("destination"));
	json_out_text(
	    &j, "destination", view_of(outbox_file_target(&e->to, to)));
	json_out_text(&j, "state", view_of(state_of(tool, e)));
	json_out_time(&j, "until", e->until);
	json_out_number(&j, "bounces", e->bounces);
	json_out_time(&j, "last-bounce", e->last);
	json_out_time(&j, "accepted", e->accepted);
	json_out_text(&j, "why", view_of(e->why));
	(void)json_out_end(&j, stdout);
	json_out_release(&j);
}

static int list(const struct tool *tool)
{
	static const struct table_column columns[COLUMNS] = { { "destination",
								  false },
		{ "state", false }, { "until", false }, { "bounces", true },
		{ "last bounce", false }, { "why", false } };

	struct ledger *l = NULL;
	struct table t;
	int code = outbox_file_read(tool, &l);
	int rc = 0;

	table_init(&t, columns, COLUMNS, stdout, tool->has_colour);
	if (code == EX_OK && tool_value(tool, "json") != NULL) {
		rc = each(tool, l, &t, print_json);
	} else if (code == EX_OK) {
		rc = each(tool, l, &t, measure);
		if (rc == 0 && t.width[0] == 0) {
			(void)puts("No destination is suppressed.");
		} else if (rc == 0) {
			table_header(&t);
			rc = each(tool, l, &t, print);
		}
	}
	code = code == EX_OK ? outbox_file_check(tool, l, rc) : code;
	ledger_close(l);
	return code;
}

/* --- add and lift --- */

static int parse_target(const char *text, struct record_rua *out)
{
	char buf[LOG_ESCAPE_BUF];

	if (!record_uri_parse(view_of(text), out)) {
		log_error("%s: expected mailto:ADDRESS or https://..., as in "
			  "the domain's record",
		    log_escape(view_of(text), buf));
		return EX_USAGE;
	}
	return EX_OK;
}

static int parse_until(const struct tool *tool, int64_t *out)
{
	const char *text = tool_value(tool, "days");
	unsigned long long days = SUPPRESS_MAX_S / WHEN_DAY_S;
	char buf[LOG_ESCAPE_BUF];

	if (text != NULL &&
	    (view_number(view_of(text), DAYS_MAX, &days) != 0 || days == 0)) {
		log_error("--days %s: expected a number from 1 to %d",
		    log_escape(view_of(text), buf), (int)DAYS_MAX);
		return EX_USAGE;
	}
	*out = tool->now + (int64_t)days * WHEN_DAY_S;
	return EX_OK;
}

static int add(const struct tool *tool, const struct record_rua *to)
{
	struct ledger *l = NULL;
	char target[OUTBOX_FILE_TARGET];
	char buf[LOG_ESCAPE_BUF];
	char stamp[WHEN_RFC3339_BUF];
	int64_t until = 0;
	int code = parse_until(tool, &until);
	int rc;

	if (code == EX_OK) {
		code = outbox_file_change(tool, &l);
	}
	if (code == EX_OK) {
		rc = suppress_add(l, to, until, "by hand");
		rc = rc == 0 ? ledger_commit(l) : rc;
		code = outbox_file_check(tool, l, rc);
	}
	if (code == EX_OK) {
		(void)printf("Nothing is sent to %s before %s.\n",
		    log_escape(view_of(outbox_file_target(to, target)), buf),
		    when_rfc3339(until, stamp));
	}
	ledger_close(l);
	return code;
}

static int lift(const struct tool *tool, const struct record_rua *to)
{
	struct ledger *l = NULL;
	char target[OUTBOX_FILE_TARGET];
	char buf[LOG_ESCAPE_BUF];
	bool was_there = false;
	int code = outbox_file_change(tool, &l);
	int rc;

	if (code == EX_OK) {
		rc = suppress_lift(l, to, &was_there);
		rc = rc == 0 ? ledger_commit(l) : rc;
		code = outbox_file_check(tool, l, rc);
	}
	(void)log_escape(view_of(outbox_file_target(to, target)), buf);
	if (code == EX_OK && !was_there) {
		log_error("%s is not suppressed", buf);
		code = EX_NOINPUT;
	} else if (code == EX_OK) {
		(void)printf("Reports are sent to %s again.\n", buf);
	}
	ledger_close(l);
	return code;
}

int cmd_suppress(const struct tool *tool, int argc, char **argv)
{
	struct record_rua to;
	char buf[LOG_ESCAPE_BUF];
	bool is_list = strcmp(argv[0], "list") == 0;
	bool is_add = strcmp(argv[0], "add") == 0;
	int code;

	if (!is_list && !is_add && strcmp(argv[0], "lift") != 0) {
		log_error("%s: expected list, add or lift",
		    log_escape(view_of(argv[0]), buf));
		return EX_USAGE;
	}
	if (argc != (is_list ? 1 : 2)) {
		log_error("suppress %s: expected %s", argv[0],
		    is_list ? "nothing more" : "one destination");
		return EX_USAGE;
	}
	if (is_list) {
		return list(tool);
	}
	code = parse_target(argv[1], &to);
	if (code == EX_OK) {
		code = is_add ? add(tool, &to) : lift(tool, &to);
	}
	return code;
}
