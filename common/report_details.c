/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_details.c - failure-details: in order, each once, and not too many
 *
 * Peers choose how many details a day has (their names, addresses, greetings),
 * receivers take 10 MB (R105). What is dropped is always the detail of the
 * rarest, never a session from a total.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/report_details.h"

void report_details_add(
    struct report_details *d, struct arena *a, struct report_detail *detail)
{
	if (d->n == d->cap) {
		size_t cap = d->cap == 0 ? 8 : 2 * d->cap;
		struct report_detail **v =
		    arena_alloc(a, cap * sizeof(struct report_detail *));

		if (d->n > 0) {
			memcpy(v, d->v, d->n * sizeof(struct report_detail *));
		}
		d->v = v;
		d->cap = cap;
	}
	d->v[d->n++] = detail;
}

static int compare_keys(
    const struct report_detail *a, const struct report_detail *b)
{
	int c;

	if (a->element != b->element) {
		return a->element->rank < b->element->rank ? -1 : 1;
	}
	if (a->type != b->type) {
		return a->type < b->type ? -1 : 1;
	}
	c = report_compare_views(a->mx, b->mx);
	if (c == 0) {
		c = memcmp(&a->ip, &b->ip, sizeof(a->ip));
	}
	if (c == 0) {
		c = memcmp(
		    &a->sending_ip, &b->sending_ip, sizeof(a->sending_ip));
	}
	if (c == 0) {
		c = report_compare_views(a->reason, b->reason);
	}
	return c != 0 ? c : report_compare_views(a->helo, b->helo);
}

static int by_key(const void *a, const void *b)
{
	return compare_keys(*(const struct report_detail *const *)a,
	    *(const struct report_detail *const *)b);
}

static int by_count(const void *a, const void *b)
{
	const struct report_detail *x = *(const struct report_detail *const *)a;
	const struct report_detail *y = *(const struct report_detail *const *)b;

	if (x->count != y->count) {
		return x->count > y->count ? -1 : 1;
	}
	return compare_keys(x, y);
}

static void sort(
    struct report_details *d, int (*compare)(const void *, const void *))
{
	if (d->n > 1) {
		qsort(d->v, d->n, sizeof(struct report_detail *), compare);
	}
}

void report_details_sort_by_count(struct report_details *d)
{
	sort(d, by_count);
}

void report_details_sort(struct report_details *d)
{
	size_t n = 0;

	sort(d, by_key);
	for (size_t i = 0; i < d->n; i++) {
		if (n > 0 && compare_keys(d->v[n - 1], d->v[i]) == 0) {
			d->v[n - 1]->count = report_count_add(
			    d->v[n - 1]->count, d->v[i]->count);
		} else {
			d->v[n++] = d->v[i];
		}
	}
	d->n = n;
}

static struct report_detail *copy(
    struct arena *a, const struct report_detail *detail)
{
	struct report_detail *c = arena_alloc(a, sizeof(*c));

	*c = *detail;
	return c;
}

static struct report_detail *strip(struct arena *a,
    const struct report_detail *detail, enum report_details_level level)
{
	struct report_detail *c = copy(a, detail);

	c->ip = (struct ip){ .b = { 0 } };
	c->sending_ip = (struct ip){ .b = { 0 } };
	c->helo = view_of(NULL);
	if (level >= REPORT_DETAILS_NO_HOST) {
		c->mx = view_of(NULL);
	}
	if (level >= REPORT_DETAILS_TYPE_ONLY) {
		c->reason = view_of(NULL);
	}
	return c;
}

/*
 * A session may have two results of one type (R44, R76), which must not count
 * twice once they are one detail (R43).
 */
static void cap_counts(struct report_details *d)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i]->count > d->v[i]->element->failures) {
			d->v[i]->count = d->v[i]->element->failures;
		}
	}
}

void report_details_coarse(const struct report_details *d, struct arena *a,
    enum report_details_level level, struct report_details *out)
{
	*out = (struct report_details){ .n = 0 };
	for (size_t i = 0; i < d->n; i++) {
		report_details_add(out, a, strip(a, d->v[i], level));
	}
	report_details_sort(out);
	cap_counts(out);
}

size_t report_details_size(const struct report_details *d)
{
	size_t size = 0;

	for (size_t i = 0; i < d->n; i++) {
		size += report_json_detail_size(d->v[i]);
	}
	return size;
}

/*
 * The least that must be dropped of the rare ones so that, even if all were
 * rare, they would take no more than half of the room; *size is what they
 * would take.
 */
static enum report_details_level pick_level(
    const struct report_details *d, struct arena *a, size_t room, size_t *size)
{
	enum report_details_level level = REPORT_DETAILS_NO_ADDRESS;

	for (;;) {
		struct report_details coarse;

		report_details_coarse(d, a, level, &coarse);
		*size = report_details_size(&coarse);
		if (*size <= room / 2 || level == REPORT_DETAILS_TYPE_ONLY) {
			return level;
		}
		level++;
	}
}

void report_details_fit(const struct report_details *d, struct arena *a,
    size_t room, struct report_details *out)
{
	struct report_details frequent = { .n = 0 };
	enum report_details_level level;
	size_t rare_size;
	size_t used = 0;
	size_t kept = 0;

	*out = *d;
	if (report_details_size(d) <= room) {
		return;
	}
	level = pick_level(d, a, room, &rare_size);
	for (size_t i = 0; i < d->n; i++) {
		report_details_add(&frequent, a, copy(a, d->v[i]));
	}
	report_details_sort_by_count(&frequent);
	for (; kept < frequent.n; kept++) {
		used += report_json_detail_size(frequent.v[kept]);
		if (used + rare_size > room) {
			break;
		}
	}
	for (size_t i = kept; i < frequent.n; i++) {
		frequent.v[i] = strip(a, frequent.v[i], level);
	}
	report_details_sort(&frequent);
	cap_counts(&frequent);
	*out = frequent;
}
