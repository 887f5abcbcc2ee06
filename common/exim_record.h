/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_RECORD_H
#define COMMON_EXIM_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/domain.h"
#include "common/ip.h"
#include "common/view.h"

/*
 * A record of our ACL (etc/exim), field by field: doc/exim.md. Exim's own
 * words and numbers stand first; what strangers choose follows, cut and in
 * base64, so no field of it can pass for another.
 */
enum exim_event {
	EXIM_EHLO,     /* smtp:ehlo: the answer to EHLO, in TLS or in clear */
	EXIM_CLOSE,    /* tcp:close: a connection without TLS is closed */
	EXIM_DEFER,    /* msg:host:defer: this host will not do */
	EXIM_DANE,     /* dane:fail */
	EXIM_DELIVERY, /* msg:delivery: one recipient was delivered */
};

/* Is the address of the host known to be signed (DNSSEC)? */
enum exim_secure {
	EXIM_SECURE_NO_MX, /* it did not come from an MX lookup: a smart host */
	EXIM_SECURE_NO,
	EXIM_SECURE_YES,
};

enum {
	EXIM_PORT_OPEN = -1,  /* a connection taken over from another process */
	EXIM_PORT_PASSED = 0, /* a connection passed on to another process */
	EXIM_TLSA_TA = 1 << 2, /* bits of tlsa: usages of the records */
	EXIM_TLSA_EE = 1 << 3,
	EXIM_FROM_MAX = 320, /* bytes: as the ACL cuts them */
	EXIM_NAME_MAX = 255,
	EXIM_CERT_MAX = 3600,
	EXIM_DATA_MAX = 600,
};

struct exim_record {
	enum exim_event event;
	uint32_t pid;
	struct view id;  /* "" before the message has one; borrowed */
	bool is_callout; /* an address is being verified */
	int error;       /* only of EXIM_DEFER: errno, or Exim's own < 0 */
	struct ip ip;
	int port;
	struct ip sending_ip;
	int sending_port;    /* <= 0: none */
	struct view version; /* of TLS; "" in clear; borrowed */
	bool is_verified;    /* only with a version, and not of EXIM_DELIVERY */
	bool is_dane;        /* verified by DANE */
	unsigned tlsa;       /* see above */
	enum exim_secure secure;
	bool tls_required_no;
	/* decoded: what strangers chose */
	char from[EXIM_FROM_MAX];
	size_t from_len;
	char domain[EXIM_NAME_MAX];
	size_t domain_len;
	char mx[EXIM_NAME_MAX];
	size_t mx_len;
	char sni[EXIM_NAME_MAX];
	size_t sni_len;
	char helo[EXIM_NAME_MAX];
	size_t helo_len;
	char cert[EXIM_CERT_MAX]; /* DER, or the beginning of it */
	size_t cert_len;
	char data[EXIM_DATA_MAX];
	size_t data_len;
};

/* Does a text begin as a record does? */
bool exim_record_is(struct view text);

/*
 * Takes a record apart, in an entry of this message id. Returns 0 or
 * ERR_PARSE.
 */
int exim_record_parse(
    struct view id, struct view text, struct exim_record *out);

#endif
