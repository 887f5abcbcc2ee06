/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_DKIM_CANON_H
#define SEND_DKIM_CANON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strbuf.h"
#include "common/view.h"

/*
 * What a DKIM signature is made of: the canonical form "relaxed" of headers
 * and bodies (RFC 6376 3.4). Pure. Line ends are CRLF; what is canonical
 * already stays as it is, and nothing becomes longer by more than a line end.
 */

/*
 * Cuts the first field off a message, with the line ends in it and behind it.
 * False at the end of the header: then *message is the body.
 */
bool dkim_canon_next(struct view *message, struct view *field);

/* The name of a field; "" when it has none. */
struct view dkim_canon_name(struct view field);

/* How many fields of this name a header has; it may have a body behind it. */
size_t dkim_canon_count(struct view message, const char *name);

/* Appends the canonical form of a field, with its line end (3.4.2). A field
   without a name is left out. */
void dkim_canon_field(struct view field, struct strbuf *out);

/*
 * Appends the fields that are signed: names is NULL-terminated, in the order
 * of h=. A name that stands there once more means the next field of this name,
 * from the last one up; one more than there are means none (5.4.2).
 */
void dkim_canon_fields(
    struct view message, const char *const *names, struct strbuf *out);

/* Appends the canonical form of a body (3.4.4). */
void dkim_canon_body(struct view body, struct strbuf *out);

#endif
