/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_uri.c - one destination of a TLSRPT record
 *
 * A stranger chose it. What it may do to a header, a path or a connection is
 * settled here, before anybody else sees it.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "common/ascii.h"
#include "common/domain.h"
#include "common/err.h"
#include "common/ip.h"
#include "common/record_uri.h"

enum {
	MAILBOX_MAX = 254, /* octets of a mail address: RFC 5321 4.5.3.1.3 */
	LOCAL_MAX = 64     /* of its local part: RFC 5321 4.5.3.1.1 */
};

/* -1: not a hexadecimal digit */
static int hex_value(char c)
{
	if (ascii_is_digit(c)) {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

/*
 * Characters of a URI (RFC 3986 2), every '%' followed by two digits. '!',
 * ',' and ';' may stand in it only encoded (R22).
 */
static bool is_uri(struct view uri)
{
	for (size_t i = 0; i < uri.len; i++) {
		if (uri.s[i] == '%') {
			if (uri.len - i < 3 || hex_value(uri.s[i + 1]) < 0 ||
			    hex_value(uri.s[i + 2]) < 0) {
				return false;
			}
			i += 2;
		} else if (!ascii_is_alnum(uri.s[i]) &&
		    !ascii_is_one_of(uri.s[i], "-._~:/?#[]@$&'()*+=")) {
			return false;
		}
	}
	return true;
}

/* Cuts "scheme:" off the front, in any case (R23). */
static bool take_scheme(struct view *uri, const char *scheme)
{
	size_t n = strlen(scheme);

	if (uri->len < n ||
	    !view_is_nocase(view_make(uri->s, n), view_make(scheme, n))) {
		return false;
	}
	*uri = view_skip(*uri, n);
	return true;
}

/* What stands before the first of these characters. */
static struct view until(struct view a, const char *set)
{
	size_t i = 0;

	while (i < a.len && !ascii_is_one_of(a.s[i], set)) {
		i++;
	}
	return view_make(a.s, i);
}

/* --- mailto: (R24) --- */

/* Returns the length, or ERR_PARSE when it decodes to what no header bears. */
static int percent_decode(struct view in, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.s[i];

		if (c == '%') {
			int hi = hex_value(in.s[i + 1]);
			int lo = hex_value(in.s[i + 2]);

			c = (char)(hi * 16 + lo);
			i += 2;
		}
		if (n == size || !ascii_is_visible(c)) {
			return ERR_PARSE;
		}
		out[n++] = c;
	}
	return (int)n;
}

/*
 * RFC 8460 3 has publishers encode ',' and ';'. A local part that holds them
 * is no dot-atom, but it names a mailbox once it is quoted.
 */
static bool wants_quotes(struct view local)
{
	bool has_them = false;

	for (size_t i = 0; i < local.len; i++) {
		char c = local.s[i];

		if (ascii_is_one_of(c, ",;")) {
			has_them = true;
		} else if (c != '.' &&
		    !address_is_dot_atom(view_make(&local.s[i], 1))) {
			return false;
		}
	}
	return has_them;
}

/* Writes the address in the form that may stand in a header. */
static bool put_address(struct view local, const char *domain, char *out)
{
	const char *quote = "";
	int n;

	if (local.len > LOCAL_MAX) {
		return false;
	}
	if (!address_is_dot_atom(local) && !address_is_quoted(local)) {
		if (!wants_quotes(local)) {
			return false;
		}
		quote = "\"";
	}
	n = snprintf(out, MAILBOX_MAX + 1, "%s%.*s%s@%s", quote, (int)local.len,
	    local.s, quote, domain);
	return n > 0 && n <= MAILBOX_MAX;
}

static bool parse_mailto(struct view rest, struct record_rua *out)
{
	char address[MAILBOX_MAX];
	char domain[DOMAIN_BUF];
	struct view whole;
	size_t at;
	int n;

	n = percent_decode(until(rest, "?#"), address, sizeof(address));
	if (n < 0) {
		return false;
	}
	whole = view_make(address, (size_t)n);
	/* '@' in a quoted local part stands before the one that counts; in
	   an unquoted one put_address() refuses it */
	at = view_rindex(whole, '@');
	if (at == whole.len ||
	    domain_normalise(view_skip(whole, at + 1), domain) < 0) {
		return false;
	}
	out->kind = RECORD_MAILTO;
	return put_address(view_make(address, at), domain, out->target);
}

/* --- https: (R180) --- */

static bool is_port(struct view port)
{
	unsigned long long number;

	return port.len == 0 ||
	    (view_number(port, 65535, &number) == 0 && number > 0);
}

/* An IPv6 address in brackets, without a zone. */
static bool is_bracketed(struct view host)
{
	struct ip ip;

	if (host.len < 2 || host.s[host.len - 1] != ']') {
		return false;
	}
	host = view_make(host.s + 1, host.len - 2);
	for (size_t i = 0; i < host.len; i++) {
		if (hex_value(host.s[i]) < 0 &&
		    !ascii_is_one_of(host.s[i], ":.")) {
			return false;
		}
	}
	return view_index(host, ':') < host.len && ip_parse(host, &ip) == 0;
}

/* A name or an address; a user before it ("u@") makes it neither. */
static bool is_host(struct view host)
{
	char domain[DOMAIN_BUF];
	int rc;

	if (host.len > 0 && host.s[0] == '[') {
		return is_bracketed(host);
	}
	rc = domain_normalise(host, domain);
	/* a literal here is IPv4: IPv6 without brackets has colons */
	return rc > 0 ||
	    (rc == ERR_LITERAL && view_index(host, ':') == host.len);
}

static bool parse_https(
    struct view uri, struct view rest, struct record_rua *out)
{
	struct view authority = until(rest, "/?#");
	struct view sent = until(uri, "#"); /* a fragment is not sent */
	size_t colon = view_rindex(authority, ':');
	size_t bracket = view_rindex(authority, ']');

	if (sent.len > RECORD_URI_MAX) {
		return false;
	}
	if (colon < authority.len &&
	    (bracket == authority.len || colon > bracket)) {
		if (!is_port(view_skip(authority, colon + 1))) {
			return false;
		}
		authority.len = colon;
	}
	if (!is_host(authority)) {
		return false;
	}
	out->kind = RECORD_HTTPS;
	memcpy(out->target, sent.s, sent.len);
	out->target[sent.len] = '\0';
	return true;
}

/* --- both --- */

bool record_uri_parse(struct view uri, struct record_rua *out)
{
	struct view rest = uri;

	if (!is_uri(uri)) {
		return false;
	}
	if (take_scheme(&rest, "mailto:")) {
		return parse_mailto(rest, out);
	}
	if (take_scheme(&rest, "https://")) {
		return parse_https(uri, rest, out);
	}
	return false;
}
