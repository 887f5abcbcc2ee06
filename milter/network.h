/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_NETWORK_H
#define MILTER_NETWORK_H

#include "common/conf.h"

/*
 * The network child: does all of the daemon's DNS and HTTPS and keeps what it
 * fetched. It reads questions from its channel and writes answers
 * (network_message.h); it never sees a tally.
 */
struct network_options {
	const struct conf *conf; /* borrowed */
	const char *state;       /* policies are kept below it */
	int channel;
};

/* Until the channel is closed. Returns an exit code. */
int network_run(const struct network_options *o);

#endif
