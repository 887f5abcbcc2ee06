/* SPDX-License-Identifier: BSD-2-Clause */
/* tally_policies.c - what recipients had published, for people */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/policy_probe.h"
#include "common/policy_set.h"
#include "common/sts_policy.h"
#include "common/when.h"
#include "tool/tally_policies.h"

enum column {
	COLUMN_DAY,
	COLUMN_DOMAIN,
	COLUMN_MX,
	COLUMN_SINCE,
	COLUMN_SOURCE,
	COLUMN_DNSSEC,
	COLUMN_TLSA,
	COLUMN_RECORDS,
	COLUMN_BASE,
	COLUMN_STS,
	COLUMN_REASON,
	COLUMN_COUNT
};

static const struct table_column columns[COLUMN_COUNT] = {
	[COLUMN_DAY] = { "day", false },
	[COLUMN_DOMAIN] = { "domain", false },
	[COLUMN_MX] = { "mx", false },
	[COLUMN_SINCE] = { "since", false },
	[COLUMN_SOURCE] = { "source", false },
	[COLUMN_DNSSEC] = { "mx records", false },
	[COLUMN_TLSA] = { "tlsa", false },
	[COLUMN_RECORDS] = { "records", true },
	[COLUMN_BASE] = { "tlsa base", false },
	[COLUMN_STS] = { "mta-sts", false },
	[COLUMN_REASON] = { "reason", false },
};

enum {
	NUMBER_BUF = 24,
	CELL_BUF = 64,
	PROBE_BUF = 160
};

/* The policies of a day, sorted. */
struct list {
	struct policy *v;
	size_t n;
};

void tally_policies_init(
    struct tally_policies *p, struct view domain, FILE *stream, bool has_colour)
{
	*p = (struct tally_policies){ .domain = domain, .is_empty = true };
	table_init(&p->table, columns, COLUMN_COUNT, stream, has_colour);
}

