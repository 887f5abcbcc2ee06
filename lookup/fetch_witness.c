/* SPDX-License-Identifier: BSD-2-Clause */
/* fetch_witness.c - is a failure the host's, or ours? */

#include "config.h"

#include "lookup/fetch_witness.h"

void fetch_witness_good(struct fetch_witness *w, int64_t now)
{
	w->good_at = now;
	w->n_failed = 0;
}

bool fetch_witness_blames(struct fetch_witness *w, uint64_t host, int64_t now)
{
	bool is_known = false;

	for (unsigned i = 0; i < w->n_failed; i++) {
		is_known = is_known || w->failed[i] == host;
	}
	if (!is_known) {
		if (w->n_failed == FETCH_WITNESS_HOSTS) {
			return false;
		}
		w->failed[w->n_failed++] = host;
	}
	return w->good_at > 0 && now - w->good_at <= FETCH_WITNESS_S &&
	    w->n_failed < FETCH_WITNESS_HOSTS;
}
