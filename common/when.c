/* SPDX-License-Identifier: BSD-2-Clause */
/* when.c - dates, days and the time stamps of log lines */

#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/when.h"

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t when_day(int64_t t)
{
	return floor_div(t, WHEN_DAY_S) * WHEN_DAY_S;
}

/* Days from 1970-01-01 in the Gregorian calendar. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year =
	    (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 -
	    year_of_era / 100 + day_of_year - 719468;
}

int64_t when_utc(int year, int month, int day, int hour, int min, int sec)
{
	return days_from_civil(year, month, day) * WHEN_DAY_S +
	    INT64_C(3600) * hour + INT64_C(60) * min + sec;
}

static struct tm broken_down(int64_t t)
{
	time_t tt = (time_t)t;
	struct tm tm;

	if (gmtime_r(&tt, &tm) == NULL) {
		memset(&tm, 0, sizeof(tm));
	}
	return tm;
}

/* By hand: strftime() looks at the zone's file each time, and at the locale. */
static char *put_number(char *at, int64_t value, int width)
{
	int64_t left = value < 0 ? -value : value; /* far from the least */
	char digit[24];
	int n = 0;

	if (value < 0) {
		*at++ = '-';
	}
	while (left > 0 || n < width) {
		digit[n++] = (char)('0' + left % 10);
		left /= 10;
	}
	while (n > 0) {
		*at++ = digit[--n];
	}
	return at;
}

static char *put_date(char *at, const struct tm *tm)
{
	at = put_number(at, (int64_t)tm->tm_year + 1900, 4);
	*at++ = '-';
	at = put_number(at, tm->tm_mon + 1, 2);
	*at++ = '-';
	return put_number(at, tm->tm_mday, 2);
}

static char *put_clock(char *at, const struct tm *tm)
{
	at = put_number(at, tm->tm_hour, 2);
	*at++ = ':';
	at = put_number(at, tm->tm_min, 2);
	*at++ = ':';
	return put_number(at, tm->tm_sec, 2);
}

const char *when_date(int64_t t, char out[WHEN_DATE_BUF])
{
	struct tm tm = broken_down(t);

	*put_date(out, &tm) = '\0';
	return out;
}

const char *when_rfc3339(int64_t t, char out[WHEN_RFC3339_BUF])
{
	struct tm tm = broken_down(t);
	char *at = put_date(out, &tm);

	*at++ = 'T';
	at = put_clock(at, &tm);
	*at++ = 'Z';
	*at = '\0';
	return out;
}

const char *when_rfc5322(int64_t t, char out[WHEN_RFC5322_BUF])
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm = broken_down(t);
	char *at = stpcpy(out, days[tm.tm_wday]);

	at = put_number(stpcpy(at, ", "), tm.tm_mday, 2);
	at = stpcpy(stpcpy(stpcpy(at, " "), months[tm.tm_mon]), " ");
	at = put_number(at, (int64_t)tm.tm_year + 1900, 4);
	at = put_clock(stpcpy(at, " "), &tm);
	*stpcpy(at, " +0000") = '\0';
	return out;
}

/* n decimal digits at s; -1 when one of them is none. */
static int digits(const char *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9') {
			return -1;
		}
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

static int days_in_month(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool is_date(int year, int month, int day)
{
	return year >= 0 && month >= 1 && month <= 12 && day >= 1 &&
	    day <= days_in_month(year, month);
}

/* "YYYY-MM-DD" at the front. */
static int read_date(struct view text, int *year, int *month, int *day)
{
	if (text.len < 10 || text.s[4] != '-' || text.s[7] != '-') {
		return ERR_PARSE;
	}
	*year = digits(text.s, 4);
	*month = digits(text.s + 5, 2);
	*day = digits(text.s + 8, 2);
	return is_date(*year, *month, *day) ? 0 : ERR_PARSE;
}

int when_parse_date(struct view text, int64_t *day)
{
	int y;
	int m;
	int d;

	if (text.len != 10 || read_date(text, &y, &m, &d) != 0) {
		return ERR_PARSE;
	}
	*day = when_utc(y, m, d, 0, 0, 0);
	return 0;
}

/* "hh:mm:ss" at s (8 bytes) as seconds of the day; -1: none. */
static int read_clock(const char *s)
{
	int h = digits(s, 2);
	int m = digits(s + 3, 2);
	int sec = digits(s + 6, 2);

	if (s[2] != ':' || s[5] != ':' || h < 0 || h > 23 || m < 0 || m > 59 ||
	    sec < 0 || sec > 60) {
		return -1;
	}
	return h * 3600 + m * 60 + sec;
}

/* "Z", "+hh:mm", "+hhmm", "+hh" as seconds; returns bytes or ERR_PARSE. */
static int read_zone(struct view z, int *offset_s)
{
	int h;
	int m;
	size_t minutes_at;

	if (z.len >= 1 && z.s[0] == 'Z') {
		*offset_s = 0;
		return 1;
	}
	if (z.len < 3 || (z.s[0] != '+' && z.s[0] != '-')) {
		return ERR_PARSE;
	}
	h = digits(z.s + 1, 2);
	minutes_at = z.len > 3 && z.s[3] == ':' ? 4 : 3;
	m = z.len >= minutes_at + 2 ? digits(z.s + minutes_at, 2) : -1;
	if (h < 0 || h > 23 || m > 59) {
		return ERR_PARSE;
	}
	*offset_s =
	    (h * 3600 + (m > 0 ? m * 60 : 0)) * (z.s[0] == '-' ? -1 : 1);
	return m < 0 ? 3 : (int)minutes_at + 2;
}

static int parse_iso(struct view line, int64_t *t)
{
	int y;
	int mo;
	int d;
	int clock;
	int zone_s;
	int n;
	size_t at = 19;

	if (line.len < 20 || read_date(line, &y, &mo, &d) != 0 ||
	    (line.s[10] != 'T' && line.s[10] != ' ')) {
		return ERR_PARSE;
	}
	clock = read_clock(line.s + 11);
	if (clock < 0) {
		return ERR_PARSE;
	}
	if (line.s[at] == '.' || line.s[at] == ',') {
		at++;
		while (at < line.len && digits(line.s + at, 1) >= 0) {
			at++;
		}
	}
	n = read_zone(view_skip(line, at), &zone_s);
	if (n < 0) {
		return n;
	}
	*t = when_utc(y, mo, d, 0, 0, 0) + clock - zone_s;
	return (int)at + n;
}

static int read_month(const char *s)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (size_t i = 0; i < 12; i++) {
		if (memcmp(names + 3 * i, s, 3) == 0) {
			return (int)i + 1;
		}
	}
	return -1;
}

