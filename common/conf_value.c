/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_value.c - from the text of a value to a member of struct conf */

#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/address.h"
#include "common/ascii.h"
#include "common/conf_value.h"
#include "common/domain.h"
#include "common/ip.h"
#include "common/mem.h"
#include "common/mta.h"

enum {
	TEXT_BUF = 1024, /* the longest text of a row, with a NUL */
	LOCAL_MAX = 64,  /* RFC 5321 4.5.3.1.1 */
	IDENT_MAX = 64,
};

/* Brings a text into the form that is kept; NULL, or what is wrong. */
typedef const char *(*text_reader)(struct view text, char out[TEXT_BUF]);

static bool has_control(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.s[i];

		if (c < 0x20 || c == 0x7f) {
			return true;
		}
	}
	return false;
}

static void copy(struct view text, char out[TEXT_BUF])
{
	assert(text.len > 0 && text.len < TEXT_BUF);
	memcpy(out, text.s, text.len);
	out[text.len] = '\0';
}

static const char *read_string(struct view text, char out[TEXT_BUF])
{
	copy(text, out);
	return NULL;
}

static const char *read_address(struct view text, char out[TEXT_BUF])
{
	struct view local = view_make(text.s, view_rindex(text, '@'));
	char domain[DOMAIN_BUF];

	if (local.len == text.len || local.len > LOCAL_MAX ||
	    !address_is_dot_atom(local) ||
	    domain_of_address(text, domain) < 0) {
		return "is no mail address";
	}
	memcpy(out, local.s, local.len);
	(void)snprintf(out + local.len, TEXT_BUF - LOCAL_MAX, "@%s", domain);
	return NULL;
}

static const char *read_path(struct view text, char out[TEXT_BUF])
{
	if (text.s[0] != '/') {
		return "is no absolute path";
	}
	copy(text, out);
	return NULL;
}

static const char *read_journal(struct view text, char out[TEXT_BUF])
{
	if (text.s[0] != '/' && !view_is(text, CONF_JOURNAL_SYSTEM)) {
		return "is neither";
	}
	copy(text, out);
	return NULL;
}

static const char *read_name(struct view text, char out[TEXT_BUF])
{
	for (size_t i = 0; i < text.len; i++) {
		if (!ascii_is_alnum(text.s[i]) &&
		    !ascii_is_one_of(text.s[i], "._-")) {
			return "has a character that no name may have";
		}
	}
	copy(text, out);
	return NULL;
}

static const char *read_mta(struct view text, char out[TEXT_BUF])
{
	for (const char *const *p = mta_names(); *p != NULL; p++) {
		if (view_is(text, *p)) {
			copy(text, out);
			return NULL;
		}
	}
	return "is no MTA known here";
}

static const char *read_domain(struct view text, char out[TEXT_BUF])
{
	char domain[DOMAIN_BUF];

	if (domain_normalise(text, domain) < 0) {
		return "is no domain";
	}
	copy(view_of(domain), out);
	return NULL;
}

static const char *read_server(struct view text, char out[TEXT_BUF])
{
	struct view address = view_make(text.s, view_index(text, '@'));
	char buf[IP_TEXT_MAX];
	unsigned long long port = 0;
	struct ip ip;

	/* ip_parse() also takes a tag that only MTAs write */
	if (view_starts(address, "I") || view_starts(address, "i") ||
	    ip_parse(address, &ip) != 0 || !ip_is_known(&ip)) {
		return "has no address";
	}
	if (address.len == text.len) {
		(void)snprintf(out, TEXT_BUF, "%s", ip_format(&ip, buf));
		return NULL;
	}
	if (view_number(view_skip(text, address.len + 1), 65535, &port) != 0 ||
	    port == 0) {
		return "has no port from 1 to 65535";
	}
	(void)snprintf(out, TEXT_BUF, "%s@%llu", ip_format(&ip, buf), port);
	return NULL;
}

/* The host of a socket; an address is written as libmilter wants it. */
static const char *read_host(
    struct view text, bool is_inet6, char *out, size_t size)
{
	char domain[DOMAIN_BUF];
	char buf[IP_TEXT_MAX];
	struct ip ip;

	if (text.len > 2 && text.s[0] == '[' && text.s[text.len - 1] == ']') {
		text = view_make(text.s + 1, text.len - 2);
	}
	/* ip_parse() also takes a tag that only MTAs write */
	if (!view_starts(text, "I") && !view_starts(text, "i") &&
	    ip_parse(text, &ip) == 0 && ip_is_known(&ip)) {
		const char *address = ip_format(&ip, buf);

		if ((strchr(address, ':') != NULL) != is_inet6) {
			return "has an address of the other family";
		}
		(void)snprintf(out, size, is_inet6 ? "[%s]" : "%s", address);
		return NULL;
	}
	if (domain_normalise(text, domain) < 0) {
		return "has no host";
	}
	(void)snprintf(out, size, "%s", domain);
	return NULL;
}

