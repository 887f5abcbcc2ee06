/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_STEP_H
#define REPORTER_STEP_H

#include <stddef.h>

/*
 * The steps of a run that a kill may fall between, by name: a test is told of
 * each, and dies there. telltls-report itself tells nobody.
 */
struct step {
	void (*fn)(void *ctx, const char *name);
	void *ctx;
};

/* The run has come to this step. s NULL: nobody wants to know. */
static inline void step_at(const struct step *s, const char *name)
{
	if (s != NULL) {
		s->fn(s->ctx, name);
	}
}

#endif
