/* SPDX-License-Identifier: BSD-2-Clause */
/* exim_record.c - takes a TLSRPT1 record of our ACL apart */

#include "config.h"

#include <limits.h>

#include "common/ascii.h"
#include "common/base64.h"
#include "common/err.h"
#include "common/exim_record.h"

static const char mark[] = "TLSRPT1 ev=";

bool exim_record_is(struct view text)
{
	return view_starts(text, mark);
}

/* " key=" at this very place, and the word behind it. */
static bool take_field(struct view *text, const char *key, struct view *out)
{
	size_t n;

	if (!view_take(text, " ") || !view_take(text, key) ||
	    !view_take(text, "=")) {
		return false;
	}
	n = view_index(*text, ' ');
	*out = view_make(text->s, n);
	*text = view_skip(*text, n);
	return true;
}

static bool take_event(struct view *text, enum exim_event *out)
{
	static const struct {
		const char *word;
		enum exim_event event;
	} rows[] = {
		{ "smtp:ehlo", EXIM_EHLO },
		{ "tcp:close", EXIM_CLOSE },
		{ "msg:host:defer", EXIM_DEFER },
		{ "dane:fail", EXIM_DANE },
		{ "msg:delivery", EXIM_DELIVERY },
	};

	size_t n;

	if (!view_take(text, mark)) {
		return false;
	}
	n = view_index(*text, ' ');
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (view_is(view_make(text->s, n), rows[i].word)) {
			*out = rows[i].event;
			*text = view_skip(*text, n);
			return true;
		}
	}
	return false;
}

/* A number, negative ones too; "" is 0. */
static bool read_int(struct view v, int *out)
{
	unsigned long long n = 0;
	bool is_negative = view_take(&v, "-");

	if (v.len > 0 && view_number(v, INT_MAX, &n) != 0) {
		return false;
	}
	*out = is_negative ? -(int)n : (int)n;
	return v.len > 0 || !is_negative;
}

/* An address; "" is the unknown one. */
static bool read_ip(struct view v, struct ip *out)
{
	return ip_parse(v, out) == 0 || v.len == 0;
}

static bool read_word(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (!ascii_is_visible(v.s[i])) {
			return false;
		}
	}
	return v.len <= 16;
}

static bool read_secure(struct view v, enum exim_secure *out)
{
	*out = view_is(v, "yes") ? EXIM_SECURE_YES :
	    view_is(v, "no")     ? EXIM_SECURE_NO :
				   EXIM_SECURE_NO_MX;
	return v.len == 0 || *out != EXIM_SECURE_NO_MX;
}

/* The numbers and words of Exim's own. */
static bool take_own(struct view *text, struct exim_record *r)
{
	struct view v[14];
	static const char *const keys[14] = { "pid", "id", "vfy", "err", "ip",
		"port", "lip", "lport", "ver", "cv", "dane", "tlsa", "sec",
		"tlsreq" };
	int pid;
	int tlsa;

	for (size_t i = 0; i < 14; i++) {
		if (!take_field(text, keys[i], &v[i])) {
			return false;
		}
	}
	if (!read_int(v[0], &pid) || pid < 0 || !read_int(v[3], &r->error) ||
	    !read_ip(v[4], &r->ip) || !read_int(v[5], &r->port) ||
	    !read_ip(v[6], &r->sending_ip) ||
	    !read_int(v[7], &r->sending_port) || !read_word(v[8]) ||
	    !read_int(v[11], &tlsa) || tlsa < 0 ||
	    !read_secure(v[12], &r->secure)) {
		return false;
	}
	r->pid = (uint32_t)pid;
	r->id = v[1];
	r->is_callout = v[2].len > 0;
	r->version = v[8];
	r->is_verified = view_is(v[9], "1");
	r->is_dane = view_is(v[10], "yes");
	r->tlsa = (unsigned)tlsa;
	r->tls_required_no = view_is(v[13], "no");
	return true;
}

static bool take_coded(
    struct view *text, const char *key, char *out, size_t size, size_t *len)
{
	struct view v;
	int n =
	    take_field(text, key, &v) ? base64_decode(v, out, size) : ERR_PARSE;

	*len = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

int exim_record_parse(struct view id, struct view text, struct exim_record *out)
{
	*out = (struct exim_record){ 0 };
	if (!take_event(&text, &out->event) || !take_own(&text, out) ||
	    !view_eq(out->id, id) ||
	    !take_coded(
		&text, "from", out->from, sizeof(out->from), &out->from_len) ||
	    !take_coded(&text, "dom", out->domain, sizeof(out->domain),
		&out->domain_len) ||
	    !take_coded(&text, "mx", out->mx, sizeof(out->mx), &out->mx_len) ||
	    !take_coded(
		&text, "sni", out->sni, sizeof(out->sni), &out->sni_len) ||
	    !take_coded(
		&text, "helo", out->helo, sizeof(out->helo), &out->helo_len) ||
	    !take_coded(
		&text, "cert", out->cert, sizeof(out->cert), &out->cert_len) ||
	    !take_coded(
		&text, "data", out->data, sizeof(out->data), &out->data_len)) {
		return ERR_PARSE;
	}
	/* a later version of the ACL may add fields behind these */
	return text.len == 0 || text.s[0] == ' ' ? 0 : ERR_PARSE;
}
