/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_session.c - the sessions of an Exim, and what they count */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/err.h"
#include "common/exim_private.h"
#include "common/hash.h"
#include "common/mem.h"

int exim_bump(struct exim *ex, int64_t t, enum counter c)
{
	return ex->mta.o.sink.counter(ex->mta.o.sink.ctx, t, c, 1);
}

static int emit(
    struct exim *ex, const struct exim_session *s, const char *domain)
{
	char mx[DOMAIN_BUF];
	struct fact fact = {
		.domain = view_of(domain),
		.reason = view_of(s->reason),
		.verdict = view_of(s->verdict),
		.version = view_of(s->version),
		.helo = view_of(s->helo),
		.ip = s->ip,
		.sending_ip = s->sending_ip,
		.tls = s->tls,
		.chain = s->chain,
		.name = s->name,
		.dane = s->dane,
	};

	(void)domain_normalise(view_of(s->mx), mx);
	fact.mx = view_of(mx);
	return ex->mta.o.sink.session(ex->mta.o.sink.ctx, s->t, &fact);
}

static void session_free(struct exim_session *s)
{
	for (unsigned i = 0; i < s->n_domains; i++) {
		free(s->domains[i].name);
	}
	free(s->domains);
	free(s->addresses);
	free(s->mx);
	free(s->helo);
	free(s->verdict);
	free(s);
}

/* It is over: counts what it was left out for. */
static int count_left_out(struct exim *ex, const struct exim_session *s)
{
	int rc = 0;

	if (s->is_clear) {
		return 0;
	}
	if (!s->is_settled || s->n_domains == 0) {
		return exim_bump(ex, s->t,
		    s->left_out != COUNTER_COUNT ? s->left_out :
						   COUNTER_UNCLEAR);
	}
	for (unsigned i = 0; rc == 0 && i < s->n_domains; i++) {
		if (!s->domains[i].is_counted) {
			rc = exim_bump(ex, s->t, s->domains[i].left_out);
		}
	}
	return rc;
}

int exim_session_leave(struct exim *ex, struct exim_session *s)
{
	int rc = 0;

	if (--s->n_users == 0) {
		rc = count_left_out(ex, s);
		session_free(s);
	}
	return rc;
}

int exim_session_connect(
    struct exim *ex, struct exim_connection *c, struct exim_session *s)
{
	struct exim_session *before = c->session;

	c->session = s;
	s->connection = c;
	s->n_users++;
	if (before == NULL) {
		return 0;
	}
	before->connection = NULL;
	return exim_session_leave(ex, before);
}

int exim_session_new(struct exim *ex, struct exim_message *m,
    struct exim_connection *c, int64_t t, struct exim_session **out)
{
	struct exim_session *s = xcalloc(1, sizeof(*s));
	int rc = 0;

	s->t = t;
	s->left_out = COUNTER_COUNT;
	s->mx = xstrdup("");
	s->n_users = 1;
	TAILQ_INSERT_TAIL(&m->sessions, s, link);
	m->n_sessions++;
	*out = s;
	if (m->n_sessions > EXIM_SESSIONS) {
		struct exim_session *oldest = TAILQ_FIRST(&m->sessions);

		TAILQ_REMOVE(&m->sessions, oldest, link);
		m->n_sessions--;
		rc = exim_session_leave(ex, oldest);
	}
	return rc == 0 && c != NULL ? exim_session_connect(ex, c, s) : rc;
}

void exim_session_disconnect(struct exim_session *s)
{
	if (s->connection != NULL) {
		s->connection->session = NULL;
		s->connection = NULL;
		s->n_users--;
	}
}

void exim_session_drop(struct exim_message *m, struct exim_session *s)
{
	exim_session_disconnect(s);
	TAILQ_REMOVE(&m->sessions, s, link);
	m->n_sessions--;
	session_free(s);
}

void exim_session_mx(struct exim_session *s, struct view mx)
{
	free(s->mx);
	s->mx = xstrndup(mx.s != NULL ? mx.s : "", mx.len);
}

