/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daily.c - the reports of one sealed day
 *
 * Each domain is asked for its record; the answer decides there and then what
 * becomes of it, so that only the questions under way are in memory. What was
 * decided goes into the ledger together with the files it speaks of: after a
 * kill the domain is asked again, and its files come out the same. A person
 * who has something to write into the ledger meanwhile waits for no DNS.
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/local_policy.h"
#include "common/log.h"
#include "common/mem.h"
#include "reporter/daily_private.h"
#include "reporter/tell.h"

enum {
	BATCH_REPORTS = 256, /* between two flushes */
	BATCH_MARKS = 4096,
	BATCH_MS = 1000, /* less than others wait for the ledger (db.c) */
	LET_IN_MS = 120, /* SQLite looks every 100 ms whether it may write */
	IN_FLIGHT = 2    /* questions handed over, in times of those that
	                        are asked at once */
};

static const char record_prefix[] = "_smtp._tls.";

int daily_ledger_failed(struct daily_env *env, int rc)
{
	log_error("cannot use ledger: %s detail=\"%s\"", err_text(rc),
	    ledger_error(env->ledger));
	env->exit_code = rc == ERR_BUSY ? EX_TEMPFAIL : EX_IOERR;
	env->is_ledger_bad = true;
	return rc;
}

int daily_output_failed(struct daily *day, int rc)
{
	log_error("cannot write reports dir=%s: %s", day->path, err_text(rc));
	day->env->exit_code = EX_CANTCREAT;
	return rc;
}

/* --- the ledger and the files --- */

/* Files first, then the marks that speak of them. */
static int flush(struct daily *day)
{
	int rc = 0;

	if (day->out != NULL) {
		rc = outdir_flush(day->out);
		if (rc != 0) {
			return daily_output_failed(day, rc);
		}
	}
	if (day->env->ledger != NULL) {
		step_at(day->env->step, "files-in-place");
		rc = ledger_commit(day->env->ledger);
		if (rc != 0) {
			return daily_ledger_failed(day->env, rc);
		}
		step_at(day->env->step, "batch-committed");
	}
	day->n_files = 0;
	day->n_marks = 0;
	return 0;
}

static int flush_if_full(struct daily *day)
{
	return day->n_files >= BATCH_REPORTS || day->n_marks >= BATCH_MARKS ?
	    flush(day) :
	    0;
}

static int keeps(void *ctx, const char *base)
{
	struct daily *day = ctx;
	bool has_it;
	int rc = ledger_has_file(day->env->ledger, day->start, base, &has_it);

	return rc != 0 ? rc : has_it;
}

/* Opens the day's directory in the outbox, if there is one, and sweeps it. */
static int sweep(struct daily *day)
{
	int rc;

	if (day->env->ledger == NULL) {
		return 0;
	}
	rc = outdir_open(day->path, OUTDIR_SYNC, &day->out);
	if (rc == -ENOENT) {
		return 0;
	}
	if (rc == 0) {
		outdir_watch(day->out, day->env->step);
		rc = outdir_sweep(day->out, keeps, day);
	}
	return rc == 0 ? 0 : daily_output_failed(day, rc);
}

/* --- questions --- */

static int check_dns(struct daily_env *env, int rc)
{
	if (rc != 0) {
		log_error("cannot look up records: %s", err_text(rc));
		env->exit_code = EX_TEMPFAIL;
	}
	return rc;
}

static void on_probe(void *ctx, const struct dns_answer *a)
{
	struct daily_env *env = ctx;

	env->is_answered = a->status == DNS_ANSWER || a->status == DNS_NODATA ||
	    a->status == DNS_NXDOMAIN;
	log_debug("asked our resolver for the root status=%s",
	    dns_status_word(a->status));
}

static int by_name(const void *key, const void *member)
{
	const struct view *domain = key;
	const char *const *name = member;
	int order = strncmp(domain->s, *name, domain->len);

	return order != 0 ? order : -((*name)[domain->len] != '\0');
}

static bool is_excluded(const struct daily_env *env, struct view domain)
{
	if ((local_policy_of(env->conf->local, domain) &
		LOCAL_POLICY_EXCLUDE) != 0) {
		return true;
	}
	return env->n_exclude > 0 &&
	    bsearch(&domain, env->exclude, env->n_exclude,
		sizeof(*env->exclude), by_name) != NULL;
}

