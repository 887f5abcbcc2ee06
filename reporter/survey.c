/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * survey.c - what all sessions of a day say together
 *
 * A fault of our own shows in many domains at once, and must be known before
 * the first of them is told of it. So all sessions of the day are looked at
 * here, those too whose domain wants no report.
 */

#include "config.h"

#include <inttypes.h>

#include "common/log.h"
#include "reporter/daily_private.h"
#include "reporter/tell.h"

/* Sessions that no policy judges. */
static bool is_unjudged(const struct daily *day, const struct fact *fact,
    const struct policy_set *set)
{
	struct judge_verdict verdict[JUDGE_VERDICTS];
	size_t n = judge(fact, set, day->env->sender.count, verdict);

	for (size_t i = 0; i < n; i++) {
		if (verdict[i].outcome != JUDGED_UNKNOWN) {
			return false;
		}
	}
	return true;
}

/* Looks at the group that begins here; returns its unjudged sessions. */
static uint64_t survey_domain(struct daily *day, size_t begin, size_t end)
{
	struct is_it_us_domain domain = { 0 };
	uint64_t unjudged = 0;

	for (size_t i = begin; i < end; i++) {
		uint64_t cursor = day->groups.entries[i].cursor;
		const struct policy_set *set;
		struct tally_fact fact;

		if (cursor == GROUPS_NO_FACT) {
			is_it_us_look_event(&domain);
			continue;
		}
		if (tally_next_fact(day->tally, &cursor, &fact) <= 0) {
			continue;
		}
		set = policies_choose(day->policies, &fact);
		is_it_us_look(&domain, &fact.fact, set);
		if (is_unjudged(day, &fact.fact, set)) {
			unjudged += fact.count;
		}
	}
	is_it_us_add(&day->us, &domain);
	return unjudged;
}

/* An operator must act: nothing of this is sent before somebody has looked. */
static void tell(struct daily *day)
{
	for (int i = 0; i < IS_IT_US_WAYS; i++) {
		enum is_it_us_way way = (enum is_it_us_way)i;

		if (!is_it_us_suspects(&day->us, way)) {
			continue;
		}
		if (!day->ledger_day.is_released) {
			tell_withheld(day, way);
		}
		if (day->ledger_day.is_released ||
		    day->ledger_day.withheld > 0) {
			log_info("told before: %s day=%s", is_it_us_text(way),
			    day->date);
			continue;
		}
		log_error("withholding reports, for it may be us: %s day=%s "
			  "domains=%" PRIu64 " of=%" PRIu64
			  "; to report it all the same: "
			  "telltls-report --release %s",
		    is_it_us_text(way), day->date, day->us.failed[way],
		    day->us.looked[way], day->date);
	}
}

int survey_day(struct daily *day)
{
	uint64_t unjudged = 0;
	size_t end;
	int rc;

	for (size_t begin = 0; begin < day->groups.n; begin = end) {
		end = groups_end(&day->groups, begin);
		unjudged += survey_domain(day, begin, end);
	}
	tell(day);
	if (policies_unreadable(day->policies) > 0) {
		log_warn("policies cannot be read, what they judge is left "
			 "out day=%s policies=%zu",
		    day->date, policies_unreadable(day->policies));
	}
	if (day->env->ledger == NULL) {
		return 0;
	}
	rc = ledger_set_unjudged(day->env->ledger, day->start, unjudged);
	return rc == 0 ? 0 : daily_ledger_failed(day->env, rc);
}
