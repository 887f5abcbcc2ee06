/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exim_plain.c - the plain entries of Exim's log, where our ACL is missing
 *
 * They tell of recipients, not of connections. One attempt to deliver a message
 * to one host is one session, and a recipient who is logged once more begins
 * another. A host that would not do before another one did has an entry only
 * if something was wrong beside TLS; what is not told is not invented.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/exim_plain.h"
#include "common/exim_plain_work.h"
#include "common/exim_private.h"
#include "common/hash.h"
#include "common/mem.h"

void exim_plain_key(
    const struct syslog_line *line, const struct ip *ip, struct exim_key *out)
{
	exim_key_of(line->host, 'h',
	    view_make((const char *)ip->b, sizeof(ip->b)), out);
}

/* In clear, and no entry tells why. */
#define REASON_CLEAR "starttls-not-offered-or-refused"

static uint64_t address_hash(struct view address)
{
	static const struct hash_key key = { 0x74656c6c746c73, 7 };

	return hash_sip(&key, address.s, address.len);
}

static bool has_address(const struct exim_session *s, struct view address)
{
	uint64_t hash = address_hash(address);

	for (unsigned i = 0; i < s->n_addresses; i++) {
		if (s->addresses[i] == hash) {
			return true;
		}
	}
	/* full: nobody knows any more */
	return s->n_addresses == EXIM_ADDRESSES;
}

/* The entry's recipient is one of this session. */
static int add_address(const struct exim_plain_work *w, struct exim_session *s)
{
	if (s->mx[0] == '\0') {
		exim_session_mx(s, w->e->mx);
	}
	if (s->n_addresses < EXIM_ADDRESSES) {
		s->addresses = xrealloc_array(s->addresses,
		    (size_t)s->n_addresses + 1, sizeof(*s->addresses));
		s->addresses[s->n_addresses++] = address_hash(w->e->address);
	}
	return exim_session_add_address(w->ex, s, w->e->address,
	    w->m->is_own ? COUNTER_OWN_REPORT : COUNTER_COUNT);
}

static int new_session(const struct exim_plain_work *w, enum fact_tls tls,
    struct exim_session **out)
{
	struct exim_session *s;
	int rc = exim_session_new(w->ex, w->m, NULL, w->line->t, &s);

	*out = s;
	s->is_plain = true;
	s->tls = tls;
	s->ip = w->e->ip;
	exim_session_mx(s, w->e->mx);
	exim_plain_key(w->line, &w->e->ip, &s->key);
	if (w->e->port != 0 && w->e->port != 25) {
		s->left_out = COUNTER_OTHER_PORT;
	} else if (ip_is_loopback(&w->e->ip)) {
		s->left_out = COUNTER_SUBMISSION;
	} else if (w->m->is_own) {
		/* R51: what matters is the message that opened it */
		s->left_out = COUNTER_OWN_REPORT;
	}
	return rc;
}

/* The newest session with the entry's host, or without any, that is left. */
static struct exim_session *find_session(const struct exim_plain_work *w)
{
	struct exim_session *s;

	TAILQ_FOREACH_REVERSE(s, &w->m->sessions, exim_sessions, link)
	{
		if (s->is_plain && !s->is_ride &&
		    memcmp(&s->ip, &w->e->ip, sizeof(s->ip)) == 0) {
			return s;
		}
	}
	return NULL;
}

/* An attempt that was given up before any connection. */
static struct exim_session *find_no_session(const struct exim_plain_work *w)
{
	struct exim_session *s;

	TAILQ_FOREACH_REVERSE(s, &w->m->sessions, exim_sessions, link)
	{
		if (s->is_plain && s->tls == FACT_TLS_NO_SESSION) {
			return s;
		}
	}
	return NULL;
}

/* OpenSSL refused something, and what came of it is not logged yet. */
static bool is_verify_note(const struct exim_session *s)
{
	return s != NULL && s->is_note && s->tls == FACT_TLS_OK &&
	    !s->is_given_up && !s->is_late;
}