/* Is there anything left to do for this domain? Fills in ask->entry. */
static int is_pending(struct ask *ask, bool *out)
{
	struct daily *day = ask->day;
	struct view domain = day->groups.entries[ask->begin].domain;
	int rc;

	*out = false;
	if (is_excluded(day->env, domain)) {
		day->counts->excluded++;
		return 0;
	}
	if (day->env->ledger != NULL && day->ledger_day.is_begun) {
		rc = ledger_find(
		    day->env->ledger, day->start, domain, &ask->entry);
		if (rc != 0) {
			return daily_ledger_failed(day->env, rc);
		}
	}
	/* of a finished day only what was released is looked at again */
	*out = ask->entry.state == LEDGER_RETRY ||
	    (ask->entry.state == LEDGER_ABSENT && !day->ledger_day.is_finished);
	return 0;
}

static void feed(struct daily *day);

static void on_answer(void *ctx, const struct dns_answer *a)
{
	struct ask *ask = ctx;
	struct daily *day = ask->day;

	day->in_flight--;
	day->n_done++;
	if (day->rc == 0) {
		day->rc = settle_answer(ask, a);
	}
	if (day->rc == 0) {
		day->rc = flush_if_full(day);
	}
	free(ask);
	progress_show(&day->progress, day->n_done);
	feed(day);
}

/* Looks at the group of ask, which is given away. */
static int ask_take(struct ask *ask)
{
	struct daily *day = ask->day;
	struct view domain = day->groups.entries[ask->begin].domain;
	char name[sizeof(record_prefix) + DOMAIN_MAX];
	bool pending;
	int rc = is_pending(ask, &pending);

	if (rc != 0 || !pending) {
		free(ask);
		day->n_done++;
		return rc;
	}
	day->counts->domains++;
	if (domain.len + strlen(record_prefix) > DOMAIN_MAX) {
		rc = settle_without_name(ask);
		free(ask);
		day->n_done++;
		return rc;
	}
	(void)snprintf(name, sizeof(name), "%s%.*s", record_prefix,
	    (int)domain.len, domain.s);
	day->in_flight++;
	dns_ask(day->env->dns, name, DNS_TYPE_TXT, on_answer, ask);
	return 0;
}

/*
 * When as many questions as may be under way have failed, and our resolver has
 * answered none, it is of no use to go on.
 */
static bool is_hopeless(const struct daily *day)
{
	return !day->env->is_answered && day->n_silent >= day->window;
}

static void feed(struct daily *day)
{
	while (day->rc == 0 && day->in_flight < day->window &&
	    day->next < day->end && !is_hopeless(day)) {
		struct ask *ask = xcalloc(1, sizeof(*ask));

		ask->day = day;
		ask->begin = day->next;
		ask->end = groups_end(&day->groups, day->next);
		day->next = ask->end;
		day->rc = ask_take(ask);
	}
}

