/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope.c - the envelope senders of our reports, made and recognised
 *
 * Whoever delivers a report sees its sender, and so can write one like it.
 * That is why nothing but 128 random bits says which report came back.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/envelope.h"
#include "common/err.h"

char envelope_delimiter(const struct conf *c)
{
	const char *const *words =
	    conf_key_find("recipient-delimiter")->choices;

	if (c->recipient_delimiter == 0) {
		return '\0';
	}
	return words[c->recipient_delimiter][0];
}

bool envelope_has_room(const struct conf *c)
{
	struct view own = view_of(c->envelope_from);

	return c->recipient_delimiter == 0 ||
	    view_rindex(own, '@') <= ENVELOPE_LOCAL;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

bool envelope_is_token(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_hex(text.s[i])) {
			return false;
		}
	}
	return text.len == ENVELOPE_TOKEN;
}

int envelope_sender(
    const struct conf *c, const char *token, char *out, size_t size)
{
	char delimiter = envelope_delimiter(c);
	struct view own = view_of(c->envelope_from);
	size_t at = view_rindex(own, '@');
	int n;

	out[0] = '\0';
	if (at == own.len) {
		return ERR_CONFIG;
	}
	if (delimiter == '\0' || token == NULL) {
		return view_copy(own, out, size) ? 0 : ERR_FULL;
	}
	if (!envelope_is_token(view_of(token))) {
		return ERR_PARSE;
	}
	if (!envelope_has_room(c)) {
		return ERR_FULL;
	}
	n = snprintf(out, size, "%.*s%c%s%s", (int)at, own.s, delimiter, token,
	    own.s + at);
	if (n < 0 || (size_t)n >= size) {
		out[0] = '\0';
		return ERR_FULL;
	}
	return 0;
}

/* What stands behind own and a delimiter: what needs no quotes. */
static bool is_extension(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (!ascii_is_alnum(v.s[i]) &&
		    !ascii_is_one_of(v.s[i], "!#$%&'*+-/=?^_`{|}~.")) {
			return false;
		}
	}
	return true;
}

/* Quotes that nothing needs: RFC 5321 4.1.2 asks to leave them out. */
static struct view unquoted(struct view local)
{
	if (local.len >= 2 && local.s[0] == '"' &&
	    local.s[local.len - 1] == '"') {
		return view_make(local.s + 1, local.len - 2);
	}
	return local;
}

/* *extension is empty for own itself. */
static bool take_own(const char *own_address, char delimiter,
    struct view address, struct view *extension)
{
	struct view own = view_of(own_address);
	size_t own_at = view_rindex(own, '@');
	size_t at = view_rindex(address, '@');
	struct view local = unquoted(view_make(address.s, at));

	if (own_at == own.len || at == address.len || local.len < own_at ||
	    !view_is_nocase(view_skip(own, own_at), view_skip(address, at)) ||
	    !view_is_nocase(
		view_make(own.s, own_at), view_make(local.s, own_at))) {
		return false;
	}
	*extension = view_skip(local, own_at);
	if (extension->len == 0) {
		return true;
	}
	if (extension->s[0] != '+' &&
	    (delimiter == '\0' || extension->s[0] != delimiter)) {
		return false;
	}
	*extension = view_skip(*extension, 1);
	return is_extension(*extension);
}

bool envelope_is_own(const char *own, char delimiter, struct view address)
{
	struct view extension;

	return take_own(own, delimiter, address, &extension);
}

bool envelope_token(
    const char *own, char delimiter, struct view address, struct view *token)
{
	return take_own(own, delimiter, address, token) &&
	    envelope_is_token(*token);
}
