/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bounce_message.c - takes apart the mails that come back
 *
 * All of it is a stranger's text. Nothing is believed but a token, which he
 * cannot guess, so it may stand wherever MTAs put the recipient.
 */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/bounce_message.h"

enum {
	PARTS_MAX = 100, /* of a multipart */
	VALUE_MAX = 1000 /* octets of a field that are looked at, unfolded */
};

/* One field of a header, unfolded. */
struct field {
	struct view name;
	char value[VALUE_MAX + 1];
};

/* --- lines and fields --- */

/* Cuts a line off the front; its end is not part of it. */
static struct view take_line(struct view *text)
{
	size_t n = view_index(*text, '\n');
	struct view line = view_make(text->s, n);

	*text = view_skip(*text, n < text->len ? n + 1 : n);
	if (line.len > 0 && line.s[line.len - 1] == '\r') {
		line.len--;
	}
	return line;
}

static struct view trim(struct view v)
{
	while (v.len > 0 && ascii_is_wsp(v.s[0])) {
		v = view_skip(v, 1);
	}
	while (v.len > 0 && ascii_is_wsp(v.s[v.len - 1])) {
		v.len--;
	}
	return v;
}

static void add_value(struct field *f, size_t *len, struct view more)
{
	size_t n = more.len < VALUE_MAX - *len ? more.len : VALUE_MAX - *len;

	if (n > 0) {
		memcpy(f->value + *len, more.s, n);
		*len += n;
	}
	f->value[*len] = '\0';
}

/* The next field. False: an empty line, which is taken too, or the end. */
static bool take_field(struct view *text, struct field *f)
{
	struct view line = take_line(text);
	size_t colon = view_index(line, ':');
	size_t len = 0;

	if (line.len == 0) {
		return false;
	}
	f->name = trim(view_make(line.s, colon));
	add_value(f, &len,
	    trim(view_skip(line, colon < line.len ? colon + 1 : colon)));
	while (text->len > 0 && ascii_is_wsp(text->s[0])) {
		line = take_line(text);
		add_value(f, &len, view_of(" "));
		add_value(f, &len, trim(line));
	}
	return true;
}

static bool is_named(const struct field *f, const char *name)
{
	return view_is_nocase(f->name, view_of(name));
}

/* Does it begin with this word, with no regard to case? */
static bool starts_nocase(struct view v, const char *word)
{
	size_t n = strlen(word);

	return v.len >= n && view_is_nocase(view_make(v.s, n), view_of(word));
}

/* --- tokens --- */

bool bounce_message_token(struct view address, char token[ENVELOPE_TOKEN + 1])
{
	size_t at = view_rindex(address, '@');
	struct view local = view_make(address.s, at);
	struct bounce b;

	if (local.len > 1 && local.s[local.len - 1] == '"') {
		local.len--;
	}
	if (local.len < ENVELOPE_TOKEN + 2) {
		return false;
	}
	local = view_skip(local, local.len - ENVELOPE_TOKEN - 1);
	if (!ascii_is_one_of(local.s[0], "+-=_") ||
	    !bounce_set(&b, 0, view_skip(local, 1), view_of(""))) {
		return false;
	}
	memcpy(token, b.token, sizeof(b.token));
	return true;
}

/* Any address in a field: "a@b, <c@d> (e)". */
static void find_token(const struct field *f, struct bounce_message *out)
{
	struct view rest = view_of(f->value);

	while (rest.len > 0 && out->token[0] == '\0') {
		size_t n = 0;

		while (
		    n < rest.len && !ascii_is_one_of(rest.s[n], " \t,;<>()")) {
			n++;
		}
		(void)bounce_message_token(view_make(rest.s, n), out->token);
		rest = view_skip(rest, n < rest.len ? n + 1 : n);
	}
}

/* --- what became of it --- */

/* The fields of one recipient (RFC 3464 2.3); after it comes the next. */
static void read_recipient(struct view *text, struct bounce_message *out)
{
	struct view dsn;
	bool is_failed = false;
	struct field f;
	struct bounce b;
	char status[VALUE_MAX + 1] = "";

	while (take_field(text, &f)) {
		if (is_named(&f, "Action")) {
			dsn = view_of(f.value);
			dsn.len = view_index(dsn, ' ');
			is_failed = view_is_nocase(dsn, view_of("failed"));
		} else if (is_named(&f, "Status")) {
			memcpy(status, f.value, sizeof(status));
		}
	}
	if (!is_failed || out->is_failed) {
		return;
	}
	out->is_failed = true;
	dsn = view_of(status);
	dsn.len = view_index(dsn, ' ');
	/* only to check the code */
	if (bounce_set(
		&b, 0, view_of("00000000000000000000000000000000"), dsn)) {
		memcpy(out->dsn, b.dsn, sizeof(out->dsn));
	}
}

