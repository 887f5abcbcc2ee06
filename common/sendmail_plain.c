/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_plain.c - the plain lines of Sendmail, where there are no rules
 *
 * From LogLevel 9 they tell of each TLS session and each failed handshake,
 * from 12 why a certificate was refused; of sessions in clear, never. What
 * they do not tell is not invented.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/sendmail_plain.h"

/* A session told by a plain line that names its host. */
static struct sendmail_session *plain_session(struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	struct sendmail_session *s = sendmail_session_new(p, pos, t);

	sendmail_session_host(s, l->host);
	/* Sendmail shows 100 characters: a longer name is not known */
	if (l->host.len >= 100) {
		s->mx[0] = '\0';
	}
	return s;
}

int sendmail_plain_tls_up(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	struct sendmail_session *s;

	sendmail_hints_done(p);
	if (p->rules_pos != UINT64_MAX) {
		return 0;
	}
	s = plain_session(p, pos, t, l);
	sendmail_set_version(s, l->version);
	if (!sendmail_set_certificate(s, l->verify, FACT_CHAIN_UNKNOWN)) {
		s->left_out = COUNTER_UNCLEAR;
	}
	return sendmail_session_trim(sm, p);
}

void sendmail_plain_verifymsg(
    struct sendmail_process *p, uint64_t pos, const struct sendmail_line *l)
{
	struct sendmail_session *s = LIST_FIRST(&p->sessions);
	enum fact_chain chain = tls_reason_chain(l->text);

	sendmail_hint(p, pos);
	p->chain = chain;
	if (s != NULL && !s->from_rules && s->chain == FACT_CHAIN_BAD &&
	    s->is_pending && chain != FACT_CHAIN_OK) {
		/* it follows the line of the connection that it is about */
		s->chain = chain;
	}
}

void sendmail_plain_tls_error(
    struct sendmail_process *p, uint64_t pos, const struct sendmail_line *l)
{
	char buf[TLS_REASON_BUF];
	const char *token = tls_reason_token(l->text, buf);

	if (token[0] == '\0' && l->is_timeout) {
		token = "timeout-during-handshake";
	} else if (token[0] == '\0' && l->is_closed) {
		token = "connection-closed-during-handshake";
	}
	sendmail_hint(p, pos);
	(void)view_copy(view_of(token), p->reason, sizeof(p->reason));
}

/* A session without TLS, over with the next to= line. */
static int plain_failure(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l, struct view verify)
{
	struct sendmail_session *s =
	    plain_session(p, p->hint_pos < pos ? p->hint_pos : pos, t, l);

	s->is_failed = true;
	sendmail_set_outcome(s, p, verify, l->kind == SENDMAIL_DANE_REFUSED);
	return sendmail_session_trim(sm, p);
}

int sendmail_plain_dane(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	if (p->rules_pos != UINT64_MAX) {
		return 0;
	}
	return plain_failure(sm, p, pos, t, l,
	    view_of(
		l->kind == SENDMAIL_DANE_NO_TLS ? "DANE_NOTLS" : "DANE_TEMP"));
}

int sendmail_plain_reject(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	int rc = 0;

	if (view_is(l->ruleset, "try_tls")) {
		sendmail_hint(p, pos);
		p->tls_forbidden = true;
		return 0;
	}
	/* other words than these follow a line that told of the session */
	if (p->rules_pos == UINT64_MAX &&
	    (view_is(l->text, "SOFTWARE") || view_is(l->text, "FAILURE"))) {
		rc = plain_failure(sm, p, pos, t, l, l->text);
	}
	sendmail_hints_clear(p);
	return rc;
}

/* relay= of a to= line is shortened to 40 characters: "abc...xyz". */
static bool is_host(const struct sendmail_session *s, struct view shown)
{
	struct view host = view_of(s->host);
	size_t dots = view_find(shown, "...");
	size_t tail;

	if (shown.len > 0 && shown.s[shown.len - 1] == '.') {
		shown.len--;
	}
	if (dots >= shown.len) {
		return view_eq(host, shown);
	}
	tail = shown.len - dots - 3;
	return host.len >= dots + tail && memcmp(host.s, shown.s, dots) == 0 &&
	    (host.len >= 100 ||
		memcmp(host.s + host.len - tail, shown.s + dots + 3, tail) ==
		    0);
}

