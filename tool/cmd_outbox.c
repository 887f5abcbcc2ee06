/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_outbox.c - telltls outbox: what waits, and what became of the rest
 *
 * There may be millions of items, most of them sent: those are shown only of a
 * domain or day that was asked for, and else counted.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "common/json_out.h"
#include "common/when.h"
#include "tool/outbox_file.h"
#include "tool/table.h"

enum {
	NUMBER_BUF = 24,
	QUERIES = 2,
	COLUMNS = 8
};

struct request {
	const struct tool *tool;
	struct ledger *ledger;
	char domain[DOMAIN_BUF]; /* "": all */
	int64_t day;             /* 0: all */
	/* one after another gives all that is to be shown */
	struct outbox_query queries[QUERIES];
	size_t n_queries;
	struct table table;
	struct outbox_counts counts;
	int64_t since; /* 0: not enabled */
};

static int parse(struct request *r)
{
	const char *domain = tool_value(r->tool, "domain");
	const char *day = tool_value(r->tool, "day");

	if (tool_domain(r->tool, "domain", r->domain) != EX_OK ||
	    tool_day(r->tool, "day", &r->day) != EX_OK) {
		return EX_USAGE;
	}
	if (domain != NULL || day != NULL) {
		r->queries[r->n_queries++] =
		    (struct outbox_query){ .day = r->day,
			    .domain = domain != NULL ? r->domain : NULL };
	} else {
		r->queries[r->n_queries++] =
		    (struct outbox_query){ .is_open = true };
		r->queries[r->n_queries++] =
		    (struct outbox_query){ .is_failed = true };
	}
	return EX_OK;
}

/* Does something with each item that is to be shown. */
typedef void (*item_taker)(struct request *r, const struct outbox_item *item);

static int each(struct request *r, item_taker take)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->n_queries; i++) {
		struct outbox_query q = r->queries[i];
		struct outbox_item item;
		bool found = true;

		while (rc == 0 && found) {
			rc = outbox_next(r->ledger, &q, &item, &found);
			if (rc == 0 && found) {
				q.after_id = item.id;
				take(r, &item);
			}
		}
	}
	return rc;
}

/* What was asked for is counted as it is shown; the rest all at once. */
static void count(struct request *r, const struct outbox_item *item)
{
	struct outbox_counts *c = &r->counts;

	c->n[item->state]++;
	if (item->state == OUTBOX_WAITING) {
		c->due += outbox_is_due(item, r->tool->now);
		if (c->next_try == 0 || item->next_try < c->next_try) {
			c->next_try = item->next_try;
		}
	}
}

static int find_counts(struct request *r)
{
	int rc = outbox_enabled(r->ledger, &r->since);

	if (rc != 0) {
		return rc;
	}
	return r->domain[0] != '\0' || r->day != 0 ?
	    each(r, count) :
	    outbox_count(r->ledger, r->tool->now, &r->counts);
}

/* --- text --- */

static const char *stamp(int64_t t, char out[WHEN_RFC3339_BUF])
{
	return t != 0 ? when_rfc3339(t, out) : "";
}

/* What is not is an empty cell. */
static struct view few(unsigned n, char out[NUMBER_BUF])
{
	(void)snprintf(out, NUMBER_BUF, "%u", n);
	return view_of(n > 0 ? out : "");
}

/* Tone is NULL to measure. */
static void show_row(struct request *r, const struct outbox_item *item,
    const enum table_tone *tone)
{
	bool waits = item->state == OUTBOX_WAITING;
	char to[OUTBOX_FILE_TARGET];
	char date[WHEN_DATE_BUF];
	char last[WHEN_RFC3339_BUF];
	char next[WHEN_RFC3339_BUF];
	char tries[NUMBER_BUF];
	const struct view cells[COLUMNS] = {
		view_of(when_date(item->day, date)),
		view_of(item->domain),
		view_of(outbox_file_target(&item->to, to)),
		view_of(outbox_state_word(item->state)),
		few(item->tries, tries),
		view_of(stamp(item->last_try, last)),
		view_of(stamp(waits ? item->next_try : 0, next)),
		view_of(item->answer),
	};

	if (tone == NULL) {
		table_measure(&r->table, cells);
	} else {
		table_row(&r->table, cells, *tone);
	}
}

static void measure(struct request *r, const struct outbox_item *item)
{
	show_row(r, item, NULL);
}

static void print(struct request *r, const struct outbox_item *item)
{
	const enum table_tone tone =
	    item->state == OUTBOX_WAITING || item->state == OUTBOX_SENT ?
	    TABLE_PLAIN :
	    TABLE_WARN;

	show_row(r, item, &tone);
}

