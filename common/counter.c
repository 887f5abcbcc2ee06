/* SPDX-License-Identifier: BSD-2-Clause */
/* counter.c - names and meanings of what is counted beside facts */

#include "config.h"

#include <stddef.h>

#include "common/counter.h"

static const struct {
	const char *word;
	const char *help;
} counters[COUNTER_COUNT] = {
	[COUNTER_LINES] = { "lines", "log lines read" },
	[COUNTER_RECORDS] = { "records", "lines that tell of a session" },
	[COUNTER_SESSIONS] = { "sessions", "sessions counted" },
	[COUNTER_BAD_LINE] = { "bad-line", "lines that are no log lines" },
	[COUNTER_LONG_LINE] = { "long-line", "lines over 64 KiB, left out" },
	[COUNTER_BAD_TIME] = { "bad-time", "lines with a time out of range" },
	[COUNTER_BAD_RECORD] = { "bad-record",
	    "TLSRPT1 records that are malformed" },
	[COUNTER_OWN_REPORT] = { "own-report",
	    "sessions left out: they carried our reports" },
	[COUNTER_TLS_REQUIRED] = { "tls-required-no",
	    "sessions left out: TLS-Required: No" },
	[COUNTER_LITERAL] = { "address-literal",
	    "sessions left out: to an address, not a domain" },
	[COUNTER_SUBMISSION] = { "submission",
	    "sessions left out: hand-over to our own MTA" },
	[COUNTER_LOCAL_POLICY] = { "local-policy",
	    "sessions left out: our own policy forbade TLS" },
	[COUNTER_CLEAR_RETRY] = { "clear-retry",
	    "sessions left out: retry without TLS after a failure" },
	[COUNTER_ORPHAN] = { "orphan",
	    "records of a session whose beginning was not seen" },
	[COUNTER_UNCLEAR] = { "unclear",
	    "sessions left out: the log does not tell their outcome" },
	[COUNTER_BAD_DOMAIN] = { "bad-domain",
	    "sessions left out: recipient domain not valid" },
	[COUNTER_EVICTED] = { "evicted", "open sessions given up: table full" },
	[COUNTER_EXPIRED] = { "expired",
	    "open sessions closed because nothing more was logged" },
	[COUNTER_OVERFLOW] = { "overflow",
	    "sessions counted without details: table full" },
	[COUNTER_LATE] = { "late",
	    "sessions seen after their day was sealed, not reported" },
	[COUNTER_GAP] = { "gap", "times that part of the log was missing" },
	[COUNTER_OTHER_PORT] = { "other-port",
	    "sessions left out: not to port 25" },
	[COUNTER_UNREAD] = { "unread",
	    "times that a day was sealed before all of it was read" },
	[COUNTER_RULES] = { "rules", "TLSRPT1 records that our rules wrote" },
	[COUNTER_RULES_BYTES] = { "rules-bytes", "bytes of these records" },
	[COUNTER_SUPPRESSED] = { "suppressed",
	    "messages that journald dropped by its rate limit; raise "
	    "RateLimitBurst" },
	[COUNTER_CALLOUT] = { "callout",
	    "sessions left out: callouts, which verify an address" },
	[COUNTER_TLS_NOT_LOGGED] = { "tls-not-logged",
	    "sessions not judged: the log tells nothing of TLS" },
	[COUNTER_BAD_DATAGRAM] = { "bad-datagram",
	    "datagrams that are malformed" },
	[COUNTER_DATAGRAMS] = { "datagrams", "datagrams received" },
	[COUNTER_DATAGRAM_LOST] = { "datagram-lost",
	    "datagrams that came and could not be counted" },
};

const char *counter_word(enum counter c)
{
	return (unsigned)c < COUNTER_COUNT ? counters[c].word : NULL;
}

const char *counter_help(enum counter c)
{
	return (unsigned)c < COUNTER_COUNT ? counters[c].help : NULL;
}
