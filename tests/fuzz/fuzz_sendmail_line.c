/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_sendmail_line.c - the input is one message of Sendmail
 *
 * Beyond memory errors: all that comes out is a part of the message, and no
 * record is seen in a line that ends in words, as errors about an address do.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/sendmail_line.h"
#include "common/sendmail_text.h"
#include "tests/fuzz/fuzz.h"

static void check_part(struct view part, struct view whole)
{
	if (part.len > 0 &&
	    (part.s < whole.s || part.s + part.len > whole.s + whole.len)) {
		abort();
	}
}

static void check_parts(const struct sendmail_line *l, struct view msg)
{
	const struct view parts[] = { l->qid, l->verify, l->version, l->name,
		l->addr, l->origin, l->host, l->nexthop, l->sender, l->domain,
		l->text, l->ruleset, l->rcpts, l->mailer, l->ids };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		check_part(parts[i], msg);
	}
}

static bool is_record(enum sendmail_kind kind)
{
	return kind == SENDMAIL_TRY || kind == SENDMAIL_SERVER ||
	    kind == SENDMAIL_RCPT;
}

/* What a line about an address that a client typed looks like. */
static void check_error(struct view msg)
{
	static const char error[] = "... User unknown";
	struct sendmail_line l;
	char *s = malloc(msg.len + sizeof(error));

	if (s == NULL) {
		return;
	}
	memcpy(s, msg.s, msg.len);
	memcpy(s + msg.len, error, sizeof(error));
	sendmail_line_parse(view_make(s, msg.len + strlen(error)), &l);
	if (is_record(l.kind)) {
		abort();
	}
	free(s);
}

/* Each address of a list is a part of it. */
static void check_list(struct view rcpts)
{
	struct view list;
	struct view address;
	char *s;

	if (rcpts.len == 0) {
		return;
	}
	s = malloc(rcpts.len);
	if (s == NULL) {
		return;
	}
	list = view_make(s, sendmail_unescape(rcpts, s, rcpts.len));
	while (sendmail_next_rcpt(&list, &address)) {
		check_part(address, view_make(s, rcpts.len));
	}
	free(s);
}

FUZZ_TARGET(data, size)
{
	struct view msg = view_make((const char *)data, size);
	struct sendmail_line l;

	sendmail_line_parse(msg, &l);
	check_parts(&l, msg);
	if (is_record(l.kind)) {
		check_error(msg);
	}
	check_list(l.rcpts);
	check_list(msg);
	if (size > 0 && sendmail_rcpts_length(msg) > size) {
		abort();
	}
	return 0;
}
