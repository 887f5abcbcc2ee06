/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_OPEN_DAYS_H
#define MILTER_OPEN_DAYS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A few days, by their first second; 0: none. At midnight two can be open, so
 * no account is kept of more.
 */
enum {
	OPEN_DAYS = 2
};

bool open_days_has(const int64_t days[OPEN_DAYS], int64_t day);
bool open_days_has_any(const int64_t days[OPEN_DAYS]);

/* The oldest one makes room. */
void open_days_add(int64_t days[OPEN_DAYS], int64_t day);

#endif