/* Does it end a session, as far as it tells anything of one? */
static bool is_session(enum exim_what what)
{
	return what != EXIM_WHAT_BEFORE && what != EXIM_WHAT_OTHER;
}

/* Entries that name a host and no recipient. */
static int on_note(
    const struct exim_plain_work *w, const struct exim_outcome *o)
{
	struct exim_session *s = find_session(w);
	int rc = 0;

	if (!is_session(o->what) || o->what == EXIM_WHAT_DANE) {
		return 0;
	}
	if (!is_verify_note(s)) {
		rc = new_session(w, FACT_TLS_OK, &s);
	} else if (s->mx[0] == '\0') {
		exim_session_mx(s, w->e->mx);
	}
	s->is_note = true;
	exim_plain_outcome(w, s, o);
	return rc;
}

/* The TLS library complains: it is in TLS. */
static void on_tls_error(const struct exim_plain_work *w)
{
	struct exim_session *s = find_session(w);

	if (s != NULL && s->n_addresses == 0) {
		exim_plain_settle_late(s, FACT_TLS_OK);
	}
}

static int on_verify(const struct exim_plain_work *w)
{
	struct exim_session *s = find_session(w);
	int rc = 0;

	if (!is_verify_note(s)) {
		rc = new_session(w, FACT_TLS_OK, &s);
		s->is_note = true;
	} else if (w->e->mx.len > 0) {
		exim_session_mx(s, w->e->mx);
	}
	exim_plain_hint(w, s);
	return rc;
}

/* Is the entry's recipient one more of a session in TLS, or in clear? */
static bool goes_on(const struct exim_plain_work *w,
    const struct exim_session *s, enum fact_tls tls)
{
	bool is_delivery = w->e->kind == EXIM_ENTRY_DELIVERED;

	if (s == NULL || s->tls != tls || s->is_given_up ||
	    s->left_out == COUNTER_UNCLEAR) {
		return false;
	}
	if (is_delivery && w->e->is_more) {
		return true;
	}
	/* the first that is delivered has another mark */
	return !has_address(s, w->e->address) &&
	    !(is_delivery && s->has_delivered);
}

/* TLS failed just before: what follows in clear is its retry. */
static bool has_clear_retry(const struct exim_session *s)
{
	return s != NULL && s->is_note && s->is_given_up &&
	    s->left_out != COUNTER_UNCLEAR;
}

static int add_recipient(
    const struct exim_plain_work *w, struct exim_session *s)
{
	s->has_delivered |= w->e->kind == EXIM_ENTRY_DELIVERED;
	return add_address(w, s);
}

/* Another recipient was deferred before, and there it was left open. */
static bool is_open_end(
    const struct exim_plain_work *w, const struct exim_session *s)
{
	return s != NULL && s->is_late && !has_address(s, w->e->address);
}

/* Delivered in TLS, or refused behind it. */
static int on_tls(const struct exim_plain_work *w)
{
	struct exim_session *s = find_session(w);
	int rc = 0;

	if (is_verify_note(s) || is_open_end(w, s)) {
		exim_plain_tls(w, s);
	} else if (!goes_on(w, s, FACT_TLS_OK)) {
		rc = new_session(w, FACT_TLS_OK, &s);
		exim_plain_tls(w, s);
	}
	return rc == 0 ? add_recipient(w, s) : rc;
}

/* The same in clear. */
static int on_clear(const struct exim_plain_work *w)
{
	struct exim_session *s = find_session(w);
	int rc = 0;

	if (has_clear_retry(s)) {
		s->has_retry = true;
		return add_recipient(w, s);
	}
	if (is_open_end(w, s)) {
		exim_plain_settle_late(s, FACT_TLS_NOT_OFFERED);
		exim_session_reason(s, REASON_CLEAR);
	} else if (!goes_on(w, s, FACT_TLS_NOT_OFFERED)) {
		rc = new_session(w, FACT_TLS_NOT_OFFERED, &s);
		exim_session_reason(s, REASON_CLEAR);
	}
	return rc == 0 ? add_recipient(w, s) : rc;
}

