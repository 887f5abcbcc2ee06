/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_rules.c - the input is a file of rules, a NUL, a domain, and
 * destinations of its record, each behind a line end.
 *
 * Beyond memory errors: what is left of a record may be sent to, and a line
 * that names a destination as its record does is about it.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/record_uri.h"
#include "common/rules.h"
#include "tests/fuzz/fuzz.h"

static struct view take_line(struct view *text)
{
	size_t n = view_index(*text, '\n');
	struct view line = view_make(text->s, n);

	*text = view_skip(*text, n < text->len ? n + 1 : n);
	return line;
}

/* As record_parse() does. */
static bool is_known(const struct record *r, const struct record_rua *rua)
{
	for (size_t i = 0; i < r->n_rua; i++) {
		if (r->rua[i].kind == rua->kind &&
		    strcmp(r->rua[i].target, rua->target) == 0) {
			return true;
		}
	}
	return false;
}

/* Each destination once, and no more than may be. */
static void check_record(const struct record *r)
{
	assert(r->n_rua <= RECORD_RUAS);
	for (size_t i = 0; i < r->n_rua; i++) {
		assert(r->rua[i].target[0] != '\0');
		for (size_t j = 0; j < i; j++) {
			assert(r->rua[i].kind != r->rua[j].kind ||
			    strcmp(r->rua[i].target, r->rua[j].target) != 0);
		}
	}
}

/* Denies what this very text names, if a line can name it so. */
static void check_denied(struct view uri, const struct record_rua *rua)
{
	struct rules_verdict v;
	struct rules *rules;
	struct strbuf text;
	struct strbuf error;

	strbuf_init(&text, 4096);
	strbuf_init(&error, 4096);
	strbuf_adds(&text, "deny ");
	strbuf_addv(&text, uri);
	if (rules_parse(view_make(text.s, text.len), "x", &rules, &error) ==
	    0) {
		rules_decide(rules, view_of("a.example"), rua, &v);
		assert(v.line == 1 && v.action == RULES_DENY);
		rules_free(rules);
	}
	strbuf_release(&error);
	strbuf_release(&text);
}

static void check_rules(
    const struct rules *rules, const char *domain, struct record *record)
{
	struct record again;
	unsigned n;

	record->status = RECORD_VALID;
	again = *record;
	n = rules_apply(rules, view_of(domain), record);
	assert(n <= again.n_rua);
	check_record(record);
	assert(rules_apply(rules, view_of(domain), &again) == n);
	assert(again.n_rua == record->n_rua);
}

FUZZ_TARGET(data, size)
{
	struct view rest = view_make((const char *)data, size);
	struct view text = view_make(rest.s, view_index(rest, '\0'));
	struct record *record = calloc(1, sizeof(*record));
	struct rules *rules = NULL;
	struct strbuf error;
	char domain[DOMAIN_BUF];

	assert(record != NULL);
	rest = view_skip(rest, text.len < rest.len ? text.len + 1 : text.len);
	strbuf_init(&error, 1 << 20);
	(void)rules_parse(text, "x", &rules, &error);
	assert((rules == NULL) == (error.len > 0));
	(void)domain_normalise(take_line(&rest), domain);
	while (rest.len > 0 && record->n_rua < RECORD_RUAS) {
		struct view uri = take_line(&rest);
		struct record_rua *rua = &record->rua[record->n_rua];

		if (record_uri_parse(uri, rua)) {
			check_denied(uri, rua);
			record->n_rua += !is_known(record, rua);
		}
	}
	check_rules(rules, domain, record);
	rules_free(rules);
	strbuf_release(&error);
	free(record);
	return 0;
}