/* Is this the line of a message that went over a session with TLS? */
static bool is_same(
    const struct sendmail_session *s, const struct sendmail_line *l)
{
	struct ip ip;

	/* without an address there was no connection */
	return ip_parse(l->addr, &ip) == 0 && is_host(s, l->host) &&
	    (!ip_is_known(&s->ip) || memcmp(&s->ip, &ip, sizeof(ip)) == 0);
}

/* Why a delivery that a plain line tells of does not count. */
static enum counter plain_left_out(const struct sendmail_line *l)
{
	bool is_relay = view_is(l->mailer, "relay");
	struct ip ip;

	if ((l->noted & NOTED_OWN_REPORT) != 0) {
		return COUNTER_OWN_REPORT;
	}
	if (is_relay && ip_parse(l->addr, &ip) == 0 && ip_is_loopback(&ip)) {
		return COUNTER_SUBMISSION;
	}
	if (l->host.len > 2 && l->host.s[0] == '[' &&
	    ip_parse(view_make(l->host.s + 1, l->host.len - 2), &ip) == 0) {
		return COUNTER_LITERAL;
	}
	if ((l->noted & NOTED_TLS_REQUIRED) != 0) {
		return COUNTER_TLS_REQUIRED;
	}
	/* a smart host: which one was asked for is not in the line */
	return is_relay ? COUNTER_UNCLEAR : COUNTER_COUNT;
}

/*
 * Plain lines name no message: a session with TLS serves each to= line of its
 * process and host, one that failed the next to= line, of whatever host.
 */
static int serve(struct sendmail *sm, struct sendmail_process *p,
    struct sendmail_session *s, const struct sendmail_line *l)
{
	int rc;

	if (!ip_is_known(&s->ip) && is_host(s, l->host)) {
		(void)ip_parse(l->addr, &s->ip);
	}
	if ((l->noted & NOTED_OWN_REPORT) != 0 && s->n_domains == 0 &&
	    s->left_out == COUNTER_COUNT) {
		/* it opened the session, as far as the log tells */
		s->left_out = COUNTER_OWN_REPORT;
	}
	rc = sendmail_session_add_rcpts(sm, s, l->rcpts, plain_left_out(l));
	s->is_pending = s->is_failed && l->has_more;
	if (rc == 0 && s->is_failed && !s->is_pending) {
		rc = sendmail_session_close(sm, p, s);
	}
	return rc;
}

/* No connection was made: the TLSA lookup failed (R304, R305). */
static int tlsa_error(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	struct sendmail_session *s = plain_session(p, pos, t, l);
	int rc;

	s->tls = FACT_TLS_NO_SESSION;
	s->dane = FACT_DANE_LOOKUP_FAILED;
	s->is_failed = true;
	(void)view_copy(
	    view_of("tlsa-lookup-failed"), s->reason, sizeof(s->reason));
	rc = serve(sm, p, s, l);
	return rc != 0 ? rc : sendmail_session_trim(sm, p);
}

int sendmail_plain_to(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	struct sendmail_session *s = LIST_FIRST(&p->sessions);
	bool is_served = false;
	bool is_known = !l->is_tlsa_error;
	int rc = 0;

	while (rc == 0 && s != NULL) {
		struct sendmail_session *next = LIST_NEXT(s, link);

		if (!s->from_rules && s->is_failed) {
			/* the list of an error may go on: [more] */
			is_known |= s->tls == FACT_TLS_NO_SESSION;
			rc = serve(sm, p, s, l);
		} else if (!s->from_rules && !is_served && is_same(s, l)) {
			/* the newest: an older one to this host is over */
			is_served = true;
			rc = serve(sm, p, s, l);
		}
		s = next;
	}
	return rc != 0 || is_known ? rc : tlsa_error(sm, p, pos, t, l);
}