static const char *read_socket(struct view text, char out[TEXT_BUF])
{
	enum {
		PATH = 107 /* bytes that a socket's address has room for */
	};
	struct view rest = text;
	unsigned long long port = 0;
	char host[DOMAIN_BUF];
	bool is_inet6 = view_starts(text, "inet6:");
	const char *wrong;
	size_t at;

	if (view_take(&rest, "unix:")) {
		if (rest.len < 2 || rest.s[0] != '/') {
			return "has no absolute path";
		}
		copy(text, out);
		return rest.len > PATH ? "has a path of more than 107 bytes" :
					 NULL;
	}
	if (!view_take(&rest, "inet6:") && !view_take(&rest, "inet:")) {
		copy(text, out);
		return view_is(text, CONF_MILTER_NONE) ? NULL : "is no socket";
	}
	at = view_index(rest, '@');
	if (view_number(view_make(rest.s, at), 65535, &port) != 0 ||
	    port == 0) {
		return "has no port from 1 to 65535";
	}
	/* without a host, libmilter would take all of the Internet */
	if (at == rest.len) {
		return "has no host";
	}
	wrong =
	    read_host(view_skip(rest, at + 1), is_inet6, host, sizeof(host));
	(void)snprintf(out, TEXT_BUF, "%s:%llu@%s", is_inet6 ? "inet6" : "inet",
	    port, wrong == NULL ? host : "");
	return wrong;
}

/* Where mail goes in: the host, and a port; or that of SMTP. */
static const char *read_relay(struct view text, char out[TEXT_BUF])
{
	enum {
		SMTP_PORT = 25
	};

	unsigned long long port = SMTP_PORT;
	char host[DOMAIN_BUF];
	size_t colon = view_rindex(text, ':');
	bool is_inet6 = text.s[0] == '[';
	const char *wrong;

	if (is_inet6 && text.s[text.len - 1] == ']') {
		colon = text.len;
	}
	if (colon < text.len &&
	    (view_number(view_skip(text, colon + 1), 65535, &port) != 0 ||
		port == 0)) {
		return "has no port from 1 to 65535";
	}
	wrong =
	    read_host(view_make(text.s, colon), is_inet6, host, sizeof(host));
	(void)snprintf(
	    out, TEXT_BUF, "%s:%llu", wrong == NULL ? host : "", port);
	return wrong;
}

static const char *read_ident(struct view text, char out[TEXT_BUF])
{
	struct view name = text;

	/* a final '*' stands for any rest */
	if (name.len > 1 && name.s[name.len - 1] == '*') {
		name.len--;
	}
	if (name.len > IDENT_MAX) {
		return "is too long";
	}
	for (size_t i = 0; i < name.len; i++) {
		if (!ascii_is_alnum(name.s[i]) &&
		    !ascii_is_one_of(name.s[i], "._-/+@")) {
			return "is no name of a program";
		}
	}
	copy(text, out);
	return NULL;
}

static const struct {
	text_reader read; /* NULL: a number, a mode, a truth value, a choice */
	bool is_list;
} types[] = {
	[CONF_STRING] = { read_string, false },
	[CONF_ADDRESS] = { read_address, false },
	[CONF_PATH] = { read_path, false },
	[CONF_JOURNAL] = { read_journal, false },
	[CONF_NAME] = { read_name, false },
	[CONF_MTA] = { read_mta, false },
	[CONF_DOMAIN] = { read_domain, false },
	[CONF_SOCKET] = { read_socket, false },
	[CONF_RELAY] = { read_relay, false },
	[CONF_NUMBER] = { NULL, false },
	[CONF_MODE] = { NULL, false },
	[CONF_DURATION] = { NULL, false },
	[CONF_BOOL] = { NULL, false },
	[CONF_CHOICE] = { NULL, false },
	[CONF_DOMAINS] = { read_domain, true },
	[CONF_SERVERS] = { read_server, true },
	[CONF_IDENTS] = { read_ident, true },
	[CONF_GROUPS] = { read_name, true },
};

bool conf_value_is_list(const struct conf_key *key)
{
	return types[key->type].is_list;
}

static void *slot(const struct conf_key *key, void *base)
{
	return (unsigned char *)base + key->offset;
}

