/* SPDX-License-Identifier: BSD-2-Clause */
/* json_indent.c - JSON text for people */

#include "config.h"

#include "tool/json_indent.h"

enum {
	DEPTH = 32
};

static void new_line(struct strbuf *out, unsigned margin, unsigned depth)
{
	strbuf_addc(out, '\n');
	for (unsigned i = 0; i < margin + 2 * depth; i++) {
		strbuf_addc(out, ' ');
	}
}

/* Copies a string with its quotes; returns its length in the text. */
static size_t copy_string(struct view json, struct strbuf *out)
{
	size_t at = 1;

	strbuf_addc(out, '"');
	while (at < json.len && json.s[at] != '"') {
		unsigned char c = (unsigned char)json.s[at];
		unsigned char next =
		    at + 1 < json.len ? (unsigned char)json.s[at + 1] : 0;

		if (c == '\\' && at + 1 < json.len) {
			strbuf_add(out, json.s + at, 2);
			at += 2;
		} else if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
			strbuf_addf(out, "\\u%04x", (unsigned)next);
			at += 2;
		} else if (c < 0x20 || c == 0x7f) {
			strbuf_addf(out, "\\u%04x", (unsigned)c);
			at++;
		} else {
			strbuf_addc(out, (char)c);
			at++;
		}
	}
	strbuf_addc(out, '"');
	return at < json.len ? at + 1 : at;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The offset of the next octet that is no blank. */
static size_t skip_blanks(struct view json, size_t at)
{
	while (at < json.len && is_blank(json.s[at])) {
		at++;
	}
	return at;
}

/* Begins an object or a list; returns where its contents begin. */
static size_t begin(struct view json, size_t at, unsigned margin,
    unsigned *depth, struct strbuf *out)
{
	size_t next = skip_blanks(json, at + 1);

	strbuf_addc(out, json.s[at]);
	if (next < json.len && (json.s[next] == '}' || json.s[next] == ']')) {
		strbuf_addc(out, json.s[next]);
		return next + 1;
	}
	*depth += *depth < DEPTH;
	new_line(out, margin, *depth);
	return next;
}

/* A number, a word, a mark; what is no JSON must not reach a terminal. */
static void add_other(struct strbuf *out, char c)
{
	if (c > ' ' && c < 0x7f) {
		strbuf_addc(out, c);
	} else {
		strbuf_addc(out, '?');
	}
	if (c == ':') {
		strbuf_addc(out, ' ');
	}
}

void json_indent(struct view json, unsigned margin, struct strbuf *out)
{
	unsigned depth = 0;
	size_t at = skip_blanks(json, 0);

	new_line(out, margin, 0);
	while (at < json.len) {
		char c = json.s[at];

		if (c == '"') {
			at += copy_string(view_skip(json, at), out);
		} else if (c == '{' || c == '[') {
			at = begin(json, at, margin, &depth, out);
		} else if (c == '}' || c == ']') {
			depth -= depth > 0;
			new_line(out, margin, depth);
			strbuf_addc(out, c);
			at++;
		} else {
			add_other(out, c);
			at++;
			if (c == ',') {
				new_line(out, margin, depth);
			}
		}
		at = skip_blanks(json, at);
	}
}
