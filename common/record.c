/* SPDX-License-Identifier: BSD-2-Clause */
/* record.c - the TLSRPT record of a policy domain (RFC 8460 3) */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/record.h"
#include "common/record_text.h"
#include "common/record_uri.h"

static bool is_known(const struct record *r, const struct record_rua *rua)
{
	for (size_t i = 0; i < r->n_rua; i++) {
		if (r->rua[i].kind == rua->kind &&
		    strcmp(r->rua[i].target, rua->target) == 0) {
			return true;
		}
	}
	return false;
}

static void add_uri(struct record *r, struct view uri)
{
	struct record_rua rua;

	if (!record_uri_parse(uri, &rua) || is_known(r, &rua) ||
	    r->n_rua == RECORD_RUAS) {
		r->ignored++;
		return;
	}
	r->rua[r->n_rua++] = rua;
}

/* tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri) */
static void parse_rua(struct record_text *t, struct record *r)
{
	for (;;) {
		struct view rest = record_text_rest(t);
		size_t n = 0;

		while (n < rest.len && ascii_is_visible(rest.s[n]) &&
		    rest.s[n] != ',' && rest.s[n] != ';') {
			n++;
		}
		if (n == 0) {
			t->error = "expected a URI";
			return;
		}
		add_uri(r, view_make(rest.s, n));
		t->at += n;

		n = t->at;
		record_text_skip_wsp(t);
		if (record_text_peek(t) != ',') {
			t->at = n; /* the blanks belong to the delimiter */
			return;
		}
		t->at++;
		record_text_skip_wsp(t);
	}
}

/*
 * "rua=" always begins a rua field, though "rua" is a name that the grammar of
 * extensions allows too.
 */
static void parse_fields(struct record_text *t, struct record *r)
{
	bool has_rua = false;

	while (record_text_next(t)) {
		struct view rest = record_text_rest(t);

		if (view_take(&rest, "rua=")) {
			t->at += 4;
			has_rua = true;
			parse_rua(t, r);
		} else {
			record_text_extension(t);
		}
	}
	if (t->error == NULL && !has_rua) {
		t->error = "expected a field rua="; /* R14 */
	}
}

/* But for the destinations, ten kilobytes that nobody reads. */
static void clear(struct record *r, enum record_status status)
{
	r->status = status;
	r->n_rua = 0;
	r->ignored = 0;
	r->error_at = 0;
	r->error = NULL;
}

void record_parse(const struct view *texts, size_t n, struct record *out)
{
	struct record_text t;

	clear(out, RECORD_NONE);
	switch (record_text_begin(&t, texts, n, "v=TLSRPTv1")) {
	case RECORD_TEXT_NONE:
		return;
	case RECORD_TEXT_SEVERAL:
		out->status = RECORD_SEVERAL;
		return;
	case RECORD_TEXT_ONE:
		break;
	}
	parse_fields(&t, out);
	if (t.error != NULL) {
		clear(out, RECORD_SYNTAX);
		out->error_at = t.at;
		out->error = t.error;
	} else {
		out->status = out->n_rua > 0 ? RECORD_VALID : RECORD_NO_RUA;
	}
}

const char *record_status_word(enum record_status s)
{
	switch (s) {
	case RECORD_VALID:
		return "valid";
	case RECORD_NONE:
		return "none";
	case RECORD_SEVERAL:
		return "several";
	case RECORD_SYNTAX:
		return "syntax";
	case RECORD_NO_RUA:
		return "no-rua";
	}
	return "unknown";
}
