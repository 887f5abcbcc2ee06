/* SPDX-License-Identifier: BSD-2-Clause */
/* base64.c - reads and writes base64 */

#include "config.h"

#include <stdint.h>

#include "common/base64.h"
#include "common/err.h"

/* The six bits of a character, or -1. */
static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* "=" or "==" closes a group; nothing follows. */
static int check_padding(struct view rest, size_t place)
{
	size_t n = 4 - place % 4;

	if (place % 4 < 2 || rest.len > n) {
		return ERR_PARSE;
	}
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.s[i] != '=') {
			return ERR_PARSE;
		}
	}
	return 0;
}

int base64_decode(struct view text, char *out, size_t size)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		int v = sextet(text.s[i]);

		if (v < 0) {
			int rc = check_padding(view_skip(text, i), i);

			return rc != 0 ? rc : (int)n;
		}
		bits = bits << 6 | (uint32_t)v;
		n_bits += 6;
		if (n_bits < 8) {
			continue;
		}
		if (n == size) {
			return ERR_FULL;
		}
		n_bits -= 8;
		out[n++] = (char)(uint8_t)(bits >> n_bits);
	}
	return (int)n;
}

/* Up to 3 octets as 4 characters. */
static void put_group(const unsigned char *s, size_t len, char out[4])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/=";
	uint32_t bits = (uint32_t)s[0] << 16;

	bits |= len > 1 ? (uint32_t)s[1] << 8 : 0;
	bits |= len > 2 ? s[2] : 0;
	out[0] = digits[bits >> 18];
	out[1] = digits[bits >> 12 & 63];
	out[2] = digits[len > 1 ? bits >> 6 & 63 : 64];
	out[3] = digits[len > 2 ? bits & 63 : 64];
}

void base64_encode(const void *buf, size_t len, struct strbuf *out)
{
	const unsigned char *s = buf;
	char piece[76];
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		put_group(s + i, len - i, piece + n);
		n += 4;
		if (n == sizeof(piece)) {
			strbuf_add(out, piece, n);
			n = 0;
		}
	}
	strbuf_add(out, piece, n);
}
