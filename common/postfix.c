/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix.c - what the lines of a Postfix say of its outgoing sessions
 *
 * The lines of a delivering process come in order; each is handed to the one
 * that knows about its kind.
 */

#include "config.h"

#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"
#include "common/postfix_state.h"

uint64_t postfix_host(const struct postfix_event *e)
{
	static const struct hash_key key = { 0x74656c6c746c73, 5 };

	return hash_sip(&key, e->line->host.s, e->line->host.len);
}

uint64_t postfix_message(const struct postfix_event *e)
{
	const struct hash_key key = { postfix_host(e), 6 };
	const struct hash_key more = { 7,
		hash_sip(&key, e->instance.s, e->instance.len) };
	uint64_t hash = hash_sip(&more, e->l.qid.s, e->l.qid.len);

	return hash != 0 ? hash : 1;
}

/* "postfix/smtp", "postfix-out/relay/smtp": instance and service */
static void split_ident(struct postfix_event *e)
{
	struct view ident = e->line->ident;
	size_t last = view_rindex(ident, '/');

	e->instance = view_make(ident.s, view_index(ident, '/'));
	e->service = view_skip(ident, last < ident.len ? last + 1 : 0);
}

/* What ends by the time in the log. */
static int end(struct postfix *pf, struct postfix_timer *timer, bool expired)
{
	struct postfix_process *p;

	switch (timer->kind) {
	case POSTFIX_TIMER_PROCESS:
		return postfix_process_close(
		    pf, (struct postfix_process *)timer, expired);
	case POSTFIX_TIMER_SERVED:
		p = ((struct postfix_served *)timer)->process;
		postfix_served_drop(pf, &p->served);
		if (!postfix_timer_runs(&p->timer)) {
			postfix_process_free(pf, p);
		}
		break;
	case POSTFIX_TIMER_PROXIED:
		postfix_proxied_drop(pf, (struct postfix_proxied *)timer);
		break;
	case POSTFIX_TIMER_MARK:
		postfix_mark_drop(pf, (struct postfix_mark *)timer);
		break;
	case POSTFIX_TIMER_EVIDENCE:
		postfix_timer_stop(&pf->timers, timer);
		break;
	case POSTFIX_TIMER_CONNECTION:
		postfix_connection_drop(pf, (struct postfix_connection *)timer);
		break;
	}
	return 0;
}

static int expire(struct postfix *pf, int64_t t)
{
	struct postfix_timer *timer;
	int rc = 0;

	while (
	    rc == 0 && (timer = postfix_timers_due(&pf->timers, t)) != NULL) {
		rc = end(pf, timer, true);
	}
	return rc;
}

static int line_of_process(struct postfix *pf, struct postfix_process *p,
    const struct postfix_event *e)
{
	if (e->l.kind != POSTFIX_PART && e->l.kind != POSTFIX_TO) {
		/* of another connection than the last */
		postfix_served_drop(pf, &p->served);
	}
	switch (e->l.kind) {
	case POSTFIX_TLS_UP:
	case POSTFIX_TLS_ERROR:
	case POSTFIX_LIBRARY:
	case POSTFIX_VERIFY:
	case POSTFIX_UNUSABLE:
	case POSTFIX_TLSRPT:
		return postfix_delivery_tls(pf, p, e);
	case POSTFIX_OFFERED:
		return postfix_delivery_offered(pf, p, e);
	case POSTFIX_LOOKUP:
	case POSTFIX_MX_MISMATCH:
		return postfix_delivery_skip(pf, p, e);
	case POSTFIX_PART:
		return postfix_delivery_part(pf, p, e);
	case POSTFIX_TO:
		return postfix_delivery_to(pf, p, e);
	case POSTFIX_PROXY_GONE:
		p->fault_pos =
		    p->fault_pos == UINT64_MAX ? e->pos : p->fault_pos;
		return 0;
	case POSTFIX_TLS_REUSED:
		return postfix_delivery_reused(pf, p, e);
	case POSTFIX_OTHER:
	case POSTFIX_PROXY_FAILED:
	case POSTFIX_PROXY_TIMEOUT:
	case POSTFIX_STARTED:
	case POSTFIX_FROM:
	case POSTFIX_REMOVED:
	case POSTFIX_TLS_REQUIRED:
		return 0;
	}
	return 0;
}

/* A line of smtp(8) or lmtp(8). */
static int line_of_client(struct postfix *pf, const struct postfix_event *e)
{
	struct postfix_process *p = NULL;
	int rc = postfix_process_get(pf, e, &p);

	if (e->l.kind == POSTFIX_TLS_UP || e->l.kind == POSTFIX_TLS_REUSED) {
		postfix_evidence_add(pf, e);
	}
	if (rc == 0) {
		rc = line_of_process(pf, p, e);
	}
	if (rc == 0) {
		postfix_process_touch(pf, p, e->line->t);
	}
	return rc;
}

