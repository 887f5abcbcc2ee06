/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_key.c - private keys, and what is signed by them
 *
 * The only file that knows libcrypto's keys.
 */

#include "config.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base64.h"
#include "common/err.h"
#include "common/mem.h"
#include "send/dkim_key.h"

struct dkim_key {
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *rsa; /* ready to sign; NULL: an Ed25519 key */
	enum dkim_key_kind kind;
	unsigned bits;
};

static EVP_PKEY *read_pem(struct view pem, const char **wrong)
{
	char none[] = ""; /* the library would ask at the terminal */
	BIO *bio = BIO_new_mem_buf(pem.s, (int)pem.len);
	EVP_PKEY *pkey = NULL;

	if (bio != NULL) {
		pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, none);
	}
	(void)BIO_free(bio);
	if (pkey == NULL) {
		*wrong = view_find(pem, "ENCRYPTED") < pem.len ?
		    "encrypted with a passphrase" :
		    "no private key in PEM";
	}
	return pkey;
}

/* What is wrong with the key; NULL: nothing. */
static const char *check_kind(struct dkim_key *k)
{
	int bits = EVP_PKEY_get_bits(k->pkey);

	k->bits = bits > 0 ? (unsigned)bits : 0;
	if (EVP_PKEY_is_a(k->pkey, "ED25519") == 1) {
		k->kind = DKIM_KEY_ED25519;
		return NULL;
	}
	if (EVP_PKEY_is_a(k->pkey, "RSA") != 1) {
		return "a key that is neither RSA nor Ed25519";
	}
	k->kind = DKIM_KEY_RSA;
	if (k->bits < DKIM_KEY_RSA_MIN) {
		return "an RSA key of less than 1024 bits";
	}
	if (k->bits > DKIM_KEY_RSA_MAX) {
		return "an RSA key of more than 4096 bits";
	}
	return NULL;
}

/* RSASSA-PKCS1-v1_5 (RFC 8017 8.2), of a hash that is there already. */
static bool prepare_rsa(struct dkim_key *k)
{
	k->rsa = EVP_PKEY_CTX_new(k->pkey, NULL);
	return k->rsa != NULL && EVP_PKEY_sign_init(k->rsa) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(k->rsa, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(k->rsa, EVP_sha256()) == 1;
}

int dkim_key_parse(struct view pem, struct dkim_key **out, const char **wrong)
{
	struct dkim_key *k;

	*out = NULL;
	*wrong = NULL;
	if (pem.len > DKIM_KEY_FILE_MAX) {
		*wrong = "longer than 64 KiB";
		return ERR_PARSE;
	}
	k = xcalloc(1, sizeof(*k));
	k->pkey = read_pem(pem, wrong);
	if (k->pkey != NULL) {
		*wrong = check_kind(k);
	}
	if (*wrong == NULL && k->kind == DKIM_KEY_RSA && !prepare_rsa(k)) {
		*wrong = "a key that libcrypto cannot sign with";
	}
	ERR_clear_error();
	if (*wrong != NULL) {
		dkim_key_free(k);
		return ERR_PARSE;
	}
	*out = k;
	return 0;
}

void dkim_key_free(struct dkim_key *k)
{
	if (k != NULL) {
		EVP_PKEY_CTX_free(k->rsa);
		EVP_PKEY_free(k->pkey);
		free(k);
	}
}

enum dkim_key_kind dkim_key_kind(const struct dkim_key *k)
{
	return k->kind;
}

unsigned dkim_key_bits(const struct dkim_key *k)
{
	return k->bits;
}

void dkim_key_public(const struct dkim_key *k, struct strbuf *out)
{
	unsigned char raw[64];
	unsigned char *der = NULL;
	size_t raw_len = sizeof(raw);
	int len;

	if (k->kind == DKIM_KEY_ED25519) {
		if (EVP_PKEY_get_raw_public_key(k->pkey, raw, &raw_len) == 1) {
			base64_encode(raw, raw_len, out);
		}
		return;
	}
	/* a SubjectPublicKeyInfo, as all do (RFC 6376, erratum 3017) */
	len = i2d_PUBKEY(k->pkey, &der);
	if (len > 0) {
		base64_encode(der, (size_t)len, out);
	}
	OPENSSL_free(der);
}

/* RFC 8463 3: PureEdDSA of the hash. */
static bool sign_ed25519(struct dkim_key *k, const uint8_t *hash,
    uint8_t out[DKIM_KEY_SIGNATURE], size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool is_signed = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
	    EVP_DigestSign(ctx, out, len, hash, DIGEST_SHA256) == 1;

	EVP_MD_CTX_free(ctx);
	return is_signed;
}

int dkim_key_sign(struct dkim_key *k, const uint8_t hash[DIGEST_SHA256],
    uint8_t out[DKIM_KEY_SIGNATURE])
{
	size_t len = DKIM_KEY_SIGNATURE;
	bool is_signed = k->kind == DKIM_KEY_RSA ?
	    EVP_PKEY_sign(k->rsa, out, &len, hash, DIGEST_SHA256) == 1 :
	    sign_ed25519(k, hash, out, &len);

	ERR_clear_error();
	return is_signed ? (int)len : -EIO;
}
