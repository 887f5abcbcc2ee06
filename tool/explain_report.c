/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_report.c - the domain's report, as it would go out
 *
 * Made by the same functions, in the same order, as telltls-report makes it.
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "common/conf_report.h"
#include "common/err.h"
#include "common/ledger.h"
#include "common/log.h"
#include "common/when.h"
#include "tool/explain.h"
#include "tool/json_indent.h"

void explain_report_make(struct explain *e)
{
	bool is_configured = conf_check_reports(&e->tool->conf,
				 e->tool->conf_path, &e->faults) == 0;

	e->body_rc = ERR_NOT_FOUND;
	if (e->begin == e->groups.n) {
		return;
	}
	e->report = report_new(&e->sender, view_of(e->domain), e->info.day,
	    e->info.sealed != 0 ? e->info.sealed : e->tool->now);
	groups_report(&e->groups, e->begin, e->report);
	report_totals(e->report, &e->totals);
	if (is_configured && report_worth(e->report)) {
		e->body_rc = report_json(e->report, &e->body);
	}
}

static bool is_excluded(const struct explain *e)
{
	char **list = e->tool->conf.report.exclude;

	for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
		if (strcmp(list[i], e->domain) == 0) {
			return true;
		}
	}
	return false;
}

/* Does the domain ask for reports? If it was not looked up: perhaps. */
static bool is_wanted(const struct explain *e)
{
	return e->is_offline ||
	    (e->status == DNS_ANSWER && e->record.status == RECORD_VALID);
}

/* What telltls-report made of it; false: nothing yet, or not known. */
static bool find_entry(const struct explain *e, struct ledger_entry *out)
{
	struct ledger *l = NULL;
	char path[PATH_MAX];
	int n = snprintf(
	    path, sizeof(path), "%s/outbox/ledger.sqlite", e->tool->state);
	int rc = n > 0 && (size_t)n < sizeof(path) ?
	    ledger_open_read(path, &l) :
	    -ENAMETOOLONG;

	if (rc == 0) {
		rc = ledger_find(l, e->info.day, view_of(e->domain), out);
	}
	ledger_close(l);
	return rc == 0 && out->state != LEDGER_ABSENT;
}

static void show_entry(const struct explain *e, const struct page *p)
{
	struct ledger_entry entry;
	char when[WHEN_RFC3339_BUF];
	char what[LOG_ESCAPE_BUF];

	if (!find_entry(e, &entry)) {
		return;
	}
	page_say(p, EXPLAIN_INDENT, 0, NULL,
	    "What telltls-report made of it at %s: %s%s%s.",
	    when_rfc3339(entry.last_try, when), ledger_state_word(entry.state),
	    entry.what[0] != '\0' ? ": " : "",
	    log_escape(view_of(entry.what), what));
}

/* Why there is no report, or why it does not go out; each is a line. */
static void show_obstacles(const struct explain *e, const struct page *p)
{
	const char *fault = strbuf_str(&e->faults);

	if (e->info.sealed == 0) {
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "The day is not sealed: more may be counted. This is how "
		    "it would look if it was sealed now.");
	}
	while (*fault != '\0') {
		size_t len = strcspn(fault, "\n");

		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "No report can be made: %.*s", (int)len, fault);
		fault += len + (fault[len] == '\n');
	}
	if (is_excluded(e)) {
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "None goes out: report.exclude in %s has this domain.",
		    e->tool->conf_path);
	}
	if (!is_wanted(e)) {
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "None goes out: no record asks for it now (see 1).");
	}
	if (!report_worth(e->report)) {
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "There is nothing to report: no session was judged (R55).");
	} else if (e->body_rc != 0 && e->body_rc != ERR_NOT_FOUND) {
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "No report can be made: %s", err_text(e->body_rc));
	}
}

static void show_body(const struct explain *e, const struct page *p)
{
	struct strbuf text;

	page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "file", "%s",
	    report_filename(e->report));
	strbuf_init(&text, (size_t)8 * REPORT_JSON_MAX);
	json_indent(view_make(e->body.s, e->body.len), EXPLAIN_INDENT, &text);
	/* its first line end is behind what was printed already */
	(void)fputs(strbuf_str(&text) + 1, p->stream);
	(void)fputc('\n', p->stream);
	strbuf_release(&text);
}

void explain_report_show(struct explain *e, const struct page *p)
{
	page_heading(p, 5, "Report");
	if (e->report == NULL) {
		page_say(p, EXPLAIN_INDENT, 0, NULL,
		    "There is none of a day without sessions (R55).");
		return;
	}
	page_say(p, EXPLAIN_INDENT, EXPLAIN_HANG, "sessions",
	    "%" PRIu64 " successful, %" PRIu64 " failed (events too), "
	    "%" PRIu64 " not judged",
	    e->totals.successes, e->totals.failures, e->totals.unjudged);
	show_obstacles(e, p);
	show_entry(e, p);
	if (e->body_rc == 0) {
		show_body(e, p);
	}
}

void explain_report_json(struct explain *e, struct json_out *j)
{
	struct ledger_entry entry;

	json_out_open(j, "totals");
	json_out_number(j, "successes", e->totals.successes);
	json_out_number(j, "failures", e->totals.failures);
	json_out_number(j, "unjudged", e->totals.unjudged);
	json_out_close(j);
	json_out_bool(j, "excluded", is_excluded(e));
	json_out_text(j, "faults", view_of(strbuf_str(&e->faults)));
	if (find_entry(e, &entry)) {
		json_out_open(j, "outbox");
		json_out_text(
		    j, "state", view_of(ledger_state_word(entry.state)));
		json_out_text(j, "what", view_of(entry.what));
		json_out_time(j, "last_try", entry.last_try);
		json_out_close(j);
	}
	if (e->report != NULL) {
		json_out_text(
		    j, "filename", view_of(report_filename(e->report)));
	}
}
