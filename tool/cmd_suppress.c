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
	COLUMNS = 7,
	DAYS_MAX = 3650
};

/* What add and lift are about, and list if has_domain. */
struct request {
	struct record_rua to;
	bool has_domain;
	char domain[DOMAIN_BUF]; /* or "": all */
};

typedef void (*entry_taker)(
    const struct tool *tool, struct table *t, const struct suppress_entry *e);

/* Is this of what was asked for? What is for all domains is for each. */
static bool is_wanted(const struct request *r, const struct suppress_entry *e)
{
	return !r->has_domain || e->domain[0] == '\0' ||
	    strcmp(e->domain, r->domain) == 0;
}

static int each(const struct tool *tool, struct ledger *l,
    const struct request *r, struct table *t, entry_taker take)
{
	struct suppress_entry e = { .domain = "" };
	bool found = true;
	int rc = 0;

	while (rc == 0 && found) {
		rc = suppress_next(l, &e, &found);
		if (rc == 0 && found && is_wanted(r, &e)) {
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

static struct view domain_of(const struct suppress_entry *e)
{
	return view_of(e->domain[0] != '\0' ? e->domain : "all");
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
		domain_of(e),
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
	json_out_text(&j, "domain", domain_of(e));
	json_out_text(&j, "state", view_of(state_of(tool, e)));
	json_out_time(&j, "until", e->until);
	json_out_number(&j, "bounces", e->bounces);
	json_out_time(&j, "last-bounce", e->last);
	json_out_time(&j, "accepted", e->accepted);
	json_out_text(&j, "why", view_of(e->why));
	(void)json_out_end(&j, stdout);
	json_out_release(&j);
}

static int list(const struct tool *tool, const struct request *r)
{
	static const struct table_column columns[COLUMNS] = {
		{ "destination", false }, { "domain", false },
		{ "state", false }, { "until", false }, { "bounces", true },
		{ "last bounce", false }, { "why", false }
	};

	struct ledger *l = NULL;
	struct table t;
	int code = outbox_file_read(tool, &l);
	int rc = 0;

	table_init(&t, columns, COLUMNS, stdout, tool->has_colour);
	if (code == EX_OK && tool_value(tool, "json") != NULL) {
		rc = each(tool, l, r, &t, print_json);
	} else if (code == EX_OK) {
		rc = each(tool, l, r, &t, measure);
		if (rc == 0 && t.width[0] == 0) {
			(void)puts("No destination is suppressed.");
		} else if (rc == 0) {
			table_header(&t);
			rc = each(tool, l, r, &t, print);
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

static int parse_domain(const struct tool *tool, struct request *out)
{
	out->has_domain = tool_value(tool, "domain") != NULL;
	return tool_domain(tool, "domain", out->domain);
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

static int add(const struct tool *tool, const struct request *r)
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
		rc = suppress_add(l, &r->to, r->domain, until, "by hand");
		rc = rc == 0 ? ledger_commit(l) : rc;
		code = outbox_file_check(tool, l, rc);
	}
	if (code == EX_OK) {
		(void)printf("Nothing%s%s is sent to %s before %s.\n",
		    r->has_domain ? " of " : "", r->domain,
		    log_escape(
			view_of(outbox_file_target(&r->to, target)), buf),
		    when_rfc3339(until, stamp));
	}
	ledger_close(l);
	return code;
}

/* What is lifted for one domain may still be suppressed for all. */
static int say_lifted(
    const struct request *r, bool was_there, bool is_suppressed)
{
	char target[OUTBOX_FILE_TARGET];
	char to[LOG_ESCAPE_BUF];

	(void)log_escape(view_of(outbox_file_target(&r->to, target)), to);
	if (!was_there) {
		log_error("%s is not suppressed%s%s", to,
		    r->has_domain ? " for just " : "", r->domain);
		return EX_NOINPUT;
	}
	if (is_suppressed) {
		(void)printf("%s is still suppressed for all domains.\n", to);
	} else {
		(void)printf("Reports%s%s are sent to %s again.\n",
		    r->has_domain ? " of " : "", r->domain, to);
	}
	return EX_OK;
}

static int lift(const struct tool *tool, const struct request *r)
{
	struct ledger *l = NULL;
	bool was_there = false;
	bool is_suppressed = false;
	int code = outbox_file_change(tool, &l);
	int rc;

	if (code == EX_OK) {
		rc = suppress_lift(
		    l, &r->to, r->has_domain ? r->domain : NULL, &was_there);
		rc = rc == 0 ? ledger_commit(l) : rc;
		rc = rc == 0 ? suppress_find(l, &r->to, r->domain, tool->now,
				   &is_suppressed) :
			       rc;
		code = outbox_file_check(tool, l, rc);
	}
	if (code == EX_OK) {
		code = say_lifted(r, was_there, is_suppressed);
	}
	ledger_close(l);
	return code;
}

int cmd_suppress(const struct tool *tool, int argc, char **argv)
{
	struct request r = { .domain = "" };
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
	code = parse_domain(tool, &r);
	if (code == EX_OK && is_list) {
		return list(tool, &r);
	}
	if (code == EX_OK) {
		code = parse_target(argv[1], &r.to);
	}
	if (code == EX_OK) {
		code = is_add ? add(tool, &r) : lift(tool, &r);
	}
	return code;
}
