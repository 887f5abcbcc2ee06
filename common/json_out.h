/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_JSON_OUT_H
#define COMMON_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/strbuf.h"
#include "common/view.h"

/*
 * JSON lines: one object a line. Strings may come from strangers: the text is
 * escaped as in reports (R104), so that it is pure of control characters and
 * line ends of any kind, and what is not UTF-8 becomes U+FFFD.
 *
 *	json_out_begin(&j);
 *	json_out_text(&j, "kind", view_of("fact"));
 *	json_out_end(&j, stdout);
 */
struct json_out {
	struct strbuf line; /* the object so far */
	bool needs_comma;   /* before the next member */
};

enum {
	JSON_OUT_MAX = 4 << 20
}; /* bytes of a line */

void json_out_init(struct json_out *j);
void json_out_release(struct json_out *j);

/* Begins a new object; what was begun before is dropped. */
void json_out_begin(struct json_out *j);

/*
 * Ends the object and writes its line. An object over JSON_OUT_MAX is not
 * written. Returns 0, ERR_TOO_LONG or -errno.
 */
int json_out_end(struct json_out *j, FILE *stream);

/*
 * Ends the object and gives its text, without a line end: borrowed, valid until
 * the next call. Empty when it is over JSON_OUT_MAX.
 */
struct view json_out_finish(struct json_out *j);

/* Members; name is ours and needs no escape. */
void json_out_text(struct json_out *j, const char *name, struct view text);

/* Left out where it is empty. */
void json_out_some(struct json_out *j, const char *name, struct view text);

/* Left out where value, the first of its enum, says nothing, or has no word. */
void json_out_word(
    struct json_out *j, const char *name, unsigned value, const char *word);

void json_out_number(struct json_out *j, const char *name, uint64_t n);
void json_out_time(struct json_out *j, const char *name, int64_t t);
void json_out_bool(struct json_out *j, const char *name, bool b);

/*
 * A member that is JSON text already: parsed and written anew by the rules
 * above. Empty text gives the fallback (JSON of ours); text that is no JSON, or
 * is nested too deeply, is given as a string.
 */
void json_out_json(struct json_out *j, const char *name, struct view json,
    const char *fallback);

/*
 * Begins and ends a member that is an object; name is NULL for an element of a
 * list.
 */
void json_out_open(struct json_out *j, const char *name);
void json_out_close(struct json_out *j);

/* The same of a list, of strings or of objects. */
void json_out_open_list(struct json_out *j, const char *name);
void json_out_item(struct json_out *j, struct view text);
void json_out_close_list(struct json_out *j);

#endif
