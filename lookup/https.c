/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * https.c - what all HTTPS of ours has in common, on libcurl
 *
 * libcurl shall resolve nothing, and connect to nothing but the addresses it
 * is given. Whatever fails before the host has proved who it is may be our own
 * fault; what comes later is not.
 */

#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/err.h"
#include "common/view.h"
#include "lookup/connection.h"
#include "lookup/fetch_address.h"
#include "lookup/https.h"
#include "lookup/trust.h"

enum {
	CACHE_S = 600, /* longer than any transfer: see set_bounds() */
	NAME_MAX_B = DOMAIN_BUF + 16,
	LIST_MAX = 1024
};

int https_start(void)
{
	const curl_version_info_data *info;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		return -ENOMEM;
	}
	info = curl_version_info(CURLVERSION_NOW);
	if (info->ssl_version == NULL ||
	    !view_starts(view_of(info->ssl_version), "OpenSSL/")) {
		curl_global_cleanup();
		return ERR_CONFIG;
	}
	return 0;
}

void https_end(void)
{
	curl_global_cleanup();
}

void https_peer_release(struct https_peer *p)
{
	curl_slist_free_all(p->resolve);
	p->resolve = NULL;
}

/* Every connection is made here, whatever libcurl took an address from. */
static curl_socket_t on_socket_wanted(
    void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct https_peer *p = ctx;
	struct ip ip = fetch_address_of(&address->addr);
	int fd;

	if (purpose != CURLSOCKTYPE_IPCXN) {
		return CURL_SOCKET_BAD;
	}
	for (size_t i = 0; i < p->n; i++) {
		if (memcmp(&ip, &p->address[i], sizeof(ip)) != 0) {
			continue;
		}
		fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
		    address->protocol);
		if (fd < 0) {
			p->socket_error = errno;
			return CURL_SOCKET_BAD;
		}
		return fd;
	}
	return CURL_SOCKET_BAD;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *ctx)
{
	const struct https_peer *p = ctx;

	(void)easy;
	return trust_apply(p->trust, ssl_ctx, p->host) == 0 ?
	    CURLE_OK :
	    CURLE_OUT_OF_MEMORY;
}

/* An option that is not taken is as bad as no memory: nothing is left out. */
#define SET(option, value) \
 (ok = ok && curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

/* What it must not do. */
static bool set_bounds(CURL *easy, struct https_peer *p)
{
	char name[NAME_MAX_B];
	char list[LIST_MAX];
	bool ok;

	(void)snprintf(name, sizeof(name),
	    strchr(p->host, ':') != NULL ? "[%s]:%u" : "%s:%u", p->host,
	    p->port);
	/* "+": it is forgotten after CACHE_S, if not replaced before */
	ok = fetch_address_list(
		 "+", name, p->address, p->n, list, sizeof(list)) == 0;
	p->resolve = curl_slist_append(NULL, list);
	ok = ok && p->resolve != NULL;
	SET(CURLOPT_RESOLVE, p->resolve);
	SET(CURLOPT_DNS_CACHE_TIMEOUT, (long)CACHE_S);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket_wanted);
	SET(CURLOPT_OPENSOCKETDATA, p);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, ""); /* not even one of the environment */
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	return ok;
}

static bool set_tls(CURL *easy, struct https_peer *p)
{
	bool ok = true;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, p->trust != NULL ? 1L : 0L);
	SET(CURLOPT_SSL_VERIFYHOST, p->trust != NULL ? 2L : 0L);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	/* the roots are ours (trust.h), and libcurl must keep none */
	SET(CURLOPT_CA_CACHE_TIMEOUT, 0L);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	if (p->trust != NULL) {
		SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
		SET(CURLOPT_SSL_CTX_DATA, p);
	}
	return ok;
}

bool https_setup(void *easy, struct https_peer *p)
{
	return set_bounds(easy, p) && set_tls(easy, p);
}

/*
 * What went wrong.
 */

static struct https_failure connect_failure(
    CURL *easy, const struct https_peer *p)
{
	long error = 0;

	if (p->socket_error != 0) {
		return (struct https_failure){ HTTPS_OURS, "no-socket" };
	}
	(void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
	return (struct https_failure){ HTTPS_THEIRS,
		connection_token(-(int)error) };
}

static struct https_failure certificate_failure(CURL *easy)
{
	const char *token = "certificate-host-mismatch";
	long verify = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verify);
	if (verify != 0) {
		token = trust_token(verify);
	}
	if (token == NULL) {
		return (struct https_failure){ HTTPS_OURS, "internal" };
	}
	return (struct https_failure){ HTTPS_CERTIFICATE, token };
}

struct https_failure https_failure_of(
    void *easy, int code, const struct https_peer *p, bool is_up)
{
	static const struct {
		CURLcode code;
		const char *token;
	} table[] = {
		{ CURLE_OPERATION_TIMEDOUT, "timeout" },
		{ CURLE_SSL_CONNECT_ERROR, "tls-handshake-failure" },
		{ CURLE_SSL_CIPHER, "tls-handshake-failure" },
		{ CURLE_GOT_NOTHING, "connection-closed" },
		{ CURLE_RECV_ERROR, "connection-closed" },
		{ CURLE_SEND_ERROR, "connection-closed" },
		{ CURLE_PARTIAL_FILE, "connection-closed" },
	};

	if (code == (int)CURLE_COULDNT_CONNECT) {
		return connect_failure(easy, p);
	}
	if (code == (int)CURLE_PEER_FAILED_VERIFICATION) {
		return certificate_failure(easy);
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (code == (int)table[i].code) {
			return (struct https_failure){ HTTPS_THEIRS,
				table[i].token };
		}
	}
	return is_up ?
	    (struct https_failure){ HTTPS_THEIRS, "http-malformed" } :
	    (struct https_failure){ HTTPS_OURS, "internal" };
}
