/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_STS_POLICY_H
#define COMMON_STS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mem.h"
#include "common/view.h"

/* The MTA-STS policy that a policy host serves (RFC 8461 3.2, R220-R230). */
enum {
	STS_POLICY_MAX = 65536,       /* octets of a text (R215) */
	STS_POLICY_LINES = 1024,      /* that are given (R90) */
	STS_POLICY_MAX_AGE = 31557600 /* seconds, a year (R223) */
};

enum sts_mode {
	STS_MODE_NONE, /* as if there were no policy (R234) */
	STS_MODE_TESTING,
	STS_MODE_ENFORCE
};

struct sts_policy {
	enum sts_mode mode;
	uint32_t max_age;      /* seconds, at most STS_POLICY_MAX_AGE; 0: not
	                          to be cached (R226) */
	const struct view *mx; /* patterns, each normalised (domain.h), with
	                          "*." before it or not; in the arena */
	size_t n_mx;           /* 1 or more, unless the mode is none */
};

/* "none", "testing", "enforce"; NULL: no such value. */
const char *sts_mode_word(enum sts_mode m);

/*
 * Reads a policy by its grammar. More lenient than it in two things: empty
 * lines may end the text, and a name in mx may end in a dot. Returns 0;
 * ERR_PARSE: it is no policy (R225), *out is empty.
 */
int sts_policy_parse(struct view text, struct arena *a, struct sts_policy *out);

/* Is the MX host (normalised) one of the policy's (R230)? */
bool sts_policy_allows(const struct sts_policy *p, struct view mx);

/*
 * The text's lines as they were declared, errors included, without their ends
 * (R89): at most STS_POLICY_LINES, of the first STS_POLICY_MAX octets, and what
 * may not stand in JSON replaced (utf8_clean()). Any octets. Returns their
 * number; the views borrow the text or the arena.
 */
size_t sts_policy_lines(
    struct view text, struct arena *a, const struct view **lines);

#endif
