/* SPDX-License-Identifier: BSD-2-Clause */
/* mem.c - allocation that succeeds or aborts, and regions */

#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static void *checked(void *p)
{
	if (p == NULL) {
		(void)fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *xrealloc_array(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n > 0 ? n : 1, size > 0 ? size : 1));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *xstrndup(const char *s, size_t len)
{
	char *p = xmalloc(len + 1);

	if (len > 0) {
		memcpy(p, s, len);
	}
	p[len] = '\0';
	return p;
}

enum {
	ARENA_ALIGN = 16,
	ARENA_BLOCK = 16 * 1024
};

struct block {
	struct block *next;
	size_t size; /* bytes behind the header */
	_Alignas(16) unsigned char data[];
};

struct arena {
	struct block *blocks; /* newest first; the last one is kept on reset */
	size_t used;          /* bytes of the newest block */
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

static void free_until(struct arena *a, const struct block *last)
{
	while (a->blocks != last) {
		struct block *b = a->blocks;

		a->blocks = b->next;
		free(b);
	}
}

void arena_free(struct arena *a)
{
	if (a != NULL) {
		free_until(a, NULL);
		free(a);
	}
}

void arena_reset(struct arena *a)
{
	struct block *oldest = a->blocks;

	while (oldest != NULL && oldest->next != NULL) {
		oldest = oldest->next;
	}
	free_until(a, oldest);
	a->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t need = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	unsigned char *p;

	if (size > SIZE_MAX / 2) {
		checked(NULL);
	}
	if (a->blocks == NULL || need > a->blocks->size - a->used) {
		size_t room = need > ARENA_BLOCK ? need : (size_t)ARENA_BLOCK;
		struct block *b = xmalloc(sizeof(*b) + room);

		b->next = a->blocks;
		b->size = room;
		a->blocks = b;
		a->used = 0;
	}
	p = a->blocks->data + a->used;
	a->used += need;
	memset(p, 0, need);
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (len > 0) {
		memcpy(p, s, len);
	}
	return p;
}

struct view arena_view(struct arena *a, struct view v)
{
	return view_make(arena_strndup(a, v.s, v.len), v.len);
}
