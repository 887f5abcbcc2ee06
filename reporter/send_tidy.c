/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * send_tidy.c - what is no longer needed goes (R197)
 *
 * A day's files stay until its records will not be looked up any more and
 * nothing of it will be tried any more, by the longest time that both may
 * take, and as long as anything of it waits.
 */

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/suppress.h"
#include "common/when.h"
#include "reporter/send_private.h"

static int keeps_none(void *ctx, const char *base)
{
	(void)ctx;
	(void)base;
	return 0;
}

static int remove_files(struct send_env *env, int64_t day)
{
	char date[WHEN_DATE_BUF];
	char path[PATH_MAX];
	struct outdir *dir;
	int n;
	int rc = send_open_day(env, day, &dir);

	if (rc == 0) {
		rc = outdir_sweep(dir, keeps_none, NULL);
		outdir_close(dir);
	}
	n = snprintf(
	    path, sizeof(path), "%s/%s", env->outbox, when_date(day, date));
	/* with files of somebody else in it, it stays */
	if (rc == 0 && n > 0 && (size_t)n < sizeof(path) && rmdir(path) != 0 &&
	    errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT) {
		rc = -errno;
	}
	step_at(env->step, "day-removed");
	return rc;
}

/* Tells of reports that will never be sent. */
static void say_given_up(struct send_env *env, int64_t day, uint64_t n)
{
	char date[WHEN_DATE_BUF];
	int64_t since = 0;
	bool is_enabled =
	    outbox_enabled(env->ledger, &since) == 0 && since != 0;
	void (*log_it)(const char *, ...)
	    __attribute__((format(printf, 1, 2))) =
		is_enabled ? log_warn : log_info;

	log_it("gave up reports that have waited for too long day=%s "
	       "destinations=%" PRIu64,
	    when_date(day, date), n);
}

/* What waits for longer than anything is remembered is given up. */
static int give_up_day(struct send_env *env, int64_t day)
{
	struct outbox_query q = { .day = day, .is_open = true };
	struct outbox_item item;
	uint64_t n = 0;
	bool found = true;
	int rc;

	do {
		rc = outbox_next(env->ledger, &q, &item, &found);
		q.after_id = item.id;
		if (rc == 0 && found) {
			item.state = OUTBOX_GIVEN_UP;
			(void)snprintf(item.answer, sizeof(item.answer),
			    "it has waited for too long");
			rc = outbox_update(env->ledger, &item);
			n += rc == 0;
		}
	} while (rc == 0 && found);
	if (rc == 0) {
		rc = ledger_commit(env->ledger);
	}
	if (rc == 0 && n > 0) {
		say_given_up(env, day, n);
	}
	return rc;
}

static int is_waited_for(struct send_env *env, int64_t day, bool *out)
{
	const struct outbox_query q = { .day = day, .is_open = true };
	struct outbox_item item;

	return outbox_next(env->ledger, &q, &item, out);
}

/* Of one day; only the ledger's errors are returned. */
static int tidy_day(struct send_env *env, int64_t day, int64_t forget_before)
{
	int64_t window = (int64_t)env->conf->report.retry_s + OUTBOX_GIVE_UP_S;
	char date[WHEN_DATE_BUF];
	bool has_open = false;
	int rc = 0;

	if (env->now - day - WHEN_DAY_S < window) {
		return 0;
	}
	if (day < forget_before) {
		rc = give_up_day(env, day);
	}
	if (rc == 0) {
		rc = is_waited_for(env, day, &has_open);
	}
	if (rc != 0 || has_open) {
		return rc;
	}
	rc = remove_files(env, day);
	if (rc != 0) {
		log_error("cannot remove files of day=%s dir=%s: %s",
		    when_date(day, date), env->outbox, err_text(rc));
		send_failed(env, EX_CANTCREAT);
	}
	return 0;
}

/* Goes through the days that have a directory. */
static int tidy_days(struct send_env *env, DIR *dir, int64_t forget_before)
{
	const struct dirent *entry;
	int64_t day;
	int rc = 0;

	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (when_parse_date(view_of(entry->d_name), &day) == 0) {
			rc = tidy_day(env, day, forget_before);
		}
	}
	return rc;
}

void send_tidy(struct send_env *env, int64_t forget_before)
{
	DIR *dir = opendir(env->outbox);
	int rc;

	if (dir == NULL) {
		log_error("cannot read outbox dir=%s: %s", env->outbox,
		    err_text(-errno));
		send_failed(env, EX_CANTCREAT);
		return;
	}
	rc = tidy_days(env, dir, forget_before);
	(void)closedir(dir);
	if (rc == 0) {
		rc = outbox_forget(env->ledger, forget_before);
	}
	if (rc == 0) {
		rc = suppress_forget(env->ledger, env->now);
	}
	if (rc == 0) {
		rc = ledger_commit(env->ledger);
	}
	if (rc != 0) {
		(void)send_ledger_failed(env, rc);
	}
}
