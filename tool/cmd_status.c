/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_status.c - telltls status: the state, as text for a person */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/dns_health.h"
#include "common/err.h"
#include "common/log.h"
#include "common/when.h"
#include "tool/days.h"
#include "tool/status.h"
#include "tool/table.h"

enum {
	NUMBER_BUF = 48,
	ERROR_BUF = LIVE_TEXT + NUMBER_BUF,
	EXIT_WRONG = 1, /* something is wrong with the state, not with us */
};

/* These are no drops: they have their own columns. */
static bool is_drop(enum counter c)
{
	return c != COUNTER_LINES && c != COUNTER_RECORDS &&
	    c != COUNTER_SESSIONS && c != COUNTER_RULES &&
	    c != COUNTER_RULES_BYTES && c != COUNTER_DATAGRAMS;
}

static struct view number(uint64_t n, char out[NUMBER_BUF])
{
	(void)snprintf(out, NUMBER_BUF, "%" PRIu64, n);
	return view_of(out);
}

/* How long ago: the two largest units of it. */
static struct view age(int64_t now, int64_t t, char out[NUMBER_BUF])
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" },
		{ 1, "s" } };

	int64_t left = now - t;
	size_t i = 0;

	if (left < 0) {
		return view_of("in the future");
	}
	while (i < 3 && left < units[i].s) {
		i++;
	}
	if (i == 3) {
		(void)snprintf(out, NUMBER_BUF, "%" PRId64 "s", left);
	} else {
		(void)snprintf(out, NUMBER_BUF, "%" PRId64 "%s %" PRId64 "%s",
		    left / units[i].s, units[i].unit,
		    left % units[i].s / units[i + 1].s, units[i + 1].unit);
	}
	return view_of(out);
}

/* A row of each thing, for table_show(). */
typedef void (*row_writer)(const struct status *s, size_t i,
    struct table *measured, const struct table *printed);

static void give(struct table *measured, const struct table *printed,
    const struct view *cells, enum table_tone tone)
{
	if (measured != NULL) {
		table_measure(measured, cells);
	} else {
		table_row(printed, cells, tone);
	}
}

static void feed_row(const struct status *s, size_t i, struct table *measured,
    const struct table *printed)
{
	const struct status_feed *feed = &s->feeds[i];
	char n[5][NUMBER_BUF];
	char buf[NUMBER_BUF];
	char stamp[WHEN_RFC3339_BUF];
	bool is_known = feed->read.t != 0;
	const struct view cells[] = {
		view_of(feed->name),
		view_of(feed->mta),
		number(feed->counters[COUNTER_LINES], n[0]),
		number(feed->counters[COUNTER_SESSIONS], n[1]),
		feed->counters[COUNTER_RULES] > 0 ?
		    number(feed->counters[COUNTER_RULES], n[3]) :
		    view_of(""),
		feed->counters[COUNTER_RULES] > 0 ?
		    number(feed->counters[COUNTER_RULES_BYTES], n[4]) :
		    view_of(""),
		view_of(
		    is_known ? when_rfc3339(feed->read.t, stamp) : "nothing"),
		is_known ? age(s->tool->now, feed->read.t, buf) : view_of(""),
		number(feed->read.pos, n[2]),
	};

	give(measured, printed, cells, TABLE_PLAIN);
}

static const char *live_word(const struct status_feed *feed)
{
	if (!feed->is_live || !feed->live.is_open) {
		return "not followed";
	}
	if (feed->live.has_error) {
		return "error";
	}
	return feed->live.is_at_end ? "at its end" : "reading";
}

static const char *source_of(const struct status_feed *feed)
{
	return feed->socket != NULL ? feed->socket :
	    feed->journal != NULL   ? feed->journal :
				      feed->file;
}

/* What is not known is something else than none. */
static struct view known(bool is_known, uint64_t n, char out[NUMBER_BUF])
{
	return is_known ? number(n, out) : view_of("-");
}

/* When the last error was, and which: it is worth knowing when it is over. */
static struct view last_error(
    const struct live_feed *live, int64_t now, char out[ERROR_BUF])
{
	char buf[NUMBER_BUF];
	struct view when = age(now, live->error_t, buf);

	if (live->error_t == 0) { /* a receiver's has no time */
		return view_of(live->has_error ? live->error : "none");
	}
	(void)snprintf(
	    out, ERROR_BUF, "%.*s: %s", (int)when.len, when.s, live->error);
	return view_of(out);
}

