/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_plain_done.c - what plain entries told is counted, or forgotten */

#include "config.h"

#include <string.h>

#include "common/exim_plain.h"
#include "common/exim_private.h"

/* Copies the domains of one session to another. */
static int add_domains(
    struct exim *ex, struct exim_session *to, const struct exim_session *from)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < from->n_domains; i++) {
		rc = exim_session_add(
		    ex, to, view_of(from->domains[i].name), COUNTER_COUNT);
	}
	return rc;
}

/*
 * A host that would not do, named without a recipient: the message went on to
 * the next one. Whose recipients these were is plain if all that follow went
 * to one host or are of one domain.
 */
static int find_recipients(struct exim *ex, struct exim_session *note)
{
	struct exim_session *s = note;
	const struct exim_session *first = NULL;
	bool is_one_host = true;
	bool is_one_domain = true;
	int rc = 0;

	while ((s = TAILQ_NEXT(s, link)) != NULL) {
		if (!s->is_plain || s->n_addresses == 0) {
			continue;
		}
		if (first == NULL) {
			first = s;
		}
		is_one_host &= memcmp(&s->ip, &first->ip, sizeof(s->ip)) == 0;
		is_one_domain &= s->n_domains == 1 &&
		    strcmp(s->domains[0].name, first->domains[0].name) == 0;
	}
	if (first == NULL || (!is_one_host && !is_one_domain)) {
		return 0;
	}
	for (s = note; rc == 0 && s != NULL; s = TAILQ_NEXT(s, link)) {
		if (s != note && s->is_plain && s->n_addresses > 0) {
			rc = add_domains(ex, note, s);
		}
	}
	return rc;
}

/* A message that went over the connection of an earlier one. */
static int settle_ride(
    struct exim *ex, struct exim_message *m, struct exim_session *s)
{
	struct exim_connection *c = (struct exim_connection *)exim_table_find(
	    &ex->connections, &s->key);

	s->is_clear = true; /* no session of its own */
	if (c == NULL || c->session == NULL) {
		return exim_bump(ex, s->t, COUNTER_ORPHAN);
	}
	exim_state_join(m, c);
	return add_domains(ex, c->session, s);
}

static int settle(
    struct exim *ex, struct exim_message *m, struct exim_session *s)
{
	struct exim_connection *c;
	int rc = 0;

	if (s->is_ride) {
		return settle_ride(ex, m, s);
	}
	if (s->n_addresses == 0) {
		rc = find_recipients(ex, s);
	}
	if (rc == 0 && s->has_retry) {
		rc = exim_bump(ex, s->t, COUNTER_CLEAR_RETRY);
	}
	if (rc == 0) {
		rc = exim_session_settle(ex, s);
	}
	c = (struct exim_connection *)exim_table_find(
	    &ex->connections, &s->key);
	if (rc == 0 && c != NULL && !s->is_given_up) {
		exim_state_join(m, c);
		rc = exim_session_connect(ex, c, s);
	}
	return rc;
}

int exim_plain_settle(struct exim *ex, struct exim_message *m)
{
	struct exim_session *s;
	int rc = 0;

	TAILQ_FOREACH(s, &m->sessions, link) {
		if (rc == 0 && s->is_plain && !s->is_settled) {
			rc = settle(ex, m, s);
		}
	}
	return rc;
}

int exim_plain_done(struct exim *ex, struct exim_message *m)
{
	struct exim_session *s;
	struct exim_session *next;
	int rc = exim_plain_settle(ex, m);

	for (s = TAILQ_FIRST(&m->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (rc == 0 && s->is_plain) {
			TAILQ_REMOVE(&m->sessions, s, link);
			m->n_sessions--;
			rc = exim_session_leave(ex, s);
		}
	}
	return rc;
}

void exim_plain_forget(struct exim_message *m)
{
	struct exim_session *s;
	struct exim_session *next;

	for (s = TAILQ_FIRST(&m->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->is_plain) {
			exim_session_drop(m, s);
		}
	}
}
