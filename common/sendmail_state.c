/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_state.c - the open sessions of a Sendmail, and what they count
 *
 * Each goes its way on the lines that it needs alone, whatever other sessions
 * its process holds: see sendmail_process.c.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/sendmail_state.h"
#include "common/sendmail_text.h"

static uint64_t text_hash(struct view v)
{
	static const struct hash_key key = { 0x74656c6c746c73, 1 };

	return hash_sip(&key, v.s, v.len);
}

int sendmail_bump(struct sendmail *sm, int64_t t, enum counter c)
{
	return sm->mta.o.sink.counter(sm->mta.o.sink.ctx, t, c, 1);
}

static int emit(
    struct sendmail *sm, const struct sendmail_session *s, const char *domain)
{
	struct fact fact = {
		.domain = view_of(domain),
		.mx = view_of(s->mx),
		.reason = view_of(s->reason),
		.version = view_of(s->version),
		.ip = s->ip,
		.sending_ip = s->sending_ip,
		.tls = s->tls,
		.chain = s->chain,
		.name = s->name,
		.dane = s->dane,
	};

	return sm->mta.o.sink.session(sm->mta.o.sink.ctx, s->t, &fact);
}

void sendmail_session_free(
    struct sendmail_process *p, struct sendmail_session *s)
{
	LIST_REMOVE(s, link);
	p->n_sessions--;
	if (p->served == s) {
		p->served = NULL;
	}
	free(s->domains);
	free(s->list);
	free(s->held);
	free(s);
}

struct sendmail_session *sendmail_session_new(
    struct sendmail_process *p, uint64_t pos, int64_t t)
{
	struct sendmail_session *s = xcalloc(1, sizeof(*s));

	s->pos = pos;
	s->t = t;
	s->is_pending = true;
	s->left_out = COUNTER_COUNT;
	LIST_INSERT_HEAD(&p->sessions, s, link);
	p->n_sessions++;
	p->served = s;
	return s;
}

int sendmail_session_trim(struct sendmail *sm, struct sendmail_process *p)
{
	struct sendmail_session *s;
	struct sendmail_session *oldest = NULL;

	LIST_FOREACH(s, &p->sessions, link) {
		oldest = s;
	}
	return oldest != NULL && p->n_sessions > SENDMAIL_SESSIONS ?
	    sendmail_session_close(sm, p, oldest) :
	    0;
}

void sendmail_session_host(struct sendmail_session *s, struct view host)
{
	if (host.len > 0 && host.s[host.len - 1] == '.') {
		host.len--;
	}
	if (host.len >= sizeof(s->host)) {
		host.len = 0;
	}
	if (host.len > 0) {
		memcpy(s->host, host.s, host.len);
	}
	s->host[host.len] = '\0';
	(void)domain_normalise(host, s->mx);
}

/* The entry of a text, made if need be; NULL: the session has too many. */
static struct sendmail_domain *domain_entry(
    struct sendmail_session *s, struct view text)
{
	uint64_t hash = text_hash(text);
	struct sendmail_domain *d;

	for (unsigned i = 0; i < s->n_domains; i++) {
		if (s->domains[i].hash == hash) {
			return &s->domains[i];
		}
	}
	if (s->n_domains >= SENDMAIL_DOMAINS) {
		return NULL;
	}
	/* grows at powers of two */
	if ((s->n_domains & (s->n_domains - 1)) == 0) {
		size_t cap = s->n_domains == 0 ? 1 : (size_t)s->n_domains * 2;

		s->domains =
		    xrealloc_array(s->domains, cap, sizeof(*s->domains));
	}
	d = &s->domains[s->n_domains++];
	*d =
	    (struct sendmail_domain){ .hash = hash, .left_out = COUNTER_COUNT };
	return d;
}

int sendmail_session_add(struct sendmail *sm, struct sendmail_session *s,
    struct view domain, enum counter left_out)
{
	char normal[DOMAIN_BUF];
	int n = domain_normalise(domain, normal);
	struct sendmail_domain *d =
	    domain_entry(s, n > 0 ? view_make(normal, (size_t)n) : domain);

	if (s->left_out != COUNTER_COUNT) {
		left_out = s->left_out;
	} else if (n == ERR_LITERAL) {
		left_out = COUNTER_LITERAL;
	} else if (n < 0) {
		left_out = COUNTER_BAD_DOMAIN;
	}
	if (d == NULL) {
		return sendmail_bump(sm, s->t, COUNTER_UNCLEAR);
	}
	if (d->is_counted) {
		return 0;
	}
	if (left_out != COUNTER_COUNT) {
		d->left_out = left_out;
		return 0;
	}
	d->is_counted = true;
	return emit(sm, s, normal);
}

