/* SPDX-License-Identifier: BSD-2-Clause */
/* settle.c - what an answer means for its domain */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "reporter/daily_private.h"
#include "reporter/enqueue.h"
#include "reporter/write.h"

static struct view domain_of(const struct ask *ask)
{
	return ask->day->groups.entries[ask->begin].domain;
}

static int mark(struct ask *ask, enum ledger_state state, const char *what,
    const char *file)
{
	struct daily *day = ask->day;
	struct ledger_entry *e = &ask->entry;
	int rc;

	if (day->env->ledger == NULL) {
		return 0;
	}
	e->state = state;
	e->tries++;
	e->first_try = e->first_try != 0 ? e->first_try : day->env->now;
	e->last_try = day->env->now;
	(void)snprintf(e->what, sizeof(e->what), "%s", what);
	(void)snprintf(e->file, sizeof(e->file), "%s", file);
	rc = ledger_mark(day->env->ledger, day->start, domain_of(ask), e);
	if (rc != 0) {
		return daily_ledger_failed(day->env, rc);
	}
	day->n_marks++;
	return 0;
}

static int open_output(struct daily *day)
{
	unsigned sync = day->env->ledger != NULL ? OUTDIR_SYNC : 0;
	int rc;

	if (day->out != NULL) {
		return 0;
	}
	rc = outdir_open(day->path, OUTDIR_CREATE | sync, &day->out);
	if (rc != 0) {
		return daily_output_failed(day, rc);
	}
	outdir_watch(day->out, day->env->step);
	return 0;
}

/* --- the report --- */

static struct report *make_report(const struct ask *ask)
{
	const struct daily *day = ask->day;
	struct report *r = report_new(
	    &day->env->sender, domain_of(ask), day->start, day->sealed);

	groups_report(&day->groups, ask->begin, r);
	report_set_notes(r, &day->notes);
	return r;
}

static void log_report(const struct ask *ask,
    const struct report_totals *totals, const struct record *record,
    const struct write_result *w)
{
	struct daily *day = ask->day;
	struct view domain = domain_of(ask);
	void (*log_it)(const char *, ...)
	    __attribute__((format(printf, 1, 2))) =
		day->env->ledger == NULL ? log_info : log_debug;

	if (day->env->ledger == NULL) {
		progress_clear(&day->progress);
	}
	log_it("wrote report day=%s domain=%.*s successes=%" PRIu64
	       " failures=%" PRIu64 " unjudged=%" PRIu64 " files=%s.*",
	    day->date, (int)domain.len, domain.s, totals->successes,
	    totals->failures, totals->unjudged, w->base);
	for (size_t i = 0; i < record->n_rua; i++) {
		log_it("destination domain=%.*s number=%zu to=%s%s",
		    (int)domain.len, domain.s, i,
		    record->rua[i].kind == RECORD_MAILTO ? "mailto:" : "",
		    record->rua[i].target);
	}
}

static void warn_of_refused(const struct ask *ask, const struct write_result *w)
{
	struct view domain = domain_of(ask);

	if (w->refused > 0) {
		progress_clear(&ask->day->progress);
		log_warn("left out addresses that no mail can be made to "
			 "domain=%.*s addresses=%u",
		    (int)domain.len, domain.s, w->refused);
	}
}

/* What was written is to be brought to its destinations. */
static int enqueue(
    struct ask *ask, const struct record *record, const struct write_result *w)
{
	struct daily *day = ask->day;
	struct daily_env *env = day->env;
	struct enqueue_report report = {
		.day = day->start,
		.domain = domain_of(ask),
		.submitter = env->sender.submitter,
		.files = w,
	};
	int rc;

	if (env->ledger == NULL) {
		return 0;
	}
	rc = enqueue_report(env->ledger, &report, record);
	if (rc != 0) {
		return daily_ledger_failed(env, rc);
	}
	step_at(env->step, "items-added");
	return 0;
}

/* ERR_TOO_LONG, ERR_PARSE: there will never be a report of this. */
static int report_failed(struct ask *ask, int rc)
{
	struct daily *day = ask->day;
	struct view domain = domain_of(ask);

	progress_clear(&day->progress);
	log_error("cannot make report day=%s domain=%.*s: %s", day->date,
	    (int)domain.len, domain.s, err_text(rc));
	day->counts->failed++;
	return mark(ask, LEDGER_GIVEN_UP, err_text(rc), "");
}

static int write_files(
    struct ask *ask, struct report *r, const struct record *record)
{
	struct daily *day = ask->day;
	struct report_totals totals;
	struct write_result w;
	struct write_to to;
	int rc = open_output(day);

	if (rc != 0) {
		return rc;
	}
	to = (struct write_to){ .buffers = &day->buffers,
		.dir = day->out,
		.dkim = day->env->dkim,
		.wants_body = day->env->ledger == NULL };
	rc = write_report(&to, r, record, &w);
	if (rc == ERR_TOO_LONG || rc == ERR_PARSE) {
		return report_failed(ask, rc);
	}
	if (rc != 0) {
		return daily_output_failed(day, rc);
	}
	warn_of_refused(ask, &w);
	if (w.mails == 0 && !w.has_body) {
		return mark(ask, LEDGER_NONE,
		    "no mail can be made to its addresses", "");
	}
	report_totals(r, &totals);
	day->counts->reports++;
	day->counts->mails += w.mails;
	day->counts->uploads += w.uploads;
	day->n_files++;
	log_report(ask, &totals, record, &w);
	rc = enqueue(ask, record, &w);
	if (rc == 0) {
		rc = mark(ask, LEDGER_WRITTEN, "", w.base);
	}
	if (rc == 0) {
		step_at(day->env->step, "report-marked");
	}
	return rc;
}

