/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DAY_POLICIES_H
#define COMMON_DAY_POLICIES_H

#include <stdbool.h>

#include "common/day_file.h"
#include "common/day_index.h"
#include "common/policy.h"

/* The policies of one day's file, each content once. */
struct day_policies {
	bool is_read;           /* the file's policies are in the index */
	struct day_index index; /* of file offsets / 8 */
};

/* All zero; the file is read when the first policy comes. */
void day_policies_init(struct day_policies *policies);
void day_policies_release(struct day_policies *policies);

/*
 * Appends a policy, unless it is there; readers see it at once. Its hash is
 * computed. Returns 0, ERR_TOO_LONG, ERR_FULL (too many, the file is as it
 * was), or an error of day_file_grow().
 */
int day_policies_add(
    struct day_policies *policies, struct day_file *f, struct policy *policy);

#endif
