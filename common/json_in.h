/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_JSON_IN_H
#define COMMON_JSON_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mem.h"
#include "common/view.h"

/*
 * Reads JSON (RFC 8259) from strangers, value by value, and builds nothing:
 * what it costs is bounded by the text's length. Errors are sticky: after one,
 * everything is empty and every loop ends, so look once, with json_in_end().
 *
 *	json_in_begin(&in, text, arena);
 *	json_in_open_object(&in);
 *	while (json_in_member(&in, &name)) {
 *		if (view_is(name, "d")) {
 *			domain = json_in_string(&in);
 *		} else {
 *			json_in_skip(&in);
 *		}
 *	}
 *	is_good = json_in_end(&in);
 *
 * It is an error, too, what is nested more than JSON_IN_DEPTH deep, is no
 * UTF-8, or holds the character U+0000. What a member that comes twice means
 * is left to the caller.
 */
struct json_in {
	struct view rest;
	struct arena *arena;
	unsigned depth;
	uint32_t has_more; /* a bit a level: it is not the first value */
	bool has_failed;
};

enum {
	JSON_IN_DEPTH = 16
};

enum json_in_type {
	JSON_IN_NONE, /* no value begins here */
	JSON_IN_OBJECT,
	JSON_IN_ARRAY,
	JSON_IN_STRING,
	JSON_IN_NUMBER,
	JSON_IN_WORD, /* true, false, null */
};

/* Strings that are read borrow the text, or the arena where it has escapes. */
void json_in_begin(struct json_in *in, struct view text, struct arena *a);

/* True: no error, and nothing is behind the value but white space. */
bool json_in_end(struct json_in *in);

/* The caller does not like what it read. */
void json_in_fail(struct json_in *in);

/* Of the next value, which must be read then, by the function for its type. */
enum json_in_type json_in_next(struct json_in *in);

void json_in_open_object(struct json_in *in);
void json_in_open_array(struct json_in *in);

/* Its name, and the value is next; false, and the object is read: no more. */
bool json_in_member(struct json_in *in, struct view *name);

/* The value is next; false, and the array is read: no more. */
bool json_in_element(struct json_in *in);

struct view json_in_string(struct json_in *in);

/* A number without sign, fraction and exponent, at most UINT32_MAX. */
uint32_t json_in_number(struct json_in *in);

/* true or false. */
bool json_in_bool(struct json_in *in);

/* Any value; it is checked all the same. */
void json_in_skip(struct json_in *in);

#endif
