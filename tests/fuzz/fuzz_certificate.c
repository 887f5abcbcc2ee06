/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_certificate.c - the input is a byte, then a certificate
 *
 * Beyond memory errors: what is known of its beginning (the byte says how much
 * of it) is true of the whole.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/certificate.h"
#include "common/when.h"
#include "tests/fuzz/fuzz.h"

/* In memory of just this size. */
static void look(const uint8_t *data, size_t len, struct certificate *out)
{
	char *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL) {
		abort();
	}
	memcpy(copy, data, len);
	certificate_look(view_make(copy, len), when_utc(2026, 11, 22, 12, 0, 0),
	    view_of("mx.a.example"), out);
	free(copy);
}

static bool is_true_of(
    const struct certificate *part, const struct certificate *whole)
{
	if (part->has_dates &&
	    (!whole->has_dates || part->from != whole->from ||
		part->until != whole->until)) {
		return false;
	}
	if (part->has_names &&
	    (!whole->has_names ||
		part->is_self_issued != whole->is_self_issued)) {
		return false;
	}
	return (part->fault == FACT_CHAIN_UNKNOWN ||
		   part->fault == whole->fault) &&
	    (part->name == FACT_NAME_UNKNOWN || part->name == whole->name);
}

FUZZ_TARGET(data, size)
{
	struct certificate part;
	struct certificate whole;

	if (size < 1) {
		return 0;
	}
	look(data + 1, size - 1, &whole);
	look(data + 1, (size - 1) * data[0] / 256, &part);
	if (!is_true_of(&part, &whole)) {
		abort();
	}
	return 0;
}
