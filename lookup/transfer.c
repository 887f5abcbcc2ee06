/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer.c - HTTPS GET with libcurl, on libevent
 *
 * libcurl shall resolve nothing, connect to nothing but the addresses it is
 * given, and keep nothing between two transfers. Whatever fails before the
 * host has proved who it is may be our own fault; what comes later is not.
 */

#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/strbuf.h"
#include "lookup/fetch_address.h"
#include "lookup/transfer.h"
#include "lookup/trust.h"

enum {
	STATUS_OK = 200,
	CACHE_S = 600, /* longer than any transfer: see set_bounds() */
	URL_MAX = 1024,
	LIST_MAX = 1024
};

struct transfer {
	TAILQ_ENTRY(transfer) link;
	struct transfers *all;
	CURL *easy;
	struct curl_slist *resolve;
	struct strbuf body;
	struct ip address[TRANSFER_ADDRESSES];
	size_t n;
	char *host;
	bool is_too_large;
	int socket_error; /* errno of socket(), or 0 */
	transfer_fn fn;
	void *ctx;
};

struct transfers {
	CURLM *multi;
	struct event_base *base;
	const struct trust *trust;
	struct event *timer;
	TAILQ_HEAD(, transfer) list;
};

/*
 * What libcurl calls.
 */

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * n; /* size is 1 */
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != STATUS_OK) {
		return 0; /* nobody reads it */
	}
	strbuf_add(&t->body, data, len);
	t->is_too_large = t->body.failed;
	return t->is_too_large ? 0 : len;
}

/* Every connection is made here, whatever libcurl took an address from. */
static curl_socket_t on_socket_wanted(
    void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = ctx;
	struct ip ip = fetch_address_of(&address->addr);
	int fd;

	if (purpose != CURLSOCKTYPE_IPCXN) {
		return CURL_SOCKET_BAD;
	}
	for (size_t i = 0; i < t->n; i++) {
		if (memcmp(&ip, &t->address[i], sizeof(ip)) != 0) {
			continue;
		}
		fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
		    address->protocol);
		if (fd < 0) {
			t->socket_error = errno;
			return CURL_SOCKET_BAD;
		}
		return fd;
	}
	return CURL_SOCKET_BAD;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *ctx)
{
	const struct transfer *t = ctx;

	(void)easy;
	return trust_apply(t->all->trust, ssl_ctx, t->host) == 0 ?
	    CURLE_OK :
	    CURLE_OUT_OF_MEMORY;
}

/*
 * What became of it.
 */

struct end {
	CURLcode code;
	long status; /* of HTTP; 0: none came */
	long verify; /* of OpenSSL */
	long error;  /* errno of connect(2) */
};

static void say(
    struct transfer_result *r, enum policy_sts kind, const char *token)
{
	(void)snprintf(r->token, sizeof(r->token), "%s", token);
	r->kind = kind;
}

static void say_connect(
    const struct transfer *t, const struct end *e, struct transfer_result *r)
{
	if (t->socket_error != 0) {
		say(r, POLICY_STS_UNKNOWN, "no-socket");
		return;
	}
	switch (e->error) {
	case ECONNREFUSED:
		say(r, POLICY_STS_FETCH_ERROR, "connect-refused");
		break;
	case ETIMEDOUT:
		say(r, POLICY_STS_FETCH_ERROR, "timeout");
		break;
	case EHOSTUNREACH:
	case ENETUNREACH:
		say(r, POLICY_STS_FETCH_ERROR, "connect-unreachable");
		break;
	default:
		say(r, POLICY_STS_FETCH_ERROR, "connect-failed");
		break;
	}
}

static void say_certificate(const struct end *e, struct transfer_result *r)
{
	const char *token = e->verify == 0 ? "certificate-host-mismatch" :
					     trust_token(e->verify);

	if (token == NULL) {
		say(r, POLICY_STS_UNKNOWN, "internal");
	} else {
		say(r, POLICY_STS_WEBPKI_INVALID, token);
	}
}

/* No answer of HTTP came, or not all of it. */
static void say_failure(
    const struct transfer *t, const struct end *e, struct transfer_result *r)
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

	if (e->code == CURLE_COULDNT_CONNECT) {
		say_connect(t, e, r);
		return;
	}
	if (e->code == CURLE_PEER_FAILED_VERIFICATION) {
		say_certificate(e, r);
		return;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (e->code == table[i].code) {
			say(r, POLICY_STS_FETCH_ERROR, table[i].token);
			return;
		}
	}
	say(r, r->is_trusted ? POLICY_STS_FETCH_ERROR : POLICY_STS_UNKNOWN,
	    r->is_trusted ? "http-malformed" : "internal");
}

