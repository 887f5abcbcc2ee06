/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exim_rules.c - the records of our ACL (etc/exim)
 *
 * A session is known by our address and port. smtp:ehlo tells its outcome at
 * once. A connection without TLS whose EHLO offered it shows only when it is
 * closed; if it never came to a mail, msg:host:defer follows and tells why,
 * and if nothing of that sort follows, STARTTLS was refused.
 *
 * Exim's variables are set for the message that opened the connection, and
 * some of them are those of the host before; only what was measured to be
 * right is used (doc/exim.md).
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/exim_certificate.h"
#include "common/exim_join.h"
#include "common/exim_private.h"
#include "common/exim_rules.h"
#include "common/exim_work.h"
#include "common/mem.h"

static void set_helo(struct exim_session *s, const struct exim_record *r)
{
	for (size_t i = 0; i < r->helo_len; i++) {
		/* a name that cannot be shown is none */
		if (r->helo[i] <= ' ' || r->helo[i] >= 0x7f) {
			return;
		}
	}
	s->helo = xstrndup(r->helo, r->helo_len);
}

/* With a version: TLS is up. Without: STARTTLS was not offered. */
static int on_ehlo(struct exim_work *w)
{
	const struct exim_record *r = w->r;
	struct exim_hint hint = exim_work_hint(w);
	struct exim_session *s;
	int rc = exim_work_open(w, &s);

	set_helo(s, r);
	if (r->version.len > 0) {
		s->tls = FACT_TLS_OK;
		exim_session_version(s, r->version);
		exim_certificate_accepted(s, r, &hint);
		s->is_settled = true;
	} else {
		s->tls = FACT_TLS_NOT_OFFERED;
		exim_session_reason(s, "starttls-not-offered");
		/* without a name, EHLO was refused, and HELO may be next */
		s->is_settled = r->helo_len > 0;
	}
	return rc == 0 ? exim_work_exact(w, s) : rc;
}

/* Over a connection that an earlier message, or a callout, opened. */
static int deliver_over(struct exim_work *w, struct exim_session *s)
{
	const struct exim_record *r = w->r;
	int rc = 0;

	if (!ip_is_known(&s->ip)) {
		s->ip = r->ip;
		exim_session_mx(s, view_make(r->mx, r->mx_len));
		s->is_smart = exim_work_is_smart(r);
	}
	if (!s->is_settled) {
		rc = exim_session_settle(w->ex, s);
	}
	return rc == 0 && !s->is_clear ?
	    exim_session_add(w->ex, s, exim_work_domain(r),
		exim_work_message_left_out(w->ex, r)) :
	    rc;
}

/* In TLS, which it began before the log did, or before what we know of it. */
static int forget_unseen(struct exim_work *w, struct exim_session *s)
{
	s->is_clear = true;
	s->is_settled = true;
	return exim_bump(w->ex, w->t, COUNTER_ORPHAN);
}

static int on_delivery(struct exim_work *w)
{
	const struct exim_record *r = w->r;
	struct exim_session *s = w->c != NULL ? w->c->session : NULL;
	struct exim_join join = {
		.domain = exim_work_domain(r),
		.left_out = exim_work_message_left_out(w->ex, r),
		.ip = r->ip,
		.mx = view_make(r->mx, r->mx_len),
		.is_smart = exim_work_is_smart(r),
		.host_left_out = exim_work_session_left_out(w->ex, r),
		.is_delivered = true,
		.is_clear = r->version.len == 0,
	};
	int rc = 0;

	if (s != NULL && exim_work_is_host(&s->ip, &r->ip)) {
		if (!s->is_settled && r->version.len > 0) {
			return forget_unseen(w, s);
		}
		join.is_taken = true;
		rc = deliver_over(w, s);
	}
	if (rc == 0) {
		rc = exim_join_domain(w->ex, w->m, &join);
	}
	return rc == 0 && !join.is_taken ?
	    exim_bump(w->ex, w->t, COUNTER_ORPHAN) :
	    rc;
}

static int on_event(struct exim_work *w)
{
	switch (w->r->event) {
	case EXIM_EHLO:
		return on_ehlo(w);
	case EXIM_CLOSE:
		return exim_close(w);
	case EXIM_DEFER:
		return exim_defer(w);
	case EXIM_DANE:
		return exim_defer_dane(w);
	case EXIM_DELIVERY:
		return on_delivery(w);
	}
	return 0;
}

/* How long its message and its connection may be silent after a record. */
static void touch(struct exim_work *w)
{
	enum exim_event event = w->r->event;
	bool is_open = event == EXIM_EHLO || event == EXIM_DELIVERY ||
	    (event == EXIM_CLOSE && w->r->port <= 0);

	exim_table_touch(&w->ex->messages, &w->m->slot, w->t,
	    event == EXIM_EHLO ? EXIM_OPEN_S : EXIM_DONE_S);
	if (w->slot != NULL) {
		exim_table_touch(&w->ex->connections, w->slot, w->t,
		    is_open ? EXIM_OPEN_S : EXIM_DONE_S);
	}
}

