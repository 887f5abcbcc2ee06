/* SPDX-License-Identifier: BSD-2-Clause */
/* open_days.c - a few days, the oldest of which makes room */

#include "config.h"

#include "milter/open_days.h"

bool open_days_has(const int64_t days[OPEN_DAYS], int64_t day)
{
	for (unsigned i = 0; i < OPEN_DAYS; i++) {
		if (days[i] == day) {
			return true;
		}
	}
	return false;
}

bool open_days_has_any(const int64_t days[OPEN_DAYS])
{
	for (unsigned i = 0; i < OPEN_DAYS; i++) {
		if (days[i] != 0) {
			return true;
		}
	}
	return false;
}

void open_days_add(int64_t days[OPEN_DAYS], int64_t day)
{
	unsigned oldest = 0;

	if (open_days_has(days, day)) {
		return;
	}
	for (unsigned i = 1; i < OPEN_DAYS; i++) {
		if (days[i] < days[oldest]) {
			oldest = i;
		}
	}
	days[oldest] = day;
}
