/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_LEDGER_PRIVATE_H
#define COMMON_LEDGER_PRIVATE_H

#include "common/db.h"
#include "common/ledger.h"
#include "common/record.h"

/*
 * The ledger's file from inside, for ledger.c, outbox.c and suppress.c: tables
 * and statements are in ledger_schema.c. What writes begins with
 * ledger_begin(), so that all of it is one batch.
 */
enum ledger_statement {
	/* ledger.c */
	LEDGER_DAY,
	LEDGER_DAY_FINISH,
	LEDGER_DAY_UNJUDGED,
	LEDGER_DAY_RELEASE,
	LEDGER_COUNT,
	LEDGER_FIND,
	LEDGER_FILE,
	LEDGER_MARK,
	LEDGER_WHY,
	LEDGER_RELEASE,
	LEDGER_DROP_NONE,
	LEDGER_TELL,
	LEDGER_FORGET,
	LEDGER_FORGET_TOLD,
	/* outbox.c */
	LEDGER_OUTBOX_ADD,
	LEDGER_OUTBOX_SAME,
	LEDGER_OUTBOX_UPDATE,
	LEDGER_OUTBOX_ALL,
	LEDGER_OUTBOX_OPEN,
	LEDGER_OUTBOX_FAILED,
	LEDGER_OUTBOX_DAY,
	LEDGER_OUTBOX_DOMAIN,
	LEDGER_OUTBOX_TOKEN,
	LEDGER_OUTBOX_STATES,
	LEDGER_OUTBOX_DUE,
	LEDGER_OUTBOX_SUMMARY,
	LEDGER_OUTBOX_TARGETS,
	LEDGER_OUTBOX_FORGET,
	LEDGER_OUTBOX_GIVE_UP,
	LEDGER_LEAVE,
	LEDGER_SET_LEAVE,
	/* suppress.c */
	LEDGER_SUPPRESS_FIND,
	LEDGER_SUPPRESS_UNTIL,
	LEDGER_SUPPRESS_SET,
	LEDGER_SUPPRESS_ACCEPTED,
	LEDGER_SUPPRESS_LIFT,
	LEDGER_SUPPRESS_NEXT,
	LEDGER_SUPPRESS_FORGET,
	LEDGER_STATEMENTS
};

enum {
	LEDGER_BATCH = 4 /* bytes of a batch's mark */
};

struct ledger {
	struct db *db;
	/* random, of the batch; all zeros: not chosen yet */
	unsigned char batch[LEDGER_BATCH];
	int64_t since; /* of the batch: what outbox_enabled() says */
	bool has_since;
};

extern const struct db_schema ledger_schema;

/* Begins the batch, if it has not begun. */
int ledger_begin(struct ledger *l);

/* Begins with a statement whose first parameter is a number. */
struct db *ledger_use(
    struct ledger *l, enum ledger_statement which, int64_t first);

/* A destination: its kind in this parameter or column, its target in the next.
 */
void ledger_bind_rua(struct db *d, int parameter, const struct record_rua *to);
void ledger_get_rua(struct db *d, int column, struct record_rua *out);

#endif
