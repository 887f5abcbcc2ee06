/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_WHEN_H
#define COMMON_WHEN_H

#include <stdint.h>
#include <time.h>

#include "common/view.h"

enum {
	WHEN_DAY_S = 86400,
	WHEN_DATE_BUF = 24,    /* "2026-11-22", or a year of 10 digits */
	WHEN_RFC3339_BUF = 32, /* "2026-11-22T00:00:00Z" */
	WHEN_RFC5322_BUF = 48, /* "Sun, 22 Nov 2026 00:00:00 +0000" */
};

/* All times are Unix seconds, UTC, int64_t. */

/* The first second of the UTC day that holds t. */
int64_t when_day(int64_t t);

/* Seconds of a UTC date and time; month 1 to 12. No check of the values. */
int64_t when_utc(int year, int month, int day, int hour, int min, int sec);

/* Parses "2026-11-22". Returns 0 or ERR_PARSE. */
int when_parse_date(struct view text, int64_t *day);

/* Writers; each returns out. */
const char *when_date(int64_t t, char out[WHEN_DATE_BUF]);
const char *when_rfc3339(int64_t t, char out[WHEN_RFC3339_BUF]);
const char *when_rfc5322(int64_t t, char out[WHEN_RFC5322_BUF]);

/*
 * Takes the zone of the system for the rest of the process, so that reading a
 * stamp without a zone looks at no file. To be called at start, before
 * threads; what TZ says already stays.
 */
void when_zone_init(void);

/*
 * Reads the time stamp at the front of a log line: "Nov 22 11:32:34",
 * "Nov  2 ...", "Nov 02 ..." (no year, local zone: the zone of the process),
 * or ISO 8601 "2026-11-22T11:32:34[.frac](Z|+hh:mm|+hhmm)". A stamp without
 * a year gets the latest year in which it lies not more than a day after
 * until. The function has no state besides the zone, so the same line gives
 * the same time however often it is read.
 * Returns the number of bytes read (the blank behind the stamp is not), or
 * ERR_PARSE.
 */
int when_parse_stamp(struct view line, int64_t until, int64_t *t);

/*
 * Reads the stamp of a log that an MTA writes itself: "2026-11-22 11:32:34",
 * with or without a fraction of the second (".123") and then a zone (" +0100");
 * without one, the zone of the process. Returns the number of bytes read or
 * ERR_PARSE.
 */
int when_parse_log_stamp(struct view line, int64_t *t);

#endif
