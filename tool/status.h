/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_STATUS_H
#define TOOL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/counter.h"
#include "common/ledger.h"
#include "common/live.h"
#include "common/noted.h"
#include "common/outbox.h"
#include "common/tally.h"
#include "tool/explain.h"
#include "tool/tool.h"

/*
 * The state of an installation: what is there (gathered), and what a person
 * should know or do about it (advice). The two are apart from how they are
 * shown, in text or JSON. What later comes to be watched gets its own part
 * here, its own line of advice, and its own table there.
 */

enum {
	/* one session in so many may be before the log first told of TLS */
	STATUS_FEW = 20,
};

struct status_feed {
	char name[TALLY_FEED_NAME];
	char mta[TALLY_MTA_NAME];
	const char *file;    /* as configured; NULL: none. Borrowed */
	const char *journal; /* likewise */
	const char *socket;  /* likewise */
	bool is_configured;  /* the configuration names it */
	bool was_read;       /* a tally knows it */
	bool is_live;        /* the daemon follows it: live tells */
	struct live_feed live;
	struct mark read;                 /* how far */
	uint64_t counters[COUNTER_COUNT]; /* over all days */
	/* sessions with TLS of which the log does not tell ... */
	uint64_t no_name;  /* ... whether the name was in the certificate */
	uint64_t no_chain; /* ... what was wrong with the certificate */
};

struct status_day {
	int64_t day;
	int error;      /* of opening it: then nothing else is known; 0: none */
	int64_t sealed; /* when; 0: open */
	uint64_t size;  /* bytes of the file */
	uint64_t facts;
	uint64_t sessions;
	uint64_t late;             /* of all feeds */
	uint64_t damaged;          /* facts, policies, feeds left out */
	struct ledger_day reports; /* what became of them; zero: nothing yet */
};

struct status_advice {
	bool is_wrong; /* something is lost or broken, not only to be known */
	char *text;    /* one line; no text from outside is left raw in it */
};

struct status {
	const struct tool *tool;
	bool is_running;  /* the daemon runs on this state */
	int daemon_error; /* of asking it: -ENOENT etc.; 0: none */
	struct live_daemon daemon;
	bool has_notes;  /* the milter's counters are known */
	int notes_error; /* of reading them; 0 or -ENOENT: none */
	uint64_t notes[NOTED_COUNTERS];
	int ledger_error; /* of reading it; 0 or -ENOENT: none */
	bool has_outbox;  /* the next members are known */
	struct outbox_counts outbox;
	int64_t outbox_since; /* items of earlier days are never sent; 0:
	                         sending is not enabled */
	uint64_t suppressed;  /* destinations */
	uint64_t queue_max; /* of a datagram socket, by sysctl; 0: not known */
	struct status_feed *feeds;
	size_t n_feeds;
	struct status_day *days; /* ascending */
	size_t n_days;
	struct status_advice *advice;
	size_t n_advice;
};

/* Asks the daemon, if one runs on this state. */
void status_ask_daemon(struct status *s);

/* Reads all that there is. Returns 0, or -errno when the state cannot be. */
int status_gather(const struct tool *tool, struct status *out);

/*
 * Calls fn for each thing that would settle sessions of the day that are not
 * judged; of a big day only part is looked at, and the numbers are of that.
 */
void status_unjudged(
    const struct status *s, int64_t day, explain_advice_fn fn, void *ctx);

/* Draws conclusions from what was gathered; once. */
void status_advise(struct status *s);

/* status_advice_feed.c: the part of it that is about one feed. */
void status_advise_feed(struct status *s, const struct status_feed *feed);

/* Adds a line of advice. */
void status_say(struct status *s, bool is_wrong, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Is any of the advice about something that is wrong? */
bool status_is_wrong(const struct status *s);

/* Prints all of it to standard output, one JSON object a line. */
void status_json(const struct status *s);

void status_release(struct status *s);

#endif
