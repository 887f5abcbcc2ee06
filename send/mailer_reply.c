/* SPDX-License-Identifier: BSD-2-Clause */
/* mailer_reply.c - whose affair a refused recipient is */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "send/mailer_reply.h"

/* Cuts off what is of these characters. */
static struct view skip(struct view text, const char *set)
{
	size_t n = 0;

	while (n < text.len && ascii_is_one_of(text.s[n], set)) {
		n++;
	}
	return view_skip(text, n);
}

/* Cuts "<address>" off: in quotes a local part may hold a '>'. */
static struct view skip_address(struct view text)
{
	bool is_quoted = false;
	size_t i = 0;

	while (i < text.len && (is_quoted || text.s[i] != '>')) {
		if (text.s[i] == '"') {
			is_quoted = !is_quoted;
		}
		i += is_quoted && text.s[i] == '\\' ? 2 : 1;
	}
	return view_skip(text, i < text.len ? i : text.len);
}

/* Cuts a word off, in any case. */
static bool take_word(struct view *text, const char *word)
{
	size_t n = strlen(word);

	if (text->len < n ||
	    !view_is_nocase(view_make(text->s, n), view_of(word))) {
		return false;
	}
	*text = view_skip(*text, n);
	return true;
}

/*
 * Is it that we may not relay? The words are those of all MTAs, with 5.7.1 or
 * without, behind the address or alone; elsewhere in a text they may be what
 * another host has said, and in an address whatever its owner likes.
 */
static bool is_about_relaying(struct view text)
{
	text = skip(text, " -.0123456789");
	if (view_starts(text, "<")) {
		text = skip_address(text);
	}
	text = skip(text, ">.: ");
	if (!take_word(&text, "relay")) {
		return false;
	}
	(void)take_word(&text, "ing");
	return text.len == 0 || !ascii_is_one_of(text.s[0], "@._+-=");
}

enum attempt_end mailer_reply_end(struct view reply)
{
	unsigned long long code = 0;

	if (reply.len < 3 ||
	    view_number(view_make(reply.s, 3), 599, &code) != 0) {
		return ATTEMPT_OURS;
	}
	switch (code) {
	case 421: /* the server closes */
	case 530: /* authentication, RFC 4954 6; STARTTLS, RFC 3207 4 */
	case 534:
	case 535:
	case 538:
		return ATTEMPT_OURS;
	default:
		break;
	}
	if (code < 400 || is_about_relaying(view_skip(reply, 3))) {
		return ATTEMPT_OURS;
	}
	return code < 500 ? ATTEMPT_RETRY : ATTEMPT_REFUSED;
}
