/* SPDX-License-Identifier: BSD-2-Clause */
/* sts_policy.c - the MTA-STS policy of a policy domain (RFC 8461 3.2) */

#include "config.h"

#include "common/ascii.h"
#include "common/domain.h"
#include "common/err.h"
#include "common/sts_policy.h"
#include "common/utf8.h"

enum {
	NAME_MAX_LEN = 32, /* octets of a field's name (R224) */
	AGE_DIGITS = 10    /* of max_age (R221) */
};

static const char *const mode_words[] = {
	[STS_MODE_NONE] = "none",
	[STS_MODE_TESTING] = "testing",
	[STS_MODE_ENFORCE] = "enforce",
};

enum {
	MODES = sizeof(mode_words) / sizeof(mode_words[0])
};

const char *sts_mode_word(enum sts_mode m)
{
	return (unsigned)m < MODES ? mode_words[m] : NULL;
}

/* What was found so far; of duplicates the first counts (R224). */
struct reader {
	struct arena *arena;
	bool has_version;
	bool has_mode;
	bool has_max_age;
	enum sts_mode mode;
	uint32_t max_age;
	struct view *mx;
	size_t n_mx;
};

static bool read_version(struct reader *r, struct view value)
{
	if (r->has_version) {
		return true;
	}
	r->has_version = true;
	return view_is(value, "STSv1");
}

static bool read_mode(struct reader *r, struct view value)
{
	if (r->has_mode) {
		return true;
	}
	r->has_mode = true;
	for (unsigned m = 0; m < MODES; m++) {
		if (view_is(value, mode_words[m])) {
			r->mode = (enum sts_mode)m;
			return true;
		}
	}
	return false;
}

static bool read_max_age(struct reader *r, struct view value)
{
	unsigned long long n;

	if (r->has_max_age) {
		return true;
	}
	r->has_max_age = true;
	if (value.len > AGE_DIGITS ||
	    view_number(value, 9999999999ULL, &n) != 0) {
		return false;
	}
	/* R223: the RFC does not say what to do with more */
	r->max_age = n > STS_POLICY_MAX_AGE ? STS_POLICY_MAX_AGE : (uint32_t)n;
	return true;
}

/* ["*."] Domain, of A-labels (R222) */
static bool read_mx(struct reader *r, struct view value)
{
	char pattern[2 + DOMAIN_BUF] = "*.";
	bool is_wildcard = view_take(&value, "*.");
	struct view name;

	for (size_t i = 0; i < value.len; i++) {
		if (!ascii_is_visible(value.s[i])) {
			return false;
		}
	}
	if (domain_normalise(value, pattern + 2) < 0) {
		return false;
	}
	name = view_of(pattern);
	r->mx[r->n_mx++] =
	    arena_view(r->arena, is_wildcard ? name : view_skip(name, 2));
	return true;
}

static const struct field {
	const char *name;
	bool (*read)(struct reader *r, struct view value);
} fields[] = {
	{ "version", read_version },
	{ "mode", read_mode },
	{ "max_age", read_max_age },
	{ "mx", read_mx },
};

/* name ":" *WSP, the name as that of an extension */
static bool take_name(struct view *line, struct view *name)
{
	size_t n = 0;

	while (n < line->len &&
	    (ascii_is_alnum(line->s[n]) ||
		(n > 0 && ascii_is_one_of(line->s[n], "_-.")))) {
		n++;
	}
	if (n == 0 || n > NAME_MAX_LEN || n == line->len || line->s[n] != ':') {
		return false;
	}
	*name = view_make(line->s, n);
	*line = view_skip(*line, n + 1);
	while (line->len > 0 && ascii_is_wsp(line->s[0])) {
		*line = view_skip(*line, 1);
	}
	return true;
}

/* UTF-8 without control characters, not empty. */
static bool is_value(struct view value)
{
	if (value.len == 0) {
		return false;
	}
	while (value.len > 0) {
		uint32_t code;
		size_t n = utf8_decode(value, &code);

		if (n == 0 || code < 0x20 || code == 0x7f) {
			return false;
		}
		value = view_skip(value, n);
	}
	return true;
}

static struct view without_wsp(struct view line)
{
	while (line.len > 0 && ascii_is_wsp(line.s[line.len - 1])) {
		line.len--;
	}
	return line;
}

static bool read_field(struct reader *r, struct view line)
{
	struct view name;

	line = without_wsp(line);
	if (!take_name(&line, &name) || !is_value(line)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (view_is(name, fields[i].name)) {
			return fields[i].read(r, line);
		}
	}
	return true; /* an extension */
}

/* Takes a line and its end, LF or CRLF (R220). */
static struct view take_line(struct view *text)
{
	size_t n = view_index(*text, '\n');
	struct view line = view_make(text->s, n);

	if (n < text->len) {
		n++;
		if (line.len > 0 && line.s[line.len - 1] == '\r') {
			line.len--;
		}
	}
	*text = view_skip(*text, n);
	return line;
}

static size_t count_lines(struct view text)
{
	size_t n = 0;

	while (text.len > 0) {
		(void)take_line(&text);
		n++;
	}
	return n;
}

/* The text without the empty lines that end it. */
static struct view without_end(struct view text)
{
	while (
	    text.len > 0 && ascii_is_one_of(text.s[text.len - 1], " \t\r\n")) {
		text.len--;
	}
	return text;
}

int sts_policy_parse(struct view text, struct arena *a, struct sts_policy *out)
{
	struct reader r = { .arena = a };

	*out = (struct sts_policy){ .mode = STS_MODE_NONE };
	if (text.len > STS_POLICY_MAX) {
		return ERR_PARSE;
	}
	text = without_end(text);
	r.mx = arena_alloc(a, count_lines(text) * sizeof(*r.mx));
	while (text.len > 0) {
		if (!read_field(&r, take_line(&text))) {
			return ERR_PARSE;
		}
	}
	if (!r.has_version || !r.has_mode || !r.has_max_age ||
	    (r.n_mx == 0 && r.mode != STS_MODE_NONE)) {
		return ERR_PARSE;
	}
	*out = (struct sts_policy){
		.mode = r.mode, .max_age = r.max_age, .mx = r.mx, .n_mx = r.n_mx
	};
	return 0;
}

bool sts_policy_allows(const struct sts_policy *p, struct view mx)
{
	struct view parent = view_skip(mx, view_index(mx, '.'));

	for (size_t i = 0; i < p->n_mx; i++) {
		struct view pattern = p->mx[i];

		/* RFC 8461 4.1: "*" stands for one label, and no part of one */
		if (view_take(&pattern, "*") ?
			parent.len < mx.len && view_eq(pattern, parent) :
			view_eq(pattern, mx)) {
			return true;
		}
	}
	return false;
}

size_t sts_policy_lines(
    struct view text, struct arena *a, const struct view **lines)
{
	struct view *list;
	size_t n;
	size_t cap;

	if (text.len > STS_POLICY_MAX) {
		text.len = STS_POLICY_MAX;
	}
	cap = count_lines(text);
	cap = cap < STS_POLICY_LINES ? cap : STS_POLICY_LINES;
	list = arena_alloc(a, cap * sizeof(*list));
	for (n = 0; n < cap; n++) {
		list[n] = utf8_clean(take_line(&text), a);
	}
	*lines = list;
	return n;
}
