/* SPDX-License-Identifier: BSD-2-Clause */
/* strbuf.c - a growing byte string with a bound and sticky errors */

#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/strbuf.h"

enum {
	LEAST = 256, /* bytes allocated at first */
	FAST_BELOW = 16 * 1024
};

void strbuf_init(struct strbuf *b, size_t max)
{
	*b = (struct strbuf){ .max = max };
}

void strbuf_release(struct strbuf *b)
{
	free(b->s);
	strbuf_init(b, b->max);
}

void strbuf_clear(struct strbuf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->s != NULL) {
		b->s[0] = '\0';
	}
}

/* Makes room for len more bytes and the NUL; false: over the bound. */
static bool reserve(struct strbuf *b, size_t len)
{
	size_t need;

	if (b->failed || len > b->max || b->len > b->max - len) {
		b->failed = true;
		return false;
	}
	need = b->len + len + 1;
	if (need > b->cap) {
		size_t cap = b->cap < LEAST ? (size_t)LEAST : b->cap;

		while (cap < need) {
			cap *= cap < FAST_BELOW ? 4 : 2;
		}
		b->s = xrealloc_array(b->s, cap, 1);
		b->cap = cap;
	}
	return true;
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
	if (!reserve(b, len)) {
		return;
	}
	if (len > 0) {
		memcpy(b->s + b->len, data, len);
	}
	b->len += len;
	b->s[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_addv(struct strbuf *b, struct view v)
{
	strbuf_add(b, v.s, v.len);
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	size_t room = b->s != NULL ? b->cap - b->len : 0;
	va_list ap;
	int n;

	/* most fits into what is there, and is formatted once */
	va_start(ap, fmt);
	n = vsnprintf(room > 0 ? b->s + b->len : NULL, room, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n)) {
		b->failed = true;
		if (room > 0) {
			b->s[b->len] = '\0';
		}
		return;
	}
	if ((size_t)n >= room) {
		va_start(ap, fmt);
		(void)vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

const char *strbuf_str(const struct strbuf *b)
{
	return b->s != NULL ? b->s : "";
}
