/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_STRBUF_H
#define COMMON_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/view.h"

/*
 * A growing byte string with a bound. Errors are sticky: do all the steps,
 * then look at failed once. A failed buffer keeps what it had.
 */
struct strbuf {
	char *s;     /* owned, always NUL-terminated, or NULL when empty */
	size_t len;  /* bytes without the NUL */
	size_t cap;  /* bytes allocated */
	size_t max;  /* bound of len */
	bool failed; /* the bound was hit */
};

void strbuf_init(struct strbuf *b, size_t max);
void strbuf_release(struct strbuf *b);
void strbuf_clear(struct strbuf *b);
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addv(struct strbuf *b, struct view v);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The text, never NULL. Borrowed: valid until the next change. */
const char *strbuf_str(const struct strbuf *b);

#endif
