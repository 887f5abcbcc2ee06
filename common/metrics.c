/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.c - the numbers of an installation as OpenMetrics text
 *
 * All are gauges: a number of a day is as it is, and OpenMetrics and the older
 * format of Prometheus differ in the names of counters.
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/metrics.h"
#include "common/when.h"

/* The name of a metric, while its samples are written. */
struct family {
	struct strbuf *out;
	const char *name;
};

struct label {
	const char *name;
	const char *value;
};

/* The names of metrics begin with it. */
#define PREFIX "telltls_"

static struct family begin(
    struct strbuf *out, const char *name, const char *help)
{
	strbuf_addf(out, "# TYPE " PREFIX "%s gauge\n", name);
	strbuf_addf(out, "# HELP " PREFIX "%s %s\n", name, help);
	return (struct family){ out, name };
}

/* What a label may not hold as it is; control characters are no names. */
static void add_escaped(struct strbuf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"') {
			strbuf_addc(out, '\\');
			strbuf_addc(out, *value);
		} else if (*value == '\n') {
			strbuf_adds(out, "\\n");
		} else if (*value < ' ' || *value == 0x7f) {
			strbuf_addc(out, '?'); /* and what is no ASCII */
		} else {
			strbuf_addc(out, *value);
		}
	}
}

static void add(struct family f, const struct label *labels, size_t n_labels,
    uint64_t value)
{
	strbuf_addf(f.out, PREFIX "%s", f.name);
	for (size_t i = 0; i < n_labels; i++) {
		strbuf_addf(
		    f.out, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
		add_escaped(f.out, labels[i].value);
		strbuf_addc(f.out, '"');
	}
	strbuf_addf(f.out, "%s %" PRIu64 "\n", n_labels > 0 ? "}" : "", value);
}

/* Of the whole installation. */
static void put(
    struct strbuf *out, const char *name, const char *help, uint64_t value)
{
	add(begin(out, name, help), NULL, 0, value);
}

static uint64_t seconds(int64_t t)
{
	return t > 0 ? (uint64_t)t : 0;
}

/* --- feeds --- */

static uint64_t feed_position(const struct metrics_feed *f)
{
	return f->read.pos;
}

static uint64_t feed_last(const struct metrics_feed *f)
{
	return seconds(f->read.t);
}

static uint64_t feed_followed(const struct metrics_feed *f)
{
	return f->live.is_open && !f->live.has_error;
}

static bool feed_is_live(const struct metrics_feed *f)
{
	return f->is_live;
}

/* What a feed that is not followed has is not known. */
static bool feed_is_open(const struct metrics_feed *f)
{
	return f->is_live && f->live.is_open;
}

static bool feed_has_lag_b(const struct metrics_feed *f)
{
	return f->is_live && f->live.has_lag_b;
}

static uint64_t feed_lag_b(const struct metrics_feed *f)
{
	return f->live.lag_b;
}

static uint64_t feed_lag_s(const struct metrics_feed *f)
{
	return f->live.lag_s;
}

static uint64_t feed_open(const struct metrics_feed *f)
{
	return f->live.open_sessions;
}

static void put_feeds(const struct metrics *m, struct strbuf *out)
{
	static const struct {
		const char *name;
		const char *help;
		bool (*is_known)(const struct metrics_feed *f); /* NULL: is */
		uint64_t (*get)(const struct metrics_feed *f);
	} rows[] = {
		{ "feed_position", "How far the feed was read: bytes of a log.",
		    NULL, feed_position },
		{ "feed_last_line_timestamp_seconds",
		    "Time of the last line read; 0: none.", NULL, feed_last },
		{ "feed_followed",
		    "Whether the daemon follows the feed without an error.",
		    feed_is_live, feed_followed },
		{ "feed_lag_bytes", "Bytes of the log that are not read yet.",
		    feed_has_lag_b, feed_lag_b },
		{ "feed_lag_seconds",
		    "Age of the last line read, if there is a lag.",
		    feed_is_open, feed_lag_s },
		{ "feed_open_sessions", "Sessions that have not ended yet.",
		    feed_is_open, feed_open },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct family f = begin(out, rows[r].name, rows[r].help);

		for (size_t i = 0; i < m->n_feeds; i++) {
			const struct metrics_feed *feed = &m->feeds[i];
			const struct label labels[] = {
				{ "feed", feed->name },
				{ "mta", feed->mta },
			};

			if (rows[r].is_known == NULL ||
			    rows[r].is_known(feed)) {
				add(f, labels, 2, rows[r].get(feed));
			}
		}
	}
}

/* --- what feeds did in a day --- */

/* Calls add() for a counter of all days and feeds. */
static void put_counter(const struct metrics *m, struct family f,
    enum counter c, const char *reason)
{
	for (size_t d = 0; d < m->n_days; d++) {
		const struct metrics_day *day = &m->days[d];
		char date[WHEN_DATE_BUF];

		(void)when_date(day->day, date);
		for (size_t i = 0; i < day->n_counts; i++) {
			const struct label labels[] = {
				{ "feed", m->feeds[day->counts[i].feed].name },
				{ "day", date },
				{ "reason", reason },
			};
			uint64_t n = day->counts[i].n[c];

			/* of reasons only those that there are */
			if (reason == NULL || n > 0) {
				add(f, labels, reason == NULL ? 2 : 3, n);
			}
		}
	}
}

static void put_counters(const struct metrics *m, struct strbuf *out)
{
	static const struct {
		enum counter c;
		const char *name;
		const char *help;
	} rows[] = {
		{ COUNTER_LINES, "feed_lines", "Log lines read." },
		{ COUNTER_RECORDS, "feed_records",
		    "Lines that tell of a session." },
		{ COUNTER_SESSIONS, "feed_sessions", "Sessions counted." },
		{ COUNTER_RULES, "feed_rules",
		    "TLSRPT1 records that our rules wrote." },
		{ COUNTER_RULES_BYTES, "feed_rules_bytes",
		    "Bytes of these records." },
		{ COUNTER_DATAGRAMS, "feed_datagrams", "Datagrams received." },
		{ COUNTER_GAP, "feed_gaps",
		    "Times that part of the log was missing." },
	};

	bool has_row[COUNTER_COUNT] = { false };
	struct family f;

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		f = begin(out, rows[r].name, rows[r].help);
		put_counter(m, f, rows[r].c, NULL);
		has_row[rows[r].c] = true;
	}
	f = begin(out, "feed_left_out",
	    "What was left out or counted apart, by the counter of telltls "
	    "status.");
	for (int c = 0; c < COUNTER_COUNT; c++) {
		if (!has_row[c]) {
			put_counter(m, f, (enum counter)c,
			    counter_word((enum counter)c));
		}
	}
}

