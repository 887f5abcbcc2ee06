/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_state.c - the open sessions of a Sendmail, and what they count
 *
 * Everything here is a function of the lines seen (mta.h): no clock, and a
 * process's slot depends on its pid alone, so that a second reading of the
 * log from any line not behind the oldest open session ends in the same
 * state.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/sendmail_line.h"
#include "common/sendmail_state.h"

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

static unsigned slot_of(uint64_t host, uint32_t pid)
{
	/* pids are given out in sequence: their low bits do not collide */
	return (unsigned)((host ^ pid) % SENDMAIL_PROCESSES);
}

struct sendmail_process *sendmail_process_find(
    const struct sendmail *sm, const struct syslog_line *line)
{
	uint64_t host = text_hash(line->host);
	struct sendmail_process *p = sm->slot[slot_of(host, line->pid)];

	return p != NULL && p->pid == line->pid && p->host == host ? p : NULL;
}

int sendmail_process_get(struct sendmail *sm, const struct syslog_line *line,
    struct sendmail_process **out)
{
	uint64_t host = text_hash(line->host);
	unsigned slot = slot_of(host, line->pid);
	struct sendmail_process *p = sendmail_process_find(sm, line);
	int rc;

	if (p == NULL && sm->slot[slot] != NULL) {
		if (sm->slot[slot]->is_waiting) {
			rc = sendmail_bump(sm, line->t, COUNTER_EVICTED);
			if (rc != 0) {
				return rc;
			}
		}
		rc = sendmail_process_close(sm, sm->slot[slot], false);
		if (rc != 0) {
			return rc;
		}
	}
	if (p == NULL) {
		p = xcalloc(1, sizeof(*p));
		p->host = host;
		p->pid = line->pid;
		p->last = line->t;
		p->hint_pos = UINT64_MAX;
		LIST_INIT(&p->sessions);
		sm->slot[slot] = p;
		TAILQ_INSERT_TAIL(&sm->idle, p, lru);
	}
	*out = p;
	return 0;
}

static bool is_waiting(const struct sendmail_process *p)
{
	const struct sendmail_session *s;

	if (p->hint_pos != UINT64_MAX || p->split != NULL) {
		return true;
	}
	LIST_FOREACH(s, &p->sessions, link) {
		if (s->is_pending) {
			return true;
		}
	}
	return false;
}

void sendmail_process_touch(
    struct sendmail *sm, struct sendmail_process *p, int64_t t)
{
	TAILQ_REMOVE(p->is_waiting ? &sm->waiting : &sm->idle, p, lru);
	p->last = t;
	p->is_waiting = is_waiting(p);
	TAILQ_INSERT_TAIL(p->is_waiting ? &sm->waiting : &sm->idle, p, lru);
}

int sendmail_process_close(
    struct sendmail *sm, struct sendmail_process *p, bool expired)
{
	int rc = 0;

	if (expired && p->is_waiting && !LIST_EMPTY(&p->sessions)) {
		rc = sendmail_bump(sm, p->last, COUNTER_EXPIRED);
	}
	while (rc == 0 && !LIST_EMPTY(&p->sessions)) {
		rc = sendmail_session_close(sm, p, LIST_FIRST(&p->sessions));
	}
	if (rc != 0) {
		return rc;
	}
	TAILQ_REMOVE(p->is_waiting ? &sm->waiting : &sm->idle, p, lru);
	sm->slot[slot_of(p->host, p->pid)] = NULL;
	sendmail_process_free(p);
	return 0;
}

static void session_free(struct sendmail_process *p, struct sendmail_session *s)
{
	LIST_REMOVE(s, link);
	p->n_sessions--;
	free(s->domains);
	free(s);
}

void sendmail_process_free(struct sendmail_process *p)
{
	if (p == NULL) {
		return;
	}
	while (!LIST_EMPTY(&p->sessions)) {
		session_free(p, LIST_FIRST(&p->sessions));
	}
	free(p->split);
	free(p);
}

