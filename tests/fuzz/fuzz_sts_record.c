/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_sts_record.c - the input is the TXT records at _mta-sts.DOMAIN, joined:
 * texts with a length of two bytes before each.
 *
 * Beyond memory errors: the id is of letters and digits, and a record of that
 * id alone has the same.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/record_text.h"
#include "common/sts_record.h"
#include "tests/fuzz/fuzz.h"

enum {
	TEXTS_MAX = 64
};

static void check_id(const char *id)
{
	char text[64];
	struct sts_record again;
	struct view v;
	int len = snprintf(text, sizeof(text), "v=STSv1; id=%s", id);

	assert(len > 0 && (size_t)len < sizeof(text));
	for (const char *c = id; *c != '\0'; c++) {
		assert(ascii_is_alnum(*c));
	}
	v = view_of(text);
	sts_record_parse(&v, 1, &again);
	assert(again.status == STS_RECORD_VALID);
	assert(strcmp(again.id, id) == 0);
}

FUZZ_TARGET(data, size)
{
	struct view texts[TEXTS_MAX];
	struct sts_record r;
	size_t n = 0;

	while (size >= 2 && n < TEXTS_MAX) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		texts[n++] = view_make((const char *)data, len);
		data += len;
		size -= len;
	}
	sts_record_parse(texts, n, &r);
	assert((r.status == STS_RECORD_VALID) == (r.id[0] != '\0'));
	assert((r.status == STS_RECORD_SYNTAX) == (r.error != NULL));
	assert(r.error_at <= RECORD_TEXT_MAX);
	if (r.status == STS_RECORD_VALID) {
		check_id(r.id);
	}
	return 0;
}
