/* SPDX-License-Identifier: BSD-2-Clause */
/* address.c - mail addresses as they may stand in a header of ours */

#include "config.h"

#include "common/address.h"
#include "common/ascii.h"
#include "common/domain.h"

bool address_is_dot_atom(struct view text)
{
	bool is_after_dot = true; /* none may lead, follow one, or end it */

	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '.' ? is_after_dot :
			       !ascii_is_alnum(c) &&
			    !ascii_is_one_of(c, "!#$%&'*+-/=?^_`{|}~")) {
			return false;
		}
		is_after_dot = c == '.';
	}
	return !is_after_dot;
}

bool address_is_quoted(struct view text)
{
	if (text.len < 2 || text.s[0] != '"' || text.s[text.len - 1] != '"') {
		return false;
	}
	for (size_t i = 1; i < text.len - 1; i++) {
		if (text.s[i] == '"' || !ascii_is_visible(text.s[i])) {
			return false;
		}
		if (text.s[i] == '\\' &&
		    (++i == text.len - 1 || !ascii_is_visible(text.s[i]))) {
			return false;
		}
	}
	return true;
}

bool address_is_safe(struct view text)
{
	size_t at = view_rindex(text, '@');
	struct view local = view_make(text.s, at);

	return at < text.len && text.len <= ADDRESS_MAX &&
	    (address_is_dot_atom(local) || address_is_quoted(local)) &&
	    domain_is_normal(view_skip(text, at + 1));
}

bool address_is_plain(struct view text, struct view domain)
{
	size_t at = view_rindex(text, '@');

	return address_is_safe(text) && text.s[0] != '"' &&
	    view_eq(view_skip(text, at + 1), domain);
}