/* Parameters are ignored (R212). */
static bool is_plain_text(const char *type)
{
	struct view v = view_of(type);

	v.len = view_index(v, ';');
	while (v.len > 0 && (v.s[v.len - 1] == ' ' || v.s[v.len - 1] == '\t')) {
		v.len--;
	}
	return view_is_nocase(v, view_of("text/plain"));
}

static void judge_end(
    const struct transfer *t, const struct end *e, struct transfer_result *r)
{
	char *type = NULL;

	if (r->is_trusted && e->status != 0 && e->status != STATUS_OK) {
		r->kind = POLICY_STS_FETCH_ERROR;
		(void)snprintf(
		    r->token, sizeof(r->token), "http-%03ld", e->status);
		return;
	}
	if (t->is_too_large) {
		say(r, POLICY_STS_FETCH_ERROR, "too-large");
		return;
	}
	if (e->code != CURLE_OK || e->status != STATUS_OK || !r->is_trusted) {
		say_failure(t, e, r);
		return;
	}
	(void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	if (!is_plain_text(type)) {
		say(r, POLICY_STS_FETCH_ERROR, "media-type");
		return;
	}
	say(r, POLICY_STS_FOUND, "");
	r->body = view_make(strbuf_str(&t->body), t->body.len);
}

/* It is in no list any more. */
static void transfer_free(struct transfer *t)
{
	if (t->easy != NULL) {
		(void)curl_multi_remove_handle(t->all->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->resolve);
	strbuf_release(&t->body);
	free(t->host);
	free(t);
}

static void finish(struct transfer *t, CURLcode code)
{
	struct transfer_result r = { .kind = POLICY_STS_UNKNOWN };
	struct end e = { .code = code };
	curl_off_t connected = 0;
	curl_off_t trusted = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &e.status);
	(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &e.verify);
	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &e.error);
	(void)curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
	(void)curl_easy_getinfo(t->easy, CURLINFO_APPCONNECT_TIME_T, &trusted);
	/* a handshake that failed needs a connection, whose time is not told */
	r.is_connected = connected > 0 || code == CURLE_SSL_CONNECT_ERROR ||
	    code == CURLE_PEER_FAILED_VERIFICATION;
	r.is_trusted = trusted > 0;
	judge_end(t, &e, &r);
	TAILQ_REMOVE(&t->all->list, t, link);
	t->fn(t->ctx, &r);
	transfer_free(t);
}

/*
 * The event loop.
 */

static void act(struct transfers *all, curl_socket_t fd, int what)
{
	int running;
	int left;
	const CURLMsg *m;

	(void)curl_multi_socket_action(all->multi, fd, what, &running);
	while ((m = curl_multi_info_read(all->multi, &left)) != NULL) {
		CURLcode code = m->data.result;
		CURL *easy = m->easy_handle;
		void *t = NULL;

		if (m->msg == CURLMSG_DONE &&
		    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t) == CURLE_OK) {
			finish(t, code);
		}
	}
}

