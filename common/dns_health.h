/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DNS_HEALTH_H
#define COMMON_DNS_HEALTH_H

#include "common/dns.h"

/*
 * Can what DNSSEC says be believed here? Asked by a question whose answer must
 * be secure: one of the zone that the trust anchor is for. While it cannot, no
 * answer is forged and none is secure: both would be our own fault.
 */
enum dns_health {
	DNS_HEALTH_UNKNOWN, /* not asked yet */
	DNS_HEALTH_VALIDATING,
	DNS_HEALTH_STRIPPED,     /* the resolver drops signatures */
	DNS_HEALTH_NO_ANCHOR,    /* nothing to validate with */
	DNS_HEALTH_WRONG_ANCHOR, /* the zone has other keys */
	DNS_HEALTH_WRONG_CLOCK,  /* by our clock no signature is valid */
	DNS_HEALTH_UNREACHABLE,  /* no answer at all */
	DNS_HEALTH_COUNT
};

/* answer: that of the anchor's zone; unused where there is no anchor. */
enum dns_health dns_health_of(bool has_anchor, const struct dns_answer *answer);

/* "validating", "stripped", ...; "unknown" for any other value too. */
const char *dns_health_word(enum dns_health h);

/* The health of a word; UNKNOWN for any that is none. */
enum dns_health dns_health_find(const char *word);

/* What it means and what an operator may do, in one sentence. */
const char *dns_health_text(enum dns_health h);

#endif
