/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_exim_line.c - the input is one line of Exim's log
 *
 * Beyond memory errors: all that comes out is a part of the line, tokens are
 * tokens, and no record is seen in a text that stands behind another one.
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/exim_entry.h"
#include "common/exim_line.h"
#include "common/exim_outcome.h"
#include "common/exim_record.h"
#include "common/fact.h"
#include "common/when.h"
#include "tests/fuzz/fuzz.h"

static void check_part(struct view part, struct view whole)
{
	if (part.len > 0 &&
	    (part.s < whole.s || part.s + part.len > whole.s + whole.len)) {
		abort();
	}
}

static void check_token(const char *token)
{
	if (token[0] != '\0' && !fact_is_reason(view_of(token))) {
		abort();
	}
}

static void check_outcome(struct view text)
{
	struct exim_outcome o;
	char buf[TLS_REASON_BUF];

	exim_outcome_parse(text, &o);
	check_token(o.reason);
	exim_outcome_parse_session(text, &o);
	check_token(o.reason);
	check_token(exim_outcome_tls_error(text, buf));
}

static void check_record(struct view id, struct view text)
{
	struct exim_record *r = malloc(sizeof(*r));

	if (r == NULL) {
		return;
	}
	if (exim_record_parse(id, text, r) == 0) {
		if (!exim_record_is(text) || r->from_len > sizeof(r->from) ||
		    r->cert_len > sizeof(r->cert) ||
		    r->data_len > sizeof(r->data)) {
			abort();
		}
		check_part(r->id, text);
		check_part(r->version, text);
	}
	free(r);
}

static void check_entry(struct view text)
{
	struct exim_entry e;

	exim_entry_parse(text, &e);
	check_part(e.address, text);
	check_part(e.mx, text);
	check_part(e.version, text);
	check_part(e.text, text);
	if (e.port > 65535 ||
	    (e.kind == EXIM_ENTRY_OTHER && ip_is_known(&e.ip))) {
		abort();
	}
	check_outcome(e.text);
}

/* What a stranger writes stands behind something of Exim's. */
static void check_behind(const char *head, struct view text)
{
	size_t n = strlen(head);
	char *s = malloc(n + text.len + 1);
	struct exim_entry e;

	if (s == NULL) {
		return;
	}
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a view */
	memcpy(s, head, n);
	memcpy(s + n, text.s, text.len);
	exim_entry_parse(view_make(s, n + text.len), &e);
	if (e.kind == EXIM_ENTRY_RECORD) {
		abort();
	}
	free(s);
}

FUZZ_TARGET(data, size)
{
	struct view raw = view_make((const char *)data, size);
	struct syslog_line line;
	struct exim_line l;

	(void)exim_line_take_apart(raw, when_utc(2027, 1, 1, 0, 0, 0), &line);
	check_part(line.msg, raw);
	exim_line_parse(&line, &l);
	check_part(l.id, raw);
	check_part(l.text, raw);
	if (l.part > l.parts || (l.id.len > 0 && !exim_line_is_id(l.id)) ||
	    l.id.len > EXIM_ID_MAX) {
		abort();
	}
	(void)exim_line_quote_next(l.text, exim_line_quote(l.text));
	check_record(l.id, l.text);
	check_entry(l.text);
	check_entry(raw);
	check_behind("H=mx [192.0.2.1]: ", raw);
	check_behind("=> u@a.example H=mx [192.0.2.1] C=\"", raw);
	return 0;
}
