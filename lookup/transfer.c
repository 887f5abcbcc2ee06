/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer.c - HTTPS GET with libcurl, on libevent
 *
 * libcurl shall keep nothing between two transfers; what else it must not do
 * is in https.c.
 */

#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/strbuf.h"
#include "lookup/https.h"
#include "lookup/transfer.h"

enum {
	STATUS_OK = 200,
	URL_MAX = 1024
};

struct transfer {
	TAILQ_ENTRY(transfer) link;
	struct transfers *all;
	CURL *easy;
	struct https_peer peer;
	struct strbuf body;
	bool is_too_large;
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

/*
 * What became of it.
 */

static void say(
    struct transfer_result *r, enum policy_sts kind, const char *token)
{
	(void)snprintf(r->token, sizeof(r->token), "%s", token);
	r->kind = kind;
}

/* No answer of HTTP came, or not all of it. */
static void say_failure(
    const struct transfer *t, CURLcode code, struct transfer_result *r)
{
	static const enum policy_sts kinds[] = {
		[HTTPS_OURS] = POLICY_STS_UNKNOWN,
		[HTTPS_THEIRS] = POLICY_STS_FETCH_ERROR,
		[HTTPS_CERTIFICATE] = POLICY_STS_WEBPKI_INVALID,
	};
	struct https_failure f =
	    https_failure_of(t->easy, (int)code, &t->peer, r->is_trusted);

	say(r, kinds[f.fault], f.token);
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
    const struct transfer *t, CURLcode code, struct transfer_result *r)
{
	char *type = NULL;
	long status = 0; /* none came */

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (r->is_trusted && status != 0 && status != STATUS_OK) {
		r->kind = POLICY_STS_FETCH_ERROR;
		(void)snprintf(
		    r->token, sizeof(r->token), "http-%03ld", status);
		return;
	}
	if (t->is_too_large) {
		say(r, POLICY_STS_FETCH_ERROR, "too-large");
		return;
	}
	if (code != CURLE_OK || status != STATUS_OK || !r->is_trusted) {
		say_failure(t, code, r);
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
	https_peer_release(&t->peer);
	strbuf_release(&t->body);
	free(t);
}

static void finish(struct transfer *t, CURLcode code)
{
	struct transfer_result r = { .kind = POLICY_STS_UNKNOWN };
	curl_off_t connected = 0;
	curl_off_t trusted = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
	(void)curl_easy_getinfo(t->easy, CURLINFO_APPCONNECT_TIME_T, &trusted);
	/* a handshake that failed needs a connection, whose time is not told */
	r.is_connected = connected > 0 || code == CURLE_SSL_CONNECT_ERROR ||
	    code == CURLE_PEER_FAILED_VERIFICATION;
	r.is_trusted = trusted > 0;
	judge_end(t, code, &r);
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
	int rc = https_start();

	*out = NULL;
	if (rc != 0) {
		return rc;
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
	https_end();
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
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	return ok;
}

int transfer_start(struct transfers *all, const struct transfer_want *want,
    transfer_fn fn, void *ctx)
{
	struct transfer *t = xcalloc(1, sizeof(*t));
	struct https_peer *p = &t->peer;

	t->all = all;
	t->fn = fn;
	t->ctx = ctx;
	p->port = HTTPS_PORT;
	p->trust = all->trust;
	p->n = want->n < HTTPS_ADDRESSES ? want->n : HTTPS_ADDRESSES;
	memcpy(p->address, want->address, p->n * sizeof(p->address[0]));
	strbuf_init(&t->body, TRANSFER_BODY_MAX);
	t->easy = curl_easy_init();
	if (!view_copy(view_of(want->host), p->host, sizeof(p->host)) ||
	    t->easy == NULL || !set_request(t, want) ||
	    !https_setup(t->easy, p) ||
	    curl_multi_add_handle(all->multi, t->easy) != CURLM_OK) {
		transfer_free(t);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&all->list, t, link);
	return 0;
}
