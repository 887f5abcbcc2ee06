/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>

#include "common/view.h"

/*
 * Allocation that succeeds or aborts: for start-up and for tables with a
 * bound (CONVENTIONS 27). Free with free().
 */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc_array(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

/*
 * One region per unit of work (CONVENTIONS 28): nothing in it is freed by
 * hand; arena_reset() empties it for the next unit.
 */
struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is allowed */
void arena_reset(struct arena *a);
void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned to 16 */
char *arena_strndup(struct arena *a, const char *s, size_t len);
struct view arena_view(struct arena *a, struct view v); /* a copy */

#endif
