/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORTER_SEND_PRIVATE_H
#define REPORTER_SEND_PRIVATE_H

#include "common/outbox.h"
#include "reporter/caps.h"
#include "reporter/outdir.h"
#include "reporter/progress.h"
#include "reporter/send.h"
#include "reporter/write.h"
#include "send/attempt.h"

enum {
	SEND_OURS = 3 /* faults of our own in a row, then no more is tried */
};

/* What became of items in this run. */
struct send_counts {
	uint64_t sent;
	uint64_t retries;
	uint64_t refused;
	uint64_t given_up; /* what failed for too long, or cannot be sent */
	uint64_t suppressed;
	uint64_t put_off; /* waits, for its host has got enough in this run */
};

/* What the files of a sending run share. */
struct send {
	struct send_env *env;
	int64_t since; /* the first day that may be sent */
	struct caps *caps;
	struct send_counts counts;
	struct outdir *dir; /* of the day that was read from last, or NULL */
	int64_t dir_day;
	struct progress progress;
	size_t n_done;    /* items, for the progress */
	unsigned n_ours;  /* faults of our own in a row */
	size_t n_this;    /* reports that our MTA does not take */
	bool is_disabled; /* a person has taken back the leave meanwhile */
	bool is_late;     /* strangers keep us waiting: the rest is left */
	int rc;           /* the error of the ledger that ended it */
};

/* --- send.c --- */

/* Tries an item. */
typedef void (*send_fn)(void *ctx, const struct outbox_item *item);

/*
 * Calls fn for each item of a kind that is due and may be sent, until there is
 * none or sending of this kind has to end (send_is_over()); last for those that
 * a fault of ours has put back.
 */
void send_each(
    struct send *s, enum record_rua_kind kind, send_fn fn, void *ctx);

/* Is no more of this kind to be tried? */
bool send_is_over(const struct send *s);

/*
 * Reads the file of an item. false: it cannot be; that is logged and settled.
 */
bool send_read(
    struct send *s, const struct outbox_item *item, struct strbuf *out);

/* Commits what waits, so that others can write while we wait for hosts. */
void send_commit(struct send *s);

/* Writes down what became of a try, at once. */
void send_settle(
    struct send *s, const struct outbox_item *item, const struct attempt *a);

/* Ends an item without a try. Committed with the next. */
void send_close_item(struct send *s, const struct outbox_item *item,
    enum outbox_state state, const char *why);

/* Sets the exit code, unless there is one. */
void send_failed(struct send_env *env, int exit_code);

/* Logs that the ledger failed, sets the exit code. Returns rc. */
int send_ledger_failed(struct send_env *env, int rc);

/* The directory of a day: 0 or -errno; outdir_close() is the caller's. */
int send_open_day(const struct send_env *env, int64_t day, struct outdir **out);

/* "BASE.json.gz" or "BASE.N.eml". Returns out. */
const char *send_file_name(
    const struct outbox_item *item, char out[OUTDIR_NAME + 32]);

/* The items that the command line names, without regard to their time. */
struct outbox_query send_query(const struct send_env *env);

/* --- the two kinds --- */

void send_mails(struct send *s);
void send_uploads(struct send *s);

#endif
