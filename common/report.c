/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - one policy domain's day: grouping and counting
 *
 * What a report says depends on the facts alone, not on the order in which
 * they came, so that the same day always gives the same bytes (promise 6).
 */

#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/address.h"
#include "common/digest.h"
#include "common/err.h"
#include "common/gzip.h"
#include "common/report_details.h"
#include "common/report_private.h"
#include "common/when.h"

uint64_t report_count_add(uint64_t a, uint64_t b)
{
	if (a > REPORT_COUNT_MAX || b > REPORT_COUNT_MAX - a) {
		return REPORT_COUNT_MAX;
	}
	return a + b;
}

bool report_is_domain(struct view text)
{
	if (!domain_is_normal(text)) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		bool is_edge = i == 0 || i + 1 == text.len ||
		    text.s[i - 1] == '.' || text.s[i + 1] == '.';

		if (is_edge && text.s[i] == '-') {
			return false;
		}
	}
	return true;
}

/* The labels at the end that fit into max octets. */
static const char *last_labels(const char *domain, size_t max)
{
	while (strlen(domain) > max && strchr(domain, '.') != NULL) {
		domain = strchr(domain, '.') + 1;
	}
	return domain;
}

static char *append(char *at, struct view v)
{
	if (v.len > 0) {
		memcpy(at, v.s, v.len);
	}
	return at + v.len;
}

/* "sender!domain!": no '!' is in a domain, nor in a site. */
static char *append_names(char *at, const struct report *r)
{
	at = append(append(at, view_of(r->sender.submitter)), view_of("!"));
	return append(append(at, r->domain), view_of("!"));
}

static void make_hex(struct report *r)
{
	char key[2 * DOMAIN_MAX + REPORT_SITE_MAX + 32];
	char sum[DIGEST_SHA256_HEX];
	char *at = append(append_names(key, r), view_of(r->date));

	if (r->sender.site != NULL) {
		at = append(append(at, view_of("!")), view_of(r->sender.site));
	}
	(void)digest_sha256_hex(key, (size_t)(at - key), sum);
	memcpy(r->hex, sum, REPORT_HEX);
}

static void make_filename(struct report *r)
{
	char *at = append_names(r->filename, r);
	size_t names = (size_t)(at - r->filename);
	size_t size = sizeof(r->filename) - names;
	int n = snprintf(at, size, "%" PRId64 "!%" PRId64 "!%s.json.gz", r->day,
	    r->day + WHEN_DAY_S - 1, r->hex);

	if (names + (size_t)n > REPORT_FILENAME_SHORT) { /* R124 */
		(void)snprintf(at, size, "%" PRId64 "!%" PRId64 ".json.gz",
		    r->day, r->day + WHEN_DAY_S - 1);
	}
}

static void name_report(struct report *r)
{
	char date[WHEN_DATE_BUF];
	char *at = r->date;

	(void)when_date(r->day, date);
	at = append(at, view_make(date, 4));
	at = append(at, view_make(date + 5, 2));
	*append(at, view_make(date + 8, 2)) = '\0';
	make_hex(r);
	(void)snprintf(r->id, sizeof(r->id), "%s.%s@%s", r->date, r->hex,
	    last_labels(r->sender.submitter,
		REPORT_ID_MAX - REPORT_DATE - REPORT_HEX - 2));
	make_filename(r);
}

struct report *report_new(const struct report_sender *sender,
    struct view domain, int64_t day, int64_t made)
{
	struct arena *a = arena_new();
	struct report *r = arena_alloc(a, sizeof(*r));

	assert(strlen(sender->submitter) <= DOMAIN_MAX);
	assert(domain.len <= DOMAIN_MAX);
	assert(sender->site == NULL || strlen(sender->site) <= REPORT_SITE_MAX);
	r->arena = a;
	r->scratch = arena_new();
	r->sender = *sender;
	r->domain = domain;
	r->day = when_day(day);
	r->made = made;
	name_report(r);
	return r;
}

void report_set_notes(struct report *r, const struct report_notes *notes)
{
	r->notes = *notes;
}

void report_free(struct report *r)
{
	if (r != NULL) {
		arena_free(r->scratch);
		arena_free(r->arena);
	}
}

