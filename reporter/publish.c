/* SPDX-License-Identifier: BSD-2-Clause */
/* publish.c - the numbers of the installation, after a run */

#include "config.h"

#include <sysexits.h>

#include "common/err.h"
#include "common/log.h"
#include "common/metrics.h"
#include "reporter/publish.h"

enum {
	TEXT_MAX = 16 << 20
};

void publish_metrics(struct daily_env *env, const char *state)
{
	const char *path = env->conf->metrics.file;
	struct metrics m;
	struct strbuf text;
	int rc;

	if (path == NULL) {
		return;
	}
	rc = metrics_gather(env->conf, state, env->ledger, env->now, &m);
	if (rc != 0) {
		log_warn("metrics are not complete: %s", err_text(rc));
	}
	strbuf_init(&text, TEXT_MAX);
	metrics_format(&m, &text);
	rc = text.failed ? ERR_TOO_LONG : metrics_write(path, &text);
	if (rc != 0) {
		log_error(
		    "cannot write metrics file=%s: %s", path, err_text(rc));
		env->exit_code =
		    env->exit_code == EX_OK ? EX_CANTCREAT : env->exit_code;
	}
	strbuf_release(&text);
	metrics_release(&m);
}
