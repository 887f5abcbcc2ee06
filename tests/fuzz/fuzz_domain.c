/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_domain.c - any bytes as a domain and as a mail address.
 *
 * Beyond memory errors: what comes out is in the normal form, stays as it is,
 * and is no address literal.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/domain.h"
#include "common/err.h"
#include "common/ip.h"
#include "tests/fuzz/fuzz.h"

static void check(int n, const char *name)
{
	char again[DOMAIN_BUF];
	struct ip ip;

	if (n < 0) {
		assert(n == ERR_PARSE || n == ERR_LITERAL);
		assert(name[0] == '\0');
		return;
	}
	assert((size_t)n == strlen(name) && n <= DOMAIN_MAX);
	assert(domain_is_normal(view_of(name)));
	assert(ip_parse(view_of(name), &ip) == ERR_PARSE);
	assert(domain_normalise(view_of(name), again) == n);
	assert(strcmp(name, again) == 0);
}

FUZZ_TARGET(data, size)
{
	struct view text = view_make((const char *)data, size);
	char name[DOMAIN_BUF];
	char domain[DOMAIN_BUF];
	size_t at = view_rindex(text, '@');
	int n = domain_normalise(text, name);
	int n_domain = domain_of_address(text, domain);

	check(n, name);
	check(n_domain, domain);
	/* no name is an address; what is one ends with its domain */
	assert(n < 0 || at == text.len);
	if (n_domain > 0) {
		assert(at < text.len);
		assert(domain_normalise(view_skip(text, at + 1), name) ==
		    n_domain);
		assert(strcmp(name, domain) == 0);
	}
	return 0;
}
