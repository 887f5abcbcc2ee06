/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_SENDMAIL_TEXT_H
#define COMMON_SENDMAIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/view.h"

/*
 * Sendmail's log text. It doubles each backslash and writes what cannot be
 * printed as \t, \n, \r or \ooo, so the text of a line is printable ASCII;
 * what addresses mean by quotes and backslashes is hidden under that.
 */

/*
 * Cuts what stands before the first occurrence of a mark off the front, and
 * the mark. False, and nothing is cut, when there is no mark.
 */
bool sendmail_take_before(
    struct view *text, const char *mark, struct view *out);

/* Undoes the escapes into out, at most size bytes. Returns the length. */
size_t sendmail_unescape(struct view text, char *out, size_t size);

/*
 * Length of the list of addresses at the front of a to= line, still escaped:
 * "<a@b>,<c@d>", "a@b", "<a@b>,". It ends at ", " outside of an address.
 */
size_t sendmail_rcpts_length(struct view text);

/*
 * The next address of an unescaped list: cuts it off *list. Quoted local
 * parts may hold anything. Returns false at the end of the list.
 */
bool sendmail_next_rcpt(struct view *list, struct view *address);

#endif
