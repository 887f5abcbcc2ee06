/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_DKIM_H
#define SEND_DKIM_H

#include "common/conf.h"
#include "common/strbuf.h"
#include "common/view.h"

/*
 * DKIM signatures of report mails (RFC 6376, RFC 8301, RFC 8463; R155-R164):
 * relaxed/relaxed, without l=, From, Subject and TLS-Report-* signed twice, so
 * that none can be added.
 */
struct dkim;

/*
 * Reads the keys that the configuration names (dkim.keys). A key file that
 * others may read or write, that is not ours or root's, or holds no RSA key of 1024 to 4096
 * bits (under 2048 is worth a warning) or Ed25519 key: ERR_CONFIG, and *error tells file and why. No key
 * configured: *out is NULL; that is allowed with dkim.elsewhere only (R195),
 * else ERR_CONFIG.
 */
int dkim_open(const struct conf *c, struct dkim **out, struct strbuf *error);
void dkim_close(struct dkim *d); /* NULL is allowed */

/*
 * Appends the message with one DKIM-Signature header before it for each key.
 * message: header and body, CRLF line ends, 7 bit. The same message and keys
 * always give the same bytes (R185). d NULL: appends the message as it is.
 * Returns 0, ERR_PARSE (no header with From), ERR_TOO_LONG (out's bound),
 * -ENOMEM, -EIO (the key cannot sign).
 */
int dkim_sign(struct dkim *d, struct view message, struct strbuf *out);

/* The DNS name and text that has to be published for key number i, from 0;
   false when there is none. For "telltls check --sender". */
bool dkim_record(
    const struct dkim *d, size_t i, struct strbuf *name, struct strbuf *text);

#endif
