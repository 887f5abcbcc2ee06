/* SPDX-License-Identifier: BSD-2-Clause */
/* feeds_policies.c - the policies of what is counted */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/local_policy.h"
#include "common/log.h"
#include "common/tally.h"
#include "milter/feeds_private.h"

enum {
	BREATHE_EACH = 4096, /* facts */
	PATH_BUF = 4096
};

int feeds_policy(void *ctx, struct store *s, int64_t t, struct fact *fact)
{
	const struct feeds *f = ctx;
	struct view next_hop =
	    local_policy_next_hop(f->o.conf->local, fact->mx);

	if (next_hop.len > 0) {
		fact->domain = next_hop; /* R1 */
	}
	return f->o.policies == NULL ?
	    0 :
	    policy_table_apply(f->o.policies, s, t, f->now, fact);
}

/* As after any error of the store: it is opened again. */
static void give_up(struct feeds *f, int rc)
{
	log_error("cannot write file=%s error=\"%s\"",
	    store_error_path(f->store), err_text(rc));
	feeds_close_all(f);
	f->due = f->now + FEEDS_RETRY_S;
}

void feeds_learn(struct feeds *f, const struct network_message *m, int64_t now)
{
	int rc = f->o.policies != NULL ?
	    policy_table_learn(f->o.policies, f->store, m) :
	    0;

	f->now = now;
	if (rc != 0) {
		give_up(f, rc);
	}
}

/* Had it come just now, it would be asked for likewise. */
static int recall_fact(struct feeds *f, const struct tally_fact *tf)
{
	static const uint8_t none[FACT_POLICY_HASH];
	struct fact fact = tf->fact;

	if (memcmp(fact.policy, none, sizeof(none)) != 0) {
		return 0;
	}
	return policy_table_apply(
	    f->o.policies, f->store, tf->first, f->now, &fact);
}

static int recall_day(struct feeds *f, int64_t day)
{
	struct tally_fact fact;
	struct tally_info info;
	struct tally *t = NULL;
	uint64_t cursor = 0;
	unsigned n = 0;
	char path[PATH_BUF];
	int rc = 0;

	/* one that cannot be read is the reader's affair, not ours */
	if (tally_open(store_path(f->o.state, day, path, sizeof(path)), &t) !=
	    0) {
		return 0;
	}
	tally_info(t, &info);
	while (rc == 0 && info.sealed == 0 &&
	    tally_next_fact(t, &cursor, &fact) == 1) {
		rc = recall_fact(f, &fact);
		if (++n % BREATHE_EACH == 0 && f->o.breathe != NULL &&
		    !f->o.breathe(f->o.ctx)) {
			break;
		}
	}
	tally_close(t);
	return rc;
}

void feeds_recall(struct feeds *f)
{
	int64_t *days = NULL;
	unsigned n = 0;
	int rc = 0;

	f->is_recalled = true;
	policy_table_forget_days(f->o.policies);
	if (store_days(f->o.state, &days, &n) != 0) {
		return;
	}
	/* of more days the table keeps no account */
	for (unsigned i = n > 2 ? n - 2 : 0; i < n && rc == 0; i++) {
		rc = recall_day(f, days[i]);
	}
	free(days);
	if (rc != 0) {
		give_up(f, rc);
	}
}