static void read_status(struct view text, struct bounce_message *out)
{
	while (text.len > 0) {
		read_recipient(&text, out);
	}
}

/* The header of the report that was returned. */
static void read_returned(struct view text, struct bounce_message *out)
{
	struct field f;

	while (out->token[0] == '\0' && take_field(&text, &f)) {
		if (is_named(&f, "Return-Path")) {
			find_token(&f, out);
		}
	}
}

/* --- parts --- */

/* boundary= of a Content-Type (RFC 2046 5.1.1); "" where there is none. */
static struct view boundary_of(const char *value)
{
	struct view rest = view_of(value);
	struct view out;

	while (rest.len > 0 && !starts_nocase(rest, "boundary=")) {
		size_t n = view_index(rest, ';');

		rest = trim(view_skip(rest, n < rest.len ? n + 1 : n));
	}
	if (rest.len == 0) {
		return rest;
	}
	out = view_skip(rest, sizeof("boundary=") - 1);
	if (view_take(&out, "\"")) {
		return view_make(out.s, view_index(out, '"'));
	}
	out.len = view_index(out, ';');
	return trim(out);
}

/* Is it the line before a part, or the one behind the last? */
static bool is_boundary(struct view line, struct view boundary)
{
	if (!view_take(&line, "--") || line.len < boundary.len ||
	    !view_eq(view_make(line.s, boundary.len), boundary)) {
		return false;
	}
	line = view_skip(line, boundary.len);
	(void)view_take(&line, "--");
	return trim(line).len == 0;
}

/* What stands up to the next boundary, which is taken too. */
static struct view take_part(struct view *text, struct view boundary)
{
	const char *begin = text->s;
	const char *end = begin;

	while (text->len > 0) {
		struct view line = take_line(text);

		if (is_boundary(line, boundary)) {
			break;
		}
		end = text->s;
	}
	return view_make(begin, (size_t)(end - begin));
}

static void read_part(struct view part, struct bounce_message *out)
{
	bool is_status = false;
	bool is_returned = false;
	struct field f;

	while (take_field(&part, &f)) {
		struct view type = view_of(f.value);

		if (!is_named(&f, "Content-Type")) {
			continue;
		}
		/* RFC 6533 has the same for addresses of UTF-8 */
		is_status = starts_nocase(type, "message/delivery-status") ||
		    starts_nocase(type, "message/global-delivery-status");
		is_returned = starts_nocase(type, "message/rfc822") ||
		    starts_nocase(type, "message/global") ||
		    starts_nocase(type, "text/rfc822-headers");
	}
	if (is_status) {
		read_status(part, out);
	} else if (is_returned) {
		read_returned(part, out);
	}
}

/* Where MTAs put the address that a mail was delivered to. */
static bool is_recipient(const struct field *f)
{
	static const char *const names[] = { "To", "Delivered-To",
		"X-Original-To", "Envelope-To", "X-Envelope-To" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (is_named(f, names[i])) {
			return true;
		}
	}
	return false;
}

void bounce_message_parse(struct view text, struct bounce_message *out)
{
	char type[VALUE_MAX + 1] = "";
	struct view boundary;
	struct field f;

	*out = (struct bounce_message){ .token = "" };
	text.len =
	    text.len < BOUNCE_MESSAGE_MAX ? text.len : BOUNCE_MESSAGE_MAX;
	while (take_field(&text, &f)) {
		if (is_recipient(&f)) {
			find_token(&f, out);
		} else if (is_named(&f, "Content-Type")) {
			memcpy(type, f.value, sizeof(type));
		}
	}
	boundary = boundary_of(type);
	if (boundary.len == 0 || !starts_nocase(view_of(type), "multipart/")) {
		return;
	}
	(void)take_part(&text, boundary); /* its preamble */
	for (int i = 0; i < PARTS_MAX && text.len > 0; i++) {
		read_part(take_part(&text, boundary), out);
	}
}
