/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_spf.c - the input is a TXT record
 *
 * Beyond memory errors: what is told to be wrong, or not evaluated, is part of
 * the record.
 */
#include "config.h"

#include <assert.h>

#include "common/err.h"
#include "tests/fuzz/fuzz.h"
#include "tool/spf.h"

static bool is_within(struct view part, struct view whole)
{
	return part.len == 0 ||
	    (part.s >= whole.s && part.len <= whole.len &&
		part.s + part.len <= whole.s + whole.len);
}

FUZZ_TARGET(data, size)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::1",
		"0.0.0.1", "255.255.255.255" };
	static struct spf s;
	struct view in = view_make((const char *)data, size);
	struct view at = view_make(NULL, 0);
	int rc = spf_parse(in, &s, &at);

	assert(rc == 0 || rc == ERR_PARSE || rc == ERR_FULL ||
	    rc == ERR_NOT_FOUND);
	assert(s.n <= SPF_TERMS && is_within(at, in));
	for (size_t i = 0;
	     rc == 0 && i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct view why;
		struct ip ip;

		(void)ip_parse(view_of(addresses[i]), &ip);
		assert(spf_evaluate(&s, &ip, &why) <= SPF_UNKNOWN);
		assert(is_within(why, in));
	}
	return 0;
}
