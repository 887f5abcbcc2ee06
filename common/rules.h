/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_RULES_H
#define COMMON_RULES_H

#include <stddef.h>

#include "common/record.h"
#include "common/strbuf.h"
#include "common/view.h"

/*
 * Where reports go, as this site decides beside the domains' records: a file
 * of lines (lines.h), read from its top:
 *
 *	allow MATCH			the report goes there
 *	deny MATCH			it does not
 *	replace MATCH DESTINATION...	it goes to these instead
 *	add DOMAIN DESTINATION...	it goes to these too
 *
 * A destination is as records have it. MATCH is one of
 *
 *	example.org  .example.org  *	the domain that the report is about:
 *					this one, those below it, all
 *	mailto:tls@example.org		this destination
 *	mailto:*@example.org  mailto:*@.example.org  mailto:*
 *	https://example.org/tls		this destination
 *	https://example.org/t*		all that begin so
 *	https://.example.org/t*		the same below that host
 *
 * where the text before the last '*' may end behind "//", "@" or the slash of
 * the path. A port that is not named is any.
 *
 * For each destination that a record names, the first allow, deny or replace
 * decides that matches it or the domain; without any it is allowed. Then the
 * first add that matches the domain adds, whatever the others decided.
 */
struct rules;

enum rules_action {
	RULES_ALLOW,
	RULES_DENY,
	RULES_REPLACE,
	RULES_ADD
};

enum {
	RULES_MAX = 1000 /* lines with a rule */
};

/*
 * Parses the text of a file; name is for *error, which says all faults, a line
 * each. Returns 0, or ERR_CONFIG and *out is NULL.
 */
int rules_parse(struct view text, const char *name, struct rules **out,
    struct strbuf *error);

/* The same for a file. Also -errno, and ERR_TOO_LONG for one over 16 MiB. */
int rules_read(const char *path, struct rules **out, struct strbuf *error);

void rules_free(struct rules *r); /* NULL is allowed */

/* What decided, and what follows. */
struct rules_verdict {
	enum rules_action action;
	unsigned line;               /* of the file; 0: none matches */
	const struct record_rua *to; /* of replace and add; borrowed from r */
	size_t n_to;
};

/*
 * Of one destination of a domain (normalised); r may be NULL: all is allowed.
 */
void rules_decide(const struct rules *r, struct view domain,
    const struct record_rua *rua, struct rules_verdict *out);

/* What is added for a domain; line is 0, and n_to, if nothing is. */
void rules_decide_add(
    const struct rules *r, struct view domain, struct rules_verdict *out);

/*
 * Makes the destinations of a valid record those that the rules leave of it,
 * each of them once and RECORD_RUAS of them at most (what is beyond that is
 * counted in ignored). There may be none. Returns how many of the record's own
 * were denied or replaced.
 */
unsigned rules_apply(
    const struct rules *r, struct view domain, struct record *record);

const char *rules_action_word(enum rules_action a);

#endif
