/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_record.c - the input is the TXT records at _smtp._tls.DOMAIN: RDATA
 * each, with a length of two bytes before it.
 *
 * Beyond memory errors: whatever comes out as a destination may stand in a
 * header, and is read back as itself.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/dns.h"
#include "common/domain.h"
#include "common/record.h"
#include "tests/fuzz/fuzz.h"

enum {
	TEXTS_MAX = 64
};

static void check_rua(const struct record_rua *rua)
{
	size_t len = strlen(rua->target);
	char domain[DOMAIN_BUF];

	assert(len > 0 && len <= RECORD_URI_MAX);
	for (size_t i = 0; i < len; i++) {
		assert(ascii_is_visible(rua->target[i]));
	}
	if (rua->kind == RECORD_MAILTO) {
		const char *at = strrchr(rua->target, '@');

		assert(at != NULL && len <= 254);
		assert(domain_is_normal(view_of(at + 1)));
		assert(domain_of_address(view_of(rua->target), domain) > 0);
		assert(strcmp(domain, at + 1) == 0);
	} else {
		assert(strchr(rua->target, '#') == NULL);
	}
}

static void check(const struct view *texts, size_t n)
{
	struct record *r = malloc(sizeof(*r));

	assert(r != NULL);
	record_parse(texts, n, r);
	assert((r->status == RECORD_VALID) == (r->n_rua > 0));
	assert((r->status == RECORD_SYNTAX) == (r->error != NULL));
	assert(r->n_rua <= RECORD_RUAS && r->error_at <= RECORD_TEXT_MAX);
	for (size_t i = 0; i < r->n_rua; i++) {
		check_rua(&r->rua[i]);
	}
	free(r);
}

FUZZ_TARGET(data, size)
{
	struct view texts[TEXTS_MAX];
	char *joined[TEXTS_MAX];
	size_t n = 0;

	while (size >= 2 && n < TEXTS_MAX) {
		size_t len = (size_t)data[0] << 8 | data[1];
		struct view rdata;
		int joined_len;

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		rdata = view_make((const char *)data, len);
		/* exactly as much as the text needs at most */
		joined[n] = malloc(len > 0 ? len : 1);
		assert(joined[n] != NULL);
		joined_len = dns_txt_join(rdata, joined[n], len);
		if (joined_len >= 0) {
			texts[n] = view_make(joined[n], (size_t)joined_len);
			n++;
		} else {
			free(joined[n]);
		}
		data += len;
		size -= len;
	}
	check(texts, n);
	while (n > 0) {
		free(joined[--n]);
	}
	return 0;
}
