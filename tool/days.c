/* SPDX-License-Identifier: BSD-2-Clause */
/* days.c - the tallies under the state directory */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/log.h"
#include "common/store.h"
#include "tool/days.h"

enum {
	PATH_BUF = 4096
};

int days_exit_code(int rc)
{
	switch (rc) {
	case 0:
		return EX_OK;
	case -ENOENT:
		return EX_NOINPUT;
	case -EACCES:
	case -EPERM:
		return EX_NOPERM;
	case ERR_VERSION:
	case ERR_SHORT:
	case ERR_DAMAGED:
		return EX_DATAERR;
	default:
		return EX_IOERR;
	}
}

int days_open(const struct tool *tool, int64_t day, struct tally **out)
{
	char path[PATH_BUF];
	int rc;

	(void)store_path(tool->state, day, path, sizeof(path));
	rc = tally_open(path, out);
	if (rc != 0) {
		log_error("cannot read %s: %s", path, err_text(rc));
	}
	return days_exit_code(rc);
}

/* Damage of policies and feeds shows only when they are read. */
static void read_rest(struct tally *tally)
{
	struct policy policy;
	struct tally_feed feed;
	uint64_t cursor = 0;

	while (tally_next_policy(tally, &cursor, &policy) == 1) {
	}
	cursor = 0;
	while (tally_next_feed(tally, &cursor, &feed) == 1) {
	}
}

int days_check(const struct tool *tool, struct tally *tally)
{
	char path[PATH_BUF];
	struct tally_info info;

	read_rest(tally);
	tally_info(tally, &info);
	if (info.damaged == 0 && info.damaged_feeds == 0) {
		return EX_OK;
	}
	(void)store_path(tool->state, info.day, path, sizeof(path));
	log_error("%s is damaged: left out facts-and-policies=%" PRIu64
		  " feeds=%" PRIu64,
	    path, info.damaged, info.damaged_feeds);
	return EX_DATAERR;
}
