/* SPDX-License-Identifier: BSD-2-Clause */
/* tally_text.c - tallies for people */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/when.h"
#include "tool/tally_text.h"

enum column {
	COLUMN_DAY,
	COLUMN_DOMAIN,
	COLUMN_MX,
	COLUMN_IP,
	COLUMN_TLS,
	COLUMN_CHAIN,
	COLUMN_NAME,
	COLUMN_DANE,
	COLUMN_REASON,
	COLUMN_VERSION,
	COLUMN_FEED,
	COLUMN_SESSIONS,
	COLUMN_COUNT
};

static const struct table_column columns[COLUMN_COUNT] = {
	[COLUMN_DAY] = { "day", false },
	[COLUMN_DOMAIN] = { "domain", false },
	[COLUMN_MX] = { "mx", false },
	[COLUMN_IP] = { "ip", false },
	[COLUMN_TLS] = { "tls", false },
	[COLUMN_CHAIN] = { "chain", false },
	[COLUMN_NAME] = { "name", false },
	[COLUMN_DANE] = { "dane", false },
	[COLUMN_REASON] = { "reason", false },
	[COLUMN_VERSION] = { "version", false },
	[COLUMN_FEED] = { "feed", false },
	[COLUMN_SESSIONS] = { "sessions", true },
};

static const struct table_column total_columns[] = {
	{ "day", false },
	{ "state", false },
	{ "domains", true },
	{ "facts", true },
	{ "sessions", true },
	{ "with TLS", true },
};

enum {
	TOTAL_COLUMNS = sizeof(total_columns) / sizeof(total_columns[0]),
	NUMBER_BUF = 24,
};

struct tally_total {
	int64_t day;
	bool is_sealed;
	uint64_t domains;
	uint64_t facts;
	uint64_t sessions;
	uint64_t with_tls; /* sessions */
};

/* The facts of a day, sorted. */
struct facts {
	struct tally_fact *f;
	size_t n;
};

void tally_text_init(
    struct tally_text *t, struct view domain, FILE *stream, bool has_colour)
{
	*t = (struct tally_text){ .domain = domain };
	table_init(&t->table, columns, COLUMN_COUNT, stream, has_colour);
}

void tally_text_release(struct tally_text *t)
{
	free(t->totals);
	t->totals = NULL;
}

static int compare_views(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int c = len > 0 ? memcmp(a.s, b.s, len) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* By domain, then the most sessions first; the rest only makes it definite. */
static int compare_facts(const void *pa, const void *pb)
{
	const struct tally_fact *a = pa;
	const struct tally_fact *b = pb;
	int c = compare_views(a->fact.domain, b->fact.domain);

	if (c == 0) {
		c = (a->count < b->count) - (a->count > b->count);
	}
	if (c == 0) {
		c = compare_views(a->fact.mx, b->fact.mx);
	}
	if (c == 0) {
		c = memcmp(&a->fact.ip, &b->fact.ip, sizeof(a->fact.ip));
	}
	if (c == 0) {
		c = (a->fact.tls > b->fact.tls) - (a->fact.tls < b->fact.tls);
	}
	if (c == 0) {
		c = (a->first > b->first) - (a->first < b->first);
	}
	return c;
}

static struct facts load(const struct tally_text *t, struct tally *tally)
{
	struct facts facts = { NULL, 0 };
	struct tally_fact fact;
	uint64_t cursor = 0;
	size_t cap = 0;

	while (tally_next_fact(tally, &cursor, &fact) == 1) {
		if (t->domain.len > 0 &&
		    !view_eq(t->domain, fact.fact.domain)) {
			continue;
		}
		if (facts.n == cap) {
			cap = cap == 0 ? 256 : cap * 2;
			facts.f =
			    xrealloc_array(facts.f, cap, sizeof(*facts.f));
		}
		facts.f[facts.n++] = fact;
	}
	if (facts.n > 0) {
		qsort(facts.f, facts.n, sizeof(*facts.f), compare_facts);
	}
	return facts;
}

/* What the file says nothing of is an empty cell. */
static struct view word(const char *text)
{
	return strcmp(text, "unknown") != 0 ? view_of(text) : view_of("");
}

static enum table_tone tone_of(const struct fact *f)
{
	if (f->tls != FACT_TLS_OK) {
		return TABLE_BAD;
	}
	if ((f->chain != FACT_CHAIN_OK && f->chain != FACT_CHAIN_UNKNOWN) ||
	    f->name == FACT_NAME_MISMATCH || f->dane == FACT_DANE_MISMATCH) {
		return TABLE_WARN;
	}
	return TABLE_PLAIN;
}

/* Shows all rows to the table: in print, or only to be measured. */
static void show(struct table *measured, const struct table *printed,
    const char *day, const struct facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		const struct fact *f = &facts->f[i].fact;
		char ip[IP_TEXT_MAX];
		char number[NUMBER_BUF];
		struct view cells[COLUMN_COUNT] = {
			[COLUMN_DAY] = view_of(day),
			[COLUMN_DOMAIN] = f->domain,
			[COLUMN_MX] = f->mx,
			[COLUMN_IP] = view_of(ip_format(&f->ip, ip)),
			[COLUMN_TLS] = view_of(fact_tls_word(f->tls)),
			[COLUMN_CHAIN] = word(fact_chain_word(f->chain)),
			[COLUMN_NAME] = word(fact_name_word(f->name)),
			[COLUMN_DANE] = word(fact_dane_word(f->dane)),
			[COLUMN_REASON] = f->reason,
			[COLUMN_VERSION] = f->version,
			[COLUMN_FEED] = f->feed,
		};

		(void)snprintf(
		    number, sizeof(number), "%" PRIu64, facts->f[i].count);
		cells[COLUMN_SESSIONS] = view_of(number);
		if (measured != NULL) {
			table_measure(measured, cells);
		} else {
			table_row(printed, cells, tone_of(f));
		}
	}
}

