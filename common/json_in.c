/* SPDX-License-Identifier: BSD-2-Clause */
/* json_in.c - reads JSON from strangers */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/json_in.h"
#include "common/utf8.h"

void json_in_begin(struct json_in *in, struct view text, struct arena *a)
{
	*in = (struct json_in){ .rest = text, .arena = a };
}

void json_in_fail(struct json_in *in)
{
	in->rest.len = 0;
	in->has_failed = true;
}

/* The next octet behind white space, 0 at the end. */
static char peek(struct json_in *in)
{
	while (in->rest.len > 0 && ascii_is_one_of(in->rest.s[0], " \t\r\n")) {
		in->rest = view_skip(in->rest, 1);
	}
	if (in->rest.len == 0) {
		return '\0';
	}
	return in->rest.s[0];
}

/* Takes an octet that must be next. */
static bool take(struct json_in *in, char c)
{
	if (c == '\0' || peek(in) != c) {
		json_in_fail(in);
		return false;
	}
	in->rest = view_skip(in->rest, 1);
	return true;
}

bool json_in_end(struct json_in *in)
{
	(void)peek(in);
	return !in->has_failed && in->depth == 0 && in->rest.len == 0;
}

enum json_in_type json_in_next(struct json_in *in)
{
	char c = peek(in);

	switch (c) {
	case '{':
		return JSON_IN_OBJECT;
	case '[':
		return JSON_IN_ARRAY;
	case '"':
		return JSON_IN_STRING;
	case 't':
	case 'f':
	case 'n':
		return JSON_IN_WORD;
	default:
		return c == '-' || ascii_is_digit(c) ? JSON_IN_NUMBER :
						       JSON_IN_NONE;
	}
}

/* --- objects and arrays --- */

static void open_level(struct json_in *in, char c)
{
	if (!take(in, c)) {
		return;
	}
	if (in->depth == JSON_IN_DEPTH) {
		json_in_fail(in);
		return;
	}
	in->depth++;
	in->has_more &= ~(UINT32_C(1) << in->depth);
}

void json_in_open_object(struct json_in *in)
{
	open_level(in, '{');
}

void json_in_open_array(struct json_in *in)
{
	open_level(in, '[');
}

/* Is there another value in this level? Takes the comma before it. */
static bool goes_on(struct json_in *in, char end)
{
	uint32_t bit = UINT32_C(1) << in->depth;

	if (peek(in) == end) {
		in->rest = view_skip(in->rest, 1);
		in->depth--;
		return false;
	}
	if ((in->has_more & bit) != 0 && !take(in, ',')) {
		return false;
	}
	in->has_more |= bit;
	return in->rest.len > 0;
}

bool json_in_member(struct json_in *in, struct view *name)
{
	*name = view_make(NULL, 0);
	if (in->has_failed || !goes_on(in, '}')) {
		return false;
	}
	*name = json_in_string(in);
	return take(in, ':');
}

bool json_in_element(struct json_in *in)
{
	return !in->has_failed && goes_on(in, ']');
}

/* --- strings --- */

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit = c == '\0' ? NULL : strchr(digits, ascii_lower(c));

	return digit != NULL ? (int)(digit - digits) : -1;
}

/* What follows "\u" in quotes: four hexadecimal digits; -1: something else. */
static int32_t hex4(struct view text)
{
	int32_t code = 0;

	if (text.len < 4) {
		return -1;
	}
	for (size_t i = 0; i < 4; i++) {
		int digit = hex_value(text.s[i]);

		if (digit < 0) {
			return -1;
		}
		code = code * 16 + digit;
	}
	return code;
}

/* Writes a character as UTF-8; returns its octets. */
static size_t encode(char *out, uint32_t code)
{
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	out[0] = (char)(first[n] | code);
	return n;
}

/*
 * Takes what stands behind a backslash. Its character, 0: no such escape, and
 * U+0000 is none either.
 */
static uint32_t take_escape(struct view *text)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	const char *name;
	int32_t code;
	int32_t low;

	if (text->len == 0 || text->s[0] == '\0') {
		return 0;
	}
	name = strchr(names, text->s[0]);
	if (name != NULL) {
		*text = view_skip(*text, 1);
		return (uint32_t)values[name - names];
	}
	if (!view_take(text, "u") || (code = hex4(*text)) < 0) {
		return 0;
	}
	*text = view_skip(*text, 4);
	if (code < 0xd800 || code > 0xdfff) {
		return (uint32_t)code;
	}
	/* a pair of surrogates is one character, and one alone is none */
	if (code > 0xdbff || !view_take(text, "\\u")) {
		return 0;
	}
	low = hex4(*text);
	if (low < 0xdc00 || low > 0xdfff) {
		return 0;
	}
	*text = view_skip(*text, 4);
	return 0x10000 + ((uint32_t)(code - 0xd800) << 10) +
	    (uint32_t)(low - 0xdc00);
}

