/* SPDX-License-Identifier: BSD-2-Clause */
/* noted_kit.h - what the tests of common/noted.c share */
#ifndef TESTS_UNIT_NOTED_KIT_H
#define TESTS_UNIT_NOTED_KIT_H

#include "common/err.h"
#include "common/noted.h"
#include "common/noted_file.h"
#include "common/when.h"
#include "tests/unit/unit.h"

enum {
	DAY = 86400
};

#define T0 when_utc(2026, 11, 22, 12, 0, 0)

static char dir[64];

static inline int setup(void **state)
{
	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	unit_tmpdir_remove(dir);
	return 0;
}

static inline struct noted *open_notes(bool is_writer)
{
	struct noted *n = NULL;

	UNIT_INT("open", noted_open(dir, is_writer, &n), 0);
	assert_non_null(n);
	return n;
}

/* A queue id for each number. */
static inline struct view qid_of(unsigned i, char buf[32])
{
	(void)snprintf(buf, 32, "6AMBWY%08u", i);
	return view_of(buf);
}

static inline void add(struct noted *n, unsigned i, unsigned kinds, int64_t t)
{
	char buf[32];

	noted_add(n, qid_of(i, buf), kinds, t);
}

static inline unsigned find(const struct noted *n, unsigned i, int64_t t)
{
	char buf[32];

	return noted_find(n, qid_of(i, buf), t);
}

#endif
