/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - one run: which days there are, what all of them need, what is sent
 *
 * A dry run opens nothing of the state but tally files, for reading. Any other
 * run holds the lock of the outbox from before it looks into the ledger until
 * it ends, so two at once cannot make a report twice.
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/conf_report.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/outbox.h"
#include "common/store.h"
#include "common/when.h"
#include "reporter/bounces.h"
#include "reporter/choices.h"
#include "reporter/daily.h"
#include "reporter/daily_counts.h"
#include "reporter/lock.h"
#include "reporter/publish.h"
#include "reporter/run.h"
#include "reporter/send.h"
#include "reporter/signer.h"

enum {
	KEEP_DAYS = 30 /* what became of domains is known for so long */
};

struct run {
	const struct options *options;
	struct daily_env env;
	struct daily_counts counts;
	const char *state;
	char outbox[PATH_MAX];
	char submitter[DOMAIN_BUF];
	int64_t *days;
	unsigned n_days;
	unsigned n_looked_at; /* days */
	bool is_day_missing;  /* there is no tally of the day asked for */
	int lock;             /* -1: none */
};

/* Logs, and returns the code; the first one that a run meets stands. */
static int fail(struct run *r, int exit_code)
{
	if (r->env.exit_code == EX_OK) {
		r->env.exit_code = exit_code;
	}
	return -1;
}

