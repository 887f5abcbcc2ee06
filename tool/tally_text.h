/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_TALLY_TEXT_H
#define TOOL_TALLY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/tally.h"
#include "common/view.h"
#include "tool/table.h"

/*
 * Days as a table of their facts, and a table of their totals. Each day is
 * taken twice: all days first to be measured, then all to be printed.
 */

struct tally_total; /* of a day */

struct tally_text {
	struct table table; /* of facts */
	struct view domain; /* only its facts; empty: all */
	bool has_facts;     /* in any day */
	struct tally_total *totals;
	size_t n_totals;
};

/* domain is borrowed. */
void tally_text_init(
    struct tally_text *t, struct view domain, FILE *stream, bool has_colour);
void tally_text_release(struct tally_text *t);

/* Reads the facts of a day to their end and takes notice of them. */
void tally_text_measure(struct tally_text *t, struct tally *tally);

/* The facts' header; for each day its facts; the totals. */
void tally_text_header(const struct tally_text *t);
void tally_text_print(const struct tally_text *t, struct tally *tally);
void tally_text_totals(const struct tally_text *t);

#endif
