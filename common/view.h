/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_VIEW_H
#define COMMON_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * A borrowed piece of a buffer: not NUL-terminated, not owned, valid as long
 * as the buffer is. An empty view may have s == NULL.
 */
struct view {
	const char *s; /* first byte */
	size_t len;    /* bytes */
};

/* A view of a whole C string; of NULL, the empty view. */
static inline struct view view_of(const char *s)
{
	return (struct view){ s, s != NULL ? strlen(s) : 0 };
}

static inline struct view view_make(const char *s, size_t len)
{
	return (struct view){ s, len };
}

static inline bool view_eq(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

static inline bool view_is(struct view a, const char *s)
{
	return view_eq(a, view_of(s));
}

static inline bool view_starts(struct view a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.len >= n && (n == 0 || memcmp(a.s, prefix, n) == 0);
}

/* What is left of a view after its first n bytes (n <= a.len). */
static inline struct view view_skip(struct view a, size_t n)
{
	/* no sum with NULL, not even of 0 */
	return n == 0 ? a : (struct view){ a.s + n, a.len - n };
}

/* Offset of the first occurrence of a string, or a.len when there is none. */
size_t view_find(struct view a, const char *needle);

/* Offset of the first / last byte c, or a.len when there is none. */
size_t view_index(struct view a, char c);
size_t view_rindex(struct view a, char c);

/*
 * Cuts "<prefix>value" off the front: when *a starts with the prefix, moves
 * *a behind it and returns true.
 */
bool view_take(struct view *a, const char *prefix);

/* Comparison without regard to ASCII case. */
bool view_is_nocase(struct view a, struct view b);

/*
 * Copies into a C string of size bytes; what does not fit becomes "", since a
 * cut name is another name. Returns false then.
 */
bool view_copy(struct view v, char *out, size_t size);

/*
 * Reads the whole view as an unsigned decimal number <= max. Returns 0 or
 * ERR_PARSE (empty, another byte, larger than max).
 */
int view_number(struct view a, unsigned long long max, unsigned long long *out);

#endif
