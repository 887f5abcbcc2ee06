/* SPDX-License-Identifier: BSD-2-Clause */
/* caps.c - how much one run brings to one host */

#include "config.h"

#include <string.h>

#include "common/ascii.h"
#include "reporter/caps.h"

/* "[2001:db8::1]:443" and "a.example:443" lose the port. */
static struct view without_port(struct view authority)
{
	size_t bracket = view_index(authority, ']');
	size_t colon = view_index(authority, ':');

	if (bracket < authority.len) {
		return view_make(authority.s, bracket + 1);
	}
	return view_make(authority.s, colon);
}

static struct view host_of(const struct record_rua *to)
{
	struct view v = view_of(to->target);
	size_t n = 0;

	if (to->kind == RECORD_MAILTO) {
		size_t at = view_rindex(v, '@');

		return at < v.len ? view_skip(v, at + 1) : v;
	}
	v = view_skip(v, view_index(v, ':'));
	while (v.len > 0 && ascii_is_one_of(v.s[0], ":/")) {
		v = view_skip(v, 1);
	}
	while (n < v.len && !ascii_is_one_of(v.s[n], "/?#")) {
		n++;
	}
	return without_port(view_make(v.s, n));
}

const char *caps_host(const struct record_rua *to, char out[DOMAIN_BUF])
{
	struct view host = host_of(to);
	size_t n = 0;

	if (host.len > 1 && host.s[host.len - 1] == '.') {
		host.len--;
	}
	while (n < host.len && n < DOMAIN_BUF - 1) {
		out[n] = ascii_lower(host.s[n]);
		n++;
	}
	out[n] = '\0';
	return out;
}

bool caps_take(struct caps *c, const struct record_rua *to)
{
	char key[DOMAIN_BUF + 1];
	uint16_t *count;

	/* mails go through our MTA: they are another matter than uploads */
	key[0] = to->kind == RECORD_MAILTO ? '@' : '/';
	(void)caps_host(to, key + 1);
	count = &c->counts[hash_sip(&c->key, key, strlen(key)) % CAPS_COUNTERS];
	if (*count >= CAPS_PER_HOST) {
		return false;
	}
	(*count)++;
	return true;
}
