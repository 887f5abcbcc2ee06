/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay_policies.c - what the recipients of replayed days publish
 *
 * Questions are asked in the order of their names, some at a time, so that a
 * domain's hosts are asked while the domain itself is still known. An answer
 * is for all days with the same question.
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/strbuf.h"
#include "common/when.h"
#include "lookup/published.h"
#include "tool/replay_policies.h"
#include "tool/replay_questions.h"

enum {
	OPEN_MAX_QUESTIONS = 1000, /* that have no answer yet */
	PUMP_MS = 10,
	GIVE_UP = 20 /* so many failed, and nothing was ever answered */
};

struct replayed {
	const struct replay_policies_options *o;
	struct replay_policies_result *result;
	struct loop *loop;
	struct published *published;
	struct replay_questions questions;
	size_t next; /* question to be asked */
	size_t n_later;
	bool is_answered; /* was anything ever? */
	int rc;           /* of the store */
};

/* --- answers -------------------------------------------------------------- */

static int put(struct replayed *r, int64_t day, const struct policy *policy)
{
	struct policy one = *policy;
	int rc = store_policy(r->o->store, day, &one);

	if (rc == ERR_FULL || rc == ERR_TOO_LONG || rc == ERR_SEALED ||
	    rc == ERR_PARSE) {
		r->result->full++;
		return ERR_FULL;
	}
	if (rc != 0) {
		r->rc = rc;
	}
	return rc;
}

/* Answers that nobody asked for are none of these days'. */
static void settle(struct replayed *r, const struct published_answer *a,
    enum replay_question_state state, const struct policy *policy)
{
	struct replay_questions *q = &r->questions;
	size_t at =
	    replay_questions_find(q, view_of(a->domain), view_of(a->mx));
	size_t end = at < q->n ? replay_questions_end(q, at) : at;

	for (; at < end && r->rc == 0; at++) {
		q->v[at].state = (uint32_t)state;
		if (policy != NULL &&
		    put(r, q->days[q->v[at].day], policy) != 0) {
			q->v[at].state = REPLAY_QUESTION_FAILED;
		}
	}
}

static void settle_set(struct replayed *r, const struct published_answer *a)
{
	struct policy policy = {
		.domain = view_of(a->domain),
		.mx = view_of(a->mx),
		.since = a->at,
		.source = POLICY_OWN,
	};
	struct strbuf content;

	strbuf_init(&content, POLICY_CONTENT_MAX);
	if (policy_set_write(a->set, &content) == 0) {
		policy.content = view_make(content.s, content.len);
		settle(r, a, REPLAY_QUESTION_KNOWN, &policy);
	} else {
		r->result->full++;
		settle(r, a, REPLAY_QUESTION_FAILED, NULL);
	}
	strbuf_release(&content);
}

static void on_answer(void *ctx, const struct published_answer *a)
{
	struct replayed *r = ctx;

	switch (a->kind) {
	case PUBLISHED_SET:
		r->is_answered = true;
		settle_set(r, a);
		break;
	case PUBLISHED_QUIET:
		r->is_answered = true;
		settle(r, a, REPLAY_QUESTION_QUIET, NULL);
		break;
	case PUBLISHED_LATER:
		r->n_later++;
		settle(r, a, REPLAY_QUESTION_FAILED, NULL);
		break;
	}
}

/* Is a day one that was replayed? */
static bool is_ours(const struct replayed *r, int64_t day)
{
	for (unsigned i = 0; i < r->questions.n_days; i++) {
		if (r->questions.days[i] == day) {
			return r->questions.tallies[i] != NULL;
		}
	}
	return false;
}

/*
 * It happened now, and is of the report of that day and no other. A day that
 * was not replayed is not begun for it: it would be sealed with the others.
 */
