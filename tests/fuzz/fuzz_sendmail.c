/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_sendmail.c - a log of Sendmail, with notes: see fuzz_mta.h */

#include "config.h"

#include "tests/fuzz/fuzz_mta.h"

/* Ids are noted or not by their last character: the same at each reading. */
static unsigned noted(void *ctx, struct view qid, int64_t t)
{
	(void)ctx;
	(void)t;
	if (qid.len < 8 || qid.len > 24) {
		abort();
	}
	return (unsigned char)qid.s[qid.len - 1] & NOTED_KINDS;
}

static void noted_alias(
    void *ctx, struct view old_qid, struct view new_qid, int64_t t)
{
	(void)noted(ctx, old_qid, t);
	(void)noted(ctx, new_qid, t);
}

FUZZ_TARGET(data, size)
{
	static const char *const own[] = { "own@us.example", NULL };
	const struct fuzz_mta mta = { .name = "sendmail",
		.o = { .own_senders = own,
		    .noted = noted,
		    .noted_alias = noted_alias } };

	fuzz_mta(&mta, data, size);
	return 0;
}
