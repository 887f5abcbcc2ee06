/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_session.c - what Postfix's lines tell of one session
 *
 * They come in an order that differs between versions, so it is kept as it
 * comes, and put together when all is told (postfix_outcome.c).
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/err.h"
#include "common/postfix_state.h"

static void set_reason(struct postfix_session *s, const char *token)
{
	(void)view_copy(view_of(token), s->seen.reason, sizeof(s->seen.reason));
}

static void set_tls(struct postfix_session *s, enum fact_tls tls)
{
	s->seen.has_tls = true;
	s->seen.tls = tls;
}

void postfix_session_init(struct postfix_session *s, uint64_t pos, int64_t t,
    const struct postfix_peer *peer)
{
	*s = (struct postfix_session){
		.pos = pos,
		.t = t,
		.result = POSTFIX_RESULT_SUCCESS,
		.noted = COUNTER_COUNT,
		.left_out = COUNTER_COUNT,
	};
	postfix_session_add_peer(s, peer);
}

void postfix_session_add_peer(
    struct postfix_session *s, const struct postfix_peer *peer)
{
	if (s->host[0] == '\0' && peer->name.len > 0) {
		(void)view_copy(peer->name, s->host, sizeof(s->host));
		s->is_literal =
		    domain_normalise(peer->name, s->mx) == ERR_LITERAL;
	}
	if (!ip_is_known(&s->ip) && peer->addr.len > 0) {
		s->is_local = ip_parse(peer->addr, &s->ip) != 0;
	}
	if (s->port == 0) {
		s->port = peer->port;
	}
}

bool postfix_session_is_with(
    const struct postfix_session *s, const struct postfix_peer *peer)
{
	struct view host = view_of(s->host);
	struct ip ip;

	if (host.len > 0 && peer->name.len > 0 &&
	    peer->name.len < sizeof(s->host) &&
	    !view_is_nocase(host, peer->name)) {
		return false;
	}
	if (s->port != 0 && peer->port != 0 && s->port != peer->port) {
		return false;
	}
	return peer->addr.len == 0 ||
	    (ip_parse(peer->addr, &ip) != 0 && s->is_local) ||
	    !ip_is_known(&s->ip) || memcmp(&ip, &s->ip, sizeof(ip)) == 0;
}

/* "host", "[host]", "host:port", "[host]:port": host and ":port" or "" */
static void split_nexthop(
    struct view nexthop, struct view *host, struct view *port)
{
	size_t n = view_rindex(nexthop, ':');

	*host = nexthop;
	if (view_starts(nexthop, "[")) {
		n = view_index(nexthop, ']');
		*host = view_make(nexthop.s + 1, n - 1);
		n = n < nexthop.len ? n + 1 : n;
	} else {
		*host = view_make(nexthop.s, n);
	}
	*port = view_skip(nexthop, n);
}

void postfix_session_set_domain(struct postfix_session *s, struct view nexthop)
{
	struct view host;
	struct view port;
	unsigned long long number = 0;

	split_nexthop(nexthop, &host, &port);
	if (domain_normalise(host, s->domain) == ERR_LITERAL) {
		(void)view_copy(view_of("[]"), s->domain, sizeof(s->domain));
	}
	if (s->port == 0 && view_take(&port, ":") &&
	    view_number(port, 65535, &number) == 0) {
		s->port = (unsigned)number;
	}
}

/* SSL_connect error: what the system said of the connection. */
static void add_error(struct postfix_session *s, struct view text)
{
	static const struct {
		const char *text;
		const char *token;
	} rows[] = {
		{ "lost connection", "connection-closed-during-handshake" },
		{ "Connection reset by peer",
		    "connection-closed-during-handshake" },
		{ "Broken pipe", "connection-closed-during-handshake" },
		{ "Connection timed out", "timeout-during-handshake" },
		{ "Operation timed out", "timeout-during-handshake" },
	};

	set_tls(s, FACT_TLS_FAILED);
	set_reason(s, "tls-handshake-failure");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (view_is(text, rows[i].text)) {
			set_reason(s, rows[i].token);
		}
	}
}

