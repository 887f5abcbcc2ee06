/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_TRANSFER_H
#define LOOKUP_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/ip.h"
#include "common/policy_set.h"
#include "common/view.h"

struct event_base;
struct trust;

/*
 * One HTTPS GET each, any number at once, on libevent: TLS 1.2 or later, a
 * certificate for the host, no redirects, cookies, proxies, caches or
 * connections that are kept (R210-R215), and only to the addresses given.
 */
struct transfers;
struct transfer;

enum {
	TRANSFER_BODY_MAX = 64 * 1024,
	TRANSFER_TOKEN = 32
};

struct transfer_result {
	/* FOUND: status 200, a text, all of it; FETCH_ERROR;
	   WEBPKI_INVALID; UNKNOWN: our own fault, nothing is known */
	enum policy_sts kind;
	char token[TRANSFER_TOKEN]; /* why; "" with FOUND */
	struct view body;           /* FOUND only; borrowed */
	bool is_connected;          /* to a TCP port of the host */
	bool is_trusted;            /* the certificate was found good */
};

struct transfer_want {
	const char *host;
	const char *path;
	const struct ip *address; /* HTTPS_ADDRESSES at most */
	size_t n;
	unsigned timeout_ms; /* for all of it; not 0 */
};

/* Once for each transfer, out of the event loop. */
typedef void (*transfer_fn)(void *ctx, const struct transfer_result *result);

/*
 * base and trust are borrowed. Returns 0; ERR_CONFIG: libcurl was built
 * without OpenSSL; -ENOMEM.
 */
int transfers_new(
    struct event_base *base, const struct trust *trust, struct transfers **out);

/* What is under way ends without its call. Not in one; NULL is allowed. */
void transfers_free(struct transfers *all);

/*
 * Starts; nothing of want is borrowed. trust must be ready. Returns 0 or
 * -ENOMEM: then nothing is called.
 */
int transfer_start(struct transfers *all, const struct transfer_want *want,
    transfer_fn fn, void *ctx);

#endif
