/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_TABLE_H
#define COMMON_EXIM_TABLE_H

#include <stdint.h>
#include <sys/queue.h>

/*
 * A table of what is open in a log: messages, connections. An entry lives from
 * the first line that touches its key until its deadline, which the latest
 * line alone sets, or until the table is full and it is the one not touched
 * for the longest time. So whether an entry is there depends on the lines of
 * late and not on what is known of it: a second reading that begins at any
 * line that an entry needs ends with the same entries (mta.h).
 */
struct exim_key {
	uint64_t word[2];
};

/* The head of an entry; to be embedded as its first member. */
struct exim_slot {
	TAILQ_ENTRY(exim_slot) link; /* touched the longest ago first */
	struct exim_slot *next;      /* in its bucket */
	struct exim_key key;
	unsigned place; /* in the heap */
	int64_t deadline;
	int64_t last; /* time of its latest line */
	uint64_t pos; /* the first line that it needs */
};

TAILQ_HEAD(exim_slots, exim_slot);

struct exim_table {
	struct exim_slots slots;
	struct exim_slot **bucket;
	struct exim_slot **heap; /* by deadline */
	unsigned n;
	unsigned size; /* how many there is room for now */
	unsigned cap;  /* ... and at most */
};

void exim_table_init(struct exim_table *t, unsigned cap);
void exim_table_release(struct exim_table *t); /* must be empty */

/* NULL: there is none. */
struct exim_slot *exim_table_find(
    const struct exim_table *t, const struct exim_key *key);

/* Puts a new entry in, which the line at pos touches. */
void exim_table_add(struct exim_table *t, struct exim_slot *slot,
    const struct exim_key *key, uint64_t pos);

/* A line at time now touches it; it is over limit_s later. */
void exim_table_touch(
    struct exim_table *t, struct exim_slot *slot, int64_t now, int64_t limit_s);

/* Takes it out; the caller frees it. */
void exim_table_remove(struct exim_table *t, struct exim_slot *slot);

/* The one with the earliest deadline; NULL: the table is empty. */
struct exim_slot *exim_table_first(const struct exim_table *t);

/* The one to give up if the table is too full, else NULL. */
struct exim_slot *exim_table_surplus(const struct exim_table *t);

/* The first line that any entry needs, or UINT64_MAX. */
uint64_t exim_table_oldest(const struct exim_table *t);

#endif
