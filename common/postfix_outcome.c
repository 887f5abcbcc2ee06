/* SPDX-License-Identifier: BSD-2-Clause */
/* postfix_outcome.c - all is told of a session: its fact, or why none */

#include "config.h"

#include <string.h>

#include "common/postfix_state.h"

int postfix_bump(struct postfix *pf, int64_t t, enum counter c)
{
	return pf->mta.o.sink.counter(pf->mta.o.sink.ctx, t, c, 1);
}

static void set_tls(struct postfix_session *s, enum fact_tls tls)
{
	s->seen.has_tls = true;
	s->seen.tls = tls;
}

static void set_reason(struct postfix_session *s, const char *token)
{
	(void)view_copy(view_of(token), s->seen.reason, sizeof(s->seen.reason));
}

static bool is_level(const struct postfix_session *s, const char *word)
{
	return strcmp(s->level, word) == 0;
}

/* The MTA was content; of what, depends on the level. */
static void settle_content(struct postfix_session *s)
{
	if (is_level(s, "secure") || is_level(s, "verify")) {
		s->seen.chain = FACT_CHAIN_OK;
		s->seen.name = FACT_NAME_MATCH;
	} else if ((is_level(s, "dane") || is_level(s, "dane-only") ||
		       is_level(s, "halfdane")) &&
	    s->seen.dane == FACT_DANE_UNKNOWN) {
		s->seen.dane = FACT_DANE_MATCH;
	}
}

/* What "[Un]Trusted" adds to what a failed verification told. */
static void settle_chain(struct postfix_session *s)
{
	struct postfix_seen *seen = &s->seen;
	bool is_trusted = s->trust == POSTFIX_TRUST_TRUSTED;

	if (is_trusted && seen->chain == FACT_CHAIN_UNKNOWN &&
	    !is_level(s, "halfdane") && seen->dane != FACT_DANE_MISMATCH) {
		seen->chain = FACT_CHAIN_OK;
	}
	if (s->has_verify) {
		return;
	}
	if (s->is_unverified && is_trusted) {
		/* up to 3.5 this is how a wrong name is told */
		seen->name = FACT_NAME_MISMATCH;
	} else if ((s->is_unverified || s->trust == POSTFIX_TRUST_UNTRUSTED) &&
	    seen->chain == FACT_CHAIN_UNKNOWN &&
	    seen->name == FACT_NAME_UNKNOWN &&
	    seen->dane != FACT_DANE_MISMATCH &&
	    s->trust != POSTFIX_TRUST_ANONYMOUS) {
		seen->chain = FACT_CHAIN_BAD;
	}
}

/* Puts all that was told together. */
static void settle(struct postfix_session *s)
{
	struct postfix_seen *seen = &s->seen;

	if (s->has_result && !seen->has_tls &&
	    s->result == POSTFIX_STARTTLS_NOT_SUPPORTED) {
		set_tls(s, FACT_TLS_REFUSED);
	} else if (s->has_result) {
		postfix_result_apply(
		    postfix_result_policy(s->result, POSTFIX_POLICY_UNKNOWN),
		    s->result, view_of(s->detail), seen);
	}
	if (!seen->has_tls || seen->tls != FACT_TLS_OK) {
		return;
	}
	if (s->is_unverified ||
	    (s->has_result && s->result != POSTFIX_RESULT_SUCCESS)) {
		settle_chain(s);
	} else {
		if (s->is_content) {
			settle_content(s);
		}
		if (s->trust != POSTFIX_TRUST_VERIFIED) {
			settle_chain(s);
		}
	}
}

/* The log names no policy type, but DANE is there or it is not. */
static enum postfix_policy policy_of(const struct postfix_session *s)
{
	bool is_dane =
	    view_find(view_of(s->level), "dane") < strlen(s->level) ||
	    s->seen.dane != FACT_DANE_UNKNOWN;

	return postfix_result_policy(
	    s->result, is_dane ? POSTFIX_POLICY_TLSA : POSTFIX_POLICY_UNKNOWN);
}

static void make_verdict(
    const struct postfix_session *s, char verdict[POSTFIX_VERDICT_BUF])
{
	bool is_verified = s->trust == POSTFIX_TRUST_VERIFIED &&
	    s->result == POSTFIX_RESULT_SUCCESS;

	verdict[0] = '\0';
	if (s->has_result || is_verified) {
		(void)postfix_verdict_add(verdict, policy_of(s), s->result,
		    view_of(is_verified ? "verified" : s->detail));
	}
}

/* Why a session does not count, COUNTER_COUNT if it does. */
static enum counter left_out(
    const struct postfix_session *s, const char *domain, enum counter why)
{
	if (s->left_out != COUNTER_COUNT) {
		return s->left_out;
	}
	if (s->is_local) {
		return COUNTER_SUBMISSION;
	}
	if (s->port != 0 && s->port != 25) {
		return COUNTER_OTHER_PORT;
	}
	if (why == COUNTER_OWN_REPORT || why == COUNTER_TLS_REQUIRED ||
	    why == COUNTER_CALLOUT) {
		return why;
	}
	if (s->is_literal || strcmp(domain, "[]") == 0) {
		return COUNTER_LITERAL;
	}
	if (domain[0] == '\0') {
		return why != COUNTER_COUNT ? why : COUNTER_UNCLEAR;
	}
	return s->seen.has_tls || s->is_reached ? COUNTER_COUNT :
						  COUNTER_UNCLEAR;
}

bool postfix_session_counts(const struct postfix_session *s)
{
	struct postfix_session settled = *s;

	settle(&settled);
	settled.domain[0] = '\0';
	return !s->is_counted &&
	    left_out(&settled, "any", COUNTER_COUNT) == COUNTER_COUNT;
}

int postfix_session_emit(struct postfix *pf, struct postfix_session *s,
    const char *domain, enum counter why)
{
	char verdict[POSTFIX_VERDICT_BUF];
	bool is_silent;
	struct fact fact;
	int rc;

	if (s->is_counted) {
		return 0;
	}
	settle(s);
	if (s->domain[0] != '\0') {
		domain = s->domain;
	}
	why = left_out(s, domain, why);
	if (why != COUNTER_COUNT) {
		return postfix_bump(pf, s->t, why);
	}
	is_silent = !s->seen.has_tls;
	if (is_silent) {
		set_tls(s, FACT_TLS_NOT_OFFERED);
		set_reason(
		    s, s->is_told ? POSTFIX_CLEAR_REASON : "tls-not-logged");
	}
	make_verdict(s, verdict);
	fact = (struct fact){
		.domain = view_of(domain),
		.mx = view_of(s->mx),
		.reason = view_of(s->seen.reason),
		.level = view_of(s->level),
		.verdict = view_of(verdict),
		.version = view_of(s->version),
		.ip = s->ip,
		.tls = s->seen.tls,
		.chain = s->seen.chain,
		.name = s->seen.name,
		.dane = s->seen.dane,
	};
	rc = pf->mta.o.sink.session(pf->mta.o.sink.ctx, s->t, &fact);
	if (rc == 0 && is_silent && !s->is_told) {
		rc = postfix_bump(pf, s->t, COUNTER_TLS_NOT_LOGGED);
	}
	return rc;
}
