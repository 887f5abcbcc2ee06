/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_SPF_H
#define TOOL_SPF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/ip.h"
#include "common/view.h"

/*
 * SPF records (RFC 7208), as far as one can tell what they say of an address
 * from what they name themselves: ip4, ip6, a, mx and all. What goes through
 * other records (include, redirect, exists, macros) is not evaluated. Pure.
 */

enum {
	SPF_TERMS = 64, /* of a record */
	SPF_HOSTS = 32, /* addresses of a term */
};

enum spf_kind {
	SPF_ALL,
	SPF_IP, /* ip4, ip6 */
	SPF_A,
	SPF_MX,
	SPF_OTHER, /* not evaluated */
};

enum spf_result {
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_NEUTRAL,
	SPF_UNKNOWN, /* depends on what is not evaluated */
};

/* Addresses that names stand for. */
struct spf_hosts {
	struct ip ip[SPF_HOSTS];
	size_t n;
	bool is_known; /* these are all */
};

struct spf_term {
	struct view text; /* as it stands, without the qualifier */
	enum spf_kind kind;
	enum spf_result qualifier; /* what a match means */
	struct view domain; /* of SPF_A and SPF_MX; "": that of the record */
	struct ip ip;       /* of SPF_IP */
	unsigned prefix4;   /* bits of a network, of addresses of IPv4 ... */
	unsigned prefix6;   /* ... and of IPv6 */

	struct spf_hosts hosts; /* of SPF_A and SPF_MX; to be filled in */
};

struct spf {
	struct spf_term term[SPF_TERMS];
	size_t n;
	struct view redirect; /* the modifier; "" for none */
};

/*
 * Borrows the text. Returns 0; ERR_NOT_FOUND: it is no SPF record; ERR_PARSE:
 * it is one, and *at tells the term that is wrong; ERR_FULL: too many terms.
 */
int spf_parse(struct view text, struct spf *out, struct view *at);

/* What the record says of an address; of SPF_UNKNOWN, *why is the first term
   that it depends on. */
enum spf_result spf_evaluate(
    const struct spf *s, const struct ip *ip, struct view *why);

#endif
