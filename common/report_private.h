/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_REPORT_PRIVATE_H
#define COMMON_REPORT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/domain.h"
#include "common/ip.h"
#include "common/judge.h"
#include "common/mem.h"
#include "common/report.h"
#include "common/view.h"

/*
 * What the report_*.c files share, and nobody else includes but their tests.
 */

enum {
	REPORT_TEXT_MAX = 255, /* octets of a short string in the JSON */
	REPORT_DATE = 8,       /* "20261122" */
	REPORT_HEX = 16,       /* digits of the id */
	REPORT_ID_MAX = REPORT_TEXT_MAX,
	REPORT_FILENAME_MAX = 2 * DOMAIN_MAX + 2 * 20 + REPORT_HEX + 12,
};

/* I-JSON's largest integer (R57); counts stay there. */
#define REPORT_COUNT_MAX ((UINT64_C(1) << 53) - 1)

/* The key of an element of policies[] (R47). Views are borrowed. */
struct report_policy {
	enum judge_policy type;
	struct view domain;         /* policy-domain */
	const struct view *strings; /* policy-string, in order; any octets */
	size_t n_strings;           /* 0: no such member */
	const struct view *mx;      /* mx-host, in order; normalised */
	size_t n_mx;                /* 0: no such member */
};

/* An element of policies[]. */
struct report_element {
	struct report_policy policy;
	uint64_t successes; /* sessions, at most REPORT_COUNT_MAX */
	uint64_t failures;
	unsigned rank; /* its place, once report_sort() has run */
};

/* An element of failure-details[]; all but the count is its key (R48). */
struct report_detail {
	const struct report_element *element; /* that it belongs to */
	enum judge_type type;
	struct view reason; /* "": none */
	struct view mx;
	struct view helo;
	struct ip ip;
	struct ip sending_ip;
	uint64_t count; /* sessions */
};

/* Failure-details of all elements; array and members live in an arena. */
struct report_details {
	struct report_detail **v;
	size_t n;
	size_t cap;
};

struct report {
	struct arena *arena;
	struct arena *scratch; /* empty between two calls */
	struct report_sender sender;
	struct view domain;
	int64_t day;
	int64_t made;
	struct report_element **elements;
	size_t n_elements;
	size_t elements_cap;
	struct report_details details;
	struct report_totals totals;
	struct report_notes notes;
	bool is_sorted; /* elements and details are in order, each key once */
	char date[REPORT_DATE + 1];
	char hex[REPORT_HEX + 1]; /* the id's digits */
	char id[REPORT_ID_MAX + 1];
	char filename[REPORT_FILENAME_MAX + 1];
};

/* a + b, at most REPORT_COUNT_MAX. */
uint64_t report_count_add(uint64_t a, uint64_t b);

/* Order by octets, a beginning before the whole: < 0, 0, > 0. */
int report_compare_views(struct view a, struct view b);

/* The element of a key, made if need be. The key's views are copied then. */
struct report_element *report_find_element(
    struct report *r, const struct report_policy *policy);

/*
 * The key of the element that a session or an event counts under, by the
 * policy type that the judge gave. set may be NULL for JUDGE_NO_POLICY_FOUND;
 * fact is not used but for JUDGE_TLSA. The key borrows all of them, and a.
 */
void report_policy_key(const struct report *r, enum judge_policy type,
    const struct fact *fact, const struct policy_set *set, struct arena *a,
    struct report_policy *out);

/*
 * Policies that would take more than room octets of the JSON: the elements
 * with the fewest sessions lose their texts, and are one for each type and
 * domain then. Totals stay exact (R105).
 */
void report_policies_fit(struct report *r, size_t room);

/* Brings elements and details into their order and merges equal details. */
void report_sort(struct report *r);

/*
 * May sender and domain stand in a report (R84, R92, R121, R143, R150)?
 * Returns 0 or ERR_PARSE.
 */
int report_check(const struct report *r);

/* Is it a domain that receivers take: normalised, no '-' at a label's edge? */
bool report_is_domain(struct view text);

/*
 * Octets of one element of failure-details, with the comma behind it, as
 * report_json() prints it.
 */
size_t report_json_detail_size(const struct report_detail *detail);

#endif
