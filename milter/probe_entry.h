/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_PROBE_ENTRY_H
#define MILTER_PROBE_ENTRY_H

#include <sys/queue.h>

#include "common/domain.h"
#include "milter/open_days.h"
#include "milter/probe_table.h"

/*
 * What probe_table.c and probe_entry.c share: the entries and their lists;
 * nobody else includes this.
 */

/* The lists; what needs room takes it from the first of them. */
enum probe_place {
	PROBE_IDLE,   /* nothing is to be done; the latest use at the end */
	PROBE_WANTED, /* still to be asked for, oldest wish first */
	PROBE_ASKED,  /* under way, by the time of the question */
	PROBE_PLACES
};

struct probe_entry {
	TAILQ_ENTRY(probe_entry) link; /* in the list of its place */
	enum probe_place place;
	struct probe_entry *next; /* in its bucket */
	uint64_t hash;
	char *mx; /* owned, as all strings */
	struct ip ip;
	char *domain;             /* for whose sake */
	int64_t since;            /* with PROBE_ASKED: when that began */
	int64_t again;            /* not to be asked for before */
	char *content;            /* what was seen last; NULL: nothing yet */
	int64_t at;               /* with content: when */
	int64_t holds[OPEN_DAYS]; /* the days that have the content */
	int64_t lacks[OPEN_DAYS]; /* those with sessions that wait for one */
};

TAILQ_HEAD(probe_entries, probe_entry);

/* A fact whose policy is not known yet. */
struct probe_wish {
	TAILQ_ENTRY(probe_wish) link;
	struct fact fact; /* as far as the judge looks at it; borrows texts */
	int64_t t;        /* its time */
	int64_t since;    /* when it came */
	char texts[];
};

TAILQ_HEAD(probe_wishes, probe_wish);

struct probe_table {
	struct probe_table_options o;
	struct probe_entry **bucket;
	struct probe_entries list[PROBE_PLACES];
	struct probe_wishes wishes; /* the oldest first */
	size_t n_wishes;
	struct probe_table_counts counts;
};

/*
 * The entry of a host, normalised, and an address; NULL: there is none. get
 * makes it, and others may go for want of room.
 */
struct probe_entry *probe_entry_find(
    const struct probe_table *p, struct view mx, const struct ip *ip);
struct probe_entry *probe_entry_get(
    struct probe_table *p, struct view mx, const struct ip *ip);

/* To the end of a list, also of its own. */
void probe_entry_move(
    struct probe_table *p, struct probe_entry *e, enum probe_place to);

/* Keeps a copy of the fact, unless one of its kind or too many are there. */
void probe_wish_add(
    struct probe_table *p, int64_t t, int64_t now, const struct fact *fact);

/* Moves those of a domain to another list; they are the caller's then. */
void probe_wish_take(
    struct probe_table *p, struct view domain, struct probe_wishes *out);
void probe_wish_free(struct probe_wish *w);

/* Drops those for which a probe would come too late. */
void probe_wish_expire(struct probe_table *p, int64_t now);

#endif
