/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status_unjudged.c - what would settle a day's sessions that are not judged
 *
 * As "telltls explain" tells it of a domain, of all domains together. To judge
 * takes its time, so only part of a big day is looked at: what a log does not
 * tell, it does not tell all day.
 */

#include "config.h"

#include "common/store.h"
#include "tool/explain.h"
#include "tool/status.h"

enum {
	LOOK_AT = 20000, /* facts */
	PATH_BUF = 4096
};

void status_unjudged(
    const struct status *s, int64_t day, explain_advice_fn fn, void *ctx)
{
	struct explain e = { .tool = s->tool };
	char path[PATH_BUF];

	if (tally_open(store_path(s->tool->state, day, path, sizeof(path)),
		&e.tally) != 0) {
		return;
	}
	e.sender.count = (enum judge_count)s->tool->conf.report.count;
	e.policies = policies_load(e.tally);
	groups_load(&e.groups, e.tally, e.policies);
	e.end = e.groups.n < LOOK_AT ? e.groups.n : LOOK_AT;
	explain_advice_each(&e, fn, ctx);
	groups_release(&e.groups);
	policies_free(e.policies);
	tally_close(e.tally);
}