void exim_session_version(struct exim_session *s, struct view version)
{
	struct view number = version;

	s->version[0] = '\0';
	for (size_t i = 0; i < version.len; i++) {
		if (!ascii_is_visible(version.s[i])) {
			return;
		}
	}
	/* GnuTLS and OpenSSL call the first one differently */
	if (view_is(version, "TLS1.0") || view_is(version, "TLS1")) {
		number = view_of("1");
	} else if (!view_take(&number, "TLS") || number.len == 0 ||
	    !ascii_is_digit(number.s[0])) {
		(void)view_copy(version, s->version, sizeof(s->version));
		return;
	}
	if (number.len + 5 < sizeof(s->version)) {
		memcpy(s->version, "TLSv", 4);
		memcpy(s->version + 4, number.s, number.len);
		s->version[4 + number.len] = '\0';
	}
}

void exim_session_reason(struct exim_session *s, const char *token)
{
	(void)view_copy(view_of(token), s->reason, sizeof(s->reason));
}

static uint64_t name_hash(const char *name)
{
	static const struct hash_key key = { 0x74656c6c746c73, 10 };

	return hash_sip(&key, name, strlen(name));
}

static struct exim_domain *domain_find(
    const struct exim_session *s, const char *name)
{
	uint64_t hash = name_hash(name);

	for (unsigned i = 0; i < s->n_domains; i++) {
		if (s->domains[i].hash == hash &&
		    strcmp(s->domains[i].name, name) == 0) {
			return &s->domains[i];
		}
	}
	return NULL;
}

/* The entry of a name, made if need be; NULL: the session has too many. */
static struct exim_domain *domain_entry(
    struct exim_session *s, const char *name)
{
	struct exim_domain *d = domain_find(s, name);

	if (d != NULL) {
		return d;
	}
	if (s->n_domains >= EXIM_DOMAINS) {
		return NULL;
	}
	/* grows at powers of two */
	if ((s->n_domains & (s->n_domains - 1)) == 0) {
		size_t cap = s->n_domains == 0 ? 1 : (size_t)s->n_domains * 2;

		s->domains =
		    xrealloc_array(s->domains, cap, sizeof(*s->domains));
	}
	d = &s->domains[s->n_domains++];
	*d = (struct exim_domain){ .hash = name_hash(name),
		.name = xstrdup(name),
		.left_out = COUNTER_COUNT };
	return d;
}

static int count(struct exim *ex, struct exim_session *s, struct exim_domain *d)
{
	if (!s->is_settled || !d->is_wanted || d->is_counted || s->is_clear) {
		return 0;
	}
	d->is_counted = true;
	return emit(ex, s, d->name);
}

static int add_normal(struct exim *ex, struct exim_session *s, const char *name,
    int length, enum counter left_out)
{
	struct exim_domain *d = domain_entry(s, name);

	if (d == NULL) {
		return exim_bump(ex, s->t, COUNTER_UNCLEAR);
	}
	if (s->left_out != COUNTER_COUNT) {
		left_out = s->left_out;
	} else if (length == ERR_LITERAL) {
		left_out = COUNTER_LITERAL;
	} else if (length < 0) {
		left_out = COUNTER_BAD_DOMAIN;
	}
	if (left_out != COUNTER_COUNT) {
		d->left_out = left_out;
		return 0;
	}
	d->is_wanted = true;
	return count(ex, s, d);
}

int exim_session_add(struct exim *ex, struct exim_session *s,
    struct view domain, enum counter left_out)
{
	char name[DOMAIN_BUF];
	/* R1: mail to a smart host counts for the smart host */
	int n = domain_normalise(s->is_smart ? view_of(s->mx) : domain, name);

	return add_normal(ex, s, name, n, left_out);
}

int exim_session_add_address(struct exim *ex, struct exim_session *s,
    struct view address, enum counter left_out)
{
	char name[DOMAIN_BUF];
	int n;

	if (s->is_smart) {
		return exim_session_add(ex, s, address, left_out);
	}
	n = domain_of_address(address, name);
	return add_normal(ex, s, name, n, left_out);
}

bool exim_session_has(const struct exim_session *s, struct view domain)
{
	char name[DOMAIN_BUF];

	(void)domain_normalise(s->is_smart ? view_of(s->mx) : domain, name);
	return domain_find(s, name) != NULL;
}

int exim_session_settle(struct exim *ex, struct exim_session *s)
{
	int rc = 0;

	s->is_settled = true;
	for (unsigned i = 0; rc == 0 && i < s->n_domains; i++) {
		rc = count(ex, s, &s->domains[i]);
	}
	return rc;
}