int daily_probe(struct daily_env *env)
{
	dns_ask(env->dns, ".", DNS_TYPE_NS, on_probe, env);
	return check_dns(env, dns_run(env->dns));
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Ends the batch, so that others can write. Where answers come one after the
 * other the next batch begins at once, and nobody would ever get in.
 */
static void let_others_in(struct daily *day)
{
	bool is_busy = day->n_marks > 0;

	if (day->rc != 0 || day->env->ledger == NULL) {
		return;
	}
	day->rc = flush(day);
	if (is_busy) {
		(void)poll(NULL, 0, LET_IN_MS);
	}
}

/* Does as dns_run() does, but holds the ledger for no longer than a turn. */
static int answer_all(struct daily *day)
{
	struct dns *dns = day->env->dns;
	struct pollfd fd = { .fd = dns_fd(dns), .events = POLLIN };
	int64_t turn = now_ms() + BATCH_MS;
	int rc = 0;

	while (rc == 0 && day->in_flight > 0) {
		size_t before = day->n_done;
		int64_t left;

		rc = dns_work(dns);
		left = turn - now_ms();
		/* what was answered may have made more to answer */
		if (left > 0 && day->n_done == before) {
			(void)poll(&fd, 1, (int)left);
		}
		if (left <= 0) {
			let_others_in(day);
			turn = now_ms() + BATCH_MS;
		}
	}
	return rc;
}

/* --- the day --- */

static void warn_of_losses(struct daily *day)
{
	struct tally_info info;

	tally_info(day->tally, &info);
	day->counts->damaged += info.damaged;
	day->counts->nameless += day->groups.nameless + day->groups.refused;
	if (info.damaged > 0) {
		log_warn("left out damaged facts day=%s facts=%" PRIu64,
		    day->date, info.damaged);
	}
	if (day->groups.nameless > 0) {
		log_warn("left out sessions whose domain was not kept, for "
			 "the tally was full day=%s sessions=%" PRIu64,
		    day->date, day->groups.nameless);
	}
	if (day->groups.refused > 0) {
		log_warn("left out sessions whose domain is none "
			 "day=%s sessions=%" PRIu64,
		    day->date, day->groups.refused);
	}
}

/* What the reports have to say of the day as a whole. */
static void take_notes(struct daily *day)
{
	struct report_notes *notes = &day->notes;
	struct tally_feed feed;
	struct tally_info info;
	uint64_t cursor = 0;

	while (tally_next_feed(day->tally, &cursor, &feed) > 0) {
		notes->has_gap = notes->has_gap ||
		    feed.counters[COUNTER_GAP] > 0 ||
		    feed.counters[COUNTER_SUPPRESSED] > 0 ||
		    feed.counters[COUNTER_DATAGRAM_LOST] > 0;
		notes->is_unread =
		    notes->is_unread || feed.counters[COUNTER_UNREAD] > 0;
		notes->has_late =
		    notes->has_late || feed.counters[COUNTER_LATE] > 0;
	}
	tally_info(day->tally, &info);
	notes->has_lost = info.damaged > 0 || info.damaged_feeds > 0 ||
	    day->groups.nameless > 0 || day->groups.refused > 0;
}

static void load(struct daily *day)
{
	const char *only = day->env->only_domain;

	day->policies = policies_load(day->tally);
	groups_load(&day->groups, day->tally, day->policies);
	day->end = day->groups.n;
	day->n_domains = day->groups.n_domains;
	if (only != NULL) {
		day->next = groups_find(&day->groups, view_of(only));
		day->end = day->next < day->groups.n ?
		    groups_end(&day->groups, day->next) :
		    day->groups.n;
		day->n_domains = day->next < day->end ? 1 : 0;
	}
}

static int prepare(struct daily *day)
{
	const struct daily_env *env = day->env;
	struct tally_info info;
	int rc;
	int n;

	tally_info(day->tally, &info);
	day->start = info.day;
	day->sealed = info.sealed;
	(void)when_date(day->start, day->date);
	day->window = env->conf->dns.parallel * IN_FLIGHT;
	n = snprintf(day->path, sizeof(day->path), "%s%s%s", env->out,
	    env->ledger != NULL ? "/" : "",
	    env->ledger != NULL ? day->date : "");
	if (n < 0 || (size_t)n >= sizeof(day->path)) {
		return daily_output_failed(day, -ENAMETOOLONG);
	}
	if (env->ledger != NULL) {
		rc = ledger_day(env->ledger, day->start, &day->ledger_day);
		if (rc != 0) {
			return daily_ledger_failed(day->env, rc);
		}
	}
	load(day);
	warn_of_losses(day);
	take_notes(day);
	rc = survey_day(day);
	return rc == 0 ? sweep(day) : rc;
}

/* Is every domain of the day settled for good? */
static bool is_finished(const struct daily *day)
{
	return day->env->ledger != NULL && day->env->only_domain == NULL &&
	    day->next == day->end && day->n_silent == 0 && day->n_retries == 0;
}

static int work(struct daily *day)
{
	struct daily_env *env = day->env;
	int rc;

	progress_begin(
	    &day->progress, day->date, day->n_domains, env->is_verbose);
	feed(day);
	rc = check_dns(env, answer_all(day));
	progress_clear(&day->progress);
	if (day->rc == 0) {
		day->rc = flush(day);
	}
	if (day->rc != 0 || rc != 0) {
		return day->rc != 0 ? day->rc : rc;
	}
	if (is_finished(day)) {
		rc = ledger_finish_day(env->ledger, day->start, env->now);
		if (rc == 0) {
			rc = ledger_commit(env->ledger);
		}
		if (rc != 0) {
			return daily_ledger_failed(env, rc);
		}
		step_at(env->step, "day-finished");
		env->n_finished++;
	}
	return 0;
}

int daily_report(
    struct daily_env *env, struct tally *t, struct daily_counts *counts)
{
	struct daily *day = xcalloc(1, sizeof(*day));
	int rc;

	day->env = env;
	day->tally = t;
	day->counts = counts;
	write_buffers_init(&day->buffers);
	rc = prepare(day);
	if (rc == 0) {
		rc = work(day);
	}
	tell_operator(
	    day, rc == 0 && day->next == day->end && day->n_silent == 0);
	outdir_close(day->out);
	groups_release(&day->groups);
	policies_free(day->policies);
	write_buffers_release(&day->buffers);
	free(day);
	return rc;
}
