/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status_advice_feed.c - what a person should know or do about a feed
 *
 * What its log cannot tell, what would tell it and at which price, and what
 * was lost on the way.
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "tool/status.h"

enum {
	RULES_BYTES = 600, /* three records of 200, as measured */
};

/* What an MTA's log needs to tell of sessions. */
static const char *what_tells(const char *mta)
{
	static const struct {
		const char *mta;
		const char *what;
	} rows[] = {
		{ "sendmail", "our rules, or at least with LogLevel 9" },
		{ "exim",
		    "our ACL, or at least with the default log_selector" },
		{ "postfix", "smtp_tls_loglevel = 1" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].mta, mta) == 0) {
			return rows[i].what;
		}
	}
	return "what its manual page asks for";
}

/* Lines, but nothing in them. */
static void advise_silent(struct status *s, const struct status_feed *feed)
{
	uint64_t lines = feed->counters[COUNTER_LINES];
	uint64_t bad = feed->counters[COUNTER_BAD_LINE];

	if (bad > lines) {
		status_say(s, false,
		    "feed %s: %" PRIu64 " of %" PRIu64 " lines are no log "
		    "lines: is this the mail log?",
		    feed->name, bad, bad + lines);
	} else if (lines > 0 && feed->counters[COUNTER_RECORDS] == 0) {
		status_say(s, false,
		    "feed %s: none of %" PRIu64 " lines tells of an outgoing "
		    "session: does %s log with %s, under one of the names in "
		    "idents?",
		    feed->name, lines, feed->mta, what_tells(feed->mta));
	}
}

/* What Sendmail's log leaves open, and what would tell it. */
static void advise_sendmail(struct status *s, const struct status_feed *feed)
{
	const uint64_t *n = feed->counters;

	if (n[COUNTER_SESSIONS] == 0) {
		return;
	}
	if (n[COUNTER_RULES] == 0) {
		status_say(s, false,
		    "feed %s: Sendmail logs without our rules: sessions "
		    "without TLS are not seen, and not whose name was in a "
		    "certificate; telltls.m4 (telltls-sendmail(7)) tells both, "
		    "at about %d bytes of log a session (here %" PRIu64
		    " sessions in %zu %s)",
		    feed->name, RULES_BYTES, n[COUNTER_SESSIONS], s->n_days,
		    s->n_days == 1 ? "day" : "days");
	}
	if (feed->no_chain > 0) {
		status_say(s, false,
		    "feed %s: %" PRIu64 " sessions had a certificate that "
		    "Sendmail did not trust, and the log does not say why: "
		    "LogLevel 12 does, at about 4 lines more a session",
		    feed->name, feed->no_chain);
	}
}

/* What Postfix's log leaves open, and what would tell it. */
static void advise_postfix(struct status *s, const struct status_feed *feed)
{
	uint64_t sessions = feed->counters[COUNTER_SESSIONS];
	uint64_t untold = feed->counters[COUNTER_TLS_NOT_LOGGED];

	if (untold > sessions / STATUS_FEW) {
		status_say(s, false,
		    "feed %s: of %" PRIu64 " of %" PRIu64 " sessions the log "
		    "does not tell whether there was TLS, and no report does: "
		    "smtp_tls_loglevel = 1 is needed (telltls-postfix(7))",
		    feed->name, untold, sessions);
	}
}

static void advise_lost(struct status *s, const struct status_feed *feed)
{
	const uint64_t *n = feed->counters;

	if (n[COUNTER_GAP] > 0) {
		status_say(s, true,
		    "feed %s: part of the log was missing %" PRIu64
		    " times; what it told is lost: is the log rotated before "
		    "it is read, or cut in place?",
		    feed->name, n[COUNTER_GAP]);
	}
	if (n[COUNTER_SUPPRESSED] > 0) {
		status_say(s, true,
		    "feed %s: journald dropped %" PRIu64 " messages of the "
		    "MTA by its rate limit; what they told is lost: raise "
		    "RateLimitBurst in journald.conf",
		    feed->name, n[COUNTER_SUPPRESSED]);
	}
	if (n[COUNTER_LATE] > 0) {
		status_say(s, false,
		    "feed %s: %" PRIu64 " sessions came after their day was "
		    "sealed and are in no report",
		    feed->name, n[COUNTER_LATE]);
	}
	if (n[COUNTER_UNREAD] > 0) {
		status_say(s, true,
		    "feed %s: a day was sealed %" PRIu64 " times before its "
		    "log was read to the end of that day: is the daemon too "
		    "slow, or the log not there?",
		    feed->name, n[COUNTER_UNREAD]);
	}
	if (n[COUNTER_OVERFLOW] > 0) {
		status_say(s, false,
		    "feed %s: %" PRIu64 " sessions are counted without "
		    "details: tally.facts or tally.facts-per-domain is too "
		    "small",
		    feed->name, n[COUNTER_OVERFLOW]);
	}
	if (n[COUNTER_DATAGRAM_LOST] > 0) {
		status_say(s, true,
		    "feed %s: %" PRIu64 " datagrams were received and lost: "
		    "too many or too long, or no room on the disk",
		    feed->name, n[COUNTER_DATAGRAM_LOST]);
	}
	if (n[COUNTER_BAD_DATAGRAM] > 0) {
		status_say(s, false,
		    "feed %s: %" PRIu64 " datagrams are none of the protocol: "
		    "keep-invalid in telltls.yaml(5) keeps them for a look",
		    feed->name, n[COUNTER_BAD_DATAGRAM]);
	}
	if (n[COUNTER_BAD_RECORD] > 0) {
		status_say(s, false,
		    "feed %s: %" PRIu64 " TLSRPT1 records are malformed: are "
		    "the MTA's rules of this version of telltls?",
		    feed->name, n[COUNTER_BAD_RECORD]);
	}
}

void status_advise_feed(struct status *s, const struct status_feed *feed)
{
	if (!feed->was_read && feed->socket != NULL && feed->file == NULL &&
	    feed->journal == NULL) {
		status_say(s, false,
		    "feed %s: no datagram has come yet: does Postfix (3.10 or "
		    "later) have smtp_tlsrpt_enable and its "
		    "smtp_tlsrpt_socket_name?",
		    feed->name);
		return;
	}
	if (!feed->was_read) {
		status_say(s, false, "feed %s was never read", feed->name);
		return;
	}
	advise_silent(s, feed);
	if (strcmp(feed->mta, "sendmail") == 0) {
		advise_sendmail(s, feed);
	} else if (strcmp(feed->mta, "postfix") == 0) {
		advise_postfix(s, feed);
	}
	advise_lost(s, feed);
	if (!feed->is_configured && s->tool->conf.n_feeds > 0) {
		status_say(s, false, "feed %s is in the tallies, but not in %s",
		    feed->name, s->tool->conf_path);
	}
}
