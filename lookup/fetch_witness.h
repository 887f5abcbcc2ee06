/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_FETCH_WITNESS_H
#define LOOKUP_FETCH_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "Is it us?" A failure is held against a host only if the same thing worked
 * with another host not long ago, and has not failed with too many of them
 * since: else our firewall, our roots or our clock may be what is wrong.
 */

enum {
	FETCH_WITNESS_S = 24 * 60 * 60, /* how long a success speaks for us */
	FETCH_WITNESS_HOSTS = 5 /* of so many in a row, all are doubted */
};

struct fetch_witness {
	int64_t good_at;                      /* the last success; 0: none */
	uint64_t failed[FETCH_WITNESS_HOSTS]; /* hosts that failed since */
	unsigned n_failed;
};

/* It worked. */
void fetch_witness_good(struct fetch_witness *w, int64_t now);

/* It failed with this host. Is that the host's own failure? */
bool fetch_witness_blames(struct fetch_witness *w, uint64_t host, int64_t now);

#endif
