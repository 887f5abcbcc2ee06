/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_TABLE_H
#define TOOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/view.h"

/*
 * Text in columns that line up. Rows are not kept: the caller shows each row
 * twice, first to be measured and then to be printed, so that a table of a
 * million rows costs no memory.
 *
 * Text from outside may stand in cells: it is escaped by log_escape(), and
 * so is cut at LOG_ESCAPE_BUF.
 */

enum {
	TABLE_COLUMNS = 16,
	TABLE_WIDTH = 40, /* a column is made no wider: one long name must not
	                     push all others out of sight */
};

struct table_column {
	const char *name; /* in the header */
	bool is_number;   /* to the right */
};

enum table_tone {
	TABLE_PLAIN,
	TABLE_WARN, /* yellow */
	TABLE_BAD,  /* red */
};

struct table {
	const struct table_column *columns; /* borrowed */
	size_t n;
	FILE *stream;
	bool has_colour;
	size_t indent;               /* blanks before each line; 0 at first */
	size_t width[TABLE_COLUMNS]; /* of the cells; not of the header */
};

/* n is TABLE_COLUMNS at most. */
void table_init(struct table *t, const struct table_column *columns, size_t n,
    FILE *stream, bool has_colour);

/* Takes notice of a row that will be printed; n cells. */
void table_measure(struct table *t, const struct view *cells);

/* Prints the names of all columns that are not empty throughout. */
void table_header(const struct table *t);

/*
 * Prints a row, under the same columns. A cell that is wider than its column
 * pushes the rest of its row to the right.
 */
void table_row(
    const struct table *t, const struct view *cells, enum table_tone tone);

#endif
