/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_TALLY_POLICIES_H
#define TOOL_TALLY_POLICIES_H

#include <stdbool.h>
#include <stdio.h>

#include "common/tally.h"
#include "common/view.h"
#include "tool/table.h"

/*
 * The policies of days as a table, a row for each. A day is taken twice, like
 * those of tally_text.h.
 */
struct tally_policies {
	struct table table;
	struct view domain; /* only its policies; empty: all */
	bool is_empty;      /* there is none in any day */
};

/* domain is borrowed. */
void tally_policies_init(struct tally_policies *p, struct view domain,
    FILE *stream, bool has_colour);

/* Takes notice of a day's policies. */
void tally_policies_measure(struct tally_policies *p, struct tally *tally);

/* The header, unless there is nothing under it; for each day its policies. */
void tally_policies_header(const struct tally_policies *p);
void tally_policies_print(const struct tally_policies *p, struct tally *tally);

#endif
