/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_DKIM_KEY_H
#define SEND_DKIM_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/strbuf.h"
#include "common/view.h"

/* A private key that signs mails. */
struct dkim_key;

enum {
	DKIM_KEY_FILE_MAX = 64 * 1024, /* bytes of a file */
	DKIM_KEY_SIGNATURE = 512,      /* bytes of the longest signature */
	DKIM_KEY_RSA_MIN = 1024,       /* bits (RFC 8301 3.2, R161) */
	DKIM_KEY_RSA_ADVISED = 2048,
	DKIM_KEY_RSA_MAX = 4096,
};

enum dkim_key_kind {
	DKIM_KEY_RSA,    /* rsa-sha256 */
	DKIM_KEY_ED25519 /* ed25519-sha256 */
};

/*
 * Reads a key from PEM text, PKCS #8 or traditional, without a passphrase.
 * Returns 0 or ERR_PARSE; *wrong then says what is wrong with it: static.
 */
int dkim_key_parse(struct view pem, struct dkim_key **out, const char **wrong);
void dkim_key_free(struct dkim_key *k); /* NULL is allowed */

/*
 * The same from a file: a regular one, no symbolic link, of the user that we
 * run as or of root, that others may not read or write and its group may not
 * write. Returns 0 or ERR_CONFIG; *error then tells the file, what is wrong,
 * and what to do, without a line end.
 */
int dkim_key_read(
    const char *path, struct dkim_key **out, struct strbuf *error);

enum dkim_key_kind dkim_key_kind(const struct dkim_key *k);
unsigned dkim_key_bits(const struct dkim_key *k);

/* Appends the public key as p= has it (RFC 6376 3.6.1, RFC 8463 4): base64. */
void dkim_key_public(const struct dkim_key *k, struct strbuf *out);

/*
 * Signs a hash. The same key and hash always give the same signature. Returns
 * its length, or -EIO.
 */
int dkim_key_sign(struct dkim_key *k, const uint8_t hash[DIGEST_SHA256],
    uint8_t out[DKIM_KEY_SIGNATURE]);

#endif
