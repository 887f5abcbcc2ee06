/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uploads.c - reports by HTTPS, many at once
 *
 * The queue is ours and not libcurl's, whose clock for a request runs while
 * it waits for a connection. A host that is slow has no more than its few
 * requests, and holds up nobody else.
 */

#include "config.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/conf_report.h"
#include "common/dns.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/record_uri.h"
#include "lookup/trust.h"
#include "send/upload_host.h"
#include "send/upload_post.h"
#include "send/uploads.h"

enum {
	OPEN_MAX = 256, /* those that wait, too */
	RUNNING_MAX = 32,
	RUNNING_PER_HOST = 4,
	WAIT_MS = 1000, /* see dns.h */
	MS = 1000
};

struct upload {
	TAILQ_ENTRY(upload) link;
	struct upload_host *host; /* NULL: the URI is none that has one */
	struct view url;          /* borrowed, as is body */
	struct view body;
	struct upload_post *post; /* NULL: waits */
	upload_fn fn;
	void *ctx;
};

struct uploads {
	CURLM *multi;
	struct dns *dns;
	struct fetch_resolver resolver;
	struct trust *trust;
	bool is_started; /* libcurl is */
	bool must_verify;
	unsigned timeout_ms;
	struct upload_hosts hosts;
	TAILQ_HEAD(, upload) list;
	unsigned n_open;
	unsigned n_running;
	unsigned n_ended; /* since uploads_wait() was called */
};

static void ask(
    void *dns, const char *name, int type, dns_callback cb, void *ctx)
{
	dns_ask(dns, name, type, cb, ctx);
}

static int open_roots(
    struct uploads *u, const struct conf *c, struct strbuf *error)
{
	int rc;

	u->must_verify = c->https.verify == CONF_HTTPS_REQUIRE;
	u->trust = trust_new(c->https.ca_file);
	rc = trust_refresh(u->trust);
	if (rc != 0 && !u->must_verify && c->https.ca_file == NULL) {
		log_warn("send reports by HTTPS without root certificates: "
			 "no host is verified reason=%s",
		    err_text(rc));
		rc = 0;
	}
	if (rc == 0) {
		return 0;
	}
	strbuf_addf(error, "https.ca-file: %s: %s",
	    trust_file(u->trust)[0] != '\0' ? trust_file(u->trust) :
					      "no root certificates",
	    err_text(rc));
	return ERR_CONFIG;
}

int uploads_open(
    const struct conf *c, struct uploads **out, struct strbuf *error)
{
	struct uploads *u = xcalloc(1, sizeof(*u));
	struct dns_options o;
	int rc;

	*out = NULL;
	TAILQ_INIT(&u->list);
	upload_hosts_init(&u->hosts, c->https.allow_private);
	u->timeout_ms = (unsigned)c->https.timeout_s * MS;
	conf_report_dns(c, &o);
	rc = open_roots(u, c, error);
	if (rc == 0) {
		rc = dns_new(&o, &u->dns, error);
	}
	fetch_resolver_init(&u->resolver, ask, u->dns);
	if (rc == 0) {
		rc = https_start();
		u->is_started = rc == 0;
		if (rc == ERR_CONFIG) {
			strbuf_adds(error, "libcurl is built without OpenSSL");
		}
	}
	if (rc == 0) {
		u->multi = curl_multi_init();
		rc = u->multi != NULL ? 0 : -ENOMEM;
	}
	if (rc != 0) {
		uploads_close(u);
		return rc;
	}
	(void)curl_multi_setopt(
	    u->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)RUNNING_PER_HOST);
	(void)curl_multi_setopt(
	    u->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)RUNNING_MAX);
	*out = u;
	return 0;
}

/* It may be in no request any more. */
static void drop(struct uploads *u, struct upload *up)
{
	TAILQ_REMOVE(&u->list, up, link);
	u->n_open--;
	if (up->host != NULL) {
		upload_host_put(up->host);
	}
	free(up);
}

static void stop(struct uploads *u, struct upload *up)
{
	if (up->post != NULL) {
		upload_post_free(up->post);
		up->post = NULL;
		up->host->n_running--;
		u->n_running--;
	}
}

void uploads_close(struct uploads *u)
{
	struct upload *up;
	struct upload *next;

	if (u == NULL) {
		return;
	}
	for (up = TAILQ_FIRST(&u->list); up != NULL; up = next) {
		next = TAILQ_NEXT(up, link);
		stop(u, up);
		drop(u, up);
	}
	if (u->multi != NULL) {
		(void)curl_multi_cleanup(u->multi);
	}
	if (u->is_started) {
		https_end();
	}
	if (u->dns != NULL) {
		dns_free(u->dns);
	}
	fetch_resolver_release(&u->resolver);
	upload_hosts_release(&u->hosts);
	trust_free(u->trust);
	free(u);
}

