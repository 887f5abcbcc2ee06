/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_PROBES_H
#define COMMON_PROBES_H

#include <stddef.h>

#include "common/policy_probe.h"
#include "common/tally.h"

/*
 * What our probes saw on one day, and which of that speaks for a fact's
 * sessions. The order in which they are added does not matter.
 */
struct probes;

struct probes *probes_new(void);
void probes_free(struct probes *p); /* NULL is allowed */

/* Adds one of source POLICY_PROBE, which is borrowed. Returns 0 or ERR_PARSE. */
int probes_add(struct probes *p, const struct policy *policy);

/* After the last one was added. */
void probes_sort(struct probes *p);

/*
 * The probe of the fact's MX host and address that was made within
 * POLICY_PROBE_NEAR_S of its sessions. A fact stands for many: each of them
 * must have one so near, whenever it was between the first and the last, and
 * all of these probes must have seen the same; else NULL. It is good as long as
 * the probes and the tally are.
 */
const struct policy_probe *probes_find(
    const struct probes *p, const struct tally_fact *fact);

#endif
