/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_STS_RECORD_H
#define COMMON_STS_RECORD_H

#include <stddef.h>

#include "common/view.h"

/*
 * The MTA-STS record of a policy domain (RFC 8461 3.1, R200-R205): it says
 * that there is a policy to fetch, and by its id when that is another one.
 */
enum sts_record_status {
	STS_RECORD_VALID,
	STS_RECORD_NONE,    /* no text that begins as such a record */
	STS_RECORD_SEVERAL, /* more than one: as if none (R202) */
	STS_RECORD_SYNTAX   /* one, but it breaks the grammar: as if none */
};

enum {
	STS_RECORD_ID_MAX = 32
};

struct sts_record {
	enum sts_record_status status;
	char id[STS_RECORD_ID_MAX + 1]; /* "" unless VALID; compare only for
	                                   being equal (R205) */
	size_t error_at;                /* SYNTAX: offset in the text where */
	const char *error; /* and what was expected there; static, or NULL */
};

/*
 * texts: each TXT RR at _mta-sts.<domain> with its character-strings joined
 * (dns_txt_join()); any octets. Never fails: the status says what was found.
 */
void sts_record_parse(
    const struct view *texts, size_t n, struct sts_record *out);

/* "valid", "none", "several", "syntax" */
const char *sts_record_status_word(enum sts_record_status s);

#endif
