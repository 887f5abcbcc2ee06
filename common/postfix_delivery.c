/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_delivery.c - the lines of smtp(8): from connections to sessions
 *
 * Each server that is tried has its own session. How it ended with all but the
 * last is told by a line with the queue id alone; the to= line then says whose
 * sessions they all were.
 */

#include "config.h"

#include "common/err.h"
#include "common/postfix_state.h"

int postfix_delivery_tls(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	const struct postfix_line *l = &e->l;
	struct postfix_session *s = postfix_process_current(p, &l->peer);
	const struct postfix_session *proxied;
	uint64_t pos;
	int rc = 0;

	if (l->kind == POSTFIX_LIBRARY) {
		if (s != NULL) {
			(void)postfix_session_add_tls(s, l);
		}
		return 0;
	}
	if (s != NULL && postfix_session_add_tls(s, l)) {
		postfix_session_add_peer(s, &l->peer);
	} else {
		rc = postfix_process_add(pf, p, e, &l->peer, &s);
		(void)postfix_session_add_tls(s, l);
	}
	if (rc == 0 && l->kind == POSTFIX_TLS_UP) {
		proxied = postfix_proxied_find(pf, e, FACT_TLS_OK, "", &pos);
		postfix_session_need(s, pos);
		if (proxied != NULL) {
			postfix_session_add_proxied(s, proxied);
		}
	}
	return rc;
}

int postfix_delivery_reused(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	struct postfix_session *s;
	int rc = postfix_process_add(pf, p, e, &e->l.peer, &s);

	s->is_counted = true;
	s->is_reached = true;
	return rc;
}

int postfix_delivery_offered(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	struct postfix_session *s;
	int rc = postfix_process_add(pf, p, e, &e->l.peer, &s);

	s->left_out = COUNTER_LOCAL_POLICY;
	return rc;
}

/* Why no connection was made to a server. False: for another reason. */
static bool read_skip(const struct postfix_line *l, struct postfix_session *s)
{
	static const struct {
		const char *text;
		enum fact_dane dane;
		const char *reason;
	} rows[] = {
		{ "TLSA lookup error for ", FACT_DANE_LOOKUP_FAILED,
		    "tlsa-lookup-failed" },
		{ "no TLSA records found", FACT_DANE_REQUIRED_MISSING, "" },
		{ "non DNSSEC destination", FACT_DANE_REQUIRED_MISSING, "" },
		{ "TLSA records unusable", FACT_DANE_UNUSABLE, "" },
	};

	const char *reason = "mta-sts-mx-mismatch";
	enum fact_dane dane = FACT_DANE_UNKNOWN;
	bool is_known = l->kind == POSTFIX_MX_MISMATCH;

	for (size_t i = 0; !is_known && i < sizeof(rows) / sizeof(rows[0]);
	     i++) {
		is_known = view_starts(l->text, rows[i].text);
		reason = rows[i].reason;
		dane = rows[i].dane;
	}
	s->seen.has_tls = true;
	s->seen.tls = FACT_TLS_NO_SESSION;
	s->seen.dane = dane;
	(void)view_copy(
	    view_of(reason), s->seen.reason, sizeof(s->seen.reason));
	return is_known;
}

int postfix_delivery_skip(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	struct postfix_session probe = { 0 };
	struct postfix_session *s;
	int rc;

	if (!read_skip(&e->l, &probe)) {
		return 0;
	}
	rc = postfix_process_add(pf, p, e, &e->l.peer, &s);
	(void)read_skip(&e->l, s);
	s->is_over = true;
	postfix_session_set_domain(s, e->l.domain);
	return rc;
}

/*
 * What the line itself does not tell of a session that ended: tlsproxy(8) did,
 * or our own fault is to blame.
 */
static void explain(const struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e, struct postfix_session *s,
    const char *domain)
{
	bool is_failed = e->l.reason.end == POSTFIX_END_HANDSHAKE;
	const struct postfix_session *proxied;
	uint64_t pos;

	if (!is_failed && e->l.reason.end != POSTFIX_END_UNVERIFIED) {
		return;
	}
	proxied = postfix_proxied_find(
	    pf, e, is_failed ? FACT_TLS_FAILED : FACT_TLS_OK, domain, &pos);
	postfix_session_need(s, pos);
	if (proxied != NULL) {
		postfix_session_add_proxied(s, proxied);
	} else if (is_failed && p->fault_pos != UINT64_MAX) {
		s->left_out = COUNTER_UNCLEAR;
		postfix_session_need(s, p->fault_pos);
	}
	p->fault_pos = UINT64_MAX;
}

/* Would the line, were it the only one, say of a session that it had no TLS? */
static bool is_silent(const struct postfix_line *l)
{
	return (l->reason.end == POSTFIX_END_REACHED ||
		   l->reason.end == POSTFIX_END_BROKEN) &&
	    l->tls.len == 0 && !l->is_reused;
}

static uint64_t evidence_of(struct postfix *pf, const struct postfix_event *e)
{
	return is_silent(&e->l) ? postfix_evidence_use(pf, e) : UINT64_MAX;
}

/* A line says how it ended; evidence: see postfix_evidence_use(). */
static void end_session(
    struct postfix_session *s, const struct postfix_event *e, uint64_t evidence)
{
	if (!s->is_reached && evidence != UINT64_MAX) {
		s->is_told = true;
		postfix_session_need(s, evidence);
	}
	postfix_session_end(s, &e->l.reason, e->l.tls);
}

/*
 * The session that a line about its end means, or NULL. Of a handshake that
 * tlsproxy(8) did, no line came before, and some ends name no server.
 */
