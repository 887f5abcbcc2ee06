/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_rules.c - the TLSRPT1 records of our rulesets (etc/sendmail)
 *
 * T before STARTTLS, S once a connection, R before each recipient. A session
 * with recipients is counted at the first R of each policy domain; one that
 * failed before has no R, so it waits for the to= line that ends the attempt.
 */

#include "config.h"

#include <string.h>

#include "common/err.h"
#include "common/sendmail_rules.h"

/* {h}: a next hop "domain.", "[host]" or "[address]". */
static struct view nexthop_of(struct view d)
{
	char normal[DOMAIN_BUF];
	struct view inner;

	if (d.len < 3 || d.s[0] != '[' || d.s[d.len - 1] != ']') {
		return d;
	}
	/* brackets round a name only forbid the MX lookup */
	inner = view_make(d.s + 1, d.len - 2);
	return domain_normalise(inner, normal) > 0 ? inner : d;
}

static bool is_own(const struct sendmail *sm, const struct sendmail_line *l)
{
	char domain[DOMAIN_BUF];
	char rcpt[1024];
	size_t n = sendmail_unescape(l->rcpt, rcpt, sizeof(rcpt));

	/* a recipient that is no address: sender and recipient are mixed up */
	return l->has_tail &&
	    domain_of_address(view_make(rcpt, n), domain) != ERR_PARSE &&
	    mta_is_own_sender(&sm->mta, l->sender);
}

/*
 * A record of another message: the delivery attempt of the earlier one is
 * over, whether or not its to= line was logged.
 */
static int resolve_others(
    struct sendmail *sm, struct sendmail_process *p, struct view qid)
{
	struct sendmail_session *s;
	int rc = 0;

	LIST_FOREACH(s, &p->sessions, link) {
		if (rc == 0 && s->is_pending && s->from_rules &&
		    !view_is(qid, s->qid)) {
			rc = sendmail_session_resolve(sm, s);
		}
	}
	return rc;
}

int sendmail_rules_try(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, const struct sendmail_line *l)
{
	p->has_rules = true;
	sendmail_process_drop_plain(p);
	sendmail_hints_clear(p);
	sendmail_hint(p, pos);
	p->has_try = true;
	p->try_own = is_own(sm, l);
	(void)ip_parse(l->addr, &p->try_ip);
	return resolve_others(sm, p, l->qid);
}

static int open_session(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	struct sendmail_session *s = NULL;
	bool had_try;
	int rc = sendmail_session_new(
	    sm, p, p->hint_pos < pos ? p->hint_pos : pos, t, &s);

	if (rc != 0) {
		return rc;
	}
	s->from_rules = true;
	s->tls_required_no = l->tls_required_no;
	(void)view_copy(l->qid, s->qid, sizeof(s->qid));
	(void)view_copy(l->version, s->version, sizeof(s->version));
	(void)ip_parse(l->addr, &s->ip);
	(void)ip_parse(l->origin, &s->sending_ip);
	sendmail_session_host(s, l->host);
	(void)domain_normalise(nexthop_of(l->nexthop), s->nexthop);
	had_try = p->has_try && memcmp(&p->try_ip, &s->ip, sizeof(s->ip)) == 0;
	if (is_own(sm, l) || (had_try && p->try_own)) {
		s->left_out = COUNTER_OWN_REPORT;
	}
	if (l->version.len == 0 ||
	    !sendmail_set_certificate(s, l->verify, p->chain)) {
		sendmail_set_outcome(s, p, l->verify, had_try);
		s->version[0] = '\0';
		return 0;
	}
	s->name = view_is(l->name, "match") ? FACT_NAME_MATCH :
	    view_is(l->name, "nomatch")     ? FACT_NAME_MISMATCH :
					      FACT_NAME_UNKNOWN;
	return 0;
}

int sendmail_rules_server(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, const struct sendmail_line *l)
{
	bool no_attempt =
	    view_is(l->verify, "NONE") || view_is(l->verify, "TEMP");
	int rc = resolve_others(sm, p, l->qid);

	p->has_rules = true;
	sendmail_process_drop_plain(p);
	if (rc == 0 && view_is(l->verify, "CLEAR")) {
		rc = sendmail_bump(sm, t, COUNTER_CLEAR_RETRY);
	} else if (rc == 0 && (l->is_new || !no_attempt)) {
		/* on a reused connection in clear, each message comes by here */
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
 * The recipient stands last in a T or R record and a domain holds no '@', so
 * what follows the last one is its domain whatever stands before.
 */
static struct view rcpt_domain(struct sendmail *sm, struct view tail)
{
	size_t at = view_rindex(tail, '@');
	struct view domain = view_skip(tail, at < tail.len ? at + 1 : tail.len);

	return view_make(
	    sm->text, sendmail_unescape(domain, sm->text, sizeof(sm->text)));
}

int sendmail_rules_rcpt(struct sendmail *sm, struct sendmail_process *p,
    int64_t t, const struct sendmail_line *l)
{
	struct sendmail_session *s = find_session(p, l);
	struct view domain = rcpt_domain(sm, l->tail);
	struct view nexthop = nexthop_of(l->nexthop);
	char a[DOMAIN_BUF];
	char b[DOMAIN_BUF];
	int rc = resolve_others(sm, p, l->qid);

	if (rc != 0 || s == NULL) {
		return rc != 0 ? rc : sendmail_bump(sm, t, COUNTER_ORPHAN);
	}
	s->is_pending = false;
	if (!view_is(l->qid, s->rcpt_qid)) {
		/* a message's first recipient is the one that $h belongs to */
		(void)view_copy(l->qid, s->rcpt_qid, sizeof(s->rcpt_qid));
		s->is_direct = domain_normalise(domain, a) > 0 &&
		    domain_normalise(nexthop, b) > 0 && strcmp(a, b) == 0;
	}
	return sendmail_session_add(sm, s, s->is_direct ? domain : nexthop,
	    is_own(sm, l)          ? COUNTER_OWN_REPORT :
		l->tls_required_no ? COUNTER_TLS_REQUIRED :
				     COUNTER_COUNT);
}

/* A to= line ends the attempts of its message that are still pending. */
int sendmail_rules_to(struct sendmail *sm, struct sendmail_session *s,
    const struct sendmail_line *l)
{
	int rc = 0;

	if (s->is_pending && view_is(l->qid, s->qid)) {
		rc = sendmail_session_add_rcpts(sm, s, l->rcpts,
		    s->tls_required_no ? COUNTER_TLS_REQUIRED : COUNTER_COUNT);
		s->is_pending = l->has_more;
	}
	return rc;
}
