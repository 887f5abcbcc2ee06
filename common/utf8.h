/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mem.h"
#include "common/view.h"

/*
 * Decodes the character at the front of text (not empty). Returns its octets
 * (1 to 4) and the code point, or 0 when it is not UTF-8 (RFC 3629: overlong
 * forms, surrogates, over U+10FFFF, cut short).
 */
size_t utf8_decode(struct view text, uint32_t *code);

/*
 * May the text stand in I-JSON (RFC 7493 2.1): UTF-8 without noncharacters
 * (U+FFFE and their like)?
 */
bool utf8_is_clean(struct view text);

/*
 * The text with U+FFFD in place of each octet and each character that may not
 * stand there: text itself when it is clean, else a copy in the arena.
 */
struct view utf8_clean(struct view text, struct arena *a);

#endif
