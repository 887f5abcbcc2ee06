/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_TRUST_H
#define LOOKUP_TRUST_H

#include <stdbool.h>

/*
 * The root certificates, and how a policy host's certificate is checked by
 * them (R213): names of type DNS-ID only, never the common name; a wildcard
 * only as the whole leftmost label.
 */
struct trust;

/*
 * file holds certificates as PEM; NULL: that of the system, wherever it is.
 * Nothing is read yet. Never NULL.
 */
struct trust *trust_new(const char *file);
void trust_free(struct trust *t); /* NULL is allowed */

/*
 * Reads the certificates if that was not done yet, or if the file has changed
 * since. Returns 0 or a negative code: then what was read before is kept.
 */
int trust_refresh(struct trust *t);

/* Are there any certificates? Without them nothing can be judged. */
bool trust_is_ready(const struct trust *t);

/* The file that was read, or tried last; "" for none. */
const char *trust_file(const struct trust *t);

/* The X509_STORE with them, borrowed until the next refresh; NULL: none. */
void *trust_store(const struct trust *t);

/*
 * Makes a SSL_CTX check peers as this host, a name or an address. Returns 0 or -ENOMEM. Only when
 * trust_is_ready().
 */
int trust_apply(const struct trust *t, void *ssl_ctx, const char *host);

/*
 * The token for a result of SSL_get_verify_result(): "certificate-expired",
 * "self-signed" etc. NULL: the certificate is not what is wrong.
 */
const char *trust_token(long verify_result);

#endif
