/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_dns.c - any bytes as RDATA, and as what the library says of it */

#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/fuzz/fuzz.h"

static void check_name(struct view rdata, size_t at)
{
	char name[DOMAIN_BUF];
	int len = dns_name(rdata, at, name);

	assert(len == ERR_PARSE || len == ERR_LITERAL || len > 0);
	assert(strlen(name) == (len > 0 ? (size_t)len : 0));
	assert(len <= 0 || strcmp(name, ".") == 0 ||
	    domain_is_normal(view_of(name)));
}

static void check_texts(struct view rdata)
{
	char *out = xmalloc(rdata.len + 1);
	int len = dns_txt_join(rdata, out, rdata.len);

	assert(len == ERR_PARSE || (len >= 0 && (size_t)len < rdata.len));
	if (len > 0) {
		assert(
		    dns_txt_join(rdata, out, (size_t)len - 1) == ERR_TOO_LONG);
	}
	free(out);
}

FUZZ_TARGET(data, size)
{
	struct view rdata = view_make((const char *)data, size);
	char *text = xstrndup((const char *)data, size);

	check_name(rdata, 0);
	check_name(rdata, 2);
	check_texts(rdata);
	assert(strlen(dns_why_token(text)) > 0);
	free(text);
	return 0;
}
