/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_COUNTER_H
#define COMMON_COUNTER_H

/*
 * What is counted beside facts, per feed and day. Everything that is dropped
 * has a counter here (promise 3); they live in the tally file. The numbers
 * stand in files: append, never renumber.
 */
enum counter {
	COUNTER_LINES,      /* log lines of this day */
	COUNTER_RECORDS,    /* lines that told us something of a session */
	COUNTER_SESSIONS,   /* sessions counted (once per policy domain) */
	COUNTER_BAD_LINE,   /* no log line: stamp or shape not understood */
	COUNTER_LONG_LINE,  /* over 64 KiB, left out */
	COUNTER_BAD_TIME,   /* stamp out of range */
	COUNTER_BAD_RECORD, /* a TLSRPT1 record that does not parse */
	COUNTER_OWN_REPORT, /* left out: the session carried our report (R50) */
	COUNTER_TLS_REQUIRED, /* left out: TLS-Required: No (R50) */
	COUNTER_LITERAL, /* left out: address literal, no policy domain (R5) */
	COUNTER_SUBMISSION,   /* left out: hand-over to our own MTA */
	COUNTER_LOCAL_POLICY, /* left out: our own policy forbade TLS */
	COUNTER_CLEAR_RETRY,  /* left out: retry in clear after a failure */
	COUNTER_ORPHAN,     /* a line whose session's beginning was not seen */
	COUNTER_UNCLEAR,    /* a session whose outcome the line does not tell */
	COUNTER_BAD_DOMAIN, /* recipient domain that is none */
	COUNTER_EVICTED,    /* open session given up: table full */
	COUNTER_EXPIRED,    /* open session closed by the time in the log */
	COUNTER_OVERFLOW,   /* sessions counted in an overflow fact */
	COUNTER_LATE,       /* sessions after the seal: not reported */
	COUNTER_GAP,        /* times that part of the log was missing */
	COUNTER_OTHER_PORT, /* left out: not port 25 */
	COUNTER_UNREAD,     /* the day was sealed before the feed had read it */
	COUNTER_RULES,      /* TLSRPT1 records that our rules wrote */
	COUNTER_RULES_BYTES,    /* bytes of their text */
	COUNTER_SUPPRESSED,     /* messages of the MTA that journald dropped */
	COUNTER_CALLOUT,        /* left out: a callout, which carries no mail */
	COUNTER_TLS_NOT_LOGGED, /* counted, but the log tells of no TLS at all */
	COUNTER_BAD_DATAGRAM,   /* a datagram that does not parse */
	COUNTER_DATAGRAMS,      /* datagrams that came */
	COUNTER_DATAGRAM_LOST, /* received, but dropped: no room, or too long */
	COUNTER_COUNT,
	COUNTER_SLOTS = 48 /* room in the file */
};

/* "bad-record" etc.: the name in status, JSON and metrics. NULL: no such. */
const char *counter_word(enum counter c);

/* One line that says what it means, for the manual and status. */
const char *counter_help(enum counter c);

#endif