/* OpenSSL's own words for an error that was told before. */
static void add_library(struct postfix_session *s, struct view text)
{
	char buf[TLS_REASON_BUF];
	const char *token = tls_reason_token(text, buf);

	if (s->seen.has_tls && s->seen.tls == FACT_TLS_FAILED &&
	    strcmp(s->seen.reason, "tls-handshake-failure") == 0 &&
	    token[0] != '\0') {
		set_reason(s, token);
	}
}

static void set_result(
    struct postfix_session *s, enum postfix_result r, struct view detail)
{
	s->has_result = true;
	s->result = r;
	(void)view_copy(
	    postfix_result_detail(detail), s->detail, sizeof(s->detail));
}

static void add_verify(struct postfix_session *s, struct view text)
{
	struct view word;

	s->has_verify = true;
	postfix_result_verify(text, &s->seen);
	if (!s->has_result && view_take(&text, "external policy failure (") &&
	    postfix_take_before(&text, ")", &word)) {
		set_result(s, postfix_result_of_word(word), view_make(NULL, 0));
	}
}

static void add_tlsrpt(struct postfix_session *s, const struct postfix_line *l)
{
	s->has_tlsrpt = true;
	postfix_session_set_domain(s, l->domain);
	set_result(s,
	    l->type.len == 0 ? POSTFIX_RESULT_SUCCESS :
			       postfix_result_of_word(l->type),
	    l->detail);
}

static void add_up(struct postfix_session *s, const struct postfix_line *l)
{
	set_tls(s, FACT_TLS_OK);
	s->trust = l->trust;
	if (view_copy(l->version, s->version, sizeof(s->version))) {
		for (const char *c = s->version; *c != '\0'; c++) {
			if (!ascii_is_visible(*c)) {
				s->version[0] = '\0';
				return;
			}
		}
	}
}

bool postfix_session_add_tls(
    struct postfix_session *s, const struct postfix_line *l)
{
	if (s->is_reached) {
		/* TLS comes before all else */
		return false;
	}
	if (l->kind == POSTFIX_LIBRARY) {
		add_library(s, l->text);
		return true;
	}
	if (l->kind == POSTFIX_TLSRPT) {
		if (s->has_tlsrpt) {
			return false;
		}
		add_tlsrpt(s, l);
		return true;
	}
	if (s->seen.has_tls || (l->kind == POSTFIX_VERIFY && s->has_verify)) {
		return false;
	}
	if (l->kind == POSTFIX_TLS_UP) {
		add_up(s, l);
	} else if (l->kind == POSTFIX_TLS_ERROR) {
		add_error(s, l->text);
	} else if (l->kind == POSTFIX_VERIFY) {
		add_verify(s, l->text);
	} else if (l->kind == POSTFIX_UNUSABLE) {
		s->seen.dane = FACT_DANE_UNUSABLE;
	}
	return true;
}

/* How a session ended of which no line told how far TLS came. */
static void end_untold(
    struct postfix_session *s, const struct postfix_reason *reason)
{
	char token[TLS_REASON_BUF];

	switch (reason->end) {
	case POSTFIX_END_HANDSHAKE:
		set_tls(s, FACT_TLS_FAILED);
		set_reason(s, "tls-handshake-failure");
		break;
	case POSTFIX_END_UNVERIFIED:
		set_tls(s, FACT_TLS_OK);
		break;
	case POSTFIX_END_NOT_OFFERED:
		set_tls(s, FACT_TLS_NOT_OFFERED);
		set_reason(s, "starttls-not-offered");
		break;
	case POSTFIX_END_REFUSED:
		set_tls(s, FACT_TLS_REFUSED);
		if (reason->code != 0) {
			(void)snprintf(token, sizeof(token),
			    "starttls-reply-%u", reason->code);
			set_reason(s, token);
		}
		break;
	case POSTFIX_END_LOST:
		set_tls(s, FACT_TLS_FAILED);
		set_reason(s, "connection-closed-during-handshake");
		break;
	case POSTFIX_END_TIMEOUT:
		set_tls(s, FACT_TLS_FAILED);
		set_reason(s, "timeout-during-handshake");
		break;
	case POSTFIX_END_OURS:
		s->left_out = COUNTER_UNCLEAR;
		break;
	case POSTFIX_END_REACHED:
	case POSTFIX_END_BROKEN:
	case POSTFIX_END_OTHER:
		break;
	}
}

