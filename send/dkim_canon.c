/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_canon.c - the canonical form of what a DKIM signature is made of */

#include "config.h"

#include "common/ascii.h"
#include "send/dkim_canon.h"

/* Offset behind the first line end; the length when there is none. */
static size_t line_len(struct view text)
{
	size_t at = view_find(text, "\r\n");

	return at < text.len ? at + 2 : text.len;
}

bool dkim_canon_next(struct view *message, struct view *field)
{
	size_t len = line_len(*message);

	if (len == 0) {
		return false;
	}
	if (view_starts(*message, "\r\n")) {
		*message = view_skip(*message, 2);
		return false;
	}
	while (len < message->len && ascii_is_wsp(message->s[len])) {
		len += line_len(view_skip(*message, len));
	}
	*field = view_make(message->s, len);
	*message = view_skip(*message, len);
	return true;
}

struct view dkim_canon_name(struct view field)
{
	size_t len = view_index(field, ':');

	if (len == field.len) {
		return view_make(NULL, 0);
	}
	while (len > 0 && ascii_is_wsp(field.s[len - 1])) {
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		if (!ascii_is_visible(field.s[i])) {
			return view_make(NULL, 0);
		}
	}
	return view_make(field.s, len);
}

size_t dkim_canon_count(struct view message, const char *name)
{
	struct view field;
	size_t n = 0;

	while (dkim_canon_next(&message, &field)) {
		n += view_is_nocase(dkim_canon_name(field), view_of(name));
	}
	return n;
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/* Appends a text without its line ends; blanks become one, none at its end
   and, of a field's value, none at its beginning. */
static void add_value(struct view text, struct strbuf *out)
{
	bool is_begun = false;
	bool is_blank = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (is_line_end(c)) {
			continue;
		}
		if (ascii_is_wsp(c)) {
			is_blank = true;
			continue;
		}
		if (is_blank && is_begun) {
			strbuf_addc(out, ' ');
		}
		strbuf_addc(out, c);
		is_begun = true;
		is_blank = false;
	}
}

void dkim_canon_field(struct view field, struct strbuf *out)
{
	struct view name = dkim_canon_name(field);

	if (name.len == 0) {
		return;
	}
	for (size_t i = 0; i < name.len; i++) {
		strbuf_addc(out, ascii_lower(name.s[i]));
	}
	strbuf_addc(out, ':');
	add_value(view_skip(field, view_index(field, ':') + 1), out);
	strbuf_adds(out, "\r\n");
}

/* The field number n, from 0, of a name. */
static bool find_field(
    struct view message, const char *name, size_t n, struct view *out)
{
	while (dkim_canon_next(&message, out)) {
		if (view_is_nocase(dkim_canon_name(*out), view_of(name)) &&
		    n-- == 0) {
			return true;
		}
	}
	return false;
}

void dkim_canon_fields(
    struct view message, const char *const *names, struct strbuf *out)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		size_t n = dkim_canon_count(message, names[i]);
		struct view field;

		for (size_t j = 0; j < i && n > 0; j++) {
			n -= view_is_nocase(
			    view_of(names[i]), view_of(names[j]));
		}
		if (n > 0 && find_field(message, names[i], n - 1, &field)) {
			dkim_canon_field(field, out);
		}
	}
}

/* Without line end, and without blanks before it. */
static struct view trim_line(struct view line)
{
	if (line.len >= 2 && line.s[line.len - 2] == '\r' &&
	    line.s[line.len - 1] == '\n') {
		line.len -= 2;
	}
	while (line.len > 0 && ascii_is_wsp(line.s[line.len - 1])) {
		line.len--;
	}
	return line;
}

/* Appends a trimmed line; blanks become one. */
static void add_line(struct view line, struct strbuf *out)
{
	size_t i = 0;

	while (i < line.len) {
		size_t begin = i;

		while (i < line.len && !ascii_is_wsp(line.s[i])) {
			i++;
		}
		strbuf_add(out, line.s + begin, i - begin);
		if (i < line.len) {
			strbuf_addc(out, ' ');
		}
		while (i < line.len && ascii_is_wsp(line.s[i])) {
			i++;
		}
	}
}

void dkim_canon_body(struct view body, struct strbuf *out)
{
	size_t n_empty = 0; /* lines that count only if another follows */

	while (body.len > 0 && !out->failed) {
		size_t len = line_len(body);
		struct view line = trim_line(view_make(body.s, len));

		body = view_skip(body, len);
		if (line.len == 0) {
			n_empty++;
			continue;
		}
		for (; n_empty > 0; n_empty--) {
			strbuf_adds(out, "\r\n");
		}
		add_line(line, out);
		strbuf_adds(out, "\r\n");
	}
}
