/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DAY_SET_H
#define COMMON_DAY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/day.h"

/*
 * The days that there are under STATE, and those of them that the writer has
 * open: a few, the least recently used one makes room. A day whose batch is
 * not committed stays.
 */
enum {
	DAY_SET_OPEN = 8 /* days open at once, if their batches allow it */
};

struct day_set;

/* Reads the directory; all is copied. Returns 0 or -errno. */
int day_set_open(
    const char *state, const struct store_limits *limits, struct day_set **out);
void day_set_close(struct day_set *set); /* NULL is allowed */

/* Reads the directory once more. Returns 0 or -errno. */
int day_set_refresh(struct day_set *set);

/* The days that have a file, ascending. Borrowed until the next call. */
const int64_t *day_set_days(const struct day_set *set, unsigned *n);

/*
 * A day, opened if need be, and made if create says so. Returns 0, ERR_FULL
 * (STORE_FILES; nothing is lost), ERR_NOT_FOUND (only without create), or
 * an error of day_open(). *out stays open until the next call that may open
 * another, or as long as it is active.
 */
int day_set_get(
    struct day_set *set, int64_t day, bool create, struct day **out);

/* Closes a day, if it is open. */
void day_set_drop(struct day_set *set, int64_t day);

/* The open days, ascending: number i, NULL behind the last. */
struct day *day_set_at(const struct day_set *set, unsigned i);

/* The path of a day's file; "" if it does not fit. Returns out. */
const char *day_set_path(
    const struct day_set *set, int64_t day, char *out, size_t size);

#endif
