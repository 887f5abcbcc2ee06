/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_match.c - what a rule for destinations is for */

#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/ip.h"
#include "common/record_uri.h"
#include "common/rules_match.h"

enum {
	HTTPS_PORT = 443,
	PORT_MAX = 65535
};

static const char mailto[] = "mailto:";
static const char https[] = "https://";

/* --- destinations --- */

/* One form for a name, and for an address, which of IPv6 has many. */
static void set_host(struct view host, struct rules_place *out)
{
	char domain[DOMAIN_BUF];
	char text[IP_TEXT_MAX];
	struct view bare = host;
	struct ip ip;

	if (host.len > 2 && host.s[0] == '[') {
		bare = view_make(host.s + 1, host.len - 2);
	}
	if (domain_normalise(host, domain) > 0) {
		(void)snprintf(out->host, sizeof(out->host), "%s", domain);
	} else if (ip_parse(bare, &ip) == 0) {
		(void)snprintf(
		    out->host, sizeof(out->host), "%s", ip_format(&ip, text));
	} else {
		(void)view_copy(host, out->host, sizeof(out->host));
	}
}

/* Without the quotes, which name the same mailbox (RFC 5321 4.1.2). */
static void set_local(struct view local, struct rules_place *out)
{
	bool is_quoted = local.len > 1 && local.s[0] == '"';
	size_t n = 0;

	for (size_t i = is_quoted; i < local.len - is_quoted; i++) {
		if (is_quoted && local.s[i] == '\\' &&
		    i + 1 < local.len - is_quoted) {
			i++;
		}
		if (n < sizeof(out->local)) {
			out->local[n++] = local.s[i];
		}
	}
	out->part = view_make(out->local, n);
}

/* Cuts ":port" off an authority that record_uri.h has checked; 0: none. */
static unsigned take_port(struct view *authority)
{
	size_t colon = view_rindex(*authority, ':');
	size_t bracket = view_rindex(*authority, ']');
	unsigned long long port = 0;
	struct view text;

	if (colon == authority->len ||
	    (bracket < authority->len && colon < bracket)) {
		return 0;
	}
	text = view_skip(*authority, colon + 1);
	authority->len = colon;
	if (text.len > 0) {
		(void)view_number(text, PORT_MAX, &port);
	}
	return (unsigned)port;
}

void rules_place_of(const struct record_rua *rua, struct rules_place *out)
{
	struct view text = view_of(rua->target);
	struct view authority;
	size_t n = 0;

	*out = (struct rules_place){ .kind = RULES_MAILTO };
	if (rua->kind == RECORD_MAILTO) {
		n = view_rindex(text, '@');
		assert(n < text.len);
		set_local(view_make(text.s, n), out);
		set_host(view_skip(text, n + 1), out);
		return;
	}
	out->kind = RULES_HTTPS;
	text = view_skip(text, strlen(https)); /* in any case */
	while (n < text.len && !ascii_is_one_of(text.s[n], "/?")) {
		n++;
	}
	authority = view_make(text.s, n);
	out->part = view_skip(text, n);
	/* "https://host?x" asks for the same as "https://host/?x" */
	(void)view_take(&out->part, "/");
	out->port = take_port(&authority);
	set_host(authority, out);
}

/* --- rules --- */

/* ".example.org" and "example.org" */
static const char *parse_domain(
    struct view word, struct arena *a, struct rules_match *out)
{
	char domain[DOMAIN_BUF];

	if (view_is(word, "*")) {
		out->is_any = true;
		return NULL;
	}
	out->is_below = view_take(&word, ".");
	if (domain_normalise(word, domain) <= 0) {
		return "expected a domain like example.org or .example.org, a "
		       "destination like mailto:tls@example.org or "
		       "https://example.org/*, or *";
	}
	out->host = arena_view(a, view_of(domain));
	return NULL;
}

