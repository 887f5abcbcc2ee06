/* SPDX-License-Identifier: BSD-2-Clause */
/* base64.c - reads base64 */

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
