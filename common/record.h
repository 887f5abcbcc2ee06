/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_RECORD_H
#define COMMON_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/record_text.h"
#include "common/view.h"

/*
 * The TLSRPT record of a policy domain (RFC 8460 3, R10-R28), parsed from
 * the texts of all TXT answers at _smtp._tls.<domain>.
 */
enum {
	RECORD_RUAS = 10,      /* destinations kept of one record (R191) */
	RECORD_URI_MAX = 1024, /* octets of one destination */
};

enum record_rua_kind {
	RECORD_MAILTO,
	RECORD_HTTPS
};

struct record_rua {
	enum record_rua_kind kind;
	/* the decoded address "local@domain" (domain normalised), or the URI
	   as published */
	char target[RECORD_URI_MAX + 1];
};

enum record_status {
	RECORD_VALID,   /* one record, with at least one usable destination */
	RECORD_NONE,    /* no text that begins as a TLSRPT record */
	RECORD_SEVERAL, /* more than one: as if none (R17) */
	RECORD_SYNTAX,  /* one, but it breaks the grammar: as if none */
	RECORD_NO_RUA,  /* valid, but no destination can be used (R23) */
};

struct record {
	enum record_status status;
	struct record_rua rua[RECORD_RUAS]; /* the first n_rua are set */
	size_t n_rua;
	unsigned ignored; /* destinations left out: scheme, syntax, more than
	                      RECORD_RUAS, duplicates */
	size_t error_at;  /* RECORD_SYNTAX: offset in the text where */
	const char
	    *error; /* and what was expected there; static text, or NULL */
};

/*
 * texts: each TXT RR with its character-strings already joined without
 * blanks (R19); any octets. Never fails: the status says what was found.
 */
void record_parse(const struct view *texts, size_t n, struct record *out);

const char *record_status_word(enum record_status s);

#endif
