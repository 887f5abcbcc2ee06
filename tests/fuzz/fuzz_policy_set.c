/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_policy_set.c - the input is the content of a policy of the MTA.
 *
 * Beyond memory errors: what was read is written, and read and written again
 * it is the same.
 */
#include "config.h"

#include <assert.h>

#include "common/policy_set.h"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(data, size)
{
	struct policy policy = { .source = POLICY_MTA,
		.content = view_make((const char *)data, size) };
	struct arena *a = arena_new();
	struct policy_set set;
	struct strbuf first;
	struct strbuf second;

	strbuf_init(&first, POLICY_CONTENT_MAX);
	strbuf_init(&second, POLICY_CONTENT_MAX);
	if (policy_set_read(&policy, a, &set) == 0 &&
	    policy_set_write(&set, &first) == 0) {
		policy.content = view_make(first.s, first.len);
		assert(policy_set_read(&policy, a, &set) == 0);
		assert(policy_set_write(&set, &second) == 0);
		assert(
		    view_eq(policy.content, view_make(second.s, second.len)));
	}
	assert(policy_mx_word(set.mx) != NULL);
	assert(policy_tlsa_word(set.tlsa) != NULL);
	assert(policy_sts_word(set.sts) != NULL);
	assert(policy_sts_word(set.failed) != NULL);
	strbuf_release(&first);
	strbuf_release(&second);
	arena_free(a);
	return 0;
}
