/* SPDX-License-Identifier: BSD-2-Clause */
/* test_log.c - tests of common/log.c */

#include "config.h"

#include "common/log.h"
#include "tests/unit/unit.h"

/* A view of a literal, with the NUL bytes inside it. */
#define V(literal) view_make((literal), sizeof(literal) - 1)

static void test_escape(void **state)
{
	const struct {
		const char *name;
		struct view in;
		const char *want;
	} table[] = {
		{ "empty", V(""), "" },
		{ "no buffer", view_of(NULL), "" },
		{ "plain", V("a b~!"), "a b~!" },
		{ "a line end", V("a\r\nb"), "a\\x0d\\x0ab" },
		{ "NUL", V("a\0b"), "a\\x00b" },
		{ "terminal", V("\x1b[31m"), "\\x1b[31m" },
		{ "DEL", V("\x7f"), "\\x7f" },
		{ "8 bits", V("\x80\xff"), "\\x80\\xff" },
		{ "UTF-8", V("\xc3\xbc"), "\\xc3\\xbc" },
		{ "backslash", V("\\x0a"), "\\x5cx0a" },
		{ "percent", V("%s%n"), "%s%n" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		char out[LOG_ESCAPE_BUF];

		UNIT_STR(
		    table[i].name, log_escape(table[i].in, out), table[i].want);
		UNIT_TRUE(table[i].name, log_escape(table[i].in, out) == out);
	}
}

/* Writes the uncut escape of len bytes to want. */
static size_t escape_all(const char *text, size_t len, char *want)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c <= 0x7e && c != '\\') {
			want[n++] = text[i];
		} else {
			n += (size_t)snprintf(want + n, 5, "\\x%02x", c);
		}
	}
	want[n] = '\0';
	return n;
}

static void check_cut(const char *text, size_t len)
{
	char want[4 * 600 + 1];
	size_t want_len = escape_all(text, len, want);
	/* of the exact size, for the sanitizer */
	char *out = malloc(LOG_ESCAPE_BUF);
	size_t n;

	assert_non_null(out);
	memset(out, 'x', LOG_ESCAPE_BUF);
	(void)log_escape(view_make(text, len), out);
	n = strnlen(out, LOG_ESCAPE_BUF);
	UNIT_TRUE("ends in the buffer", n < LOG_ESCAPE_BUF);
	if (want_len <= LOG_ESCAPE_BUF - 8) {
		UNIT_STR("whole", out, want);
	}
	if (want_len >= LOG_ESCAPE_BUF) {
		/* as much of it as goes, and no escape is cut in two */
		UNIT_TRUE("long", n >= LOG_ESCAPE_BUF - 8);
		UNIT_STR("dots", out + n - 3, "...");
		UNIT_MEM("beginning", out, n - 3, want, n - 3);
		UNIT_TRUE("whole escapes",
		    out[n - 4] != '\\' && out[n - 5] != '\\' &&
			out[n - 6] != '\\');
	}
	free(out);
}

/*
 * All lengths: plain bytes; bytes that become four behind up to four plain
 * ones, so that they end at each place; and both by turns.
 */
static void test_escape_cut(void **state)
{
	char text[600];

	(void)state;
	for (size_t kind = 0; kind < 7; kind++) {
		for (size_t i = 0; i < sizeof(text); i++) {
			bool is_plain =
			    kind == 5 || i < kind || (kind == 6 && i % 3 > 0);

			text[i] = (char)(is_plain ? 'a' + i % 26 : i % 31 + 1);
		}
		for (size_t len = 0; len <= sizeof(text); len++) {
			check_cut(text, len);
		}
	}
}

/* Every byte but '\\' stands for itself or is escaped, and can be read back. */
static void test_escape_bytes(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char in = (char)c;
		char want[5];
		char out[LOG_ESCAPE_BUF];

		(void)escape_all(&in, 1, want);
		UNIT_STR("byte", log_escape(view_make(&in, 1), out), want);
	}
}

/* What the calls in run() write to standard error. */
static void capture(void (*run)(void), char *out, size_t size)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t n;

	assert_non_null(file);
	assert_true(saved >= 0);
	(void)fflush(stderr);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	run();
	(void)fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	rewind(file);
	n = fread(out, 1, size - 1, file);
	out[n] = '\0';
	(void)fclose(file);
}

static void log_each(void)
{
	log_error("failed to %s", "a");
	log_warn("b n=%d", 2);
	log_info("c");
	log_debug("d");
}

static void log_long(void)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
}

static void test_levels(void **state)
{
	static const struct {
		const char *name;
		enum log_level level;
		const char *want;
	} table[] = {
		{ "error", LOG_LEVEL_ERROR, "unit: error: failed to a\n" },
		{ "warn", LOG_LEVEL_WARN,
		    "unit: error: failed to a\nunit: warning: b n=2\n" },
		{ "info", LOG_LEVEL_INFO,
		    "unit: error: failed to a\nunit: warning: b n=2\n"
		    "unit: info: c\n" },
		{ "debug", LOG_LEVEL_DEBUG,
		    "unit: error: failed to a\nunit: warning: b n=2\n"
		    "unit: info: c\nunit: debug: d\n" },
	};

	char got[8192];

	(void)state;
	log_open("unit", false);
	capture(log_each, got, sizeof(got));
	UNIT_STR("debug is off", got, table[LOG_LEVEL_INFO].want);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		log_set_level(table[i].level);
		capture(log_each, got, sizeof(got));
		UNIT_STR(table[i].name, got, table[i].want);
	}
}

/* A text that is too long is cut, and is still one line. */
static void test_long(void **state)
{
	static const char head[] = "unit: error: xxx";
	char got[8192];
	char *end;

	(void)state;
	log_open("unit", false);
	log_set_level(LOG_LEVEL_INFO);
	capture(log_long, got, sizeof(got));
	end = strchr(got, '\n');
	assert_non_null(end);
	UNIT_STR("one line", end, "\n");
	UNIT_TRUE("cut", strlen(got) < 4000);
	UNIT_MEM("beginning", got, sizeof(head) - 1, head, sizeof(head) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_cut),
		cmocka_unit_test(test_escape_bytes),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long),
	};

	return UNIT_RUN(tests);
}