static void on_event(void *ctx, const struct published_answer *a)
{
	struct replayed *r = ctx;
	struct policy policy = { .domain = view_of(a->domain),
		.mx = view_of(""),
		.since = a->at,
		.source = POLICY_OWN };
	struct strbuf content;

	if (!is_ours(r, when_day(a->at))) {
		r->result->events++;
		return;
	}
	strbuf_init(&content, POLICY_CONTENT_MAX);
	if (policy_set_write(a->set, &content) == 0) {
		policy.content = view_make(content.s, content.len);
		(void)put(r, a->at, &policy);
	} else {
		r->result->full++;
	}
	strbuf_release(&content);
}

/* --- questions ------------------------------------------------------------ */

static void show_progress(const struct replayed *r)
{
	if (r->o->has_progress && r->questions.n > 0) {
		(void)fprintf(stderr, "\rlooking up policies: %3u %% ",
		    (unsigned)(r->next * 100 / r->questions.n));
	}
}

/* An answer of DNSSEC's, whatever it was, is one, too. */
static bool is_reached(const struct replayed *r)
{
	switch (published_health(r->published)) {
	case DNS_HEALTH_VALIDATING:
	case DNS_HEALTH_STRIPPED:
	case DNS_HEALTH_WRONG_ANCHOR:
	case DNS_HEALTH_WRONG_CLOCK:
		return true;
	case DNS_HEALTH_UNKNOWN:
	case DNS_HEALTH_NO_ANCHOR:
	case DNS_HEALTH_UNREACHABLE:
	case DNS_HEALTH_COUNT:
		break;
	}
	return r->is_answered;
}

static void ask_next(struct replayed *r)
{
	const struct replay_question *q = &r->questions.v[r->next];
	char domain[DOMAIN_BUF];
	char mx[DOMAIN_BUF];

	r->next = replay_questions_end(&r->questions, r->next);
	/* it may have been answered with its domain */
	if (q->state == REPLAY_QUESTION_OPEN &&
	    view_copy(q->domain, domain, sizeof(domain)) &&
	    view_copy(q->mx, mx, sizeof(mx))) {
		published_ask(r->published, domain, mx, on_answer, r);
	}
}

static void pump(void *ctx)
{
	struct replayed *r = ctx;

	if (!is_reached(r) && r->n_later >= GIVE_UP) {
		r->result->end = REPLAY_POLICIES_NO_ANSWER;
	}
	while (r->result->end == REPLAY_POLICIES_DONE && r->rc == 0 &&
	    r->next < r->questions.n &&
	    published_open(r->published) < OPEN_MAX_QUESTIONS) {
		ask_next(r);
	}
	show_progress(r);
	if (r->result->end != REPLAY_POLICIES_DONE || r->rc != 0 ||
	    (r->next == r->questions.n && published_open(r->published) == 0)) {
		loop_stop(r->loop);
	}
}

/* --- interrupts ----------------------------------------------------------- */

/* Signals that wait to be read, while the loop runs. */
struct interrupts {
	struct replayed *r;
	sigset_t before;
	int fd;
	struct loop_watch *watch;
	struct sigaction pipe; /* what SIGPIPE did before */
};

static void on_interrupt(void *ctx)
{
	struct interrupts *i = ctx;
	struct signalfd_siginfo info;

	if (read(i->fd, &info, sizeof(info)) > 0) {
		i->r->result->end = REPLAY_POLICIES_INTERRUPTED;
		loop_stop(i->r->loop);
	}
}

static void interrupts_begin(struct interrupts *i, struct replayed *r)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	i->r = r;
	i->watch = NULL;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, &i->before);
	(void)sigaction(SIGPIPE, &ignore, &i->pipe); /* of policy hosts */
	i->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (i->fd >= 0) {
		i->watch = loop_add_fd(r->loop, i->fd, on_interrupt, i);
	} else {
		(void)sigprocmask(SIG_SETMASK, &i->before, NULL);
	}
}

/* One that came too late to be read is answered likewise. */
static void interrupts_end(struct interrupts *i)
{
	if (i->fd >= 0) {
		on_interrupt(i);
		loop_remove(i->watch);
		(void)close(i->fd);
	}
	(void)sigaction(SIGPIPE, &i->pipe, NULL);
	(void)sigprocmask(SIG_SETMASK, &i->before, NULL);
}