static void on_fd(evutil_socket_t fd, short what, void *ctx)
{
	act(ctx, fd,
	    ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
		((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long ms, void *ctx)
{
	struct transfers *all = ctx;
	struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };

	(void)multi;
	return ms < 0 ? event_del(all->timer) : event_add(all->timer, &tv);
}

/* watch is what curl_multi_assign() gave the socket: its event, or NULL. */
static int on_watch_wanted(
    CURL *easy, curl_socket_t fd, int what, void *ctx, void *watch)
{
	struct transfers *all = ctx;
	struct event *event = watch;
	short wanted = EV_PERSIST;

	(void)easy;
	if (event != NULL) {
		event_free(event);
		event = NULL;
	}
	if (what != CURL_POLL_REMOVE) {
		if (what != CURL_POLL_OUT) {
			wanted |= EV_READ;
		}
		if (what != CURL_POLL_IN) {
			wanted |= EV_WRITE;
		}
		event = event_new(all->base, fd, wanted, on_fd, all);
		if (event == NULL || event_add(event, NULL) != 0) {
			return -1;
		}
	}
	(void)curl_multi_assign(all->multi, fd, event);
	return 0;
}

int transfers_new(
    struct event_base *base, const struct trust *trust, struct transfers **out)
{
	struct transfers *all = NULL;
	const curl_version_info_data *info;

	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		return -ENOMEM;
	}
	info = curl_version_info(CURLVERSION_NOW);
	if (info->ssl_version == NULL ||
	    !view_starts(view_of(info->ssl_version), "OpenSSL/")) {
		curl_global_cleanup();
		return ERR_CONFIG;
	}
	all = xcalloc(1, sizeof(*all));
	TAILQ_INIT(&all->list);
	all->base = base;
	all->trust = trust;
	all->timer = evtimer_new(base, on_timer, all);
	all->multi = curl_multi_init();
	if (all->timer == NULL || all->multi == NULL) {
		transfers_free(all);
		return -ENOMEM;
	}
	(void)curl_multi_setopt(
	    all->multi, CURLMOPT_SOCKETFUNCTION, on_watch_wanted);
	(void)curl_multi_setopt(all->multi, CURLMOPT_SOCKETDATA, all);
	(void)curl_multi_setopt(
	    all->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	(void)curl_multi_setopt(all->multi, CURLMOPT_TIMERDATA, all);
	*out = all;
	return 0;
}

void transfers_free(struct transfers *all)
{
	struct transfer *t;
	struct transfer *next;

	if (all == NULL) {
		return;
	}
	for (t = TAILQ_FIRST(&all->list); t != NULL; t = next) {
		next = TAILQ_NEXT(t, link);
		transfer_free(t);
	}
	if (all->multi != NULL) {
		(void)curl_multi_cleanup(all->multi);
	}
	if (all->timer != NULL) {
		event_free(all->timer);
	}
	free(all);
	curl_global_cleanup();
}

/* An option that is not taken is as bad as no memory: nothing is left out. */
#define SET(option, value) \
 (ok = ok && curl_easy_setopt(t->easy, (option), (value)) == CURLE_OK)

/* Whom to ask, and what is done with the answer. */
static bool set_request(struct transfer *t, const struct transfer_want *want)
{
	char url[URL_MAX];
	int len =
	    snprintf(url, sizeof(url), "https://%s%s", want->host, want->path);
	bool ok = len > 0 && (size_t)len < sizeof(url);

	SET(CURLOPT_URL, url);
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_HTTPGET, 1L);
	SET(CURLOPT_USERAGENT, PACKAGE_NAME);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_TIMEOUT_MS, (long)want->timeout_ms);
	/* half of the time, so that a dead address leaves some for others */
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)want->timeout_ms / 2 + 1);
	SET(CURLOPT_NOSIGNAL, 1L);
	return ok;
}

/* What it must not do. */
static bool set_bounds(struct transfer *t)
{
	char list[LIST_MAX];
	bool ok;

	/* "+": it is forgotten after CACHE_S, if not replaced before */
	ok = fetch_address_list(
		 "+", t->host, t->address, t->n, list, sizeof(list)) == 0;
	t->resolve = curl_slist_append(NULL, list);
	ok = ok && t->resolve != NULL;
	SET(CURLOPT_RESOLVE, t->resolve);
	SET(CURLOPT_DNS_CACHE_TIMEOUT, (long)CACHE_S);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket_wanted);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, ""); /* not even one of the environment */
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	return ok;
}

static bool set_tls(struct transfer *t)
{
	bool ok = true;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	/* the roots are ours (trust.h), and libcurl must keep none */
	SET(CURLOPT_CA_CACHE_TIMEOUT, 0L);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
	SET(CURLOPT_SSL_CTX_DATA, t);
	return ok;
}

int transfer_start(struct transfers *all, const struct transfer_want *want,
    transfer_fn fn, void *ctx)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->all = all;
	t->fn = fn;
	t->ctx = ctx;
	t->host = xstrdup(want->host);
	t->n = want->n < TRANSFER_ADDRESSES ? want->n : TRANSFER_ADDRESSES;
	memcpy(t->address, want->address, t->n * sizeof(t->address[0]));
	strbuf_init(&t->body, TRANSFER_BODY_MAX);
	t->easy = curl_easy_init();
	if (t->easy == NULL || !set_request(t, want) || !set_bounds(t) ||
	    !set_tls(t) ||
	    curl_multi_add_handle(all->multi, t->easy) != CURLM_OK) {
		transfer_free(t);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&all->list, t, link);
	return 0;
}
