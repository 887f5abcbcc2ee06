/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POSTFIX_DATAGRAM_H
#define COMMON_POSTFIX_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "common/fact.h"
#include "common/mem.h"
#include "common/policy.h"
#include "common/view.h"

/*
 * What Postfix 3.10 and later, and all else that uses libtlsrpt, send of each
 * TLS handshake: one JSON object a datagram, of protocol version 1. A
 * datagram is about one session; each policy that it names is judged by
 * itself.
 */
enum {
	POSTFIX_DATAGRAM_MAX = 256 * 1024, /* Linux lets 212960 octets pass */
	POSTFIX_DATAGRAM_POLICIES = 16,
	POSTFIX_DATAGRAM_FAILURES = 64, /* of a policy */
	POSTFIX_DATAGRAM_TEXTS = 4096,  /* of one list of texts */
};

/* A session under one policy. */
struct postfix_reported {
	struct fact fact;     /* policy: all zero */
	struct policy policy; /* what Postfix applied, of source mta; content
	                         "": there was none. The hash is not computed */
};

/* Views borrow the datagram or the arena. */
struct postfix_datagram {
	struct view record; /* the TLSRPT record, "" if it was not sent */
	struct postfix_reported *reported;
	size_t n; /* one or more */
};

/*
 * Reads a datagram that came at time t. content of a policy is a JSON object
 *
 *	{"policy-type":"sts","policy-domain":"d.example",
 *	 "policy-string":["version: STSv1",...],"mx-host":["*.d.example"]}
 *
 * Returns 0; ERR_PARSE: it is no such datagram (a member that comes twice, is
 * of another type or is missing; a policy type or a domain that is none);
 * ERR_VERSION: of another version; ERR_LITERAL: its domain is an address;
 * ERR_FULL: a bound above or POLICY_CONTENT_MAX is hit. Then *out is empty. A
 * reason, a host name or an address that is none is as if it were not there.
 */
int postfix_datagram_parse(
    struct view text, int64_t t, struct arena *a, struct postfix_datagram *out);

#endif