static int postfix_line(
    struct mta *m, uint64_t pos, const struct syslog_line *line)
{
	struct postfix *pf = (struct postfix *)m;
	struct postfix_event e = { .pos = pos, .line = line };
	int rc = expire(pf, line->t);

	pf->pos = pos;
	split_ident(&e);
	postfix_line_parse(e.service, line->msg, &e.l);
	if (rc != 0 || e.l.kind == POSTFIX_OTHER) {
		return rc;
	}
	if (e.l.kind == POSTFIX_STARTED) {
		postfix_evidence_drop(pf, &e);
		return 0;
	}
	if (e.l.kind == POSTFIX_FROM || e.l.kind == POSTFIX_REMOVED ||
	    e.l.kind == POSTFIX_TLS_REQUIRED) {
		return postfix_mark_line(pf, &e);
	}
	rc = postfix_bump(pf, line->t, COUNTER_RECORDS);
	if (rc == 0 && view_is(e.service, "tlsproxy")) {
		postfix_proxy_line(pf, &e);
	} else if (rc == 0) {
		rc = line_of_client(pf, &e);
	}
	return rc;
}

static int postfix_flush(struct mta *m)
{
	struct postfix *pf = (struct postfix *)m;
	int rc = 0;

	while (rc == 0 && pf->timers.n > 0) {
		rc = end(pf, pf->timers.heap[0], false);
	}
	return rc;
}

static uint64_t pos_of(
    const struct postfix *pf, const struct postfix_timer *timer)
{
	switch (timer->kind) {
	case POSTFIX_TIMER_PROCESS:
		return postfix_process_oldest(
		    (const struct postfix_process *)timer);
	case POSTFIX_TIMER_SERVED:
		return ((const struct postfix_served *)timer)->pos;
	case POSTFIX_TIMER_PROXIED:
		return ((const struct postfix_proxied *)timer)->session.pos;
	case POSTFIX_TIMER_MARK:
		return ((const struct postfix_mark *)timer)->pos;
	case POSTFIX_TIMER_EVIDENCE:
		return postfix_evidence_oldest(
		    pf, (const struct postfix_evidence *)timer);
	case POSTFIX_TIMER_CONNECTION:
		return ((const struct postfix_connection *)timer)->pos;
	}
	return UINT64_MAX;
}

static uint64_t postfix_oldest(const struct mta *m)
{
	const struct postfix *pf = (const struct postfix *)m;
	uint64_t pos = UINT64_MAX;

	for (unsigned i = 0; i < pf->timers.n; i++) {
		uint64_t mine = pos_of(pf, pf->timers.heap[i]);

		pos = mine < pos ? mine : pos;
	}
	return pos;
}

static unsigned postfix_open_sessions(const struct mta *m)
{
	return ((const struct postfix *)m)->n_sessions;
}

static struct mta *postfix_create(void)
{
	struct postfix *pf = xcalloc(1, sizeof(*pf));

	TAILQ_INIT(&pf->processes);
	TAILQ_INIT(&pf->proxied);
	TAILQ_INIT(&pf->marks);
	TAILQ_INIT(&pf->connections);
	return &pf->mta;
}

static void postfix_destroy(struct mta *m)
{
	struct postfix *pf = (struct postfix *)m;

	while (!TAILQ_EMPTY(&pf->processes)) {
		postfix_process_free(pf, TAILQ_FIRST(&pf->processes));
	}
	while (!TAILQ_EMPTY(&pf->proxied)) {
		postfix_proxied_drop(pf, TAILQ_FIRST(&pf->proxied));
	}
	while (!TAILQ_EMPTY(&pf->marks)) {
		postfix_mark_drop(pf, TAILQ_FIRST(&pf->marks));
	}
	while (!TAILQ_EMPTY(&pf->connections)) {
		postfix_connection_drop(pf, TAILQ_FIRST(&pf->connections));
	}
	postfix_timers_release(&pf->timers);
	free(pf);
}

/* syslog_name is "postfix", of more instances "postfix-..." */
static const char *const postfix_idents[] = { "postfix/*", "postfix-*", NULL };

const struct mta_type postfix_type = {
	.name = "postfix",
	.idents = postfix_idents,
	.create = postfix_create,
	.destroy = postfix_destroy,
	.line = postfix_line,
	.flush = postfix_flush,
	.oldest = postfix_oldest,
	.open_sessions = postfix_open_sessions,
	.bounce = bounce_line_postfix,
};