/* --- all of it ------------------------------------------------------------ */

static void on_health(void *ctx, enum dns_health health)
{
	const struct replayed *r = ctx;

	/* local data is never secure, and who gives it knows */
	if (health != DNS_HEALTH_VALIDATING && health != DNS_HEALTH_UNKNOWN &&
	    health != DNS_HEALTH_UNREACHABLE &&
	    r->o->conf->dns.local_data == NULL) {
		log_warn("DNSSEC cannot be relied on health=%s: %s",
		    dns_health_word(health), dns_health_text(health));
	}
}

static int open_published(struct replayed *r)
{
	const struct conf *c = r->o->conf;
	struct dns_options dns;
	struct published_options options;
	struct strbuf error;
	int rc;

	published_options_of(c, &dns, &options);
	options.loop = r->loop;
	options.state = r->o->state;
	options.on_event = on_event;
	options.on_health = on_health;
	options.ctx = r;
	strbuf_init(&error, 1000);
	rc = published_new(&options, &r->published, &error);
	if (rc != 0) {
		log_error("cannot look anything up: %s", strbuf_str(&error));
	}
	strbuf_release(&error);
	return rc;
}

static void ask_all(struct replayed *r)
{
	struct interrupts interrupts;
	struct loop_watch *timer;

	interrupts_begin(&interrupts, r);
	if (open_published(r) == 0) {
		timer = loop_add_timer(r->loop, PUMP_MS, pump, r);
		if (loop_run(r->loop) != 0) {
			r->rc = -errno;
		}
		if (r->result->end == REPLAY_POLICIES_DONE && !is_reached(r) &&
		    r->n_later > 0) {
			r->result->end = REPLAY_POLICIES_NO_ANSWER;
		}
		loop_remove(timer);
		published_free(r->published);
		r->published = NULL;
	} else {
		r->result->end = REPLAY_POLICIES_NO_DNS;
	}
	interrupts_end(&interrupts);
	if (r->o->has_progress) {
		(void)fputs("\r\033[K", stderr);
	}
}

/* Adds up what became of each domain. */
static void count(const struct replayed *r)
{
	const struct replay_questions *q = &r->questions;
	struct replay_policies_result *sum = r->result;
	size_t i = 0;

	while (i < q->n) {
		struct view domain = q->v[i].domain;
		bool is_asking = false;
		bool is_failed = false;

		for (; i < q->n && view_eq(q->v[i].domain, domain); i++) {
			is_asking |= q->v[i].state == REPLAY_QUESTION_KNOWN;
			is_failed |= q->v[i].state == REPLAY_QUESTION_OPEN ||
			    q->v[i].state == REPLAY_QUESTION_FAILED;
		}
		sum->domains++;
		sum->asking += is_asking;
		sum->failed += is_failed;
	}
}

static void look_up(
    struct replayed *r, const int64_t *days, unsigned n, unsigned *n_done)
{
	replay_questions_load(&r->questions, r->o->state, days, n, r->o->feed);
	*n_done += r->questions.n_days;
	r->next = 0;
	if (r->questions.n > 0 && r->result->end == REPLAY_POLICIES_DONE) {
		ask_all(r);
	}
	count(r);
	replay_questions_release(&r->questions);
}

int replay_policies(
    const struct replay_policies_options *o, struct replay_policies_result *out)
{
	struct replayed r = { .o = o, .result = out };
	int64_t *days = NULL;
	unsigned n = 0;
	unsigned n_done = 0;

	*out = (struct replay_policies_result){ .end = REPLAY_POLICIES_DONE };
	r.rc = store_days(o->state, &days, &n);
	if (r.rc != 0) {
		return r.rc == -ENOENT ? 0 : r.rc;
	}
	r.loop = loop_new();
	if (r.loop == NULL) {
		r.rc = -errno;
	}
	while (r.rc == 0 && n_done < n) {
		look_up(&r, days + n_done, n - n_done, &n_done);
	}
	loop_free(r.loop);
	free(days);
	return r.rc;
}
