/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_work.c - what the records of our ACL have in common */

#include "config.h"

#include <string.h>

#include "common/exim_work.h"

struct view exim_work_domain(const struct exim_record *r)
{
	return view_make(r->domain, r->domain_len);
}

enum counter exim_work_message_left_out(
    const struct exim *ex, const struct exim_record *r)
{
	if (r->is_callout) {
		return ex->mta.o.has_callouts ? COUNTER_COUNT : COUNTER_CALLOUT;
	}
	if (mta_is_own_sender(&ex->mta, view_make(r->from, r->from_len))) {
		return COUNTER_OWN_REPORT;
	}
	return r->tls_required_no ? COUNTER_TLS_REQUIRED : COUNTER_COUNT;
}

enum counter exim_work_session_left_out(
    const struct exim *ex, const struct exim_record *r)
{
	if (r->port > 0 && r->port != 25) {
		return COUNTER_OTHER_PORT;
	}
	if (ip_is_loopback(&r->ip)) {
		return COUNTER_SUBMISSION;
	}
	/* R51: what matters is the message that opened it */
	return !r->is_callout &&
		mta_is_own_sender(&ex->mta, view_make(r->from, r->from_len)) ?
	    COUNTER_OWN_REPORT :
	    COUNTER_COUNT;
}

bool exim_work_is_smart(const struct exim_record *r)
{
	return r->secure == EXIM_SECURE_NO_MX && r->mx_len > 0;
}

bool exim_work_is_host(const struct ip *a, const struct ip *b)
{
	return !ip_is_known(a) || !ip_is_known(b) ||
	    memcmp(a, b, sizeof(*a)) == 0;
}

int exim_work_settle(struct exim_work *w, const struct exim_session *but)
{
	struct exim_session *s;
	int rc = 0;

	TAILQ_FOREACH(s, &w->m->sessions, link) {
		/* no msg:host:defer of it is to come any more */
		if (rc == 0 && s != but && s->pid == w->r->pid &&
		    !s->is_settled && !s->is_plain) {
			rc = exim_session_settle(w->ex, s);
		}
		/* what came of it is logged, and now comes another attempt */
		s->is_done |= s != but && s->is_given_up && s->is_acked;
	}
	return rc;
}

int exim_work_new(struct exim_work *w, struct exim_session **out)
{
	const struct exim_record *r = w->r;
	struct exim_session *s;
	int rc = exim_session_new(w->ex, w->m, w->c, w->t, &s);

	*out = s;
	s->pid = r->pid;
	s->ip = r->ip;
	s->sending_ip = r->sending_ip;
	exim_session_mx(s, view_make(r->mx, r->mx_len));
	s->left_out = exim_work_session_left_out(w->ex, r);
	s->is_smart = exim_work_is_smart(r);
	/* DANE: the next domain is served over another connection */
	s->is_one = r->tlsa != 0 || r->is_dane;
	return rc;
}

int exim_work_open(struct exim_work *w, struct exim_session **out)
{
	int rc = exim_work_new(w, out);

	return rc == 0 ? exim_work_settle(w, *out) : rc;
}

int exim_work_exact(struct exim_work *w, struct exim_session *s)
{
	if (!s->is_smart && w->r->domain_len == 0) {
		return 0;
	}
	s->is_exact = true;
	return exim_session_add(w->ex, s, exim_work_domain(w->r),
	    exim_work_message_left_out(w->ex, w->r));
}

struct exim_hint exim_work_hint(struct exim_work *w)
{
	struct exim_hint hint = w->m->hint;

	w->m->hint = (struct exim_hint){ 0 };
	if (memcmp(&hint.ip, &w->r->ip, sizeof(hint.ip)) != 0) {
		hint = (struct exim_hint){ 0 };
	}
	return hint;
}
