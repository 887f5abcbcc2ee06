/* SPDX-License-Identifier: BSD-2-Clause */
/* day_queue.c - facts on their way to their slots */

#include "config.h"

#include <assert.h>

#include "common/day_queue.h"

_Static_assert(DAY_QUEUE > DAY_FACTS_STEPS * DAY_QUEUE_STEP, "too short");
_Static_assert((DAY_QUEUE & (DAY_QUEUE - 1)) == 0, "no power of two");

void day_queue_push(struct day_queue *q, const struct day_facts *facts,
    const struct fact *fact, struct view feed, uint32_t second)
{
	struct day_waiting *w = &q->ring[q->in % DAY_QUEUE];

	assert(day_queue_length(q) < DAY_QUEUE);
	w->key.fact = *fact;
	w->key.fact.feed = feed;
	tally_layout_key(&w->key);
	w->tag = day_facts_tag(facts, &w->key);
	w->second = second;
	q->in++;
}

void day_queue_step(const struct day_queue *q, const struct day_facts *facts,
    const struct day_file *f)
{
	for (unsigned step = 0; step < DAY_FACTS_STEPS; step++) {
		unsigned age = step * DAY_QUEUE_STEP + 1;

		if (age <= day_queue_length(q)) {
			day_facts_prefetch(facts, f,
			    q->ring[(q->in - age) % DAY_QUEUE].tag, step);
		}
	}
}

bool day_queue_is_due(const struct day_queue *q)
{
	return day_queue_length(q) > DAY_FACTS_STEPS * DAY_QUEUE_STEP;
}

const struct day_waiting *day_queue_pop(struct day_queue *q)
{
	if (q->in == q->out) {
		return NULL;
	}
	return &q->ring[q->out++ % DAY_QUEUE];
}