static void live_row(const struct status *s, size_t i, struct table *measured,
    const struct table *printed)
{
	const struct status_feed *feed = &s->feeds[i];
	const struct live_feed *live = &feed->live;
	char n[3][NUMBER_BUF];
	char error[ERROR_BUF];
	const struct view cells[] = {
		view_of(feed->name),
		view_of(source_of(feed)),
		view_of(live_word(feed)),
		known(live->has_lag_b, live->lag_b, n[0]),
		known(live->is_open, live->lag_s, n[1]),
		known(live->is_open, live->open_sessions, n[2]),
		last_error(live, s->tool->now, error),
	};

	if (source_of(feed) != NULL) {
		give(measured, printed, cells,
		    !live->is_open || live->has_error ? TABLE_BAD :
							TABLE_PLAIN);
	}
}

static void drop_rows(const struct status *s, size_t i, struct table *measured,
    const struct table *printed)
{
	const struct status_feed *feed = &s->feeds[i];

	for (int c = 0; c < COUNTER_COUNT; c++) {
		char n[NUMBER_BUF];
		const struct view cells[] = {
			view_of(feed->name),
			number(feed->counters[c], n),
			view_of(counter_word((enum counter)c)),
			view_of(counter_help((enum counter)c)),
		};

		if (feed->counters[c] > 0 && is_drop((enum counter)c)) {
			give(measured, printed, cells,
			    c == COUNTER_GAP || c == COUNTER_SUPPRESSED ?
				TABLE_BAD :
				TABLE_PLAIN);
		}
	}
}

static void note_row(const struct status *s, size_t i, struct table *measured,
    const struct table *printed)
{
	char n[NUMBER_BUF];
	const struct view cells[] = {
		number(s->notes[i], n),
		view_of(noted_counter_word((enum noted_counter)i)),
		view_of(noted_counter_help((enum noted_counter)i)),
	};

	if (s->notes[i] > 0) {
		give(measured, printed, cells, TABLE_PLAIN);
	}
}

/* What is not is an empty cell. */
static struct view few(uint64_t n, char out[NUMBER_BUF])
{
	return n > 0 ? number(n, out) : view_of("");
}

static void day_row(const struct status *s, size_t i, struct table *measured,
    const struct table *printed)
{
	const struct status_day *day = &s->days[i];
	char date[WHEN_DATE_BUF];
	char sealed[WHEN_RFC3339_BUF];
	char n[6][NUMBER_BUF];
	bool is_good = day->error == 0;
	const struct view none = view_of("");
	const struct view cells[] = {
		view_of(when_date(day->day, date)),
		view_of(!is_good         ? "unreadable" :
			day->sealed != 0 ? "sealed" :
					   "open"),
		view_of(
		    day->sealed != 0 ? when_rfc3339(day->sealed, sealed) : ""),
		is_good ? number(day->facts, n[0]) : none,
		is_good ? number(day->sessions, n[1]) : none,
		is_good ? number(day->late, n[2]) : none,
		is_good ? number(day->damaged, n[3]) : none,
		few(day->reports.unjudged, n[4]),
		few(day->reports.withheld, n[5]),
	};

	give(measured, printed, cells,
	    !is_good || day->damaged > 0 || day->reports.withheld > 0 ?
		TABLE_BAD :
		TABLE_PLAIN);
}

/* Shows the rows of n things as a table, if there are any. */
static void show(const struct status *s, const struct table_column *columns,
    size_t n_columns, row_writer row, size_t n)
{
	struct table table;
	bool is_empty = true;

	table_init(&table, columns, n_columns, stdout, s->tool->has_colour);
	for (size_t i = 0; i < n; i++) {
		row(s, i, &table, NULL);
	}
	for (size_t i = 0; i < n_columns; i++) {
		is_empty = is_empty && table.width[i] == 0;
	}
	if (is_empty) {
		return;
	}
	table_header(&table);
	for (size_t i = 0; i < n; i++) {
		row(s, i, NULL, &table);
	}
	(void)putchar('\n');
}

static void outbox_row(const struct status *s, size_t i, struct table *measured,
    const struct table *printed)
{
	const struct outbox_counts *c = &s->outbox;
	char n[6][NUMBER_BUF];
	char next[WHEN_RFC3339_BUF];
	const struct view cells[] = {
		view_of(s->outbox_since != 0 ? "enabled" : "not enabled"),
		number(c->n[OUTBOX_WAITING], n[0]),
		view_of(
		    c->next_try != 0 ? when_rfc3339(c->next_try, next) : ""),
		number(c->n[OUTBOX_SENT], n[1]),
		few(c->n[OUTBOX_BOUNCED], n[2]),
		few(c->n[OUTBOX_GIVEN_UP], n[3]),
		few(c->n[OUTBOX_SUPPRESSED], n[4]),
		few(s->suppressed, n[5]),
	};

	(void)i;
	give(measured, printed, cells, TABLE_PLAIN);
}

