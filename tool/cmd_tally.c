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
#include "common/when.h"
#include "tool/days.h"
#include "tool/tally_json.h"
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
	const char *domain = tool_value(r->tool, "domain");
	const char *day = tool_value(r->tool, "day");
	char buf[LOG_ESCAPE_BUF];

	if (domain != NULL &&
	    domain_normalise(view_of(domain), r->domain) < 0) {
		log_error("--domain %s: expected a domain",
		    log_escape(view_of(domain), buf));
		return EX_USAGE;
	}
	if (day != NULL) {
		int64_t t = 0;

		if (when_parse_date(view_of(day), &t) != 0) {
			log_error("--day %s: expected a day like 2026-11-22",
			    log_escape(view_of(day), buf));
			return EX_USAGE;
		}
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

static int show_text(const struct request *r)
{
	struct tally_text text;
	unsigned good = 0;
	int code = EX_OK;

	tally_text_init(&text, view_of(r->domain), stdout, r->tool->has_colour);
	for (unsigned i = 0; i < r->n; i++) {
		struct tally *tally = NULL;

		note(&code, days_open(r->tool, r->days[i], &tally));
		if (tally != NULL) {
			tally_text_measure(&text, tally);
			note(&code, days_check(r->tool, tally));
			tally_close(tally);
			r->days[good++] = r->days[i];
		}
	}
	tally_text_header(&text);
	for (unsigned i = 0; i < good; i++) {
		struct tally *tally = NULL;

		if (days_open(r->tool, r->days[i], &tally) == EX_OK) {
			tally_text_print(&text, tally);
			tally_close(tally);
		}
	}
	tally_text_totals(&text);
	tally_text_release(&text);
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
