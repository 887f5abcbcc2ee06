/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - one run: which days there are, and what all of them need
 *
 * A dry run opens nothing of the state but tally files, for reading. Any other
 * run holds the lock of the outbox from before it looks into the ledger until
 * it ends, so two at once cannot make a report twice.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/conf_report.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/store.h"
#include "common/when.h"
#include "reporter/daily.h"
#include "reporter/run.h"
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
	const char **exclude;
	int64_t *days;
	unsigned n_days;
	unsigned n_looked_at; /* days */
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

static int by_text(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

static void set_exclude(struct run *r)
{
	char **list = r->env.conf->report.exclude;
	size_t n = 0;

	while (list != NULL && list[n] != NULL) {
		n++;
	}
	r->exclude = xcalloc(n, sizeof(*r->exclude));
	for (size_t i = 0; i < n; i++) {
		r->exclude[i] = list[i];
	}
	if (n > 1) {
		qsort(r->exclude, n, sizeof(*r->exclude), by_text);
	}
	r->env.exclude = r->exclude;
	r->env.n_exclude = n;
}

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

/* Finds the days; none is no error, unless one was asked for. */
static int find_days(struct run *r)
{
	int rc = store_days(r->state, &r->days, &r->n_days);

	if (rc != 0 && rc != -ENOENT) {
		log_error(
		    "cannot read tallies state=%s: %s", r->state, err_text(rc));
		return fail(r, EX_NOINPUT);
	}
	if (r->options->has_day) {
		for (unsigned i = 0; i < r->n_days; i++) {
			if (r->days[i] == r->options->day) {
				r->days[0] = r->options->day;
				r->n_days = 1;
				return 0;
			}
		}
		log_error("no tally of this day state=%s", r->state);
		return fail(r, EX_NOINPUT);
	}
	return 0;
}

static int take_lock(struct run *r)
{
	char path[PATH_MAX];
	int rc = path_in(path, r->outbox, "lock");

	if (rc == 0) {
		r->lock =
		    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
		rc = r->lock < 0 ? -errno : 0;
	}
	if (rc == 0 && flock(r->lock, LOCK_EX | LOCK_NB) != 0) {
		rc = -errno;
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

static int open_outbox(struct run *r)
{
	char path[PATH_MAX];
	int rc = path_in(r->outbox, r->state, "outbox");

	if (rc == 0 && mkdir(r->outbox, 0750) != 0 && errno != EEXIST) {
		rc = -errno;
	}
	if (rc != 0) {
		log_error("cannot make outbox in state=%s: %s", r->state,
		    err_text(rc));
		return fail(r, EX_CANTCREAT);
	}
	if (take_lock(r) != 0) {
		return -1;
	}
	rc = path_in(path, r->outbox, "ledger.sqlite");
	if (rc != 0) {
		log_error("cannot open ledger: %s", err_text(rc));
		return fail(r, EX_CANTCREAT);
	}
	rc = ledger_open(path, &r->env.ledger);
	return rc != 0 ? daily_ledger_failed(&r->env, rc) : 0;
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

static void log_counts(
    const char *what, const char *which, const struct daily_counts *c)
{
	log_info("%s%s domains=%" PRIu64 " records=%" PRIu64 " reports=%" PRIu64
		 " mails=%" PRIu64 " uploads=%" PRIu64 " retries=%" PRIu64
		 " given-up=%" PRIu64 " failed=%" PRIu64 " excluded=%" PRIu64
		 " withheld=%" PRIu64 " unjudged=%" PRIu64 " nameless=%" PRIu64
		 " damaged=%" PRIu64,
	    what, which, c->domains, c->records, c->reports, c->mails,
	    c->uploads, c->retries + c->silent, c->given_up, c->failed,
	    c->excluded, c->withheld, c->unjudged, c->nameless, c->damaged);
}

static void add_counts(struct daily_counts *sum, const struct daily_counts *c)
{
	sum->domains += c->domains;
	sum->records += c->records;
	sum->reports += c->reports;
	sum->mails += c->mails;
	sum->uploads += c->uploads;
	sum->excluded += c->excluded;
	sum->retries += c->retries;
	sum->silent += c->silent;
	sum->given_up += c->given_up;
	sum->failed += c->failed;
	sum->withheld += c->withheld;
	sum->unjudged += c->unjudged;
	sum->nameless += c->nameless;
	sum->damaged += c->damaged;
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
		add_counts(&r->counts, &counts);
		log_counts("looked at day=", when_date(day, date), &counts);
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

static int forget_old(struct run *r)
{
	int64_t before = when_day(r->env.now) - (int64_t)KEEP_DAYS * WHEN_DAY_S;
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
	log_counts(
	    "ended run: nothing was sent, this version does not send; dir=",
	    r->env.out, &r->counts);
	if (r->counts.silent > 0 && !r->env.is_answered) {
		log_error("our resolver answers nothing: nothing could be "
			  "looked up, all is kept for the next run");
		(void)fail(r, EX_TEMPFAIL);
	}
}

int run(const struct options *o, const struct conf *conf, int64_t now)
{
	struct run r = {
		.options = o,
		.env = { .conf = conf,
		    .out = o->dry_run,
		    .only_domain = o->domain[0] != '\0' ? o->domain : NULL,
		    .is_verbose = o->is_verbose,
		    .now = now },
		.state = o->state != NULL ? o->state : conf->state,
		.lock = -1,
	};

	if (set_sender(&r) != 0 || open_dkim(&r) != 0 || find_days(&r) != 0) {
		goto out;
	}
	set_exclude(&r);
	if (o->dry_run == NULL && r.n_days > 0) {
		r.env.out = r.outbox;
		if (open_outbox(&r) != 0 ||
		    (o->is_release && release_day(&r) != 0)) {
			goto out;
		}
	}
	for (unsigned i = 0; i < r.n_days; i++) {
		if (report_day(&r, r.days[i]) != 0) {
			goto out;
		}
	}
	if (forget_old(&r) == 0) {
		say_end(&r);
	}
out:
	dns_free(r.env.dns);
	dkim_close(r.env.dkim);
	ledger_close(r.env.ledger);
	if (r.lock >= 0) {
		(void)close(r.lock);
	}
	free(r.exclude);
	free(r.days);
	return r.env.exit_code;
}
