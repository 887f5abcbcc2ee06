/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_DKIM_RECORD_H
#define SEND_DKIM_RECORD_H

#include <stdbool.h>

#include "common/view.h"

/* A key as it is published in the DNS (RFC 6376 3.6.1). Borrows the text. */
struct dkim_record {
	struct view type; /* k=; "rsa" without one */
	struct view key;  /* p= as it stands, with the blanks in it; "" when the
	                     key is revoked */
	bool is_list;     /* s= names more than one service */
	bool is_email;    /* good for all mail: s= has "*" or "email" */
	bool is_tlsrpt;   /* good for reports: s= has "*" or "tlsrpt" */
	bool is_sha256;   /* no h=, or one that has it */
	bool is_testing;  /* t=y */
};

/* Pure. Returns 0, or ERR_PARSE: no list of tags, another version, no p=. */
int dkim_record_parse(struct view text, struct dkim_record *out);

/*
 * Is it the key whose p= is this, as dkim_key_public() writes it? An RSA key
 * may stand without its frame, as RFC 6376 says and nobody does.
 */
bool dkim_record_has(const struct dkim_record *r, struct view public_key);

#endif