/* Over a connection that an earlier message made. */
static int on_ride(const struct exim_plain_work *w)
{
	struct exim_session *s;
	int rc = new_session(w, FACT_TLS_OK, &s);

	s->is_ride = true;
	return rc == 0 ? add_address(w, s) : rc;
}

/* "DANE error: mx lookup not DNSSEC": the only place that names the host. */
static void take_mx(const struct exim_plain_work *w, struct exim_session *s)
{
	size_t n = view_find(w->e->text, " lookup not DNSSEC");
	struct view mx = view_make(w->e->text.s, n);

	if (n < w->e->text.len && view_take(&mx, "DANE error: ")) {
		exim_session_mx(s, mx);
	}
}

/* Does it tell at last that TLS was settled before? */
static bool is_late(enum exim_what what)
{
	return what == EXIM_WHAT_EHLO || what == EXIM_WHAT_SEND ||
	    what == EXIM_WHAT_LATER;
}

/* A recipient whose host would not do, or his message. */
static int on_failure(
    const struct exim_plain_work *w, const struct exim_outcome *o)
{
	struct exim_session *s =
	    ip_is_known(&w->e->ip) ? find_session(w) : find_no_session(w);
	int rc = 0;

	if (is_verify_note(s)) {
		s->is_note = false;
		if (!is_late(o->what)) {
			exim_plain_outcome(w, s, o);
		}
	} else if (o->what == EXIM_WHAT_LATER && has_clear_retry(s)) {
		s->has_retry = true;
	} else if (s == NULL || has_address(s, w->e->address) ||
	    (!is_late(o->what) && !s->is_given_up)) {
		rc = new_session(w, FACT_TLS_OK, &s);
		exim_plain_outcome(w, s, o);
	}
	if (o->what == EXIM_WHAT_DANE) {
		take_mx(w, s);
	}
	/* the attempt is over */
	w->m->hint = (struct exim_hint){ 0 };
	return rc == 0 ? add_address(w, s) : rc;
}

static int on_recipient(const struct exim_plain_work *w)
{
	struct exim_outcome o = { .what = EXIM_WHAT_LATER };
	bool is_delivery = w->e->kind == EXIM_ENTRY_DELIVERED;
	bool is_told = is_delivery || w->e->version.len > 0;

	if (!is_told) {
		exim_outcome_parse(w->e->text, &o);
		if (!is_session(o.what)) {
			return 0;
		}
	}
	if (w->e->is_continued && is_late(o.what)) {
		return on_ride(w);
	}
	if (w->e->version.len > 0) {
		return on_tls(w);
	}
	/* a failure for good names TLS, a deferral does not */
	return is_delivery ||
		(w->e->kind == EXIM_ENTRY_FAILED && o.what == EXIM_WHAT_LATER) ?
	    on_clear(w) :
	    on_failure(w, &o);
}

int exim_plain_entry(struct exim *ex, struct exim_message *m,
    const struct syslog_line *line, const struct exim_entry *e)
{
	struct exim_plain_work w = { ex, m, line, e };
	struct exim_outcome o;

	switch (e->kind) {
	case EXIM_ENTRY_DELIVERED:
	case EXIM_ENTRY_DEFERRED:
	case EXIM_ENTRY_FAILED:
		return on_recipient(&w);
	case EXIM_ENTRY_HOST:
	case EXIM_ENTRY_CLEAR:
		exim_outcome_parse(e->text, &o);
		return on_note(&w, &o);
	case EXIM_ENTRY_DANE:
		exim_outcome_parse_session(e->text, &o);
		return on_note(&w, &o);
	case EXIM_ENTRY_VERIFY:
		return on_verify(&w);
	case EXIM_ENTRY_TLS_ERROR:
		on_tls_error(&w);
		break;
	case EXIM_ENTRY_OTHER:
	case EXIM_ENTRY_RECORD:
	case EXIM_ENTRY_COMPLETED:
		break;
	}
	return 0;
}
