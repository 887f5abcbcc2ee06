/* SPDX-License-Identifier: BSD-2-Clause */
/* test_exim_limits.c - tests the bounds of common/exim_state.c */

#include "config.h"

#include "common/exim_state.h"
#include "tests/unit/exim_kit.h"

static void feed_record(struct mta_kit *k, unsigned n, int64_t t)
{
	struct strbuf line;

	strbuf_init(&line, 1 << 12);
	strbuf_addf(&line,
	    "%lld 10 1vMAAA-%06u-AA REC ev=smtp:ehlo dom= lport=%u "
	    "lip=192.0.2.%u " GOOD "\n",
	    (long long)t, n, 1 + n % 60000, 100 + n / 60000);
	exim_kit_lines(k, strbuf_str(&line));
	strbuf_release(&line);
}

/* A full table gives up the message that was silent for the longest time. */
static void test_evicted(void **state)
{
	struct mta_kit k;

	(void)state;
	mta_kit_open(&k, "exim", NULL);
	for (unsigned n = 0; n < EXIM_MESSAGES; n++) {
		feed_record(&k, n, 0);
	}
	UNIT_UINT("open", mta_open_sessions(k.mta), EXIM_MESSAGES);
	/* the first is heard of once more */
	exim_kit_lines(&k,
	    "1 10 1vMAAA-000000-AA REC ev=msg:delivery dom="
	    " lip= lport=-1\n");
	strbuf_clear(&k.events);
	feed_record(&k, EXIM_MESSAGES, 2);
	UNIT_STR("evicted", strbuf_str(&k.events), "0 evicted\n");
	/* the first one waits for nothing any more */
	UNIT_UINT("open", mta_open_sessions(k.mta), EXIM_MESSAGES - 1);
	mta_kit_flush(&k);
	mta_kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evicted),
	};

	return UNIT_RUN(tests);
}
