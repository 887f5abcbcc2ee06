/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_POSTFIX_TIMER_H
#define COMMON_POSTFIX_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the parser remembers ends by the time in the log. Each thing ends at
 * the first line that is later than its deadline, whatever else is remembered:
 * so a second reading that knows less ends it at the same line (mta.h).
 */
enum postfix_timer_kind {
	POSTFIX_TIMER_PROCESS,
	POSTFIX_TIMER_SERVED,
	POSTFIX_TIMER_PROXIED,
	POSTFIX_TIMER_MARK,
	POSTFIX_TIMER_EVIDENCE,
	POSTFIX_TIMER_CONNECTION,
};

/* Embedded in what ends. All zero: not running. */
struct postfix_timer {
	int64_t deadline; /* it ends when a line is later */
	uint64_t id;      /* among those of its kind */
	enum postfix_timer_kind kind;
	unsigned place; /* in the heap, from 1; 0: not running */
};

/* The running timers, the next to end first. All zero: empty. */
struct postfix_timers {
	struct postfix_timer **heap; /* owned */
	unsigned n;
	unsigned cap;
};

void postfix_timers_release(struct postfix_timers *timers);

/* Starts it, or moves its deadline. */
void postfix_timer_set(struct postfix_timers *timers,
    struct postfix_timer *timer, int64_t deadline);

/* Stops it if it runs. */
void postfix_timer_stop(
    struct postfix_timers *timers, struct postfix_timer *timer);

bool postfix_timer_runs(const struct postfix_timer *timer);

/* The next that a line of time t ends, still running; NULL: none. */
struct postfix_timer *postfix_timers_due(
    const struct postfix_timers *timers, int64_t t);

#endif
