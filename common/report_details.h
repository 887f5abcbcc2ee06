/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_REPORT_DETAILS_H
#define COMMON_REPORT_DETAILS_H

#include <stddef.h>

#include "common/mem.h"
#include "common/report_private.h"

/* Appends detail (kept, not copied); the array grows in the arena. */
void report_details_add(
    struct report_details *d, struct arena *a, struct report_detail *detail);

/*
 * Sorts by element (its rank), type, MX, addresses, reason and helo, and
 * makes one of those that are equal in all: the counts are added. A total
 * order: the same set in any order gives the same result.
 */
void report_details_sort(struct report_details *d);

/* How much of a detail's key is dropped. */
enum report_details_level {
	REPORT_DETAILS_NO_ADDRESS, /* addresses and helo */
	REPORT_DETAILS_NO_HOST,    /* and the MX */
	REPORT_DETAILS_TYPE_ONLY,  /* and the reason */
};

/* Copies details without parts of their keys, sorted and merged. */
void report_details_coarse(const struct report_details *d, struct arena *a,
    enum report_details_level level, struct report_details *out);

/* Sorts by falling count; then as above. */
void report_details_sort_by_count(struct report_details *d);

/* Octets that all of them take in the JSON. */
size_t report_details_size(const struct report_details *d);

/*
 * Picks what stands in a report: all if that fits into room octets of JSON,
 * else the most frequent, and the others merged (R105). d is sorted; *out may
 * share its members.
 */
void report_details_fit(const struct report_details *d, struct arena *a,
    size_t room, struct report_details *out);

#endif
