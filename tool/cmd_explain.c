/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_explain.c - telltls explain: a domain's day, step by step */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/conf_report.h"
#include "common/err.h"
#include "common/log.h"
#include "common/store.h"
#include "common/when.h"
#include "tool/days.h"
#include "tool/explain.h"

enum {
	FAULTS_MAX = 4096
};

struct request {
	struct explain e;
	bool has_day;
	int64_t day;
};

static int parse(struct request *r, const char *operand)
{
	char buf[LOG_ESCAPE_BUF];

	if (domain_normalise(view_of(operand), r->e.domain) < 0) {
		log_error(
		    "%s: expected a domain", log_escape(view_of(operand), buf));
		return EX_USAGE;
	}
	r->has_day = tool_value(r->e.tool, "day") != NULL;
	if (tool_day(r->e.tool, "day", &r->day) != EX_OK) {
		return EX_USAGE;
	}
	r->e.is_offline = tool_value(r->e.tool, "offline") != NULL;
	return EX_OK;
}

/* --- the day --- */

static void close_day(struct explain *e)
{
	groups_release(&e->groups);
	policies_free(e->policies);
	tally_close(e->tally);
	e->policies = NULL;
	e->tally = NULL;
}

static int open_day(struct explain *e, int64_t day)
{
	int code = days_open(e->tool, day, &e->tally);

	if (code != EX_OK) {
		return code;
	}
	tally_info(e->tally, &e->info);
	(void)when_date(day, e->date);
	e->policies = policies_load(e->tally);
	groups_load(&e->groups, e->tally, e->policies);
	e->begin = groups_find(&e->groups, view_of(e->domain));
	e->end = e->begin < e->groups.n ? groups_end(&e->groups, e->begin) :
					  e->begin;
	return EX_OK;
}

/* Has the day any session of the domain? Events alone are told, too. */
static bool has_domain(const struct explain *e)
{
	return e->begin < e->groups.n;
}

static int open_named(struct request *r, const int64_t *days, unsigned n)
{
	struct explain *e = &r->e;
	char date[WHEN_DATE_BUF];
	int code;

	for (unsigned i = 0; i < n; i++) {
		if (days[i] != r->day) {
			continue;
		}
		code = open_day(e, r->day);
		if (code == EX_OK && !has_domain(e)) {
			log_error("no session to %s on %s", e->domain, e->date);
			code = EX_NOINPUT;
		}
		return code;
	}
	log_error("no tally of %s under %s/tally: nothing was counted that day",
	    when_date(r->day, date), e->tool->state);
	return EX_NOINPUT;
}

/* The newest day that has the domain; one that cannot be read was said. */
static int open_newest(struct explain *e, const int64_t *days, unsigned n)
{
	int code = EX_OK;

	for (unsigned i = n; i > 0; i--) {
		int rc = open_day(e, days[i - 1]);

		if (rc == EX_OK && has_domain(e)) {
			return code;
		}
		code = rc != EX_OK ? rc : code;
		close_day(e);
	}
	log_error("no session to %s in any day under %s/tally", e->domain,
	    e->tool->state);
	return code != EX_OK ? code : EX_NOINPUT;
}

static int find_day(struct request *r)
{
	int64_t *days = NULL;
	unsigned n = 0;
	int rc = store_days(r->e.tool->state, &days, &n);
	int code;

	if (rc != 0 && rc != -ENOENT) {
		log_error(
		    "cannot read %s/tally: %s", r->e.tool->state, err_text(rc));
		return days_exit_code(rc);
	}
	code =
	    r->has_day ? open_named(r, days, n) : open_newest(&r->e, days, n);
	free(days);
	return code;
}

/* --- what is shown --- */

static void show_text(struct explain *e)
{
	struct page p = { .stream = stdout,
		.width = e->tool->is_terminal ? page_width(STDOUT_FILENO) :
						PAGE_WIDTH,
		.has_colour = e->tool->has_colour };

	explain_record_show(e, &p);
	if (e->tally == NULL) {
		return;
	}
	explain_policies_show(e, &p);
	explain_facts_show(e, &p);
	explain_advice_show(e, &p);
	explain_report_show(e, &p);
}

static void put_day(struct explain *e, struct json_out *j)
{
	json_out_text(j, "day", view_of(e->date));
	json_out_bool(j, "sealed", e->info.sealed != 0);
	explain_policies_json(e, j);
	explain_facts_json(e, j);
	explain_advice_json(e, j);
	explain_report_json(e, j);
}

/* The report is the last member, byte for byte as it would go out. */
static int show_json(struct explain *e)
{
	struct json_out j;
	struct view text;

	json_out_init(&j);
	json_out_begin(&j);
	json_out_text(&j, "kind", view_of("explain"));
	json_out_text(&j, "domain", view_of(e->domain));
	explain_record_json(e, &j);
	if (e->tally != NULL) {
		put_day(e, &j);
	}
	text = json_out_finish(&j);
	if (text.len > 0) {
		(void)fwrite(text.s, 1, text.len - 1, stdout);
		if (e->tally != NULL && e->body_rc == 0) {
			(void)fputs(",\"report\":", stdout);
			(void)fwrite(e->body.s, 1, e->body.len, stdout);
		}
		(void)fputs("}\n", stdout);
	} else {
		log_error("the domain has too many facts for one object");
	}
	json_out_release(&j);
	return text.len > 0 ? EX_OK : EX_DATAERR;
}

/* The first error counts; what can be told is told all the same. */
static int note(int code, int rc)
{
	return code != EX_OK ? code : rc;
}

static int explain(struct request *r)
{
	struct explain *e = &r->e;
	int code = find_day(r);

	/* without contact the sender is good for counting, and faults tell */
	(void)conf_report_sender(&e->tool->conf, e->submitter, &e->sender);
	if (e->tally != NULL) {
		explain_policies_load(e);
		explain_report_make(e);
	}
	if (!e->is_offline) {
		code = note(code, explain_record_look(e));
	}
	if (tool_value(e->tool, "json") != NULL) {
		code = note(code, show_json(e));
	} else {
		show_text(e);
	}
	if (e->tally != NULL) {
		code = note(code, days_check(e->tool, e->tally));
	}
	return code;
}

int cmd_explain(const struct tool *tool, int argc, char **argv)
{
	struct request r = { .e = { .tool = tool } };
	int code = parse(&r, argv[0]);

	(void)argc;
	strbuf_init(&r.e.body, (size_t)REPORT_JSON_MAX + 1);
	strbuf_init(&r.e.faults, FAULTS_MAX);
	if (code == EX_OK) {
		code = explain(&r);
	}
	report_free(r.e.report);
	close_day(&r.e);
	free(r.e.sets);
	free(r.e.text);
	strbuf_release(&r.e.faults);
	strbuf_release(&r.e.body);
	return code;
}
