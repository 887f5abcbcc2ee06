/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_LINES_H
#define COMMON_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strbuf.h"
#include "common/view.h"

/*
 * Small files that a person writes: lines of words, between which stand
 * blanks; '#' begins a comment. No I/O but in lines_read_file().
 */
struct lines {
	struct view text;     /* what is left of it */
	const char *name;     /* of the file, for faults; borrowed */
	struct strbuf *error; /* where faults go; borrowed */
	unsigned number;      /* of the line at hand, from 1 */
	bool has_failed;      /* there was a fault */
};

enum {
	LINES_FILE_MAX = 16 << 20 /* octets of a file: a bound for its text */
};

void lines_begin(
    struct lines *l, struct view text, const char *name, struct strbuf *error);

/* The next line without its end (LF or CRLF). False: there is none. */
bool lines_next(struct lines *l, struct view *line);

/* Cuts the next word off a line; "" at its end, or where a comment begins. */
struct view lines_word(struct view *line);

/* Notes a fault of the line at hand: "NAME:NUMBER: WHAT", a line each. */
void lines_fault(struct lines *l, const char *what);

/*
 * Appends the text of a file; no more is read than text takes. Returns 0,
 * -errno or ERR_TOO_LONG; *error says which file then.
 */
int lines_read_file(
    const char *path, struct strbuf *text, struct strbuf *error);

#endif
