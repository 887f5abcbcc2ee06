/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * send.c - what is due leaves
 *
 * Mails go first: they only go to the site's own MTA, which is quick. Then
 * come uploads, many at once, which wait for strangers. What became of a try
 * is on the disk as soon as it is known, so a kill costs at most a second copy
 * of what was just under way (R186). Items are read one by one: any number.
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/suppress.h"
#include "common/when.h"
#include "reporter/send_private.h"

enum {
	/* from a fault of our own to the next try: doubled each time, and
	   longer than from one run to the next */
	OURS_FIRST_S = 60 * 60,
	OURS_MOST_S = 8 * 60 * 60
};

/* --- failures --- */

void send_failed(struct send_env *env, int exit_code)
{
	if (env->exit_code == EX_OK) {
		env->exit_code = exit_code;
	}
}

int send_ledger_failed(struct send_env *env, int rc)
{
	log_error("cannot use outbox: %s detail=\"%s\"", err_text(rc),
	    ledger_error(env->ledger));
	send_failed(env, rc == ERR_BUSY ? EX_TEMPFAIL : EX_IOERR);
	return rc;
}

/* The first error of the ledger ends the run. */
static void note(struct send *s, int rc)
{
	if (rc != 0 && s->rc == 0) {
		s->rc = send_ledger_failed(s->env, rc);
	}
}

bool send_is_over(const struct send *s)
{
	return s->rc != 0 || s->is_disabled || s->is_late ||
	    s->n_ours >= SEND_OURS;
}

/* --- an item's end --- */

/* Logs "EVENT day= domain= to= ...": what is known of an item. */
static void log_item(struct send *s,
    void (*log_it)(const char *, ...) __attribute__((format(printf, 1, 2))),
    const char *event, const struct outbox_item *item)
{
	char date[WHEN_DATE_BUF];
	char to[LOG_ESCAPE_BUF];
	char answer[LOG_ESCAPE_BUF];

	if (log_it != log_debug) {
		progress_clear(&s->progress);
	}
	log_it("%s day=%s domain=%s number=%u to=%s%s tries=%u answer=\"%s\"",
	    event, when_date(item->day, date), item->domain, item->number,
	    item->to.kind == RECORD_MAILTO ? "mailto:" : "",
	    log_escape(view_of(item->to.target), to), item->tries,
	    log_escape(view_of(item->answer), answer));
}

void send_commit(struct send *s)
{
	if (s->rc == 0) {
		note(s, ledger_commit(s->env->ledger));
	}
}

void send_close_item(struct send *s, const struct outbox_item *item,
    enum outbox_state state, const char *why)
{
	struct outbox_item closed = *item;

	closed.state = state;
	(void)snprintf(closed.answer, sizeof(closed.answer), "%s", why);
	log_item(s, log_debug, "closed report", &closed);
	note(s, outbox_update(s->env->ledger, &closed));
}

/*
 * A fault of our own is no try. But what our MTA never takes, because it is too
 * large for it, say, must not stand before all others in each run.
 */
static void put_back(struct outbox_item *item, int64_t now)
{
	int64_t delay = 2 * (item->next_try - item->last_try);

	if (item->last_try == 0 || delay < OURS_FIRST_S) {
		delay = OURS_FIRST_S;
	}
	item->last_try = now;
	item->next_try = now + (delay < OURS_MOST_S ? delay : OURS_MOST_S);
}

/* It is told once; what comes after it is the same, as a rule. */
static void note_ours(struct send *s, const struct outbox_item *item)
{
	const char *what = item->to.kind == RECORD_MAILTO ? "mails" : "uploads";
	char answer[LOG_ESCAPE_BUF];

	s->n_ours++;
	send_failed(s->env, EX_TEMPFAIL);
	progress_clear(&s->progress);
	if (s->n_ours == 1) {
		log_error("cannot send %s, for a fault on our side: %s", what,
		    log_escape(view_of(item->answer), answer));
	}
	if (s->n_ours == SEND_OURS) {
		log_error("left all other %s for the next run", what);
	}
}

/* Likewise; others are sent all the same. */
static void note_this(struct send *s, const struct outbox_item *item)
{
	send_failed(s->env, EX_TEMPFAIL);
	log_item(s, s->n_this++ == 0 ? log_error : log_debug,
	    "our MTA does not take report", item);
}

static void apply(
    struct send *s, struct outbox_item *item, const struct attempt *a)
{
	int64_t now = s->env->now;

	switch (a->end) {
	case ATTEMPT_ACCEPTED:
		outbox_sent(item, now);
		s->counts.sent++;
		log_item(s, log_debug, "sent report", item);
		break;
	case ATTEMPT_RETRY:
		outbox_failed(item, now, a->retry_after_s);
		if (item->state == OUTBOX_WAITING) {
			s->counts.retries++;
			log_item(s, log_debug, "could not send report", item);
		} else {
			s->counts.given_up++;
			log_item(s, log_warn, "gave up report", item);
		}
		break;
	case ATTEMPT_REFUSED:
		outbox_refused(item, now);
		s->counts.refused++;
		log_item(s, log_warn, "report was refused", item);
		break;
	case ATTEMPT_OURS:
		put_back(item, now);
		note_ours(s, item);
		return;
	case ATTEMPT_THIS:
		put_back(item, now);
		note_this(s, item);
		return;
	case ATTEMPT_PUT_OFF: /* uploads settle none */
		return;
	}
	s->n_ours = 0;
}

