/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_plain_outcome.c - what plain entries say of their sessions */

#include "config.h"

#include <string.h>

#include "common/exim_plain_work.h"

void exim_plain_settle_late(struct exim_session *s, enum fact_tls tls)
{
	if (s->is_late) {
		s->is_late = false;
		s->tls = tls;
		if (s->left_out == COUNTER_UNCLEAR) {
			s->left_out = COUNTER_COUNT;
		}
	}
}

/* An error of the TLS library before this entry: it was in TLS. */
static bool was_in_tls(const struct exim_plain_work *w)
{
	return w->m->hint.is_tls &&
	    memcmp(&w->m->hint.ip, &w->e->ip, sizeof(w->e->ip)) == 0;
}

void exim_plain_hint(const struct exim_plain_work *w, struct exim_session *s)
{
	const struct exim_hint *hint = &w->m->hint;

	if (!hint->has_verify ||
	    memcmp(&hint->ip, &w->e->ip, sizeof(hint->ip)) != 0) {
		return;
	}
	s->chain = hint->chain;
	if (hint->is_name) {
		s->name = FACT_NAME_MISMATCH;
		s->chain = hint->chain != FACT_CHAIN_UNKNOWN ? hint->chain :
							       FACT_CHAIN_OK;
	}
}

void exim_plain_tls(const struct exim_plain_work *w, struct exim_session *s)
{
	exim_session_version(s, w->e->version);
	exim_plain_settle_late(s, FACT_TLS_OK);
	s->is_note = false;
	if (w->e->cv == EXIM_CV_YES) {
		s->chain = FACT_CHAIN_OK;
		s->name = FACT_NAME_MATCH;
	} else if (w->e->cv == EXIM_CV_DANE) {
		s->dane = FACT_DANE_MATCH;
	} else {
		/* not why: the chain, the name, or nothing to check it with */
		exim_plain_hint(w, s);
	}
	w->m->hint = (struct exim_hint){ 0 };
}

static void set_refusal(const struct exim_plain_work *w, struct exim_session *s,
    enum exim_refusal refusal)
{
	s->tls = FACT_TLS_OK;
	switch (refusal) {
	case EXIM_REFUSAL_NAME:
		s->chain = FACT_CHAIN_OK;
		s->name = FACT_NAME_MISMATCH;
		break;
	case EXIM_REFUSAL_DANE:
		s->dane = FACT_DANE_MISMATCH;
		break;
	case EXIM_REFUSAL_UNTOLD:
	case EXIM_REFUSAL_CHAIN:
	case EXIM_REFUSAL_DANE_CA:
		s->chain = FACT_CHAIN_BAD;
		exim_plain_hint(w, s);
		break;
	}
	w->m->hint = (struct exim_hint){ 0 };
}

/* "error on first read": what the library said before tells more. */
static void take_library_reason(
    const struct exim_plain_work *w, struct exim_session *s)
{
	if (was_in_tls(w) && w->m->hint.reason[0] != '\0' &&
	    strcmp(s->reason, "tls-handshake-failure") == 0) {
		exim_session_reason(s, w->m->hint.reason);
	}
	w->m->hint = (struct exim_hint){ 0 };
}

/* It ended behind the first EHLO; whether in TLS, it does not say. */
static void set_late_outcome(const struct exim_plain_work *w,
    struct exim_session *s, const struct exim_outcome *o)
{
	const char *reason = w->m->hint.reason;

	if (o->what == EXIM_WHAT_EHLO && was_in_tls(w)) {
		s->tls = FACT_TLS_FAILED;
	} else if (o->what == EXIM_WHAT_SEND && was_in_tls(w) &&
	    view_starts(view_of(reason), "tls-remote-alert-")) {
		s->tls = FACT_TLS_FAILED;
		exim_session_reason(s, reason);
	} else if (s->left_out == COUNTER_COUNT) {
		s->left_out = COUNTER_UNCLEAR;
	}
	if (o->what != EXIM_WHAT_LATER) {
		return;
	}
	s->is_late = true;
	s->is_given_up = false;
	if (was_in_tls(w)) {
		exim_plain_settle_late(s, FACT_TLS_OK);
	}
}

void exim_plain_outcome(const struct exim_plain_work *w, struct exim_session *s,
    const struct exim_outcome *o)
{
	s->is_given_up = true;
	exim_session_reason(s, o->reason);
	switch (o->what) {
	case EXIM_WHAT_CERTIFICATE:
		set_refusal(w, s, o->refusal);
		break;
	case EXIM_WHAT_FAILED:
		s->tls = FACT_TLS_FAILED;
		take_library_reason(w, s);
		break;
	case EXIM_WHAT_NOT_OFFERED:
		s->tls = FACT_TLS_NOT_OFFERED;
		exim_session_reason(s, "starttls-not-offered");
		break;
	case EXIM_WHAT_REFUSED:
		s->tls = FACT_TLS_REFUSED;
		break;
	case EXIM_WHAT_LOOKUP:
		s->tls = FACT_TLS_NO_SESSION;
		s->dane = FACT_DANE_LOOKUP_FAILED;
		break;
	case EXIM_WHAT_DANE:
		s->tls = FACT_TLS_NO_SESSION;
		s->dane = FACT_DANE_REQUIRED_MISSING;
		break;
	case EXIM_WHAT_BEFORE:
	case EXIM_WHAT_EHLO:
	case EXIM_WHAT_SEND:
	case EXIM_WHAT_LATER:
	case EXIM_WHAT_OTHER:
		set_late_outcome(w, s, o);
		break;
	}
}
