/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status_advice.c - what a person should know or do about the state
 *
 * A rule here is a function that looks at one thing and says one line. It
 * says what was seen, what it means, and what to do, in this order.
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/dns_health.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/mta.h"
#include "common/when.h"
#include "tool/status.h"

enum {
	TEXT_BUF = 1024,
	/* DESIGN "Seal": midnight, 10 minutes, at most 6 hours late */
	SEAL_AFTER_S = WHEN_DAY_S + 600 + 6 * 3600,
	QUEUE_FEW = 100, /* what a burst of deliveries exceeds */
	QUEUE_GOOD = 512,
	OVERDUE_S = 2 * 3600, /* runs are a quarter of an hour apart */
};

void status_say(struct status *s, bool is_wrong, const char *fmt, ...)
{
	char text[TEXT_BUF];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0) {
		text[0] = '\0';
	}
	va_end(ap);
	s->advice =
	    xrealloc_array(s->advice, s->n_advice + 1, sizeof(*s->advice));
	s->advice[s->n_advice++] =
	    (struct status_advice){ is_wrong, xstrdup(text) };
}

static void advise_empty(struct status *s)
{
	const char *mta = s->n_feeds > 0 ? s->feeds[0].mta : mta_names()[0];

	if (s->n_days == 0) {
		status_say(s, false,
		    "no tally yet under %s: 'telltls replay --mta %s LOG...' "
		    "makes one from a mail log",
		    s->tool->state, mta);
	}
}

static void advise_day(struct status *s, const struct status_day *day)
{
	char date[WHEN_DATE_BUF];

	(void)when_date(day->day, date);
	if (day->error != 0) {
		status_say(s, true, "%s cannot be read: %s", date,
		    err_text(day->error));
	} else if (day->damaged > 0) {
		status_say(s, true,
		    "%s is damaged: %" PRIu64 " records are left out, and "
		    "missing in its totals",
		    date, day->damaged);
	}
}

/* Reports that wait for a person, and sessions that are in none. */
static void advise_reports(struct status *s, const struct status_day *day)
{
	const struct ledger_day *r = &day->reports;
	char date[WHEN_DATE_BUF];

	(void)when_date(day->day, date);
	if (r->withheld > 0) {
		status_say(s, true,
		    "%s: %" PRIu64 " reports are withheld, for what they say "
		    "may be our own fault: %s If it is none, "
		    "'telltls-report --release %s' reports it all the same",
		    date, r->withheld, r->why, date);
	}
	if (r->unjudged > day->sessions / STATUS_FEW) {
		status_say(s, false,
		    "%s: %" PRIu64 " of %" PRIu64 " sessions are in no report: "
		    "how they went, or what their recipients had published, "
		    "is not known",
		    date, r->unjudged, day->sessions);
	}
}

static void say_hint(
    void *ctx, uint64_t sessions, const struct explain_hint *hint)
{
	status_say(ctx, false, "to settle %" PRIu64 " or more of these: %s%s%s",
	    sessions, hint->text, hint->line != NULL ? " " : "",
	    hint->line != NULL ? hint->line : "");
}

/* What would settle those of the last day that has any. */
static void advise_unjudged(struct status *s)
{
	for (size_t i = s->n_days; i > 0; i--) {
		if (s->days[i - 1].reports.unjudged > 0) {
			status_unjudged(s, s->days[i - 1].day, say_hint, s);
			return;
		}
	}
}

static void advise_open(struct status *s)
{
	char date[WHEN_DATE_BUF];
	size_t n = 0;

	for (size_t i = s->n_days; i > 0; i--) {
		const struct status_day *day = &s->days[i - 1];

		if (day->error == 0 && day->sealed == 0 &&
		    s->tool->now - day->day > SEAL_AFTER_S) {
			(void)when_date(day->day, date);
			n++;
		}
	}
	if (n > 0) {
		status_say(s, false,
		    "%zu %s over but not sealed, so not reported, the first "
		    "is %s: 'telltls replay --seal' seals all days after its "
		    "logs",
		    n, n == 1 ? "day is" : "days are", date);
	}
}

/* The logs that somebody wants to be followed, are they? */
static void advise_daemon(struct status *s)
{
	const struct live_daemon *d = &s->daemon;
	bool is_wanted = false;

	for (size_t i = 0; i < s->n_feeds; i++) {
		is_wanted = is_wanted || s->feeds[i].file != NULL ||
		    s->feeds[i].journal != NULL || s->feeds[i].socket != NULL;
	}
	if (!is_wanted || strcmp(s->tool->state, s->tool->conf.state) != 0) {
		return;
	}
	if (s->daemon_error == -EACCES || s->daemon_error == -EPERM) {
		status_say(s, false,
		    "only root and user %s may ask the daemon how it is",
		    s->tool->conf.user);
	} else if (s->daemon_error == -EAGAIN) {
		status_say(s, true,
		    "telltls-milter does not answer: it hangs, or has much to "
		    "catch up with; nothing is lost as long as the logs are "
		    "kept");
	} else if (!s->is_running) {
		status_say(s, true,
		    "telltls-milter does not run: no log is followed; what "
		    "they hold is counted when it runs again");
	}
	if (s->is_running && d->has_milter && !d->milter_runs) {
		status_say(s, true,
		    "the milter is down: mail flows, but TLS-Required: No is "
		    "only known where the log tells it");
	}
	if (s->is_running && d->clock_step != 0 &&
	    s->tool->now - d->clock_step < WHEN_DAY_S) {
		status_say(s, false,
		    "the clock was set within the last day: the times of that "
		    "day's sessions may be wrong");
	}
}

