/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upload_post.c - one POST of a report, with libcurl
 *
 * The status decides, whatever becomes of the text behind it, which nobody
 * reads. It counts only when all of the report was sent before it came.
 */

#include "config.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "lookup/https.h"
#include "send/upload_host.h"
#include "send/upload_post.h"
#include "send/upload_status.h"

struct upload_post {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *fields;
	struct https_peer peer;
	size_t body_len;
	size_t n_answer;
};

/*
 * Also of each line of the header, which libcurl keeps: some of its versions
 * without end.
 */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t on_answer(char *data, size_t size, size_t n, void *ctx)
{
	struct upload_post *p = ctx;
	size_t len = size * n; /* size is 1 */

	(void)data;
	p->n_answer += len;
	return p->n_answer > UPLOAD_ANSWER_MAX ? 0 : len;
}

/* An option that is not taken is as bad as no memory: nothing is left out. */
#define SET(option, value) \
 (ok = ok && curl_easy_setopt(p->easy, (option), (value)) == CURLE_OK)

static bool add_field(struct upload_post *p, const char *field)
{
	struct curl_slist *longer = curl_slist_append(p->fields, field);

	if (longer != NULL) {
		p->fields = longer;
	}
	return longer != NULL;
}

static bool set_request(
    struct upload_post *p, const struct upload_want *want, void *mark)
{
	char url[UPLOAD_URL];
	bool ok = upload_host_url(want->host, want->url, url) &&
	    add_field(p, "Content-Type: application/tlsrpt+gzip") &&
	    /* no waiting for leave to send what is small */
	    add_field(p, "Expect:");

	SET(CURLOPT_URL, url);
	SET(CURLOPT_PATH_AS_IS, 1L); /* the URI as published */
	SET(CURLOPT_PRIVATE, mark);
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)want->body.len);
	SET(CURLOPT_POSTFIELDS, want->body.len > 0 ? want->body.s : "");
	SET(CURLOPT_HTTPHEADER, p->fields);
	SET(CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	SET(CURLOPT_WRITEFUNCTION, on_answer);
	SET(CURLOPT_WRITEDATA, p);
	SET(CURLOPT_HEADERFUNCTION, on_answer);
	SET(CURLOPT_HEADERDATA, p);
	return ok;
}

static bool set_connection(
    struct upload_post *p, const struct upload_want *want)
{
	long half = (long)want->timeout_ms / 2 + 1;
	bool ok = true;

	SET(CURLOPT_TIMEOUT_MS, (long)want->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS,
	    half < UPLOAD_CONNECT_MS ? half : (long)UPLOAD_CONNECT_MS);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, (long)UPLOAD_IDLE_S);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	/* rather the connection that is there, if it turns out as HTTP/2 */
	SET(CURLOPT_PIPEWAIT, 1L);
	return ok;
}

static void set_peer(struct upload_post *p, const struct upload_want *want)
{
	const struct upload_host *host = want->host;

	(void)snprintf(p->peer.host, sizeof(p->peer.host), "%s", host->name);
	p->peer.port = host->port;
	p->peer.n = host->n;
	memcpy(p->peer.address, host->address,
	    host->n * sizeof(p->peer.address[0]));
	p->peer.trust = want->trust;
}

struct upload_post *upload_post_new(
    void *multi, const struct upload_want *want, void *mark)
{
	struct upload_post *p = xcalloc(1, sizeof(*p));

	p->multi = multi;
	p->body_len = want->body.len;
	set_peer(p, want);
	p->easy = curl_easy_init();
	if (p->easy == NULL || !set_request(p, want, mark) ||
	    !set_connection(p, want) || !https_setup(p->easy, &p->peer) ||
	    curl_multi_add_handle(multi, p->easy) != CURLM_OK) {
		upload_post_free(p);
		return NULL;
	}
	return p;
}

void upload_post_free(struct upload_post *p)
{
	if (p->easy != NULL) {
		(void)curl_multi_remove_handle(p->multi, p->easy);
		curl_easy_cleanup(p->easy);
	}
	https_peer_release(&p->peer);
	curl_slist_free_all(p->fields);
	free(p);
}

/*
 * What became of it.
 */

static void end_with_status(
    const struct upload_post *p, long status, struct upload_end *out)
{
	enum attempt_end end = upload_status_end(status);
	curl_off_t sent = 0;
	curl_off_t retry_after = 0;
	char text[48];

	(void)snprintf(text, sizeof(text), "http %ld", status);
	(void)curl_easy_getinfo(p->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	(void)curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (end == ATTEMPT_ACCEPTED && (size_t)sent < p->body_len) {
		(void)snprintf(
		    text, sizeof(text), "http %ld before its end", status);
		end = ATTEMPT_RETRY;
	}
	attempt_set(&out->result, end, view_of(text));
	if (end == ATTEMPT_RETRY) {
		out->result.retry_after_s =
		    upload_status_retry_after(retry_after);
	}
}

/*
 * What no host can bring about. All that is not known is theirs: who is blamed
 * for it cannot stop the reports of others.
 */
static bool is_ours(const struct upload_post *p, int code)
{
	return code == (int)CURLE_OUT_OF_MEMORY ||
	    code == (int)CURLE_FAILED_INIT ||
	    (code == (int)CURLE_COULDNT_CONNECT && p->peer.socket_error != 0);
}

void upload_post_end(
    const struct upload_post *p, int code, struct upload_end *out)
{
	struct https_failure f;
	curl_off_t ready = 0; /* when the request could be sent */
	long status = 0;

	memset(out, 0, sizeof(*out));
	(void)curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(p->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	/* libcurl tells of 1xx, too, when nothing follows */
	if (status >= 200) {
		end_with_status(p, status, out);
		return;
	}
	f = https_failure_of(p->easy, code, &p->peer, ready > 0);
	if (code == (int)CURLE_OK) {
		f = (struct https_failure){ HTTPS_THEIRS, "http-malformed" };
	}
	/* who was not verified cannot be tried once more without it */
	out->is_certificate = code == (int)CURLE_PEER_FAILED_VERIFICATION &&
	    p->peer.trust != NULL;
	out->is_missed = !out->is_certificate && !is_ours(p, code);
	attempt_set(&out->result,
	    is_ours(p, code) ? ATTEMPT_OURS : ATTEMPT_RETRY, view_of(f.token));
}
