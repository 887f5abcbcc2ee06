/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_when.c - five bytes of time, and any bytes as a time stamp.
 *
 * Beyond memory errors: a stamp without a year is never more than a day in the
 * future, one with a year does not depend on when it is read, and what is
 * written of a time is read back.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/err.h"
#include "common/when.h"
#include "tests/fuzz/fuzz.h"

/* A time of which the year has four digits. */
static void check_writers(int64_t t)
{
	char date[WHEN_DATE_BUF];
	char stamp[WHEN_RFC3339_BUF];
	char mail[WHEN_RFC5322_BUF];
	int64_t got = 0;

	if (t < when_utc(0, 1, 1, 0, 0, 0) ||
	    t > when_utc(9999, 12, 31, 23, 59, 59)) {
		return;
	}
	(void)when_date(t, date);
	(void)when_rfc3339(t, stamp);
	(void)when_rfc5322(t, mail);
	/* strftime() does not pad years before 1000 */
	if (t >= when_utc(1000, 1, 1, 0, 0, 0)) {
		assert(when_parse_date(view_of(date), &got) == 0);
		assert(got == when_day(t));
		assert(when_parse_stamp(view_of(stamp), 0, &got) ==
		    (int)strlen(stamp));
		assert(got == t);
		assert(
		    strlen(mail) == strlen("Sun, 22 Nov 2026 00:00:00 +0000"));
	}
}

FUZZ_TARGET(data, size)
{
	struct view text;
	int64_t until = 0;
	int64_t t = 0;
	int64_t later = 0;
	int n;

	if (size < 5) {
		return 0;
	}
	for (size_t i = 0; i < 5; i++) {
		until = until << 8 | data[i];
	}
	until -= (int64_t)1 << 39;
	text = view_make((const char *)data + 5, size - 5);
	n = when_parse_stamp(text, until, &t);
	assert(n == ERR_PARSE || (n > 0 && (size_t)n <= text.len));
	check_writers(until);
	if (n < 0) {
		return 0;
	}
	check_writers(t);
	assert(when_parse_stamp(
		   text, until + INT64_C(400) * WHEN_DAY_S, &later) == n);
	if (text.s[0] >= '0' && text.s[0] <= '9') {
		assert(later == t);
	} else {
		assert(t <= until + WHEN_DAY_S);
		assert(t > until - (int64_t)9 * 366 * WHEN_DAY_S);
		assert(later >= t);
	}
	return 0;
}