/* Can policies be looked up, and be believed? */
static void advise_network(struct status *s)
{
	const struct live_daemon *d = &s->daemon;
	enum dns_health health = dns_health_find(d->dns_health);

	if (!s->is_running || !d->has_network) {
		return;
	}
	if (!d->network_runs) {
		status_say(s, true,
		    "what looks up policies is down: sessions are counted, "
		    "but those of which no policy is known by the end of the "
		    "day are in no report");
	} else if (health != DNS_HEALTH_VALIDATING &&
	    health != DNS_HEALTH_UNKNOWN) {
		status_say(s, true, "DNSSEC cannot be relied on (%s): %s",
		    dns_health_word(health), dns_health_text(health));
	}
	if (d->policies_dropped > 0) {
		status_say(s, false,
		    "%" PRIu64 " policies were given up for want of room: "
		    "sessions that waited for them may be in no report",
		    d->policies_dropped);
	}
}

/* What the milter has noted, and could not keep. */
static void advise_notes(struct status *s)
{
	if (s->notes_error != 0 && s->notes_error != -ENOENT) {
		status_say(s, true, "what the milter notes cannot be read: %s",
		    err_text(s->notes_error));
	}
	if (s->notes[NOTED_DROPPED] > 0) {
		status_say(s, false,
		    "the milter could not hand over %" PRIu64
		    " notes: sessions "
		    "of messages with TLS-Required: No may have been counted "
		    "where the log does not tell of it",
		    s->notes[NOTED_DROPPED]);
	}
}

static void advise_live(struct status *s, const struct status_feed *feed)
{
	char text[LOG_ESCAPE_BUF];

	if (s->is_running && feed->is_live && feed->live.has_error) {
		status_say(s, true, "feed %s cannot be counted: %s", feed->name,
		    log_escape(view_of(feed->live.error), text));
	}
}

/*
 * Postfix never waits: what comes when the kernel's queue is full is gone
 * before we could count it.
 */
static void advise_queue(struct status *s)
{
	bool has_socket = false;

	for (size_t i = 0; i < s->n_feeds; i++) {
		has_socket = has_socket || s->feeds[i].socket != NULL;
	}
	if (has_socket && s->queue_max > 0 && s->queue_max < QUEUE_FEW) {
		status_say(s, false,
		    "the kernel keeps no more than %" PRIu64 " datagrams for "
		    "a socket, and Postfix drops the next: put the line "
		    "'net.unix.max_dgram_qlen = %d' into "
		    "/etc/sysctl.d/telltls.conf, run 'sysctl --system', and "
		    "start telltls-milter anew, whose sockets keep the value "
		    "of their start",
		    s->queue_max, (int)QUEUE_GOOD);
	}
}

/* Do reports leave, and arrive? */
static void advise_outbox(struct status *s)
{
	const struct outbox_counts *c = &s->outbox;
	uint64_t failed = c->n[OUTBOX_BOUNCED] + c->n[OUTBOX_GIVEN_UP];
	char stamp[WHEN_RFC3339_BUF];

	if (!s->has_outbox) {
		return;
	}
	if (s->outbox_since == 0) {
		status_say(s, false,
		    "sending is not enabled, %" PRIu64 " reports wait: "
		    "'telltls enable' shows what would go where, and begins",
		    c->n[OUTBOX_WAITING]);
	} else if (c->next_try != 0 && s->tool->now - c->next_try > OVERDUE_S) {
		status_say(s, true,
		    "%" PRIu64 " reports are due, the first since %s: is "
		    "telltls-report started every 15 minutes, and what does "
		    "it log?",
		    c->due, when_rfc3339(c->next_try, stamp));
	}
	if (failed > 0) {
		status_say(s, false,
		    "%" PRIu64 " reports were refused or came back: 'telltls "
		    "outbox' says why",
		    failed);
	}
}

void status_advise(struct status *s)
{
	advise_daemon(s);
	advise_network(s);
	advise_queue(s);
	advise_notes(s);
	advise_empty(s);
	if (s->ledger_error != 0 && s->ledger_error != -ENOENT) {
		status_say(s, true, "what became of reports cannot be read: %s",
		    err_text(s->ledger_error));
	}
	for (size_t i = 0; i < s->n_days; i++) {
		advise_day(s, &s->days[i]);
		advise_reports(s, &s->days[i]);
	}
	advise_unjudged(s);
	advise_open(s);
	advise_outbox(s);
	for (size_t i = 0; i < s->n_feeds; i++) {
		advise_live(s, &s->feeds[i]);
	}
	for (size_t i = 0; s->n_days > 0 && i < s->n_feeds; i++) {
		status_advise_feed(s, &s->feeds[i]);
	}
}
