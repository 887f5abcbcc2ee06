/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_UPLOAD_HOST_H
#define SEND_UPLOAD_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/domain.h"
#include "common/ip.h"
#include "common/record.h"
#include "common/view.h"
#include "lookup/fetch_resolve.h"
#include "lookup/https.h"
#include "send/attempt.h"

/* The hosts that reports go to by HTTPS, and what is known of them. */

enum {
	UPLOAD_HOSTS = 1024,  /* remembered */
	UPLOAD_HOST_DEAD = 4, /* tries in a row that found nobody: then no
	                         more is made */
	UPLOAD_HOST_TOKEN = 40,
	UPLOAD_URL = RECORD_URI_MAX + DOMAIN_BUF + 16
};

enum upload_host_state {
	UPLOAD_HOST_NEW, /* its addresses are to be asked for */
	UPLOAD_HOST_ASKED,
	UPLOAD_HOST_FOUND, /* address and n */
	UPLOAD_HOST_FAILED /* end and token */
};

struct upload_host {
	TAILQ_ENTRY(upload_host) link;
	char name[DOMAIN_BUF]; /* without brackets, in its normal form */
	unsigned port;
	enum upload_host_state state;
	struct ip address[HTTPS_ADDRESSES];
	size_t n;
	enum attempt_end end;
	char token[UPLOAD_HOST_TOKEN];
	unsigned n_open;    /* uploads, those that wait too */
	unsigned n_running; /* requests */
	unsigned n_dead;    /* tries in a row that found nobody */
	bool is_closed;     /* FAILED, and not to be asked again */
	bool is_unverified; /* its certificate is no good, and may be so */
	bool allow_private;
};

struct upload_hosts {
	TAILQ_HEAD(upload_host_list, upload_host) list;
	unsigned n;
	bool allow_private; /* hosts at addresses not of the Internet, too */
};

void upload_hosts_init(struct upload_hosts *h, bool allow_private);

/* No address may come any more. */
void upload_hosts_release(struct upload_hosts *h);

/*
 * The host of an https URI in the form of record_uri_parse(), with one upload
 * more open; NULL: none that could be connected to.
 */
struct upload_host *upload_hosts_take(struct upload_hosts *h, struct view url);

/*
 * Writes what is asked of the host for this URI: with its name as it is here,
 * so that libcurl reads no other out of it, and without a fragment. Returns
 * false when it is too long.
 */
bool upload_host_url(
    const struct upload_host *host, struct view url, char out[UPLOAD_URL]);

/* One upload less is open. Without any, its addresses are forgotten. */
void upload_host_put(struct upload_host *host);

/* Of a new host: asks for the addresses; the state is another then. */
void upload_host_ask(struct upload_host *host, struct fetch_resolver *r);

/* A try found somebody there, or nobody, with a token. */
void upload_host_seen(struct upload_host *host);
void upload_host_missed(struct upload_host *host, const char *token);

/*
 * It asked, with a token, that something be tried later: it gets no more now.
 * How long that is to last, it said of that alone: many may share a host.
 */
void upload_host_deferred(struct upload_host *host, const char *token);

#endif
