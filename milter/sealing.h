/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_SEALING_H
#define MILTER_SEALING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When a day is sealed (doc/design.md, "Seal"): pure rules over what is known
 * of the feeds and the clocks.
 */
enum {
	SEALING_AFTER_S = 600,          /* past midnight UTC */
	SEALING_LATEST_S = 6 * 60 * 60, /* then it is sealed in any case */
	SEALING_STEP_S = 300,           /* a clock that moves so far was set */
	SEALING_AWAIT_S =
	    120, /* at most, for policies and probes that are asked for */
	SEALING_HOLD_S = 600, /* after which nothing is sealed for so long */
};

/* How far a feed is. */
struct sealing_feed {
	int64_t read_t; /* time of the last line that was read; 0: none */
	bool is_at_end; /* nothing more is there to be read */
};

enum sealing_verdict {
	SEALING_WAIT,
	SEALING_NOW,
	SEALING_FORCED, /* a feed has not read that far: some may come late */
};

/* What is to be done with a day (its first second) at time now. */
enum sealing_verdict sealing_judge(
    int64_t day, int64_t now, const struct sealing_feed *feeds, unsigned n);

/*
 * May days still wait for policies that are being asked for? since: when the
 * first of them began to; 0: it is the first.
 */
bool sealing_may_await(int64_t since, int64_t now);

/* Has this feed read all of a day? */
bool sealing_feed_is_done(const struct sealing_feed *feed, int64_t day);

/*
 * Guards against a clock that is set: a seal cannot be taken back. uptime
 * counts seconds since the system started, sleep included.
 */
struct sealing_clock {
	int64_t now; /* at the last look; 0: there was none */
	int64_t uptime;
	int64_t hold;  /* until this uptime nothing is sealed */
	int64_t set;   /* the time that it was last set to; 0: never */
	int64_t begun; /* uptime at the first look */
};

/*
 * Looks at the clocks, often. Returns by how many seconds the clock was set
 * since the last look, if that is more than SEALING_STEP_S; else 0.
 */
int64_t sealing_clock_look(
    struct sealing_clock *c, int64_t now, int64_t uptime);

/* May anything be sealed now? */
bool sealing_clock_is_steady(const struct sealing_clock *c);

/*
 * May a day be sealed before all of it was read? Not right after the start: a
 * log that cannot be read yet gets its chance, for SEALING_HOLD_S.
 */
bool sealing_clock_may_force(const struct sealing_clock *c);

#endif
