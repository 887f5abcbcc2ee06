/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_RECORD_TEXT_H
#define COMMON_RECORD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/view.h"

/*
 * The grammar that the records at _smtp._tls (RFC 8460 3) and _mta-sts (RFC
 * 8461 3.1) share:
 *
 *	version 1*(field-delim field) [field-delim]
 *	field-delim = *WSP ";" *WSP
 *
 * Which fields a record has is its own file's affair; what is none of them is
 * an extension (R15, R201), which is checked and passed over (R16, R204).
 */
enum {
	RECORD_TEXT_MAX = 65535 /* octets of one TXT RR, joined */
};

/* Where we are in the text. */
struct record_text {
	struct view text;
	size_t at;         /* offset of the next octet */
	const char *error; /* what was expected there, static text; sticky */
};

enum record_text_found {
	RECORD_TEXT_ONE,
	RECORD_TEXT_NONE,
	RECORD_TEXT_SEVERAL /* as if none (R17, R202) */
};

/*
 * The one text that begins with the version and, behind blanks, a ';' (R18,
 * R202 with erratum 6285). texts are TXT records, each with its
 * character-strings joined. *r is set behind the version for RECORD_TEXT_ONE.
 */
enum record_text_found record_text_begin(struct record_text *r,
    const struct view *texts, size_t n, const char *version);

/* Takes a delimiter. False: no field follows, at the end or for an error. */
bool record_text_next(struct record_text *r);

/* Takes an extension: name "=" value. */
void record_text_extension(struct record_text *r);

/* The next octet, '\0' at the end: it is in no part of the grammar. */
char record_text_peek(const struct record_text *r);

/* What is not read yet. */
struct view record_text_rest(const struct record_text *r);

void record_text_skip_wsp(struct record_text *r);

#endif
