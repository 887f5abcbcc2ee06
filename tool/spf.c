/* SPDX-License-Identifier: BSD-2-Clause */
/* spf.c - what an SPF record itself says of an address */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "common/err.h"
#include "tool/spf.h"

enum {
	BITS4 = 32,
	BITS6 = 128,
	MAPPED = 96 /* bits of ::ffff:0:0/96 */
};

static bool is_v4(const struct ip *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip->b, mapped, sizeof(mapped)) == 0;
}

/* --- the record --- */

/* "/N" at the end of a text, which is cut off; false: it is wrong. */
static bool take_prefix(struct view *text, unsigned max, unsigned *out)
{
	size_t at = view_rindex(*text, '/');
	unsigned long long n;

	*out = max;
	if (at == text->len) {
		return true;
	}
	if (view_number(view_skip(*text, at + 1), max, &n) != 0) {
		return false;
	}
	*out = (unsigned)n;
	text->len = at;
	return true;
}

/* "/N", "/N//N", "//N" of a and mx */
static bool take_prefixes(struct view *text, struct spf_term *t)
{
	size_t at = view_find(*text, "//");

	if (at < text->len) {
		struct view six = view_skip(*text, at + 1);

		if (!take_prefix(&six, BITS6, &t->prefix6) || six.len != 0) {
			return false;
		}
		text->len = at;
	}
	return take_prefix(text, BITS4, &t->prefix4);
}

static int read_ip(struct view value, bool is_six, struct spf_term *t)
{
	unsigned *prefix = is_six ? &t->prefix6 : &t->prefix4;

	t->kind = SPF_IP;
	if (!take_prefix(&value, is_six ? BITS6 : BITS4, prefix) ||
	    value.len == 0 || view_starts(value, "I") ||
	    view_starts(value, "i") || ip_parse(value, &t->ip) != 0) {
		return ERR_PARSE;
	}
	/* "ip6:::ffff:192.0.2.1" matches nothing that connects */
	return is_v4(&t->ip) == !is_six ? 0 : ERR_PARSE;
}

/* a and mx, with or without a domain. */
static int read_hosts(
    struct view value, bool has_value, enum spf_kind kind, struct spf_term *t)
{
	t->kind = kind;
	if (!take_prefixes(&value, t) || (has_value && value.len == 0)) {
		return ERR_PARSE;
	}
	t->domain = value;
	if (view_index(value, '%') < value.len) {
		t->kind = SPF_OTHER;
	}
	return 0;
}

static int read_mechanism(struct view text, struct spf_term *t)
{
	size_t colon = view_index(text, ':');
	size_t slash = view_index(text, '/');
	size_t len = colon < slash ? colon : slash;
	struct view name = view_make(text.s, len);
	bool has_value = colon < slash;
	struct view value = view_skip(text, has_value ? len + 1 : len);

	if (view_is_nocase(name, view_of("all"))) {
		t->kind = SPF_ALL;
		return len == text.len ? 0 : ERR_PARSE;
	}
	if (view_is_nocase(name, view_of("ip4"))) {
		return has_value ? read_ip(value, false, t) : ERR_PARSE;
	}
	if (view_is_nocase(name, view_of("ip6"))) {
		/* the address is full of colons */
		return has_value ? read_ip(value, true, t) : ERR_PARSE;
	}
	if (view_is_nocase(name, view_of("a"))) {
		return read_hosts(value, has_value, SPF_A, t);
	}
	if (view_is_nocase(name, view_of("mx"))) {
		return read_hosts(value, has_value, SPF_MX, t);
	}
	t->kind = SPF_OTHER;
	return view_is_nocase(name, view_of("include")) ||
		view_is_nocase(name, view_of("exists")) ||
		view_is_nocase(name, view_of("ptr")) ?
	    0 :
	    ERR_PARSE;
}

/* name=value; false: it is a mechanism. */
static bool is_modifier(struct view text)
{
	size_t equals = view_index(text, '=');

	return equals < text.len && view_index(text, ':') > equals &&
	    view_index(text, '/') > equals;
}

