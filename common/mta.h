/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_MTA_H
#define COMMON_MTA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/counter.h"
#include "common/fact.h"
#include "common/noted_kind.h"
#include "common/syslog_line.h"
#include "common/view.h"

/*
 * The seam behind which each MTA's log is understood. An MTA is one row of
 * the table in mta.c and one folder of parser files: it takes log lines in
 * order and gives back sessions and counters.
 *
 * Rules that make "exactly once" true (DESIGN): what is emitted is a function
 * of the lines alone. Sessions expire by the time in the lines. A session
 * carries the position of the line that closed it. Starting with empty state
 * at any line not behind mta_oldest() gives the same events for all later
 * lines.
 */

/* Where events go. A non-zero return stops the work and is handed on. */
struct mta_sink {
	/* one session of one policy domain, at time t */
	int (*session)(void *ctx, int64_t t, const struct fact *fact);
	/* n to a counter, at time t */
	int (*counter)(void *ctx, int64_t t, enum counter c, uint64_t n);
	void *ctx;
};

struct bounce_log; /* bounce_log.h */

/* What the configuration says of a feed; borrowed for the life of the mta. */
struct mta_options {
	const char *const *idents;      /* programs; NULL-terminated; a trailing
	                                   '*' matches any rest; NULL: default */
	const char *const *own_senders; /* envelope senders of our reports,
	                                   "local@domain"; local may carry
	                                   "+anything"; NULL-terminated or NULL */
	char delimiter; /* another for '+' there; '\0': none. See envelope.h */
	bool has_callouts; /* count sessions that only verify an address */
	bool has_bare_addresses; /* in the log nothing is quoted in them */
	struct mta_sink sink;
	/* what was noted of the message with this queue id, as of the time t
	   in the log: bits of enum noted_kind; may be NULL. The same question
	   must have the same answer when the log is read again */
	unsigned (*noted)(void *ctx, struct view qid, int64_t t);
	/* a message went on under another id too, which shares what was
	   noted of the old one; may be NULL */
	void (*noted_alias)(
	    void *ctx, struct view old_qid, struct view new_qid, int64_t t);
	/* a line of time t says that the message with this id is a report of
	   ours, and the lines of its delivery do not: noted() has to answer
	   so from now on; may be NULL */
	void (*note_own)(void *ctx, struct view qid, int64_t t);
	void *noted_ctx;
	struct bounce_log *bounces; /* borrowed; remembers whose messages are
	                               ours; NULL: bounced is not called */
	/* the log says that the report with this token failed for good; dsn
	   (RFC 3463) is "" where it does not tell. The same may be said again,
	   also when the log is read again */
	void (*bounced)(
	    void *ctx, int64_t t, const char *token, struct view dsn);
	void *bounced_ctx;
};

/* Is this one of those envelope senders? See envelope_is_own(). */
bool mta_is_own(
    const char *const *own_senders, char delimiter, struct view address);

struct mta; /* the state of one feed's open sessions */

/* The row for a name: "sendmail". NULL when there is none. */
const struct mta_type *mta_find(const char *name);
const char *mta_name(const struct mta_type *type);

/* The names of all rows, NULL-terminated, for help texts. */
const char *const *mta_names(void);

/*
 * Takes one line of such an MTA's log apart, without its line end. Some MTAs
 * write files of their own shape, whose lines name no program. until: see
 * when_parse_stamp(). Returns 0 or ERR_PARSE; or ERR_PARTIAL for a line without
 * a stamp that goes on with the entry before it (is_continued): it is all in
 * msg, and its time, still to be set, is that of the line before.
 */
int mta_parse_line(const struct mta_type *type, struct view line, int64_t until,
    struct syslog_line *out);

struct mta *mta_new(const struct mta_type *type, const struct mta_options *o);
void mta_free(struct mta *m); /* NULL is allowed */

/* Is this one of the feed's programs? Lines of others are passed over. */
bool mta_is_ident(const struct mta *m, struct view ident);

/*
 * Takes the next line; pos is the stream position of its first byte. Returns
 * 0 or what the sink returned.
 */
int mta_line(struct mta *m, uint64_t pos, const struct syslog_line *line);

/*
 * Closes all open sessions: the log ends here for good (the day is sealed).
 * Returns 0 or what the sink returned.
 */
int mta_flush(struct mta *m);

/*
 * Position of the oldest line that an open session needs, or UINT64_MAX
 * when none is open.
 */
uint64_t mta_oldest(const struct mta *m);

/*
 * Is the next line the beginning of an entry? Reading must not begin anew at a
 * line that is none: what it would look like there, a stranger may have chosen.
 */
bool mta_may_begin(const struct mta *m);

/* Sessions that began, and whose end was not logged yet; for status. */
unsigned mta_open_sessions(const struct mta *m);

#endif
