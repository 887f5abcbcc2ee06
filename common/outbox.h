/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_OUTBOX_H
#define COMMON_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/domain.h"
#include "common/ledger.h"
#include "common/record.h"

/*
 * Reports on their way (R182-R186): one item for each report and destination,
 * kept in the ledger's file, so that a report and its items are there
 * together or not at all. The messages and bodies lie beside it as files.
 *
 * Functions that return an int return what those of ledger.h do. What they
 * write is part of the ledger's batch: ledger_commit() makes it permanent.
 */

enum outbox_state {
	OUTBOX_WAITING,    /* is due at next_try */
	OUTBOX_SENT,       /* the destination accepted it */
	OUTBOX_BOUNCED,    /* it accepted it, and it came back later */
	OUTBOX_GIVEN_UP,   /* refused for good, or for too long */
	OUTBOX_SUPPRESSED, /* its destination is suppressed (suppress.h) */
};

enum {
	OUTBOX_TOKEN = 32, /* hex digits */
	OUTBOX_ANSWER = 256,
	OUTBOX_SPREAD_S = 14400,  /* R111 */
	OUTBOX_GIVE_UP_S = 86400, /* after the first try (R182) */
	OUTBOX_FAR_S = 172800     /* nothing is put off for so long */
};

struct outbox_item {
	int64_t id; /* of the file; set by outbox_add() */
	int64_t day;
	char domain[DOMAIN_BUF];
	char file[LEDGER_TEXT]; /* outdir_base() of the report's files */
	unsigned number; /* of the destination in the record: BASE.N.eml */
	struct record_rua to;
	char
	    token[OUTBOX_TOKEN + 1]; /* unique, not to be guessed (96 bits, with
	                                 those of its batch known): part of the
	                                 envelope sender */
	enum outbox_state state;
	unsigned tries;
	int64_t first_try; /* Unix seconds; 0: none */
	int64_t last_try;
	int64_t next_try;
	char answer[OUTBOX_ANSWER]; /* what became of the last try, for people:
	                               printable ASCII */
};

/*
 * When a domain's report of a day is due at the earliest: at the end of the
 * day and an offset below OUTBOX_SPREAD_S, always the same for a domain and
 * submitter (R111). Pure.
 */
int64_t outbox_due(int64_t day, struct view domain, const char *submitter);

/*
 * What follows from a temporary failure at now: the next try after a time that
 * doubles with each (from 15 minutes; never before retry_after_s, 0: none
 * named), and the last one OUTBOX_GIVE_UP_S after the first; OUTBOX_GIVEN_UP
 * when there is no time left for one more. Counts the try. Pure.
 */
void outbox_failed(
    struct outbox_item *item, int64_t now, int64_t retry_after_s);

/*
 * Does it wait, and is it time? What is to be tried in OUTBOX_FAR_S, or later,
 * is due, too: that time is of a clock that was wrong. Pure.
 */
bool outbox_is_due(const struct outbox_item *item, int64_t now);

/* What follows from success, and from a refusal for good. */
void outbox_sent(struct outbox_item *item, int64_t now);
void outbox_refused(struct outbox_item *item, int64_t now);

/*
 * Adds an item: day, domain, file, number, to and next_try are the caller's;
 * a token is made, and it waits; unless its day is before those that are sent
 * (outbox_enable()): then it is OUTBOX_GIVEN_UP. One of the same day, domain and
 * destination stays as it is, and *item becomes that one.
 */
int outbox_add(struct ledger *l, struct outbox_item *item);

/* Writes what changed of an item: by id, all after token. */
int outbox_update(struct ledger *l, const struct outbox_item *item);

/* Which items; zero or NULL: all. */
struct outbox_query {
	int64_t due; /* outbox_is_due() at this time */
	int64_t day;
	const char *domain;
	bool is_open;   /* only WAITING */
	bool is_failed; /* only BOUNCED, GIVEN_UP and SUPPRESSED */
	const char *token;
	int64_t after_id; /* items come by id; go on after this one */
};

/*
 * The first item that fits; *found is false when there is none, and *out then
 * left alone. Nothing is locked afterwards. A step goes straight to after_id; of
 * a walk with due, it then passes what waits and is not due, which over a
 * million items takes a tenth of a second in all.
 */
int outbox_next(struct ledger *l, const struct outbox_query *q,
    struct outbox_item *out, bool *found);

/* How many there are in a state, and when the next one is due (0: none). */
struct outbox_counts {
	uint64_t n[OUTBOX_SUPPRESSED + 1];
	uint64_t due; /* of those waiting: at now */
	int64_t next_try;
};

int outbox_count(struct ledger *l, int64_t now, struct outbox_counts *out);

/* What would go out: the items that wait, of this day and later ones. */
struct outbox_summary {
	uint64_t mails; /* items by mail */
	uint64_t uploads;
	uint64_t reports; /* of which one or more items wait */
	uint64_t domains;
	uint64_t targets; /* different destinations */
};

int outbox_summary(struct ledger *l, int64_t since, struct outbox_summary *out);

/* And where to: the destinations with the most items, these first. */
struct outbox_target {
	struct record_rua to;
	uint64_t items;
};

int outbox_targets(struct ledger *l, int64_t since, struct outbox_target *out,
    size_t size, size_t *n);

/*
 * Forgets items of days before this one that wait for nothing: those not
 * waiting, or all when sending is not enabled.
 */
int outbox_forget(struct ledger *l, int64_t before_day);

const char *outbox_state_word(enum outbox_state s);

/* --- leave to send --- */

/*
 * Nothing leaves before "telltls enable" (promise 6). since: items of days
 * before it are never sent: those that wait are OUTBOX_GIVEN_UP at once, later
 * ones when they are added. 1: all days. 0, also in *since: not enabled.
 */
int outbox_enabled(struct ledger *l, int64_t *since);
int outbox_enable(struct ledger *l, int64_t since);

#endif
