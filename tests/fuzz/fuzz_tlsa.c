/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_tlsa.c - the input is RDATA of TLSA records, with a length of two bytes
 * before each, and once more all of it as one record's text.
 *
 * Beyond memory errors: what is written is read back as itself, and the
 * strongest of the strongest are the same.
 */
#include "config.h"

#include <assert.h>

#include "common/tlsa.h"
#include "tests/fuzz/fuzz.h"

enum {
	RECORDS_MAX = 32
};

static void check_text(const struct tlsa *t, struct arena *a)
{
	struct strbuf out;
	struct tlsa again;

	strbuf_init(&out, (size_t)256 * 1024);
	assert(tlsa_write(t, &out) == 0);
	assert(tlsa_read(view_make(out.s, out.len), a, &again) == 0);
	assert(again.usage == t->usage && again.selector == t->selector);
	assert(again.mtype == t->mtype && view_eq(again.data, t->data));
	assert(tlsa_is_usable(&again) == tlsa_is_usable(t));
	strbuf_release(&out);
}

FUZZ_TARGET(data, size)
{
	struct arena *a = arena_new();
	struct tlsa list[RECORDS_MAX];
	struct tlsa t;
	size_t n = 0;

	if (tlsa_read(view_make((const char *)data, size), a, &t) == 0) {
		check_text(&t, a);
	}
	while (size >= 2 && n < RECORDS_MAX) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		if (tlsa_parse(view_make((const char *)data, len), &list[n]) ==
		    0) {
			check_text(&list[n], a);
			n++;
		}
		data += len;
		size -= len;
	}
	n = tlsa_strongest(list, n);
	for (size_t i = 0; i < n; i++) {
		assert(tlsa_is_usable(&list[i]));
	}
	assert(tlsa_strongest(list, n) == n);
	arena_free(a);
	return 0;
}
