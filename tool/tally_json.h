/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_TALLY_JSON_H
#define TOOL_TALLY_JSON_H

#include <stdio.h>

#include "common/json_out.h"
#include "common/policy.h"
#include "common/tally.h"
#include "common/view.h"

/*
 * Writes a day as JSON lines: its facts, in the order of the file, then its
 * policies and probes; of one domain, unless domain is empty. What of a line cannot be
 * written is left to the stream's error. Reads the tally to its end.
 */
void tally_json_day(struct tally *tally, struct view domain, FILE *stream);

/* The members of one fact, of one policy or probe; day is the date. */
void tally_json_fact(
    struct json_out *j, const char *day, const struct tally_fact *f);
void tally_json_policy(
    struct json_out *j, const char *day, const struct policy *policy);

/* A policy's hash in hexadecimal digits; "" for all zero. */
void tally_json_hash(
    struct json_out *j, const char *name, const uint8_t hash[FACT_POLICY_HASH]);

#endif