static void print_counts(const struct request *r)
{
	static const struct table_column columns[] = { { "waiting", true },
		{ "due now", true }, { "next due", false }, { "sent", true },
		{ "bounced", true }, { "given up", true },
		{ "suppressed", true } };

	const struct outbox_counts *c = &r->counts;
	const uint64_t n[] = { c->n[OUTBOX_WAITING], c->due, c->n[OUTBOX_SENT],
		c->n[OUTBOX_BOUNCED], c->n[OUTBOX_GIVEN_UP],
		c->n[OUTBOX_SUPPRESSED] };
	char text[6][NUMBER_BUF];
	char next[WHEN_RFC3339_BUF];
	struct view cells[7];
	struct table t;

	for (size_t i = 0; i < 6; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "%" PRIu64, n[i]);
		cells[i < 2 ? i : i + 1] = view_of(text[i]);
	}
	cells[2] = view_of(stamp(c->next_try, next));
	table_init(&t, columns, 7, stdout, r->tool->has_colour);
	table_measure(&t, cells);
	table_header(&t);
	table_row(&t, cells, TABLE_PLAIN);
}

static int show_text(struct request *r)
{
	static const struct table_column columns[COLUMNS] = { { "day", false },
		{ "domain", false }, { "destination", false },
		{ "state", false }, { "tries", true }, { "last try", false },
		{ "next try", false }, { "answer", false } };

	int rc;

	table_init(&r->table, columns, COLUMNS, stdout, r->tool->has_colour);
	rc = each(r, measure);
	if (rc == 0 && r->table.width[0] > 0) {
		table_header(&r->table);
		rc = each(r, print);
		(void)putchar('\n');
	}
	if (rc == 0) {
		print_counts(r);
	}
	if (rc == 0 && r->since == 0) {
		(void)puts("\nSending is not enabled: nothing leaves before "
			   "'telltls enable'.");
	}
	return rc;
}

/* --- JSON --- */

static void print_json(struct request *r, const struct outbox_item *item)
{
	char to[OUTBOX_FILE_TARGET];
	char date[WHEN_DATE_BUF];
	struct json_out j;

	(void)r;
	json_out_init(&j);
	json_out_begin(&j);
	json_out_text(&j, "kind", view_of("item"));
	json_out_text(&j, "day", view_of(when_date(item->day, date)));
	json_out_text(&j, "domain", view_of(item->domain));
	json_out_text(
	    &j, "destination", view_of(outbox_file_target(&item->to, to)));
	json_out_text(&j, "state", view_of(outbox_state_word(item->state)));
	json_out_number(&j, "tries", item->tries);
	json_out_time(&j, "first-try", item->first_try);
	json_out_time(&j, "last-try", item->last_try);
	json_out_time(
	    &j, "next-try", item->state == OUTBOX_WAITING ? item->next_try : 0);
	json_out_text(&j, "answer", view_of(item->answer));
	json_out_text(&j, "file", view_of(item->file));
	json_out_number(&j, "number", item->number);
	(void)json_out_end(&j, stdout);
	json_out_release(&j);
}

static int show_json(struct request *r)
{
	const struct outbox_counts *c = &r->counts;
	char date[WHEN_DATE_BUF];
	struct json_out j;
	int rc = each(r, print_json);

	json_out_init(&j);
	json_out_begin(&j);
	json_out_text(&j, "kind", view_of("outbox"));
	json_out_bool(&j, "enabled", r->since != 0);
	json_out_text(&j, "since",
	    view_of(r->since != 0 ? when_date(r->since, date) : ""));
	for (int i = OUTBOX_WAITING; i <= OUTBOX_SUPPRESSED; i++) {
		json_out_number(
		    &j, outbox_state_word((enum outbox_state)i), c->n[i]);
	}
	json_out_number(&j, "due", c->due);
	json_out_time(&j, "next-try", c->next_try);
	if (rc == 0) {
		(void)json_out_end(&j, stdout);
	}
	json_out_release(&j);
	return rc;
}

int cmd_outbox(const struct tool *tool, int argc, char **argv)
{
	struct request r = { .tool = tool };
	int code = parse(&r);
	int rc;

	(void)argc;
	(void)argv;
	if (code == EX_OK) {
		code = outbox_file_read(tool, &r.ledger);
	}
	if (code == EX_OK) {
		rc = find_counts(&r);
		if (rc == 0) {
			rc = tool_value(tool, "json") != NULL ? show_json(&r) :
								show_text(&r);
		}
		code = outbox_file_check(tool, r.ledger, rc);
	}
	ledger_close(r.ledger);
	return code;
}
