/* SPDX-License-Identifier: BSD-2-Clause */
/* test_page.c - tests of paragraphs for people */
#include "config.h"

#include <fcntl.h>

#include "tests/unit/unit.h"
#include "tool/page.h"

static const struct {
	const char *name;
	unsigned width;
	unsigned indent;
	unsigned hang;
	const char *label;
	const char *text;
	const char *want;
} rows[] = {
	{ "plain", 40, 0, 0, NULL, "one two", "one two\n" },
	{ "nothing", 40, 2, 0, NULL, "", "  \n" },
	{ "indent", 40, 3, 0, NULL, "one", "   one\n" },
	{ "label", 40, 2, 6, "ab", "one", "  ab    one\n" },
	{ "label that fills", 40, 0, 3, "ab", "one", "ab one\n" },
	{ "label too long", 40, 0, 3, "abcdef", "one", "abcdef one\n" },
	{ "no label", 40, 2, 4, "", "one", "      one\n" },
	{ "just fits", 7, 0, 0, NULL, "one two", "one two\n" },
	{ "broken", 6, 0, 0, NULL, "one two", "one\ntwo\n" },
	{ "broken under its text", 12, 1, 4, "a", "one two three four",
	    " a   one two\n     three\n     four\n" },
	{ "word too long", 8, 2, 0, NULL, "one 0123456789 two",
	    "  one\n  0123456789\n  two\n" },
	{ "several blanks", 40, 0, 0, NULL, " one   two ", "one two\n" },
};

static void test_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(rows); i++) {
		char *text = NULL;
		size_t len = 0;
		struct page p = { .stream = open_memstream(&text, &len),
			.width = rows[i].width };

		assert_non_null(p.stream);
		page_say(&p, rows[i].indent, rows[i].hang, rows[i].label, "%s",
		    rows[i].text);
		(void)fclose(p.stream);
		UNIT_STR(rows[i].name, text, rows[i].want);
		free(text);
	}
}

static void test_heading(void **state)
{
	char *text = NULL;
	size_t len = 0;
	struct page p = { .stream = open_memstream(&text, &len), .width = 40 };

	(void)state;
	assert_non_null(p.stream);
	page_heading(&p, 1, "One");
	p.has_colour = true;
	page_heading(&p, 2, "Two");
	(void)fclose(p.stream);
	UNIT_STR("headings", text, "1. One\n\n\033[1m2. Two\033[0m\n");
	free(text);
}

/* What is no terminal has a width all the same. */
static void test_width(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	UNIT_UINT("no terminal", page_width(fd), PAGE_WIDTH);
	UNIT_UINT("nothing", page_width(-1), PAGE_WIDTH);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_say),
		cmocka_unit_test(test_heading),
		cmocka_unit_test(test_width),
	};

	return UNIT_RUN(tests);
}
