/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * digest.c - cryptographic hashes of buffers
 *
 * The only file that knows libcrypto's digests.
 */

#include "config.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/digest.h"

void digest_sha256(const void *buf, size_t len, uint8_t out[DIGEST_SHA256])
{
	/* fails only for want of memory, or of SHA-256 in the library */
	if (EVP_Digest(buf, len, out, NULL, EVP_sha256(), NULL) != 1) {
		(void)fputs("libcrypto has no SHA-256\n", stderr);
		abort();
	}
}

const char *digest_sha256_hex(
    const void *buf, size_t len, char out[DIGEST_SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[DIGEST_SHA256];

	digest_sha256(buf, len, sum);
	for (size_t i = 0; i < sizeof(sum); i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[DIGEST_SHA256_HEX - 1] = '\0';
	return out;
}