/* The way in which a failure of the report points at us; none: WAYS. */
static enum is_it_us_way find_suspicion(
    const struct daily *day, const struct report *r)
{
	struct report_failure failure;
	size_t cursor = 0;

	while (report_next_failure(r, &cursor, &failure)) {
		enum is_it_us_way way =
		    is_it_us_way_of(failure.type, failure.reason);

		if (way != IS_IT_US_WAYS && is_it_us_suspects(&day->us, way)) {
			return way;
		}
	}
	return IS_IT_US_WAYS;
}

/* Returns 1 when the report is not to be made, 0, or an error. */
static int withhold(struct ask *ask, const struct report *r)
{
	struct daily *day = ask->day;
	enum is_it_us_way way = find_suspicion(day, r);
	struct view domain = domain_of(ask);
	int rc;

	if (way == IS_IT_US_WAYS || day->ledger_day.is_released) {
		return 0;
	}
	day->counts->withheld++;
	if (day->env->ledger == NULL) {
		/* a person wants to see it, and it is sent nowhere */
		progress_clear(&day->progress);
		log_warn("this report would be withheld day=%s domain=%.*s",
		    day->date, (int)domain.len, domain.s);
		return 0;
	}
	log_debug("withheld report day=%s domain=%.*s", day->date,
	    (int)domain.len, domain.s);
	rc = mark(ask, LEDGER_WITHHELD, is_it_us_text(way), "");
	return rc == 0 ? 1 : rc;
}

static int report_to(struct ask *ask, const struct record *record)
{
	struct daily *day = ask->day;
	struct report *r = make_report(ask);
	struct report_totals totals;
	int rc;

	report_totals(r, &totals);
	day->counts->records++;
	day->counts->unjudged += totals.unjudged;
	if (!report_worth(r)) {
		rc = mark(ask, LEDGER_NONE, "no session was judged", "");
		goto out;
	}
	rc = withhold(ask, r);
	if (rc == 0) {
		rc = write_files(ask, r, record);
	}
out:
	report_free(r);
	return rc > 0 ? 0 : rc;
}

/* The rules of this site, before anything is made for anybody. */
static int apply_rules(struct ask *ask, struct record *record)
{
	struct daily *day = ask->day;
	struct view domain = domain_of(ask);
	unsigned denied = rules_apply(day->env->rules, domain, record);

	day->counts->denied += denied;
	if (denied > 0) {
		log_debug("took destinations away by rules day=%s "
			  "domain=%.*s destinations=%u left=%zu",
		    day->date, (int)domain.len, domain.s, denied,
		    record->n_rua);
	}
	if (record->n_rua == 0) {
		return mark(
		    ask, LEDGER_NONE, "the rules leave no destination", "");
	}
	return report_to(ask, record);
}

/* --- answers --- */

static void read_record(const struct dns_answer *a, struct record *out)
{
	struct dns_texts texts;

	dns_texts_init(&texts, a);
	record_parse(texts.v, texts.n, out);
	dns_texts_release(&texts);
}

/*
 * A temporary failure (R25). As long as our resolver has not answered a single
 * question it is none of the domain's: no try is counted then (promise 5).
 */
static int lookup_failed(struct ask *ask, enum dns_status status)
{
	struct daily *day = ask->day;
	struct daily_env *env = day->env;
	struct view domain = domain_of(ask);
	const char *word = dns_status_word(status);
	int64_t first = ask->entry.first_try;

	if (!env->is_answered) {
		day->counts->silent++;
		day->n_silent++;
		return 0;
	}
	if (first != 0 &&
	    env->now - first >= (int64_t)env->conf->report.retry_s) {
		progress_clear(&day->progress);
		log_warn("gave up domain: its record cannot be looked up "
			 "day=%s domain=%.*s status=%s tries=%u",
		    day->date, (int)domain.len, domain.s, word,
		    ask->entry.tries + 1);
		day->counts->given_up++;
		return mark(ask, LEDGER_GIVEN_UP, word, "");
	}
	log_debug("lookup failed day=%s domain=%.*s status=%s tries=%u",
	    day->date, (int)domain.len, domain.s, word, ask->entry.tries + 1);
	day->counts->retries++;
	day->n_retries++;
	return mark(ask, LEDGER_RETRY, word, "");
}

int settle_answer(struct ask *ask, const struct dns_answer *a)
{
	struct record record;

	switch (a->status) {
	case DNS_ANSWER:
		ask->day->env->is_answered = true;
		read_record(a, &record);
		if (record.status == RECORD_VALID) {
			return apply_rules(ask, &record);
		}
		return mark(
		    ask, LEDGER_NONE, record_status_word(record.status), "");
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		ask->day->env->is_answered = true;
		return mark(ask, LEDGER_NONE, dns_status_word(a->status), "");
	case DNS_SERVFAIL:
	case DNS_BOGUS:
	case DNS_TIMEOUT:
	case DNS_ERROR:
		break;
	}
	return lookup_failed(ask, a->status);
}

int settle_without_name(struct ask *ask)
{
	return mark(ask, LEDGER_NONE, "its name is too long for a record", "");
}
