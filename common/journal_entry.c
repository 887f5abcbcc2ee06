/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_entry.c - from the fields of a journal entry to a log line
 *
 * What comes out is what rsyslog would have written of the entry, so that the
 * parsers see one form whatever a site logs to.
 */

#include "config.h"

#include <inttypes.h>

#include "common/ascii.h"
#include "common/journal_entry.h"

#define SECOND UINT64_C(1000000)

enum {
	/* a source's clock and journald's are the same, but for its queue and
	   for somebody who sets the clock just then */
	SOURCE_SLACK_S = 3600,
};

static const char *const names[] = {
	[JOURNAL_IDENT] = "SYSLOG_IDENTIFIER",
	[JOURNAL_MESSAGE] = "MESSAGE",
	[JOURNAL_SYSLOG_PID] = "SYSLOG_PID",
	[JOURNAL_PID] = "_PID",
	[JOURNAL_HOST] = "_HOSTNAME",
	[JOURNAL_SOURCE_TIME] = "_SOURCE_REALTIME_TIMESTAMP",
	[JOURNAL_TRANSPORT] = "_TRANSPORT",
	[JOURNAL_MESSAGE_ID] = "MESSAGE_ID",
	[JOURNAL_N_DROPPED] = "N_DROPPED",
	[JOURNAL_UNIT] = "OBJECT_SYSTEMD_UNIT",
};

const char *journal_field_name(enum journal_field field)
{
	_Static_assert(sizeof(names) / sizeof(names[0]) == JOURNAL_FIELDS,
	    "a name for every field");
	return names[field];
}

bool journal_entry_is_journald(struct view ident)
{
	return view_is(ident, "systemd-journald");
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Could it stand in a log file, as one word? */
static bool is_word(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (is_control(v.s[i]) || ascii_is_one_of(v.s[i], " [:")) {
			return false;
		}
	}
	return v.len > 0;
}

static int64_t time_of(const struct journal_fields *in)
{
	unsigned long long source_us = 0;
	uint64_t t_us = in->realtime_us;

	if (view_number(
		in->value[JOURNAL_SOURCE_TIME], INT64_MAX, &source_us) == 0) {
		uint64_t away =
		    source_us > t_us ? source_us - t_us : t_us - source_us;

		t_us = away <= SOURCE_SLACK_S * SECOND ? source_us : t_us;
	}
	return (int64_t)(t_us / SECOND);
}

static uint32_t pid_of(const struct journal_fields *in)
{
	unsigned long long pid = 0;

	if (view_number(in->value[JOURNAL_SYSLOG_PID], UINT32_MAX, &pid) != 0 &&
	    view_number(in->value[JOURNAL_PID], UINT32_MAX, &pid) != 0) {
		pid = 0;
	}
	return (uint32_t)pid;
}

/*
 * The message without control characters, in text where it has some. False:
 * it is too long.
 */
static bool escape(
    struct view message, char text[SYSLOG_LINE_MAX], struct view *out)
{
	size_t n = 0;
	bool has_control = false;

	if (message.len > SYSLOG_LINE_MAX) {
		return false;
	}
	for (size_t i = 0; i < message.len && !has_control; i++) {
		has_control = is_control(message.s[i]);
	}
	if (!has_control) {
		*out = message;
		return true;
	}
	for (size_t i = 0; i < message.len; i++) {
		unsigned char c = (unsigned char)message.s[i];
		bool is_plain = !is_control(message.s[i]);

		if (n + (is_plain ? 1 : 4) > SYSLOG_LINE_MAX) {
			return false;
		}
		if (is_plain) {
			text[n++] = message.s[i];
			continue;
		}
		text[n++] = '#';
		text[n++] = (char)('0' + (c >> 6));
		text[n++] = (char)('0' + (c >> 3 & 7));
		text[n++] = (char)('0' + (c & 7));
	}
	*out = view_make(text, n);
	return true;
}

/*
 * SD_MESSAGE_JOURNAL_DROPPED: "Suppressed N messages from UNIT". Only
 * journald itself can give _TRANSPORT this value.
 */
static bool read_suppressed(
    const struct journal_fields *in, struct journal_entry *out)
{
	struct view rest = in->value[JOURNAL_MESSAGE];
	unsigned long long n = 0;
	size_t digits;

	if (!journal_entry_is_journald(in->value[JOURNAL_IDENT]) ||
	    !view_is(in->value[JOURNAL_TRANSPORT], "driver") ||
	    !view_is(in->value[JOURNAL_MESSAGE_ID],
		"a596d6fe7bfa4994828e72309e95d61e")) {
		return false;
	}
	out->kind = JOURNAL_SUPPRESSED;
	out->unit = in->value[JOURNAL_UNIT];
	if (view_take(&rest, "Suppressed ")) {
		digits = view_index(rest, ' ');
		(void)view_number(view_make(rest.s, digits), UINT32_MAX, &n);
		rest = view_skip(rest, digits);
		if (view_take(&rest, " messages from ") && out->unit.len == 0) {
			out->unit = rest;
		}
	}
	(void)view_number(in->value[JOURNAL_N_DROPPED], UINT32_MAX, &n);
	/* that it says so means that there was one at least */
	out->dropped = n > 0 ? n : 1;
	return true;
}

void journal_entry_make(const struct journal_fields *in,
    char text[SYSLOG_LINE_MAX], struct journal_entry *out)
{
	struct view host = in->value[JOURNAL_HOST];

	*out = (struct journal_entry){ .kind = JOURNAL_BAD };
	out->line.t = time_of(in);
	if (read_suppressed(in, out)) {
		return;
	}
	if (in->value[JOURNAL_MESSAGE].s == NULL ||
	    !is_word(in->value[JOURNAL_IDENT])) {
		return;
	}
	if (!escape(in->value[JOURNAL_MESSAGE], text, &out->line.msg)) {
		out->kind = JOURNAL_LONG;
		return;
	}
	out->kind = JOURNAL_LINE;
	out->line.ident = in->value[JOURNAL_IDENT];
	out->line.pid = pid_of(in);
	if (is_word(host)) {
		out->line.host = host;
	}
}
