/* SPDX-License-Identifier: BSD-2-Clause */
/* postfix_text.c - servers, addresses and reasons in Postfix's log lines */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/postfix_text.h"

bool postfix_take_before(struct view *text, const char *mark, struct view *out)
{
	size_t n = view_find(*text, mark);

	if (n == text->len) {
		return false;
	}
	*out = view_make(text->s, n);
	*text = view_skip(*text, n + strlen(mark));
	return true;
}

static bool has_blank(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (!ascii_is_visible(v.s[i])) {
			return true;
		}
	}
	return false;
}

bool postfix_take_peer(struct view *text, struct postfix_peer *out)
{
	struct view rest = *text;
	unsigned long long port = 0;
	size_t n = 0;

	*out = (struct postfix_peer){ 0 };
	if (!postfix_take_before(&rest, "[", &out->name) ||
	    !postfix_take_before(&rest, "]", &out->addr) ||
	    has_blank(out->name) || has_blank(out->addr)) {
		return false;
	}
	if (rest.len > 1 && rest.s[0] == ':' && ascii_is_digit(rest.s[1])) {
		rest = view_skip(rest, 1);
		while (n < rest.len && ascii_is_digit(rest.s[n])) {
			n++;
		}
		if (view_number(view_make(rest.s, n), 65535, &port) != 0) {
			return false;
		}
		rest = view_skip(rest, n);
	}
	out->port = (unsigned)port;
	*text = rest;
	return true;
}

/* Length of a quoted string at the front, 0 if it does not end. */
static size_t quoted_length(struct view text)
{
	size_t i = 1;

	while (i < text.len && text.s[i] != '"') {
		i += text.s[i] == '\\' ? 2 : 1;
	}
	return i < text.len ? i + 1 : 0;
}

/* RFC 5321 4.1.2, as Postfix reads it: what need not be quoted. */
static bool is_dot_string(struct view local)
{
	char before = '.';

	for (size_t i = 0; i < local.len; i++) {
		char c = local.s[i];

		if (!(ascii_is_visible(c) || ((unsigned char)c & 0x80) != 0) ||
		    ascii_is_one_of(c, "()<>@,;:\\\"[]") ||
		    (c == '.' && before == '.')) {
			return false;
		}
		before = c;
	}
	return before != '.';
}

/* Is it as the log has it since 3.5? n: length of a quoted string. */
static bool is_external(struct view address, size_t n)
{
	if (n > 0) {
		return view_starts(view_skip(address, n), "@");
	}
	return address.len == 0 ||
	    is_dot_string(view_make(address.s, view_rindex(address, '@')));
}

bool postfix_take_address(
    struct view *text, struct view *address, bool *is_exact)
{
	struct view rest = *text;
	struct view tail;
	size_t n = 0;

	if (!view_take(&rest, "<")) {
		return false;
	}
	if (view_starts(rest, "\"")) {
		n = quoted_length(rest);
		if (n == 0) {
			return false;
		}
	}
	tail = view_skip(rest, n);
	n += view_index(tail, '>');
	*is_exact =
	    is_external(view_make(rest.s, n), n - view_index(tail, '>'));
	*address = view_make(rest.s, n);
	rest = view_skip(rest, n);
	if (!view_take(&rest, ">, ")) {
		return false;
	}
	*text = rest;
	return true;
}

/* "lost connection with HOST while ", "conversation with HOST timed out ..." */
static void parse_broken(
    struct view stage, enum postfix_end at_starttls, struct postfix_reason *out)
{
	if (view_is(stage, "receiving the STARTTLS response")) {
		out->end = at_starttls;
	} else if (view_starts(stage, "sending ")) {
		/* what is sent, comes after EHLO and STARTTLS */
		out->end = POSTFIX_END_BROKEN;
	}
}

