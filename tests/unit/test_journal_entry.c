/* SPDX-License-Identifier: BSD-2-Clause */
/* test_journal_entry.c - from the fields of a journal entry to a log line */

#include "config.h"

#include "common/journal_entry.h"
#include "tests/unit/unit.h"

#define REALTIME UINT64_C(1795305600123456)
#define T        INT64_C(1795305600)
#define DROPPED  "a596d6fe7bfa4994828e72309e95d61e"

static char text[SYSLOG_LINE_MAX];

static void make(const char *const value[JOURNAL_FIELDS], uint64_t realtime_us,
    struct journal_entry *out)
{
	struct journal_fields in = { .realtime_us = realtime_us };

	for (int i = 0; i < JOURNAL_FIELDS; i++) {
		in.value[i] = view_of(value[i]);
	}
	journal_entry_make(&in, text, out);
}

static const struct {
	const char *name;
	const char *value[JOURNAL_FIELDS];
	const char *host;
	const char *ident;
	uint32_t pid;
	const char *msg;
} lines[] = {
	{ "all",
	    { [JOURNAL_IDENT] = "sm-mta",
		[JOURNAL_MESSAGE] = "a: to=<b@c>",
		[JOURNAL_SYSLOG_PID] = "17",
		[JOURNAL_PID] = "18",
		[JOURNAL_HOST] = "mx1.example" },
	    "mx1.example", "sm-mta", 17, "a: to=<b@c>" },
	{ "a slash in the name",
	    { [JOURNAL_IDENT] = "postfix/smtp",
		[JOURNAL_MESSAGE] = "x",
		[JOURNAL_PID] = "18" },
	    "", "postfix/smtp", 18, "x" },
	{ "nothing else", { [JOURNAL_IDENT] = "exim", [JOURNAL_MESSAGE] = "x" },
	    "", "exim", 0, "x" },
	{ "no number",
	    { [JOURNAL_IDENT] = "exim",
		[JOURNAL_MESSAGE] = "x",
		[JOURNAL_SYSLOG_PID] = "1x",
		[JOURNAL_PID] = "4294967296" },
	    "", "exim", 0, "x" },
	{ "empty pid",
	    { [JOURNAL_IDENT] = "exim",
		[JOURNAL_MESSAGE] = "x",
		[JOURNAL_SYSLOG_PID] = "",
		[JOURNAL_PID] = "4294967295" },
	    "", "exim", UINT32_MAX, "x" },
	{ "empty message", { [JOURNAL_IDENT] = "exim", [JOURNAL_MESSAGE] = "" },
	    "", "exim", 0, "" },
	{ "control characters",
	    { [JOURNAL_IDENT] = "exim",
		[JOURNAL_MESSAGE] = "\n\ta\x7f\x01z\x1f" },
	    "", "exim", 0, "#012#011a#177#001z#037" },
	{ "other bytes",
	    { [JOURNAL_IDENT] = "exim",
		[JOURNAL_MESSAGE] = "\xc3\xa4\xff#012 " },
	    "", "exim", 0, "\xc3\xa4\xff#012 " },
	{ "a host that is none",
	    { [JOURNAL_IDENT] = "exim",
		[JOURNAL_MESSAGE] = "x",
		[JOURNAL_HOST] = "a b" },
	    "", "exim", 0, "x" },
	{ "journald, as any program",
	    { [JOURNAL_IDENT] = "systemd-journald",
		[JOURNAL_MESSAGE] = "Journal started",
		[JOURNAL_TRANSPORT] = "driver",
		[JOURNAL_MESSAGE_ID] = "f77379a8490b408bbe5f6940505a777b" },
	    "", "systemd-journald", 0, "Journal started" },
	{ "somebody else says it",
	    { [JOURNAL_IDENT] = "systemd-journald",
		[JOURNAL_MESSAGE] = "Suppressed 5 messages from x",
		[JOURNAL_TRANSPORT] = "journal",
		[JOURNAL_MESSAGE_ID] = DROPPED,
		[JOURNAL_N_DROPPED] = "5" },
	    "", "systemd-journald", 0, "Suppressed 5 messages from x" },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(lines); i++) {
		const char *name = lines[i].name;
		struct journal_entry e;

		make(lines[i].value, REALTIME, &e);
		UNIT_INT(name, e.kind, JOURNAL_LINE);
		UNIT_INT(name, e.line.t, T);
		UNIT_MEM(name, e.line.host.s, e.line.host.len, lines[i].host,
		    strlen(lines[i].host));
		UNIT_MEM(name, e.line.ident.s, e.line.ident.len, lines[i].ident,
		    strlen(lines[i].ident));
		UNIT_UINT(name, e.line.pid, lines[i].pid);
		UNIT_MEM(name, e.line.msg.s, e.line.msg.len, lines[i].msg,
		    strlen(lines[i].msg));
		UNIT_UINT(name, e.dropped, 0);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *name;
		const char *ident;
		const char *message;
	} table[] = {
		{ "nothing", NULL, NULL },
		{ "no message", "sm-mta", NULL },
		{ "no name", NULL, "x" },
		{ "empty name", "", "x" },
		{ "blank", "sm mta", "x" },
		{ "tab", "sm\tmta", "x" },
		{ "line end", "sm-mta\n", "x" },
		{ "bracket", "sm-mta[1]", "x" },
		{ "colon", "sm-mta:", "x" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *const value[JOURNAL_FIELDS] = {
			[JOURNAL_IDENT] = table[i].ident,
			[JOURNAL_MESSAGE] = table[i].message,
		};
		struct journal_entry e;

		make(value, REALTIME, &e);
		UNIT_INT(table[i].name, e.kind, JOURNAL_BAD);
		UNIT_INT(table[i].name, e.line.t, T);
	}
}