/* An address without a domain is nobody's policy domain. */
static int add_address(struct sendmail *sm, struct sendmail_session *s,
    struct view address, enum counter left_out)
{
	char domain[DOMAIN_BUF];
	int n = domain_of_address(address, domain);

	return sendmail_session_add(sm, s,
	    n > 0                ? view_make(domain, (size_t)n) :
		n == ERR_LITERAL ? view_of("[]") :
				   view_of(""),
	    left_out);
}

static bool is_any_direct(const struct sendmail_session *s, struct view list)
{
	char domain[DOMAIN_BUF];
	struct view address;
	bool is_direct = !s->from_rules;

	while (!is_direct && sendmail_next_rcpt(&list, &address)) {
		is_direct = domain_of_address(address, domain) > 0 &&
		    strcmp(domain, s->nexthop) == 0;
	}
	return is_direct;
}

int sendmail_session_add_rcpts(struct sendmail *sm, struct sendmail_session *s,
    struct view rcpts, enum counter left_out)
{
	struct view list = view_make(
	    sm->text, sendmail_unescape(rcpts, sm->text, sizeof(sm->text)));
	struct view address;
	int rc = 0;

	if (!is_any_direct(s, list)) {
		return sendmail_session_add(
		    sm, s, view_of(s->nexthop), left_out);
	}
	while (rc == 0 && sendmail_next_rcpt(&list, &address)) {
		rc = add_address(sm, s, address, left_out);
	}
	return rc;
}

/* Counts for the recipients kept. */
static int add_kept(struct sendmail *sm, struct sendmail_session *s)
{
	struct view list = view_make(s->list, s->list_len);

	s->list_len = 0;
	return list.len == 0 ?
	    0 :
	    sendmail_session_add_rcpts(sm, s, list,
		s->tls_required_no ? COUNTER_TLS_REQUIRED : COUNTER_COUNT);
}

int sendmail_session_keep_rcpts(
    struct sendmail *sm, struct sendmail_session *s, struct view rcpts)
{
	int rc = 0;

	if (s->list_len + rcpts.len + 1 > SENDMAIL_LIST) {
		rc = add_kept(sm, s);
	}
	if (rc != 0 || rcpts.len + 1 > SENDMAIL_LIST) {
		return rc;
	}
	s->list = xrealloc_array(s->list, s->list_len + rcpts.len + 1, 1);
	memcpy(s->list + s->list_len, rcpts.s, rcpts.len);
	s->list_len += rcpts.len;
	s->list[s->list_len++] = ',';
	return 0;
}

void sendmail_session_hold(struct sendmail_session *s, const char *domain)
{
	for (unsigned i = 0; i < s->n_held; i++) {
		if (strcmp(s->held[i], domain) == 0) {
			return;
		}
	}
	if (s->n_held >= SENDMAIL_DOMAINS) {
		return; /* all of them count for one next hop, as it seems */
	}
	s->held = xrealloc_array(s->held, s->n_held + 1, sizeof(*s->held));
	(void)view_copy(view_of(domain), s->held[s->n_held++], DOMAIN_BUF);
	s->is_pending = true;
}

int sendmail_session_resolve(struct sendmail *sm, struct sendmail_session *s)
{
	int rc = add_kept(sm, s);

	s->is_pending = false;
	if (rc == 0 && s->n_held > 0) {
		/* none of its recipients was in the domain that it went to */
		s->n_held = 0;
		return sendmail_session_add(
		    sm, s, view_of(s->nexthop), s->rcpt_left_out);
	}
	if (rc != 0 || s->n_domains > 0) {
		return rc;
	}
	if (!s->from_rules) {
		return sendmail_bump(sm, s->t, COUNTER_UNCLEAR);
	}
	return sendmail_session_add(sm, s, view_of(s->nexthop),
	    s->tls_required_no ? COUNTER_TLS_REQUIRED : COUNTER_COUNT);
}

int sendmail_session_close(
    struct sendmail *sm, struct sendmail_process *p, struct sendmail_session *s)
{
	int rc = 0;

	if (s->is_pending) {
		rc = sendmail_session_resolve(sm, s);
	}
	for (unsigned i = 0; rc == 0 && i < s->n_domains; i++) {
		if (!s->domains[i].is_counted) {
			rc = sendmail_bump(sm, s->t, s->domains[i].left_out);
		}
	}
	if (rc == 0) {
		sendmail_session_free(p, s);
	}
	return rc;
}
