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
	int rc;

	if (next_hop.len > 0) {
		fact->domain = next_hop; /* R1 */
	}
	if (f->o.policies == NULL) {
		return 0;
	}
	rc = policy_table_apply(f->o.policies, s, t, f->now, fact);
	if (rc == 0 && f->o.probes != NULL) {
		rc = probe_table_apply(f->o.probes, s, t, f->now, fact);
	}
	return rc;
}

/* As after any error of the store: it is opened again. */
static void give_up(struct feeds *f, int rc)
{
	log_error("cannot write file=%s error=\"%s\"",
	    store_error_path(f->store), err_text(rc));
	feeds_close_all(f);
	f->due = f->now + FEEDS_RETRY_S;
}

static int learn(struct feeds *f, const struct network_message *m)
{
	bool is_probe =
	    m->kind == NETWORK_PROBED || m->kind == NETWORK_UNPROBED;
	int rc = 0;

	if (!is_probe && f->o.policies != NULL) {
		rc = policy_table_learn(f->o.policies, f->store, m);
	}
	if (rc != 0 || f->o.probes == NULL) {
		return rc;
	}
	return is_probe ?
	    probe_table_learn(f->o.probes, f->store, m, f->now) :
	    probe_table_on_policy(f->o.probes, f->store, m, f->now);
}

void feeds_learn(struct feeds *f, const struct network_message *m, int64_t now)
{
	int rc;

	f->now = now;
	rc = learn(f, m);
	if (rc != 0) {
		give_up(f, rc);
	}
}

/* Had it come just now, it would be asked for likewise. */
static int recall_fact(struct feeds *f, const struct tally_fact *tf)
{
	static const uint8_t none[FACT_POLICY_HASH];
	struct fact fact = tf->fact;
	bool is_named = memcmp(fact.policy, none, sizeof(none)) != 0;
	int rc = 0;

	/* what may be probed needs its policy for that */
	if (!is_named ||
	    (f->o.probes != NULL &&
		probe_table_is_candidate(&fact, tf->last, f->now))) {
		rc = policy_table_apply(
		    f->o.policies, f->store, tf->first, f->now, &fact);
	}
	if (rc == 0 && f->o.probes != NULL) {
		rc = probe_table_apply(
		    f->o.probes, f->store, tf->last, f->now, &fact);
	}
	return rc;
}

static void recall_probes(struct feeds *f, struct tally *t, int64_t day)
{
	struct policy policy;
	uint64_t cursor = 0;

	while (f->o.probes != NULL &&
	    tally_next_policy(t, &cursor, &policy) == 1) {
		probe_table_recall(f->o.probes, &policy, day);
	}
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
	recall_probes(f, t, day);
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
	if (f->o.probes != NULL) {
		probe_table_forget_days(f->o.probes);
	}
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
