/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_JOURNAL_ENTRY_H
#define COMMON_JOURNAL_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/syslog_line.h"
#include "common/view.h"

/*
 * From the fields of a journal entry to a log line. Fields whose names begin
 * with '_' are journald's own words; all others were chosen by whoever logged
 * and may hold any bytes.
 */
enum journal_field {
	/* of a line */
	JOURNAL_IDENT,       /* SYSLOG_IDENTIFIER */
	JOURNAL_MESSAGE,     /* MESSAGE */
	JOURNAL_SYSLOG_PID,  /* SYSLOG_PID */
	JOURNAL_PID,         /* _PID */
	JOURNAL_HOST,        /* _HOSTNAME */
	JOURNAL_SOURCE_TIME, /* _SOURCE_REALTIME_TIMESTAMP */
	/* of journald's word that it dropped messages */
	JOURNAL_TRANSPORT,  /* _TRANSPORT */
	JOURNAL_MESSAGE_ID, /* MESSAGE_ID */
	JOURNAL_N_DROPPED,  /* N_DROPPED */
	JOURNAL_UNIT,       /* OBJECT_SYSTEMD_UNIT */
	JOURNAL_FIELDS
};

/* The name of a field in the journal. */
const char *journal_field_name(enum journal_field field);

struct journal_fields {
	struct view value[JOURNAL_FIELDS]; /* s == NULL: it has none */
	uint64_t realtime_us;              /* when journald took it */
};

enum journal_kind {
	JOURNAL_LINE,       /* a log line */
	JOURNAL_BAD,        /* no message, or an impossible program name */
	JOURNAL_LONG,       /* a message over SYSLOG_LINE_MAX */
	JOURNAL_SUPPRESSED, /* journald dropped messages: dropped, unit */
};

struct journal_entry {
	enum journal_kind kind;
	struct syslog_line line; /* all of it for a LINE; else only its t */
	uint64_t dropped;        /* how many; 0 but for SUPPRESSED */
	struct view unit;        /* of whom; "" when that is not told */
};

/*
 * Is an entry, by its JOURNAL_IDENT, perhaps journald's word that it dropped
 * messages? Then, and for the programs that matter, it is worth to be read.
 */
bool journal_entry_is_journald(struct view ident);

/*
 * Makes the line: its time is that of the source, where that is near the time
 * at which journald took the entry; its pid is SYSLOG_PID, or _PID; control
 * characters in the message are written as rsyslog writes them, "#012", into
 * text, for which SYSLOG_LINE_MAX bytes are enough. *out borrows in and text.
 */
void journal_entry_make(const struct journal_fields *in,
    char text[SYSLOG_LINE_MAX], struct journal_entry *out);

#endif
