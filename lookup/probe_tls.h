/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_PROBE_TLS_H
#define LOOKUP_PROBE_TLS_H

#include "lookup/probe.h"

/* The TLS of a probe: the handshake, and what the certificate is worth. */

struct trust;
struct probe_tls_all; /* what all probes share */
struct probe_tls;

enum probe_tls_step {
	PROBE_TLS_READ,  /* go on when there is something to read */
	PROBE_TLS_WRITE, /* when something can be written */
	PROBE_TLS_UP,
	PROBE_TLS_FAILED
};

/* trust is borrowed. NULL: no memory. */
struct probe_tls_all *probe_tls_all_new(const struct trust *trust);
void probe_tls_all_free(struct probe_tls_all *all); /* NULL is allowed */

/* On a connected socket that does not block. NULL: no memory. */
struct probe_tls *probe_tls_new(
    const struct probe_tls_all *all, int fd, const struct probe_target *target);
void probe_tls_free(struct probe_tls *t); /* NULL is allowed */

/* With FAILED, token tells why. */
enum probe_tls_step probe_tls_step(
    struct probe_tls *t, char token[TLS_REASON_BUF]);

/* After UP: fills in what the certificate tells. */
void probe_tls_judge(struct probe_tls *t, struct probe_result *out);

/* After UP: QUIT, and the end of TLS; no answer is waited for. */
void probe_tls_quit(struct probe_tls *t);

#endif
