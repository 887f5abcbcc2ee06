/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_facts.c - the domain's sessions, and why they were judged so
 *
 * Facts that have the same reasons are one group: the reasons are told once,
 * and the facts stand in a table under them. The text of the reasons is the
 * group's key, so whatever is told of a group is true of each of its facts.
 */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/policy_probe.h"
#include "common/when.h"
#include "tool/explain.h"
#include "tool/table.h"
#include "tool/tally_json.h"

enum column {
	COLUMN_SESSIONS,
	COLUMN_FIRST,
	COLUMN_MX,
	COLUMN_IP,
	COLUMN_TLS,
	COLUMN_VERSION,
	COLUMN_CHAIN,
	COLUMN_NAME,
	COLUMN_DANE,
	COLUMN_REASON,
	COLUMN_FEED,
	COLUMN_COUNT
};

static const struct table_column columns[COLUMN_COUNT] = {
	[COLUMN_SESSIONS] = { "sessions", true },
	[COLUMN_FIRST] = { "first", false },
	[COLUMN_MX] = { "mx", false },
	[COLUMN_IP] = { "ip", false },
	[COLUMN_TLS] = { "tls", false },
	[COLUMN_VERSION] = { "version", false },
	[COLUMN_CHAIN] = { "chain", false },
	[COLUMN_NAME] = { "name", false },
	[COLUMN_DANE] = { "dane", false },
	[COLUMN_REASON] = { "reason", false },
	[COLUMN_FEED] = { "feed", false },
};

/* A fact with what was made of it. */
struct told {
	struct tally_fact fact;
	enum judge_outcome outcome;
	char *reasons; /* owned */
};

struct told_list {
	struct told *v;
	size_t n;
};

/* --- reasons --- */

static void say_policy(const struct explain *e, const struct policies_choice *c,
    const struct page *p)
{
	static const char *const texts[] = {
		[POLICIES_NONE] = "nothing is known of what was published",
		[POLICIES_NAMED] = ", which the sessions name",
		[POLICIES_GONE] =
		    "the one that the sessions name is not in the tally",
		[POLICIES_AFTER] =
		    ", the first one learned at or after the first session",
		[POLICIES_BEFORE] = ", the last one learned before",
	};
	char label[EXPLAIN_LABEL];

	page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "policy", "%s%s%s%s%s",
	    explain_policies_label(e, c->hash, label), texts[c->rule],
	    c->rule == POLICIES_BEFORE ?
		" the first session, for none was learned later" :
		"",
	    c->is_of_domain ?
		"; of the domain as a whole, for none of the MX host is known" :
		"",
	    c->is_mta_first ?
		"; the MTA's goes before ours, which knows nothing of the kind "
		"of policy that the MTA applied" :
		"");
}

static void say_results(const struct judge_verdict *v, struct strbuf *out)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct judge_result *r = &v->result[i];

		strbuf_addf(out, "%s%s (%s)%s%s", i > 0 ? "; " : ": ",
		    judge_type_word(r->type), judge_type_rule(r->type),
		    r->reason[0] != '\0' ? ", " : "", r->reason);
	}
}

static void say_verdict(const struct judge_verdict *v,
    const struct judge_why *why, const struct page *p)
{
	struct strbuf text;

	strbuf_init(&text, 4096);
	switch (v->outcome) {
	case JUDGED_SUCCESS:
		strbuf_addf(&text, "success under %s (%s)",
		    judge_policy_word(v->policy),
		    judge_type_rule(JUDGE_SUCCESS));
		break;
	case JUDGED_FAILURE:
		strbuf_addf(
		    &text, "failure under %s", judge_policy_word(v->policy));
		say_results(v, &text);
		break;
	case JUDGED_UNKNOWN:
		strbuf_addf(&text, "not judged%s%s: in no report",
		    why->n > 0 ? " under " : "",
		    why->n > 0 ? judge_policy_word(v->policy) : "");
		break;
	}
	page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "verdict", "%s",
	    strbuf_str(&text));
	strbuf_release(&text);
}

/* The MTA left open what a probe of ours then saw. */
static void say_probe(const struct policy_set *set, const struct page *p)
{
	char when[WHEN_RFC3339_BUF];

	page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "probe",
	    "what the MTA did not tell, our own probe of this address saw at "
	    "%s, within six hours of each session",
	    when_rfc3339(set->probe->at, when));
}

/* Why this policy governs, and not one that would go before it. */
static void say_governs(const struct judge_verdict *v,
    const struct judge_why *why, const struct page *p)
{
	const char *second = v->policy == JUDGE_STS ? why->tlsa : why->sts;
	const char *first = v->policy == JUDGE_STS ? why->sts : why->tlsa;
	bool is_alone = v->policy == JUDGE_TLSA || strcmp(first, second) == 0;

	page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "for", "%s%s%s", first,
	    is_alone ? "" : "; ", is_alone ? "" : second);
}