/* What is known of recipients' policies. */
static void show_network(const struct live_daemon *d)
{
	enum dns_health health = dns_health_find(d->dns_health);

	if (!d->has_network) {
		return;
	}
	(void)printf("%" PRIu64 " policies are known, %" PRIu64
		     " questions wait; ",
	    d->policies, d->questions);
	(void)printf("%s (%s)\n\n",
	    d->network_runs ? dns_health_text(health) :
			      "what looks them up is down",
	    dns_health_word(health));
	if (d->has_probes) {
		(void)printf("%" PRIu64 " probes saw a certificate, %" PRIu64
			     " did not, %" PRIu64 " wait\n\n",
		    d->probes_seen, d->probes_unseen, d->probes_open);
	}
}

static void show_daemon(const struct status *s)
{
	char buf[NUMBER_BUF];
	struct view up;

	if (!s->is_running) {
		return;
	}
	up = age(s->tool->now, s->daemon.started, buf);
	(void)printf("telltls-milter %s runs since %.*s, pid %" PRIu64
		     "%s%s\n\n",
	    s->daemon.version, (int)up.len, up.s, s->daemon.pid,
	    !s->daemon.has_milter     ? "" :
		s->daemon.milter_runs ? ", milter at " :
					", its milter is down: ",
	    s->daemon.has_milter ? s->daemon.milter_socket : "");
	show_network(&s->daemon);
}

static void show_text(const struct status *s)
{
	static const struct table_column feed[] = { { "feed", false },
		{ "mta", false }, { "lines", true }, { "sessions", true },
		{ "our records", true }, { "their bytes", true },
		{ "read up to", false }, { "age", false },
		{ "position", true } };
	static const struct table_column live[] = { { "feed", false },
		{ "log", false }, { "state", false }, { "bytes behind", true },
		{ "seconds behind", true }, { "open", true },
		{ "last error", false } };
	static const struct table_column drop[] = { { "feed", false },
		{ "number", true }, { "counter", false },
		{ "meaning", false } };
	static const struct table_column note[] = { { "number", true },
		{ "milter", false }, { "meaning", false } };
	static const struct table_column day[] = { { "day", false },
		{ "state", false }, { "sealed at", false }, { "facts", true },
		{ "sessions", true }, { "late", true }, { "damaged", true },
		{ "unjudged", true }, { "withheld", true } };

	static const struct table_column outbox[] = { { "sending", false },
		{ "waiting", true }, { "next due", false }, { "sent", true },
		{ "bounced", true }, { "given up", true },
		{ "suppressed", true }, { "destinations suppressed", true } };

	show_daemon(s);
	show(s, feed, 9, feed_row, s->n_feeds);
	if (s->is_running) {
		show(s, live, 7, live_row, s->n_feeds);
	}
	show(s, drop, 4, drop_rows, s->n_feeds);
	show(s, note, 3, note_row, s->has_notes ? NOTED_COUNTERS : 0);
	show(s, day, 9, day_row, s->n_days);
	show(s, outbox, 8, outbox_row, s->has_outbox);
	for (size_t i = 0; i < s->n_advice; i++) {
		(void)printf("%s %s\n", s->advice[i].is_wrong ? "!!" : "--",
		    s->advice[i].text);
	}
	if (s->n_advice == 0) {
		(void)puts("Nothing is wrong.");
	}
}

int cmd_status(const struct tool *tool, int argc, char **argv)
{
	struct status s;
	int rc = status_gather(tool, &s);
	int code = EX_OK;

	(void)argc;
	(void)argv;
	if (rc != 0) {
		log_error(
		    "cannot read %s/tally: %s", tool->state, err_text(rc));
		code = days_exit_code(rc);
	} else {
		status_ask_daemon(&s);
		status_advise(&s);
		if (tool_value(tool, "json") != NULL) {
			status_json(&s);
		} else {
			show_text(&s);
		}
		code = status_is_wrong(&s) ? EXIT_WRONG : EX_OK;
	}
	status_release(&s);
	return code;
}
