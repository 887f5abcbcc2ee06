/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmail_text.c - the escapes and the address lists of Sendmail's log text */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/sendmail_text.h"

bool sendmail_take_before(struct view *text, const char *mark, struct view *out)
{
	size_t n = view_find(*text, mark);

	if (n == text->len) {
		return false;
	}
	*out = view_make(text->s, n);
	*text = view_skip(*text, n + strlen(mark));
	return true;
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' &&
	    s[2] >= '0' && s[2] <= '7';
}

/* Length of the first byte of a text as it was logged: 1, 2 or 4. */
static size_t escape_length(struct view text)
{
	if (text.s[0] != '\\' || text.len < 2) {
		return 1;
	}
	if (ascii_is_one_of(text.s[1], "\\tnr")) {
		return 2;
	}
	return text.len >= 4 && is_octal(text.s + 1) ? 4 : 1;
}

/*
 * Length of the first unit of an address: a byte, or a backslash with the
 * byte that it protects. is_log: the address is still escaped.
 */
static size_t unit_length(struct view text, bool is_log)
{
	size_t n = is_log ? escape_length(text) : 1;

	/* a backslash, doubled or not: 't' of "\t" is none */
	if (text.s[0] == '\\' && text.s[n - 1] == '\\' && n < text.len) {
		text = view_skip(text, n);
		n += is_log ? escape_length(text) : 1;
	}
	return n;
}

static char escaped_byte(const char *s)
{
	switch (s[1]) {
	case 't':
		return '\t';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	default:
		return s[1];
	}
}

size_t sendmail_unescape(struct view text, char *out, size_t size)
{
	size_t n = 0;

	while (text.len > 0 && n < size) {
		const char *s = text.s;
		size_t len = escape_length(text);

		if (len == 4) {
			out[n++] = (char)((s[1] - '0') << 6 |
			    (s[2] - '0') << 3 | (s[3] - '0'));
		} else if (len == 2) {
			out[n++] = escaped_byte(s);
		} else {
			out[n++] = s[0];
		}
		text = view_skip(text, len);
	}
	return n;
}

/* Length of the address at the front: up to an unquoted stop byte. */
static size_t address_length(struct view text, char stop, bool is_log)
{
	bool quoted = false;
	size_t i = 0;

	while (i < text.len) {
		if (text.s[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && text.s[i] == stop) {
			return i;
		}
		i += unit_length(view_skip(text, i), is_log);
	}
	return text.len;
}

size_t sendmail_rcpts_length(struct view text)
{
	size_t at = 0;

	for (;;) {
		struct view rest = view_skip(text, at);
		size_t n;

		if (view_starts(rest, "<")) {
			n = address_length(view_skip(rest, 1), '>', true) + 2;
		} else {
			n = address_length(rest, ',', true);
		}
		if (n >= rest.len) {
			return text.len;
		}
		at += n;
		rest = view_skip(text, at);
		if (!view_starts(rest, ",") || view_starts(rest, ", ")) {
			return at;
		}
		at++;
	}
}

bool sendmail_next_rcpt(struct view *list, struct view *address)
{
	size_t n;

	if (list->len == 0) {
		return false;
	}
	if (view_take(list, "<")) {
		n = address_length(*list, '>', false);
		*address = view_make(list->s, n);
		*list = view_skip(*list, n < list->len ? n + 1 : n);
	} else {
		n = address_length(*list, ',', false);
		*address = view_make(list->s, n);
		*list = view_skip(*list, n);
	}
	(void)view_take(list, ",");
	return true;
}
