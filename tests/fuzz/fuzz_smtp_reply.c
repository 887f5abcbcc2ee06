/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_smtp_reply.c - the input is what a server sent
 *
 * Beyond memory errors: a reply ends with a line end, is found alike when less
 * came behind it, and is not found when its last octet has not come yet.
 */
#include "config.h"

#include <assert.h>

#include "common/err.h"
#include "lookup/smtp_reply.h"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(data, size)
{
	struct view in = view_make((const char *)data, size);
	struct smtp_reply reply;
	struct smtp_reply again;
	int used = smtp_reply_parse(in, &reply);

	if (used < 0) {
		assert(used == ERR_PARTIAL || used == ERR_PARSE);
		assert(reply.code == 0);
		return 0;
	}
	assert(used > 0 && used <= SMTP_REPLY_MAX && (size_t)used <= size);
	assert(reply.code >= 200 && reply.code <= 599);
	assert(reply.text.len == (size_t)used && in.s[used - 1] == '\n');
	assert(smtp_reply_parse(view_make(in.s, (size_t)used), &again) == used);
	assert(smtp_reply_parse(view_make(in.s, (size_t)used - 1), &again) ==
	    ERR_PARTIAL);
	assert(smtp_reply_name(&reply).len <= (size_t)used);
	(void)smtp_reply_offers(&reply, "STARTTLS");
	return 0;
}
