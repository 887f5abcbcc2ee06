/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_UPLOAD_POST_H
#define SEND_UPLOAD_POST_H

#include <stdbool.h>

#include "common/view.h"
#include "send/attempt.h"

struct trust;
struct upload_host;

/* One POST of a report (R175-R181), by libcurl's multi interface. */
struct upload_post;

enum {
	UPLOAD_ANSWER_MAX = 64 * 1024, /* octets of an answer that are read */
	UPLOAD_CONNECT_MS = 10000,     /* for TCP and TLS */
	UPLOAD_IDLE_S = 30             /* in which nothing moves */
};

struct upload_want {
	const struct upload_host *host; /* FOUND */
	struct view url;
	struct view body;          /* gzip; borrowed until the post is freed */
	const struct trust *trust; /* borrowed; NULL: any certificate */
	unsigned timeout_ms;       /* for all of it */
};

/*
 * Starts one in a CURLM; mark is its CURLINFO_PRIVATE. NULL: no memory, or
 * libcurl does not take what must be.
 */
struct upload_post *upload_post_new(
    void *multi, const struct upload_want *want, void *mark);

/* Ends it, done or not. */
void upload_post_free(struct upload_post *p);

struct upload_end {
	struct attempt result;
	bool is_certificate; /* nothing was sent: the certificate is no good */
	bool is_missed;      /* nobody was there, or nobody answered */
};

/* What became of it: code is the CURLcode. */
void upload_post_end(
    const struct upload_post *p, int code, struct upload_end *out);

#endif