static void test_nul(void **state)
{
	static const char message[] = "a\0b";
	static const char ident[] = "sm-mta\0-x";
	struct journal_fields in = { .realtime_us = REALTIME };
	struct journal_entry e;

	(void)state;
	in.value[JOURNAL_IDENT] = view_of("sm-mta");
	in.value[JOURNAL_MESSAGE] = view_make(message, 3);
	journal_entry_make(&in, text, &e);
	UNIT_INT("message", e.kind, JOURNAL_LINE);
	UNIT_MEM("message", e.line.msg.s, e.line.msg.len, "a#000b", 6);
	in.value[JOURNAL_IDENT] = view_make(ident, sizeof(ident) - 1);
	journal_entry_make(&in, text, &e);
	UNIT_INT("ident", e.kind, JOURNAL_BAD);
}

static void test_length(void **state)
{
	static char message[SYSLOG_LINE_MAX + 1];
	struct journal_fields in = { .realtime_us = REALTIME };
	struct journal_entry e;

	static const struct {
		const char *name;
		size_t len;
		size_t controls;
		enum journal_kind want;
		size_t want_len;
	} table[] = {
		{ "whole", SYSLOG_LINE_MAX, 0, JOURNAL_LINE, SYSLOG_LINE_MAX },
		{ "one more", SYSLOG_LINE_MAX + 1, 0, JOURNAL_LONG, 0 },
		{ "escaped", SYSLOG_LINE_MAX - 3, 1, JOURNAL_LINE,
		    SYSLOG_LINE_MAX },
		{ "escaped, one more", SYSLOG_LINE_MAX - 2, 1, JOURNAL_LONG,
		    0 },
		{ "all escaped", SYSLOG_LINE_MAX / 4, SYSLOG_LINE_MAX / 4,
		    JOURNAL_LINE, SYSLOG_LINE_MAX },
		{ "all escaped, one more", SYSLOG_LINE_MAX / 4 + 1,
		    SYSLOG_LINE_MAX / 4 + 1, JOURNAL_LONG, 0 },
		{ "all that fits in the field", SYSLOG_LINE_MAX,
		    SYSLOG_LINE_MAX, JOURNAL_LONG, 0 },
	};

	(void)state;
	in.value[JOURNAL_IDENT] = view_of("sm-mta");
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		memset(message, 'x', sizeof(message));
		memset(message, 1, table[i].controls);
		in.value[JOURNAL_MESSAGE] = view_make(message, table[i].len);
		journal_entry_make(&in, text, &e);
		UNIT_INT(table[i].name, e.kind, table[i].want);
		UNIT_UINT(table[i].name, e.line.msg.len, table[i].want_len);
	}
}

