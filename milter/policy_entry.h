/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_POLICY_ENTRY_H
#define MILTER_POLICY_ENTRY_H

#include <sys/queue.h>

#include "common/fact.h"
#include "common/hash.h"
#include "milter/open_days.h"
#include "milter/policy_table.h"

/*
 * What policy_table.c and policy_entry.c share: the entries and their lists;
 * nobody else includes this.
 */

/* The lists; what needs room takes it from the first of them. */
enum policy_place {
	POLICY_USED,   /* nothing is to be done; the latest use at the end */
	POLICY_LATER,  /* sessions wait for it, and it could not be found out */
	POLICY_ASKED,  /* under way, by the time of the question */
	POLICY_WANTED, /* still to be asked for, oldest wish first */
	POLICY_PLACES
};

enum policy_asks {
	POLICY_ASKS_UNKNOWN,
	POLICY_ASKS_NOT,
	POLICY_ASKS /* for reports */
};

struct policy_entry {
	TAILQ_ENTRY(policy_entry) link; /* in the list of its place */
	enum policy_place place;
	struct policy_entry *next; /* in its bucket */
	uint64_t hash;
	char *key; /* owned: domain, NUL, MX, NUL */
	size_t domain_len;
	size_t mx_len;
	enum policy_asks asks;
	char *content; /* owned; NULL: not known */
	size_t content_len;
	uint8_t policy[FACT_POLICY_HASH]; /* once it is in a day */
	bool has_hash;
	bool has_demands;         /* with content: it asks for a certificate */
	int64_t since;            /* when it was found */
	int64_t again;            /* when to ask again */
	int64_t good_until;       /* what again was when the content came */
	int64_t asked;            /* with POLICY_ASKED: when */
	int64_t holds[OPEN_DAYS]; /* the days that have this policy */
	int64_t lacks[OPEN_DAYS]; /* those with sessions that wait for it */
};

TAILQ_HEAD(policy_entries, policy_entry);

struct policy_table {
	struct hash_key key;
	struct policy_entry **bucket;
	size_t n_buckets;
	struct policy_entries list[POLICY_PLACES];
	int64_t swept; /* when POLICY_LATER was last looked at */
	size_t max;
	size_t max_bytes;
	struct policy_table_counts counts;
};

/* The entry of two names, made if need be; it was used just now. NULL: too long */
struct policy_entry *policy_entry_get(
    struct policy_table *p, struct view domain, struct view mx);

/* The same, if it is there; else NULL. */
struct policy_entry *policy_entry_find(
    const struct policy_table *p, struct view domain, struct view mx);

struct view policy_entry_domain(const struct policy_entry *e);
struct view policy_entry_mx(const struct policy_entry *e);

/* To the end of a list, also of its own. */
void policy_entry_move(
    struct policy_table *p, struct policy_entry *e, enum policy_place to);

/* Sets its content, and drops it; others may go for want of room. */
void policy_entry_fill(
    struct policy_table *p, struct policy_entry *e, struct view content);
void policy_entry_empty(struct policy_table *p, struct policy_entry *e);

#endif
