/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_PAGE_H
#define TOOL_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "common/view.h"

/*
 * Text for people: headings, and paragraphs that are broken at blanks to fit
 * into the width. Text from outside goes through log_escape() first.
 */
struct page {
	FILE *stream;
	unsigned width; /* columns */
	bool has_colour;
};

enum {
	PAGE_WIDTH = 80 /* where no terminal tells it */
};

/* The width of the terminal on this descriptor, or PAGE_WIDTH. */
unsigned page_width(int fd);

/* A blank line, unless it is the first heading, and a line of its own. */
void page_heading(const struct page *p, unsigned number, const char *text);

/*
 * A paragraph. Its first line begins at the column indent with label (NULL or
 * "": none), its text at the column indent + hang, or behind a longer label,
 * with a blank between; further lines at indent + hang. A word that is too
 * long for a line gets one of its own.
 */
void page_say(const struct page *p, unsigned indent, unsigned hang,
    const char *label, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
