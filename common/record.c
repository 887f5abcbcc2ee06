/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.c - the TLSRPT record of a policy domain
 *
 * Whoever owns a domain that we send mail to writes this text. It is taken
 * by its grammar (RFC 8460 3), to the letter.
 */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/record.h"
#include "common/record_uri.h"

enum {
	EXT_NAME_MAX = 32 /* octets of an extension's name (R15) */
};

static const char version[] = "v=TLSRPTv1";

static bool is_known(const struct record *r, const struct record_rua *rua)
{
	for (size_t i = 0; i < r->n_rua; i++) {
		if (r->rua[i].kind == rua->kind &&
		    strcmp(r->rua[i].target, rua->target) == 0) {
			return true;
		}
	}
	return false;
}

static void add_uri(struct record *r, struct view uri)
{
	struct record_rua rua;

	if (!record_uri_parse(uri, &rua) || is_known(r, &rua) ||
	    r->n_rua == RECORD_RUAS) {
		r->ignored++;
		return;
	}
	r->rua[r->n_rua++] = rua;
}

/* Where we are in the text; error is sticky. */
struct cursor {
	struct view text;
	size_t at;
	const char *error;
};

static char peek(const struct cursor *c)
{
	if (c->at < c->text.len) {
		return c->text.s[c->at];
	}
	return '\0'; /* in no part of the grammar, so it can mean "the end" */
}

static bool at_end(const struct cursor *c)
{
	return c->at == c->text.len;
}

static void skip_wsp(struct cursor *c)
{
	while (ascii_is_wsp(peek(c))) {
		c->at++;
	}
}

/* tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri) */
static void parse_rua(struct cursor *c, struct record *r)
{
	for (;;) {
		struct view rest = view_skip(c->text, c->at);
		size_t n = 0;

		while (n < rest.len && ascii_is_visible(rest.s[n]) &&
		    rest.s[n] != ',' && rest.s[n] != ';') {
			n++;
		}
		if (n == 0) {
			c->error = "expected a URI";
			return;
		}
		add_uri(r, view_make(rest.s, n));
		c->at += n;

		n = c->at;
		skip_wsp(c);
		if (peek(c) != ',') {
			c->at = n; /* the blanks belong to the delimiter */
			return;
		}
		c->at++;
		skip_wsp(c);
	}
}

/* tlsrpt-ext-name "=" tlsrpt-ext-value (R15): skipped (R16) */
static void parse_extension(struct cursor *c)
{
	size_t start = c->at;

	while (ascii_is_alnum(peek(c)) ||
	    (c->at > start && ascii_is_one_of(peek(c), "_-."))) {
		c->at++;
	}
	if (c->at == start) {
		c->error = "expected a field: name=value";
		return;
	}
	if (c->at - start > EXT_NAME_MAX) {
		c->at = start + EXT_NAME_MAX;
		c->error = "expected a name of at most 32 characters";
		return;
	}
	if (peek(c) != '=') {
		c->error = "expected '=' after the name of the field";
		return;
	}
	start = ++c->at;
	while (ascii_is_visible(peek(c)) && !ascii_is_one_of(peek(c), ";=")) {
		c->at++;
	}
	if (c->at == start) {
		c->error = "expected a value";
	}
}

/*
 * What follows the version: 1*(field-delim tlsrpt-field) [field-delim].
 * "rua=" always begins a rua field, though "rua" is a name that the grammar
 * of extensions allows too.
 */
static void parse_fields(struct cursor *c, struct record *r)
{
	bool has_rua = false;

	while (c->error == NULL && !at_end(c)) {
		struct view rest;

		skip_wsp(c);
		if (peek(c) != ';') {
			c->error = "expected ';'";
			return;
		}
		c->at++;
		skip_wsp(c);
		if (at_end(c)) {
			break;
		}
		rest = view_skip(c->text, c->at);
		if (view_take(&rest, "rua=")) {
			c->at += 4;
			has_rua = true;
			parse_rua(c, r);
		} else {
			parse_extension(c);
		}
	}
	if (c->error == NULL && !has_rua) {
		c->error = "expected a field rua="; /* R14 */
	}
}

static void parse_text(struct view text, struct record *r)
{
	struct cursor c = { text, sizeof(version) - 1, NULL };

	if (text.len > RECORD_TEXT_MAX) {
		c.at = RECORD_TEXT_MAX;
		c.error = "expected the end: the text is too long";
	} else {
		parse_fields(&c, r);
	}
	if (c.error != NULL) {
		*r = (struct record){ .status = RECORD_SYNTAX,
			.error_at = c.at,
			.error = c.error };
	} else {
		r->status = r->n_rua > 0 ? RECORD_VALID : RECORD_NO_RUA;
	}
}

/* R17, R18: the version, then *WSP ";" */
static bool is_record(struct view text)
{
	if (!view_take(&text, version)) {
		return false;
	}
	while (text.len > 0 && ascii_is_wsp(text.s[0])) {
		text = view_skip(text, 1);
	}
	return text.len > 0 && text.s[0] == ';';
}

void record_parse(const struct view *texts, size_t n, struct record *out)
{
	const struct view *found = NULL;

	*out = (struct record){ .status = RECORD_NONE };
	for (size_t i = 0; i < n; i++) {
		if (!is_record(texts[i])) {
			continue;
		}
		if (found != NULL) {
			out->status = RECORD_SEVERAL;
			return;
		}
		found = &texts[i];
	}
	if (found != NULL) {
		parse_text(*found, out);
	}
}

const char *record_status_word(enum record_status s)
{
	switch (s) {
	case RECORD_VALID:
		return "valid";
	case RECORD_NONE:
		return "none";
	case RECORD_SEVERAL:
		return "several";
	case RECORD_SYNTAX:
		return "syntax";
	case RECORD_NO_RUA:
		return "no-rua";
	}
	return "unknown";
}
