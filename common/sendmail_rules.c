/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_rules.c - the TLSRPT1 records of our rulesets (etc/sendmail)
 *
 * T before STARTTLS, S once a connection, R before each recipient. A session
 * is counted for the policy domains of its recipients as their R come by; one
 * that failed before has no R, so it waits for the to= line that ends the
 * attempt.
 *
 * d: names the next hop of a whole message: the domain of one of its
 * recipients (the last one that comes by, as it is seen), to which the others
 * came because they have the same hosts; or, by mailertable, a domain of
 * none. So the recipients are held back until one is in that domain.
 */

#include "config.h"

#include <string.h>

#include "common/err.h"
#include "common/sendmail_rules.h"
#include "common/sendmail_text.h"

/*
 * The next hop that d: names: a normalised domain, "[]" for an address
 * literal, "" for what is neither.
 */
static void read_nexthop(
    struct sendmail *sm, struct view d, char out[DOMAIN_BUF])
{
	struct view text = view_make(
	    sm->text, sendmail_unescape(d, sm->text, sizeof(sm->text)));
	int n = domain_normalise(text, out);

	if (n == ERR_LITERAL && text.len > 2 && text.s[text.len - 1] == ']') {
		/* brackets round a name only forbid the MX lookup */
		n = domain_normalise(view_make(text.s + 1, text.len - 2), out);
		n = n > 0 ? n : ERR_LITERAL;
	}
	if (n == ERR_LITERAL) {
		(void)view_copy(view_of("[]"), out, DOMAIN_BUF);
	}
}

static bool is_own(const struct sendmail *sm, const struct sendmail_line *l)
{
	return (l->noted & NOTED_OWN_REPORT) != 0 ||
	    (l->has_sender && mta_is_own_sender(&sm->mta, l->sender));
}

static bool is_tls_required_no(const struct sendmail_line *l)
{
	return l->tls_required_no || (l->noted & NOTED_TLS_REQUIRED) != 0;
}

/* The message whose recipients are to be told yet. */
static const char *waits_for(const struct sendmail_session *s)
{
	return s->n_held > 0 ? s->rcpt_qid : s->qid;
}

/*
 * A record of another message: the delivery attempt of the earlier one is
 * over, whether or not its to= line was logged.
 */
static int end_others(
    struct sendmail *sm, struct sendmail_process *p, struct view qid)
{
	struct sendmail_session *s = LIST_FIRST(&p->sessions);
	int rc = 0;

	while (rc == 0 && s != NULL) {
		struct sendmail_session *next = LIST_NEXT(s, link);

		if (s->from_rules && !view_is(qid, waits_for(s))) {
			rc = s->is_failed ? sendmail_session_close(sm, p, s) :
			    s->is_pending ? sendmail_session_resolve(sm, s) :
					    0;
		}
		s = next;
	}
	return rc;
}

/* What every record means to its process. */
static int begin(struct sendmail *sm, struct sendmail_process *p, uint64_t pos,
    const struct sendmail_line *l)
{
	int rc = sendmail_process_note_record(sm, p, pos);

	return rc != 0 ? rc : end_others(sm, p, l->qid);
}

int sendmail_rules_try(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, const struct sendmail_line *l)
{
	sendmail_hints_clear(p);
	sendmail_hint(p, pos);
	p->has_try = true;
	p->try_own = is_own(sm, l);
	(void)ip_parse(l->addr, &p->try_ip);
	return begin(sm, p, pos, l);
}

static int open_session(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	struct sendmail_session *s =
	    sendmail_session_new(p, p->hint_pos < pos ? p->hint_pos : pos, t);
	bool had_try;

	s->from_rules = true;
	s->tls_required_no = is_tls_required_no(l);
	(void)view_copy(l->qid, s->qid, sizeof(s->qid));
	sendmail_set_version(s, l->version);
	(void)ip_parse(l->addr, &s->ip);
	(void)ip_parse(l->origin, &s->sending_ip);
	sendmail_session_host(s, l->host);
	read_nexthop(sm, l->nexthop, s->nexthop);
	had_try = p->has_try && memcmp(&p->try_ip, &s->ip, sizeof(s->ip)) == 0;
	if (is_own(sm, l) || (had_try && p->try_own)) {
		s->left_out = COUNTER_OWN_REPORT;
	}
	if (l->version.len == 0 ||
	    !sendmail_set_certificate(s, l->verify, p->chain)) {
		sendmail_set_outcome(s, p, l->verify, had_try);
		s->version[0] = '\0';
	} else {
		s->name = view_is(l->name, "match") ? FACT_NAME_MATCH :
		    view_is(l->name, "nomatch")     ? FACT_NAME_MISMATCH :
						      FACT_NAME_UNKNOWN;
	}
	return sendmail_session_trim(sm, p);
}

