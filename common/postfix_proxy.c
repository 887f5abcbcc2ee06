/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_proxy.c - what tlsproxy(8) says of handshakes that it does
 *
 * With smtp_tls_connection_reuse the process that delivers says what came of
 * a handshake, and tlsproxy(8) why. Nothing but the server's address connects
 * the two. So what tlsproxy(8) says is only ever looked at, not used up: two
 * deliveries to one server see the same.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/postfix_state.h"

void postfix_proxied_drop(struct postfix *pf, struct postfix_proxied *x)
{
	postfix_timer_stop(&pf->timers, &x->timer);
	TAILQ_REMOVE(&pf->proxied, x, link);
	pf->n_proxied--;
	free(x);
}

static struct postfix_proxied *add(struct postfix *pf,
    const struct postfix_event *e, const struct postfix_peer *peer)
{
	struct postfix_proxied *x;

	if (pf->n_proxied == POSTFIX_PROXIED) {
		postfix_proxied_drop(pf, TAILQ_FIRST(&pf->proxied));
	}
	x = xcalloc(1, sizeof(*x));
	x->timer.kind = POSTFIX_TIMER_PROXIED;
	x->timer.id = e->pos;
	x->host = postfix_host(e);
	x->pid = e->line->pid;
	postfix_session_init(&x->session, e->pos, e->line->t, peer);
	TAILQ_INSERT_TAIL(&pf->proxied, x, link);
	pf->n_proxied++;
	return x;
}

/* OpenSSL's words name no server: they stand just before the line that does. */
static bool is_library(const struct postfix_proxied *x)
{
	return !ip_is_known(&x->session.ip);
}

/* The latest of this process that is not over; library: OpenSSL's words. */
static struct postfix_proxied *find(const struct postfix *pf,
    const struct postfix_event *e, const struct postfix_peer *peer,
    bool library)
{
	uint64_t host = postfix_host(e);
	struct postfix_proxied *x;

	TAILQ_FOREACH_REVERSE(x, &pf->proxied, postfix_proxied_list, link)
	{
		if (x->host == host && x->pid == e->line->pid && !x->is_done &&
		    is_library(x) == library &&
		    (library || postfix_session_is_with(&x->session, peer))) {
			return x;
		}
	}
	return NULL;
}

static void touch(struct postfix *pf, struct postfix_proxied *x,
    const struct postfix_event *e)
{
	postfix_timer_set(
	    &pf->timers, &x->timer, e->line->t + POSTFIX_PROXIED_S);
}

static void line_library(struct postfix *pf, const struct postfix_event *e)
{
	struct postfix_proxied *x = find(pf, e, &e->l.peer, true);

	if (x == NULL) {
		x = add(pf, e, &e->l.peer);
		x->session.seen.has_tls = true;
		x->session.seen.tls = FACT_TLS_FAILED;
		(void)view_copy(view_of("tls-handshake-failure"),
		    x->session.seen.reason, sizeof(x->session.seen.reason));
	}
	(void)postfix_session_add_tls(&x->session, &e->l);
	touch(pf, x, e);
}

static void line_failed(struct postfix *pf, const struct postfix_event *e,
    struct postfix_proxied *x)
{
	const struct postfix_reason reason = { .end = x->is_timed_out ?
		    POSTFIX_END_TIMEOUT :
		    POSTFIX_END_HANDSHAKE };
	struct postfix_proxied *library = find(pf, e, &e->l.peer, true);

	postfix_session_end(&x->session, &reason, view_make(NULL, 0));
	if (library != NULL) {
		postfix_session_add_proxied(&x->session, &library->session);
		postfix_proxied_drop(pf, library);
	}
}

/* What tlsproxy(8) says of a time-out holds for its next line. */
static void forget_timeout(struct postfix *pf, const struct postfix_event *e)
{
	uint64_t host = postfix_host(e);
	struct postfix_proxied *x;

	TAILQ_FOREACH(x, &pf->proxied, link) {
		if (x->host == host && x->pid == e->line->pid) {
			x->is_timed_out = false;
		}
	}
}

static void line_of_server(struct postfix *pf, const struct postfix_event *e,
    struct postfix_proxied *x)
{
	if (e->l.kind == POSTFIX_PROXY_FAILED) {
		line_failed(pf, e, x);
	} else if (e->l.kind != POSTFIX_PROXY_TIMEOUT) {
		(void)postfix_session_add_tls(&x->session, &e->l);
	}
	forget_timeout(pf, e);
	x->is_timed_out = e->l.kind == POSTFIX_PROXY_TIMEOUT;
}

void postfix_proxy_line(struct postfix *pf, const struct postfix_event *e)
{
	const struct postfix_line *l = &e->l;
	struct postfix_proxied *x;
	struct ip ip;

	if (l->kind == POSTFIX_LIBRARY) {
		forget_timeout(pf, e);
		line_library(pf, e);
		return;
	}
	if (l->kind == POSTFIX_TLS_REUSED || ip_parse(l->peer.addr, &ip) != 0) {
		return;
	}
	x = find(pf, e, &l->peer, false);
	if (x == NULL) {
		x = add(pf, e, &l->peer);
	}
	postfix_session_add_peer(&x->session, &l->peer);
	x->is_done = l->kind == POSTFIX_PROXY_FAILED ||
	    l->kind == POSTFIX_TLS_UP || l->kind == POSTFIX_TLS_ERROR;
	touch(pf, x, e);
	line_of_server(pf, e, x);
}

static bool is_same(const struct postfix_proxied *x, uint64_t host,
    const struct postfix_peer *peer, enum fact_tls tls, const char *domain)
{
	const struct postfix_session *s = &x->session;

	return x->is_done && x->host == host && s->seen.tls == tls &&
	    postfix_session_is_with(s, peer) &&
	    (domain[0] == '\0' || s->domain[0] == '\0' ||
		strcmp(s->domain, domain) == 0);
}

const struct postfix_session *postfix_proxied_find(const struct postfix *pf,
    const struct postfix_event *e, enum fact_tls tls, const char *domain,
    uint64_t *pos)
{
	const struct postfix_peer *peer = &e->l.peer;
	uint64_t host = postfix_host(e);
	const struct postfix_session *found = NULL;
	const struct postfix_proxied *x;

	*pos = UINT64_MAX;
	TAILQ_FOREACH_REVERSE(x, &pf->proxied, postfix_proxied_list, link)
	{
		const struct postfix_session *s = &x->session;

		if (!is_same(x, host, peer, tls, domain)) {
			continue;
		}
		if (found == NULL) {
			found = s;
			*pos = s->pos;
		} else if (peer->addr.len == 0 ||
		    strcmp(found->domain, s->domain) != 0) {
			/* which of them? */
			*pos = s->pos < *pos ? s->pos : *pos;
			return NULL;
		}
	}
	return found;
}
