/* SPDX-License-Identifier: BSD-2-Clause */
/* mailer_reply.c - whose affair a refused recipient is */

#include "config.h"

#include "send/mailer_reply.h"

/* Does it say so of something else than of the address itself? */
static bool says_relay(struct view text, struct view to)
{
	static const char relay[] = "relay";
	size_t n = sizeof(relay) - 1;

	for (size_t i = 0; i + n <= text.len; i++) {
		struct view rest = view_skip(text, i);

		if (to.len > 0 && rest.len >= to.len &&
		    view_is_nocase(view_make(rest.s, to.len), to)) {
			i += to.len - 1;
		} else if (view_is_nocase(
			       view_make(rest.s, n), view_of(relay))) {
			return true;
		}
	}
	return false;
}

enum attempt_end mailer_reply_end(struct view reply, struct view to)
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
	/* with every code there is, and with 5.7.1 or without */
	if (code < 400 || says_relay(view_skip(reply, 3), to)) {
		return ATTEMPT_OURS;
	}
	return code < 500 ? ATTEMPT_RETRY : ATTEMPT_REFUSED;
}