/* On a reused connection in clear, each message comes by here. */
static bool is_attempt(const struct sendmail_line *l)
{
	return l->is_new || l->version.len > 0 ||
	    view_is(l->verify, "SOFTWARE") || view_is(l->verify, "FAILURE");
}

int sendmail_rules_server(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	int rc = begin(sm, p, pos, l);

	if (rc == 0 && view_is(l->verify, "CLEAR")) {
		rc = sendmail_bump(sm, t, COUNTER_CLEAR_RETRY);
	} else if (rc == 0 && is_attempt(l)) {
		rc = open_session(sm, p, pos, t, l);
	}
	sendmail_hints_clear(p);
	return rc;
}

/* The newest session of the records with this address and host. */
static struct sendmail_session *find_session(
    struct sendmail_process *p, const struct sendmail_line *l)
{
	struct sendmail_session *s;
	struct ip ip;

	(void)ip_parse(l->addr, &ip);
	LIST_FOREACH(s, &p->sessions, link) {
		if (s->from_rules && memcmp(&ip, &s->ip, sizeof(ip)) == 0 &&
		    view_is(l->host, s->host)) {
			return s;
		}
	}
	return NULL;
}

/*
 * Counts a recipient for its session, and for those that failed before it in
 * the same attempt: all recipients of an attempt go to the same hosts.
 */
static int add_rcpt(struct sendmail *sm, struct sendmail_process *p,
    struct sendmail_session *served, const char *domain, enum counter left_out)
{
	struct sendmail_session *s;
	int rc = sendmail_session_add(sm, served, view_of(domain), left_out);

	LIST_FOREACH(s, &p->sessions, link) {
		if (rc == 0 && s != served && s->from_rules && s->is_pending &&
		    strcmp(s->qid, served->rcpt_qid) == 0 &&
		    strcmp(s->nexthop, served->nexthop) == 0) {
			rc = sendmail_session_add(
			    sm, s, view_of(domain), left_out);
		}
	}
	return rc;
}

/* Counts each recipient that was held back for his own domain. */
static int add_held(
    struct sendmail *sm, struct sendmail_process *p, struct sendmail_session *s)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < s->n_held; i++) {
		rc = add_rcpt(sm, p, s, s->held[i], s->rcpt_left_out);
	}
	s->n_held = 0;
	s->is_pending = false;
	return rc;
}

int sendmail_rules_rcpt(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	struct sendmail_session *s;
	char domain[DOMAIN_BUF];
	char nexthop[DOMAIN_BUF];
	int rc = begin(sm, p, pos, l);

	sendmail_hints_clear(p);
	if (rc != 0) {
		return rc;
	}
	s = find_session(p, l);
	if (s == NULL) {
		return sendmail_bump(sm, t, COUNTER_ORPHAN);
	}
	p->served = s;
	read_nexthop(sm, l->nexthop, nexthop);
	(void)domain_normalise(
	    view_make(sm->text,
		sendmail_unescape(l->domain, sm->text, sizeof(sm->text))),
	    domain);
	if (!view_is(l->qid, s->rcpt_qid)) {
		s->is_direct = false;
		(void)view_copy(l->qid, s->rcpt_qid, sizeof(s->rcpt_qid));
		(void)view_copy(view_of(nexthop), s->nexthop, DOMAIN_BUF);
	}
	s->rcpt_left_out = is_own(sm, l) ? COUNTER_OWN_REPORT :
	    is_tls_required_no(l)        ? COUNTER_TLS_REQUIRED :
					   COUNTER_COUNT;
	sendmail_session_hold(s, domain);
	s->is_direct =
	    s->is_direct || (domain[0] != '\0' && strcmp(domain, nexthop) == 0);
	return s->is_direct ? add_held(sm, p, s) : 0;
}

int sendmail_rules_to(struct sendmail *sm, struct sendmail_process *p,
    struct sendmail_session *s, const struct sendmail_line *l)
{
	int rc;

	if (!s->is_pending || !view_is(l->qid, waits_for(s))) {
		return 0;
	}
	if (s->n_held > 0) {
		return l->has_more ? 0 : sendmail_session_resolve(sm, s);
	}
	rc = sendmail_session_keep_rcpts(sm, s, l->rcpts);
	if (rc != 0 || l->has_more) {
		return rc;
	}
	return s->is_failed ? sendmail_session_close(sm, p, s) :
			      sendmail_session_resolve(sm, s);
}
