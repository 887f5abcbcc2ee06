/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_connection.c - connections that carry more than one message
 *
 * Postfix keeps connections open for a while. A message that comes to use one
 * is no session of its own, but may be for another domain, whose session it is
 * too, once (R42). The log names no connection: it is known by the server and
 * by how often it was used. Where several could be meant, the one is taken
 * that counts nothing.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/mem.h"
#include "common/postfix_state.h"

/* Connections are kept by a service. */
static uint64_t server_of(const struct postfix_event *e)
{
	const struct hash_key key = { postfix_host(e),
		postfix_server_hash(&e->l.peer) };
	const struct hash_key more = { e->l.peer.port,
		hash_sip(&key, e->line->ident.s, e->line->ident.len) };

	return hash_sip(&more, NULL, 0);
}

static uint64_t domain_hash(const char *domain)
{
	static const struct hash_key key = { 0x74656c6c746c73, 8 };

	return hash_sip(&key, domain, strlen(domain));
}

static struct postfix_connection_bucket *bucket_of(
    struct postfix *pf, uint64_t server)
{
	return &pf->connection[server % POSTFIX_BUCKETS];
}

void postfix_connection_drop(struct postfix *pf, struct postfix_connection *c)
{
	postfix_timer_stop(&pf->timers, &c->timer);
	TAILQ_REMOVE(&pf->connections, c, link);
	LIST_REMOVE(c, bucket);
	pf->n_connections--;
	free(c);
}

static void touch(struct postfix *pf, struct postfix_connection *c,
    const struct postfix_event *e)
{
	c->message = postfix_message(e);
	c->session = postfix_session_hash(&e->l);
	TAILQ_REMOVE(&pf->connections, c, link);
	TAILQ_INSERT_TAIL(&pf->connections, c, link);
	postfix_timer_set(
	    &pf->timers, &c->timer, e->line->t + POSTFIX_CONNECTION_S);
}

static bool has_domain(const struct postfix_connection *c, const char *domain)
{
	uint64_t hash = domain_hash(domain);

	for (unsigned i = 0; i < c->n_domains; i++) {
		if (c->domain[i] == hash) {
			return true;
		}
	}
	return false;
}

static void add_domain(struct postfix_connection *c, const char *domain)
{
	c->domain[c->n_domains++] = domain_hash(domain);
}

static struct postfix_connection *add(struct postfix *pf,
    const struct postfix_event *e, uint64_t server, uint64_t pos)
{
	struct postfix_connection *c = xcalloc(1, sizeof(*c));

	c->timer.kind = POSTFIX_TIMER_CONNECTION;
	c->timer.id = e->pos;
	c->pos = pos < e->pos ? pos : e->pos;
	c->server = server;
	c->uses = 1;
	TAILQ_INSERT_TAIL(&pf->connections, c, link);
	LIST_INSERT_HEAD(bucket_of(pf, server), c, bucket);
	pf->n_connections++;
	touch(pf, c, e);
	if (pf->n_connections > POSTFIX_CONNECTIONS) {
		postfix_connection_drop(pf, TAILQ_FIRST(&pf->connections));
	}
	return c;
}

/* The session that a to= line ended, or NULL. */
static const struct postfix_session *last(
    const struct postfix_process *p, const struct postfix_event *e)
{
	const struct postfix_session *s =
	    TAILQ_LAST(&p->sessions, postfix_sessions);

	return s != NULL && !s->is_over &&
		postfix_session_is_with(s, &e->l.peer) ?
	    s :
	    NULL;
}

/* Its first message. */
static void begin(struct postfix *pf, const struct postfix_process *p,
    const struct postfix_event *e, const char *domain, enum counter why)
{
	const struct postfix_session *s = last(p, e);
	uint64_t pos = postfix_process_oldest(p);
	uint64_t marked = postfix_mark_pos(pf, postfix_message(e));
	struct postfix_connection *c;

	if (e->l.reason.end != POSTFIX_END_REACHED) {
		/* that one is closed */
		return;
	}
	/* all by which the session counts, or does not */
	c = add(pf, e, server_of(e), marked < pos ? marked : pos);
	c->is_void = s == NULL || !postfix_session_counts(s);
	if (c->is_void) {
		return;
	}
	c->told = *s;
	c->told.domain[0] = '\0';
	if (s->domain[0] != '\0') {
		domain = s->domain;
	}
	if (why == COUNTER_COUNT && domain[0] != '\0') {
		add_domain(c, domain);
	}
}

/* One that was used so often, for this domain if there is one. */
static struct postfix_connection *find(struct postfix *pf,
    const struct postfix_event *e, unsigned uses, const char *domain)
{
	uint64_t server = server_of(e);
	struct postfix_connection *found = NULL;
	struct postfix_connection *c;

	LIST_FOREACH(c, bucket_of(pf, server), bucket) {
		if (c->server != server || c->uses != uses) {
			continue;
		}
		if (c->is_void || has_domain(c, domain)) {
			return c;
		}
		found = found == NULL ? c : found;
	}
	return found;
}

/* Another message. */
static int use(struct postfix *pf, const struct postfix_process *p,
    const struct postfix_event *e, const char *domain, enum counter why)
{
	const struct postfix_session *s = last(p, e);
	struct postfix_connection *c = find(pf, e, e->l.uses - 1, domain);
	struct postfix_session told;
	int rc = 0;

	if (c == NULL || e->l.uses < 2 || (s != NULL && !s->is_counted)) {
		return 0;
	}
	c->uses = e->l.uses;
	touch(pf, c, e);
	if (!c->is_void && why == COUNTER_COUNT && domain[0] != '\0' &&
	    !has_domain(c, domain) && c->n_domains < POSTFIX_DOMAINS) {
		add_domain(c, domain);
		told = c->told;
		rc = postfix_session_emit(pf, &told, domain, why);
	}
	if (e->l.reason.end != POSTFIX_END_REACHED) {
		postfix_connection_drop(pf, c);
	}
	return rc;
}

/* More recipients of the latest message. */
static bool goes_on(struct postfix *pf, const struct postfix_event *e)
{
	uint64_t server = server_of(e);
	uint64_t message = postfix_message(e);
	uint64_t session = postfix_session_hash(&e->l);
	struct postfix_connection *c;

	LIST_FOREACH(c, bucket_of(pf, server), bucket) {
		if (c->server == server && c->message == message &&
		    c->session == session) {
			touch(pf, c, e);
			return true;
		}
	}
	return false;
}

int postfix_connection_to(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e, const char *domain, enum counter why)
{
	if (goes_on(pf, e)) {
		return 0;
	}
	if (e->l.is_reused) {
		return use(pf, p, e, domain, why);
	}
	begin(pf, p, e, domain, why);
	return 0;
}
