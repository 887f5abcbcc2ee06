/* SPDX-License-Identifier: BSD-2-Clause */
/* postfix_timer.c - a heap of deadlines */

#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/postfix_timer.h"

void postfix_timers_release(struct postfix_timers *timers)
{
	free(timers->heap);
	*timers = (struct postfix_timers){ 0 };
}

/* A total order: it does not depend on the heap. */
static bool is_before(
    const struct postfix_timer *a, const struct postfix_timer *b)
{
	if (a->deadline != b->deadline) {
		return a->deadline < b->deadline;
	}
	return a->kind != b->kind ? a->kind < b->kind : a->id < b->id;
}

/* Places count from 1: the children of i are 2i and 2i + 1. */
static void put(
    struct postfix_timers *timers, unsigned place, struct postfix_timer *timer)
{
	timers->heap[place - 1] = timer;
	timer->place = place;
}

/* Moves a timer from an empty place to where its deadline belongs. */
static void settle(
    struct postfix_timers *timers, unsigned place, struct postfix_timer *timer)
{
	struct postfix_timer **heap = timers->heap;
	unsigned child;

	while (place > 1 && is_before(timer, heap[place / 2 - 1])) {
		put(timers, place, heap[place / 2 - 1]);
		place /= 2;
	}
	while ((child = 2 * place) <= timers->n) {
		if (child < timers->n &&
		    is_before(heap[child], heap[child - 1])) {
			child++;
		}
		if (!is_before(heap[child - 1], timer)) {
			break;
		}
		put(timers, place, heap[child - 1]);
		place = child;
	}
	put(timers, place, timer);
}

void postfix_timer_set(struct postfix_timers *timers,
    struct postfix_timer *timer, int64_t deadline)
{
	timer->deadline = deadline;
	if (timer->place > 0) {
		settle(timers, timer->place, timer);
		return;
	}
	if (timers->n == timers->cap) {
		timers->cap = timers->cap == 0 ? 64 : timers->cap * 2;
		timers->heap =
		    xrealloc_array(timers->heap, timers->cap, sizeof(void *));
	}
	timers->n++;
	settle(timers, timers->n, timer);
}

void postfix_timer_stop(
    struct postfix_timers *timers, struct postfix_timer *timer)
{
	struct postfix_timer *last;

	if (timer->place == 0) {
		return;
	}
	assert(timers->heap[timer->place - 1] == timer);
	last = timers->heap[--timers->n];
	if (last != timer) {
		settle(timers, timer->place, last);
	}
	timer->place = 0;
}

bool postfix_timer_runs(const struct postfix_timer *timer)
{
	return timer->place > 0;
}

struct postfix_timer *postfix_timers_due(
    const struct postfix_timers *timers, int64_t t)
{
	return timers->n > 0 && timers->heap[0]->deadline < t ?
	    timers->heap[0] :
	    NULL;
}
