/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dkim.c - the input is a message
 *
 * Beyond memory errors: what is canonical stays as it is, and is no longer
 * than it was, but for a line end that was missing.
 */
#include "config.h"

#include <assert.h>

#include "send/dkim_canon.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[] = { "From", "From", "Subject", "x", "X",
	NULL };

static struct view view_of_buf(const struct strbuf *b)
{
	return view_make(strbuf_str(b), b->len);
}

static void check_field(struct view field)
{
	struct strbuf once;
	struct strbuf again;

	strbuf_init(&once, field.len + 2);
	strbuf_init(&again, field.len + 2);
	dkim_canon_field(field, &once);
	assert(!once.failed);
	dkim_canon_field(view_of_buf(&once), &again);
	assert(view_eq(view_of_buf(&once), view_of_buf(&again)));
	assert((once.len == 0) == (dkim_canon_name(field).len == 0));
	strbuf_release(&once);
	strbuf_release(&again);
}

static void check_body(struct view body)
{
	struct strbuf once;
	struct strbuf again;

	strbuf_init(&once, body.len + 2);
	strbuf_init(&again, body.len + 2);
	dkim_canon_body(body, &once);
	assert(!once.failed);
	dkim_canon_body(view_of_buf(&once), &again);
	assert(view_eq(view_of_buf(&once), view_of_buf(&again)));
	strbuf_release(&once);
	strbuf_release(&again);
}

FUZZ_TARGET(data, size)
{
	struct view in = view_make((const char *)data, size);
	struct view rest = in;
	struct view field;
	struct strbuf fields;

	while (dkim_canon_next(&rest, &field)) {
		assert(field.len > 0);
		check_field(field);
	}
	check_body(rest);
	strbuf_init(&fields, size + 2);
	dkim_canon_fields(in, names, &fields);
	assert(!fields.failed);
	strbuf_release(&fields);
	return 0;
}
