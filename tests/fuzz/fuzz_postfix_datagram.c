/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_postfix_datagram.c - the input is a datagram of libtlsrpt
 *
 * Beyond memory errors: what is read is JSON as a whole; each fact keeps its
 * bounds and has a domain, its verdict and its policy are JSON, and no text of
 * theirs holds a control character.
 */

#include "config.h"

#include <stdlib.h>

#include "common/domain.h"
#include "common/json_in.h"
#include "common/postfix_datagram.h"
#include "tests/fuzz/fuzz.h"

static bool is_json(struct view text, struct arena *a)
{
	struct json_in in;

	json_in_begin(&in, text, a);
	json_in_skip(&in);
	return json_in_end(&in);
}

static void check_json(struct view text, struct arena *a)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.s[i] < ' ') {
			abort();
		}
	}
	if (!is_json(text, a)) {
		abort();
	}
}

static void check_reported(const struct postfix_reported *r, struct arena *a)
{
	if (!fact_check(&r->fact) || !domain_is_normal(r->fact.domain) ||
	    r->policy.source != POLICY_MTA ||
	    r->policy.content.len > POLICY_CONTENT_MAX) {
		abort();
	}
	check_json(r->fact.verdict, a);
	if (r->policy.content.len > 0) {
		check_json(r->policy.content, a);
	}
}

FUZZ_TARGET(data, size)
{
	struct view text = view_make((const char *)data, size);
	struct arena *a = arena_new();
	struct postfix_datagram d;
	bool is_good = is_json(text, a);
	int rc = postfix_datagram_parse(text, 0, a, &d);

	if (rc == 0 && (!is_good || d.n == 0)) {
		abort();
	}
	if (rc != 0 && d.n != 0) {
		abort();
	}
	for (size_t i = 0; i < d.n; i++) {
		check_reported(&d.reported[i], a);
	}
	arena_free(a);
	return 0;
}