static void test_time(void **state)
{
	static const struct {
		const char *name;
		const char *source;
		uint64_t realtime_us;
		int64_t want;
	} table[] = {
		{ "none", NULL, REALTIME, T },
		{ "earlier", "1795305599999999", REALTIME, T - 1 },
		{ "later", "1795305601000000", REALTIME, T + 1 },
		{ "an hour earlier", "1795302000123456", REALTIME, T - 3600 },
		{ "more", "1795302000123455", REALTIME, T },
		{ "an hour later", "1795309200123456", REALTIME, T + 3600 },
		{ "more", "1795309200123457", REALTIME, T },
		{ "0", "0", REALTIME, T },
		{ "no number", "179530560x000000", REALTIME, T },
		{ "negative", "-1", REALTIME, T },
		{ "empty", "", REALTIME, T },
		{ "too large", "18446744073709551615", REALTIME, T },
		{ "1970", "7", 5, 0 },
		{ "the end of time", NULL, UINT64_MAX,
		    INT64_C(18446744073709) },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *const value[JOURNAL_FIELDS] = {
			[JOURNAL_IDENT] = "sm-mta",
			[JOURNAL_MESSAGE] = "x",
			[JOURNAL_SOURCE_TIME] = table[i].source,
		};
		struct journal_entry e;

		make(value, table[i].realtime_us, &e);
		UNIT_INT(table[i].name, e.line.t, table[i].want);
	}
}

static void test_suppressed(void **state)
{
	static const struct {
		const char *name;
		const char *message;
		const char *dropped;
		const char *unit;
		uint64_t want;
		const char *want_unit;
	} table[] = {
		{ "as it is", "Suppressed 4825 messages from exim4.service",
		    "4825", "exim4.service", 4825, "exim4.service" },
		{ "message alone",
		    "Suppressed 4825 messages from exim4.service", NULL, NULL,
		    4825, "exim4.service" },
		{ "fields alone", NULL, "12", "exim4.service", 12,
		    "exim4.service" },
		{ "the field goes before", "Suppressed 4 messages from a", "5",
		    "b", 5, "b" },
		{ "another language", "4 Nachrichten", NULL, "b", 1, "b" },
		{ "no number", "Suppressed many messages from a", "x", NULL, 1,
		    "a" },
		{ "0", "Suppressed 0 messages from a", "0", NULL, 1, "a" },
		{ "nothing", NULL, NULL, NULL, 1, "" },
		{ "cut", "Suppressed 4", NULL, NULL, 4, "" },
		{ "too many", NULL, "4294967296", "a", 1, "a" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		const char *const value[JOURNAL_FIELDS] = {
			[JOURNAL_IDENT] = "systemd-journald",
			[JOURNAL_MESSAGE] = table[i].message,
			[JOURNAL_TRANSPORT] = "driver",
			[JOURNAL_MESSAGE_ID] = DROPPED,
			[JOURNAL_N_DROPPED] = table[i].dropped,
			[JOURNAL_UNIT] = table[i].unit,
		};
		struct journal_entry e;

		make(value, REALTIME, &e);
		UNIT_INT(table[i].name, e.kind, JOURNAL_SUPPRESSED);
		UNIT_INT(table[i].name, e.line.t, T);
		UNIT_UINT(table[i].name, e.dropped, table[i].want);
		UNIT_MEM(table[i].name, e.unit.s, e.unit.len,
		    table[i].want_unit, strlen(table[i].want_unit));
	}
}

/* Names as in systemd.journal-fields(7), each once. */
static void test_names(void **state)
{
	(void)state;
	UNIT_STR(
	    "first", journal_field_name(JOURNAL_IDENT), "SYSLOG_IDENTIFIER");
	for (int i = 0; i < JOURNAL_FIELDS; i++) {
		const char *name = journal_field_name((enum journal_field)i);

		UNIT_TRUE(name, strlen(name) > 0 && strlen(name) < 64);
		for (int k = 0; k < i; k++) {
			UNIT_TRUE(name,
			    strcmp(name,
				journal_field_name((enum journal_field)k)) !=
				0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_suppressed),
		cmocka_unit_test(test_names),
	};

	return UNIT_RUN(tests);
}