static int64_t local_time(int year, int month, int day, int clock)
{
	struct tm tm = {
		.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = clock / 3600,
		.tm_min = clock / 60 % 60,
		.tm_sec = clock % 60,
		.tm_isdst = -1,
	};

	return (int64_t)mktime(&tm);
}

/* "Mon dd hh:mm:ss", dd padded with a blank or a zero. */
static int parse_traditional(struct view line, int64_t until, int64_t *t)
{
	int month;
	int day;
	int clock;
	int year = broken_down(until + WHEN_DAY_S).tm_year + 1900;

	if (line.len < 15 || line.s[3] != ' ' || line.s[6] != ' ') {
		return ERR_PARSE;
	}
	month = read_month(line.s);
	day = line.s[4] == ' ' ? digits(line.s + 5, 1) : digits(line.s + 4, 2);
	clock = read_clock(line.s + 7);
	if (month < 0 || clock < 0) {
		return ERR_PARSE;
	}
	/* the zone may put the year's end a day off; a leap day, 8 years */
	for (int y = year + 1; y > year - 9; y--) {
		if (is_date(y, month, day)) {
			*t = local_time(y, month, day, clock);
			if (*t <= until + WHEN_DAY_S) {
				return 15;
			}
		}
	}
	return ERR_PARSE;
}

/* " +hhmm" and the end or a blank, as seconds. */
static bool take_log_zone(struct view *rest, int *zone_s)
{
	struct view z = *rest;

	if (!view_take(&z, " ") || z.len < 5 || (z.len > 5 && z.s[5] != ' ') ||
	    (z.s[0] != '+' && z.s[0] != '-') || digits(z.s + 1, 4) < 0 ||
	    read_zone(view_make(z.s, 5), zone_s) != 5) {
		return false;
	}
	*rest = view_skip(z, 5);
	return true;
}

int when_parse_log_stamp(struct view line, int64_t *t)
{
	struct view rest;
	int y;
	int mo;
	int d;
	int clock;
	int zone_s;

	if (line.len < 19 || read_date(line, &y, &mo, &d) != 0 ||
	    line.s[10] != ' ') {
		return ERR_PARSE;
	}
	clock = read_clock(line.s + 11);
	if (clock < 0) {
		return ERR_PARSE;
	}
	rest = view_skip(line, 19);
	if (rest.len > 1 && rest.s[0] == '.' && digits(rest.s + 1, 1) >= 0) {
		rest = view_skip(rest, 2);
		while (rest.len > 0 && digits(rest.s, 1) >= 0) {
			rest = view_skip(rest, 1);
		}
	}
	if (take_log_zone(&rest, &zone_s)) {
		*t = when_utc(y, mo, d, 0, 0, 0) + clock - zone_s;
	} else {
		*t = local_time(y, mo, d, clock);
	}
	return (int)(line.len - rest.len);
}

void when_zone_init(void)
{
	/* without TZ, glibc looks whether the file has changed, each time */
	(void)setenv("TZ", ":/etc/localtime", 0);
	tzset();
}

int when_parse_stamp(struct view line, int64_t until, int64_t *t)
{
	if (line.len > 0 && line.s[0] >= '0' && line.s[0] <= '9') {
		return parse_iso(line, t);
	}
	return parse_traditional(line, until, t);
}
