/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_ASCII_H
#define COMMON_ASCII_H

#include <stdbool.h>
#include <string.h>

/*
 * Classes of characters as the RFCs mean them: ASCII, whatever the locale.
 */

/* WSP of RFC 5234 */
static inline bool ascii_is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_alnum(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* Without regard to case: letters become small. */
static inline char ascii_lower(char c)
{
	static const char small[] = "abcdefghijklmnopqrstuvwxyz";

	if (c >= 'A' && c <= 'Z') {
		c = small[c - 'A'];
	}
	return c;
}

/* VCHAR: printable, no blank */
static inline bool ascii_is_visible(char c)
{
	return c > ' ' && c < 0x7f;
}

/* A NUL is never one of the set. */
static inline bool ascii_is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

#endif
