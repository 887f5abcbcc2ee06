/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef MILTER_PROBE_TABLE_H
#define MILTER_PROBE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fact.h"
#include "common/hash.h"
#include "common/judge.h"
#include "common/store.h"
#include "milter/network_message.h"
#include "milter/policy_table.h"

/*
 * Which addresses of MX hosts the daemon's parent wants to be probed, and what
 * was seen there (common/policy_probe.h). Wanted is an address that a session
 * went to whose verdict a probe would settle; what was seen goes into the days
 * of such sessions. A tally is never kept waiting. Time comes in as an argument.
 */
struct probe_table;

/* Bounds; what was not needed for longest goes first. */
enum {
	PROBE_TABLE_MAX = 10 * 1000,   /* addresses of hosts */
	PROBE_TABLE_WAITING = 2000,    /* facts whose policy is not known */
	PROBE_TABLE_ASKED = 100,       /* questions under way */
	PROBE_TABLE_ANSWER_S = 30 * 60 /* then no answer comes any more */
};

struct probe_table_options {
	const struct policy_table *policies; /* borrowed */
	enum judge_count count;              /* by which sessions are judged */
	struct hash_key key; /* random, since strangers choose the names */
	size_t max;          /* addresses; 0: PROBE_TABLE_MAX */
};

struct probe_table *probe_table_new(const struct probe_table_options *o);
void probe_table_free(struct probe_table *p); /* NULL is allowed */

/* The configuration is another one. */
void probe_table_set_count(struct probe_table *p, enum judge_count count);

/* May a probe settle it at all, whatever the policy is? */
bool probe_table_is_candidate(const struct fact *fact, int64_t t, int64_t now);

/*
 * A fact of time t was counted. If a probe would settle it, that of its address
 * which is there is put into the day of t; where there is none of late, one is
 * wanted. Returns 0 or an error of store_policy(), but those that only say that
 * there is no room.
 */
int probe_table_apply(struct probe_table *p, struct store *s, int64_t t,
    int64_t now, const struct fact *fact);

/*
 * The policy table has learned something, which may be what facts waited for.
 * s and what is returned: as of probe_table_learn().
 */
int probe_table_on_policy(struct probe_table *p, struct store *s,
    const struct network_message *m, int64_t now);

/*
 * The next question for the network child; probe_table_asked() takes it off the
 * list. False: none is due, or too many are under way. Views are borrowed until
 * any other call.
 */
bool probe_table_next(
    struct probe_table *p, int64_t now, struct network_message *out);
void probe_table_asked(struct probe_table *p, int64_t now);

/*
 * What the child answered; s may be NULL: no store is open. Answers that nobody
 * asked for, or that are not about what was asked, are not believed. Returns as
 * probe_table_apply().
 */
int probe_table_learn(struct probe_table *p, struct store *s,
    const struct network_message *m, int64_t now);

/* What stands in an open day's file: it need not be asked for again. */
void probe_table_recall(
    struct probe_table *p, const struct policy *policy, int64_t day);

/* The child is a new one: what the old one was asked is asked for again. */
void probe_table_forget_asked(struct probe_table *p);

/* The store is a new one: which days have what is not known. */
void probe_table_forget_days(struct probe_table *p);

/* Is there a session of the day for whose sake a probe is wanted? */
bool probe_table_is_awaited(const struct probe_table *p, int64_t day);

struct probe_table_counts {
	size_t entries;    /* addresses */
	size_t asked;      /* under way */
	size_t waiting;    /* still to be asked, or for a policy */
	uint64_t seen;     /* probes that saw a certificate */
	uint64_t unseen;   /* that settled nothing */
	uint64_t dropped;  /* that were given up for want of room */
	uint64_t nonsense; /* answers that were not believed */
};

void probe_table_counts(
    const struct probe_table *p, struct probe_table_counts *out);

#endif
