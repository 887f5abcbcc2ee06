/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_UPLOADS_H
#define SEND_UPLOADS_H

#include "common/conf.h"
#include "common/strbuf.h"
#include "common/view.h"
#include "send/attempt.h"

/*
 * Reports by HTTPS (R175-R181): POST to the URI as published, many at once,
 * few to one host, connections used again. Only https, no redirects, no
 * credentials, no proxy, and to no private, loopback or link-local address
 * (looked at when the connection is made) unless allowed.
 */
struct uploads;

/*
 * Connects to nothing yet; names are asked of the resolver that the
 * configuration names. The process ignores SIGPIPE. ERR_CONFIG with text,
 * -ENOMEM. Borrows c.
 */
int uploads_open(
    const struct conf *c, struct uploads **out, struct strbuf *error);

/* What is under way ends without its call. NULL is allowed. */
void uploads_close(struct uploads *u);

/*
 * Once for each upload, within uploads_wait(). PUT_OFF: another that was sent to
 * its host was to be tried later (Retry-After), which ends all to this host.
 */
typedef void (*upload_fn)(void *ctx, const struct attempt *result);

/*
 * Starts; body (gzip) and url are borrowed until fn was called. Returns 0; or
 * -EBUSY when as many are under way as may be: uploads_wait() first; -ENOMEM.
 */
int upload_start(struct uploads *u, const char *url, struct view body,
    upload_fn fn, void *ctx);

/* Waits for something to end, for all of it if is_all. Returns how many are
   under way. */
unsigned uploads_wait(struct uploads *u, bool is_all);

#endif
