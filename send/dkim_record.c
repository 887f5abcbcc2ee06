/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_record.c - keys as they are published in the DNS */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/base64.h"
#include "common/err.h"
#include "send/dkim_record.h"

enum {
	KEY_BUF = 1024,  /* bytes of the longest key */
	TEXT_BUF = 2048, /* and of its base64 */
	RSA_KEY_MIN = 64
};

static bool is_blank(char c)
{
	return ascii_is_wsp(c) || c == '\r' || c == '\n';
}

static struct view trim(struct view v)
{
	while (v.len > 0 && is_blank(v.s[0])) {
		v = view_skip(v, 1);
	}
	while (v.len > 0 && is_blank(v.s[v.len - 1])) {
		v.len--;
	}
	return v;
}

/* Cuts off the part before the separator, trimmed. False at the end. */
static bool next_part(struct view *rest, char separator, struct view *out)
{
	size_t len = view_index(*rest, separator);

	if (rest->s == NULL) {
		return false;
	}
	*out = trim(view_make(rest->s, len));
	*rest =
	    len < rest->len ? view_skip(*rest, len + 1) : view_make(NULL, 0);
	return true;
}

/* Is it one of a list with colons? */
static bool has_word(struct view list, const char *word)
{
	struct view part;

	while (next_part(&list, ':', &part)) {
		if (view_is_nocase(part, view_of(word))) {
			return true;
		}
	}
	return false;
}

static void set_tag(
    struct dkim_record *r, struct view name, struct view value, bool *has_key)
{
	if (view_is(name, "k")) {
		r->type = value;
	} else if (view_is(name, "p")) {
		r->key = value;
		*has_key = true;
	} else if (view_is(name, "s")) {
		r->is_list = view_index(value, ':') < value.len;
		r->is_email = has_word(value, "*") || has_word(value, "email");
		r->is_tlsrpt =
		    has_word(value, "*") || has_word(value, "tlsrpt");
	} else if (view_is(name, "h")) {
		r->is_sha256 = has_word(value, "sha256");
	} else if (view_is(name, "t")) {
		r->is_testing = has_word(value, "y");
	}
}

int dkim_record_parse(struct view text, struct dkim_record *out)
{
	struct view tag;
	bool has_key = false;

	*out = (struct dkim_record){ .type = view_of("rsa"),
		.key = view_of(""),
		.is_email = true,
		.is_tlsrpt = true,
		.is_sha256 = true };
	while (next_part(&text, ';', &tag)) {
		size_t at = view_index(tag, '=');
		struct view name = trim(view_make(tag.s, at));

		if (tag.len == 0) {
			continue;
		}
		if (at == tag.len || name.len == 0) {
			return ERR_PARSE;
		}
		tag = trim(view_skip(tag, at + 1));
		if (view_is(name, "v") && !view_is(tag, "DKIM1")) {
			return ERR_PARSE;
		}
		set_tag(out, name, tag, &has_key);
	}
	return has_key ? 0 : ERR_PARSE;
}

/* The bytes of a p=, or ERR_PARSE or ERR_FULL. */
static int decode(struct view key, char out[KEY_BUF])
{
	char text[TEXT_BUF];
	size_t n = 0;

	for (size_t i = 0; i < key.len; i++) {
		if (is_blank(key.s[i])) {
			continue;
		}
		if (n == sizeof(text)) {
			return ERR_FULL;
		}
		text[n++] = key.s[i];
	}
	return base64_decode(view_make(text, n), out, KEY_BUF);
}

bool dkim_record_has(const struct dkim_record *r, struct view public_key)
{
	char theirs[KEY_BUF];
	char ours[KEY_BUF];
	int n_theirs = decode(r->key, theirs);
	int n_ours = decode(public_key, ours);

	if (n_theirs <= 0 || n_ours <= 0) {
		return false;
	}
	if (n_theirs == n_ours) {
		return memcmp(theirs, ours, (size_t)n_ours) == 0;
	}
	/* an RSAPublicKey is the end of a SubjectPublicKeyInfo */
	return n_theirs >= RSA_KEY_MIN && n_theirs < n_ours &&
	    memcmp(theirs, ours + (n_ours - n_theirs), (size_t)n_theirs) == 0;
}