static void say_steps(const struct judge_why *why, const struct page *p)
{
	for (size_t i = 0; i < why->n; i++) {
		const struct judge_step *s = &why->step[i];

		page_say(
		    p, EXPLAIN_INDENT, EXPLAIN_HANG, s->about, "%s", s->seen);
		if (s->rule != NULL) {
			page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, NULL, "%s",
			    s->rule);
		}
	}
}

static void tell(struct explain *e, const struct tally_fact *fact,
    unsigned width, struct told *out)
{
	struct judge_verdict v[JUDGE_VERDICTS];
	struct judge_why why[JUDGE_VERDICTS];
	struct policies_choice choice;
	size_t len = 0;
	char *text = NULL;
	struct page p = { .stream = open_memstream(&text, &len),
		.width = width };
	size_t n;

	if (p.stream == NULL) {
		abort(); /* for want of memory only */
	}
	policies_explain(e->policies, fact, &choice);
	n = judge_explain(&fact->fact, choice.set, e->sender.count, v, why);
	for (size_t i = 0; i < n; i++) {
		say_verdict(&v[i], &why[i], &p);
		if (i == 0) {
			say_policy(e, &choice, &p);
		}
		if (choice.set != NULL && v[i].is_probed) {
			say_probe(choice.set, &p);
		}
		if (choice.set != NULL) {
			say_governs(&v[i], &why[i], &p);
		}
		say_steps(&why[i], &p);
	}
	(void)fclose(p.stream);
	*out = (struct told){
		.fact = *fact, .outcome = v[0].outcome, .reasons = text
	};
}

/* --- groups --- */

static int compare_views(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int c = len > 0 ? memcmp(a.s, b.s, len) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* What failed goes first, then what is not judged. */
static int rank(enum judge_outcome outcome)
{
	return outcome == JUDGED_FAILURE ? 0 :
	    outcome == JUDGED_UNKNOWN    ? 1 :
					   2;
}

static int by_group(const void *pa, const void *pb)
{
	const struct told *a = pa;
	const struct told *b = pb;
	int c = rank(a->outcome) - rank(b->outcome);

	if (c == 0) {
		c = strcmp(a->reasons, b->reasons);
	}
	if (c == 0) {
		c = (a->fact.count < b->fact.count) -
		    (a->fact.count > b->fact.count);
	}
	if (c == 0) {
		c = (a->fact.first > b->fact.first) -
		    (a->fact.first < b->fact.first);
	}
	return c != 0 ? c : compare_views(a->fact.fact.mx, b->fact.fact.mx);
}

static struct told_list load(struct explain *e, unsigned width)
{
	struct told_list list = {
		xcalloc(e->end - e->begin + 1, sizeof(*list.v)), 0
	};

	for (size_t i = e->begin; i < e->end; i++) {
		uint64_t cursor = e->groups.entries[i].cursor;
		struct tally_fact fact;

		if (cursor != GROUPS_NO_FACT &&
		    tally_next_fact(e->tally, &cursor, &fact) > 0) {
			tell(e, &fact, width, &list.v[list.n++]);
		}
	}
	if (list.n > 1) {
		qsort(list.v, list.n, sizeof(*list.v), by_group);
	}
	return list;
}

/* What is not known is an empty cell. */
static struct view word(const char *text)
{
	return view_of(
	    text != NULL && strcmp(text, "unknown") != 0 ? text : "");
}

static void show_fact(struct table *measured, const struct table *printed,
    const struct tally_fact *f)
{
	const struct fact *fact = &f->fact;
	char number[24];
	char time[WHEN_RFC3339_BUF];
	char ip[IP_TEXT_MAX];
	struct view cells[COLUMN_COUNT] = {
		[COLUMN_MX] = fact->mx,
		[COLUMN_IP] = view_of(ip_format(&fact->ip, ip)),
		[COLUMN_TLS] = word(fact_tls_word(fact->tls)),
		[COLUMN_VERSION] = fact->version,
		[COLUMN_CHAIN] = word(fact_chain_word(fact->chain)),
		[COLUMN_NAME] = word(fact_name_word(fact->name)),
		[COLUMN_DANE] = word(fact_dane_word(fact->dane)),
		[COLUMN_REASON] = fact->reason,
		[COLUMN_FEED] = fact->feed,
	};

	(void)snprintf(number, sizeof(number), "%" PRIu64, f->count);
	cells[COLUMN_SESSIONS] = view_of(number);
	/* only the time of the day */
	cells[COLUMN_FIRST] = view_of(when_rfc3339(f->first, time));
	if (cells[COLUMN_FIRST].len == strlen("2026-11-22T00:00:00Z")) {
		cells[COLUMN_FIRST] = view_make(time + 11, 8);
	}
	if (measured != NULL) {
		table_measure(measured, cells);
	} else {
		table_row(printed, cells, TABLE_PLAIN);
	}
}

static void show_group(const struct told *v, size_t n, const struct page *p)
{
	struct table table;

	(void)fputs(v[0].reasons, p->stream);
	table_init(&table, columns, COLUMN_COUNT, p->stream, false);
	table.indent = EXPLAIN_INDENT;
	for (size_t i = 0; i < n; i++) {
		show_fact(&table, NULL, &v[i].fact);
	}
	table_header(&table);
	for (size_t i = 0; i < n; i++) {
		show_fact(NULL, &table, &v[i].fact);
	}
}

void explain_facts_show(struct explain *e, const struct page *p)
{
	struct told_list list = load(e, p->width);
	char title[64];
	size_t end;

	(void)snprintf(title, sizeof(title), "Sessions of %s", e->date);
	page_heading(p, 3, title);
	if (list.n == 0) {
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "No session to this domain was counted.");
	}
	for (size_t i = 0; i < list.n; i = end) {
		for (end = i + 1; end < list.n &&
		     strcmp(list.v[end].reasons, list.v[i].reasons) == 0;
		     end++) {
		}
		if (i > 0) {
			(void)fputc('\n', p->stream);
		}
		show_group(&list.v[i], end - i, p);
	}
	for (size_t i = 0; i < list.n; i++) {
		free(list.v[i].reasons);
	}
	free(list.v);
}

