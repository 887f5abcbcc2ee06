/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_evidence.c - does silence of TLS mean that there was none?
 *
 * With smtp_tls_loglevel 1, a session of which no line says that TLS came up
 * was in clear. With 0, which is the default, nobody knows. The log shows
 * which it is by the lines that 1 adds; each speaks for a day and for so many
 * deliveries and bytes of log, so that a site that goes back to 0 reports nothing false.
 */

#include "config.h"

#include "common/hash.h"
#include "common/postfix_state.h"

static uint64_t hash_of(const struct postfix_event *e, struct view ident)
{
	const struct hash_key key = { postfix_host(e), 4 };

	return hash_sip(&key, ident.s, ident.len);
}

static struct postfix_evidence *slot_of(struct postfix *pf, uint64_t service)
{
	return &pf->evidence[service % POSTFIX_SERVICES];
}

void postfix_evidence_add(struct postfix *pf, const struct postfix_event *e)
{
	uint64_t service = hash_of(e, e->line->ident);
	struct postfix_evidence *evidence = slot_of(pf, service);

	if (!view_is(e->service, "smtp")) {
		/* lmtp(8) hardly ever counts: it must not hold the log back */
		return;
	}
	evidence->timer.kind = POSTFIX_TIMER_EVIDENCE;
	evidence->timer.id = (uint64_t)(evidence - pf->evidence);
	evidence->service = service;
	evidence->instance = hash_of(e, e->instance);
	evidence->pos = e->pos;
	evidence->uses = POSTFIX_EVIDENCE_USES;
	postfix_timer_set(
	    &pf->timers, &evidence->timer, e->line->t + POSTFIX_EVIDENCE_S);
}

void postfix_evidence_drop(struct postfix *pf, const struct postfix_event *e)
{
	uint64_t instance = hash_of(e, e->instance);

	for (unsigned i = 0; i < POSTFIX_SERVICES; i++) {
		if (pf->evidence[i].instance == instance) {
			postfix_timer_stop(&pf->timers, &pf->evidence[i].timer);
		}
	}
}

uint64_t postfix_evidence_oldest(
    const struct postfix *pf, const struct postfix_evidence *evidence)
{
	bool is_near = pf->pos - evidence->pos <= POSTFIX_EVIDENCE_BYTES;

	return is_near && evidence->uses > 0 ? evidence->pos : UINT64_MAX;
}

uint64_t postfix_evidence_use(struct postfix *pf, const struct postfix_event *e)
{
	uint64_t service = hash_of(e, e->line->ident);
	struct postfix_evidence *evidence = slot_of(pf, service);

	if (!postfix_timer_runs(&evidence->timer) ||
	    evidence->service != service ||
	    postfix_evidence_oldest(pf, evidence) == UINT64_MAX) {
		return UINT64_MAX;
	}
	evidence->uses--;
	return evidence->pos;
}
