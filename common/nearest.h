/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

#include "common/view.h"

/*
 * "Did you mean ...?": the word of a list that a mistyped one is nearest to.
 */

enum {
	NEAREST_MAX = 64
}; /* octets of a word that is looked at */

/*
 * How many single-byte insertions, deletions, replacements and swaps of
 * neighbours make one text the other (each place is touched once). A text
 * over NEAREST_MAX is far from everything.
 */
unsigned nearest_distance(struct view a, struct view b);

/*
 * Is that distance small enough that the one may have been meant for the
 * other? One in three bytes may be wrong, one at least.
 */
bool nearest_is_near(unsigned distance, struct view word);

#endif
