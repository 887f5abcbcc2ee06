/* SPDX-License-Identifier: BSD-2-Clause */
/* tell.c - what the operator is told of a day */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/store.h"
#include "reporter/digest.h"
#include "reporter/operator.h"
#include "reporter/tell.h"

enum {
	DIGEST_DAYS = 3 /* after a pause, older days get no digest */
};

/* --- is it us? --- */

void tell_withheld(struct daily *day, enum is_it_us_way way)
{
	if (operator_may_tell(day->env, day->start, is_it_us_word(way))) {
		day->to_tell |= 1U << way;
	}
}

static void send_withheld(struct daily *day, enum is_it_us_way way)
{
	struct operator_mail mail = { .word = is_it_us_word(way) };
	char subject[128];
	struct strbuf body;

	(void)snprintf(subject, sizeof(subject),
	    "telltls withholds TLS reports about %s: is it us?", day->date);
	strbuf_init(&body, OPERATOR_BODY_MAX);
	strbuf_addf(&body,
	    "Reports about %s (UTC) are withheld, since what fails with most "
	    "domains\nis hardly the domains' doing:\n\n    %s\n\n"
	    "It failed with %" PRIu64 " of the %" PRIu64
	    " domains with which it could have failed.\n\n",
	    day->date, is_it_us_text(way), day->us.failed[way],
	    day->us.looked[way]);
	strbuf_addf(&body,
	    "Nobody is told of such failures before you have looked. \"telltls "
	    "explain\nDOMAIN --day %s\" shows them. If they are the domains' "
	    "own after all,\n\n    telltls-report --release %s\n\n"
	    "makes the reports. If they are ours, mend it, and leave the "
	    "reports as they are.\n",
	    day->date, day->date);
	mail.subject = subject;
	mail.body = &body;
	operator_send(day->env, day->start, &mail);
	strbuf_release(&body);
}

/* --- the digest --- */

/* Another day's tally, with what belongs to it. */
struct other {
	struct tally *tally;
	struct policies *policies;
	struct groups groups;
	struct digest_day judged;
};

static bool open_other(struct other *o, const struct daily_env *env, int64_t t)
{
	char path[PATH_MAX];

	*o = (struct other){ 0 };
	(void)store_path(env->state, t, path, sizeof(path));
	if (tally_open(path, &o->tally) != 0) {
		return false;
	}
	o->policies = policies_load(o->tally);
	groups_load(&o->groups, o->tally, o->policies);
	digest_load(&o->groups, &env->sender, t, &o->judged);
	return true;
}

static void close_other(struct other *o)
{
	digest_release(&o->judged);
	groups_release(&o->groups);
	policies_free(o->policies);
	tally_close(o->tally);
}

/* What did not arrive of a day's reports. */
static int gather_lost(struct ledger *l, int64_t day, struct digest *d)
{
	struct outbox_query q = { .day = day };
	struct outbox_item item;
	bool found = true;
	int rc = outbox_next(l, &q, &item, &found);

	while (rc == 0 && found) {
		bool is_lost =
		    item.state != OUTBOX_WAITING && item.state != OUTBOX_SENT;

		d->items[item.state]++;
		if (is_lost && d->n_lost < DIGEST_LIST) {
			d->lost[d->n_lost++] = item;
		}
		q.after_id = item.id;
		rc = outbox_next(l, &q, &item, &found);
	}
	return rc;
}

static int gather_suppressed(struct ledger *l, int64_t now, struct digest *d)
{
	struct suppress_entry entry = { .domain = "" };
	bool found = true;
	int rc = suppress_next(l, &entry, &found);

	while (rc == 0 && found) {
		if (entry.until > now) {
			d->all_suppressed++;
		}
		if (entry.until > now && d->n_suppressed < DIGEST_LIST) {
			d->suppressed[d->n_suppressed++] = entry;
		}
		rc = suppress_next(l, &entry, &found);
	}
	return rc;
}

static int gather_ledger(struct daily *day, struct digest *d)
{
	struct ledger *l = day->env->ledger;
	struct outbox_counts all;
	struct ledger_day now;
	int rc = ledger_count(l, day->start, d->reports);

	if (rc == 0) {
		rc = ledger_day(l, day->start, &now);
	}
	if (rc == 0) {
		memcpy(d->why, now.why, sizeof(d->why));
		rc = outbox_count(l, day->env->now, &all);
	}
	/* a walk over a day's items takes its time */
	if (rc == 0 &&
	    all.n[OUTBOX_BOUNCED] + all.n[OUTBOX_GIVEN_UP] +
		    all.n[OUTBOX_SUPPRESSED] >
		0) {
		rc = gather_lost(l, day->start - 2 * (int64_t)WHEN_DAY_S, d);
	}
	return rc == 0 ? gather_suppressed(l, day->env->now, d) : rc;
}

static void send_digest(struct daily *day, const struct digest *d)
{
	struct operator_mail mail = { .word = "digest" };
	struct strbuf subject;
	struct strbuf body;

	strbuf_init(&subject, OPERATOR_LINE);
	strbuf_init(&body, OPERATOR_BODY_MAX);
	digest_subject(d, &subject);
	digest_format(d, &body);
	mail.subject = strbuf_str(&subject);
	mail.body = &body;
	operator_send(day->env, day->start, &mail);
	strbuf_release(&body);
	strbuf_release(&subject);
}

static void make_digest(struct daily *day)
{
	struct digest *d = xcalloc(1, sizeof(*d));
	struct digest_day today;
	struct other before;
	int rc;

	d->day = day->start;
	d->notes = day->notes;
	digest_load(&day->groups, &day->env->sender, day->start, &today);
	d->today = &today;
	if (open_other(&before, day->env, day->start - WHEN_DAY_S)) {
		d->yesterday = &before.judged;
	}
	rc = gather_ledger(day, d);
	if (rc == 0) {
		send_digest(day, d);
	} else {
		log_warn("could not make the digest day=%s: %s", day->date,
		    err_text(rc));
	}
	close_other(&before);
	digest_release(&today);
	free(d);
}

static bool wants_digest(const struct daily *day)
{
	const struct daily_env *env = day->env;

	return env->conf->digest && env->only_domain == NULL &&
	    env->now - day->start <= (DIGEST_DAYS + 1) * (int64_t)WHEN_DAY_S;
}

void tell_operator(struct daily *day, bool is_done)
{
	for (int way = 0; way < IS_IT_US_WAYS; way++) {
		if ((day->to_tell >> way & 1) != 0) {
			send_withheld(day, (enum is_it_us_way)way);
		}
	}
	if (is_done && wants_digest(day) &&
	    operator_may_tell(day->env, day->start, "digest")) {
		make_digest(day);
	}
}
