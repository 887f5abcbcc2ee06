/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_evidence.c - does silence of TLS mean that there was none?
 *
 * With smtp_tls_loglevel 1, a session of which no line says that TLS came up
 * was in clear. With 0, which is the default, nobody knows. The log shows
 * which it is by the lines that 1 adds; each speaks for a day and for so many
 * deliveries, so that a site that goes back to 0 reports nothing false.
 */

#include "config.h"

#include "common/hash.h"
#include "common/postfix_state.h"

static struct postfix_evidence *find(
    struct postfix *pf, const struct postfix_event *e)
{
	static const struct hash_key key = { 0x74656c6c746c73, 4 };
	const struct hash_key more = { postfix_host(e),
		hash_sip(&key, e->instance.s, e->instance.len) };
	uint64_t hash = hash_sip(&more, e->service.s, e->service.len);

	return &pf->evidence[hash % POSTFIX_INSTANCES];
}

void postfix_evidence_add(struct postfix *pf, const struct postfix_event *e)
{
	struct postfix_evidence *evidence = find(pf, e);

	if (!view_is(e->service, "smtp")) {
		/* lmtp(8) hardly ever counts: it must not hold the log back */
		return;
	}
	evidence->timer.kind = POSTFIX_TIMER_EVIDENCE;
	evidence->timer.id = (uint64_t)(evidence - pf->evidence);
	evidence->pos = e->pos;
	evidence->uses = POSTFIX_EVIDENCE_USES;
	postfix_timer_set(
	    &pf->timers, &evidence->timer, e->line->t + POSTFIX_EVIDENCE_S);
}

uint64_t postfix_evidence_use(struct postfix *pf, const struct postfix_event *e)
{
	struct postfix_evidence *evidence = find(pf, e);

	if (!postfix_timer_runs(&evidence->timer) || evidence->uses == 0) {
		return UINT64_MAX;
	}
	evidence->uses--;
	return evidence->pos;
}