static int path_in(char out[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);

	return n > 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* --- what all days need --- */

static int set_sender(struct run *r)
{
	const struct conf *conf = r->env.conf;

	if (conf_report_sender(conf, r->submitter, &r->env.sender) != 0) {
		log_error("contact has no domain contact=%s", conf->contact);
		return fail(r, EX_CONFIG);
	}
	return 0;
}

static int open_dkim(struct run *r)
{
	bool is_dry_run = r->options->dry_run != NULL;
	int rc = signer_open(r->env.conf, is_dry_run, &r->env.dkim);

	return rc == 0 ? 0 : fail(r, EX_CONFIG);
}

/* Leaves the day that was asked for, if it is there. */
static void choose_day(struct run *r)
{
	for (unsigned i = 0; i < r->n_days; i++) {
		if (r->days[i] == r->options->day) {
			r->days[0] = r->options->day;
			r->n_days = 1;
			return;
		}
	}
	r->n_days = 0;
	r->is_day_missing = true;
}

static int find_days(struct run *r)
{
	int rc = store_days(r->state, &r->days, &r->n_days);

	if (rc != 0 && rc != -ENOENT) {
		log_error(
		    "cannot read tallies state=%s: %s", r->state, err_text(rc));
		return fail(r, EX_NOINPUT);
	}
	if (r->options->has_day) {
		choose_day(r);
	}
	return 0;
}

/*
 * A day without a tally is no day, unless there are reports of it: a tally is
 * not kept for as long.
 */
static int check_day(struct run *r)
{
	const struct outbox_query q = {
		.day = r->options->day != 0 ? r->options->day : -1 /* 0: all */
	};
	struct outbox_item item;
	bool found = false;
	int rc = 0;

	if (!r->is_day_missing) {
		return 0;
	}
	if (r->env.ledger != NULL) {
		rc = outbox_next(r->env.ledger, &q, &item, &found);
	}
	if (rc != 0) {
		return daily_ledger_failed(&r->env, rc);
	}
	if (found && !r->options->is_release) {
		return 0;
	}
	log_error("no tally of this day state=%s", r->state);
	return fail(r, EX_NOINPUT);
}

static int take_lock(struct run *r)
{
	char path[PATH_MAX];
	int rc = path_in(path, r->outbox, "lock");

	if (rc == 0) {
		rc = lock_take(path, &r->lock);
	}
	if (rc == -EWOULDBLOCK) {
		log_info("left the work to another run that is under way");
		return -1;
	}
	if (rc != 0) {
		log_error(
		    "cannot lock outbox dir=%s: %s", r->outbox, err_text(rc));
		return fail(r, EX_CANTCREAT);
	}
	return 0;
}

static int open_ledger(struct run *r)
{
	char path[PATH_MAX];
	int rc = path_in(path, r->outbox, "ledger.sqlite");

	if (rc != 0) {
		log_error("cannot open ledger: %s", err_text(rc));
		return fail(r, EX_CANTCREAT);
	}
	rc = ledger_open(path, &r->env.ledger);
	return rc != 0 ? daily_ledger_failed(&r->env, rc) : 0;
}

/* Is there an outbox, or something to put into one? */
static bool wants_outbox(const struct run *r)
{
	char path[PATH_MAX];

	return r->n_days > 0 ||
	    (path_in(path, r->state, "outbox/ledger.sqlite") == 0 &&
		access(path, F_OK) == 0);
}

static int open_outbox(struct run *r)
{
	int rc;

	if (r->options->dry_run != NULL || !wants_outbox(r)) {
		return 0;
	}
	rc = path_in(r->outbox, r->state, "outbox");
	if (rc == 0 && mkdir(r->outbox, 0750) != 0 && errno != EEXIST) {
		rc = -errno;
	}
	if (rc != 0) {
		log_error("cannot make outbox in state=%s: %s", r->state,
		    err_text(rc));
		return fail(r, EX_CANTCREAT);
	}
	r->env.out = r->outbox;
	if (take_lock(r) != 0 || open_ledger(r) != 0) {
		return -1;
	}
	step_at(r->env.step, "outbox-opened");
	return 0;
}

static int open_dns(struct run *r)
{
	struct dns_options o;
	struct strbuf error;
	int rc;

	conf_report_dns(r->env.conf, &o);
	strbuf_init(&error, 4096);
	rc = dns_new(&o, &r->env.dns, &error);
	if (rc != 0) {
		log_error("cannot start DNS: %s", strbuf_str(&error));
		(void)fail(r, EX_CONFIG);
	}
	strbuf_release(&error);
	return rc == 0 ? daily_probe(&r->env) : rc;
}

/* --- days --- */

/* What was withheld of the day that was asked for is due again. */
static int release_day(struct run *r)
{
	char date[WHEN_DATE_BUF];
	uint64_t n = 0;
	int rc = ledger_release(r->env.ledger, r->options->day, r->env.now, &n);

	if (rc == 0) {
		rc = ledger_commit(r->env.ledger);
	}
	if (rc != 0) {
		return daily_ledger_failed(&r->env, rc);
	}
	log_info("released what was withheld day=%s reports=%" PRIu64,
	    when_date(r->options->day, date), n);
	return 0;
}

/* Opens a day's tally. Returns 0, or -1 when it cannot be reported on. */
static int open_tally(struct run *r, int64_t day, struct tally **out)
{
	struct tally_info info;
	char path[PATH_MAX];
	int rc;

	(void)store_path(r->state, day, path, sizeof(path));
	rc = tally_open(path, out);
	if (rc == 0) {
		tally_info(*out, &info);
		rc = info.day == day ? 0 : ERR_DAMAGED;
	}
	if (rc != 0) {
		log_error("cannot read tally file=%s: %s", path, err_text(rc));
		return fail(r, EX_DATAERR);
	}
	if (info.sealed == 0) {
		if (r->options->has_day) {
			log_error("this day is not sealed yet: more of it may "
				  "be counted file=%s",
			    path);
			return fail(r, EX_NOINPUT);
		}
		log_debug("left out a day that is not sealed file=%s", path);
		return -1;
	}
	return 0;
}

/* Returns 0 when the run may go on with the next day. */
static int report_sealed(struct run *r, struct tally *t, int64_t day)
{
	struct daily_counts counts = { 0 };
	char date[WHEN_DATE_BUF];
	int rc = 0;

	if (r->env.dns == NULL) {
		signer_warn(r->env.dkim);
		rc = open_dns(r);
	}
	if (rc == 0) {
		rc = daily_report(&r->env, t, &counts);
		r->n_looked_at++;
		daily_counts_add(&r->counts, &counts);
		daily_counts_log(
		    "looked at day=", when_date(day, date), &counts);
	}
	return rc;
}

static int report_day(struct run *r, int64_t day)
{
	char date[WHEN_DATE_BUF];
	struct tally *t = NULL;
	struct ledger_day known = { .is_finished = false };
	int rc = 0;

	if (r->env.ledger != NULL) {
		rc = ledger_day(r->env.ledger, day, &known);
	}
	if (rc != 0) {
		return daily_ledger_failed(&r->env, rc);
	}
	if (known.is_finished && known.retries == 0) {
		if (r->options->has_day) {
			log_info("this day was reported before day=%s",
			    when_date(day, date));
		}
		return 0;
	}
	if (open_tally(r, day, &t) == 0) {
		rc = report_sealed(r, t, day);
	}
	tally_close(t);
	return rc;
}

/* Days before this one are forgotten. */
static int64_t oldest_day(const struct run *r)
{
	return when_day(r->env.now) - (int64_t)KEEP_DAYS * WHEN_DAY_S;
}

static int forget_old(struct run *r)
{
	int64_t before = oldest_day(r);
	int rc;

	if (r->env.ledger == NULL || r->env.n_finished == 0) {
		return 0;
	}
	rc = ledger_forget(r->env.ledger, before);
	if (rc == 0) {
		rc = ledger_commit(r->env.ledger);
	}
	return rc == 0 ? 0 : daily_ledger_failed(&r->env, rc);
}

static void say_end(struct run *r)
{
	if (r->n_looked_at == 0) {
		log_debug("nothing to report state=%s", r->state);
		return;
	}
	daily_counts_log("ended run dir=", r->env.out, &r->counts);
	if (r->counts.silent > 0 && !r->env.is_answered) {
		log_error("our resolver answers nothing: nothing could be "
			  "looked up, all is kept for the next run");
		(void)fail(r, EX_TEMPFAIL);
	}
}

static int make_reports(struct run *r)
{
	if (r->options->is_release && release_day(r) != 0) {
		return -1;
	}
	for (unsigned i = 0; i < r->n_days; i++) {
		if (report_day(r, r->days[i]) != 0) {
			return -1;
		}
	}
	if (forget_old(r) != 0) {
		return -1;
	}
	say_end(r);
	return 0;
}

/* --- sending --- */

/*
 * Drops the marks of a batch that was not finished: they may speak of files
 * that are not there, and sending would commit them.
 */
static int drop_batch(struct run *r)
{
	ledger_close(r->env.ledger);
	r->env.ledger = NULL;
	return open_ledger(r);
}

static void send_reports(struct run *r)
{
	const struct options *o = r->options;
	struct send_env env = {
		.conf = r->env.conf,
		.ledger = r->env.ledger,
		.outbox = r->outbox,
		.only_domain = r->env.only_domain,
		.has_day = o->has_day,
		.only_day = o->day,
		.now = r->env.now,
		.is_now = o->is_now || o->is_resend,
		.is_verbose = o->is_verbose,
		.step = r->env.step,
	};

	if (!o->is_resend || send_again(&env) == 0) {
		send_due(&env);
		send_tidy(&env, oldest_day(r));
	}
	if (env.exit_code != EX_OK) {
		(void)fail(r, env.exit_code);
	}
}

/* --- the run --- */

static void work(struct run *r)
{
	int rc = 0;

	if (open_outbox(r) != 0 || check_day(r) != 0 ||
	    (r->env.ledger != NULL && bounces_take(&r->env, r->state) != 0)) {
		return;
	}
	if (r->options->is_resend) {
		if (r->env.ledger == NULL) {
			log_error("there is no report to be sent again");
			(void)fail(r, EX_NOINPUT);
			return;
		}
	} else {
		rc = make_reports(r);
	}
	if (r->env.ledger == NULL || r->env.is_ledger_bad) {
		return;
	}
	/* whatever could not be made, what was made before shall leave */
	if (rc == 0 || drop_batch(r) == 0) {
		send_reports(r);
	}
}

/* A run that left the work to another one leaves this to it as well. */
static void publish(struct run *r)
{
	if (r->options->dry_run == NULL && (r->lock >= 0 || !wants_outbox(r))) {
		publish_metrics(&r->env, r->state);
	}
}

int run(const struct options *o, const struct conf *conf, int64_t now,
    const struct step *step)
{
	struct run r = {
		.options = o,
		.env = { .conf = conf,
		    .state = o->state != NULL ? o->state : conf->state,
		    .out = o->dry_run,
		    .only_domain = o->domain[0] != '\0' ? o->domain : NULL,
		    .is_verbose = o->is_verbose,
		    .step = step,
		    .now = now },
		.state = o->state != NULL ? o->state : conf->state,
		.lock = -1,
	};

	if (set_sender(&r) == 0 && open_dkim(&r) == 0 &&
	    choices_load(&r.env) == 0 && find_days(&r) == 0) {
		work(&r);
		publish(&r);
	}
	dns_free(r.env.dns);
	dkim_close(r.env.dkim);
	ledger_close(r.env.ledger);
	if (r.lock >= 0) {
		(void)close(r.lock);
	}
	choices_release(&r.env);
	free(r.days);
	return r.env.exit_code;
}
