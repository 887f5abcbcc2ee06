/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_process.c - the delivering processes of a Postfix
 *
 * A process does one thing at a time: what it says of TLS is about the
 * message that it names next. Then the session is told, but more recipients of
 * it may follow, and must not pass for another session.
 */

#include "config.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"
#include "common/postfix_state.h"

static struct postfix_process_bucket *bucket_of(
    struct postfix *pf, uint64_t host, uint32_t pid)
{
	return &pf->process[(host ^ pid) % POSTFIX_BUCKETS];
}

static struct postfix_process *find(
    struct postfix *pf, uint64_t host, uint32_t pid)
{
	struct postfix_process *p;

	LIST_FOREACH(p, bucket_of(pf, host, pid), bucket) {
		if (p->pid == pid && p->host == host) {
			return p;
		}
	}
	return NULL;
}

static void free_sessions(struct postfix *pf, struct postfix_process *p)
{
	struct postfix_session *s;

	while ((s = TAILQ_FIRST(&p->sessions)) != NULL) {
		TAILQ_REMOVE(&p->sessions, s, link);
		pf->n_sessions--;
		free(s);
	}
}

void postfix_process_free(struct postfix *pf, struct postfix_process *p)
{
	postfix_timer_stop(&pf->timers, &p->timer);
	postfix_served_drop(pf, &p->served);
	free_sessions(pf, p);
	TAILQ_REMOVE(&pf->processes, p, link);
	LIST_REMOVE(p, bucket);
	pf->n_processes--;
	free(p);
}

static bool is_delivering(const struct postfix_process *p)
{
	return p->n_sessions > 0 || p->fault_pos != UINT64_MAX;
}

void postfix_process_touch(
    struct postfix *pf, struct postfix_process *p, int64_t t)
{
	p->last = t;
	if (is_delivering(p)) {
		postfix_timer_set(&pf->timers, &p->timer, t + POSTFIX_WAIT_S);
		return;
	}
	postfix_timer_stop(&pf->timers, &p->timer);
	if (!postfix_timer_runs(&p->served.timer)) {
		postfix_process_free(pf, p);
	}
}

/* Is there a session that nothing counted yet? */
static bool is_open(const struct postfix_process *p)
{
	const struct postfix_session *s;

	TAILQ_FOREACH(s, &p->sessions, link) {
		if (!s->is_counted) {
			return true;
		}
	}
	return false;
}

static int close_session(
    struct postfix *pf, struct postfix_process *p, struct postfix_session *s)
{
	enum counter why = postfix_mark_why(pf, s->message);

	return postfix_process_emit(
	    pf, p, s, "", why != COUNTER_COUNT ? why : s->noted);
}

static int close_sessions(struct postfix *pf, struct postfix_process *p)
{
	int rc = 0;

	while (rc == 0 && !TAILQ_EMPTY(&p->sessions)) {
		rc = close_session(pf, p, TAILQ_FIRST(&p->sessions));
	}
	p->fault_pos = UINT64_MAX;
	return rc;
}

int postfix_process_close(
    struct postfix *pf, struct postfix_process *p, bool expired)
{
	int rc = 0;

	if (expired && is_open(p)) {
		rc = postfix_bump(pf, p->last, COUNTER_EXPIRED);
	}
	if (rc == 0) {
		rc = close_sessions(pf, p);
	}
	if (rc == 0) {
		postfix_process_touch(pf, p, p->last);
	}
	return rc;
}

static int evict(struct postfix *pf, struct postfix_process *p, int64_t t)
{
	int rc = 0;

	if (is_open(p)) {
		rc = postfix_bump(pf, t, COUNTER_EVICTED);
	}
	if (rc == 0) {
		rc = close_sessions(pf, p);
	}
	if (rc == 0) {
		postfix_process_free(pf, p);
	}
	return rc;
}

/* Makes room; the process that the line is about is the last. */
static int make_room(struct postfix *pf, int64_t t)
{
	int rc = 0;

	while (rc == 0 &&
	    (pf->n_processes > POSTFIX_PROCESSES ||
		pf->n_sessions > POSTFIX_ALL_SESSIONS)) {
		rc = evict(pf, TAILQ_FIRST(&pf->processes), t);
	}
	return rc;
}

static struct postfix_process *add(
    struct postfix *pf, uint64_t host, uint32_t pid)
{
	struct postfix_process *p = xcalloc(1, sizeof(*p));

	p->timer.kind = POSTFIX_TIMER_PROCESS;
	p->timer.id = host ^ (uint64_t)pid << 32;
	p->served.timer.kind = POSTFIX_TIMER_SERVED;
	p->served.timer.id = p->timer.id;
	p->served.process = p;
	p->host = host;
	p->pid = pid;
	p->fault_pos = UINT64_MAX;
	TAILQ_INIT(&p->sessions);
	TAILQ_INSERT_TAIL(&pf->processes, p, link);
	LIST_INSERT_HEAD(bucket_of(pf, host, pid), p, bucket);
	pf->n_processes++;
	return p;
}

int postfix_process_get(struct postfix *pf, const struct postfix_event *e,
    struct postfix_process **out)
{
	uint64_t host = postfix_host(e);
	struct postfix_process *p = find(pf, host, e->line->pid);

	if (p == NULL) {
		p = add(pf, host, e->line->pid);
	} else {
		TAILQ_REMOVE(&pf->processes, p, link);
		TAILQ_INSERT_TAIL(&pf->processes, p, link);
	}
	*out = p;
	return make_room(pf, e->line->t);
}

