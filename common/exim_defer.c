/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_defer.c - msg:host:defer and dane:fail: a host would not do */

#include "config.h"

#include "common/exim_certificate.h"
#include "common/exim_work.h"
#include "common/mem.h"
#include "common/postfix_result.h"

/* dane:fail's word for the session of this record, as every MTA's is kept. */
static void take_dane_word(struct exim_work *w, struct exim_session *s)
{
	char verdict[POSTFIX_VERDICT_BUF] = "";

	if (w->m->dane[0] != '\0' && s->verdict == NULL) {
		(void)postfix_verdict_add(verdict, POSTFIX_POLICY_TLSA,
		    postfix_result_of_word(view_of(w->m->dane)),
		    view_make(NULL, 0));
		s->verdict = xstrdup(verdict);
	}
	w->m->dane[0] = '\0';
}

static void set_outcome(struct exim_work *w, struct exim_session *s,
    const struct exim_outcome *o, const struct exim_hint *hint)
{
	switch (o->what) {
	case EXIM_WHAT_CERTIFICATE:
		s->tls = FACT_TLS_OK;
		exim_session_version(s, w->r->version);
		exim_certificate_refused(s, w->r, hint, o->refusal);
		break;
	case EXIM_WHAT_FAILED:
	case EXIM_WHAT_EHLO:
	case EXIM_WHAT_SEND:
		s->tls = FACT_TLS_FAILED;
		/* in TLS, what the library said before tells more */
		exim_session_reason(s,
		    w->r->version.len > 0 && hint->reason[0] != '\0' ?
			hint->reason :
			o->reason);
		break;
	case EXIM_WHAT_NOT_OFFERED:
		s->tls = FACT_TLS_NOT_OFFERED;
		exim_session_reason(s, "starttls-not-offered");
		break;
	case EXIM_WHAT_LOOKUP:
		s->tls = FACT_TLS_NO_SESSION;
		s->dane = FACT_DANE_LOOKUP_FAILED;
		exim_session_reason(s, o->reason);
		break;
	case EXIM_WHAT_DANE:
		s->tls = FACT_TLS_NO_SESSION;
		s->dane = FACT_DANE_REQUIRED_MISSING;
		break;
	case EXIM_WHAT_REFUSED:
	case EXIM_WHAT_LATER:
	case EXIM_WHAT_BEFORE:
	case EXIM_WHAT_OTHER:
		s->tls = FACT_TLS_REFUSED;
		exim_session_reason(s, o->reason);
		break;
	}
	s->is_given_up = o->what != EXIM_WHAT_LATER;
}

/* What msg:host:defer says of the session of its own connection, s or NULL. */
enum verdict {
	IGNORE, /* nothing */
	SETTLE, /* it is as was thought */
	CHANGE, /* it is this instead; where there is none, a new one */
	DROP,   /* it was no session */
};

static enum verdict defer_verdict(const struct exim_record *r,
    const struct exim_outcome *o, const struct exim_session *s)
{
	bool is_open = s != NULL && !s->is_settled;
	/* TLS was up, but EHLO in it was never answered */
	bool is_unheard = s == NULL && r->version.len > 0;

	switch (o->what) {
	case EXIM_WHAT_FAILED:
	case EXIM_WHAT_CERTIFICATE:
	case EXIM_WHAT_REFUSED:
		return s == NULL || is_open ? CHANGE : IGNORE;
	case EXIM_WHAT_NOT_OFFERED:
		return s == NULL ? CHANGE : SETTLE;
	case EXIM_WHAT_LOOKUP:
	case EXIM_WHAT_DANE:
		return CHANGE;
	case EXIM_WHAT_EHLO:
	case EXIM_WHAT_SEND:
		return is_unheard ? CHANGE : is_open ? DROP : IGNORE;
	case EXIM_WHAT_LATER:
		return is_open ? SETTLE : IGNORE;
	case EXIM_WHAT_BEFORE:
	case EXIM_WHAT_OTHER:
		return is_open ? DROP : IGNORE;
	}
	return IGNORE;
}

/*
 * The session of this record's own connection or, where there was none, of the
 * lookup before; NULL if no record told of it yet.
 */
