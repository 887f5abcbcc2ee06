/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_live.c - any bytes as a packet of the control socket.
 *
 * Beyond memory errors: what was understood is said again in other words that
 * are understood as the same, all texts end, and the packet fits.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/err.h"
#include "common/live.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct live *l)
{
	struct strbuf text;
	struct strbuf again;
	struct live second;

	strbuf_init(&text, LIVE_PACKET);
	strbuf_init(&again, LIVE_PACKET);
	live_format(l, &text);
	assert(!text.failed);
	assert(live_parse(view_make(text.s, text.len), &second) == 0);
	assert(second.kind == l->kind);
	live_format(&second, &again);
	assert(strcmp(strbuf_str(&again), strbuf_str(&text)) == 0);
	strbuf_release(&text);
	strbuf_release(&again);
}

FUZZ_TARGET(data, size)
{
	struct live l;
	int rc = live_parse(view_make((const char *)data, size), &l);

	assert(rc == 0 || rc == ERR_PARSE);
	assert(rc == 0 || l.kind == LIVE_UNKNOWN);
	if (l.kind != LIVE_UNKNOWN) {
		check(&l);
	}
	return 0;
}
