/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_sts_policy.c - the input is a policy as it was fetched.
 *
 * Beyond memory errors: a policy's patterns are normal names, each allows what
 * it should, and its lines put together again are the same policy.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain.h"
#include "common/strbuf.h"
#include "common/sts_policy.h"
#include "common/utf8.h"
#include "tests/fuzz/fuzz.h"

static void check_mx(const struct sts_policy *p, struct view pattern)
{
	char host[DOMAIN_BUF + 2] = "x";
	struct view name = pattern;

	if (!view_take(&name, "*.")) {
		assert(domain_is_normal(name));
		assert(sts_policy_allows(p, name));
		return;
	}
	assert(domain_is_normal(name));
	assert(view_copy(view_skip(pattern, 1), host + 1, sizeof(host) - 1));
	assert(sts_policy_allows(p, view_of(host)));
}

static void check_again(const struct sts_policy *p, const struct view *lines,
    size_t n, struct arena *a)
{
	struct sts_policy again;
	struct strbuf text;

	if (n == STS_POLICY_LINES) {
		return;
	}
	strbuf_init(&text, STS_POLICY_MAX + 1);
	for (size_t i = 0; i < n; i++) {
		strbuf_addv(&text, lines[i]);
		strbuf_addc(&text, '\n');
	}
	if (text.len <= STS_POLICY_MAX && !text.failed) {
		assert(sts_policy_parse(
			   view_make(text.s, text.len), a, &again) == 0);
		assert(again.mode == p->mode && again.max_age == p->max_age);
		assert(again.n_mx == p->n_mx);
	}
	strbuf_release(&text);
}

FUZZ_TARGET(data, size)
{
	struct view text = view_make((const char *)data, size);
	struct arena *a = arena_new();
	const struct view *lines;
	struct sts_policy p;
	size_t n = sts_policy_lines(text, a, &lines);

	assert(n <= STS_POLICY_LINES);
	for (size_t i = 0; i < n; i++) {
		assert(utf8_is_clean(lines[i]));
		assert(view_index(lines[i], '\n') == lines[i].len);
	}
	if (sts_policy_parse(text, a, &p) == 0) {
		assert(p.max_age <= STS_POLICY_MAX_AGE);
		assert(p.n_mx > 0 || p.mode == STS_MODE_NONE);
		for (size_t i = 0; i < p.n_mx && i < 100; i++) {
			check_mx(&p, p.mx[i]);
		}
		check_again(&p, lines, n, a);
	} else {
		assert(p.n_mx == 0);
	}
	arena_free(a);
	return 0;
}