static struct exim_session *deferred_session(const struct exim_work *w)
{
	struct exim_session *found = NULL;
	struct exim_session *s;
	bool has_port = w->c != NULL;

	TAILQ_FOREACH(s, &w->m->sessions, link) {
		if (s->is_plain || s->is_clear || s->is_done ||
		    s->pid != w->r->pid ||
		    !exim_work_is_host(&s->ip, &w->r->ip)) {
			continue;
		}
		if (has_port ?
			s == w->c->session :
			s->tls == FACT_TLS_NO_SESSION && !s->is_settled) {
			found = s;
		}
	}
	return found;
}

/* $domain is the first of several here, if there are several. */
static int add_first(struct exim_work *w, struct exim_session *s, bool is_new)
{
	if (s->is_exact || (!s->is_smart && w->r->domain_len == 0)) {
		return 0;
	}
	/* of a connection whose own record named none there are several */
	s->is_exact = is_new && s->is_smart;
	return exim_session_add(w->ex, s, exim_work_domain(w->r),
	    exim_work_message_left_out(w->ex, w->r));
}

static int change(struct exim_work *w, struct exim_session *s,
    const struct exim_outcome *o, const struct exim_hint *hint)
{
	bool is_new = s == NULL;
	int rc = 0;

	/* nothing goes over it any more */
	if (is_new) {
		w->c = NULL;
		rc = exim_work_open(w, &s);
	} else {
		exim_session_disconnect(s);
	}
	set_outcome(w, s, o, hint);
	take_dane_word(w, s);
	if (rc == 0) {
		rc = exim_session_settle(w->ex, s);
	}
	return rc == 0 ? add_first(w, s, is_new) : rc;
}

int exim_defer(struct exim_work *w)
{
	struct exim_hint hint = exim_work_hint(w);
	struct exim_outcome o;
	struct exim_session *s = deferred_session(w);

	exim_outcome_parse(view_make(w->r->data, w->r->data_len), &o);
	if (s != NULL && s->left_out == COUNTER_COUNT) {
		s->left_out = exim_work_session_left_out(w->ex, w->r);
	}
	switch (defer_verdict(w->r, &o, s)) {
	case CHANGE:
		return change(w, s, &o, &hint);
	case SETTLE:
		return exim_session_settle(w->ex, s);
	case DROP:
		exim_session_drop(w->m, s);
		return 0;
	case IGNORE:
		break;
	}
	return 0;
}

/*
 * Before any connection: no TLSA record that DANE could use, or its lookup
 * failed; msg:host:defer may say so more exactly. After one: the word for it.
 */
int exim_defer_dane(struct exim_work *w)
{
	struct view word = view_make(w->r->data, w->r->data_len);
	struct exim_outcome o = { .what = EXIM_WHAT_LOOKUP };
	struct exim_hint hint = { 0 };
	struct exim_session *s;
	int rc;

	if (!view_is(word, "dnssec-invalid") &&
	    !view_is(word, "dane-required") &&
	    !view_is(word, "validation-failure") &&
	    !view_is(word, "starttls-not-supported")) {
		return 0;
	}
	(void)view_copy(word, w->m->dane, sizeof(w->m->dane));
	if (w->c != NULL || w->r->port > 0) {
		if (!w->r->is_callout || !view_is(word, "validation-failure")) {
			return 0;
		}
		/* there is no other word of a callout */
		o.what = w->r->version.len > 0 ? EXIM_WHAT_CERTIFICATE :
						 EXIM_WHAT_FAILED;
		(void)view_copy(view_of("tls-handshake-failure"), o.reason,
		    sizeof(o.reason));
	} else if (view_is(word, "dane-required")) {
		o.what = EXIM_WHAT_DANE;
	} else {
		(void)view_copy(
		    view_of("tlsa-lookup-failed"), o.reason, sizeof(o.reason));
	}
	rc = exim_work_open(w, &s);
	set_outcome(w, s, &o, &hint);
	take_dane_word(w, s);
	s->is_settled = w->r->is_callout;
	return rc == 0 ? exim_work_exact(w, s) : rc;
}
