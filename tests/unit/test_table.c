/* SPDX-License-Identifier: BSD-2-Clause */
/* test_table.c - tests of text in columns */

#include "config.h"

#include "common/log.h"
#include "tests/unit/unit.h"
#include "tool/table.h"

enum {
	COLUMNS = 3,
	ROWS = 4
};

static const struct table_column columns[COLUMNS] = {
	{ "name", false },
	{ "count", true },
	{ "note", false },
};

struct row {
	enum table_tone tone;
	const char *cells[COLUMNS]; /* NULL in the first: no more rows */
};

/* The table of the rows as text; to be freed. */
static char *print(const struct row *rows, bool has_colour)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct table t;

	assert_non_null(stream);
	table_init(&t, columns, COLUMNS, stream, has_colour);
	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1) {
			table_header(&t);
		}
		for (size_t i = 0; i < ROWS && rows[i].cells[0]; i++) {
			struct view cells[COLUMNS];

			for (size_t k = 0; k < COLUMNS; k++) {
				cells[k] = view_of(rows[i].cells[k]);
			}
			if (pass == 0) {
				table_measure(&t, cells);
			} else {
				table_row(&t, cells, rows[i].tone);
			}
		}
	}
	(void)fclose(stream);
	return text;
}

static const struct {
	const char *name;
	struct row rows[ROWS];
	bool has_colour;
	const char *want;
} texts[] = {
	{ "nothing", { { TABLE_PLAIN, { NULL } } }, false, "\n" },
	{ "aligned",
	    { { TABLE_PLAIN, { "a", "1", "x" } },
		{ TABLE_PLAIN, { "bbbbbb", "1000000", "yy" } } },
	    false,
	    "name      count  note\n"
	    "a             1  x\n"
	    "bbbbbb  1000000  yy\n" },
	{ "narrower than the header", { { TABLE_PLAIN, { "a", "1", "x" } } },
	    false,
	    "name  count  note\n"
	    "a         1  x\n" },
	{ "an empty column is left out",
	    { { TABLE_PLAIN, { "a", "", "x" } },
		{ TABLE_PLAIN, { "b", "", "y" } } },
	    false,
	    "name  note\n"
	    "a     x\n"
	    "b     y\n" },
	{ "an empty last column",
	    { { TABLE_PLAIN, { "a", "1", "" } },
		{ TABLE_PLAIN, { "b", "2", "" } } },
	    false,
	    "name  count\n"
	    "a         1\n"
	    "b         2\n" },
	{ "no blanks at the end",
	    { { TABLE_PLAIN, { "a", "", "" } },
		{ TABLE_PLAIN, { "b", "2", "note" } } },
	    false,
	    "name  count  note\n"
	    "a\n"
	    "b         2  note\n" },
	{ "a hole",
	    { { TABLE_PLAIN, { "a", "", "x" } },
		{ TABLE_PLAIN, { "b", "2", "" } } },
	    false,
	    "name  count  note\n"
	    "a            x\n"
	    "b         2\n" },
	{ "text from outside",
	    { { TABLE_PLAIN, { "\x1b[31m\n", "1", "\xc3\xbc" } } }, false,
	    "name          count  note\n"
	    "\\x1b[31m\\x0a      1  \\xc3\\xbc\n" },
	{ "a long cell widens its row only",
	    { { TABLE_PLAIN,
		  { "1234567890123456789012345678901234567890x", "1", "x" } },
		{ TABLE_PLAIN, { "a", "1", "x" } } },
	    false,
	    "name                                      count  note\n"
	    "1234567890123456789012345678901234567890x      1  x\n"
	    "a                                             1  x\n" },
	{ "colour",
	    { { TABLE_BAD, { "a", "1", "x" } },
		{ TABLE_WARN, { "b", "2", "y" } },
		{ TABLE_PLAIN, { "c", "3", "z" } } },
	    true,
	    "\033[1mname  count  note\033[0m\n"
	    "\033[31ma         1  x\033[0m\n"
	    "\033[33mb         2  y\033[0m\n"
	    "c         3  z\n" },
	{ "no colour", { { TABLE_BAD, { "a", "1", "x" } } }, false,
	    "name  count  note\n"
	    "a         1  x\n" },
};

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LEN(texts); i++) {
		char *got = print(texts[i].rows, texts[i].has_colour);

		UNIT_STR(texts[i].name, got, texts[i].want);
		free(got);
	}
}

/* A row that was not measured is whole, though it does not line up. */
static void test_wider(void **state)
{
	const struct view narrow[] = { view_of("a"), view_of("1"),
		view_of("x") };
	const struct view wide[] = { view_of("wider than that"), view_of("1"),
		view_of("x") };
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct table t;

	(void)state;
	assert_non_null(stream);
	table_init(&t, columns, COLUMNS, stream, false);
	table_measure(&t, narrow);
	table_row(&t, wide, TABLE_PLAIN);
	(void)fclose(stream);
	UNIT_STR("wider", text, "wider than that      1  x\n");
	free(text);
}

/* Each line begins behind blanks, and still none are at its end. */
static void test_indent(void **state)
{
	const struct view cells[] = { view_of("a"), view_of("1"), view_of("") };
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct table t;

	(void)state;
	assert_non_null(stream);
	table_init(&t, columns, COLUMNS, stream, false);
	t.indent = 3;
	table_measure(&t, cells);
	table_header(&t);
	table_row(&t, cells, TABLE_PLAIN);
	(void)fclose(stream);
	UNIT_STR("indent", text, "   name  count\n   a         1\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_wider),
		cmocka_unit_test(test_indent),
	};

	return UNIT_RUN(tests);
}
