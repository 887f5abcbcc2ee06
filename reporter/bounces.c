/* SPDX-License-Identifier: BSD-2-Clause */
/* bounces.c - what came back goes into the ledger */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/bounce.h"
#include "common/err.h"
#include "common/log.h"
#include "common/suppress.h"
#include "reporter/bounces.h"
#include "reporter/step.h"

enum {
	WHY_BUF = 64
};

struct taking {
	struct daily_env *env;
	uint64_t n_known;
	uint64_t n_unknown; /* of no report that we know, or no longer */
	int rc;             /* the error of the ledger */
};

static int on_take(void *ctx, const struct bounce *b)
{
	struct taking *t = ctx;
	char why[WHY_BUF];
	bool is_known = false;

	(void)snprintf(why, sizeof(why), "came back%s%s",
	    b->dsn[0] != '\0' ? ": " : "", b->dsn);
	t->rc = suppress_bounce(t->env->ledger, b->token, b->t, why, &is_known);
	t->n_known += is_known;
	t->n_unknown += !is_known;
	return t->rc;
}

static int on_commit(void *ctx)
{
	struct taking *t = ctx;

	step_at(t->env->step, "bounces-taken");
	t->rc = ledger_commit(t->env->ledger);
	step_at(t->env->step, "bounces-committed");
	return t->rc;
}

int bounces_take(struct daily_env *env, const char *state)
{
	struct taking t = { .env = env };
	const struct bounce_taker taker = { on_take, on_commit, &t };
	uint64_t n_bad = 0;
	int rc = bounce_take(state, &taker, &n_bad);

	if (t.rc != 0) {
		return daily_ledger_failed(env, t.rc);
	}
	if (rc != 0) {
		log_warn("cannot take what came back state=%s: %s", state,
		    err_text(rc));
	}
	if (t.n_known > 0 || t.n_unknown > 0 || n_bad > 0) {
		log_info("reports came back known=%" PRIu64 " unknown=%" PRIu64
			 " bad=%" PRIu64,
		    t.n_known, t.n_unknown, n_bad);
	}
	return 0;
}
