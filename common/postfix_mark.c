/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_mark.c - messages whose sessions do not count (R50)
 *
 * Reports of ours, by their sender, which qmgr(8) logs each time before a
 * message is sent; and messages with "TLS-Required: No", if header_checks or a
 * milter look for it.
 */

#include "config.h"

#include <stdlib.h>

#include "common/mem.h"
#include "common/postfix_state.h"

static struct postfix_mark *find(
    const struct postfix *pf, uint64_t message, enum counter why)
{
	struct postfix_mark *mark;

	LIST_FOREACH(mark, &pf->marked[message % POSTFIX_BUCKETS], bucket) {
		if (mark->message == message && mark->why == why) {
			return mark;
		}
	}
	return NULL;
}

void postfix_mark_drop(struct postfix *pf, struct postfix_mark *mark)
{
	postfix_timer_stop(&pf->timers, &mark->timer);
	TAILQ_REMOVE(&pf->marks, mark, link);
	LIST_REMOVE(mark, bucket);
	pf->n_marks--;
	free(mark);
}

static void unmark(struct postfix *pf, uint64_t message, enum counter why)
{
	struct postfix_mark *mark = find(pf, message, why);

	if (mark != NULL) {
		postfix_mark_drop(pf, mark);
	}
}

static int set(struct postfix *pf, const struct postfix_event *e,
    uint64_t message, enum counter why)
{
	struct postfix_mark *mark = find(pf, message, why);
	int rc = 0;

	if (mark != NULL) {
		postfix_mark_drop(pf, mark);
	}
	mark = xcalloc(1, sizeof(*mark));
	mark->timer.kind = POSTFIX_TIMER_MARK;
	mark->timer.id = e->pos;
	mark->pos = e->pos;
	mark->message = message;
	mark->why = why;
	TAILQ_INSERT_TAIL(&pf->marks, mark, link);
	LIST_INSERT_HEAD(&pf->marked[message % POSTFIX_BUCKETS], mark, bucket);
	pf->n_marks++;
	postfix_timer_set(
	    &pf->timers, &mark->timer, e->line->t + POSTFIX_MARK_S);
	if (pf->n_marks > POSTFIX_MARKS) {
		postfix_mark_drop(pf, TAILQ_FIRST(&pf->marks));
		rc = postfix_bump(pf, e->line->t, COUNTER_EVICTED);
	}
	return rc;
}

int postfix_mark_line(struct postfix *pf, const struct postfix_event *e)
{
	uint64_t message = postfix_message(e);

	if (e->l.kind == POSTFIX_TLS_REQUIRED) {
		return set(pf, e, message, COUNTER_TLS_REQUIRED);
	}
	if (e->l.kind == POSTFIX_FROM &&
	    mta_is_own_sender(&pf->mta, e->l.address)) {
		return set(pf, e, message, COUNTER_OWN_REPORT);
	}
	/* a short queue id comes again, for another message */
	unmark(pf, message, COUNTER_OWN_REPORT);
	if (e->l.kind == POSTFIX_REMOVED) {
		unmark(pf, message, COUNTER_TLS_REQUIRED);
		postfix_served_removed(pf, message);
	}
	return 0;
}

uint64_t postfix_mark_pos(const struct postfix *pf, uint64_t message)
{
	const struct postfix_mark *mark;
	uint64_t pos = UINT64_MAX;

	LIST_FOREACH(mark, &pf->marked[message % POSTFIX_BUCKETS], bucket) {
		if (mark->message == message && mark->pos < pos) {
			pos = mark->pos;
		}
	}
	return pos;
}

enum counter postfix_mark_why(const struct postfix *pf, uint64_t message)
{
	if (find(pf, message, COUNTER_OWN_REPORT) != NULL) {
		return COUNTER_OWN_REPORT;
	}
	return find(pf, message, COUNTER_TLS_REQUIRED) != NULL ?
	    COUNTER_TLS_REQUIRED :
	    COUNTER_COUNT;
}

enum counter postfix_mark_noted(
    const struct postfix *pf, const struct postfix_event *e)
{
	unsigned noted = mta_noted(&pf->mta, e->l.qid, e->line->t);

	if ((noted & NOTED_OWN_REPORT) != 0) {
		return COUNTER_OWN_REPORT;
	}
	return (noted & NOTED_TLS_REQUIRED) != 0 ? COUNTER_TLS_REQUIRED :
						   COUNTER_COUNT;
}