/* --- days --- */

static uint64_t day_readable(const struct metrics_day *d)
{
	return d->is_readable;
}

static uint64_t day_sealed(const struct metrics_day *d)
{
	return d->is_sealed;
}

static uint64_t day_facts(const struct metrics_day *d)
{
	return d->facts;
}

static uint64_t day_damaged(const struct metrics_day *d)
{
	return d->damaged;
}

static uint64_t day_late(const struct metrics_day *d)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < d->n_counts; i++) {
		sum += d->counts[i].n[COUNTER_LATE];
	}
	return sum;
}

static uint64_t day_unjudged(const struct metrics_day *d)
{
	return d->unjudged;
}

static void put_days(const struct metrics *m, struct strbuf *out)
{
	static const struct {
		const char *name;
		const char *help;
		uint64_t (*get)(const struct metrics_day *d);
	} rows[] = {
		{ "day_readable", "Whether the day's tally can be read.",
		    day_readable },
		{ "day_sealed", "Whether the day is sealed.", day_sealed },
		{ "day_facts", "Facts: kinds of sessions that differ.",
		    day_facts },
		{ "day_late", "Sessions that came after the seal.", day_late },
		{ "day_unjudged", "Sessions that are in no report.",
		    day_unjudged },
		{ "day_damaged", "Records that the tally has lost.",
		    day_damaged },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct family f = begin(out, rows[r].name, rows[r].help);

		for (size_t i = 0; i < m->n_days; i++) {
			char date[WHEN_DATE_BUF];
			const struct label label = { "day",
				when_date(m->days[i].day, date) };

			add(f, &label, 1, rows[r].get(&m->days[i]));
		}
	}
}

static void put_sessions(const struct metrics *m, struct strbuf *out)
{
	struct family f =
	    begin(out, "day_sessions", "Sessions, by what TLS came to.");

	for (size_t i = 0; i < m->n_days; i++) {
		for (int tls = 0; tls < FACT_TLS_COUNT; tls++) {
			char date[WHEN_DATE_BUF];
			const struct label labels[] = {
				{ "day", when_date(m->days[i].day, date) },
				{ "tls", fact_tls_word((enum fact_tls)tls) },
			};

			add(f, labels, 2, m->days[i].sessions[tls]);
		}
	}
}

/* LEDGER_NONE is forgotten when a day is done, so its number tells nothing. */
static void put_reports(const struct metrics *m, struct strbuf *out)
{
	static const enum ledger_state states[] = { LEDGER_WRITTEN,
		LEDGER_RETRY, LEDGER_GIVEN_UP, LEDGER_WITHHELD };
	struct family f = begin(
	    out, "day_reports", "Domains, by what became of their reports.");

	for (size_t i = 0; i < m->n_days; i++) {
		for (size_t s = 0; s < sizeof(states) / sizeof(states[0]);
		     s++) {
			char date[WHEN_DATE_BUF];
			const struct label labels[] = {
				{ "day", when_date(m->days[i].day, date) },
				{ "state", ledger_state_word(states[s]) },
			};

			add(f, labels, 2, m->days[i].reports[states[s]]);
		}
	}
}

/* --- the way out --- */

static void put_outbox(const struct metrics *m, struct strbuf *out)
{
	struct family f = begin(out, "outbox_items",
	    "Reports and destinations, by what became of them.");

	for (int s = 0; s <= OUTBOX_SUPPRESSED; s++) {
		const struct label label = { "state",
			outbox_state_word((enum outbox_state)s) };

		add(f, &label, 1, m->outbox.n[s]);
	}
	put(out, "outbox_due", "Items that wait and are due.", m->outbox.due);
	put(out, "outbox_next_try_timestamp_seconds",
	    "When the next item is due; 0: none waits.",
	    seconds(m->outbox.next_try));
	put(out, "suppressed_destinations",
	    "Destinations that nothing is sent to for a time, each once for"
	    " each domain.",
	    m->suppressed);
	put(out, "sending_enabled", "Whether reports may leave.",
	    m->is_enabled);
}

void metrics_format(const struct metrics *m, struct strbuf *out)
{
	put(out, "run_timestamp_seconds", "When these numbers were taken.",
	    seconds(m->now));
	put(out, "daemon_running", "Whether the daemon answers.",
	    m->is_running);
	put_feeds(m, out);
	put_counters(m, out);
	put_days(m, out);
	put_sessions(m, out);
	if (m->has_ledger) {
		put_reports(m, out);
		put_outbox(m, out);
	}
	strbuf_adds(out, "# EOF\n");
}
