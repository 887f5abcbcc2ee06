/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain.c - domain names in the one form used everywhere
 *
 * The only file that knows libidn2.
 */

#include "config.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/domain.h"
#include "common/err.h"
#include "common/ip.h"

enum {
	INPUT_MAX = 1024
}; /* octets of a U-label name that we look at */

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

bool domain_is_normal(struct view text)
{
	size_t label = 0;

	if (text.len == 0 || text.len > DOMAIN_MAX) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] == '.') {
			if (label == 0) {
				return false;
			}
			label = 0;
		} else if (!is_name_byte(text.s[i]) || ++label > 63) {
			return false;
		}
	}
	return label > 0;
}

static bool is_ascii(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.s[i] >= 0x80 || text.s[i] == '\0') {
			return false;
		}
	}
	return true;
}

static int to_ascii(struct view text, char out[DOMAIN_BUF])
{
	char in[INPUT_MAX + 1];
	uint8_t *ascii = NULL;
	size_t n;
	int rc = ERR_PARSE;

	if (text.len > INPUT_MAX || memchr(text.s, '\0', text.len) != NULL) {
		return ERR_PARSE;
	}
	memcpy(in, text.s, text.len);
	in[text.len] = '\0';
	/* RFC 5891 with the mapping that browsers and MTAs use */
	if (idn2_lookup_u8((const uint8_t *)in, &ascii,
		IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) == IDN2_OK) {
		n = strlen((const char *)ascii);
		if (n <= DOMAIN_MAX) {
			memcpy(out, ascii, n + 1);
			rc = (int)n;
		}
	}
	idn2_free(ascii);
	return rc;
}

int domain_normalise(struct view text, char out[DOMAIN_BUF])
{
	struct ip ip;
	int n;

	out[0] = '\0';
	if (text.len > 0 && text.s[0] == '[') {
		return ERR_LITERAL;
	}
	if (text.len > 1 && text.s[text.len - 1] == '.') {
		text.len--;
	}
	if (text.len == 0) {
		return ERR_PARSE;
	}
	if (ip_parse(text, &ip) == 0) {
		return ERR_LITERAL;
	}
	if (is_ascii(text)) {
		if (text.len > DOMAIN_MAX) {
			return ERR_PARSE;
		}
		for (size_t i = 0; i < text.len; i++) {
			out[i] = ascii_lower(text.s[i]);
		}
		out[text.len] = '\0';
		n = (int)text.len;
	} else {
		n = to_ascii(text, out);
	}
	if (n < 0 || !domain_is_normal(view_make(out, (size_t)n))) {
		n = ERR_PARSE;
	} else if (ip_parse(view_make(out, (size_t)n), &ip) == 0) {
		/* of fullwidth digits, for example */
		n = ERR_LITERAL;
	}
	if (n < 0) {
		out[0] = '\0';
	}
	return n;
}

/* Offset of the one unquoted '@', or a.len when there is none or more. */
static size_t find_at(struct view a)
{
	size_t at = a.len;
	bool quoted = false;

	for (size_t i = 0; i < a.len; i++) {
		switch (a.s[i]) {
		case '\\':
			i++;
			break;
		case '"':
			quoted = !quoted;
			break;
		case '@':
			if (quoted) {
				break;
			}
			if (at != a.len) {
				return a.len;
			}
			at = i;
			break;
		default:
			break;
		}
	}
	return quoted ? a.len : at;
}

int domain_of_address(struct view address, char out[DOMAIN_BUF])
{
	size_t at = find_at(address);

	out[0] = '\0';
	if (at == address.len) {
		return ERR_PARSE;
	}
	return domain_normalise(view_skip(address, at + 1), out);
}
