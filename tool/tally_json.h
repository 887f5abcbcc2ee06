/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_TALLY_JSON_H
#define TOOL_TALLY_JSON_H

#include <stdio.h>

#include "common/tally.h"
#include "common/view.h"

/*
 * Writes a day as JSON lines: its facts, in the order of the file, then its
 * policies; of one domain, unless domain is empty. What of a line cannot be
 * written is left to the stream's error. Reads the tally to its end.
 */
void tally_json_day(struct tally *tally, struct view domain, FILE *stream);

#endif