/* "TLS is required, but " is taken off. */
static void parse_required(struct view text, struct postfix_reason *out)
{
	unsigned long long code = 0;

	if (view_take(&text, "was not offered by host ")) {
		out->end = POSTFIX_END_NOT_OFFERED;
		(void)postfix_take_peer(&text, &out->peer);
	} else if (view_take(&text, "host ")) {
		if (postfix_take_peer(&text, &out->peer) &&
		    view_take(&text, " refused to start TLS: ")) {
			out->end = POSTFIX_END_REFUSED;
			if (text.len >= 3 &&
			    view_number(view_make(text.s, 3), 599, &code) ==
				0 &&
			    code >= 400) {
				out->code = (unsigned)code;
			}
		}
	} else {
		out->end = POSTFIX_END_OURS;
	}
}

static void parse_server(struct view text, struct postfix_reason *out)
{
	if (view_take(&text, "host ")) {
		if (postfix_take_peer(&text, &out->peer) &&
		    view_take(&text, " said: ")) {
			out->end = POSTFIX_END_REACHED;
		}
	} else if (view_take(&text, "lost connection with ")) {
		if (postfix_take_peer(&text, &out->peer) &&
		    view_take(&text, " while ")) {
			parse_broken(text, POSTFIX_END_LOST, out);
		}
	} else if (view_take(&text, "conversation with ")) {
		if (postfix_take_peer(&text, &out->peer) &&
		    view_take(&text, " timed out while ")) {
			parse_broken(text, POSTFIX_END_TIMEOUT, out);
		}
	}
}

/* What is known of a server only after its EHLO and STARTTLS. */
static bool is_capability(struct view text, struct postfix_reason *out)
{
	static const struct {
		const char *text;
		const char *before; /* the server */
	} rows[] = {
		{ "SASL authentication failed;", " server " },
		{ "message size ", " of server " },
		{ "SMTPUTF8 is required, but was not offered", " by host " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view skip;

		if (view_starts(text, rows[i].text)) {
			if (postfix_take_before(&text, rows[i].before, &skip)) {
				(void)postfix_take_peer(&text, &out->peer);
			}
			return true;
		}
	}
	return false;
}

void postfix_reason_parse(struct view text, struct postfix_reason *out)
{
	*out = (struct postfix_reason){ .end = POSTFIX_END_OTHER };
	if (view_is(text, "Cannot start TLS: handshake failure")) {
		out->end = POSTFIX_END_HANDSHAKE;
	} else if (view_is(text, "Server certificate not verified") ||
	    view_is(text, "Server certificate not trusted")) {
		out->end = POSTFIX_END_UNVERIFIED;
	} else if (view_take(&text, "TLS is required, but ")) {
		parse_required(text, out);
	} else if (is_capability(text, out)) {
		out->end = POSTFIX_END_REACHED;
	} else {
		parse_server(text, out);
	}
	if (out->end == POSTFIX_END_OTHER) {
		out->peer = (struct postfix_peer){ 0 };
	}
}

void postfix_level_parse(struct view text, struct postfix_level *out)
{
	bool is_violated;
	bool is_undecided;
	size_t colon;

	*out = (struct postfix_level){ .says = POSTFIX_SAYS_NOTHING };
	/* REQUIRETLS may follow: "encrypt/requiretls" */
	text.len = view_index(text, '/');
	is_violated = view_take(&text, "!");
	is_undecided = text.len > 0 && text.s[text.len - 1] == '?';
	text.len -= is_undecided ? 1 : 0;
	colon = view_index(text, ':');
	out->name = view_make(text.s, colon);
	out->final = view_skip(text, colon < text.len ? colon + 1 : colon);
	if (out->name.len == 0) {
		return;
	}
	if (is_undecided) {
		out->says = POSTFIX_SAYS_UNDECIDED;
	} else if (is_violated) {
		out->says = POSTFIX_SAYS_VIOLATED;
	} else if (view_is(out->name, "none")) {
		out->says = POSTFIX_SAYS_OFF;
	} else if (view_is(out->final, "none")) {
		out->says = POSTFIX_SAYS_CLEAR;
	} else {
		out->says = POSTFIX_SAYS_ENCRYPTED;
	}
	if (view_is(out->name, "unknown")) {
		out->name.len = 0;
	}
}