int report_compare_views(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n > 0 ? memcmp(a.s, b.s, n) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_lists(
    const struct view *a, size_t n_a, const struct view *b, size_t n_b)
{
	for (size_t i = 0; i < n_a && i < n_b; i++) {
		int c = report_compare_views(a[i], b[i]);

		if (c != 0) {
			return c;
		}
	}
	return (n_a > n_b) - (n_a < n_b);
}

/* R47 */
static int compare_policies(
    const struct report_policy *a, const struct report_policy *b)
{
	int c;

	if (a->type != b->type) {
		return a->type < b->type ? -1 : 1;
	}
	c = report_compare_views(a->domain, b->domain);
	if (c == 0) {
		c = compare_lists(
		    a->strings, a->n_strings, b->strings, b->n_strings);
	}
	return c != 0 ? c : compare_lists(a->mx, a->n_mx, b->mx, b->n_mx);
}

static int by_policy(const void *a, const void *b)
{
	return compare_policies(
	    &(*(const struct report_element *const *)a)->policy,
	    &(*(const struct report_element *const *)b)->policy);
}

static const struct view *copy_list(
    struct arena *a, const struct view *list, size_t n)
{
	struct view *copy = arena_alloc(a, n * sizeof(*copy));

	for (size_t i = 0; i < n; i++) {
		copy[i] = arena_view(a, list[i]);
	}
	return copy;
}

static void append_element(struct report *r, struct report_element *e)
{
	if (r->n_elements == r->elements_cap) {
		size_t cap = r->elements_cap == 0 ? 4 : 2 * r->elements_cap;
		struct report_element **v = arena_alloc(
		    r->arena, cap * sizeof(struct report_element *));

		if (r->n_elements > 0) {
			memcpy(v, r->elements,
			    r->n_elements * sizeof(struct report_element *));
		}
		r->elements = v;
		r->elements_cap = cap;
	}
	r->elements[r->n_elements++] = e;
	r->is_sorted = false;
}

struct report_element *report_find_element(
    struct report *r, const struct report_policy *policy)
{
	struct report_element *e;

	for (size_t i = 0; i < r->n_elements; i++) {
		e = r->elements[i];
		if (compare_policies(&e->policy, policy) == 0) {
			return e;
		}
	}
	e = arena_alloc(r->arena, sizeof(*e));
	e->policy = *policy;
	e->policy.domain = arena_view(r->arena, policy->domain);
	e->policy.strings =
	    copy_list(r->arena, policy->strings, policy->n_strings);
	e->policy.mx = copy_list(r->arena, policy->mx, policy->n_mx);
	append_element(r, e);
	return e;
}

/* R99: a greeting of printable ASCII with more than blanks in it, or none. */
static struct view usable_helo(struct view helo)
{
	bool is_blank = true;

	if (helo.len > REPORT_TEXT_MAX) {
		return view_of(NULL);
	}
	for (size_t i = 0; i < helo.len; i++) {
		if (helo.s[i] < ' ' || helo.s[i] > '~') {
			return view_of(NULL);
		}
		is_blank = is_blank && helo.s[i] == ' ';
	}
	return is_blank ? view_of(NULL) : helo;
}

/* Is it about the policy and its host, not about an MX host? */
static bool is_about_policy(enum judge_type type)
{
	return type == JUDGE_STS_POLICY_FETCH_ERROR ||
	    type == JUDGE_STS_POLICY_INVALID ||
	    type == JUDGE_STS_WEBPKI_INVALID;
}

/* fact: NULL for an event. */
static void add_detail(struct report *r, const struct report_element *element,
    const struct fact *fact, const struct judge_result *result, uint64_t count)
{
	struct report_detail *d = arena_alloc(r->arena, sizeof(*d));

	d->element = element;
	d->type = result->type;
	d->reason = arena_view(r->arena, view_of(result->reason));
	if (fact != NULL && !is_about_policy(d->type)) { /* R98 */
		if (report_is_domain(fact->mx)) {
			d->mx = arena_view(r->arena, fact->mx);
		}
		d->helo = arena_view(r->arena, usable_helo(fact->helo));
		d->ip = fact->ip;
		if (r->sender.sending_mta_ip) {
			d->sending_ip = fact->sending_ip;
		}
	}
	d->count = report_count_add(0, count);
	report_details_add(&r->details, r->arena, d);
	r->is_sorted = false;
}

/* Counts what was judged under one policy in the element of that policy. */
static void add_verdict(struct report *r, const struct judge_verdict *verdict,
    const struct fact *fact, const struct policy_set *set, uint64_t count)
{
	struct report_element *element;
	struct report_policy key;

	report_policy_key(r, verdict->policy, fact, set, r->scratch, &key);
	element = report_find_element(r, &key);
	arena_reset(r->scratch);
	if (verdict->outcome == JUDGED_SUCCESS) {
		element->successes =
		    report_count_add(element->successes, count);
		return;
	}
	element->failures = report_count_add(element->failures, count);
	for (size_t i = 0; i < verdict->n; i++) {
		add_detail(r, element, fact, &verdict->result[i], count);
	}
}

static void add_to(uint64_t *total, uint64_t count)
{
	*total = report_count_add(*total, count);
}

void report_add(struct report *r, const struct tally_fact *fact,
    const struct policy_set *set)
{
	struct judge_verdict verdict[JUDGE_VERDICTS];
	struct report_totals *totals = &r->totals;
	bool is_counted = false;
	size_t n;

	assert(view_eq(fact->fact.domain, r->domain));
	if (fact->count == 0) {
		return;
	}
	n = judge(&fact->fact, set, r->sender.count, verdict);
	for (size_t i = 0; i < n; i++) {
		if (verdict[i].outcome == JUDGED_UNKNOWN) {
			continue;
		}
		add_verdict(r, &verdict[i], &fact->fact, set, fact->count);
		if (!is_counted) { /* the governing one is first */
			add_to(verdict[i].outcome == JUDGED_SUCCESS ?
				&totals->successes :
				&totals->failures,
			    fact->count);
		}
		is_counted = true;
	}
	if (!is_counted) {
		add_to(&totals->unjudged, fact->count);
	}
}

void report_add_event(struct report *r, const struct policy_set *set)
{
	struct judge_verdict verdict;

	judge_event(set, &verdict);
	if (verdict.outcome == JUDGED_FAILURE) {
		add_verdict(r, &verdict, NULL, set, 1);
		add_to(&r->totals.failures, 1);
	}
}

void report_sort(struct report *r)
{
	if (r->is_sorted) {
		return;
	}
	if (r->n_elements > 1) {
		qsort(r->elements, r->n_elements,
		    sizeof(struct report_element *), by_policy);
	}
	for (size_t i = 0; i < r->n_elements; i++) {
		r->elements[i]->rank = (unsigned)i;
	}
	report_details_sort(&r->details);
	r->is_sorted = true;
}

void report_totals(const struct report *r, struct report_totals *out)
{
	*out = r->totals;
}

bool report_worth(const struct report *r)
{
	return r->n_elements > 0;
}

bool report_next_failure(
    const struct report *r, size_t *cursor, struct report_failure *out)
{
	if (*cursor == r->details.n) {
		return false;
	}
	out->type = r->details.v[*cursor]->type;
	out->reason = r->details.v[*cursor]->reason;
	out->count = r->details.v[(*cursor)++]->count;
	return true;
}

const char *report_id(const struct report *r)
{
	return r->id;
}

const char *report_filename(const struct report *r)
{
	return r->filename;
}

int report_gzip(const struct strbuf *json, struct strbuf *out)
{
	return gzip_compress(json->s, json->len, out);
}

static bool is_plain_text(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
			return false;
		}
	}
	return n > 0 && n <= REPORT_TEXT_MAX;
}

int report_check(const struct report *r)
{
	struct view submitter = view_of(r->sender.submitter);

	if (!report_is_domain(r->domain) || !report_is_domain(submitter) ||
	    view_index(submitter, '_') < submitter.len ||
	    !is_plain_text(r->sender.organization) ||
	    !address_is_plain(view_of(r->sender.contact), submitter)) {
		return ERR_PARSE;
	}
	return 0;
}
