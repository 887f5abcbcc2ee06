/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SEND_ATTEMPT_H
#define SEND_ATTEMPT_H

#include <stdint.h>

#include "common/view.h"

enum {
	ATTEMPT_ANSWER = 256
};

/* What became of one try to bring a report to one destination. */
enum attempt_end {
	ATTEMPT_ACCEPTED, /* the other side has it */
	ATTEMPT_RETRY,    /* not now: try again later */
	ATTEMPT_REFUSED,  /* never: this destination does not want it */
	ATTEMPT_OURS,     /* our own fault (our MTA refuses us, no memory, no
	                     network): no try of the destination's */
	ATTEMPT_THIS,     /* likewise, but of this report alone: our MTA does
	                     not take it, which says nothing of others */
	ATTEMPT_PUT_OFF   /* not tried, for its host asked for rest when it got
	                     another: as if this run had not come to it */
};

struct attempt {
	enum attempt_end end;
	int64_t retry_after_s;       /* what it asked for; 0: nothing */
	char answer[ATTEMPT_ANSWER]; /* "http 429", "550 5.1.1 ...", for
	                                people: printable ASCII, cut */
};

/*
 * Sets all of it; retry_after_s to 0. Other octets than printable ASCII become
 * "?", line ends and blanks at the end go.
 */
void attempt_set(struct attempt *a, enum attempt_end end, struct view text);

#endif
