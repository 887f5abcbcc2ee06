/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_RULES_MATCH_H
#define COMMON_RULES_MATCH_H

#include <stdbool.h>

#include "common/domain.h"
#include "common/mem.h"
#include "common/record.h"
#include "common/view.h"

/* What a line of rules.h is for, and whether something is that. */

enum rules_kind {
	RULES_DOMAIN, /* that the report is about */
	RULES_MAILTO, /* a destination */
	RULES_HTTPS
};

struct rules_match {
	enum rules_kind kind;
	bool is_any;       /* all of the kind: the rest is not looked at */
	bool is_below;     /* what is below the host, not itself */
	bool is_beginning; /* of the part: any that begins so */
	struct view host;  /* domain or host, in one form */
	unsigned port;     /* https; 0: any */
	struct view part;  /* the local part, or what follows the host */
};

/* A destination in its parts. Borrows it; is not to be copied. */
struct rules_place {
	enum rules_kind kind; /* not RULES_DOMAIN */
	char host[RECORD_URI_MAX + 1];
	char local[RECORD_URI_MAX]; /* of an address, without quotes */
	unsigned port;              /* https; 0: none is named */
	struct view part;
};

void rules_place_of(const struct record_rua *rua, struct rules_place *out);

/* Reads what a line is for, into a. Returns the fault, static text, or NULL. */
const char *rules_match_parse(
    struct view word, struct arena *a, struct rules_match *out);

/* The kind must be the same; domain is normalised. */
bool rules_match_domain(const struct rules_match *m, struct view domain);

/* Any kind. */
bool rules_match_place(
    const struct rules_match *m, const struct rules_place *place);

#endif
