/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_EXPLAIN_H
#define TOOL_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns.h"
#include "common/domain.h"
#include "common/groups.h"
#include "common/json_out.h"
#include "common/judge.h"
#include "common/policies.h"
#include "common/record.h"
#include "common/report.h"
#include "common/strbuf.h"
#include "common/tally.h"
#include "tool/page.h"
#include "tool/tool.h"

/*
 * A domain's day, step by step: its record, the policies, the facts with their
 * verdicts, and the report. Each step has a file, and is shown as text or as
 * members of one JSON object.
 */

enum {
	EXPLAIN_INDENT = 3,
	EXPLAIN_HANG = 10,
	EXPLAIN_LABEL = 24 /* bytes of "P1", "P12" */
};

struct explain {
	const struct tool *tool;
	char domain[DOMAIN_BUF];
	bool is_offline;

	/* the record, as it was looked up now */
	enum dns_status status;
	struct record record; /* with DNS_ANSWER */
	char *text;           /* of the record, or ""; owned; any octets */
	size_t text_len;

	/* the day; tally is NULL when there is none of the domain */
	struct tally *tally;
	struct tally_info info;
	char date[24];
	struct policies *policies;
	struct groups groups;
	size_t begin; /* of the domain's group; groups.n: it has none */
	size_t end;
	struct policy *sets; /* of the domain, as they were learned */
	size_t n_sets;

	/* the report */
	char submitter[DOMAIN_BUF];
	struct report_sender sender;
	struct report *report; /* NULL: no group */
	struct report_totals totals;
	struct strbuf body;   /* its JSON, when body_rc is 0 */
	int body_rc;          /* of report_json(); ERR_NOT_FOUND: not made */
	struct strbuf faults; /* of the configuration: lines, or "" */
};

/* --- explain_record.c --- */

/* Looks the record up. Returns 0 or an exit code; what is wrong was said. */
int explain_record_look(struct explain *e);
void explain_record_show(const struct explain *e, const struct page *p);
void explain_record_json(const struct explain *e, struct json_out *j);

/*
 * A text that is wrong at an offset, and a caret under it, each behind indent
 * blanks and cut to the width. Any octets: what is no printable ASCII is
 * shown as '?', so that the caret stands right.
 */
void explain_record_caret(struct view text, size_t at, unsigned indent,
    unsigned width, struct strbuf *out);

/* --- explain_policies.c --- */

void explain_policies_load(struct explain *e);
void explain_policies_show(struct explain *e, const struct page *p);
void explain_policies_json(struct explain *e, struct json_out *j);

/* "P1", the place of a policy in the list; "" when it is not there. */
const char *explain_policies_label(const struct explain *e,
    const uint8_t hash[FACT_POLICY_HASH], char out[EXPLAIN_LABEL]);

/* --- explain_facts.c --- */

void explain_facts_show(struct explain *e, const struct page *p);
void explain_facts_json(struct explain *e, struct json_out *j);

/* --- explain_advice.c --- */

/* What would settle the unjudged sessions; each with the line to add. */
void explain_advice_show(struct explain *e, const struct page *p);
void explain_advice_json(struct explain *e, struct json_out *j);

struct explain_hint;
typedef void (*explain_advice_fn)(
    void *ctx, uint64_t sessions, const struct explain_hint *hint);

/*
 * The same, one by one: of how many sessions it is true. Of *e only tool, the
 * day's tally, policies and groups, begin, end and sender.count are used.
 */
void explain_advice_each(struct explain *e, explain_advice_fn fn, void *ctx);

/*
 * What would make this MTA tell what a step that is open asks for: a sentence,
 * and the line for its configuration. is_full: its log tells all that it can
 * already. Returns false when nothing is known that would.
 */
struct explain_hint {
	const char *text;
	const char *line; /* NULL: none */
};

bool explain_advice_find(
    const char *mta, const char *about, bool is_full, struct explain_hint *out);

/* --- explain_report.c --- */

void explain_report_make(struct explain *e);
void explain_report_show(struct explain *e, const struct page *p);

/* All but the report itself, which stands in e->body. */
void explain_report_json(struct explain *e, struct json_out *j);

#endif