static int compare_views(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int c = len > 0 ? memcmp(a.s, b.s, len) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare(const void *pa, const void *pb)
{
	const struct policy *a = pa;
	const struct policy *b = pb;
	int c = compare_views(a->domain, b->domain);

	if (c == 0) {
		c = compare_views(a->mx, b->mx);
	}
	if (c == 0) {
		c = (a->since > b->since) - (a->since < b->since);
	}
	return c != 0 ? c : memcmp(a->hash, b->hash, sizeof(a->hash));
}

static struct list load(const struct tally_policies *p, struct tally *tally)
{
	struct list list = { NULL, 0 };
	struct policy policy;
	uint64_t cursor = 0;
	size_t cap = 0;

	while (tally_next_policy(tally, &cursor, &policy) == 1) {
		if (p->domain.len > 0 && !view_eq(p->domain, policy.domain)) {
			continue;
		}
		if (list.n == cap) {
			cap = cap == 0 ? 256 : cap * 2;
			list.v = xrealloc_array(list.v, cap, sizeof(*list.v));
		}
		list.v[list.n++] = policy;
	}
	if (list.n > 0) {
		qsort(list.v, list.n, sizeof(*list.v), compare);
	}
	return list;
}

/* What is not known is an empty cell. */
static struct view word(const char *text)
{
	return view_of(strcmp(text, "unknown") != 0 ? text : "");
}

/* The mode of a policy in force, or how it could not be had. */
static struct view sts_cell(
    const struct policy_set *set, struct arena *a, char buf[CELL_BUF])
{
	struct sts_policy policy;

	if (set->failed_at != 0) {
		(void)snprintf(buf, CELL_BUF, "refresh failed: %s",
		    policy_sts_word(set->failed));
		return view_of(buf);
	}
	if (set->sts == POLICY_STS_FOUND &&
	    sts_policy_parse(set->sts_text, a, &policy) == 0) {
		(void)snprintf(
		    buf, CELL_BUF, "mode %s", sts_mode_word(policy.mode));
		return view_of(buf);
	}
	return word(policy_sts_word(set->sts));
}

static const char *source_word(enum policy_source source)
{
	switch (source) {
	case POLICY_OWN:
		return "own";
	case POLICY_MTA:
		return "mta";
	case POLICY_PROBE:
		return "probe";
	case POLICY_SOURCES:
		break;
	}
	return "";
}

/* What our probe saw, in the column of the reason. */
static struct view probe_cell(
    const struct policy_probe *probe, char text[PROBE_BUF])
{
	char ip[IP_TEXT_MAX];

	(void)snprintf(text, PROBE_BUF, "%s: chain %s, name %s, dane %s",
	    ip_format(&probe->ip, ip), fact_chain_word(probe->chain),
	    fact_name_word(probe->name), fact_dane_word(probe->dane));
	return view_of(text);
}

static enum table_tone tone_of(const struct policy_set *set)
{
	bool is_bad = set->failed_at != 0 || set->mx == POLICY_MX_BOGUS ||
	    set->tlsa == POLICY_TLSA_UNUSABLE ||
	    set->tlsa == POLICY_TLSA_BOGUS || set->tlsa == POLICY_TLSA_FAILED ||
	    (set->sts != POLICY_STS_UNKNOWN && set->sts != POLICY_STS_NONE &&
		set->sts != POLICY_STS_FOUND);

	return is_bad ? TABLE_WARN : TABLE_PLAIN;
}

static void show_one(struct table *measured, const struct table *printed,
    const char *day, const struct policy *policy, struct arena *a)
{
	struct policy_set set = { .source = policy->source };
	struct policy_probe probe;
	char probed[PROBE_BUF];
	char number[NUMBER_BUF];
	char since[WHEN_RFC3339_BUF];
	char sts[CELL_BUF];
	struct view cells[COLUMN_COUNT] = {
		[COLUMN_DAY] = view_of(day),
		[COLUMN_DOMAIN] = policy->domain,
		[COLUMN_MX] = policy->mx,
		[COLUMN_SINCE] = view_of(when_rfc3339(policy->since, since)),
		[COLUMN_SOURCE] = view_of(source_word(policy->source)),
	};

	if (policy->source == POLICY_PROBE) {
		cells[COLUMN_REASON] =
		    policy_probe_read(policy->content, a, &probe) == 0 ?
		    probe_cell(&probe, probed) :
		    view_of("cannot be read");
	} else if (policy_set_read(policy, a, &set) != 0) {
		cells[COLUMN_REASON] = view_of("cannot be read");
	} else {
		cells[COLUMN_DNSSEC] = word(policy_mx_word(set.mx));
		cells[COLUMN_TLSA] = word(policy_tlsa_word(set.tlsa));
		cells[COLUMN_BASE] = set.base;
		cells[COLUMN_STS] = sts_cell(&set, a, sts);
		cells[COLUMN_REASON] = set.sts_reason;
	}
	if (set.n_records > 0) {
		(void)snprintf(number, sizeof(number), "%zu", set.n_records);
		cells[COLUMN_RECORDS] = view_of(number);
	}
	if (measured != NULL) {
		table_measure(measured, cells);
	} else {
		table_row(printed, cells, tone_of(&set));
	}
}

/* Shows all rows to the table: in print, or only to be measured. */
static void show(struct table *measured, const struct table *printed,
    struct tally *tally, const struct list *list)
{
	struct arena *a = arena_new();
	struct tally_info info;
	char day[WHEN_DATE_BUF];

	tally_info(tally, &info);
	(void)when_date(info.day, day);
	for (size_t i = 0; i < list->n; i++) {
		show_one(measured, printed, day, &list->v[i], a);
		arena_reset(a);
	}
	arena_free(a);
}

void tally_policies_measure(struct tally_policies *p, struct tally *tally)
{
	struct list list = load(p, tally);

	p->is_empty = p->is_empty && list.n == 0;
	show(&p->table, NULL, tally, &list);
	free(list.v);
}

void tally_policies_header(const struct tally_policies *p)
{
	if (!p->is_empty) {
		table_header(&p->table);
	}
}

void tally_policies_print(const struct tally_policies *p, struct tally *tally)
{
	struct list list = load(p, tally);

	show(NULL, &p->table, tally, &list);
	free(list.v);
}