static int read_term(struct view text, struct spf *out)
{
	struct spf_term *t = &out->term[out->n];
	static const char qualifiers[] = "+-~?";
	const char *q = strchr(qualifiers, text.s[0]);

	if (is_modifier(text)) {
		if (view_is_nocase(view_make(text.s, 9 < text.len ? 9 : 0),
			view_of("redirect="))) {
			out->redirect = text;
		}
		return 0;
	}
	if (out->n == SPF_TERMS) {
		return ERR_FULL;
	}
	*t = (struct spf_term){ .prefix4 = BITS4, .prefix6 = BITS6 };
	if (text.s[0] != '\0' && q != NULL) {
		/* in the order of the results */
		t->qualifier = (enum spf_result)(q - qualifiers);
		text = view_skip(text, 1);
	}
	t->text = text;
	out->n++;
	return read_mechanism(text, t);
}

int spf_parse(struct view text, struct spf *out, struct view *at)
{
	static const char version[] = "v=spf1";
	size_t len = sizeof(version) - 1;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (text.len < len ||
	    !view_is_nocase(view_make(text.s, len), view_of(version)) ||
	    (text.len > len && text.s[len] != ' ')) {
		return ERR_NOT_FOUND;
	}
	text = view_skip(text, len);
	while (text.len > 0 && rc == 0) {
		len = view_index(text, ' ');
		*at = view_make(text.s, len);
		rc = len > 0 ? read_term(*at, out) : 0;
		text = view_skip(text, len < text.len ? len + 1 : len);
	}
	return rc;
}

/* --- an address --- */

static bool is_in(
    const struct ip *ip, const struct ip *network, unsigned prefix)
{
	unsigned whole = prefix / 8;
	unsigned rest = prefix % 8;

	return memcmp(ip->b, network->b, whole) == 0 &&
	    (rest == 0 ||
		((ip->b[whole] ^ network->b[whole]) >> (8 - rest)) == 0);
}

static bool matches(
    const struct spf_term *t, const struct ip *ip, const struct ip *network)
{
	unsigned prefix = is_v4(ip) ? MAPPED + t->prefix4 : t->prefix6;

	return is_v4(ip) == is_v4(network) && is_in(ip, network, prefix);
}

static bool has_host(const struct spf_term *t, const struct ip *ip)
{
	for (size_t i = 0; i < t->hosts.n; i++) {
		if (matches(t, ip, &t->hosts.ip[i])) {
			return true;
		}
	}
	return false;
}

/* Does the term match? *is_open: that cannot be told. */
static bool term_matches(
    const struct spf_term *t, const struct ip *ip, bool *is_open)
{
	*is_open = false;
	switch (t->kind) {
	case SPF_ALL:
		return true;
	case SPF_IP:
		return matches(t, ip, &t->ip);
	case SPF_A:
	case SPF_MX:
		if (has_host(t, ip)) {
			return true;
		}
		*is_open = !t->hosts.is_known;
		return false;
	case SPF_OTHER:
		break;
	}
	*is_open = true;
	return false;
}

enum spf_result spf_evaluate(
    const struct spf *s, const struct ip *ip, struct view *why)
{
	enum spf_result result =
	    s->redirect.len > 0 ? SPF_UNKNOWN : SPF_NEUTRAL;
	bool is_all_pass = true; /* what is open could only mean a pass */
	bool is_any_open = false;

	*why = s->redirect;
	for (size_t i = 0; i < s->n; i++) {
		bool is_open;

		if (term_matches(&s->term[i], ip, &is_open)) {
			result = s->term[i].qualifier;
			break;
		}
		if (is_open) {
			*why = is_any_open ? *why : s->term[i].text;
			is_any_open = true;
			is_all_pass =
			    is_all_pass && s->term[i].qualifier == SPF_PASS;
		}
	}
	if (is_any_open && (result != SPF_PASS || !is_all_pass)) {
		result = SPF_UNKNOWN;
	}
	return result;
}