int upload_start(struct uploads *u, const char *url, struct view body,
    upload_fn fn, void *ctx)
{
	struct record_rua rua;
	struct upload *up;

	if (u->n_open >= OPEN_MAX) {
		return -EBUSY;
	}
	up = xcalloc(1, sizeof(*up));
	/* whoever it came from: once more, as in a record (R150) */
	if (record_uri_parse(view_of(url), &rua) && rua.kind == RECORD_HTTPS) {
		up->host = upload_hosts_take(&u->hosts, view_of(url));
	}
	up->url = view_of(url);
	up->body = body;
	up->fn = fn;
	up->ctx = ctx;
	TAILQ_INSERT_TAIL(&u->list, up, link);
	u->n_open++;
	return 0;
}

/*
 * The queue.
 */

static void finish(
    struct uploads *u, struct upload *up, const struct attempt *result)
{
	upload_fn fn = up->fn;
	void *ctx = up->ctx;

	stop(u, up);
	drop(u, up);
	u->n_ended++;
	fn(ctx, result);
}

static void finish_with(struct uploads *u, struct upload *up,
    enum attempt_end end, const char *token)
{
	struct attempt result;

	attempt_set(&result, end, view_of(token));
	finish(u, up, &result);
}

/* Its certificate is to be good: unless there is no way to tell (R178). */
static bool is_verified(const struct uploads *u, const struct upload_host *host)
{
	return u->must_verify ||
	    (trust_is_ready(u->trust) && !host->is_unverified);
}

static void launch(struct uploads *u, struct upload *up)
{
	struct upload_want want = { .host = up->host,
		.url = up->url,
		.body = up->body,
		.trust = is_verified(u, up->host) ? u->trust : NULL,
		.timeout_ms = u->timeout_ms };

	up->post = upload_post_new(u->multi, &want, up);
	if (up->post == NULL) {
		finish_with(u, up, ATTEMPT_OURS, "no memory");
		return;
	}
	up->host->n_running++;
	u->n_running++;
}

static void advance(struct uploads *u, struct upload *up)
{
	struct upload_host *host = up->host;

	if (host == NULL) {
		finish_with(u, up, ATTEMPT_REFUSED, "bad-uri");
		return;
	}
	if (host->state == UPLOAD_HOST_NEW) {
		upload_host_ask(host, &u->resolver);
	}
	if (host->state == UPLOAD_HOST_FAILED) {
		/* it is not there, or wants no more for now */
		finish_with(u, up, host->end, host->token);
	} else if (host->state == UPLOAD_HOST_FOUND &&
	    host->n_running < RUNNING_PER_HOST && u->n_running < RUNNING_MAX) {
		launch(u, up);
	}
}

/* A call of an upload's end may start another: it is behind the others. */
static void advance_all(struct uploads *u)
{
	struct upload *up;
	struct upload *next;

	for (up = TAILQ_FIRST(&u->list); up != NULL; up = next) {
		next = TAILQ_NEXT(up, link);
		if (up->post == NULL) {
			advance(u, up);
		}
	}
}

static bool is_to_be_tried_unverified(
    const struct uploads *u, struct upload *up, const struct upload_end *end)
{
	struct upload_host *host = up->host;
	char name[LOG_ESCAPE_BUF];

	if (!end->is_certificate || u->must_verify) {
		return false;
	}
	if (!host->is_unverified) {
		host->is_unverified = true;
		log_warn("send to a host without a good certificate host=%s "
			 "port=%u reason=%s",
		    log_escape(view_of(host->name), name), host->port,
		    end->result.answer);
	}
	return true;
}

static void on_done(struct uploads *u, struct upload *up, int code)
{
	struct upload_end end;

	upload_post_end(up->post, code, &end);
	if (is_to_be_tried_unverified(u, up, &end)) {
		stop(u, up);
		launch(u, up);
		return;
	}
	if (end.is_missed) {
		upload_host_missed(up->host, end.result.answer);
	} else if (end.result.retry_after_s > 0) {
		upload_host_deferred(up->host, end.result.answer);
	} else {
		upload_host_seen(up->host);
	}
	finish(u, up, &end.result);
}

static void collect(struct uploads *u)
{
	const CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(u->multi, &left)) != NULL) {
		int code = (int)m->data.result;
		void *up = NULL;

		if (m->msg == CURLMSG_DONE &&
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &up) ==
			CURLE_OK) {
			on_done(u, up, code);
		}
	}
}

/* Waits until there is something to do. */
static void rest(struct uploads *u)
{
	struct curl_waitfd fd = { .fd = dns_fd(u->dns),
		.events = CURL_WAIT_POLLIN };

	(void)curl_multi_poll(u->multi, &fd, 1, WAIT_MS, NULL);
}

unsigned uploads_wait(struct uploads *u, bool is_all)
{
	int running;

	u->n_ended = 0;
	for (;;) {
		unsigned before = u->n_ended;

		/* it answers what it could not find out, too */
		(void)dns_work(u->dns);
		advance_all(u);
		(void)curl_multi_perform(u->multi, &running);
		collect(u);
		if (u->n_open == 0 || (!is_all && u->n_ended > 0)) {
			return u->n_open;
		}
		/* an end makes room for others at once */
		if (u->n_ended == before) {
			rest(u);
		}
	}
}
