/* SPDX-License-Identifier: BSD-2-Clause */
/* utf8.c - text from outside that must be UTF-8 when it leaves us */

#include "config.h"

#include <string.h>

#include "common/utf8.h"

size_t utf8_decode(struct view text, uint32_t *code)
{
	/* the least code point that needs 2, 3, 4 octets */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = (unsigned char)text.s[0];
	uint32_t c;
	size_t n;

	if (lead < 0x80) {
		*code = lead;
		return 1;
	}
	if (lead < 0xc0 || lead > 0xf7) {
		return 0;
	}
	n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (n > text.len) {
		return 0;
	}
	c = lead & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)text.s[i];

		if ((next & 0xc0) != 0x80) {
			return 0;
		}
		c = c << 6 | (next & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		return 0;
	}
	*code = c;
	return n;
}

static bool is_noncharacter(uint32_t code)
{
	return (code & 0xfffe) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
}

/* Octets of what stands at the front; *is_good: it may stay. */
static size_t next(struct view text, bool *is_good)
{
	uint32_t code = 0;
	size_t n = utf8_decode(text, &code);

	*is_good = n > 0 && !is_noncharacter(code);
	return n > 0 ? n : 1;
}

bool utf8_is_clean(struct view text)
{
	bool is_good = true;

	while (text.len > 0 && is_good) {
		text = view_skip(text, next(text, &is_good));
	}
	return is_good;
}

struct view utf8_clean(struct view text, struct arena *a)
{
	static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
	size_t len = 0;
	char *out;

	if (utf8_is_clean(text)) {
		return text;
	}
	out = arena_alloc(a, text.len * (sizeof(replacement) - 1));
	while (text.len > 0) {
		bool is_good;
		size_t n = next(text, &is_good);
		size_t put = is_good ? n : sizeof(replacement) - 1;

		memcpy(out + len, is_good ? text.s : replacement, put);
		len += put;
		text = view_skip(text, n);
	}
	return view_make(out, len);
}
