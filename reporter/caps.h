/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_CAPS_H
#define REPORTER_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/domain.h"
#include "common/hash.h"
#include "common/record.h"

/*
 * How many reports one run brings to one host: the destination is chosen by
 * whoever owns a domain that we sent mail to, and may be somebody else's host
 * (R191). What is over the cap waits for the next run.
 */
enum {
	/* A service that takes the reports of a thousand domains gets all of
	   them in one run, and with a run every 15 minutes nearly 100,000 a
	   day; nobody is made to take more. */
	CAPS_PER_HOST = 1000,
	/* Hosts share a counter when their hashes meet: they are then put off
	   earlier, never later. */
	CAPS_COUNTERS = 1 << 16
};

struct caps {
	struct hash_key key; /* random, so that none can aim at another */
	uint16_t counts[CAPS_COUNTERS];
};

/* The host of a destination: of the URI, or the domain of the address, in
   lower case and cut to DOMAIN_BUF. Returns out. */
const char *caps_host(const struct record_rua *to, char out[DOMAIN_BUF]);

/* One more to this destination; false: its host has got enough. */
bool caps_take(struct caps *c, const struct record_rua *to);

#endif
