/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POLICY_SET_H
#define COMMON_POLICY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mem.h"
#include "common/policy.h"
#include "common/strbuf.h"
#include "common/view.h"

/*
 * A policy set: all that a recipient domain had published for one of its MX
 * hosts, or for the whole domain (policy.h: mx is ""), as it was found at one
 * time. It is the judge's second argument, and the content of a struct policy
 * as JSON (doc/policies.md). What could not be found out is UNKNOWN and never
 * becomes a verdict. The numbers of the enums stand in no file; the words do.
 */

/* How the lookup of the domain's MX hosts ended (RFC 7672 2.2.1). */
enum policy_mx {
	POLICY_MX_UNKNOWN,
	POLICY_MX_SECURE,
	POLICY_MX_INSECURE,
	POLICY_MX_NONE,   /* no such domain, or a null MX (RFC 7505, R318) */
	POLICY_MX_BOGUS,  /* known to be forged (R306) */
	POLICY_MX_FAILED, /* SERVFAIL, timeout: nothing of the domain's (R49) */
	POLICY_MX_COUNT
};

/* How that of an MX host's TLSA records ended (RFC 7672 2.1, 2.2). */
enum policy_tlsa {
	POLICY_TLSA_UNKNOWN, /* not looked for, or we cannot validate */
	POLICY_TLSA_NONE,    /* no record, or DANE does not apply (R300-R302) */
	POLICY_TLSA_USABLE,  /* secure, one or more usable (R304) */
	POLICY_TLSA_UNUSABLE, /* secure, none usable (R307) */
	POLICY_TLSA_BOGUS,    /* under a secure address (R301, R305) */
	POLICY_TLSA_FAILED,   /* SERVFAIL, timeout likewise */
	POLICY_TLSA_COUNT
};

/* What MTA-STS had (RFC 8461). */
enum policy_sts {
	POLICY_STS_UNKNOWN,
	POLICY_STS_NONE,  /* no valid record and nothing cached (R202) */
	POLICY_STS_FOUND, /* a policy is in force: fetched, or cached (R218) */
	/* The record is valid, there is no policy to fall back on (R217). */
	POLICY_STS_FETCH_ERROR,    /* R68 */
	POLICY_STS_POLICY_INVALID, /* R69 */
	POLICY_STS_WEBPKI_INVALID, /* R70 */
	POLICY_STS_COUNT
};

struct policy_probe;

struct policy_set {
	enum policy_source source;
	enum policy_mx mx;

	enum policy_tlsa tlsa;
	struct view base;           /* TLSA base domain (R302), "" for none */
	const struct view *records; /* "3 1 1 HEX" each (R88), sorted */
	size_t n_records;
	bool is_dane_demanded; /* by our own local policy (R313) */
	bool is_sts_demanded;

	enum policy_sts sts;
	struct view sts_text;   /* the policy as received (R89); with
	                           POLICY_INVALID what did not parse (R225) */
	struct view sts_reason; /* token of PEERS' table with an error, and with
	                           FOUND what keeps a cached policy from being
	                           refreshed, else "" */

	/*
	 * Not 0: no state but an event of that time: a refresh failed while a
	 * cached policy was in force. Each one is a failure of its own (R239):
	 * failed is its kind, sts_reason its token, sts_text the cached text.
	 */
	int64_t failed_at; /* Unix seconds, at most UINT32_MAX */
	enum policy_sts failed;

	/*
	 * With POLICY_MTA: the policy that the MTA says it applied, with its
	 * strings; the members above are then filled as far as that tells.
	 */
	struct view mta_domain; /* policy-domain as given, "" for none */

	/* No part of the content: what a probe of ours saw of the session's
	   MX host at about that time; NULL: nothing. */
	const struct policy_probe *probe;
};

/* The words of the formats, "secure", "usable" etc.; NULL: no such value. */
const char *policy_mx_word(enum policy_mx v);
const char *policy_tlsa_word(enum policy_tlsa v);
const char *policy_sts_word(enum policy_sts v);

/*
 * Adds the set as the content of a struct policy. The same set always gives
 * the same bytes, and so the same hash; members that say nothing are left out.
 * A text that did not parse is cut rather than being too long. Returns 0 or
 * ERR_TOO_LONG (POLICY_CONTENT_MAX, or the buffer's bound).
 */
int policy_set_write(const struct policy_set *set, struct strbuf *out);

/*
 * Reads a content, also one that was made of a datagram (POLICY_MTA: members
 * policy-type, policy-domain, policy-string, mx-host). Of type tlsa it tells
 * base and records, and by these tlsa; of type sts it tells that a policy was
 * FOUND, and its text, the strings as lines; mx-host only repeats what stands
 * in them. Views borrow the content or the arena. Returns 0; ERR_PARSE: none of
 * ours, *out is all UNKNOWN.
 */
int policy_set_read(
    const struct policy *policy, struct arena *a, struct policy_set *out);

#endif
