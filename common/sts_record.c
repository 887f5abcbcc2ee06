/* SPDX-License-Identifier: BSD-2-Clause */
/* sts_record.c - the MTA-STS record of a policy domain (RFC 8461 3.1) */

#include "config.h"

#include "common/ascii.h"
#include "common/record_text.h"
#include "common/sts_record.h"

static void parse_id(struct record_text *t, struct sts_record *r)
{
	size_t start = t->at;
	struct view id;

	while (ascii_is_alnum(record_text_peek(t))) {
		t->at++;
	}
	id = view_make(t->text.s + start, t->at - start);
	if (id.len == 0) {
		t->error = "expected an id of letters and digits";
	} else if (!view_copy(id, r->id, sizeof(r->id))) {
		t->at = start + STS_RECORD_ID_MAX;
		t->error = "expected an id of at most 32 characters";
	}
}

/* An id behind the first is nothing but an extension (R204). */
static void parse_fields(struct record_text *t, struct sts_record *r)
{
	while (record_text_next(t)) {
		struct view rest = record_text_rest(t);

		if (r->id[0] == '\0' && view_take(&rest, "id=")) {
			t->at += 3;
			parse_id(t, r);
		} else {
			record_text_extension(t);
		}
	}
	if (t->error == NULL && r->id[0] == '\0') {
		t->error = "expected a field id=";
	}
}

void sts_record_parse(
    const struct view *texts, size_t n, struct sts_record *out)
{
	struct record_text t;

	*out = (struct sts_record){ .status = STS_RECORD_VALID };
	switch (record_text_begin(&t, texts, n, "v=STSv1")) {
	case RECORD_TEXT_NONE:
		out->status = STS_RECORD_NONE;
		return;
	case RECORD_TEXT_SEVERAL:
		out->status = STS_RECORD_SEVERAL;
		return;
	case RECORD_TEXT_ONE:
		break;
	}
	parse_fields(&t, out);
	if (t.error != NULL) {
		*out = (struct sts_record){ .status = STS_RECORD_SYNTAX,
			.error_at = t.at,
			.error = t.error };
	}
}

const char *sts_record_status_word(enum sts_record_status s)
{
	switch (s) {
	case STS_RECORD_VALID:
		return "valid";
	case STS_RECORD_NONE:
		return "none";
	case STS_RECORD_SEVERAL:
		return "several";
	case STS_RECORD_SYNTAX:
		return "syntax";
	}
	return "unknown";
}
