/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DIGEST_H
#define COMMON_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum {
	DIGEST_SHA256 = 32,     /* bytes of a SHA-256 */
	DIGEST_SHA256_HEX = 65, /* its text, with the NUL */
};

/* SHA-256 of a buffer. buf may be NULL when len is 0. */
void digest_sha256(const void *buf, size_t len, uint8_t out[DIGEST_SHA256]);

/* The same as lower-case hexadecimal text. Returns out. */
const char *digest_sha256_hex(
    const void *buf, size_t len, char out[DIGEST_SHA256_HEX]);

#endif
