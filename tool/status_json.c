/* SPDX-License-Identifier: BSD-2-Clause */
/* status_json.c - the state as JSON lines, for other programs */

#include "config.h"

#include <stdio.h>

#include "common/err.h"
#include "common/json_out.h"
#include "common/when.h"
#include "tool/status.h"

static void put_live(const struct live_feed *live, struct json_out *j)
{
	json_out_bool(j, "followed", live->is_open);
	json_out_bool(j, "at-end", live->is_at_end);
	if (live->has_lag_b) {
		json_out_number(j, "lag-bytes", live->lag_b);
	}
	if (live->is_open) {
		json_out_number(j, "lag-seconds", live->lag_s);
		json_out_number(j, "open-sessions", live->open_sessions);
	}
	json_out_bool(j, "failing", live->has_error);
	json_out_time(j, "error-time", live->error_t);
	json_out_text(j, "error", view_of(live->error));
}

static void put_network(const struct live_daemon *d, struct json_out *j)
{
	json_out_bool(j, "network", d->has_network);
	json_out_bool(j, "network-running", d->network_runs);
	json_out_number(j, "network-starts", d->network_starts);
	json_out_text(j, "dns-health", view_of(d->dns_health));
	json_out_number(j, "policies", d->policies);
	json_out_number(j, "questions", d->questions);
	json_out_number(j, "policies-dropped", d->policies_dropped);
	json_out_bool(j, "probe", d->has_probes);
	json_out_number(j, "probes-open", d->probes_open);
	json_out_number(j, "probes-seen", d->probes_seen);
	json_out_number(j, "probes-unseen", d->probes_unseen);
	json_out_number(j, "probes-dropped", d->probes_dropped);
}

static void put_daemon(const struct status *s, struct json_out *j)
{
	const struct live_daemon *d = &s->daemon;

	json_out_begin(j);
	json_out_text(j, "kind", view_of("daemon"));
	json_out_bool(j, "running", s->is_running);
	if (s->is_running) {
		json_out_text(j, "version", view_of(d->version));
		json_out_number(j, "pid", d->pid);
		json_out_time(j, "started", d->started);
		json_out_bool(j, "sandboxed", d->is_sandboxed);
		json_out_time(j, "clock-step", d->clock_step);
		json_out_bool(j, "milter", d->has_milter);
		json_out_bool(j, "milter-running", d->milter_runs);
		json_out_text(j, "milter-socket", view_of(d->milter_socket));
		json_out_number(j, "milter-starts", d->milter_starts);
		put_network(d, j);
	}
	(void)json_out_end(j, stdout);
}

static void put_notes(const struct status *s, struct json_out *j)
{
	if (!s->has_notes) {
		return;
	}
	json_out_begin(j);
	json_out_text(j, "kind", view_of("milter"));
	for (int c = 0; c < NOTED_COUNTERS; c++) {
		json_out_number(
		    j, noted_counter_word((enum noted_counter)c), s->notes[c]);
	}
	(void)json_out_end(j, stdout);
}

static void put_feed(
    const struct status *s, const struct status_feed *feed, struct json_out *j)
{
	json_out_begin(j);
	json_out_text(j, "kind", view_of("feed"));
	json_out_text(j, "feed", view_of(feed->name));
	json_out_text(j, "mta", view_of(feed->mta));
	json_out_text(j, "file", view_of(feed->file));
	json_out_text(j, "journal", view_of(feed->journal));
	json_out_text(j, "socket", view_of(feed->socket));
	json_out_bool(j, "configured", feed->is_configured);
	json_out_number(j, "position", feed->read.pos);
	json_out_time(j, "last", feed->read.t);
	json_out_time(
	    j, "age", feed->read.t != 0 ? s->tool->now - feed->read.t : 0);
	if (s->is_running) {
		put_live(&feed->live, j);
	}
	json_out_open(j, "counters");
	for (int c = 0; c < COUNTER_COUNT; c++) {
		json_out_number(
		    j, counter_word((enum counter)c), feed->counters[c]);
	}
	json_out_close(j);
	(void)json_out_end(j, stdout);
}

static void put_day(const struct status_day *day, struct json_out *j)
{
	char date[WHEN_DATE_BUF];

	json_out_begin(j);
	json_out_text(j, "kind", view_of("day"));
	json_out_text(j, "day", view_of(when_date(day->day, date)));
	json_out_text(
	    j, "error", view_of(day->error != 0 ? err_text(day->error) : ""));
	json_out_time(j, "sealed", day->sealed);
	json_out_number(j, "size", day->size);
	json_out_number(j, "facts", day->facts);
	json_out_number(j, "sessions", day->sessions);
	json_out_number(j, "late", day->late);
	json_out_number(j, "damaged", day->damaged);
	json_out_bool(j, "reported", day->reports.is_finished);
	json_out_number(j, "unjudged", day->reports.unjudged);
	json_out_number(j, "withheld", day->reports.withheld);
	json_out_text(j, "withheld-why", view_of(day->reports.why));
	(void)json_out_end(j, stdout);
}

static void put_outbox(const struct status *s, struct json_out *j)
{
	if (!s->has_outbox) {
		return;
	}
	json_out_begin(j);
	json_out_text(j, "kind", view_of("outbox"));
	json_out_bool(j, "enabled", s->outbox_since != 0);
	for (int i = OUTBOX_WAITING; i <= OUTBOX_SUPPRESSED; i++) {
		json_out_number(
		    j, outbox_state_word((enum outbox_state)i), s->outbox.n[i]);
	}
	json_out_number(j, "due", s->outbox.due);
	json_out_time(j, "next-try", s->outbox.next_try);
	json_out_number(j, "suppressed-destinations", s->suppressed);
	(void)json_out_end(j, stdout);
}

void status_json(const struct status *s)
{
	struct json_out j;

	json_out_init(&j);
	put_daemon(s, &j);
	put_notes(s, &j);
	for (size_t i = 0; i < s->n_feeds; i++) {
		put_feed(s, &s->feeds[i], &j);
	}
	for (size_t i = 0; i < s->n_days; i++) {
		put_day(&s->days[i], &j);
	}
	put_outbox(s, &j);
	for (size_t i = 0; i < s->n_advice; i++) {
		json_out_begin(&j);
		json_out_text(&j, "kind", view_of("advice"));
		json_out_bool(&j, "wrong", s->advice[i].is_wrong);
		json_out_text(&j, "text", view_of(s->advice[i].text));
		(void)json_out_end(&j, stdout);
	}
	json_out_release(&j);
}