static const char *read_text(
    const struct conf_key *key, struct view text, char out[TEXT_BUF])
{
	uint64_t min = conf_value_is_list(key) ? 1 : key->min;
	uint64_t max = conf_value_is_list(key) ? TEXT_BUF - 1 : key->max;

	if (text.len < min) {
		return text.len == 0 ? "is empty" : "is too short";
	}
	if (text.len > max) {
		return "is too long";
	}
	if (has_control(text)) {
		return "has a control character";
	}
	return types[key->type].read(text, out);
}

/* The bare digits; a leading 0 would be octal to other readers of YAML. */
static bool is_digits(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!ascii_is_digit(text.s[i])) {
			return false;
		}
	}
	return text.len == 1 || (text.len > 1 && text.s[0] != '0');
}

static const char *set_number(
    const struct conf_key *key, struct view text, uint64_t *out)
{
	unsigned long long n = 0;
	unsigned unit = 1;

	if (key->type == CONF_DURATION && text.len > 0) {
		static const char units[] = "smhd";
		static const unsigned seconds[] = { 1, 60, 3600, 86400 };
		const char *p = strchr(units, text.s[text.len - 1]);

		if (text.s[text.len - 1] != '\0' && p != NULL) {
			unit = seconds[p - units];
			text.len--;
		}
	}
	if (!is_digits(text)) {
		return key->type == CONF_DURATION ? "is no time" :
						    "is no number";
	}
	if (view_number(text, UINT32_MAX, &n) != 0 || n * unit < key->min ||
	    n * unit > key->max) {
		return "is out of range";
	}
	*out = n * unit;
	return NULL;
}

static const char *set_mode(
    const struct conf_key *key, struct view text, uint64_t *out)
{
	uint64_t mode = 0;

	if (text.len < 3 || text.len > 4) {
		return "is no mode";
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] < '0' || text.s[i] > '7') {
			return "is no mode";
		}
		mode = mode * 8 + (uint64_t)(text.s[i] - '0');
	}
	/* the bits of the least are needed, and no others than the most has */
	if ((mode & key->min) != key->min || (mode | key->max) != key->max) {
		return "is out of range";
	}
	*out = mode;
	return NULL;
}

static const char *set_bool(struct view text, bool *out)
{
	if (!view_is(text, "true") && !view_is(text, "false")) {
		return "is no truth value";
	}
	*out = view_is(text, "true");
	return NULL;
}

static const char *set_choice(
    const struct conf_key *key, struct view text, uint64_t *out)
{
	for (size_t i = 0; key->choices[i] != NULL; i++) {
		if (view_is(text, key->choices[i])) {
			*out = i;
			return NULL;
		}
	}
	return "is neither";
}

const char *conf_value_set(
    const struct conf_key *key, struct view text, bool is_plain, void *base)
{
	char buf[TEXT_BUF];
	const char *wrong;
	char **p;

	assert(!conf_value_is_list(key));
	if (key->type == CONF_NUMBER || key->type == CONF_BOOL) {
		if (!is_plain) {
			return "is a text in quotes";
		}
	}
	if (key->type == CONF_BOOL) {
		return set_bool(text, slot(key, base));
	}
	if (key->type == CONF_CHOICE) {
		return set_choice(key, text, slot(key, base));
	}
	if (key->type == CONF_MODE) {
		return set_mode(key, text, slot(key, base));
	}
	if (key->type == CONF_NUMBER || key->type == CONF_DURATION) {
		return set_number(key, text, slot(key, base));
	}
	wrong = read_text(key, text, buf);
	if (wrong == NULL) {
		p = slot(key, base);
		free(*p);
		*p = xstrdup(buf);
	}
	return wrong;
}

const char *conf_value_add(
    const struct conf_key *key, struct view text, void *base, size_t n)
{
	char ***p = slot(key, base);
	char buf[TEXT_BUF];
	const char *wrong;

	assert(conf_value_is_list(key));
	wrong = read_text(key, text, buf);
	if (wrong == NULL) {
		*p = xrealloc_array(*p, n + 2, sizeof(**p));
		(*p)[n] = xstrdup(buf);
		(*p)[n + 1] = NULL;
	}
	return wrong;
}

void conf_value_copy(
    const struct conf_key *key, const struct conf_key *from, void *base)
{
	char **to = slot(key, base);
	char **source = slot(from, base);

	assert(types[key->type].read != NULL && !conf_value_is_list(key));
	if (*to == NULL && *source != NULL) {
		*to = xstrdup(*source);
	}
}

void conf_value_clear(const struct conf_key *key, void *base)
{
	if (conf_value_is_list(key)) {
		char ***p = slot(key, base);

		for (char **s = *p; s != NULL && *s != NULL; s++) {
			free(*s);
		}
		free(*p);
		*p = NULL;
	} else if (types[key->type].read != NULL) {
		char **p = slot(key, base);

		free(*p);
		*p = NULL;
	}
}
