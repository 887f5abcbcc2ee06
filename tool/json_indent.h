/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_JSON_INDENT_H
#define TOOL_JSON_INDENT_H

#include "common/strbuf.h"
#include "common/view.h"

/*
 * Appends JSON text with a line for each member and element, for people; what
 * is empty stays in one line. Control characters of Unicode's upper half, which
 * a terminal may obey, become \u00XX. Any octets: what is no JSON comes out
 * somehow, and no deeper than 32.
 */
void json_indent(struct view json, unsigned margin, struct strbuf *out);

#endif
