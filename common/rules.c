/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules.c - where reports go, as this site decides
 *
 * Whoever publishes a record chooses the destinations, and may try to write one
 * so that a rule passes it by. So rules and destinations are compared in their
 * parts, each brought into one form.
 */

#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/lines.h"
#include "common/mem.h"
#include "common/record_uri.h"
#include "common/rules.h"
#include "common/rules_match.h"

struct rule {
	enum rules_action action;
	unsigned line;
	struct rules_match match;
	struct record_rua *to; /* in the arena */
	size_t n_to;
};

struct rules {
	struct arena *arena;
	struct rule *rules; /* as in the file */
	size_t n;
};

/* One file while it is read. */
struct reader {
	struct lines lines;
	struct rules *rules;
};

static const char *const words[] = {
	[RULES_ALLOW] = "allow",
	[RULES_DENY] = "deny",
	[RULES_REPLACE] = "replace",
	[RULES_ADD] = "add",
};

const char *rules_action_word(enum rules_action a)
{
	return words[a];
}

/* --- reading --- */

static bool find_action(struct view word, enum rules_action *out)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (view_is(word, words[i])) {
			*out = (enum rules_action)i;
			return true;
		}
	}
	return false;
}

static bool is_among(
    const struct record_rua *list, size_t n, const struct record_rua *rua)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].kind == rua->kind &&
		    strcmp(list[i].target, rua->target) == 0) {
			return true;
		}
	}
	return false;
}

/* Returns the fault, or NULL. */
static const char *read_destinations(
    struct reader *r, struct view line, struct rule *rule)
{
	struct record_rua list[RECORD_RUAS];
	size_t n = 0;

	for (struct view word = lines_word(&line); word.len > 0;
	     word = lines_word(&line)) {
		if (n == RECORD_RUAS) {
			return "too many destinations, expected up to 10";
		}
		if (!record_uri_parse(word, &list[n])) {
			return "expected destinations like "
			       "mailto:tls@example.org or "
			       "https://example.org/tls";
		}
		if (is_among(list, n, &list[n])) {
			return "this destination is there twice";
		}
		n++;
	}
	if (n == 0) {
		return "expected destinations behind it";
	}
	rule->n_to = n;
	rule->to = arena_alloc(r->rules->arena, n * sizeof(list[0]));
	memcpy(rule->to, list, n * sizeof(list[0]));
	return NULL;
}

static const char *read_rule(
    struct reader *r, struct view line, struct rule *rule)
{
	struct view word = lines_word(&line);
	const char *fault;

	if (!find_action(word, &rule->action)) {
		return "expected allow, deny, replace or add";
	}
	word = lines_word(&line);
	fault = rules_match_parse(word, r->rules->arena, &rule->match);
	if (fault != NULL) {
		return fault;
	}
	if (rule->action == RULES_ADD && rule->match.kind != RULES_DOMAIN) {
		return "expected a domain behind add";
	}
	if (rule->action == RULES_ADD || rule->action == RULES_REPLACE) {
		return read_destinations(r, line, rule);
	}
	return lines_word(&line).len > 0 ?
	    "expected nothing behind what allow or deny is for" :
	    NULL;
}

static void read_line(struct reader *r, struct view line)
{
	struct view rest = line;
	struct rule rule = { .line = r->lines.number };
	const char *fault;

	if (lines_word(&rest).len == 0) {
		return; /* blank, or a comment */
	}
	fault = r->rules->n == RULES_MAX ? "too many rules" :
					   read_rule(r, line, &rule);
	if (fault != NULL) {
		lines_fault(&r->lines, fault);
		return;
	}
	r->rules->rules = xrealloc_array(
	    r->rules->rules, r->rules->n + 1, sizeof(struct rule));
	r->rules->rules[r->rules->n++] = rule;
}

int rules_parse(struct view text, const char *name, struct rules **out,
    struct strbuf *error)
{
	struct rules *rules = xcalloc(1, sizeof(*rules));
	struct reader r = { .rules = rules };
	struct view line;

	*out = NULL;
	rules->arena = arena_new();
	lines_begin(&r.lines, text, name, error);
	while (lines_next(&r.lines, &line)) {
		read_line(&r, line);
	}
	if (r.lines.has_failed) {
		rules_free(rules);
		return ERR_CONFIG;
	}
	*out = rules;
	return 0;
}

int rules_read(const char *path, struct rules **out, struct strbuf *error)
{
	struct strbuf text;
	int rc;

	*out = NULL;
	strbuf_init(&text, LINES_FILE_MAX);
	rc = lines_read_file(path, &text, error);
	if (rc == 0) {
		rc = rules_parse(view_make(text.s, text.len), path, out, error);
	}
	strbuf_release(&text);
	return rc;
}

void rules_free(struct rules *r)
{
	if (r != NULL) {
		arena_free(r->arena);
		free(r->rules);
		free(r);
	}
}

/* --- deciding --- */

static void give(const struct rule *rule, struct rules_verdict *out)
{
	*out = (struct rules_verdict){ .action = rule->action,
		.line = rule->line,
		.to = rule->to,
		.n_to = rule->n_to };
}

void rules_decide(const struct rules *r, struct view domain,
    const struct record_rua *rua, struct rules_verdict *out)
{
	struct rules_place place;

	*out = (struct rules_verdict){ .action = RULES_ALLOW };
	if (r == NULL || r->n == 0) {
		return;
	}
	rules_place_of(rua, &place);
	for (size_t i = 0; i < r->n; i++) {
		const struct rule *rule = &r->rules[i];

		if (rule->action == RULES_ADD) {
			continue;
		}
		if (rule->match.kind == RULES_DOMAIN ?
			rules_match_domain(&rule->match, domain) :
			rules_match_place(&rule->match, &place)) {
			give(rule, out);
			return;
		}
	}
}

void rules_decide_add(
    const struct rules *r, struct view domain, struct rules_verdict *out)
{
	*out = (struct rules_verdict){ .action = RULES_ADD };
	for (size_t i = 0; r != NULL && i < r->n; i++) {
		const struct rule *rule = &r->rules[i];

		if (rule->action == RULES_ADD &&
		    rules_match_domain(&rule->match, domain)) {
			give(rule, out);
			return;
		}
	}
}

static void keep(struct record *record, const struct record_rua *rua)
{
	if (is_among(record->rua, record->n_rua, rua)) {
		return;
	}
	if (record->n_rua == RECORD_RUAS) {
		record->ignored++;
		return;
	}
	record->rua[record->n_rua++] = *rua;
}

static void keep_all(struct record *record, const struct rules_verdict *v)
{
	for (size_t i = 0; i < v->n_to; i++) {
		keep(record, &v->to[i]);
	}
}

unsigned rules_apply(
    const struct rules *r, struct view domain, struct record *record)
{
	struct record old;
	struct rules_verdict v;
	unsigned n = 0;

	if (r == NULL) {
		return 0;
	}
	assert(record->status == RECORD_VALID);
	old = *record;
	record->n_rua = 0;
	for (size_t i = 0; i < old.n_rua; i++) {
		rules_decide(r, domain, &old.rua[i], &v);
		if (v.action == RULES_ALLOW) {
			keep(record, &old.rua[i]);
		} else {
			keep_all(record, &v);
			n++;
		}
	}
	rules_decide_add(r, domain, &v);
	keep_all(record, &v);
	return n;
}
