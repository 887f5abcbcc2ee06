/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_text.c - the grammar of the records at _smtp._tls and _mta-sts
 *
 * Whoever owns a domain that we send mail to writes these texts. They are
 * taken by their grammar, to the letter.
 */

#include "config.h"

#include "common/ascii.h"
#include "common/record_text.h"

enum {
	NAME_MAX_LEN = 32 /* octets of an extension's name (R15) */
};

char record_text_peek(const struct record_text *r)
{
	if (r->at < r->text.len) {
		return r->text.s[r->at];
	}
	return '\0';
}

struct view record_text_rest(const struct record_text *r)
{
	return view_skip(r->text, r->at);
}

void record_text_skip_wsp(struct record_text *r)
{
	while (ascii_is_wsp(record_text_peek(r))) {
		r->at++;
	}
}

/* The version, then *WSP ";" */
static bool is_record(struct view text, const char *version)
{
	if (!view_take(&text, version)) {
		return false;
	}
	while (text.len > 0 && ascii_is_wsp(text.s[0])) {
		text = view_skip(text, 1);
	}
	return text.len > 0 && text.s[0] == ';';
}

enum record_text_found record_text_begin(struct record_text *r,
    const struct view *texts, size_t n, const char *version)
{
	const struct view *found = NULL;

	*r = (struct record_text){ 0 };
	for (size_t i = 0; i < n; i++) {
		if (!is_record(texts[i], version)) {
			continue;
		}
		if (found != NULL) {
			return RECORD_TEXT_SEVERAL;
		}
		found = &texts[i];
	}
	if (found == NULL) {
		return RECORD_TEXT_NONE;
	}
	r->text = *found;
	r->at = strlen(version);
	if (found->len > RECORD_TEXT_MAX) {
		r->at = RECORD_TEXT_MAX;
		r->error = "expected the end: the text is too long";
	}
	return RECORD_TEXT_ONE;
}

bool record_text_next(struct record_text *r)
{
	if (r->error != NULL || r->at == r->text.len) {
		return false;
	}
	record_text_skip_wsp(r);
	if (record_text_peek(r) != ';') {
		r->error = "expected ';'";
		return false;
	}
	r->at++;
	record_text_skip_wsp(r);
	return r->at < r->text.len;
}

void record_text_extension(struct record_text *r)
{
	size_t start = r->at;

	while (ascii_is_alnum(record_text_peek(r)) ||
	    (r->at > start && ascii_is_one_of(record_text_peek(r), "_-."))) {
		r->at++;
	}
	if (r->at == start) {
		r->error = "expected a field: name=value";
		return;
	}
	if (r->at - start > NAME_MAX_LEN) {
		r->at = start + NAME_MAX_LEN;
		r->error = "expected a name of at most 32 characters";
		return;
	}
	if (record_text_peek(r) != '=') {
		r->error = "expected '=' after the name of the field";
		return;
	}
	start = ++r->at;
	while (ascii_is_visible(record_text_peek(r)) &&
	    !ascii_is_one_of(record_text_peek(r), ";=")) {
		r->at++;
	}
	if (r->at == start) {
		r->error = "expected a value";
	}
}
