/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_policy_probe.c - the input is the content of a probe.
 *
 * Beyond memory errors: what was read is written, and read and written again
 * it is the same; its reasons are tokens.
 */
#include "config.h"

#include <assert.h>

#include "common/policy_probe.h"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(data, size)
{
	struct view content = view_make((const char *)data, size);
	struct arena *a = arena_new();
	struct policy_probe probe;
	struct strbuf first;
	struct strbuf second;

	strbuf_init(&first, POLICY_PROBE_MAX);
	strbuf_init(&second, POLICY_PROBE_MAX);
	if (policy_probe_read(content, a, &probe) == 0) {
		assert(probe.at > 0 && ip_is_known(&probe.ip));
		assert(fact_is_reason(probe.chain_reason));
		assert(fact_is_reason(probe.dane_reason));
		if (policy_probe_write(&probe, &first) == 0) {
			content = view_make(first.s, first.len);
			assert(policy_probe_read(content, a, &probe) == 0);
			assert(policy_probe_write(&probe, &second) == 0);
			assert(
			    view_eq(content, view_make(second.s, second.len)));
		}
	}
	strbuf_release(&first);
	strbuf_release(&second);
	arena_free(a);
	return 0;
}