uint64_t postfix_process_oldest(const struct postfix_process *p)
{
	const struct postfix_session *s;
	uint64_t pos = p->fault_pos;

	TAILQ_FOREACH(s, &p->sessions, link) {
		pos = s->pos < pos ? s->pos : pos;
	}
	return pos;
}

int postfix_process_add(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e, const struct postfix_peer *peer,
    struct postfix_session **out)
{
	const struct postfix_session *last = postfix_process_current(p, peer);
	struct postfix_session *s = xcalloc(1, sizeof(*s));
	int rc = 0;

	postfix_session_init(s, e->pos, e->line->t, peer);
	if (last != NULL) {
		/* without it, the line would be about that one */
		postfix_session_need(s, last->pos);
	}
	TAILQ_INSERT_TAIL(&p->sessions, s, link);
	p->n_sessions++;
	pf->n_sessions++;
	*out = s;
	if (p->n_sessions > POSTFIX_SESSIONS) {
		rc = postfix_bump(pf, e->line->t, COUNTER_EVICTED);
	}
	if (rc == 0 && p->n_sessions > POSTFIX_SESSIONS) {
		rc = close_session(pf, p, TAILQ_FIRST(&p->sessions));
	}
	if (rc == 0) {
		rc = make_room(pf, e->line->t);
	}
	return rc;
}

struct postfix_session *postfix_process_current(
    const struct postfix_process *p, const struct postfix_peer *peer)
{
	struct postfix_session *s = TAILQ_LAST(&p->sessions, postfix_sessions);

	return s != NULL && !s->is_over && postfix_session_is_with(s, peer) ?
	    s :
	    NULL;
}

int postfix_process_emit(struct postfix *pf, struct postfix_process *p,
    struct postfix_session *s, const char *domain, enum counter why)
{
	int rc = postfix_session_emit(pf, s, domain, why);

	if (rc == 0) {
		TAILQ_REMOVE(&p->sessions, s, link);
		p->n_sessions--;
		pf->n_sessions--;
		free(s);
	}
	return rc;
}

void postfix_session_set_message(const struct postfix *pf,
    struct postfix_session *s, const struct postfix_event *e)
{
	s->message = postfix_message(e);
	s->noted = postfix_mark_noted(pf, e);
}

int postfix_process_set_message(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	uint64_t message = postfix_message(e);
	struct postfix_session *s = TAILQ_FIRST(&p->sessions);
	int rc = 0;

	while (rc == 0 && s != NULL) {
		struct postfix_session *next = TAILQ_NEXT(s, link);

		if (s->message == 0) {
			postfix_session_set_message(pf, s, e);
		} else if (s->message != message) {
			rc = close_session(pf, p, s);
		}
		s = next;
	}
	return rc;
}

/* --- the session that was told last --- */

uint64_t postfix_server_hash(const struct postfix_peer *peer)
{
	static const struct hash_key key = { 0x74656c6c746c73, 3 };
	const struct hash_key more = { 0,
		hash_sip(&key, peer->name.s, peer->name.len) };

	return hash_sip(&more, peer->addr.s, peer->addr.len);
}

uint64_t postfix_session_hash(const struct postfix_line *l)
{
	const struct hash_key key = { postfix_server_hash(&l->peer),
		l->peer.port };

	return hash_sip(&key, l->session.s, l->session.len);
}

static bool is_of_message(
    const struct postfix_process *p, const struct postfix_event *e)
{
	return postfix_timer_runs(&p->served.timer) &&
	    p->served.message == postfix_message(e);
}

static void serve(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	p->served.pos = e->pos;
	postfix_timer_set(&pf->timers, &p->served.timer,
	    e->line->t +
		(e->l.is_rcpt_reply ? POSTFIX_WAIT_S : POSTFIX_SERVED_S));
}

bool postfix_served_again(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	if (e->l.has_relay && is_of_message(p, e) &&
	    p->served.session == postfix_session_hash(&e->l)) {
		serve(pf, p, e);
		return true;
	}
	postfix_served_drop(pf, &p->served);
	return false;
}

bool postfix_served_goes_on(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e, uint64_t *pos)
{
	if (e->l.peer.name.len > 0 && is_of_message(p, e) &&
	    p->served.server == postfix_server_hash(&e->l.peer)) {
		*pos = p->served.pos < *pos ? p->served.pos : *pos;
		postfix_timer_set(
		    &pf->timers, &p->served.timer, e->line->t + POSTFIX_WAIT_S);
		return true;
	}
	postfix_served_drop(pf, &p->served);
	return false;
}

void postfix_served_set(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	struct postfix_served *served = &p->served;

	served->message = postfix_message(e);
	served->server = postfix_server_hash(&e->l.peer);
	served->session = postfix_session_hash(&e->l);
	LIST_INSERT_HEAD(
	    &pf->served[served->message % POSTFIX_BUCKETS], served, bucket);
	serve(pf, p, e);
}

void postfix_served_drop(struct postfix *pf, struct postfix_served *served)
{
	if (postfix_timer_runs(&served->timer)) {
		postfix_timer_stop(&pf->timers, &served->timer);
		LIST_REMOVE(served, bucket);
	}
}

void postfix_served_removed(struct postfix *pf, uint64_t message)
{
	struct postfix_served *served =
	    LIST_FIRST(&pf->served[message % POSTFIX_BUCKETS]);

	while (served != NULL) {
		struct postfix_served *next = LIST_NEXT(served, bucket);

		if (served->message == message) {
			struct postfix_process *p = served->process;

			postfix_served_drop(pf, served);
			if (!is_delivering(p)) {
				postfix_process_free(pf, p);
			}
		}
		served = next;
	}
}
