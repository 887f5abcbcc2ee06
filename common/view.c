/* SPDX-License-Identifier: BSD-2-Clause */
/* view.c - searching and reading borrowed pieces of buffers */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/err.h"
#include "common/view.h"

size_t view_find(struct view a, const char *needle)
{
	size_t n = strlen(needle);
	const char *p;

	if (n == 0 || a.len < n) {
		return n == 0 ? 0 : a.len;
	}
	p = memmem(a.s, a.len, needle, n);
	return p != NULL ? (size_t)(p - a.s) : a.len;
}

size_t view_index(struct view a, char c)
{
	const char *p = a.len > 0 ? memchr(a.s, c, a.len) : NULL;

	return p != NULL ? (size_t)(p - a.s) : a.len;
}

size_t view_rindex(struct view a, char c)
{
	const char *p = a.len > 0 ? memrchr(a.s, c, a.len) : NULL;

	return p != NULL ? (size_t)(p - a.s) : a.len;
}

bool view_take(struct view *a, const char *prefix)
{
	if (!view_starts(*a, prefix)) {
		return false;
	}
	*a = view_skip(*a, strlen(prefix));
	return true;
}

bool view_is_nocase(struct view a, struct view b)
{
	if (a.len != b.len) {
		return false;
	}
	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower(a.s[i]) != ascii_lower(b.s[i])) {
			return false;
		}
	}
	return true;
}

bool view_copy(struct view v, char *out, size_t size)
{
	bool fits = v.len < size;

	if (!fits) {
		v.len = 0;
	}
	if (v.len > 0) {
		memcpy(out, v.s, v.len);
	}
	out[v.len] = '\0';
	return fits;
}

int view_number(struct view a, unsigned long long max, unsigned long long *out)
{
	unsigned long long n = 0;

	if (a.len == 0) {
		return ERR_PARSE;
	}
	for (size_t i = 0; i < a.len; i++) {
		unsigned digit = (unsigned)(unsigned char)a.s[i] - '0';

		if (digit > 9 || digit > max || n > (max - digit) / 10) {
			return ERR_PARSE;
		}
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}