static int find_message(
    struct exim_work *w, const struct syslog_line *line, uint64_t pos)
{
	struct exim_key key;
	char pid[16];

	if (w->r->id.len > 0) {
		exim_key_of(line->host, 'm', w->r->id, &key);
	} else {
		(void)snprintf(
		    pid, sizeof(pid), "%lu", (unsigned long)w->r->pid);
		exim_key_of(line->host, 'p', view_of(pid), &key);
	}
	return exim_message_get(w->ex, &key, pos, &w->m);
}

static int find_connection(
    struct exim_work *w, const struct syslog_line *line, uint64_t pos)
{
	const struct exim_record *r = w->r;
	char text[sizeof(r->sending_ip) + sizeof(r->sending_port)];
	struct exim_key key;
	int rc;

	if (r->sending_port <= 0 || !ip_is_known(&r->sending_ip)) {
		return 0;
	}
	memcpy(text, &r->sending_ip, sizeof(r->sending_ip));
	memcpy(text + sizeof(r->sending_ip), &r->sending_port,
	    sizeof(r->sending_port));
	exim_key_of(line->host, 'c', view_make(text, sizeof(text)), &key);
	rc = exim_connection_get(w->ex, &key, pos, &w->c);
	w->slot = &w->c->slot;
	return rc;
}

int exim_rules_record(
    struct exim *ex, const struct syslog_line *line, uint64_t pos)
{
	struct exim_work w = { .ex = ex, .r = &ex->record, .t = line->t };
	int rc = find_message(&w, line, pos);

	if (rc == 0) {
		rc = find_connection(&w, line, pos);
	}
	if (rc != 0) {
		return rc;
	}
	if (w.c != NULL) {
		exim_state_join(w.m, w.c);
	}
	if (!w.m->has_records) {
		w.m->has_records = true;
		exim_plain_forget(w.m);
	}
	w.m->left_out = exim_work_message_left_out(ex, w.r);
	rc = on_event(&w);
	touch(&w);
	return rc;
}

/* What a line just before says of the session to come. */
static struct exim_hint *hint_for(
    struct exim_message *m, const struct exim_entry *e)
{
	if (memcmp(&m->hint.ip, &e->ip, sizeof(e->ip)) != 0) {
		m->hint = (struct exim_hint){ .ip = e->ip };
	}
	return &m->hint;
}

void exim_rules_hint(struct exim_message *m, const struct exim_entry *e)
{
	struct exim_hint *hint = hint_for(m, e);
	enum fact_chain chain;
	char buf[TLS_REASON_BUF];

	hint->is_tls = true;
	if (e->kind == EXIM_ENTRY_TLS_ERROR) {
		(void)view_copy(view_of(exim_outcome_tls_error(e->text, buf)),
		    hint->reason, sizeof(hint->reason));
		return;
	}
	hint->has_verify = true;
	if (e->is_name) {
		hint->is_name = true;
		return;
	}
	chain = tls_reason_chain(e->text);
	/* the first is the one that counts, others follow from it; but what is
	   out of date is so whoever signed it */
	if (hint->chain == FACT_CHAIN_UNKNOWN || chain == FACT_CHAIN_EXPIRED) {
		hint->chain = chain;
		hint->is_behind = e->depth > 0;
	}
}

int exim_rules_entry(
    struct exim *ex, struct exim_message *m, const struct exim_entry *e)
{
	struct exim_join join = { .ip = e->ip,
		.mx = e->mx,
		.left_out = m->left_out,
		.host_left_out = COUNTER_COUNT };
	struct exim_outcome o;
	size_t at = view_rindex(e->address, '@');
	int rc = 0;

	if ((e->kind != EXIM_ENTRY_DEFERRED && e->kind != EXIM_ENTRY_FAILED) ||
	    at == e->address.len) {
		return 0;
	}
	join.domain = view_skip(e->address, at + 1);
	if (ip_is_known(&e->ip)) {
		rc = exim_join_domain(ex, m, &join);
	}
	/* such an entry may name the host before, too */
	exim_outcome_parse(e->text, &o);
	return rc == 0 &&
		(o.what == EXIM_WHAT_LOOKUP || o.what == EXIM_WHAT_DANE) ?
	    exim_join_no_session(ex, m, &join) :
	    rc;
}

int exim_rules_settle(struct exim *ex, struct exim_message *m)
{
	struct exim_session *s;
	int rc = 0;

	TAILQ_FOREACH(s, &m->sessions, link) {
		if (rc == 0 && !s->is_settled && !s->is_plain &&
		    s->tls == FACT_TLS_NO_SESSION) {
			rc = exim_session_settle(ex, s);
		}
	}
	return rc;
}
