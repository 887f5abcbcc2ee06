/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dkim_record.c - the input is a TXT record
 *
 * Beyond memory errors: what is found is part of the record, and a key that
 * can be read is itself.
 */
#include "config.h"

#include <assert.h>

#include "common/base64.h"
#include "common/err.h"
#include "send/dkim_record.h"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(data, size)
{
	struct view in = view_make((const char *)data, size);
	struct dkim_record r;
	char key[1024];
	int rc = dkim_record_parse(in, &r);

	assert(rc == 0 || rc == ERR_PARSE);
	if (rc == 0) {
		assert(r.key.len <= in.len);
		if (base64_decode(r.key, key, sizeof(key)) > 0) {
			assert(dkim_record_has(&r, r.key));
		}
		(void)dkim_record_has(&r, view_of("AAAA"));
	}
	return 0;
}