/*
 * Reads a string up to its quote, and into buf if that is not NULL. False: it
 * is no string.
 */
static bool take_string(struct view *text, char *buf, size_t *n)
{
	*n = 0;
	while (text->len > 0 && text->s[0] != '"') {
		char mine[4];
		uint32_t code;
		size_t octets;

		if (view_take(text, "\\")) {
			code = take_escape(text);
			octets = encode(buf != NULL ? buf + *n : mine, code);
		} else {
			octets = utf8_decode(*text, &code);
			if (octets == 0 || code < 0x20) {
				return false;
			}
			if (buf != NULL) {
				memcpy(buf + *n, text->s, octets);
			}
			*text = view_skip(*text, octets);
		}
		if (code == 0) {
			return false;
		}
		*n += octets;
	}
	return view_take(text, "\"");
}

/* Octets up to a quote or a backslash. */
static size_t count_plain(struct view text)
{
	size_t n = 0;

	while (n < text.len && text.s[n] != '"' && text.s[n] != '\\') {
		n++;
	}
	return n;
}

struct view json_in_string(struct json_in *in)
{
	struct view text;
	char *buf = NULL;
	size_t n;

	if (!take(in, '"')) {
		return view_make(NULL, 0);
	}
	text = in->rest;
	n = count_plain(text);
	if (n < text.len && text.s[n] == '\\') {
		/* no escape is shorter than what it stands for; its end is
		 * found on the way */
		struct view probe = text;

		if (take_string(&probe, NULL, &n)) {
			buf = arena_alloc(in->arena, n + 1);
		}
	}
	if (!take_string(&in->rest, buf, &n)) {
		json_in_fail(in);
		return view_make(NULL, 0);
	}
	return view_make(buf != NULL ? buf : text.s, n);
}

/* --- the rest --- */

static bool take_digits(struct view *text)
{
	size_t n = 0;

	while (n < text->len && ascii_is_digit(text->s[n])) {
		n++;
	}
	*text = view_skip(*text, n);
	return n > 0;
}

/* A number as RFC 8259 6 has it. */
static bool take_number(struct view *text)
{
	(void)view_take(text, "-");
	if (!view_take(text, "0") && !take_digits(text)) {
		return false;
	}
	if (view_take(text, ".") && !take_digits(text)) {
		return false;
	}
	if (view_take(text, "e") || view_take(text, "E")) {
		(void)(view_take(text, "+") || view_take(text, "-"));
		return take_digits(text);
	}
	return true;
}

uint32_t json_in_number(struct json_in *in)
{
	unsigned long long n = 0;
	struct view number;
	struct view rest;

	(void)peek(in);
	rest = in->rest;
	if (!take_number(&rest)) {
		json_in_fail(in);
		return 0;
	}
	number = view_make(in->rest.s, in->rest.len - rest.len);
	if (view_number(number, UINT32_MAX, &n) != 0) {
		json_in_fail(in);
		return 0;
	}
	in->rest = rest;
	return (uint32_t)n;
}

bool json_in_bool(struct json_in *in)
{
	(void)peek(in);
	if (view_take(&in->rest, "true")) {
		return true;
	}
	if (!view_take(&in->rest, "false")) {
		json_in_fail(in);
	}
	return false;
}

static void skip_string(struct json_in *in)
{
	size_t n;

	if (take(in, '"') && !take_string(&in->rest, NULL, &n)) {
		json_in_fail(in);
	}
}

static void skip_word(struct json_in *in)
{
	if (!view_take(&in->rest, "true") && !view_take(&in->rest, "false") &&
	    !view_take(&in->rest, "null")) {
		json_in_fail(in);
	}
}

static void skip_object(struct json_in *in)
{
	json_in_open_object(in);
	while (!in->has_failed && goes_on(in, '}')) {
		skip_string(in);
		if (take(in, ':')) {
			json_in_skip(in);
		}
	}
}

static void skip_array(struct json_in *in)
{
	json_in_open_array(in);
	while (json_in_element(in)) {
		json_in_skip(in);
	}
}

/* No deeper than JSON_IN_DEPTH. */
void json_in_skip(struct json_in *in)
{
	switch (json_in_next(in)) {
	case JSON_IN_OBJECT:
		skip_object(in);
		break;
	case JSON_IN_ARRAY:
		skip_array(in);
		break;
	case JSON_IN_STRING:
		skip_string(in);
		break;
	case JSON_IN_NUMBER:
		if (!take_number(&in->rest)) {
			json_in_fail(in);
		}
		break;
	case JSON_IN_WORD:
		skip_word(in);
		break;
	case JSON_IN_NONE:
		json_in_fail(in);
		break;
	}
}
