/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upload_host.c - the hosts that reports go to by HTTPS
 *
 * Strangers choose the hosts. Only what our own resolver says of a name is
 * connected to, and of that only what is on the Internet.
 */

#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/err.h"
#include "common/mem.h"
#include "lookup/fetch_address.h"
#include "send/upload_host.h"

_Static_assert((int)FETCH_ADDRESSES == (int)HTTPS_ADDRESSES,
    "all that are chosen can be connected to");

void upload_hosts_init(struct upload_hosts *h, bool allow_private)
{
	TAILQ_INIT(&h->list);
	h->n = 0;
	h->allow_private = allow_private;
}

static void drop(struct upload_hosts *h, struct upload_host *host)
{
	TAILQ_REMOVE(&h->list, host, link);
	h->n--;
	free(host);
}

void upload_hosts_release(struct upload_hosts *h)
{
	struct upload_host *host;
	struct upload_host *next;

	for (host = TAILQ_FIRST(&h->list); host != NULL; host = next) {
		next = TAILQ_NEXT(host, link);
		drop(h, host);
	}
}

/*
 * From the URI to a host.
 */

struct place {
	char name[DOMAIN_BUF];
	unsigned port;
};

/* "host", "host:port" or "[address]:port", with the "https://" cut off. */
static bool read_place(struct view authority, struct place *out)
{
	unsigned long long port = HTTPS_PORT;
	size_t colon = view_rindex(authority, ':');
	size_t bracket = view_rindex(authority, ']');
	struct view host = authority;
	struct ip ip;
	char text[IP_TEXT_MAX];

	if (colon < authority.len &&
	    (bracket == authority.len || colon > bracket)) {
		struct view digits = view_skip(authority, colon + 1);

		if (digits.len > 0 && view_number(digits, 65535, &port) != 0) {
			return false;
		}
		host.len = colon;
	}
	if (host.len > 2 && host.s[0] == '[' && host.s[host.len - 1] == ']') {
		host = view_make(host.s + 1, host.len - 2);
	}
	out->port = (unsigned)port;
	if (ip_parse(host, &ip) == 0) {
		(void)snprintf(
		    out->name, sizeof(out->name), "%s", ip_format(&ip, text));
		return ip_is_known(&ip);
	}
	return domain_normalise(host, out->name) > 0;
}

/* Cuts an https URI into host and port, and path and query. */
static bool split(struct view url, struct view *authority, struct view *path)
{
	static const char scheme[] = "https://";
	size_t n = sizeof(scheme) - 1;
	struct view rest;
	size_t i = 0;

	if (url.len <= n ||
	    !view_is_nocase(view_make(url.s, n), view_of(scheme))) {
		return false;
	}
	rest = view_skip(url, n);
	rest.len = view_index(rest, '#');
	while (i < rest.len && !ascii_is_one_of(rest.s[i], "/?")) {
		i++;
	}
	*authority = view_make(rest.s, i);
	*path = view_skip(rest, i);
	return true;
}

static struct upload_host *add(
    struct upload_hosts *h, const struct place *place)
{
	struct upload_host *host;
	struct upload_host *next;

	/* the oldest go first; not all are in use: uploads have a bound, too */
	for (host = TAILQ_FIRST(&h->list); h->n >= UPLOAD_HOSTS && host != NULL;
	     host = next) {
		next = TAILQ_NEXT(host, link);
		if (host->n_open == 0) {
			drop(h, host);
		}
	}
	host = xcalloc(1, sizeof(*host));
	(void)snprintf(host->name, sizeof(host->name), "%s", place->name);
	host->port = place->port;
	host->allow_private = h->allow_private;
	TAILQ_INSERT_TAIL(&h->list, host, link);
	h->n++;
	return host;
}

struct upload_host *upload_hosts_take(struct upload_hosts *h, struct view url)
{
	struct upload_host *host;
	struct view authority;
	struct view path;
	struct place place;

	if (!split(url, &authority, &path) || !read_place(authority, &place)) {
		return NULL;
	}
	TAILQ_FOREACH(host, &h->list, link) {
		if (host->port == place.port &&
		    strcmp(host->name, place.name) == 0) {
			break;
		}
	}
	if (host == NULL) {
		host = add(h, &place);
	}
	host->n_open++;
	return host;
}

bool upload_host_url(
    const struct upload_host *host, struct view url, char out[UPLOAD_URL])
{
	bool is_six = strchr(host->name, ':') != NULL;
	struct view authority;
	struct view path;
	int n;

	if (!split(url, &authority, &path)) {
		return false;
	}
	n = snprintf(out, UPLOAD_URL, "https://%s%s%s:%u%s%.*s",
	    is_six ? "[" : "", host->name, is_six ? "]" : "", host->port,
	    view_starts(path, "/") ? "" : "/", (int)path.len,
	    path.len > 0 ? path.s : "");
	return n > 0 && n < UPLOAD_URL;
}

void upload_host_put(struct upload_host *host)
{
	assert(host->n_open > 0);
	if (--host->n_open == 0 && !host->is_closed) {
		host->state = UPLOAD_HOST_NEW;
	}
}

/*
 * Its addresses.
 */

static void fail(
    struct upload_host *host, enum attempt_end end, const char *token)
{
	host->state = UPLOAD_HOST_FAILED;
	host->end = end;
	(void)snprintf(host->token, sizeof(host->token), "%s", token);
}

static void choose(struct upload_host *host, const struct ip *ip, size_t n)
{
	switch (fetch_address_choose(
	    ip, n, host->allow_private, host->address, &host->n)) {
	case FETCH_ADDRESS_OK:
		host->state = UPLOAD_HOST_FOUND;
		break;
	case FETCH_ADDRESS_NO_ROUTE:
		/* no fault that would stop all: it may have IPv6 alone */
		fail(host, ATTEMPT_RETRY, "no-route");
		break;
	case FETCH_ADDRESS_PRIVATE:
	default:
		/* a fault of the DNS may be over tomorrow */
		fail(host, ATTEMPT_RETRY, "dns-private-address");
		break;
	}
}

static void on_addresses(void *ctx, const struct fetch_addresses *answer)
{
	struct upload_host *host = ctx;

	if (answer->token == NULL) {
		choose(host, answer->ip, answer->n);
	} else {
		fail(host,
		    answer->fault == FETCH_OURS ? ATTEMPT_OURS : ATTEMPT_RETRY,
		    answer->token);
	}
}

void upload_host_ask(struct upload_host *host, struct fetch_resolver *r)
{
	struct ip ip;

	if (ip_parse(view_of(host->name), &ip) == 0) {
		choose(host, &ip, 1);
		return;
	}
	host->state = UPLOAD_HOST_ASKED;
	fetch_resolve(r, host->name, on_addresses, host);
}

void upload_host_seen(struct upload_host *host)
{
	host->n_dead = 0;
}

void upload_host_missed(struct upload_host *host, const char *token)
{
	if (++host->n_dead >= UPLOAD_HOST_DEAD && !host->is_closed) {
		fail(host, ATTEMPT_RETRY, token);
		host->is_closed = true;
	}
}

void upload_host_deferred(struct upload_host *host, const char *token)
{
	fail(host, ATTEMPT_PUT_OFF, token);
	host->is_closed = true;
}
