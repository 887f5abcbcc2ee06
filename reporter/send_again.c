/* SPDX-License-Identifier: BSD-2-Clause */
/* send_again.c - reports that a person wants sent once more */

#include "config.h"

#include <inttypes.h>
#include <sysexits.h>

#include "common/log.h"
#include "reporter/send_private.h"

struct again {
	struct send_env *env;
	int64_t since;
	struct outdir *dir; /* of the day that was looked at last, or NULL */
	int64_t dir_day;
	uint64_t n;      /* that wait anew */
	uint64_t n_gone; /* whose files are no longer there */
	uint64_t n_old;  /* of days before sending was enabled */
};

static bool has_file(struct again *a, const struct outbox_item *item)
{
	char name[OUTDIR_NAME + 32];

	if (a->dir == NULL || a->dir_day != item->day) {
		outdir_close(a->dir);
		(void)send_open_day(a->env, item->day, &a->dir);
		a->dir_day = item->day;
	}
	return a->dir != NULL && outdir_has(a->dir, send_file_name(item, name));
}

static int let_wait(struct again *a, struct outbox_item *item)
{
	if (item->day < a->since) {
		a->n_old++;
		return 0;
	}
	if (!has_file(a, item)) {
		a->n_gone++;
		return 0;
	}
	a->n++;
	item->state = OUTBOX_WAITING;
	item->tries = 0;
	item->first_try = 0;
	item->last_try = 0;
	item->next_try = a->env->now;
	item->answer[0] = '\0';
	return outbox_update(a->env->ledger, item);
}

/* All of them or none: they are one batch. */
static int let_all_wait(struct again *a)
{
	struct outbox_query q = send_query(a->env);
	struct outbox_item item;
	bool found = true;
	int rc;

	do {
		rc = outbox_next(a->env->ledger, &q, &item, &found);
		q.after_id = item.id;
		if (rc == 0 && found) {
			rc = let_wait(a, &item);
		}
	} while (rc == 0 && found);
	if (rc == 0) {
		step_at(a->env->step, "items-again");
		rc = ledger_commit(a->env->ledger);
	}
	return rc;
}

static int say(struct again *a)
{
	if (a->n_old > 0) {
		log_error("left out what is of days before sending was enabled "
			  "destinations=%" PRIu64,
		    a->n_old);
	}
	if (a->n_gone > 0) {
		log_error("left out what has no files any more destinations="
			  "%" PRIu64,
		    a->n_gone);
	}
	if (a->n == 0) {
		log_error("there is no report to be sent again");
		send_failed(a->env, EX_NOINPUT);
		return -1;
	}
	log_info("to be sent again destinations=%" PRIu64, a->n);
	return 0;
}

int send_again(struct send_env *env)
{
	struct again a = { .env = env };
	int rc = outbox_enabled(env->ledger, &a.since);

	if (rc == 0 && a.since == 0) {
		log_error("cannot send again: sending is not enabled (telltls "
			  "enable)");
		send_failed(env, EX_UNAVAILABLE);
		return -1;
	}
	if (rc == 0) {
		rc = let_all_wait(&a);
	}
	outdir_close(a.dir);
	if (rc != 0) {
		(void)send_ledger_failed(env, rc);
		return -1;
	}
	return say(&a);
}
