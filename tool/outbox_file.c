/* SPDX-License-Identifier: BSD-2-Clause */
/* outbox_file.c - the outbox, opened by commands */

#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/log.h"
#include "common/state_dir.h"
#include "tool/days.h"
#include "tool/outbox_file.h"

static const char ledger_name[] = "outbox/ledger.sqlite";

static int make_path(
    const struct tool *tool, const char *name, char out[PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s/%s", tool->state, name);

	return n > 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int outbox_file_check(const struct tool *tool, struct ledger *l, int rc)
{
	switch (rc) {
	case 0:
		return EX_OK;
	case ERR_BUSY:
		log_error("telltls-report is writing to the outbox just now: "
			  "try again in a moment");
		return EX_TEMPFAIL;
	case -EACCES:
	case -EPERM:
		log_error("%s/outbox: %s: only root and user %s may use it",
		    tool->state, err_text(rc), tool->conf.user);
		return EX_NOPERM;
	case -ENOSPC:
		log_error("%s/outbox: %s", tool->state, err_text(rc));
		return EX_TEMPFAIL;
	default:
		log_error("%s/outbox: %s (%s)", tool->state, err_text(rc),
		    l != NULL ? ledger_error(l) : "");
		return days_exit_code(rc);
	}
}

int outbox_file_read(const struct tool *tool, struct ledger **out)
{
	char path[PATH_MAX];
	int rc = make_path(tool, ledger_name, path);

	*out = NULL;
	rc = rc == 0 ? ledger_open_read(path, out) : rc;
	if (rc == -ENOENT) {
		log_error("no outbox under %s: telltls-report has made no "
			  "report yet",
		    tool->state);
		return EX_NOINPUT;
	}
	return outbox_file_check(tool, *out, rc);
}

int outbox_file_change(const struct tool *tool, struct ledger **out)
{
	char path[PATH_MAX];
	int rc = make_path(tool, "outbox", path);

	*out = NULL;
	rc = rc == 0 ? state_dir_make(path) : rc;
	if (rc == -ENOENT) {
		log_error("%s is not there: telltls-milter makes it when it "
			  "starts",
		    tool->state);
		return EX_NOINPUT;
	}
	rc = rc == 0 ? make_path(tool, ledger_name, path) : rc;
	rc = rc == 0 ? ledger_open(path, out) : rc;
	return outbox_file_check(tool, *out, rc);
}

const char *outbox_file_target(
    const struct record_rua *to, char out[OUTBOX_FILE_TARGET])
{
	(void)snprintf(out, OUTBOX_FILE_TARGET, "%s%s",
	    to->kind == RECORD_MAILTO ? "mailto:" : "", to->target);
	return out;
}