/* --- JSON --- */

static const char *outcome_word(enum judge_outcome outcome)
{
	return outcome == JUDGED_SUCCESS ? "success" :
	    outcome == JUDGED_FAILURE    ? "failure" :
					   "unknown";
}

static const char *rule_word(enum policies_rule rule)
{
	static const char *const words[] = {
		[POLICIES_NONE] = "none",
		[POLICIES_NAMED] = "named",
		[POLICIES_GONE] = "gone",
		[POLICIES_AFTER] = "after",
		[POLICIES_BEFORE] = "before",
	};

	return words[rule];
}

static void put_step(const struct judge_step *s, struct json_out *j)
{
	json_out_open(j, NULL);
	json_out_text(j, "about", view_of(s->about));
	json_out_text(j, "seen", view_of(s->seen));
	json_out_text(j, "rule", view_of(s->rule));
	json_out_close(j);
}

static void put_verdict(const struct judge_verdict *v,
    const struct judge_why *why, struct json_out *j)
{
	json_out_open(j, NULL);
	json_out_text(j, "policy", view_of(judge_policy_word(v->policy)));
	json_out_text(j, "outcome", view_of(outcome_word(v->outcome)));
	json_out_bool(j, "probed", v->is_probed);
	json_out_open_list(j, "results");
	for (size_t i = 0; i < v->n; i++) {
		json_out_open(j, NULL);
		json_out_text(
		    j, "type", view_of(judge_type_word(v->result[i].type)));
		json_out_text(j, "reason", view_of(v->result[i].reason));
		json_out_text(
		    j, "rule", view_of(judge_type_rule(v->result[i].type)));
		json_out_close(j);
	}
	json_out_close_list(j);
	json_out_text(j, "tlsa", view_of(why->tlsa));
	json_out_text(j, "sts", view_of(why->sts));
	json_out_open_list(j, "steps");
	for (size_t i = 0; i < why->n; i++) {
		put_step(&why->step[i], j);
	}
	json_out_close_list(j);
	json_out_close(j);
}

static void put_fact(
    struct explain *e, const struct tally_fact *fact, struct json_out *j)
{
	struct judge_verdict v[JUDGE_VERDICTS];
	struct judge_why why[JUDGE_VERDICTS];
	struct policies_choice choice;
	size_t n;

	policies_explain(e->policies, fact, &choice);
	n = judge_explain(&fact->fact, choice.set, e->sender.count, v, why);
	json_out_open(j, NULL);
	tally_json_fact(j, e->date, fact);
	tally_json_hash(j, "judged_by", choice.hash);
	json_out_text(j, "chosen", view_of(rule_word(choice.rule)));
	json_out_bool(j, "of_domain", choice.is_of_domain);
	json_out_bool(j, "mta_first", choice.is_mta_first);
	json_out_time(j, "probed_at",
	    choice.set != NULL && choice.set->probe != NULL ?
		choice.set->probe->at :
		0);
	json_out_open_list(j, "verdicts");
	for (size_t i = 0; i < n; i++) {
		put_verdict(&v[i], &why[i], j);
	}
	json_out_close_list(j);
	json_out_close(j);
}

void explain_facts_json(struct explain *e, struct json_out *j)
{
	json_out_open_list(j, "facts");
	for (size_t i = e->begin; i < e->end; i++) {
		uint64_t cursor = e->groups.entries[i].cursor;
		struct tally_fact fact;

		if (cursor != GROUPS_NO_FACT &&
		    tally_next_fact(e->tally, &cursor, &fact) > 0) {
			put_fact(e, &fact, j);
		}
	}
	json_out_close_list(j);
}
