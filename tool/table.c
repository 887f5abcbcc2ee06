/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - text in columns that line up */

#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/log.h"
#include "tool/table.h"

void table_init(struct table *t, const struct table_column *columns, size_t n,
    FILE *stream, bool has_colour)
{
	assert(n <= TABLE_COLUMNS);
	*t = (struct table){ .columns = columns,
		.n = n,
		.stream = stream,
		.has_colour = has_colour };
}

void table_measure(struct table *t, const struct view *cells)
{
	char buf[LOG_ESCAPE_BUF];

	for (size_t i = 0; i < t->n; i++) {
		size_t width = strlen(log_escape(cells[i], buf));

		if (width > TABLE_WIDTH) {
			width = TABLE_WIDTH;
		}
		if (width > t->width[i]) {
			t->width[i] = width;
		}
	}
}

/* The width of a column with its name. */
static size_t full_width(const struct table *t, size_t column)
{
	size_t name = strlen(t->columns[column].name);

	return t->width[column] > name ? t->width[column] : name;
}

static void print_blanks(const struct table *t, size_t n)
{
	(void)fprintf(t->stream, "%*s", (int)n, "");
}

/* One line; its blanks are written before cells, so that none are at its end. */
static void print_line(
    const struct table *t, const struct view *cells, const char *colour)
{
	char buf[LOG_ESCAPE_BUF];
	size_t owed = t->indent;

	if (t->has_colour) {
		(void)fputs(colour, t->stream);
	}
	for (size_t i = 0; i < t->n; i++) {
		const char *text = log_escape(cells[i], buf);
		size_t len = strlen(text);
		size_t width = full_width(t, i);
		size_t pad = width > len ? width - len : 0;

		if (t->width[i] == 0) {
			continue;
		}
		if (len > 0) {
			bool is_number = t->columns[i].is_number;

			print_blanks(t, owed + (is_number ? pad : 0));
			(void)fputs(text, t->stream);
			owed = is_number ? 0 : pad;
		} else {
			owed += width;
		}
		owed += 2;
	}
	if (t->has_colour && colour[0] != '\0') {
		(void)fputs("\033[0m", t->stream);
	}
	(void)fputc('\n', t->stream);
}

void table_header(const struct table *t)
{
	struct view cells[TABLE_COLUMNS];

	for (size_t i = 0; i < t->n; i++) {
		cells[i] = view_of(t->columns[i].name);
	}
	print_line(t, cells, "\033[1m");
}

void table_row(
    const struct table *t, const struct view *cells, enum table_tone tone)
{
	static const char *const colours[] = {
		[TABLE_PLAIN] = "",
		[TABLE_WARN] = "\033[33m",
		[TABLE_BAD] = "\033[31m",
	};

	print_line(t, cells, colours[tone]);
}