void send_settle(
    struct send *s, const struct outbox_item *item, const struct attempt *a)
{
	struct outbox_item after = *item;

	(void)snprintf(after.answer, sizeof(after.answer), "%s", a->answer);
	apply(s, &after, a);
	note(s, outbox_update(s->env->ledger, &after));
	step_at(s->env->step, "item-marked");
	send_commit(s);
	step_at(s->env->step, "item-committed");
}

/* --- files --- */

int send_open_day(const struct send_env *env, int64_t day, struct outdir **out)
{
	char date[WHEN_DATE_BUF];
	char path[PATH_MAX];
	int n = snprintf(
	    path, sizeof(path), "%s/%s", env->outbox, when_date(day, date));
	int rc;

	*out = NULL;
	if (n < 0 || (size_t)n >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	rc = outdir_open(path, OUTDIR_SYNC, out);
	if (rc == 0) {
		outdir_watch(*out, env->step);
	}
	return rc;
}

const char *send_file_name(
    const struct outbox_item *item, char out[OUTDIR_NAME + 32])
{
	char end[32] = ".json.gz";

	if (item->to.kind == RECORD_MAILTO) {
		(void)snprintf(end, sizeof(end), ".%u.eml", item->number);
	}
	/* a name that is cut is none of a file */
	(void)snprintf(
	    out, OUTDIR_NAME + 32, "%.*s%s", OUTDIR_NAME - 1, item->file, end);
	return out;
}

static int read_file(
    struct send *s, const struct outbox_item *item, struct strbuf *out)
{
	char name[OUTDIR_NAME + 32];
	int rc = 0;

	if (s->dir == NULL || s->dir_day != item->day) {
		outdir_close(s->dir);
		rc = send_open_day(s->env, item->day, &s->dir);
		s->dir_day = item->day;
	}
	return rc == 0 ? outdir_get(s->dir, send_file_name(item, name), out) :
			 rc;
}

bool send_read(
    struct send *s, const struct outbox_item *item, struct strbuf *out)
{
	int rc = read_file(s, item, out);
	struct attempt a;

	if (rc == 0) {
		step_at(s->env->step, "file-read");
		return true;
	}
	log_item(s, log_error, "cannot read the file of a report", item);
	send_failed(s->env, EX_NOINPUT);
	if (rc == -ENOENT || rc == ERR_PARSE || rc == ERR_TOO_LONG) {
		/* that will not change; nobody else has these bytes */
		s->counts.given_up++;
		send_close_item(
		    s, item, OUTBOX_GIVEN_UP, "its file cannot be read");
	} else {
		/* rights, or the disk: that is not told of each in each run */
		attempt_set(&a, ATTEMPT_OURS, view_of(""));
		(void)snprintf(a.answer, sizeof(a.answer),
		    "its file cannot be read: %s", err_text(rc));
		send_settle(s, item, &a);
	}
	return false;
}

/* --- which items --- */

struct outbox_query send_query(const struct send_env *env)
{
	int64_t day = env->only_day != 0 ? env->only_day : -1; /* 0: all */

	return (struct outbox_query){
		.day = env->has_day ? day : 0,
		.domain = env->only_domain,
	};
}

static struct outbox_query due_query(const struct send_env *env)
{
	struct outbox_query q = send_query(env);

	q.is_open = true;
	q.due = env->is_now ? 0 : env->now;
	return q;
}

/* A run may take hours: who disables sending meanwhile means it at once. */
static bool is_still_enabled(struct send *s)
{
	note(s, outbox_enabled(s->env->ledger, &s->since));
	if (s->rc == 0 && s->since == 0) {
		s->is_disabled = true;
		progress_clear(&s->progress);
		log_info("stopped sending, for it was disabled");
	}
	return s->rc == 0 && !s->is_disabled;
}

/* May this be sent now? What may never be is settled. */
static bool admit(struct send *s, const struct outbox_item *item)
{
	bool is_suppressed;

	if (!is_still_enabled(s)) {
		return false;
	}
	if (item->day < s->since) {
		s->counts.given_up++;
		send_close_item(s, item, OUTBOX_GIVEN_UP,
		    "its day is before sending was enabled");
		return false;
	}
	note(s,
	    suppress_find(s->env->ledger, &item->to, item->domain, s->env->now,
		&is_suppressed));
	if (s->rc != 0) {
		return false;
	}
	if (is_suppressed) {
		s->counts.suppressed++;
		send_close_item(s, item, OUTBOX_SUPPRESSED,
		    "its destination is suppressed");
		step_at(s->env->step, "item-suppressed");
		return false;
	}
	if (!caps_take(s->caps, &item->to)) {
		s->counts.put_off++;
		return false;
	}
	return true;
}

/* A fault of ours has put it back, and nothing else has become of it. */
static bool was_put_back(const struct outbox_item *item)
{
	return item->tries == 0 && item->last_try != 0;
}

/* One walk. Returns how many were left aside that had been put back. */
static size_t walk(struct send *s, enum record_rua_kind kind, bool is_put_back,
    send_fn fn, void *ctx)
{
	struct outbox_query q = due_query(s->env);
	struct outbox_item item;
	bool found = true;
	size_t n_aside = 0;

	s->n_ours = 0;
	while (!send_is_over(s)) {
		note(s, outbox_next(s->env->ledger, &q, &item, &found));
		if (s->rc != 0 || !found) {
			break;
		}
		q.after_id = item.id;
		if (item.to.kind != kind) {
			continue;
		}
		if (was_put_back(&item) != is_put_back) {
			n_aside += !is_put_back;
			continue;
		}
		if (admit(s, &item)) {
			fn(ctx, &item);
		}
		progress_show(&s->progress, ++s->n_done);
	}
	send_commit(s);
	return n_aside;
}

/*
 * What our MTA never takes adds up over days: it comes last, so that it cannot
 * use up for good what a run bears of our own faults.
 */
void send_each(struct send *s, enum record_rua_kind kind, send_fn fn, void *ctx)
{
	size_t n_aside = walk(s, kind, false, fn, ctx);

	if (n_aside > 0 && !send_is_over(s)) {
		(void)walk(s, kind, true, fn, ctx);
	}
}

/* --- the run --- */

/* How many items there are to show the progress of. */
static int count_due(struct send *s, size_t *out)
{
	struct outbox_query q = due_query(s->env);
	struct outbox_counts counts;
	struct outbox_item item;
	bool found = true;
	int rc;

	*out = 0;
	if (q.day == 0 && q.domain == NULL) {
		rc = outbox_count(s->env->ledger, s->env->now, &counts);
		*out = (size_t)(s->env->is_now ? counts.n[OUTBOX_WAITING] :
						 counts.due);
		return rc;
	}
	do {
		rc = outbox_next(s->env->ledger, &q, &item, &found);
		q.after_id = item.id;
		*out += rc == 0 && found;
	} while (rc == 0 && found);
	return rc;
}

static void send_all(struct send *s, size_t n)
{
	struct hash_key key;

	if (getrandom(&key, sizeof(key), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(key)) {
		/* strangers may then guess whose counter theirs falls on */
		key = (struct hash_key){ (uint64_t)s->env->now, n };
	}
	s->caps = xcalloc(1, sizeof(*s->caps));
	s->caps->key = key;
	progress_begin(&s->progress, "sending", n, s->env->is_verbose);
	send_mails(s);
	send_uploads(s);
	progress_clear(&s->progress);
	outdir_close(s->dir);
	free(s->caps);
}

static void say_end(struct send *s, const struct outbox_counts *now)
{
	const struct send_counts *c = &s->counts;

	log_info("ended sending sent=%" PRIu64 " waiting=%" PRIu64
		 " retries=%" PRIu64 " bounced=%" PRIu64 " refused=%" PRIu64
		 " given-up=%" PRIu64 " suppressed=%" PRIu64
		 " put-off=%" PRIu64,
	    c->sent, now->n[OUTBOX_WAITING], c->retries, now->n[OUTBOX_BOUNCED],
	    c->refused, c->given_up, c->suppressed, c->put_off);
	if (c->put_off > 0) {
		log_info("put off what is more than %d to one host, or to one "
			 "that wants no more for now destinations=%" PRIu64,
		    CAPS_PER_HOST, c->put_off);
	}
}

/* Nothing leaves before a person has said so (promise 6). */
static void say_disabled(struct send *s)
{
	struct outbox_counts counts;
	int rc = outbox_count(s->env->ledger, s->env->now, &counts);

	if (rc != 0) {
		note(s, rc);
	} else if (counts.n[OUTBOX_WAITING] > 0) {
		log_info("nothing was sent, for sending is not enabled "
			 "(telltls enable) waiting=%" PRIu64,
		    counts.n[OUTBOX_WAITING]);
	}
}

void send_due(struct send_env *env)
{
	struct send s = { .env = env };
	struct outbox_counts counts;
	size_t n;

	note(&s, outbox_enabled(env->ledger, &s.since));
	if (s.rc == 0 && s.since == 0) {
		say_disabled(&s);
	}
	if (s.rc != 0 || s.since == 0) {
		return;
	}
	note(&s, count_due(&s, &n));
	if (s.rc == 0 && n > 0) {
		/* a full disk must not make each run send the same again */
		note(&s, ledger_try(env->ledger));
	}
	if (s.rc != 0 || n == 0) {
		return;
	}
	send_all(&s, n);
	if (s.rc == 0) {
		note(&s, outbox_count(env->ledger, env->now, &counts));
	}
	if (s.rc == 0) {
		say_end(&s, &counts);
	}
}
