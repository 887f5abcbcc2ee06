/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POLICY_H
#define COMMON_POLICY_H

#include <stdint.h>

#include "common/fact.h"
#include "common/view.h"

/* Who told us. Stands in tally files. */
enum policy_source {
	POLICY_OWN,
	POLICY_MTA,
	POLICY_PROBE, /* no policy: what our own probe saw (policy_probe.h) */
	POLICY_SOURCES
};

/*
 * What a recipient published, as it was found (the judge's second argument).
 * content is JSON: TLSA records, MTA-STS text, errors; its members are fixed
 * where policies are looked up. Views are borrowed.
 */
struct policy {
	uint8_t hash[FACT_POLICY_HASH]; /* of domain, mx and content */
	struct view domain;             /* policy domain, normalised */
	struct view mx;                 /* MX host, "" for all of the domain */
	int64_t since;                  /* when it was learned */
	enum policy_source source;
	struct view content; /* JSON text, at most POLICY_CONTENT_MAX */
};

enum {
	POLICY_CONTENT_MAX = 128 * 1024
};

#endif
