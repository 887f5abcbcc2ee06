/* SPDX-License-Identifier: BSD-2-Clause */
/* test_postfix_timer.c - tests common/postfix_timer.c */

#include "config.h"

#include "common/postfix_timer.h"
#include "tests/unit/unit.h"

enum {
	TIMERS = 200,
	STEPS = 20000
};

static unsigned draw(uint32_t *random, unsigned n)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random % n;
}

/* The first to end of a table, by a look at all of it. */
static struct postfix_timer *first_of(struct postfix_timer *timer, int64_t t)
{
	struct postfix_timer *first = NULL;

	for (unsigned i = 0; i < TIMERS; i++) {
		struct postfix_timer *x = &timer[i];

		if (!postfix_timer_runs(x) || x->deadline >= t) {
			continue;
		}
		if (first == NULL || x->deadline < first->deadline ||
		    (x->deadline == first->deadline &&
			(x->kind < first->kind ||
			    (x->kind == first->kind && x->id < first->id)))) {
			first = x;
		}
	}
	return first;
}

static void test_many(void **state)
{
	static struct postfix_timer timer[TIMERS];
	struct postfix_timers timers = { 0 };
	uint32_t random = 2463534242;
	unsigned n_due = 0;

	(void)state;
	for (unsigned i = 0; i < TIMERS; i++) {
		timer[i].kind = (enum postfix_timer_kind)(i % 5);
		timer[i].id = i;
	}
	for (unsigned step = 0; step < STEPS; step++) {
		struct postfix_timer *x = &timer[draw(&random, TIMERS)];
		int64_t t = draw(&random, 100);
		struct postfix_timer *due;

		if (draw(&random, 4) == 0) {
			postfix_timer_stop(&timers, x);
			UNIT_TRUE("stopped", !postfix_timer_runs(x));
		} else {
			postfix_timer_set(&timers, x, draw(&random, 100));
			UNIT_TRUE("runs", postfix_timer_runs(x));
		}
		due = postfix_timers_due(&timers, t);
		UNIT_TRUE("due", due == first_of(timer, t));
		if (due != NULL && draw(&random, 8) == 0) {
			postfix_timer_stop(&timers, due);
			n_due++;
		}
	}
	UNIT_TRUE("some were due", n_due > 100);
	postfix_timers_release(&timers);
}

static void test_deadline(void **state)
{
	struct postfix_timers timers = { 0 };
	struct postfix_timer a = { .kind = POSTFIX_TIMER_MARK };

	(void)state;
	UNIT_TRUE("none", postfix_timers_due(&timers, INT64_MAX) == NULL);
	postfix_timer_set(&timers, &a, 10);
	UNIT_TRUE("at its time", postfix_timers_due(&timers, 10) == NULL);
	UNIT_TRUE("later", postfix_timers_due(&timers, 11) == &a);
	postfix_timer_set(&timers, &a, 20);
	UNIT_TRUE("moved", postfix_timers_due(&timers, 11) == NULL);
	postfix_timer_stop(&timers, &a);
	postfix_timer_stop(&timers, &a);
	UNIT_TRUE("stopped", postfix_timers_due(&timers, 30) == NULL);
	postfix_timers_release(&timers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_deadline),
	};

	return UNIT_RUN(tests);
}
