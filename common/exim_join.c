/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exim_join.c - recipients and the sessions of their message
 *
 * The newest session is asked first, and what it does depends on no older one:
 * it may outlive them (exim_state.c). Only a connection that was given up
 * needs to know of others, and it does not outlive its message.
 */

#include "config.h"

#include <string.h>

#include "common/exim_join.h"

static bool is_other_host(
    const struct exim_session *s, const struct exim_join *join)
{
	return ip_is_known(&s->ip) && ip_is_known(&join->ip) &&
	    memcmp(&s->ip, &join->ip, sizeof(s->ip)) != 0;
}

static bool is_candidate(const struct exim_session *s)
{
	return !s->is_plain && !s->is_done && s->tls != FACT_TLS_NO_SESSION;
}

/* Does another session of this attempt serve the domain? */
static bool is_served(const struct exim_message *m,
    const struct exim_session *but, const struct exim_join *join)
{
	const struct exim_session *s;

	TAILQ_FOREACH(s, &m->sessions, link) {
		if (s != but && is_candidate(s) && !is_other_host(s, join) &&
		    exim_session_has(s, join->domain)) {
			return true;
		}
	}
	return false;
}

static int take(struct exim *ex, struct exim_session *s, struct exim_join *join)
{
	int rc = 0;

	join->is_taken = true;
	join->pid = s->pid;
	if (s->is_clear) {
		return 0;
	}
	s->is_acked = true;
	if (!ip_is_known(&s->ip)) {
		s->ip = join->ip;
		exim_session_mx(s, join->mx);
		s->is_smart = join->is_smart && join->mx.len > 0;
		if (s->left_out == COUNTER_COUNT) {
			s->left_out = join->host_left_out;
		}
	}
	if (!s->is_settled) {
		rc = exim_session_settle(ex, s);
	}
	return rc == 0 ? exim_session_add(ex, s, join->domain, join->left_out) :
			 rc;
}

/* A connection that was given up: no recipient went over it. */
static bool takes_refused(const struct exim_message *m,
    const struct exim_session *s, const struct exim_join *join)
{
	if (join->is_delivered) {
		return false;
	}
	return exim_session_has(s, join->domain) ||
	    (!s->is_exact && !is_served(m, s, join));
}

static bool takes(const struct exim_message *m, const struct exim_session *s,
    const struct exim_join *join)
{
	if (is_other_host(s, join)) {
		return false;
	}
	if (s->is_clear) {
		return true;
	}
	if (s->is_given_up) {
		return takes_refused(m, s, join);
	}
	if (!s->is_settled && join->is_delivered && !join->is_clear) {
		/* this one was in clear */
		return false;
	}
	if (exim_session_has(s, join->domain)) {
		return true;
	}
	return !s->is_exact && !(s->is_one && s->n_domains > 0);
}

int exim_join_domain(
    struct exim *ex, struct exim_message *m, struct exim_join *join)
{
	struct exim_session *s;
	int rc = 0;

	TAILQ_FOREACH_REVERSE(s, &m->sessions, exim_sessions, link)
	{
		if (rc != 0 || !is_candidate(s)) {
			continue;
		}
		if (!join->is_taken) {
			if (takes(m, s, join)) {
				rc = take(ex, s, join);
			}
		} else if (s->pid == join->pid && s->is_given_up &&
		    !s->is_exact && !s->is_clear) {
			/* tried before, for the same recipients */
			rc = exim_session_add(
			    ex, s, join->domain, join->left_out);
		}
	}
	return rc;
}

int exim_join_no_session(
    struct exim *ex, struct exim_message *m, const struct exim_join *join)
{
	struct exim_session *s;
	int rc = 0;

	TAILQ_FOREACH_REVERSE(s, &m->sessions, exim_sessions, link)
	{
		if (s->is_plain || s->is_done ||
		    s->tls != FACT_TLS_NO_SESSION) {
			continue;
		}
		s->is_acked = true;
		if (!s->is_settled) {
			rc = exim_session_settle(ex, s);
		}
		return rc == 0 && !s->is_exact ?
		    exim_session_add(ex, s, join->domain, join->left_out) :
		    rc;
	}
	return rc;
}
