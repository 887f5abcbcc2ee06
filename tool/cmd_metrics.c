/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_metrics.c - telltls metrics: the state as numbers, for monitoring */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "common/err.h"
#include "common/log.h"
#include "common/metrics.h"
#include "tool/days.h"

enum {
	PATH_BUF = 4096,
	TEXT_MAX = 16 << 20
};

/* No ledger is no error: nothing was reported yet. */
static int open_ledger(const struct tool *tool, struct ledger **out)
{
	char path[PATH_BUF];
	int rc;

	(void)snprintf(
	    path, sizeof(path), "%s/outbox/ledger.sqlite", tool->state);
	rc = ledger_open_read(path, out);
	if (rc != 0) {
		ledger_close(*out);
		*out = NULL;
	}
	if (rc != 0 && rc != -ENOENT) {
		log_error("cannot read %s: %s", path, err_text(rc));
		return days_exit_code(rc);
	}
	return EX_OK;
}

int cmd_metrics(const struct tool *tool, int argc, char **argv)
{
	struct ledger *l = NULL;
	struct metrics m;
	struct strbuf text;
	int code = open_ledger(tool, &l);
	int rc = metrics_gather(&tool->conf, tool->state, l, tool->now, &m);

	(void)argc;
	(void)argv;
	if (rc != 0) {
		log_error(
		    "cannot read all of %s: %s", tool->state, err_text(rc));
		code = code != EX_OK ? code : days_exit_code(rc);
	}
	strbuf_init(&text, TEXT_MAX);
	metrics_format(&m, &text);
	if (text.failed) {
		log_error("too many feeds for one text");
		code = EX_DATAERR;
	} else {
		(void)fwrite(text.s, 1, text.len, stdout);
	}
	strbuf_release(&text);
	metrics_release(&m);
	ledger_close(l);
	return code;
}
