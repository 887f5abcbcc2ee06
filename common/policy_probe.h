/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POLICY_PROBE_H
#define COMMON_POLICY_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "common/fact.h"
#include "common/mem.h"
#include "common/policy.h"
#include "common/strbuf.h"
#include "common/view.h"

/*
 * What a probe of ours saw of the TLS of an MX host at one of its addresses.
 * Among the policies of a tally it is one of the source POLICY_PROBE: domain is
 * that of the session for whose sake it was made, mx the host, content this as
 * JSON (doc/policies.md). Only a probe with which TLS came up is kept: any
 * other settles nothing.
 */
struct policy_probe {
	int64_t at; /* Unix seconds, at most UINT32_MAX */
	struct ip ip;

	/* By our roots, and by the MX host's name: */
	enum fact_chain chain;    /* UNKNOWN: we could not check it */
	struct view chain_reason; /* with UNTRUSTED: our token, or "" */
	enum fact_name name;

	/* By the TLSA records: */
	enum fact_dane dane;        /* MATCH, MISMATCH; UNKNOWN: not compared */
	enum fact_chain dane_chain; /* with usage 2, as far as it tells */
	struct view dane_reason;    /* as chain_reason */
	enum fact_name dane_name;
	struct view base;           /* TLSA base domain, "" for none */
	const struct view *records; /* as in struct policy_set, sorted */
	size_t n_records;
};

enum {
	POLICY_PROBE_NEAR_S = 6 * 60 * 60, /* a session's verdict is settled by
	                                      a probe so near in time; and we
	                                      probe no address more often */
	POLICY_PROBE_MAX = 8192            /* octets of a content */
};

/*
 * Appends the content. The same probe always gives the same bytes. Returns 0 or
 * ERR_TOO_LONG (POLICY_PROBE_MAX, or the buffer's bound).
 */
int policy_probe_write(const struct policy_probe *p, struct strbuf *out);

/*
 * Reads a content; views borrow it or the arena. Words and members that are
 * not known mean nothing. Returns 0; ERR_PARSE: none of ours, for it has not
 * even a time and an address.
 */
int policy_probe_read(
    struct view content, struct arena *a, struct policy_probe *out);

#endif
