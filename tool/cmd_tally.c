/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_tally.c - telltls tally: what was counted */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/store.h"
#include "tool/days.h"
#include "tool/tally_json.h"
#include "tool/tally_policies.h"
#include "tool/tally_text.h"
#include "tool/tool.h"

struct request {
	const struct tool *tool;
	char domain[DOMAIN_BUF]; /* "": all */
	int64_t *days;
	unsigned n;
};

static int parse(struct request *r)
{
	int64_t t = 0;

	if (tool_domain(r->tool, "domain", r->domain) != EX_OK ||
	    tool_day(r->tool, "day", &t) != EX_OK) {
		return EX_USAGE;
	}
	if (tool_value(r->tool, "day") != NULL) {
		r->days = xmalloc(sizeof(*r->days));
		r->days[0] = t;
		r->n = 1;
	}
	return EX_OK;
}

static int list(struct request *r)
{
	int rc = store_days(r->tool->state, &r->days, &r->n);

	if (rc == 0 && r->n == 0) {
		rc = -ENOENT;
	}
	if (rc == -ENOENT) {
		log_error("no tally under %s/tally: nothing was counted yet",
		    r->tool->state);
	} else if (rc != 0) {
		log_error(
		    "cannot read %s/tally: %s", r->tool->state, err_text(rc));
	}
	return days_exit_code(rc);
}

/* The first error counts; what can be read is shown all the same. */
static void note(int *code, int rc)
{
	if (*code == EX_OK) {
		*code = rc;
	}
}

static int show_json(const struct request *r)
{
	int code = EX_OK;

	for (unsigned i = 0; i < r->n; i++) {
		struct tally *tally = NULL;

		note(&code, days_open(r->tool, r->days[i], &tally));
		if (tally != NULL) {
			tally_json_day(tally, view_of(r->domain), stdout);
			note(&code, days_check(r->tool, tally));
			tally_close(tally);
		}
	}
	return code;
}

/* Both tables of text; each day is taken once to be measured. */
struct texts {
	struct tally_text facts;
	struct tally_policies policies;
};

static int measure(struct request *r, struct texts *t)
{
	unsigned good = 0;
	int code = EX_OK;

	for (unsigned i = 0; i < r->n; i++) {
		struct tally *tally = NULL;

		note(&code, days_open(r->tool, r->days[i], &tally));
		if (tally != NULL) {
			tally_text_measure(&t->facts, tally);
			tally_policies_measure(&t->policies, tally);
			note(&code, days_check(r->tool, tally));
			tally_close(tally);
			r->days[good++] = r->days[i];
		}
	}
	r->n = good;
	return code;
}

static void print_facts(const struct request *r, const struct texts *t)
{
	tally_text_header(&t->facts);
	for (unsigned i = 0; i < r->n; i++) {
		struct tally *tally = NULL;

		if (days_open(r->tool, r->days[i], &tally) == EX_OK) {
			tally_text_print(&t->facts, tally);
			tally_close(tally);
		}
	}
}

static void print_policies(const struct request *r, const struct texts *t)
{
	tally_policies_header(&t->policies);
	for (unsigned i = 0; i < r->n; i++) {
		struct tally *tally = NULL;

		if (days_open(r->tool, r->days[i], &tally) == EX_OK) {
			tally_policies_print(&t->policies, tally);
			tally_close(tally);
		}
	}
}

static int show_text(struct request *r)
{
	struct view domain = view_of(r->domain);
	struct texts t;
	int code;

	tally_text_init(&t.facts, domain, stdout, r->tool->has_colour);
	tally_policies_init(&t.policies, domain, stdout, r->tool->has_colour);
	code = measure(r, &t);
	print_facts(r, &t);
	if (t.facts.has_facts && !t.policies.is_empty) {
		(void)putchar('\n');
	}
	print_policies(r, &t);
	if (t.facts.has_facts || !t.policies.is_empty) {
		(void)putchar('\n');
	}
	tally_text_totals(&t.facts);
	tally_text_release(&t.facts);
	return code;
}

int cmd_tally(const struct tool *tool, int argc, char **argv)
{
	struct request r = { .tool = tool };
	int code = parse(&r);

	(void)argc;
	(void)argv;
	if (code == EX_OK && r.n == 0) {
		code = list(&r);
	}
	if (code == EX_OK) {
		code = tool_value(tool, "json") != NULL ? show_json(&r) :
							  show_text(&r);
	}
	free(r.days);
	return code;
}
