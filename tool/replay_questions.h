/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_REPLAY_QUESTIONS_H
#define TOOL_REPLAY_QUESTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/tally.h"
#include "common/view.h"

/*
 * What is to be asked of the recipients of days that are not sealed: each
 * domain and MX host of facts that name no policy, unless their day has a
 * policy of our own already that judges them (DESIGN: field "policy").
 */

enum replay_question_state {
	REPLAY_QUESTION_OPEN,  /* no answer yet */
	REPLAY_QUESTION_QUIET, /* the domain asks for no reports */
	REPLAY_QUESTION_KNOWN, /* its policy is in its day */
	REPLAY_QUESTION_FAILED /* not found out, or its day has no room */
};

struct replay_question {
	struct view domain; /* normalised; borrows the tally, as mx does */
	struct view mx;     /* normalised; "" for the domain */
	int64_t first;      /* the latest first session of its facts */
	uint32_t day;       /* its place in days */
	uint32_t state;     /* enum replay_question_state */
};

/* Of some days. */
struct replay_questions {
	struct replay_question *v; /* by domain, MX host, day; each once */
	size_t n;
	size_t cap;
	struct tally **tallies; /* of the days, open; NULL: left out */
	const int64_t *days;    /* borrowed */
	unsigned n_days;        /* that were read */
};

enum {
	/* no further day is read when there are so many: 96 MB, and what the
	   last day has */
	REPLAY_QUESTIONS_MAX = 2000000
};

/*
 * Reads the first days of a list, as many as have room, at least one of n > 0.
 * Sealed ones are left out, and those that the feed did not count in; feed
 * NULL: any. A day that cannot be read is said in the log and left out.
 */
void replay_questions_load(struct replay_questions *q, const char *state,
    const int64_t *days, unsigned n, const char *feed);
void replay_questions_release(struct replay_questions *q);

/* The first question of a domain and an MX host; q->n when there is none. */
size_t replay_questions_find(
    const struct replay_questions *q, struct view domain, struct view mx);

/* Where those of the same domain and MX host end (begin < q->n). */
size_t replay_questions_end(const struct replay_questions *q, size_t begin);

#endif
