/* SPDX-License-Identifier: BSD-2-Clause */
/* fetch_address.c - which addresses of a policy host are connected to */

#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "lookup/fetch_address.h"

enum {
	HTTPS_PORT = 443,
	V4_AT = 12 /* an IPv4 address in a struct ip */
};

static bool is_v4(const struct ip *ip)
{
	static const uint8_t mapped[V4_AT] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip->b, mapped, sizeof(mapped)) == 0;
}

struct ip fetch_address_of(const struct sockaddr *sa)
{
	struct ip ip = { { 0 } };

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		ip.b[10] = 0xff;
		ip.b[11] = 0xff;
		memcpy(ip.b + V4_AT, &in.sin_addr, sizeof(in.sin_addr));
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		memcpy(ip.b, &in6.sin6_addr, sizeof(ip.b));
	}
	return ip;
}

/*
 * Does a route lead there? Nothing is sent. Without this, a host without IPv6
 * would say of a server without IPv4 that it cannot be reached.
 */
static bool has_route(const struct ip *ip)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool v4 = is_v4(ip);
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0) {
		/* another fault is told when the connection is to be made */
		return errno != EAFNOSUPPORT;
	}
	if (v4) {
		in.sin_port = htons(HTTPS_PORT);
		memcpy(&in.sin_addr, ip->b + V4_AT, sizeof(in.sin_addr));
		rc = connect(fd, (const struct sockaddr *)&in, sizeof(in));
	} else {
		in6.sin6_port = htons(HTTPS_PORT);
		memcpy(&in6.sin6_addr, ip->b, sizeof(in6.sin6_addr));
		rc = connect(fd, (const struct sockaddr *)&in6, sizeof(in6));
	}
	(void)close(fd);
	return rc == 0;
}

static bool is_listed(const struct ip *list, size_t n, const struct ip *ip)
{
	for (size_t i = 0; i < n; i++) {
		if (memcmp(&list[i], ip, sizeof(*ip)) == 0) {
			return true;
		}
	}
	return false;
}

/* So many more addresses, of one family. */
static bool choose(const struct ip *in, size_t n, bool v4, bool allow_private,
    struct ip out[FETCH_ADDRESSES], size_t *n_out)
{
	size_t start = *n_out;
	size_t limit = start + FETCH_ADDRESSES / 2;
	bool is_any = false;

	for (size_t i = 0; i < n && *n_out < limit; i++) {
		if (is_v4(&in[i]) != v4 || !ip_is_known(&in[i]) ||
		    (!allow_private && !ip_is_public(&in[i])) ||
		    is_listed(out, *n_out, &in[i])) {
			continue;
		}
		is_any = true;
		if (has_route(&in[i])) {
			out[(*n_out)++] = in[i];
		}
	}
	return is_any;
}

enum fetch_address_why fetch_address_choose(const struct ip *in, size_t n,
    bool allow_private, struct ip out[FETCH_ADDRESSES], size_t *n_out)
{
	bool is_any;

	*n_out = 0;
	is_any = choose(in, n, false, allow_private, out, n_out);
	is_any |= choose(in, n, true, allow_private, out, n_out);
	if (*n_out > 0) {
		return FETCH_ADDRESS_OK;
	}
	return is_any ? FETCH_ADDRESS_NO_ROUTE : FETCH_ADDRESS_PRIVATE;
}

struct ip fetch_address_key(const struct ip *list, size_t n)
{
	struct ip key = { { 0 } };

	for (size_t i = 0; i < n; i++) {
		if (i == 0 || memcmp(&list[i], &key, sizeof(key)) < 0) {
			key = list[i];
		}
	}
	if (!is_v4(&key)) {
		memset(key.b + sizeof(key.b) / 2, 0, sizeof(key.b) / 2);
	}
	return key;
}

int fetch_address_list(const char *prefix, const char *name,
    const struct ip *list, size_t n, char *out, size_t size)
{
	struct strbuf b;
	int rc;

	strbuf_init(&b, size - 1);
	strbuf_addf(&b, "%s%s:", prefix, name);
	for (size_t i = 0; i < n; i++) {
		char text[IP_TEXT_MAX];
		const char *ip = ip_format(&list[i], text);
		bool is_six = !is_v4(&list[i]);

		strbuf_addf(&b, "%s%s%s%s", i > 0 ? "," : "", is_six ? "[" : "",
		    ip, is_six ? "]" : "");
	}
	rc = b.failed ? ERR_TOO_LONG : 0;
	(void)snprintf(out, size, "%s", rc == 0 ? strbuf_str(&b) : "");
	strbuf_release(&b);
	return rc;
}