static struct postfix_session *ended(
    const struct postfix_process *p, const struct postfix_line *l)
{
	struct postfix_session *s = postfix_process_current(p, &l->peer);
	enum fact_tls tls = l->reason.end == POSTFIX_END_HANDSHAKE ?
	    FACT_TLS_FAILED :
	    FACT_TLS_OK;

	if (s != NULL &&
	    (l->reason.end == POSTFIX_END_HANDSHAKE ||
		l->reason.end == POSTFIX_END_UNVERIFIED) &&
	    (s->is_reached || (s->seen.has_tls && s->seen.tls != tls))) {
		return NULL;
	}
	return s;
}

int postfix_delivery_part(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	uint64_t evidence = evidence_of(pf, e);
	int rc = postfix_process_set_message(pf, p, e);
	struct postfix_session *s = ended(p, &e->l);
	bool is_new = s == NULL;

	if (rc == 0 && is_new) {
		rc = postfix_process_add(pf, p, e, &e->l.peer, &s);
		s->is_counted = postfix_served_goes_on(pf, p, e, &s->pos);
		postfix_session_set_message(pf, s, e);
	}
	if (rc != 0) {
		return rc;
	}
	end_session(s, e, evidence);
	if (is_new) {
		explain(pf, p, e, s, "");
	}
	return 0;
}

/* Has this delivery been given up with the same server already? */
static bool was_tried(
    const struct postfix_process *p, const struct postfix_peer *peer)
{
	const struct postfix_session *s;

	TAILQ_FOREACH(s, &p->sessions, link) {
		if (s->is_over && ip_is_known(&s->ip) &&
		    postfix_session_is_with(s, peer)) {
			return true;
		}
	}
	return false;
}

static bool has_tls(const struct postfix_line *l)
{
	struct postfix_level level;

	postfix_level_parse(l->tls, &level);
	return level.says == POSTFIX_SAYS_ENCRYPTED;
}

/* R54: the retry in clear does not undo the failure. */
static bool is_clear_retry(
    const struct postfix_process *p, const struct postfix_line *l)
{
	return (l->reason.end == POSTFIX_END_REACHED ||
		   l->reason.end == POSTFIX_END_BROKEN) &&
	    !has_tls(l) && was_tried(p, &l->peer);
}

static int add_last(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e, uint64_t evidence, const char *domain)
{
	struct postfix_session *s = ended(p, &e->l);
	bool is_new = s == NULL;
	int rc = 0;

	if (is_new &&
	    (e->l.is_reused ||
		(e->l.reason.end == POSTFIX_END_OTHER && !has_tls(&e->l)))) {
		/* another session's, or none that came to TLS */
		return 0;
	}
	if (is_new && is_clear_retry(p, &e->l)) {
		return postfix_bump(pf, e->line->t, COUNTER_CLEAR_RETRY);
	}
	if (is_new) {
		rc = postfix_process_add(pf, p, e, &e->l.peer, &s);
	}
	if (s->left_out == COUNTER_LOCAL_POLICY && was_tried(p, &e->l.peer)) {
		s->left_out = COUNTER_CLEAR_RETRY;
	}
	postfix_session_add_peer(s, &e->l.peer);
	end_session(s, e, evidence);
	if (is_new) {
		explain(pf, p, e, s, domain);
	}
	return rc;
}

/* The recipient's domain; else why there is none. */
static enum counter read_domain(const struct postfix *pf,
    const struct postfix_line *l, char domain[DOMAIN_BUF])
{
	int n = domain_of_address(l->address, domain);

	if (l->is_uncertain ||
	    (l->has_other_end && pf->mta.o.has_bare_addresses)) {
		domain[0] = '\0';
		return COUNTER_UNCLEAR;
	}
	if (n == ERR_LITERAL) {
		return COUNTER_LITERAL;
	}
	return n < 0 ? COUNTER_BAD_DOMAIN : COUNTER_COUNT;
}

/* Why the line's message does not count. */
static enum counter why_marked(
    const struct postfix *pf, const struct postfix_event *e)
{
	enum counter why = postfix_mark_why(pf, postfix_message(e));

	if (e->l.is_probe && !pf->mta.o.has_callouts) {
		return COUNTER_CALLOUT;
	}
	return why != COUNTER_COUNT ? why : postfix_mark_noted(pf, e);
}

int postfix_delivery_to(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	uint64_t evidence = evidence_of(pf, e);
	char domain[DOMAIN_BUF];
	enum counter marked = why_marked(pf, e);
	enum counter why = read_domain(pf, &e->l, domain);
	bool is_again = postfix_served_again(pf, p, e);
	int rc = postfix_process_set_message(pf, p, e);

	if (rc == 0 && e->l.has_relay && !is_again) {
		rc = add_last(pf, p, e, evidence, domain);
	}
	if (rc == 0) {
		rc = postfix_process_set_message(pf, p, e);
	}
	if (rc == 0 && e->l.has_relay) {
		rc = postfix_connection_to(
		    pf, p, e, domain, marked != COUNTER_COUNT ? marked : why);
	}
	while (rc == 0 && !TAILQ_EMPTY(&p->sessions)) {
		struct postfix_session *s = TAILQ_FIRST(&p->sessions);

		/* all servers of a next hop have one port */
		s->port = s->port == 0 ? e->l.peer.port : s->port;
		rc = postfix_process_emit(
		    pf, p, s, domain, marked != COUNTER_COUNT ? marked : why);
	}
	p->fault_pos = UINT64_MAX;
	if (rc == 0 && e->l.has_relay && !is_again) {
		postfix_served_set(pf, p, e);
	}
	return rc;
}
