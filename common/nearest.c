/* SPDX-License-Identifier: BSD-2-Clause */
/* nearest.c - how near a mistyped word is to a known one */

#include "config.h"

#include "common/nearest.h"

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Row i of the table of distances from its two predecessors. */
static void fill_row(
    struct view a, struct view b, size_t i, unsigned row[][NEAREST_MAX + 1])
{
	unsigned *now = row[i % 3];
	const unsigned *last = row[(i + 2) % 3];
	const unsigned *before = row[(i + 1) % 3];

	now[0] = (unsigned)i;
	for (size_t j = 1; j <= b.len; j++) {
		unsigned cost = a.s[i - 1] == b.s[j - 1] ? 0 : 1;

		now[j] =
		    min(min(last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
		if (i > 1 && j > 1 && a.s[i - 1] == b.s[j - 2] &&
		    a.s[i - 2] == b.s[j - 1]) {
			now[j] = min(now[j], before[j - 2] + 1);
		}
	}
}

unsigned nearest_distance(struct view a, struct view b)
{
	unsigned row[3][NEAREST_MAX + 1];

	if (a.len > NEAREST_MAX || b.len > NEAREST_MAX) {
		return NEAREST_MAX;
	}
	for (size_t j = 0; j <= b.len; j++) {
		row[0][j] = (unsigned)j;
	}
	for (size_t i = 1; i <= a.len; i++) {
		fill_row(a, b, i, row);
	}
	return row[a.len % 3][b.len];
}

bool nearest_is_near(unsigned distance, struct view word)
{
	return distance <= (word.len < 6 ? 1 : word.len / 3);
}
