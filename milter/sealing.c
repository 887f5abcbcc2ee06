/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sealing.c - when a day is sealed
 *
 * What comes after the seal is in no report, so a seal waits for the slowest
 * feed; but not for ever, since a log that nobody writes any more would keep
 * all the others' reports back.
 */

#include "config.h"

#include "common/when.h"
#include "milter/sealing.h"

bool sealing_feed_is_done(const struct sealing_feed *feed, int64_t day)
{
	return feed->is_at_end ||
	    feed->read_t >= day + WHEN_DAY_S + SEALING_AFTER_S;
}

enum sealing_verdict sealing_judge(
    int64_t day, int64_t now, const struct sealing_feed *feeds, unsigned n)
{
	int64_t past = now - (day + WHEN_DAY_S);
	bool all_done = true;

	if (past < SEALING_AFTER_S) {
		return SEALING_WAIT;
	}
	for (unsigned i = 0; i < n; i++) {
		all_done = all_done && sealing_feed_is_done(&feeds[i], day);
	}
	if (all_done) {
		return SEALING_NOW;
	}
	return past >= SEALING_LATEST_S ? SEALING_FORCED : SEALING_WAIT;
}

bool sealing_may_await(int64_t since, int64_t now)
{
	return since == 0 || (now >= since && now - since < SEALING_AWAIT_S);
}

int64_t sealing_clock_look(struct sealing_clock *c, int64_t now, int64_t uptime)
{
	int64_t step = 0;

	if (c->now == 0) {
		c->begun = uptime;
	} else {
		step = (now - c->now) - (uptime - c->uptime);
	}
	c->now = now;
	c->uptime = uptime;
	if (step >= -SEALING_STEP_S && step <= SEALING_STEP_S) {
		return 0;
	}
	c->hold = uptime + SEALING_HOLD_S;
	c->set = now;
	return step;
}

bool sealing_clock_may_force(const struct sealing_clock *c)
{
	return c->uptime - c->begun >= SEALING_HOLD_S;
}

bool sealing_clock_is_steady(const struct sealing_clock *c)
{
	return c->uptime >= c->hold;
}
