/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_BOUNCE_LOG_H
#define COMMON_BOUNCE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bounce_line.h"
#include "common/envelope.h"

/*
 * Which of our reports failed for good, as an MTA's log tells: remembers the
 * tokens of those that are on their way, by their queue ids, for as many days
 * as the MTA keeps trying. Of fixed size: where it is full, the oldest of a few
 * is forgotten. What is forgotten is still told by the MTA's own bounce (telltls
 * bounce).
 */
struct bounce_log;

enum {
	BOUNCE_LOG_SETS = 8192, /* by hash of the queue id ... */
	BOUNCE_LOG_WAYS = 8     /* ... so many each */
};

struct bounce_log *bounce_log_new(void);
void bounce_log_free(struct bounce_log *b); /* NULL is allowed */

/* Whose reports they are: see struct mta_options. */
struct bounce_own {
	const char *const *senders;
	char delimiter;
};

/*
 * Takes what a line says, of a log of this host. Returns true, and the token,
 * in lower case, where it says that a report of ours failed; the same report
 * may be told of several times.
 */
bool bounce_log_line(struct bounce_log *b, const struct bounce_own *own,
    struct view host, const struct bounce_line *line,
    char token[ENVELOPE_TOKEN + 1]);

/* Has it changed since it was new, loaded or saved? */
bool bounce_log_is_dirty(const struct bounce_log *b);

/*
 * Writes it to STATE/outbox/underway, in the place of what is there. Returns 0
 * or -errno.
 */
int bounce_log_save(struct bounce_log *b, const char *state);

/*
 * Adds what was saved; lines that are none are passed over. Returns 0, also
 * where nothing was saved, or -errno.
 */
int bounce_log_load(struct bounce_log *b, const char *state);

#endif
