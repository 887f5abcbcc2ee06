/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_postfix_line.c - the input is a service, a line end, and a message
 *
 * Beyond memory errors: all that comes out is a part of the message, and what
 * a server says at the end of a line changes no field before it.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/postfix_line.h"
#include "tests/fuzz/fuzz.h"

static void check_part(struct view part, struct view whole)
{
	if (part.len > 0 &&
	    (part.s < whole.s || part.s + part.len > whole.s + whole.len)) {
		abort();
	}
}

static void check_parts(const struct postfix_line *l, struct view msg)
{
	struct postfix_level level;

	postfix_level_parse(l->tls, &level);

	const struct view parts[] = { l->qid, l->peer.name, l->peer.addr,
		l->version, l->text, l->domain, l->type, l->detail, l->address,
		l->reason.peer.name, l->reason.peer.addr, l->session, l->tls,
		level.name, level.final };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		check_part(parts[i], msg);
	}
	if (l->peer.port > 65535 || l->reason.code > 599) {
		abort();
	}
}

static bool is_same_peer(
    const struct postfix_peer *a, const struct postfix_peer *b)
{
	return view_eq(a->name, b->name) && view_eq(a->addr, b->addr) &&
	    a->port == b->port;
}

/* A reply is at the end of its line, in brackets. */
static void check_reply(
    struct view service, struct view msg, const struct postfix_line *l)
{
	static const char more[] =
	    " x, tls=secure, conn_use=9, status=sent (250 >, relay=x[1]:25)";
	struct postfix_line other;
	char *s;

	if (l->kind != POSTFIX_TO || l->reason.end != POSTFIX_END_REACHED ||
	    l->is_rcpt_reply) {
		return;
	}
	s = malloc(msg.len + sizeof(more));
	if (s == NULL) {
		return;
	}
	memcpy(s, msg.s, msg.len - 1);
	memcpy(s + msg.len - 1, more, sizeof(more));
	postfix_line_parse(
	    service, view_make(s, msg.len - 1 + strlen(more)), &other);
	if (other.kind != l->kind || !is_same_peer(&other.peer, &l->peer) ||
	    !view_eq(other.tls, l->tls) || other.is_reused != l->is_reused ||
	    !view_eq(other.address, l->address) ||
	    other.reason.end != l->reason.end) {
		abort();
	}
	free(s);
}

FUZZ_TARGET(data, size)
{
	struct view input = view_make((const char *)data, size);
	size_t n = view_index(input, '\n');
	struct view service = view_make(input.s, n);
	struct view msg = view_skip(input, n < size ? n + 1 : n);
	struct postfix_line l;

	postfix_line_parse(service, msg, &l);
	check_parts(&l, msg);
	check_reply(service, msg, &l);
	return 0;
}
