/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_journal_entry.c - any bytes as the fields of a journal entry.
 *
 * The fields stand in the order of enum journal_field, each with a record
 * separator (octet 30) behind it; the first octet of a field says whether it
 * is there ('+'). The first 8 octets are the time.
 *
 * Beyond memory errors: a line is one that a log file could hold.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/journal_entry.h"
#include "tests/fuzz/fuzz.h"

enum {
	SEPARATOR = 30
};

static void check_line(const struct syslog_line *line)
{
	assert(line->ident.len > 0);
	assert(view_index(line->ident, ' ') == line->ident.len);
	assert(view_index(line->ident, '[') == line->ident.len);
	assert(view_index(line->host, ' ') == line->host.len);
	assert(line->msg.len <= SYSLOG_LINE_MAX);
	for (size_t i = 0; i < line->msg.len; i++) {
		assert((unsigned char)line->msg.s[i] >= 0x20);
	}
}

FUZZ_TARGET(data, size)
{
	static char text[SYSLOG_LINE_MAX];
	struct view rest = view_make((const char *)data, size);
	struct journal_fields in = { .realtime_us = 0 };
	struct journal_entry out;

	if (rest.len < sizeof(in.realtime_us)) {
		return 0;
	}
	memcpy(&in.realtime_us, rest.s, sizeof(in.realtime_us));
	rest = view_skip(rest, sizeof(in.realtime_us));
	for (int i = 0; i < JOURNAL_FIELDS; i++) {
		size_t n = view_index(rest, SEPARATOR);

		if (n > 0 && rest.s[0] == '+') {
			in.value[i] = view_make(rest.s + 1, n - 1);
		}
		rest = view_skip(rest, n < rest.len ? n + 1 : n);
	}
	journal_entry_make(&in, text, &out);
	assert(out.line.t >= 0);
	assert((out.dropped > 0) == (out.kind == JOURNAL_SUPPRESSED));
	if (out.kind == JOURNAL_LINE) {
		check_line(&out.line);
	} else {
		assert(out.line.msg.len == 0 && out.line.ident.len == 0);
	}
	return 0;
}