void sendmail_process_drop_plain(struct sendmail_process *p)
{
	struct sendmail_session *s = LIST_FIRST(&p->sessions);

	while (s != NULL) {
		struct sendmail_session *next = LIST_NEXT(s, link);

		if (!s->from_rules && s->is_pending) {
			session_free(p, s);
		}
		s = next;
	}
}

int sendmail_expire(struct sendmail *sm, int64_t t)
{
	struct sendmail_process *p;
	int rc = 0;

	while (rc == 0 && (p = TAILQ_FIRST(&sm->idle)) != NULL &&
	    t - p->last > SENDMAIL_IDLE_S) {
		rc = sendmail_process_close(sm, p, true);
	}
	while (rc == 0 && (p = TAILQ_FIRST(&sm->waiting)) != NULL &&
	    t - p->last > SENDMAIL_WAIT_S) {
		rc = sendmail_process_close(sm, p, true);
	}
	return rc;
}

void sendmail_hint(struct sendmail_process *p, uint64_t pos)
{
	if (p->hint_pos == UINT64_MAX) {
		p->hint_pos = pos;
	}
}

void sendmail_hints_clear(struct sendmail_process *p)
{
	p->hint_pos = UINT64_MAX;
	p->chain = FACT_CHAIN_UNKNOWN;
	p->reason[0] = '\0';
	p->tls_forbidden = false;
	p->has_try = false;
	p->try_own = false;
}

int sendmail_session_new(struct sendmail *sm, struct sendmail_process *p,
    uint64_t pos, int64_t t, struct sendmail_session **out)
{
	struct sendmail_session *s;
	struct sendmail_session *oldest = NULL;
	int rc = 0;

	if (p->n_sessions >= SENDMAIL_SESSIONS) {
		LIST_FOREACH(s, &p->sessions, link) {
			oldest = s;
		}
		rc = sendmail_session_close(sm, p, oldest);
	}
	if (rc != 0) {
		return rc;
	}
	s = xcalloc(1, sizeof(*s));
	s->pos = pos;
	s->t = t;
	s->is_pending = true;
	s->left_out = COUNTER_COUNT;
	LIST_INSERT_HEAD(&p->sessions, s, link);
	p->n_sessions++;
	*out = s;
	return 0;
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

int sendmail_session_add_rcpts(struct sendmail *sm, struct sendmail_session *s,
    struct view rcpts, enum counter left_out)
{
	struct view list = view_make(
	    sm->text, sendmail_unescape(rcpts, sm->text, sizeof(sm->text)));
	struct view all = list;
	struct view address;
	char domain[DOMAIN_BUF];
	bool is_direct = !s->from_rules;
	int rc = 0;

	while (!is_direct && sendmail_next_rcpt(&list, &address)) {
		is_direct = domain_of_address(address, domain) > 0 &&
		    strcmp(domain, s->nexthop) == 0;
	}
	if (!is_direct) {
		return sendmail_session_resolve(sm, s);
	}
	while (rc == 0 && sendmail_next_rcpt(&all, &address)) {
		int n = domain_of_address(address, domain);

		/* an address without a domain is nobody's policy domain */
		rc = sendmail_session_add(sm, s,
		    n > 0                ? view_make(domain, (size_t)n) :
			n == ERR_LITERAL ? view_of("[]") :
					   view_of(""),
		    left_out);
	}
	return rc;
}

int sendmail_session_resolve(struct sendmail *sm, struct sendmail_session *s)
{
	s->is_pending = false;
	if (s->n_domains > 0) {
		return 0;
	}
	if (!s->from_rules) {
		return sendmail_bump(sm, s->t, COUNTER_UNCLEAR);
	}
	return sendmail_session_add(sm, s,
	    s->nexthop[0] != '\0' ? view_of(s->nexthop) : view_of("[]"),
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
		session_free(p, s);
	}
	return rc;
}