static struct tally_total sum(
    const struct facts *facts, const struct tally_info *info)
{
	struct tally_total total = { .day = info->day,
		.is_sealed = info->sealed != 0,
		.facts = facts->n };

	for (size_t i = 0; i < facts->n; i++) {
		const struct tally_fact *f = &facts->f[i];

		total.sessions += f->count;
		total.with_tls += f->fact.tls == FACT_TLS_OK ? f->count : 0;
		if (i == 0 ||
		    !view_eq(f->fact.domain, facts->f[i - 1].fact.domain)) {
			total.domains++;
		}
	}
	return total;
}

void tally_text_measure(struct tally_text *t, struct tally *tally)
{
	struct facts facts = load(t, tally);
	struct tally_info info;
	char day[WHEN_DATE_BUF];

	tally_info(tally, &info);
	t->has_facts = t->has_facts || facts.n > 0;
	show(&t->table, NULL, when_date(info.day, day), &facts);
	t->totals =
	    xrealloc_array(t->totals, t->n_totals + 1, sizeof(*t->totals));
	t->totals[t->n_totals++] = sum(&facts, &info);
	free(facts.f);
}

void tally_text_header(const struct tally_text *t)
{
	if (t->has_facts) {
		table_header(&t->table);
	}
}

void tally_text_print(const struct tally_text *t, struct tally *tally)
{
	struct facts facts = load(t, tally);
	struct tally_info info;
	char day[WHEN_DATE_BUF];

	tally_info(tally, &info);
	show(NULL, &t->table, when_date(info.day, day), &facts);
	free(facts.f);
}

void tally_text_totals(const struct tally_text *t)
{
	struct table table;

	table_init(&table, total_columns, TOTAL_COLUMNS, t->table.stream,
	    t->table.has_colour);
	for (size_t i = 0; i < 2 * t->n_totals; i++) {
		const struct tally_total *total = &t->totals[i % t->n_totals];
		const uint64_t values[] = { total->domains, total->facts,
			total->sessions, total->with_tls };
		struct view cells[TOTAL_COLUMNS];
		char numbers[4][NUMBER_BUF];
		char day[WHEN_DATE_BUF];

		cells[0] = view_of(when_date(total->day, day));
		cells[1] = view_of(total->is_sealed ? "sealed" : "open");
		for (size_t k = 0; k < 4; k++) {
			(void)snprintf(numbers[k], sizeof(numbers[k]),
			    "%" PRIu64, values[k]);
			cells[2 + k] = view_of(numbers[k]);
		}
		if (i < t->n_totals) {
			table_measure(&table, cells);
			continue;
		}
		if (i == t->n_totals) {
			table_header(&table);
		}
		table_row(&table, cells, TABLE_PLAIN);
	}
}