static void add_level(struct postfix_session *s, struct view tls)
{
	struct postfix_level level;

	postfix_level_parse(tls, &level);
	(void)view_copy(level.name, s->level, sizeof(s->level));
	for (const char *c = s->level; *c != '\0'; c++) {
		if (!ascii_is_visible(*c)) {
			s->level[0] = '\0';
			break;
		}
	}
	s->is_content = level.says == POSTFIX_SAYS_ENCRYPTED;
	if (s->is_content && view_is(level.final, "encrypt") &&
	    view_find(level.name, "dane") < level.name.len &&
	    s->seen.dane == FACT_DANE_UNKNOWN) {
		/* TLS without authentication is left of DANE */
		s->seen.dane = FACT_DANE_UNUSABLE;
	}
	if (s->seen.has_tls) {
		return;
	}
	if (level.says == POSTFIX_SAYS_ENCRYPTED) {
		set_tls(s, FACT_TLS_OK);
	} else if (level.says == POSTFIX_SAYS_OFF) {
		s->left_out = COUNTER_LOCAL_POLICY;
	} else if (level.says == POSTFIX_SAYS_CLEAR && s->has_result &&
	    s->result == POSTFIX_STARTTLS_NOT_SUPPORTED) {
		/* only STARTTLS that was offered is reported at this level */
		set_tls(s, FACT_TLS_REFUSED);
	} else if (level.says == POSTFIX_SAYS_CLEAR) {
		set_tls(s, FACT_TLS_NOT_OFFERED);
		set_reason(s, POSTFIX_CLEAR_REASON);
	}
}

void postfix_session_end(struct postfix_session *s,
    const struct postfix_reason *reason, struct view tls)
{
	if (reason->end == POSTFIX_END_REACHED ||
	    reason->end == POSTFIX_END_BROKEN) {
		s->is_reached = true;
	}
	s->is_over |= reason->end != POSTFIX_END_REACHED &&
	    reason->end != POSTFIX_END_OTHER;
	s->is_unverified |= reason->end == POSTFIX_END_UNVERIFIED;
	if (!s->seen.has_tls) {
		end_untold(s, reason);
	}
	add_level(s, tls);
}

void postfix_session_need(struct postfix_session *s, uint64_t pos)
{
	s->pos = pos < s->pos ? pos : s->pos;
}

void postfix_session_add_proxied(
    struct postfix_session *s, const struct postfix_session *proxied)
{
	const struct postfix_seen *seen = &proxied->seen;

	postfix_session_need(s, proxied->pos);
	if (!s->has_verify) {
		s->has_verify = proxied->has_verify;
		s->seen.chain = seen->chain;
		s->seen.name = seen->name;
	}
	if (s->seen.dane == FACT_DANE_UNKNOWN) {
		s->seen.dane = seen->dane;
	}
	if (s->seen.tls == FACT_TLS_FAILED && seen->tls == FACT_TLS_FAILED) {
		set_reason(s, seen->reason);
	}
	if (!s->has_result && proxied->has_result) {
		set_result(s, proxied->result, view_of(proxied->detail));
		(void)view_copy(
		    view_of(proxied->domain), s->domain, sizeof(s->domain));
	}
	if (s->host[0] == '\0') {
		(void)view_copy(
		    view_of(proxied->host), s->host, sizeof(s->host));
		(void)view_copy(view_of(proxied->mx), s->mx, sizeof(s->mx));
	}
	if (!ip_is_known(&s->ip)) {
		s->ip = proxied->ip;
		s->port = proxied->port;
	}
}
