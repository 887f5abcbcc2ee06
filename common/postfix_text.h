/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POSTFIX_TEXT_H
#define COMMON_POSTFIX_TEXT_H

#include <stdbool.h>

#include "common/view.h"

/*
 * The pieces that Postfix's log lines are made of. All views borrow the text.
 */

/* A server: "mx.example[192.0.2.1]:25", "host[private/lmtp]", "[addr]:25" */
struct postfix_peer {
	struct view name; /* as the MX record or the next hop says it */
	struct view addr; /* what stands in the brackets */
	unsigned port;    /* 0: not told */
};

/* How it ended with one server, by the text that says why. */
enum postfix_end {
	POSTFIX_END_OTHER,       /* nothing is said of TLS */
	POSTFIX_END_HANDSHAKE,   /* Cannot start TLS: handshake failure */
	POSTFIX_END_UNVERIFIED,  /* Server certificate not verified, trusted */
	POSTFIX_END_NOT_OFFERED, /* TLS is required, but was not offered */
	POSTFIX_END_REFUSED,     /* TLS is required, but host refused: code */
	POSTFIX_END_LOST,        /* connection lost instead of a reply to
	                            STARTTLS */
	POSTFIX_END_TIMEOUT,     /* no reply to STARTTLS */
	POSTFIX_END_OURS,        /* our own TLS is not available */
	POSTFIX_END_REACHED,     /* a mail transaction was possible */
	POSTFIX_END_BROKEN,      /* the connection was lost in one */
};

struct postfix_reason {
	enum postfix_end end;
	struct postfix_peer peer; /* the server, where the text names it */
	unsigned code;            /* POSTFIX_END_REFUSED: of the reply, or 0 */
};

/* What tls= says (3.11 and later), of the TLS level alone. */
enum postfix_says {
	POSTFIX_SAYS_NOTHING,   /* there is no tls= */
	POSTFIX_SAYS_OFF,       /* our own level is "none" */
	POSTFIX_SAYS_CLEAR,     /* sent in clear, as the level allows */
	POSTFIX_SAYS_UNDECIDED, /* it did not come to that */
	POSTFIX_SAYS_VIOLATED,  /* the level was not reached */
	POSTFIX_SAYS_ENCRYPTED, /* with TLS, as the level demands */
};

struct postfix_level {
	enum postfix_says says;
	struct view name;  /* "may", "dane", ...; "" if Postfix did not know */
	struct view final; /* what was left of it, "" for all */
};

/*
 * Cuts what stands before the first occurrence of a mark off the front, and
 * the mark. False, and nothing is cut, when there is no mark.
 */
bool postfix_take_before(struct view *text, const char *mark, struct view *out);

/* Cuts a server off the front. False, and nothing is cut, when there is none.
 */
bool postfix_take_peer(struct view *text, struct postfix_peer *out);

/*
 * Cuts "<address>, " off the front. Since Postfix 3.5 a local part is a dot
 * string or quoted: then there is one end, and *is_exact is true. Before, and
 * with info_log_addr_form=internal, it stands there as it is, and the end
 * cannot be told for certain.
 */
bool postfix_take_address(
    struct view *text, struct view *address, bool *is_exact);

/* Reads why it ended with a server. Never fails. */
void postfix_reason_parse(struct view text, struct postfix_reason *out);

/* Reads the value of tls=: "may", "!dane", "may:none", "secure?". Never fails.
 */
void postfix_level_parse(struct view text, struct postfix_level *out);

#endif
