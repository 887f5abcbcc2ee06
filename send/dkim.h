/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_DKIM_H
#define SEND_DKIM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/strbuf.h"
#include "common/view.h"
#include "send/dkim_key.h"

/*
 * DKIM signatures of report mails (RFC 6376, RFC 8301, RFC 8463; R155-R164):
 * relaxed/relaxed, without l=, From, Subject and TLS-Report-* signed twice, so
 * that none can be added.
 */
struct dkim;

/*
 * Reads the keys that the configuration names (dkim.keys); d= is the domain of
 * contact. A key file that dkim_key_read() does not take: ERR_CONFIG, and
 * *error tells file, why, and what to do, without a line end. No key
 * configured: *out is NULL; that is allowed with dkim.elsewhere only
 * (conf_check_dkim(), R195), else ERR_CONFIG. Keeps nothing of c.
 */
int dkim_open(const struct conf *c, struct dkim **out, struct strbuf *error);
void dkim_close(struct dkim *d); /* NULL is allowed */

/*
 * Appends the message with one DKIM-Signature header before it for each key.
 * message: header and body, CRLF line ends, 7 bit. The same message and keys
 * always give the same bytes (R185). d NULL: appends the message as it is.
 * Returns 0, ERR_PARSE (no From, or a line that CRLF does not end, or a header
 * more than once that may not be), ERR_TOO_LONG (out's bound), -EIO (the key
 * cannot sign). After an error *out is of no use.
 */
int dkim_sign(struct dkim *d, struct view message, struct strbuf *out);

/* A key, for people and for "telltls check --sender"; borrowed from d. */
struct dkim_info {
	const char *domain;   /* d= */
	const char *selector; /* s= */
	const char *file;
	enum dkim_key_kind kind;
	unsigned bits;
};

/* Key number i, from 0, in the order of the configuration; false when there is
   none, also of d NULL. */
bool dkim_info(const struct dkim *d, size_t i, struct dkim_info *out);

/*
 * Appends the DNS name and the text that have to be published for key number
 * i, from 0; false when there is none. The text has no s=, which stands for all
 * services, "tlsrpt" too: a list of them is right, and fails where verifiers
 * read no list; "tlsrpt" alone fails at all others (R157, R158).
 */
bool dkim_record(
    const struct dkim *d, size_t i, struct strbuf *name, struct strbuf *text);

#endif