/* The parts of a destination, which stands here without '*' and '.'. */
static const char *take_parts(
    const char *uri, struct arena *a, struct rules_match *out)
{
	struct rules_place place;
	struct record_rua rua;

	if (!record_uri_parse(view_of(uri), &rua)) {
		return out->kind == RULES_MAILTO ?
		    "expected mailto:LOCAL@DOMAIN, mailto:*@DOMAIN, "
		    "mailto:*@.DOMAIN or mailto:*" :
		    "expected https://HOST/PATH, https://HOST/*, "
		    "https://.HOST/* or https://*";
	}
	rules_place_of(&rua, &place);
	out->host = arena_view(a, view_of(place.host));
	out->port = place.port;
	out->part = arena_view(a, place.part);
	return NULL;
}

static const char *parse_mailto(
    struct view rest, struct arena *a, struct rules_match *out)
{
	char uri[RECORD_URI_MAX];
	const char *fault;
	bool is_all;
	int n;

	out->kind = RULES_MAILTO;
	if (view_is(rest, "*")) {
		out->is_any = true;
		return NULL;
	}
	is_all = view_take(&rest, "*@");
	out->is_below = is_all && view_take(&rest, ".");
	n = snprintf(uri, sizeof(uri), "%s%s%.*s", mailto, is_all ? "x@" : "",
	    (int)rest.len, rest.s);
	if (n < 0 || (size_t)n >= sizeof(uri)) {
		return "too long";
	}
	fault = take_parts(uri, a, out);
	if (is_all) {
		out->part = view_of("");
		out->is_beginning = true;
	}
	return fault;
}

static const char *parse_https(
    struct view rest, struct arena *a, struct rules_match *out)
{
	char uri[RECORD_URI_MAX];
	int n;

	out->kind = RULES_HTTPS;
	if (view_is(rest, "*")) {
		out->is_any = true;
		return NULL;
	}
	out->is_below = view_take(&rest, ".");
	if (view_index(rest, '/') == rest.len) {
		/* who writes a host alone may mean all of it */
		return "expected a path behind the host, or /* for all of it";
	}
	out->is_beginning = rest.s[rest.len - 1] == '*';
	rest.len -= out->is_beginning;
	n = snprintf(uri, sizeof(uri), "%s%.*s", https, (int)rest.len, rest.s);
	if (n < 0 || (size_t)n >= sizeof(uri)) {
		return "too long";
	}
	return take_parts(uri, a, out);
}

const char *rules_match_parse(
    struct view word, struct arena *a, struct rules_match *out)
{
	*out = (struct rules_match){ .kind = RULES_DOMAIN };
	if (view_take(&word, mailto)) {
		return parse_mailto(word, a, out);
	}
	if (view_take(&word, https)) {
		return parse_https(word, a, out);
	}
	return parse_domain(word, a, out);
}

/* --- is it that? --- */

static bool is_host(const struct rules_match *m, struct view host)
{
	if (!m->is_below) {
		return view_eq(m->host, host);
	}
	return host.len > m->host.len + 1 &&
	    host.s[host.len - m->host.len - 1] == '.' &&
	    view_eq(m->host, view_skip(host, host.len - m->host.len));
}

/* Nobody has two mailboxes whose names differ in case alone. */
static bool is_part(const struct rules_match *m, struct view part)
{
	if (m->is_beginning) {
		return part.len >= m->part.len &&
		    view_eq(m->part, view_make(part.s, m->part.len));
	}
	return m->kind == RULES_MAILTO ? view_is_nocase(m->part, part) :
					 view_eq(m->part, part);
}

bool rules_match_domain(const struct rules_match *m, struct view domain)
{
	return m->is_any || is_host(m, domain);
}

bool rules_match_place(
    const struct rules_match *m, const struct rules_place *place)
{
	unsigned port = place->port != 0 ? place->port : HTTPS_PORT;

	if (m->kind != place->kind) {
		return false;
	}
	return m->is_any ||
	    (is_host(m, view_of(place->host)) &&
		(m->port == 0 || m->port == port) && is_part(m, place->part));
}
