/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_DAY_NAMES_H
#define COMMON_DAY_NAMES_H

#include <stdint.h>

#include "common/day_file.h"
#include "common/day_index.h"
#include "common/hash.h"
#include "common/view.h"

/*
 * The names of one day's file, each of them stored once, and how many facts
 * each domain has.
 */
struct day_name {
	uint32_t ref;   /* where it stands in the file */
	uint32_t facts; /* facts whose domain it is */
};

struct day_names {
	struct hash_key key;    /* random: strangers choose names */
	struct day_index index; /* of numbers in name[] */
	struct day_name *name;  /* owned */
	uint32_t n;             /* of them */
	uint32_t cap;           /* allocated */
};

void day_names_init(struct day_names *names, const struct hash_key *key);
void day_names_release(struct day_names *names);

/*
 * The entry of a text (not empty); NULL: there is none. It is valid until the
 * next call that adds one.
 */
struct day_name *day_names_find(
    const struct day_names *names, const struct day_file *f, struct view text);

/* The same for a name that stands in the file: is made if there is none. */
struct day_name *day_names_know(struct day_names *names,
    const struct day_file *f, uint32_t ref, struct view text);

/*
 * Gives a text its reference; 0 for the empty text. What is new is appended
 * to the file. Returns 0 or an error of day_file_grow().
 */
int day_names_add(struct day_names *names, struct day_file *f, struct view text,
    uint32_t *ref);

#endif
