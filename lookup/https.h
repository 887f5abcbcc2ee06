/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_HTTPS_H
#define LOOKUP_HTTPS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/domain.h"
#include "common/ip.h"

struct curl_slist;
struct trust;

/*
 * What all HTTPS of ours has in common, on libcurl: TLS 1.2 or later, no
 * redirects, cookies, proxies, passwords or anything else of the environment,
 * and connections to the addresses given and no other. The other files that
 * know libcurl are named in common/Makefile.inc.
 */

enum {
	HTTPS_ADDRESSES = 8, /* of one host */
	HTTPS_PORT = 443
};

/* Whom one request is for. To be zeroed; to stay where it is until released. */
struct https_peer {
	char host[DOMAIN_BUF]; /* a name, or an address without brackets */
	unsigned port;
	struct ip address[HTTPS_ADDRESSES]; /* may be connected to */
	size_t n;
	/* roots, which must be ready; NULL: its certificate is not looked at */
	const struct trust *trust;
	int socket_error;           /* errno of socket(), or 0 */
	struct curl_slist *resolve; /* owned */
};

void https_peer_release(struct https_peer *p);

/*
 * Starts libcurl; once for each https_end(). Returns 0; ERR_CONFIG: it was
 * built without OpenSSL; -ENOMEM.
 */
int https_start(void);
void https_end(void);

/*
 * Sets a CURL handle up for a peer, all but the request itself. Returns false
 * when something of it was not taken: then the handle must not be used.
 */
bool https_setup(void *easy, struct https_peer *p);

/* Whose fault is it that no answer of HTTP came, or not all of it? */
enum https_fault {
	HTTPS_OURS, /* nothing is known of the host */
	HTTPS_THEIRS,
	HTTPS_CERTIFICATE, /* theirs: it was not found good */
};

struct https_failure {
	enum https_fault fault;
	const char *token; /* "connect-refused", "certificate-expired" ... */
};

/*
 * What a CURLcode (not CURLE_OK) means. is_up: TLS was up, and the peer was
 * the one that it should be. easy is the handle, not cleaned up yet.
 */
struct https_failure https_failure_of(
    void *easy, int code, const struct https_peer *p, bool is_up);

#endif
