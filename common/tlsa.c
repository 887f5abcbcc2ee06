/* SPDX-License-Identifier: BSD-2-Clause */
/* tlsa.c - TLSA records (RFC 6698, RFC 7672 3.1) */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/err.h"
#include "common/tlsa.h"

enum {
	HEAD = 3, /* octets before the data */
	RDATA_MAX = 65535,

	SELECTOR_CERTIFICATE = 0,
	SELECTOR_KEY = 1,

	MATCH_FULL = 0,
	MATCH_SHA256 = 1,
	MATCH_SHA512 = 2,

	DER_BIT_STRING = 0x03,
	DER_SEQUENCE = 0x30,
};

int tlsa_parse(struct view rdata, struct tlsa *out)
{
	*out = (struct tlsa){ 0 };
	if (rdata.len <= HEAD || rdata.len > RDATA_MAX) {
		return ERR_PARSE;
	}
	*out = (struct tlsa){ .usage = (uint8_t)rdata.s[0],
		.selector = (uint8_t)rdata.s[1],
		.mtype = (uint8_t)rdata.s[2],
		.data = view_skip(rdata, HEAD) };
	return 0;
}

/* Takes an element with this tag; its content. */
static bool take_der(struct view *der, unsigned tag, struct view *content)
{
	size_t at = 2;
	size_t len;

	if (der->len < at || (unsigned char)der->s[0] != tag) {
		return false;
	}
	len = (unsigned char)der->s[1];
	if (len > 0x80) {
		size_t octets = len & 0x7f;

		/* RDATA has no more than two octets' worth */
		if (octets > 2 || der->len < at + octets) {
			return false;
		}
		for (len = 0; octets > 0; octets--) {
			len = len << 8 | (unsigned char)der->s[at++];
		}
	} else if (len == 0x80) {
		return false;
	}
	if (len > der->len - at) {
		return false;
	}
	*content = view_make(der->s + at, len);
	*der = view_skip(*der, at + len);
	return true;
}

/*
 * RFC 5280 4.1: a certificate is a sequence of what is signed, the algorithm
 * and the signature; a public key one of the algorithm and the key.
 */
static bool has_frame(struct view der, uint8_t selector)
{
	struct view content;
	struct view part;

	return take_der(&der, DER_SEQUENCE, &content) && der.len == 0 &&
	    take_der(&content, DER_SEQUENCE, &part) && part.len > 0 &&
	    (selector == SELECTOR_KEY ||
		(take_der(&content, DER_SEQUENCE, &part) && part.len > 0)) &&
	    take_der(&content, DER_BIT_STRING, &part) && part.len > 1 &&
	    content.len == 0;
}

bool tlsa_is_usable(const struct tlsa *t)
{
	if ((t->usage != TLSA_TA && t->usage != TLSA_EE) ||
	    t->selector > SELECTOR_KEY) {
		return false;
	}
	switch (t->mtype) {
	case MATCH_FULL:
		return has_frame(t->data, t->selector);
	case MATCH_SHA256:
		return t->data.len == 32;
	case MATCH_SHA512:
		return t->data.len == 64;
	default:
		return false;
	}
}

/* RFC 7671 9: of the digests that SMTP can use, SHA-512 is the stronger. */
size_t tlsa_strongest(struct tlsa *list, size_t n)
{
	bool has_sha512[2][2] = { { false } };
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (tlsa_is_usable(&list[i])) {
			list[kept++] = list[i];
		}
	}
	n = kept;
	for (size_t i = 0; i < n; i++) {
		if (list[i].mtype == MATCH_SHA512) {
			has_sha512[list[i].usage - TLSA_TA][list[i].selector] =
			    true;
		}
	}
	kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (list[i].mtype != MATCH_SHA256 ||
		    !has_sha512[list[i].usage - TLSA_TA][list[i].selector]) {
			list[kept++] = list[i];
		}
	}
	return kept;
}

int tlsa_write(const struct tlsa *t, struct strbuf *out)
{
	static const char digits[] = "0123456789ABCDEF";

	strbuf_addf(out, "%u %u %u ", t->usage, t->selector, t->mtype);
	for (size_t i = 0; i < t->data.len; i++) {
		unsigned char octet = (unsigned char)t->data.s[i];

		strbuf_addc(out, digits[octet >> 4]);
		strbuf_addc(out, digits[octet & 15]);
	}
	return out->failed ? ERR_TOO_LONG : 0;
}

static void skip_wsp(struct view *text)
{
	while (text->len > 0 && ascii_is_wsp(text->s[0])) {
		*text = view_skip(*text, 1);
	}
}

/* A number and the blank behind it. */
static bool take_number(struct view *text, uint8_t *out)
{
	unsigned long long number;
	size_t n = 0;

	while (n < text->len && !ascii_is_wsp(text->s[n])) {
		n++;
	}
	if (n == text->len ||
	    view_number(view_make(text->s, n), UINT8_MAX, &number) != 0) {
		return false;
	}
	*out = (uint8_t)number;
	*text = view_skip(*text, n);
	skip_wsp(text);
	return true;
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit = c == '\0' ? NULL : strchr(digits, ascii_lower(c));

	return digit != NULL ? (int)(digit - digits) : -1;
}

static bool read_hex(struct view text, struct arena *a, struct view *out)
{
	unsigned char *data = arena_alloc(a, text.len / 2 + 1);
	size_t n = 0; /* digits */

	for (size_t i = 0; i < text.len; i++) {
		int value = hex_value(text.s[i]);

		if (value < 0 && ascii_is_wsp(text.s[i])) {
			continue;
		}
		if (value < 0) {
			return false;
		}
		data[n / 2] = (unsigned char)(data[n / 2] << 4 | value);
		n++;
	}
	*out = view_make((const char *)data, n / 2);
	return n > 0 && n % 2 == 0 && n / 2 <= RDATA_MAX - HEAD;
}

int tlsa_read(struct view text, struct arena *a, struct tlsa *out)
{
	struct tlsa t = { 0 };

	*out = t;
	skip_wsp(&text);
	if (!take_number(&text, &t.usage) || !take_number(&text, &t.selector) ||
	    !take_number(&text, &t.mtype) || !read_hex(text, a, &t.data)) {
		return ERR_PARSE;
	}
	*out = t;
	return 0;
}
