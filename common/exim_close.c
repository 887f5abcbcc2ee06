/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_close.c - tcp:close: a connection without TLS is closed */

#include "config.h"

#include "common/exim_work.h"

/* The latest session before s of the same process. */
static struct exim_session *session_before(
    const struct exim_session *s, const struct exim_message *m)
{
	struct exim_session *found = NULL;
	struct exim_session *p;

	TAILQ_FOREACH(p, &m->sessions, link) {
		if (p == s) {
			break;
		}
		if (p->pid == s->pid && !p->is_plain) {
			found = p;
		}
	}
	return found;
}

/*
 * A callout has no msg:host:defer. A record that still names the host is of a
 * connection that came to nothing; one in clear after it is its retry.
 */
static int close_callout(
    struct exim_work *w, struct exim_session *s, struct exim_session *before)
{
	if (ip_is_known(&s->ip)) {
		if (!w->ex->mta.o.has_callouts) {
			s->left_out = COUNTER_CALLOUT;
		}
		return 0;
	}
	if (before == NULL || !ip_is_known(&before->ip) || before->is_settled ||
	    before->tls != FACT_TLS_REFUSED) {
		return exim_session_settle(w->ex, s);
	}
	s->is_clear = true;
	s->is_settled = true;
	before->tls = FACT_TLS_FAILED;
	exim_session_reason(before, "tls-handshake-failure");
	return exim_session_settle(w->ex, before);
}

/* A connection in clear that no smtp:ehlo told of: STARTTLS was offered. */
static int open_clear(struct exim_work *w)
{
	struct exim_session *s;
	struct exim_session *before;
	int rc = exim_work_new(w, &s);

	s->tls = FACT_TLS_REFUSED;
	before = session_before(s, w->m);
	if (rc == 0 && w->r->is_callout) {
		rc = close_callout(w, s, before);
	} else if (before != NULL && before->is_given_up &&
	    before->is_settled && before->tls != FACT_TLS_NO_SESSION &&
	    exim_work_is_host(&before->ip, &s->ip)) {
		s->is_clear = true;
		s->is_settled = true;
		rc = exim_bump(w->ex, w->t, COUNTER_CLEAR_RETRY);
	}
	if (rc == 0) {
		rc = exim_work_settle(w, s);
	}
	return rc == 0 ? exim_work_exact(w, s) : rc;
}

/* Is a connection that is closed the one whose session we know? */
static bool is_known(const struct exim_work *w)
{
	const struct exim_session *s = w->c != NULL ? w->c->session : NULL;
	const struct exim_session *p;

	if (s == NULL || !exim_work_is_host(&s->ip, &w->r->ip)) {
		return false;
	}
	if (w->r->port <= 0) {
		return true;
	}
	/* its own: else the port is in use again */
	TAILQ_FOREACH(p, &w->m->sessions, link) {
		if (p == s) {
			return s->pid == w->r->pid;
		}
	}
	return false;
}

int exim_close(struct exim_work *w)
{
	struct exim_session *s;

	if (w->r->version.len > 0 || w->c == NULL) {
		return 0;
	}
	if (!is_known(w)) {
		return open_clear(w);
	}
	s = w->c->session;
	/* a later message that went over it, perhaps in vain. In clear, what
	   became of its own STARTTLS is still to come. */
	if (w->r->port <= 0 && s->tls == FACT_TLS_OK && w->r->domain_len > 0) {
		return exim_session_add(w->ex, s, exim_work_domain(w->r),
		    exim_work_message_left_out(w->ex, w->r));
	}
	return 0;
}
